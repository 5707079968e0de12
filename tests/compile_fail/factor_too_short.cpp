// SPDX-License-Identifier: BSL-1.0
// expect: one_integer_for_each_axis
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

int main() {
    const tinybrain::volume<std::uint8_t, 3> image({4, 4, 4});
    const tinybrain::index_array<2> factor{2, 2};
    tinybrain::downsample_with_averaging(image, factor);  // here
}
