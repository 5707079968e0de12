// SPDX-License-Identifier: BSL-1.0
// expect: mdspan_like_whose_voxels_lie_in_memory
#include <cstddef>
#include <tinybrain/tinybrain.hpp>

// Shaped like std::mdspan<float, std::dextents<int, 1>, std::layout_right, scaled_accessor>.
struct twice_what_lies_there {
    using element_type = float;
    using reference = float;
    static constexpr std::size_t rank() { return 1; }
    float* data_handle() const { return data; }
    int extent(std::size_t) const { return 4; }
    int stride(std::size_t) const { return 1; }
    float operator()(int i) const { return 2 * data[i]; }
    float* data;
};

int main() {
    float memory[4] = {1, 2, 3, 4};
    tinybrain::downsample_with_averaging(twice_what_lies_there{memory}, {2});  // here
}
