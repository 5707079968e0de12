// SPDX-License-Identifier: BSL-1.0
// How a call is handed to the library. Six methods by six ranks for each type take the compiler a while, so
// that a few files share the types.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "methods.hpp"

namespace tinybrain_python {

template <class Method, class T, std::size_t Rank>
auto mips_of(const call& wanted, const tb::volume_view<const T, Rank>& image) {
    const auto options = Method::template options<T>(wanted);
    const auto factors = all_numbers_of<Rank>(wanted.factors);
    const py::gil_scoped_release others_may_run;
    return wanted.same_factor ? Method::mips(image, factors.at(0), wanted.num_mips, options)
                              : Method::mips(image, std::span(factors), options);
}

template <class Method, class T, std::size_t Rank>
void into_out(call& wanted, const tb::volume_view<const T, Rank>& image) {
    const auto options = Method::template options<T>(wanted);
    auto factors = all_numbers_of<Rank>(wanted.factors);
    if (wanted.same_factor) factors.assign(wanted.out.size(), factors.at(0));
    std::vector<tb::volume_view<T, Rank>> mips;
    for (py::array& array : wanted.out) mips.push_back(writable_view_of<T, Rank>(array));
    const py::gil_scoped_release others_may_run;
    Method::into(image, std::span<const tb::index_array<Rank>>(factors), mips, options);
}

template <class Method, class T, std::size_t Rank>
std::vector<py::array> run_at_rank(call& wanted) {
    const auto image = view_of<T, Rank>(wanted.image, numbers_of<Rank>(wanted.origin));
    std::vector<py::array> arrays;
    if (wanted.into_out) {
        into_out<Method>(wanted, image);
    } else {
        for (auto& mip : mips_of<Method>(wanted, image))
            arrays.push_back(array_of(std::move(mip), wanted.image.dtype()));
    }
    return arrays;
}

template <class Method, class T>
std::vector<py::array> run(call& wanted) {
    const auto axes = static_cast<std::size_t>(wanted.image.ndim());
    return with_rank(axes, [&](auto rank) { return run_at_rank<Method, T, rank()>(wanted); });
}

template <class T>
std::vector<py::array> downsample(call& wanted) {
    switch (wanted.how) {
        case method::average:
            return run<averaging, T>(wanted);
        case method::mode:
            return run<segmentation, T>(wanted);
        case method::min:
            return run<min_pooling, T>(wanted);
        case method::max:
            return run<max_pooling, T>(wanted);
        case method::median:
            return run<median_pooling, T>(wanted);
        case method::stride:
            break;
    }
    return run<striding, T>(wanted);
}

}  // namespace tinybrain_python
