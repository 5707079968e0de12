// SPDX-License-Identifier: BSL-1.0
// expect: one_factor_for_each_mip
#include <cstdint>
#include <tinybrain/tinybrain.hpp>
#include <vector>

int main() {
    const tinybrain::volume<std::uint8_t, 2> image({4, 4});
    const std::vector<tinybrain::index_array<3>> factors(2, {2, 2, 1});
    tinybrain::downsample_with_striding(image, std::span<const tinybrain::index_array<3>>(factors));  // here
}
