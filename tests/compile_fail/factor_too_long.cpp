// SPDX-License-Identifier: BSL-1.0
// expect: one_integer_for_each_axis
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

int main() {
    const tinybrain::volume<std::uint8_t, 2> image({4, 4});
    tinybrain::downsample_segmentation(image, tinybrain::index_array<3>{2, 2, 1});  // here
}
