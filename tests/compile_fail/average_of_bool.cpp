// SPDX-License-Identifier: BSL-1.0
// expect: voxels_are_integers_or_floats_or_doubles
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

int main() {
    const tinybrain::volume<bool, 2> mask({4, 4});
    tinybrain::downsample_with_averaging(mask, {2, 2});  // here
}
