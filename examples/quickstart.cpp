// A small image and a small segmentation, and the pyramids of both.
#include <cstdint>
#include <cstdio>
#include <tinybrain/tinybrain.hpp>

namespace tb = tinybrain;

int main() {
    // Axis 0 is x and contiguous, as in Fortran. For memory you already have there are
    // tb::fortran_order(pointer, {nx, ny, nz}), tb::c_order(pointer, {nz, ny, nx}) and tb::volume_view.
    tb::volume<std::uint8_t, 3> image({100, 70, 4});
    tb::volume<std::uint64_t, 3> labels({100, 70, 4});
    for (tb::index_t z = 0; z < 4; ++z)
        for (tb::index_t y = 0; y < 70; ++y)
            for (tb::index_t x = 0; x < 100; ++x) {
                image(x, y, z) = static_cast<std::uint8_t>(x + y);
                labels(x, y, z) = x < y ? 7 : 1'000'000'000'000;
            }

    // Five mips, halving x and y each time. Every voxel is the exact mean of all the voxels under it.
    const auto averages = tb::downsample_with_averaging(image, {2, 2, 1}, 5);

    // The most frequent label of each window; 0 is background and does not vote; two threads.
    const auto modes =
        tb::downsample_segmentation(labels, {2, 2, 1}, 5, {.sparse = true, .run_on = tb::threads(2)});

    for (std::size_t m = 0; m < averages.size(); ++m)
        std::printf("mip %zu: %td x %td x %td, its first voxel %d and %llu\n", m + 1, averages[m].extent(0),
                    averages[m].extent(1), averages[m].extent(2), averages[m](0, 0, 0),
                    static_cast<unsigned long long>(modes[m](0, 0, 0)));
}
