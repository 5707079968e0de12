// SPDX-License-Identifier: BSL-1.0
// Averages of planes, compiled in type_test.cpp with all else that takes the vectors of a type.
#pragma once

#include <tinybrain/tinybrain.hpp>

#include <vector>

namespace testing {

template <class T>
std::vector<tinybrain::volume<T, 2>> plane_averages(const tinybrain::volume<T, 2>& image,
                                                    const tinybrain::index_array<2>& factor, int num_mips = 1,
                                                    const tinybrain::averaging_options<T>& opt = {});

}  // namespace testing
