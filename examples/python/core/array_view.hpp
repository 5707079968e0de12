// SPDX-License-Identifier: BSL-1.0
// numpy arrays as views, without a copy, and volumes as numpy arrays.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <tinybrain/volume.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace tinybrain_python {

namespace py = pybind11;
namespace tb = tinybrain;

// TypeError where the voxels are no whole number of voxels apart, or where the processor could not load one.
// `name` says whose they are.
void check_memory(const std::string& name, const py::array& array);

// The strides of an axis of one voxel are anybody's: numpy leaves there what it likes.
template <std::size_t Rank>
std::pair<tb::index_array<Rank>, tb::index_array<Rank>> shape_and_strides(const py::array& array) {
    std::pair<tb::index_array<Rank>, tb::index_array<Rank>> result;
    for (std::size_t axis = 0; axis < Rank; ++axis) {
        const auto number = static_cast<py::ssize_t>(axis);
        result.first[axis] = array.shape(number);
        result.second[axis] = array.strides(number) / array.itemsize();
    }
    return result;
}

template <class T, std::size_t Rank>
tb::volume_view<const T, Rank> view_of(const py::array& array, const tb::index_array<Rank>& origin) {
    const auto [shape, strides] = shape_and_strides<Rank>(array);
    return {static_cast<const T*>(array.data()), shape, strides, origin};
}

template <class T, std::size_t Rank>
tb::volume_view<T, Rank> writable_view_of(py::array& array) {
    const auto [shape, strides] = shape_and_strides<Rank>(array);
    return {static_cast<T*>(array.mutable_data()), shape, strides};
}

// An array that owns the volume, of a dtype with the size of T: bool is computed as std::uint8_t.
template <class T, std::size_t Rank>
py::array array_of(tb::volume<T, Rank>&& volume, const py::dtype& dtype) {
    auto kept = std::make_unique<tb::volume<T, Rank>>(std::move(volume));
    tb::index_array<Rank> strides = kept->strides();
    for (tb::index_t& stride : strides) stride *= tb::index_t{sizeof(T)};
    const tb::index_array<Rank> shape = kept->shape();
    T* const voxels = kept->data();
    const py::capsule owner(kept.get(), [](void* data) { delete static_cast<tb::volume<T, Rank>*>(data); });
    (void)kept.release();
    return py::array(dtype, shape, strides, voxels, owner);
}

}  // namespace tinybrain_python
