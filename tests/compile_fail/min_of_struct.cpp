// SPDX-License-Identifier: BSL-1.0
// expect: voxels_are_numbers
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

struct label {
    std::uint32_t id;
    bool operator==(const label&) const = default;
};

int main() {
    const tinybrain::volume<label, 2> labels({4, 4});
    tinybrain::downsample_with_min_pooling(labels, {2, 2});  // here
}
