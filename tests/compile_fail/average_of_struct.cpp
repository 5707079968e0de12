// SPDX-License-Identifier: BSL-1.0
// expect: voxels_are_integers_or_floats_or_doubles
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

struct rgb {
    std::uint8_t r, g, b;
};

int main() {
    const tinybrain::volume<rgb, 2> picture({4, 4});
    tinybrain::downsample_with_averaging(picture, {2, 2});  // here
}
