// SPDX-License-Identifier: BSL-1.0
#include "geometry.hpp"

#include <pybind11/stl.h>

#include <tinybrain/chunks.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "call.hpp"

namespace tinybrain_python {

namespace {

using numbers = std::vector<tb::index_t>;

template <std::size_t Rank>
py::tuple tuple_of(const tb::index_array<Rank>& of) {
    py::tuple result(Rank);
    for (std::size_t axis = 0; axis < Rank; ++axis) result[axis] = of[axis];
    return result;
}

template <std::size_t Rank>
py::tuple slices_of(const tb::box<Rank>& box) {
    py::tuple result(Rank);
    for (std::size_t axis = 0; axis < Rank; ++axis)
        result[axis] = py::slice(box.begin[axis], box.end[axis], 1);
    return result;
}

py::object mip_shape(const numbers& shape, const std::vector<numbers>& factors, bool same_factor, int mip,
                     const numbers& origin) {
    return with_rank(shape.size(), [&](auto rank) -> py::object {
        constexpr std::size_t Rank = rank();
        const auto each = all_numbers_of<Rank>(factors);
        const auto extents = numbers_of<Rank>(shape);
        const auto at = numbers_of<Rank>(origin);
        return same_factor ? tuple_of(tb::mip_shape(extents, each.at(0), mip, at))
                           : tuple_of(tb::mip_shape(extents, std::span(each), at));
    });
}

py::object mip_origin(const numbers& origin, const std::vector<numbers>& factors, bool same_factor, int mip) {
    return with_rank(origin.size(), [&](auto rank) -> py::object {
        constexpr std::size_t Rank = rank();
        const auto each = all_numbers_of<Rank>(factors);
        const auto at = numbers_of<Rank>(origin);
        return same_factor ? tuple_of(tb::mip_origin(at, each.at(0), mip))
                           : tuple_of(tb::mip_origin(at, std::span(each)));
    });
}

int num_mips_to_fit(const numbers& shape, const numbers& factor, tb::index_t largest) {
    return with_rank(shape.size(), [&](auto rank) {
        constexpr std::size_t Rank = rank();
        return tb::num_mips_to_fit(numbers_of<Rank>(shape), numbers_of<Rank>(factor), largest);
    });
}

std::vector<py::tuple> near_isotropic_factors(const std::vector<double>& voxel_size, int num_mips,
                                              const std::optional<numbers>& shape) {
    return with_rank(voxel_size.size(), [&](auto rank) {
        constexpr std::size_t Rank = rank();
        std::array<double, Rank> edges;
        std::copy(voxel_size.begin(), voxel_size.end(), edges.begin());
        const auto factors = shape ? tb::near_isotropic_factors(edges, num_mips, numbers_of<Rank>(*shape))
                                   : tb::near_isotropic_factors(edges, num_mips);
        std::vector<py::tuple> result;
        for (const auto& factor : factors) result.push_back(tuple_of(factor));
        return result;
    });
}

// A chunk_grid of any rank.
class grid {
public:
    virtual ~grid() = default;
    virtual tb::index_t size() const = 0;
    virtual py::tuple shape() const = 0;
    virtual int num_mips() const = 0;
    virtual py::tuple source(tb::index_t chunk) const = 0;
    virtual py::tuple mip(tb::index_t chunk, int m) const = 0;
};

template <std::size_t Rank>
class grid_of_rank : public grid {
public:
    explicit grid_of_rank(tb::chunk_grid<Rank> of) : grid_(std::move(of)) {}
    tb::index_t size() const override { return grid_.size(); }
    py::tuple shape() const override { return tuple_of(grid_.shape()); }
    int num_mips() const override { return grid_.num_mips(); }
    py::tuple source(tb::index_t chunk) const override { return slices_of(grid_.source(chunk)); }
    py::tuple mip(tb::index_t chunk, int m) const override { return slices_of(grid_.mip(chunk, m)); }

private:
    tb::chunk_grid<Rank> grid_;
};

std::unique_ptr<grid> make_grid(const numbers& shape, const numbers& chunk,
                                const std::vector<numbers>& factors, bool same_factor, int num_mips,
                                const numbers& origin) {
    return with_rank(shape.size(), [&](auto rank) -> std::unique_ptr<grid> {
        constexpr std::size_t Rank = rank();
        const auto each = all_numbers_of<Rank>(factors);
        const auto extents = numbers_of<Rank>(shape);
        const auto of_chunk = numbers_of<Rank>(chunk);
        const auto at = numbers_of<Rank>(origin);
        return std::make_unique<grid_of_rank<Rank>>(
            same_factor ? tb::chunk_grid<Rank>(extents, of_chunk, each.at(0), num_mips, at)
                        : tb::chunk_grid<Rank>(extents, of_chunk, std::span(each), at));
    });
}

}  // namespace

void define_geometry(py::module_& module) {
    module.def("mip_shape", &mip_shape, py::arg("shape"), py::arg("factors"), py::arg("same_factor"),
               py::arg("mip"), py::arg("origin"));
    module.def("mip_origin", &mip_origin, py::arg("origin"), py::arg("factors"), py::arg("same_factor"),
               py::arg("mip"));
    module.def("num_mips_to_fit", &num_mips_to_fit, py::arg("shape"), py::arg("factor"), py::arg("largest"));
    module.def("near_isotropic_factors", &near_isotropic_factors, py::arg("voxel_size"), py::arg("num_mips"),
               py::arg("shape"));
    py::class_<grid>(module, "Grid")
        .def(py::init(&make_grid), py::arg("shape"), py::arg("chunk"), py::arg("factors"),
             py::arg("same_factor"), py::arg("num_mips"), py::arg("origin"))
        .def("size", &grid::size)
        .def("shape", &grid::shape)
        .def("num_mips", &grid::num_mips)
        .def("source", &grid::source, py::arg("chunk"))
        .def("mip", &grid::mip, py::arg("chunk"), py::arg("m"));
}

}  // namespace tinybrain_python
