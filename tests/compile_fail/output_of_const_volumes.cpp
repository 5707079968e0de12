// SPDX-License-Identifier: BSL-1.0
// expect: output_mips<
#include <cstdint>
#include <tinybrain/tinybrain.hpp>
#include <vector>

int main() {
    const tinybrain::volume<std::uint8_t, 2> image({4, 4});
    const std::vector<tinybrain::volume<std::uint8_t, 2>> mips(1, image);
    tinybrain::downsample_with_averaging_into(image, {2, 2}, mips);  // here
}
