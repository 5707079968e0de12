// SPDX-License-Identifier: BSL-1.0
// What the programs ask of the library, for any of its ten element types: tinybrain::compiled has them.
#pragma once

#include <tinybrain/tinybrain.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace tb = tinybrain;

// Every volume is handed over with six axes, those beyond its own of extent and factor 1: one rank to
// compile.
constexpr std::size_t padded_rank = 6;
using padded = tb::index_array<padded_rank>;

inline padded pad(const std::vector<tb::index_t>& numbers) {
    padded all;
    all.fill(1);
    std::copy(numbers.begin(), numbers.end(), all.begin());
    return all;
}

enum class method { average, mode, min, max, median, stride };

struct recipe {
    method how = method::average;
    std::vector<padded> factors;  // of each mip
    bool sparse = false;
    std::string background = "0";
    double least_coverage = 0;
    tb::rounding round = tb::rounding::toward_zero;
    tb::edges edge = tb::edges::clip;
    tb::ties tie = tb::ties::countless;
    tb::votes vote = tb::votes::previous_mip;
    tb::executor run_on;
};

// Throws std::invalid_argument for what the library refuses, and for a background that T does not hold.
template <class T>
void downsample(const recipe& wanted, const tb::volume_view<const T, padded_rank>& image,
                std::span<const tb::volume_view<T, padded_rank>> mips);
