// SPDX-License-Identifier: BSL-1.0
// Averages and modes, compiled in type_test.cpp with all else that takes the vectors of a type.
#pragma once

#include <tinybrain/tinybrain.hpp>

#include <vector>

namespace testing {

template <class T>
std::vector<tinybrain::volume<T, 2>> plane_averages(const tinybrain::volume<T, 2>& image,
                                                    const tinybrain::index_array<2>& factor, int num_mips = 1,
                                                    const tinybrain::averaging_options<T>& opt = {});

template <class T>
std::vector<tinybrain::volume<T, 2>> plane_modes(const tinybrain::volume_view<const T, 2>& labels,
                                                 const tinybrain::index_array<2>& factor, int num_mips = 1,
                                                 const tinybrain::segmentation_options<T>& opt = {});

template <class T>
std::vector<tinybrain::volume<T, 3>> volume_modes(const tinybrain::volume_view<const T, 3>& labels,
                                                  const tinybrain::index_array<3>& factor, int num_mips = 1,
                                                  const tinybrain::segmentation_options<T>& opt = {});

}  // namespace testing
