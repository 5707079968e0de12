// SPDX-License-Identifier: BSL-1.0
// Chunks tile the volume and its mips, and done apart they give the whole's results, bit for bit.
#pragma once

#include "catch.hpp"
#include "random_case.hpp"

namespace testing {

template <std::size_t R>
index_array<R> shape_of(const tb::box<R>& b) {
    index_array<R> s;
    for (std::size_t r = 0; r < R; ++r) s[r] = b.end[r] - b.begin[r];
    return s;
}

template <class T, std::size_t R>
tb::volume_view<T, R> part(const tb::volume_view<T, R>& whole, const tb::box<R>& b) {
    index_t offset = 0;
    for (std::size_t r = 0; r < R; ++r) offset += b.begin[r] * whole.stride(r);
    return {whole.data() + offset, shape_of(b), whole.strides()};
}

template <class T, std::size_t R>
tb::volume<T, R> compact_copy(const tb::volume_view<T, R>& v) {
    tb::volume<T, R> copy(v.shape());
    oracle::scan(oracle::whole(v.shape()),
                 [&](const index_array<R>& i) { std::apply([&](auto... k) { copy(k...) = v(k...); }, i); });
    return copy;
}

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
    const auto kind = d.one_of({content::few, content::many, content::blobs, content::extremes});
    auto opt = random_options<T>(d, kind);
    strided<T, R> image(d, d.chance(50) ? layout::fortran : static_cast<layout>(d.between(1, 4)),
                        random_shape<R>(d, 1500));
    fill(d, kind, image);
    const int mips = static_cast<int>(d.between(1, 3));
    index_array<R> factor, chunk;
    for (std::size_t r = 0; r < R; ++r) {
        factor[r] = opt.edge == oracle::edges::replicate ? d.between(1, 2)
                    : d.chance(5)                        ? d.between(60, 140)
                                                         : d.between(1, 4);
        chunk[r] = d.between(1, 4);
        for (int mip = 1; mip <= mips; ++mip) chunk[r] *= factor[r];
    }
    const std::vector<index_array<R>> factors(static_cast<std::size_t>(mips), factor);
    INFO(asked(m, image.describe() + ", chunk " + text(chunk), kind, factors, opt));

    const tb::chunk_grid<R> grid(image.shape, chunk, factor, mips);
    REQUIRE(tile(image.shape, grid.size(), [&](index_t c) { return grid.source(c); }));
    const auto whole = downsample<T, R>(m, image.view(), factors, true, opt);
    for (int mip = 1; mip <= mips; ++mip)
        REQUIRE(tile(tb::mip_shape(image.shape, factor, mip), grid.size(),
                     [&](index_t c) { return grid.mip(c, mip); }));

    for (index_t c = 0; c < grid.size(); ++c) {
        const auto source = part(image.view(), grid.source(c));
        auto copy = compact_copy(source);
        const auto of_view = downsample<T, R>(m, source, factors, true, opt);
        const auto of_copy = downsample<T, R>(m, copy.view(), factors, true, opt);
        for (int mip = 1; mip <= mips; ++mip) {
            const auto k = static_cast<std::size_t>(mip) - 1;
            INFO("chunk " << c << ", mip " << mip);
            const auto expected = part(whole[k].view(), grid.mip(c, mip));
            REQUIRE(same_voxels(expected, of_view[k].view()));
            // A copy has another layout unless the image is in Fortran order: the last bit of an average may
            // differ.
            if (!std::is_floating_point_v<T> || m != method::average || image.kind == layout::fortran)
                REQUIRE(same_voxels(expected, of_copy[k].view()));
        }
    }
}

}  // namespace testing
