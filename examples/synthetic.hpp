// SPDX-License-Identifier: BSL-1.0
// A piece of tissue that never was: a grey image as an electron microscope would show it, and its cells'
// labels.
#pragma once

#include <tinybrain/tinybrain.hpp>

#include <cstdint>

struct synthetic_tissue {
    tinybrain::volume<std::uint8_t, 3> image;
    tinybrain::volume<std::uint32_t, 3> labels;  // 0 between the cells and outside the tissue
};

// Always the same for the same shape, whatever the number of threads.
synthetic_tissue make_synthetic_tissue(const tinybrain::index_array<3>& shape,
                                       const tinybrain::executor& run_on);
