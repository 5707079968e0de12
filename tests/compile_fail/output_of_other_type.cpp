// SPDX-License-Identifier: BSL-1.0
// expect: output_mips<
#include <cstdint>
#include <span>
#include <tinybrain/tinybrain.hpp>

int main() {
    const tinybrain::volume<std::uint8_t, 2> image({4, 4});
    tinybrain::volume<std::uint16_t, 2> mip({2, 2});
    const tinybrain::volume_view<std::uint16_t, 2> mips[] = {mip};
    tinybrain::downsample_with_averaging_into(image, {2, 2}, std::span(mips));  // here
}
