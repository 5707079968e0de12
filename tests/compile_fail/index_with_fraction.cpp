// SPDX-License-Identifier: BSL-1.0
// expect: whole_number
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

int main() {
    const tinybrain::volume<std::uint8_t, 3> image({4, 4, 4});
    return image(1.5, 0, 0);  // here
}
