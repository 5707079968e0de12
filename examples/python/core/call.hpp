// SPDX-License-Identifier: BSL-1.0
// What a call from Python asks for, whatever its voxel type.
#pragma once

#include <tinybrain/options.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "array_view.hpp"

namespace tinybrain_python {

enum class method { average, mode, min, max, median, stride };

struct call {
    method how;
    py::array image;
    std::vector<std::vector<tb::index_t>> factors;  // one for all mips, or one for each
    bool same_factor;
    int num_mips;
    std::vector<py::array> out;
    bool into_out;
    std::vector<tb::index_t> origin;

    bool sparse;
    py::object background;  // a number that the voxel type holds
    double least_coverage;
    tb::rounding round;
    tb::edges edge;
    tb::ties tie;
    tb::votes vote;
    tb::executor run_on;
};

// The mips, in arrays of their own; or in those of out, and nothing returned. Other threads of Python run
// meanwhile.
template <class T>
std::vector<py::array> downsample(call& wanted);

template <std::size_t Rank>
tb::index_array<Rank> numbers_of(const std::vector<tb::index_t>& numbers) {
    if (numbers.size() != Rank)
        throw std::invalid_argument("tinybrain: there must be a number for each axis");
    tb::index_array<Rank> result;
    for (std::size_t axis = 0; axis < Rank; ++axis) result[axis] = numbers[axis];
    return result;
}

template <std::size_t Rank>
std::vector<tb::index_array<Rank>> all_numbers_of(const std::vector<std::vector<tb::index_t>>& of) {
    std::vector<tb::index_array<Rank>> result;
    for (const auto& numbers : of) result.push_back(numbers_of<Rank>(numbers));
    return result;
}

// Calls function(std::integral_constant<std::size_t, rank>).
template <class Function>
auto with_rank(std::size_t rank, const Function& function) {
    switch (rank) {
        case 1:
            return function(std::integral_constant<std::size_t, 1>());
        case 2:
            return function(std::integral_constant<std::size_t, 2>());
        case 3:
            return function(std::integral_constant<std::size_t, 3>());
        case 4:
            return function(std::integral_constant<std::size_t, 4>());
        case 5:
            return function(std::integral_constant<std::size_t, 5>());
        case 6:
            return function(std::integral_constant<std::size_t, 6>());
        default:
            throw py::type_error("tinybrain: volumes have 1 to 6 axes, not " + std::to_string(rank));
    }
}

}  // namespace tinybrain_python
