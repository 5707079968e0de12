// SPDX-License-Identifier: BSL-1.0
// expect: one_integer_for_each_axis
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

int main() {
    const tinybrain::volume<std::uint8_t, 3> image({4, 4, 4});
    tinybrain::downsample_with_averaging(image, {1, 2.9, 2.9});  // here
}
