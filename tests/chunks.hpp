// SPDX-License-Identifier: BSL-1.0
// Chunks tile the volume and its mips, and done apart they give the whole's results, bit for bit.
#pragma once

#include "catch.hpp"
#include "random_case.hpp"

namespace testing {

// Every voxel of a shape lies in one box.
template <std::size_t R, class Box>
bool tile(const index_array<R>& shape, index_t boxes, Box box) {
    oracle::array<int, R> covered(shape);
    for (index_t c = 0; c < boxes; ++c)
        oracle::scan(oracle::region<R>{box(c).begin, box(c).end},
                     [&](const index_array<R>& i) { ++covered(i); });
    return std::all_of(std::begin(covered.values), std::end(covered.values), [](int n) { return n == 1; });
}

template <class T, std::size_t R>
bool same_voxels(const tb::volume_view<T, R>& a, const tb::volume_view<T, R>& b) {
    bool same = a.shape() == b.shape();
    if (!same) return false;
    oracle::scan(oracle::whole(a.shape()), [&](const index_array<R>& i) {
        std::apply([&](auto... k) { same = same && same_bits(a(k...), b(k...)); }, i);
    });
    return same;
}

template <class T, std::size_t R>
void check_chunks(method m, dice d) {
    const auto kind =
        d.one_of({content::few, content::many, content::blobs, content::extremes, content::special});
    auto opt = random_options<T>(d, kind);
    strided<T, R> image(d, d.chance(50) ? layout::fortran : static_cast<layout>(d.between(1, 4)),
                        random_shape<R>(d, 1500));
    fill(d, kind, image);
    if (d.chance(50)) image.placed_at = random_origin<R>(d);
    const int mips = static_cast<int>(d.between(1, 3));
    const bool single = d.chance(50);
    std::vector<index_array<R>> factors(static_cast<std::size_t>(mips));
    index_array<R> chunk;
    for (index_t& extent : chunk) extent = d.between(1, 4);
    for (auto& factor : factors) {
        for (std::size_t r = 0; r < R; ++r) {
            factor[r] = opt.edge == oracle::edges::replicate ? d.between(1, 2)
                        : d.chance(5)                        ? d.between(60, 140)
                                                             : d.between(1, 4);
            if (single) factor[r] = factors[0][r];
            chunk[r] *= factor[r];
        }
    }
    INFO(asked(m, image.describe() + ", chunk " + text(chunk), kind, factors, opt));

    const auto grid = single ? tb::chunk_grid<R>(image.shape, chunk, factors[0], mips, image.placed_at)
                             : tb::chunk_grid<R>(image.shape, chunk, factors, image.placed_at);
    REQUIRE(grid.num_mips() == mips);
    REQUIRE(oracle::array<char, R>::count(grid.shape()) == static_cast<std::size_t>(grid.size()));
    REQUIRE(tile(image.shape, grid.size(), [&](index_t c) { return grid.source(c); }));
    const auto whole = downsample<T, R>(m, image.view(), factors, single, opt);
    for (int mip = 1; mip <= mips; ++mip) {
        const std::span<const index_array<R>> first(factors.data(), static_cast<std::size_t>(mip));
        REQUIRE(tile(tb::mip_shape(image.shape, first, image.placed_at), grid.size(),
                     [&](index_t c) { return grid.mip(c, mip); }));
    }

    for (index_t c = 0; c < grid.size(); ++c) {
        const auto source = image.view().part(grid.source(c));
        tb::volume copy(source);
        const auto of_view = downsample<T, R>(m, source, factors, single, opt);
        const auto of_copy = downsample<T, R>(m, copy.view(), factors, single, opt);
        for (int mip = 1; mip <= mips; ++mip) {
            const auto k = static_cast<std::size_t>(mip) - 1;
            INFO("chunk " << c << ", mip " << mip);
            const auto expected = whole[k].view().part(grid.mip(c, mip));
            REQUIRE(same_voxels(expected, of_view[k].view()));
            // A copy has another layout unless the image is in Fortran order: the last bit of an average may
            // differ.
            if (!std::is_floating_point_v<T> || m != method::average || image.kind == layout::fortran)
                REQUIRE(same_voxels(expected, of_copy[k].view()));
        }
    }
}

// A box of a volume, in its place on the grid, has the volume's own voxels at every mip where all that is
// under them is in the box.
template <class T, std::size_t R>
void check_boxes(method m, dice d) {
    const auto kind = d.one_of({content::few, content::many, content::blobs});
    auto opt = random_options<T>(d, kind);
    strided<T, R> image(d, static_cast<layout>(d.between(0, 4)), random_shape<R>(d, 2000));
    image.placed_at = d.chance(50) ? index_array<R>{} : random_origin<R>(d);
    fill(d, kind, image);
    std::vector<index_array<R>> factors(static_cast<std::size_t>(d.between(1, 3)));
    for (auto& factor : factors)
        factor = random_factor(d, image.shape, m == method::average && opt.edge == oracle::edges::replicate);
    const auto whole = downsample<T, R>(m, image.view(), factors, false, opt);
    const auto products = oracle::running_products(factors);
    for (int i = 0; i < 4; ++i) {
        tb::box<R> box;
        for (std::size_t r = 0; r < R; ++r) {
            box.begin[r] = d.between(0, image.shape[r]);
            box.end[r] = d.between(box.begin[r], image.shape[r]);
        }
        INFO(asked(m, image.describe() + ", box " + text(box.begin) + " to " + text(box.end), kind, factors,
                   opt));
        const auto mips = downsample<T, R>(m, image.view().part(box), factors, false, opt);
        for (std::size_t k = 0; k < mips.size(); ++k) {
            INFO("mip " << k + 1);
            std::size_t other = 0;
            oracle::scan(oracle::whole(mips[k].shape()), [&](const index_array<R>& o) {
                index_array<R> in_whole;
                bool inside = true;
                for (std::size_t r = 0; r < R; ++r)
                    in_whole[r] = o[r] + mips[k].origin()[r] - whole[k].origin()[r];
                const auto under = oracle::voxels_under(in_whole, products[k], image.shape, image.placed_at);
                for (std::size_t r = 0; r < R; ++r)
                    inside = inside && under.begin[r] >= box.begin[r] && under.end[r] <= box.end[r];
                if (!inside) return;
                const T a = mips[k](o), b = whole[k](in_whole);
                if (!same_bits(a, b)) ++other;
            });
            REQUIRE(other == 0);
        }
    }
}

}  // namespace testing
