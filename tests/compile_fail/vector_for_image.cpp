// SPDX-License-Identifier: BSL-1.0
// expect: volume_or_view_or_mdspan_like
#include <cstdint>
#include <tinybrain/tinybrain.hpp>
#include <vector>

int main() {
    const std::vector<float> image(16);
    tinybrain::downsample_segmentation(image, {2, 2});  // here
}
