// SPDX-License-Identifier: BSL-1.0
// A stranger's program, quick to compile: does it find the headers, link and run? With an argument it asks
// for what is refused.
#include <tinybrain/tinybrain.hpp>

int main(int argc, char**) {
    if (argc > 1) tinybrain::threads(-1);
    tinybrain::volume<unsigned char, 2> image({5, 5});
    for (tinybrain::index_t i = 0; i < image.size(); ++i) image.data()[i] = static_cast<unsigned char>(i);
    const auto mips =
        tinybrain::downsample_with_striding(image, {2, 2}, 2, {.run_on = tinybrain::threads(2)});
    // A ramp 0..24, x fastest: mip 1 is [0 2 4; 10 12 14; 20 22 24], mip 2 is [0 4; 20 24].
    const bool right = mips.size() == 2 && mips[0](1, 1) == 12 && mips[1](1, 0) == 4 && mips[1](1, 1) == 24;
    return right ? 0 : 1;
}
