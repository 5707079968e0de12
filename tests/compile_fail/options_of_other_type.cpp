// SPDX-License-Identifier: BSL-1.0
// expect: no known conversion.*averaging_options<float>.*averaging_options<
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

int main() {
    const tinybrain::volume<std::uint8_t, 2> image({4, 4});
    tinybrain::downsample_with_averaging(image, {2, 2}, 1, tinybrain::averaging_options<float>{});  // here
}
