// SPDX-License-Identifier: BSL-1.0
// True modes (votes::footprint) where they are hardest: ties that children merge in another order than the
// footprint is scanned in, more labels than any buffer holds, many mips, and any way to share out the work.
#include <tinybrain/tinybrain.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "catch.hpp"
#include "chunks.hpp"
#include "oracle.hpp"

namespace {

namespace tb = tinybrain;
using tb::index_t;
using tb::ties;
using tb::votes;

template <class T>
std::vector<T> values(const tb::volume<T, 2>& v) {
    return std::vector<T>(v.data(), v.data() + v.size());
}

// The bits of all mips, one after another.
template <class T, std::size_t R>
std::vector<unsigned char> bits(const std::vector<tb::volume<T, R>>& mips) {
    std::vector<unsigned char> all;
    for (const auto& mip : mips) {
        const auto* begin = reinterpret_cast<const unsigned char*>(mip.data());
        all.insert(all.end(), begin, begin + mip.size() * static_cast<index_t>(sizeof(T)));
    }
    return all;
}

template <class T, std::size_t R>
std::vector<unsigned char> oracle_bits(const tb::volume<T, R>& labels, const tb::index_array<R>& factor,
                                       int num_mips, const tb::segmentation_options<T>& opt) {
    oracle::array<T, R> image(labels.shape());
    std::copy(labels.data(), labels.data() + labels.size(), std::begin(image.values));
    oracle::options<T> o;
    o.sparse = opt.sparse;
    o.background = opt.background;
    o.tie = static_cast<oracle::ties>(opt.tie);
    o.vote = oracle::votes::footprint;
    const std::vector<tb::index_array<R>> factors(static_cast<std::size_t>(num_mips), factor);
    std::vector<unsigned char> all;
    for (const auto& mip : oracle::modes(image, factors, o)) {
        const auto* begin = reinterpret_cast<const unsigned char*>(std::begin(mip.values));
        all.insert(all.end(), begin, begin + mip.values.size() * sizeof(T));
    }
    return all;
}

// The mode of a 4x4 footprint, if the votes of its 2x2 windows were added up one window after another, and
// the label that came first won a tie.
template <class T>
T first_in_order_of_windows(const tb::volume<T, 2>& labels) {
    std::vector<std::pair<T, int>> counts;
    for (index_t window = 0; window < 4; ++window) {
        for (index_t voxel = 0; voxel < 4; ++voxel) {
            const T label = labels(window % 2 * 2 + voxel % 2, window / 2 * 2 + voxel / 2);
            const auto at =
                std::find_if(counts.begin(), counts.end(), [&](const auto& c) { return c.first == label; });
            if (at == counts.end()) {
                counts.emplace_back(label, 1);
            } else {
                ++at->second;
            }
        }
    }
    return std::max_element(counts.begin(), counts.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->first;
}

template <class T>
void fill(tb::volume<T, 3>& labels, std::uint64_t different, std::uint64_t stream) {
    for (index_t i = 0; i < labels.size(); ++i) {
        const std::uint64_t r = testing::mixed(stream, static_cast<std::uint64_t>(i));
        labels.data()[i] = static_cast<T>(different == 0 ? r : r % different);
    }
}

const std::array<ties, 3> all_ties{ties::countless, ties::first, ties::lowest};

}  // namespace

TEST_CASE("ties of footprints go by their own scan order, not that of the windows that make them up") {
    // Five voxels of 1 and five of 2. 2 comes first along the first row, but 1 is in the first window.
    tb::volume<std::uint32_t, 2> labels({4, 4});
    const std::array<std::uint32_t, 16> rows{7, 8, 2, 2,  //
                                             1, 1, 2, 2,  //
                                             1, 1, 9, 3,  //
                                             1, 4, 5, 2};
    std::copy(rows.begin(), rows.end(), labels.data());
    CHECK(first_in_order_of_windows(labels) == 1);
    for (const ties tie : {ties::countless, ties::first}) {
        CHECK(values(tb::downsample_segmentation(labels, {2, 2}, 2,
                                                 {.tie = tie, .vote = votes::footprint})[1]) ==
              std::vector<std::uint32_t>{2});
    }
    CHECK(values(tb::downsample_segmentation(labels, {2, 2}, 2,
                                             {.tie = ties::lowest, .vote = votes::footprint})[1]) ==
          std::vector<std::uint32_t>{1});
    // The same in memory of the other order, where the first axis is still the first to be scanned.
    std::array<std::uint32_t, 16> columns;
    for (std::size_t y = 0; y < 4; ++y) {
        for (std::size_t x = 0; x < 4; ++x) columns[4 * x + y] = rows[4 * y + x];
    }
    const auto c = tb::c_order(columns.data(), {4, 4});
    CHECK(values(tb::downsample_segmentation(c, {2, 2}, 2, {.vote = votes::footprint})[1]) ==
          std::vector<std::uint32_t>{2});
    // Scanned along y first, 1 is the first.
    const auto turned = tb::fortran_order(columns.data(), {4, 4});
    CHECK(values(tb::downsample_segmentation(turned, {2, 2}, 2, {.vote = votes::footprint})[1]) ==
          std::vector<std::uint32_t>{1});
}

TEST_CASE("the rule of four voters is for mip 1 alone, and a mip 2 of the same footprint has its own label") {
    tb::volume<std::uint32_t, 2> labels({2, 2});
    std::iota(labels.data(), labels.data() + 4, std::uint32_t{1});
    const auto mips = tb::downsample_segmentation(labels, {2, 2}, 3, {.vote = votes::footprint});
    CHECK(values(mips[0]) == std::vector<std::uint32_t>{4});
    CHECK(values(mips[1]) == std::vector<std::uint32_t>{1});
    CHECK(values(mips[2]) == std::vector<std::uint32_t>{1});
    // Of the previous mip there is one voter.
    for (const auto& mip : tb::downsample_segmentation(labels, {2, 2}, 3))
        CHECK(values(mip) == std::vector<std::uint32_t>{4});
}

TEST_CASE("the rule of four voters is not for a mip 2 that is the first to be smaller") {
    tb::volume<std::uint32_t, 2> labels({2, 2});
    std::iota(labels.data(), labels.data() + 4, std::uint32_t{1});
    const std::array<tb::index_array<2>, 2> factors{{{1, 1}, {2, 2}}};
    const std::span<const tb::index_array<2>> each(factors);
    CHECK(values(tb::downsample_segmentation(labels, each, {.vote = votes::footprint})[1]) ==
          std::vector<std::uint32_t>{1});
    CHECK(values(tb::downsample_segmentation(labels, each)[1]) == std::vector<std::uint32_t>{4});
}

TEST_CASE("ties of footprints above the tiles go by scan order too") {
    // As many voxels of 5, on the right, as of 6, on the left: the first 6 lies in the first window of every
    // mip, but below the first row, where the first 5 is.
    constexpr index_t n = 256;
    tb::volume<std::uint64_t, 2> labels({n, n});
    for (index_t y = 0; y < n; ++y) {
        for (index_t x = 0; x < n / 2; ++x) labels(x, y) = y == 0 ? 7 : 6;
        for (index_t x = n / 2; x < n; ++x) labels(x, y) = y == n - 1 ? 8 : 5;
    }
    for (const int threads : {0, 1, 3}) {
        tb::segmentation_options<std::uint64_t> opt{.tie = ties::first, .vote = votes::footprint};
        if (threads > 0) opt.run_on = tb::threads(threads);
        const auto mips = tb::downsample_segmentation(labels, {2, 2}, 8, opt);
        CHECK(values(mips[7]) == std::vector<std::uint64_t>{5});
        CHECK(bits(mips) == oracle_bits(labels, {2, 2}, 8, opt));
    }
}

TEST_CASE("a tile of more votes than there is room for leaves those of the tiles before it alone") {
    // Two labels in the upper half. In the lower one most windows of mip 1 are of one label, which is all
    // there is to know of them; those of mip 2 have nine or ten labels, the first of them twice.
    constexpr index_t n = 576;
    tb::volume<std::uint32_t, 2> labels({n, n});
    for (index_t y = 0; y < n; ++y) {
        for (index_t x = 0; x < n; ++x) {
            const index_t upper = 1 + y % 2 * ((x / 9 + y / 9) % 2);
            const index_t window = y / 3 % 3 * 3 + x / 3 % 3;
            const bool other = x % 3 + y % 3 == 0 && (window == 1 || (window == 2 && x / 9 % 2 == 0));
            const index_t lower = other ? 20 + window : 3 + window % 8;
            labels(x, y) = static_cast<std::uint32_t>(y < n / 2 ? upper : lower);
        }
    }
    const std::array<tb::index_array<2>, 3> factors{{{3, 3}, {3, 3}, {64, 64}}};
    const std::span<const tb::index_array<2>> each(factors);
    for (const ties tie : all_ties) {
        const auto mips = tb::downsample_segmentation(labels, each, {.tie = tie, .vote = votes::footprint});
        CHECK(mips[0](100, 101) == labels(301, 304));
        CHECK(mips[1](40, 40) == 3);
        CHECK(values(mips[2]) == std::vector<std::uint32_t>{1});
    }
}

TEST_CASE("a tile of voxels with more votes than there is room for leaves the sets above it alone") {
    // Two labels below, and above so many that the sets of a tile's windows of 64 voxels fill the room for
    // them several times over, while the set of the two is open. The last windows along axis 1 are cut, and
    // counted after the others.
    tb::volume<std::uint32_t, 3> labels({32, 30, 64});
    fill(labels, 255, 16);
    for (index_t i = 0; i < labels.size() / 2; ++i) labels.data()[i] = i % 3 == 0 ? 1001 : 1002;
    const tb::segmentation_options<std::uint32_t> opt{.vote = votes::footprint};
    const auto mips = tb::downsample_segmentation(labels, {2, 2, 2}, 6, opt);
    CHECK(mips[5](0, 0, 0) == 1002);
    CHECK((bits(mips) == oracle_bits(labels, {2, 2, 2}, 6, opt)));
}

// Labels without end, in footprints larger than a tile, its sets, or all the memory there is for sets.
TEMPLATE_TEST_CASE("footprints of more labels than sets have room for", "", std::uint8_t, std::uint32_t,
                   std::uint64_t, float) {
    struct size {
        tb::index_array<3> shape, factor;
        int mips;
    };
    const std::vector<size> sizes{{{200, 150, 2}, {2, 2, 1}, 9},  {{40, 36, 34}, {2, 2, 2}, 6},
                                  {{40000, 1, 1}, {2, 1, 1}, 16}, {{201, 199, 1}, {3, 5, 1}, 4},
                                  {{48, 48, 24}, {8, 8, 8}, 2},   {{3, 100, 200}, {1, 2, 2}, 8}};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const size& s = sizes[i];
        tb::volume<TestType, 3> labels(s.shape);
        for (const std::uint64_t different : {0u, 255u, 9000u}) {
            fill(labels, different, 7 * i + different);
            tb::segmentation_options<TestType> opt{
                .sparse = i % 2 == 1, .tie = all_ties[i % 3], .vote = votes::footprint};
            const auto expected = oracle_bits(labels, s.factor, s.mips, opt);
            CHECK((bits(tb::downsample_segmentation(labels, s.factor, s.mips, opt)) == expected));
            opt.run_on = tb::threads(2);
            CHECK((bits(tb::downsample_segmentation(labels, s.factor, s.mips, opt)) == expected));
        }
    }
}

TEMPLATE_TEST_CASE("footprints of which most labels have one voter", "", std::uint8_t, std::uint32_t, float,
                   std::uint64_t) {
    // A pair wins over those that come first, whether the larger footprint around it has more of them or not.
    tb::volume<TestType, 3> labels({67, 64, 3});
    for (const std::uint64_t different : std::array<std::uint64_t, 3>{20, 60, 250}) {
        fill(labels, different, different);
        for (const ties tie : all_ties) {
            for (const bool sparse : {false, true}) {
                tb::segmentation_options<TestType> opt;
                opt.sparse = sparse;
                opt.background = 3;
                opt.tie = tie;
                opt.vote = votes::footprint;
                for (const tb::index_array<3>& factor : {tb::index_array<3>{2, 2, 1}, {2, 2, 3}, {1, 4, 1}}) {
                    CHECK(bits(tb::downsample_segmentation(labels, factor, 4, opt)) ==
                          oracle_bits(labels, factor, 4, opt));
                }
            }
        }
    }
}

TEST_CASE("footprints of ten mips, whole and in chunks, on any number of threads") {
    tb::volume<std::uint32_t, 3> labels({1500, 1100, 1});
    for (index_t y = 0; y < labels.extent(1); ++y) {
        for (index_t x = 0; x < labels.extent(0); ++x) {
            labels(x, y, 0) = static_cast<std::uint32_t>((x + y / 2) / 61 * 13 + (y + x / 3) / 47);
        }
    }
    const tb::segmentation_options<std::uint32_t> opt{.sparse = true, .vote = votes::footprint};
    const auto whole = tb::downsample_segmentation(labels, {2, 2, 1}, 10, opt);
    CHECK((bits(whole) == oracle_bits(labels, {2, 2, 1}, 10, opt)));
    for (const int threads : {1, 2, 5}) {
        auto shared = opt;
        shared.run_on = tb::threads(threads);
        CHECK((bits(tb::downsample_segmentation(labels, {2, 2, 1}, 10, shared)) == bits(whole)));
    }
    const tb::chunk_grid<3> grid({1500, 1100, 1}, {256, 512, 1}, {2, 2, 1}, 8);
    for (index_t chunk = 0; chunk < grid.size(); ++chunk) {
        const auto part = labels.view().part(grid.source(chunk));
        const auto mips = tb::downsample_segmentation(part, {2, 2, 1}, 8, opt);
        for (int m = 1; m <= 8; ++m) {
            const auto k = static_cast<std::size_t>(m) - 1;
            CHECK(testing::same_voxels(whole[k].view().part(grid.mip(chunk, m)),
                                       tb::volume_view<const std::uint32_t, 3>(mips[k])));
        }
    }
}

TEST_CASE("NaN and zeros of either sign in footprints") {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    tb::volume<float, 2> labels({16, 1});
    const auto modes = [&](std::initializer_list<float> v, const tb::segmentation_options<float>& opt) {
        std::copy(v.begin(), v.end(), labels.data());
        std::vector<float> all;
        for (const auto& mip : tb::downsample_segmentation(labels, {2, 1}, 4, opt)) all.push_back(mip(0, 0));
        return all;
    };
    const tb::segmentation_options<float> first{.tie = ties::first, .vote = votes::footprint};
    // Each NaN has one vote, so that any two like numbers beat them; -0 and +0 are one label, given as seen
    // first.
    auto m = modes({nan, nan, nan, nan, 3, nan, 4, nan, nan, 5, 4, nan, nan, nan, nan, nan}, first);
    CHECK(m[0] != m[0]);
    CHECK(m[1] != m[1]);
    CHECK(m[2] != m[2]);
    CHECK(m[3] == 4.0f);
    m = modes({1, -0.0f, 0.0f, 2, 1, 0.0f, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, first);
    CHECK(m[0] == 1.0f);
    for (std::size_t k = 1; k < 4; ++k) CHECK((m[k] == 0.0f && std::signbit(m[k])));
    m = modes({nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, 6},
              {.tie = ties::lowest, .vote = votes::footprint});
    CHECK(m[2] != m[2]);
    CHECK(m[3] == 6.0f);
    m = modes({0, 0, -0.0f, 0, nan, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
              {.sparse = true, .vote = votes::footprint});
    CHECK(m[1] == 0.0f);
    CHECK(m[2] != m[2]);
    CHECK(m[3] != m[3]);
}

TEST_CASE("zeros of either sign in footprints within larger ones") {
    tb::volume<float, 2> labels({64, 64});
    for (index_t y = 0; y < 64; ++y) {
        for (index_t x = 0; x < 64; ++x) labels(x, y) = x % 8 >= 4 && y % 8 < 4 ? -0.0F : 0.0F;
    }
    for (const ties tie : all_ties) {
        tb::segmentation_options<float> opt;
        opt.tie = tie;
        opt.vote = votes::footprint;
        for (const int num_mips : {2, 3, 4, 5})
            CHECK(bits(tb::downsample_segmentation(labels, {2, 2}, num_mips, opt)) ==
                  oracle_bits(labels, {2, 2}, num_mips, opt));
    }
}
