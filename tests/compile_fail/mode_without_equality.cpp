// SPDX-License-Identifier: BSL-1.0
// expect: labels_can_be_compared_with_equals
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

struct label {
    std::uint32_t id;
};

int main() {
    const tinybrain::volume<label, 2> labels({4, 4});
    tinybrain::downsample_segmentation(labels, {2, 2});  // here
}
