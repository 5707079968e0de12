// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

// Not a misuse: shows that the others fail by their own fault.
int main() {
    const tinybrain::volume<std::uint8_t, 3> image({4, 4, 4});
    return static_cast<int>(tinybrain::downsample_with_averaging(image, {2, 2, 1}).size());
}
