// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <cstdio>
#include <tinybrain/tinybrain.hpp>

// Plain types only: tinybrain's carry the compiler's flags in their names, and the other file's are
// different.
int middle_of_mip_1(const std::uint8_t* image_of_5_by_5);

int main() {
    // A ramp 0..24, x fastest; its mip 1 is [3 5 6; 13 15 16; 20 22 24].
    tinybrain::volume<std::uint8_t, 2> image({5, 5});
    for (tinybrain::index_t i = 0; i < image.size(); ++i) image.data()[i] = static_cast<std::uint8_t>(i);
    const auto mips =
        tinybrain::downsample_with_averaging(image, {2, 2}, 2, {.run_on = tinybrain::threads(2)});
    const bool right = mips.size() == 2 && mips[0](0, 0) == 3 && mips[0](1, 1) == 15 && mips[0](2, 2) == 24;
    if (!right || middle_of_mip_1(image.data()) != 15) {
        std::puts("wrong");
        return 1;
    }
    return 0;
}
