// SPDX-License-Identifier: BSL-1.0
// Results worked out by hand. x across, y down: axis 0 is x, so a list of rows is in scan order.
#include <tinybrain/tinybrain.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <future>
#include <initializer_list>
#include <limits>
#include <mutex>
#include <numeric>
#include <span>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "forced_level.hpp"
#include "guarded.hpp"

namespace {

namespace tb = tinybrain;
using tb::edges;
using tb::index_t;
using tb::rounding;
using tb::ties;
using tb::votes;
using plane = tb::index_array<2>;

template <class T, std::size_t R>
tb::volume<T, R> image(const tb::index_array<R>& shape, std::initializer_list<T> values) {
    tb::volume<T, R> v(shape);
    REQUIRE(v.size() == static_cast<index_t>(values.size()));
    std::copy(values.begin(), values.end(), v.data());
    return v;
}

template <class T, std::size_t R>
std::vector<T> values(const tb::volume<T, R>& v) {
    return std::vector<T>(v.data(), v.data() + v.size());
}

template <class T>
T average_of_four(std::initializer_list<T> v, const tb::averaging_options<T>& opt = {}) {
    return values(tb::downsample_with_averaging(image<T, 2>({2, 2}, v), {2, 2}, 1, opt)[0]).at(0);
}

template <class T>
std::vector<T> averages_of_four(std::initializer_list<T> v) {
    return {average_of_four<T>(v), average_of_four<T>(v, {.round = rounding::half_up}),
            average_of_four<T>(v, {.round = rounding::half_even})};
}

template <class T>
T mode_of_four(std::initializer_list<T> v, const tb::segmentation_options<T>& opt = {}) {
    return values(tb::downsample_segmentation(image<T, 2>({2, 2}, v), {2, 2}, 1, opt)[0]).at(0);
}

template <class T>
std::vector<T> modes_of_four(std::initializer_list<T> v, bool sparse = false) {
    return {mode_of_four<T>(v, {.sparse = sparse}),
            mode_of_four<T>(v, {.sparse = sparse, .tie = ties::first}),
            mode_of_four<T>(v, {.sparse = sparse, .tie = ties::lowest})};
}

struct name {
    std::uint16_t number, suffix;
    bool operator==(const name&) const = default;
};

}  // namespace

TEST_CASE("averages of 2x2 are rounded once") {
    using u8 = std::vector<std::uint8_t>;
    using i8 = std::vector<std::int8_t>;
    CHECK(averages_of_four<std::uint8_t>({1, 2, 2, 2}) == u8{1, 2, 2});
    CHECK(averages_of_four<std::uint8_t>({1, 2, 1, 2}) == u8{1, 2, 2});
    CHECK(averages_of_four<std::uint8_t>({2, 3, 2, 3}) == u8{2, 3, 2});
    CHECK(averages_of_four<std::uint8_t>({255, 255, 255, 255}) == u8{255, 255, 255});
    CHECK(averages_of_four<std::uint8_t>({255, 255, 255, 254}) == u8{254, 255, 255});
    CHECK(averages_of_four<std::int8_t>({-1, -2, -2, -2}) == i8{-1, -2, -2});
    CHECK(averages_of_four<std::int8_t>({-1, -2, -1, -2}) == i8{-1, -1, -2});
    CHECK(averages_of_four<std::int8_t>({-3, -2, -3, -2}) == i8{-2, -2, -2});
    CHECK(averages_of_four<std::int8_t>({-1, 0, 0, -1}) == i8{0, 0, 0});
    CHECK(averages_of_four<std::int8_t>({-1, 0, 0, 0}) == i8{0, 0, 0});
    CHECK(averages_of_four<std::int8_t>({-128, -128, -128, -128}) == i8{-128, -128, -128});
    CHECK(averages_of_four<std::int8_t>({-128, 127, -128, 127}) == i8{0, 0, 0});
}

TEST_CASE("averages of 64-bit extremes do not wrap") {
    using u64 = std::vector<std::uint64_t>;
    using i64 = std::vector<std::int64_t>;
    constexpr auto u = std::numeric_limits<std::uint64_t>::max();
    constexpr auto lo = std::numeric_limits<std::int64_t>::min(),
                   hi = std::numeric_limits<std::int64_t>::max();
    CHECK(averages_of_four<std::uint64_t>({u, u, u, u}) == u64{u, u, u});
    CHECK(averages_of_four<std::uint64_t>({u, u, u, u - 1}) == u64{u - 1, u, u});
    CHECK(averages_of_four<std::uint64_t>({u, 0, u, 0}) == u64{u / 2, u / 2 + 1, u / 2 + 1});
    CHECK(averages_of_four<std::int64_t>({lo, lo, lo, lo}) == i64{lo, lo, lo});
    CHECK(averages_of_four<std::int64_t>({lo, lo, lo, lo + 1}) == i64{lo + 1, lo, lo});
    CHECK(averages_of_four<std::int64_t>({hi, hi, hi, hi}) == i64{hi, hi, hi});
    CHECK(averages_of_four<std::int64_t>({hi, hi, hi, hi - 1}) == i64{hi - 1, hi, hi});
    CHECK(averages_of_four<std::int64_t>({lo, hi, lo, hi}) == i64{0, 0, 0});

    // 4096 voxels of the largest value at mip 6.
    tb::volume<std::uint64_t, 2> big({64, 64});
    std::fill(big.data(), big.data() + big.size(), u);
    CHECK(values(tb::downsample_with_averaging(big, {2, 2}, 6)[5]) == u64{u});
}

TEST_CASE("averages of a 5x5 ramp") {
    tb::volume<std::uint8_t, 2> ramp({5, 5});
    for (index_t i = 0; i < 25; ++i) ramp.data()[i] = static_cast<std::uint8_t>(i);
    const std::vector<std::uint8_t> mip_1{3, 5, 6, 13, 15, 16, 20, 22, 24};
    // Columns 0-3 of rows 0-3: 144/16; column 4 of rows 0-3: 46/4; columns 0-3 of row 4: 86/4; the corner 24.
    const std::vector<std::uint8_t> mip_2{9, 11, 21, 24};

    const auto clipped = tb::downsample_with_averaging(ramp, {2, 2}, 3);
    REQUIRE(clipped.size() == 3);
    CHECK(clipped[0].shape() == plane{3, 3});
    CHECK(values(clipped[0]) == mip_1);
    CHECK(values(clipped[1]) == mip_2);
    CHECK(values(clipped[2]) == std::vector<std::uint8_t>{12});  // 300/25

    const auto replicated = tb::downsample_with_averaging(ramp, {2, 2}, 3, {.edge = edges::replicate});
    CHECK(values(replicated[0]) == mip_1);
    CHECK(values(replicated[1]) == mip_2);
    CHECK(values(replicated[2]) == std::vector<std::uint8_t>{16});  // (9 + 11.5 + 21.5 + 24) / 4 = 16.5
    const auto rounded = tb::downsample_with_averaging(
        ramp, {2, 2}, 3, {.round = rounding::half_up, .edge = edges::replicate});
    CHECK(values(rounded[2]) == std::vector<std::uint8_t>{17});
}

TEST_CASE("averages come from mip 0 and never from a rounded mip") {
    // Mip 1 truncates 3/4 three times; made from it, mip 2 would be 2/4. The sixteen voxels sum to 17.
    const auto drops = image<std::uint8_t, 2>({4, 4}, {1, 1, 1, 1,  //
                                                       1, 0, 1, 0,  //
                                                       1, 1, 1, 1,  //
                                                       1, 0, 1, 5});
    const auto mips = tb::downsample_with_averaging(drops, {2, 2}, 2);
    CHECK(values(mips[0]) == std::vector<std::uint8_t>{0, 0, 0, 2});
    CHECK(values(mips[1]) == std::vector<std::uint8_t>{1});
}

TEST_CASE("sums of bytes that outgrow their lanes from one mip to the next") {
    // 256 bytes sum to 16 bits at most; rows so long that each mip fills vectors.
    for (const index_t z : {1, 2}) {
        tb::volume<std::uint8_t, 3> white({4096, 64, 4});
        std::fill_n(white.data(), white.size(), std::uint8_t{255});
        const index_t voxels = 64 * 64 * (z == 2 ? 4 : 1);  // under one of mip 6
        index_t sum_of_last = 255 * voxels;
        for (index_t i = 1; i <= 300; ++i, --sum_of_last) --white(4095 - 2 * (i % 32), i % 64, 0);
        for (const int n : {3, 4, 5}) {
            INFO("mip " << n);
            const auto last = std::move(tb::downsample_with_averaging(white, {2, 2, z}, n).back());
            CHECK(std::all_of(last.data(), last.data() + last.shape()[0] / 2,
                              [](std::uint8_t mean) { return mean == 255; }));
        }
        const auto mips = tb::downsample_with_averaging(white, {2, 2, z}, 6);
        CHECK(mips[5](63, 0, 0) == sum_of_last / voxels);
    }
}

TEST_CASE("averages with other factors and ranks") {
    const auto row = image<std::int16_t, 2>({7, 1}, {1, 2, 4, -8, -8, -9, 100});
    CHECK(values(tb::downsample_with_averaging(row, {3, 1})[0]) ==
          std::vector<std::int16_t>{2, -8, 100});  // 7/3, -25/3
    CHECK(values(tb::downsample_with_averaging(row, {100, 3})[0]) == std::vector<std::int16_t>{11});  // 82/7
    CHECK(values(tb::downsample_with_averaging(row, {1, 1})[0]) == values(row));

    const auto cube = image<std::uint8_t, 3>({2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
    CHECK(values(tb::downsample_with_averaging(cube, {2, 2, 2})[0]) == std::vector<std::uint8_t>{3});
    CHECK(values(tb::downsample_with_averaging(cube, {1, 1, 2})[0]) == std::vector<std::uint8_t>{2, 3, 4, 5});
    CHECK(values(tb::downsample_with_averaging(cube, {2, 2, 1})[0]) == std::vector<std::uint8_t>{1, 5});

    const std::vector<tb::index_array<3>> factors{{2, 1, 1}, {1, 2, 2}};
    const auto mips = tb::downsample_with_averaging(cube, std::span<const tb::index_array<3>>(factors));
    REQUIRE(mips.size() == 2);
    CHECK(values(mips[0]) == std::vector<std::uint8_t>{0, 2, 4, 6});
    CHECK(values(mips[1]) == std::vector<std::uint8_t>{3});
}

TEST_CASE("C order with reversed factors gives the same as Fortran order") {
    std::vector<std::uint8_t> memory(4 * 6 * 10);
    for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<std::uint8_t>(i * 37 % 251);
    const auto f = tb::downsample_with_averaging(tb::fortran_order(memory.data(), {10, 6, 4}), {2, 2, 1}, 2);
    const auto c = tb::downsample_with_averaging(tb::c_order(memory.data(), {4, 6, 10}), {1, 2, 2}, 2);
    for (std::size_t m = 0; m < 2; ++m)
        for (index_t z = 0; z < f[m].extent(2); ++z)
            for (index_t y = 0; y < f[m].extent(1); ++y)
                for (index_t x = 0; x < f[m].extent(0); ++x) CHECK(f[m](x, y, z) == c[m](z, y, x));
}

// Two mips whose rows lie apart: rows of mip 2 wait for their place while more of mip 1 are made.
TEST_CASE("several mips into another order, by windows of many rows") {
    const tb::index_array<3> shape{32, 130, 24};
    tb::volume<std::uint8_t, 3> voxels(shape, {2, 1, 0});
    for (index_t i = 0; i < voxels.size(); ++i) voxels.data()[i] = static_cast<std::uint8_t>(i * 37 % 251);
    const std::vector<tb::index_array<3>> factors{{2, 2, 1}, {8, 13, 5}, {1, 1, 2}};
    const auto expected = tb::downsample_with_averaging(voxels, std::span<const tb::index_array<3>>(factors));
    std::vector<tb::volume<std::uint8_t, 3>> mips;
    std::vector<tb::volume_view<std::uint8_t, 3>> views;
    for (const auto& mip : expected) {
        mips.emplace_back(mip.shape());
        views.push_back(mips.back().view());
    }
    tb::downsample_with_averaging_into(voxels, std::span<const tb::index_array<3>>(factors), views);
    for (std::size_t m = 0; m < mips.size(); ++m) {
        index_t different = 0;
        for (index_t z = 0; z < mips[m].extent(2); ++z)
            for (index_t y = 0; y < mips[m].extent(1); ++y)
                for (index_t x = 0; x < mips[m].extent(0); ++x)
                    different += mips[m](x, y, z) != expected[m](x, y, z);
        CHECK(different == 0);
    }
}

TEST_CASE("sparse averages leave background out") {
    const tb::averaging_options<std::uint8_t> sparse{.sparse = true};
    CHECK(average_of_four<std::uint8_t>({0, 0, 0, 9}, sparse) == 9);
    CHECK(average_of_four<std::uint8_t>({0, 4, 0, 9}, sparse) == 6);
    CHECK(average_of_four<std::uint8_t>({0, 4, 5, 9}, sparse) == 6);
    CHECK(average_of_four<std::uint8_t>({0, 0, 0, 0}, sparse) == 0);
    // What is left out adds no zero either: that would turn -0 into +0.
    CHECK(std::signbit(average_of_four<float>({7, -0.0F, 7, -0.0F}, {.sparse = true, .background = 7})));
    const auto three = image<float, 1>({3}, {-0.0F, 7, -0.0F});
    CHECK(
        std::signbit(tb::downsample_with_averaging(three, {3}, 1, {.sparse = true, .background = 7})[0](0)));
    CHECK(average_of_four<std::uint8_t>({7, 7, 7, 7}, {.sparse = true, .background = 7}) == 7);
    CHECK(average_of_four<std::uint8_t>({7, 7, 0, 7}, {.sparse = true, .background = 7}) == 0);
    CHECK(average_of_four<std::uint8_t>({7, 1, 0, 7},
                                        {.sparse = true, .background = 7, .round = rounding::half_up}) == 1);
    CHECK(average_of_four<float>({0, 1, 2, 0}, {.sparse = true}) == 1.5f);
    CHECK(average_of_four<float>({-1, -1, -1, -1}, {.sparse = true, .background = -1}) == -1.0f);

    // Counts reach through the mips: one voxel of 9 and three of 1 in sixteen make 3, wherever they lie.
    const auto square = image<std::uint8_t, 2>({4, 4}, {9, 0, 0, 0,  //
                                                        0, 0, 0, 0,  //
                                                        0, 0, 1, 1,  //
                                                        0, 0, 1, 0});
    CHECK(values(tb::downsample_with_averaging(square, {2, 2}, 2, sparse)[1]) ==
          std::vector<std::uint8_t>{3});
}

TEST_CASE("replicated edges count twice, at every mip") {
    // 0 0 | 9 9 -> 0, 9 -> 4.5; clipped it is 9/3.
    const auto row = image<std::uint8_t, 1>({3}, {0, 0, 9});
    CHECK(values(tb::downsample_with_averaging(row, {2}, 2)[1]) == std::vector<std::uint8_t>{3});
    CHECK(values(tb::downsample_with_averaging(row, {2}, 2, {.edge = edges::replicate})[1]) ==
          std::vector<std::uint8_t>{4});
    // Five voxels at mip 3: windows 0 0, 0 0, 16 16; then 0, 16 16; then 8. Clipped: 16/5.
    const auto five = image<std::uint8_t, 1>({5}, {0, 0, 0, 0, 16});
    CHECK(values(tb::downsample_with_averaging(five, {2}, 3, {.edge = edges::replicate})[2]) ==
          std::vector<std::uint8_t>{8});
    CHECK(values(tb::downsample_with_averaging(five, {2}, 3)[2]) == std::vector<std::uint8_t>{3});
    // Sparse: sums and counts both double. (8) and (2 twice): 12/3.
    const auto holes = image<std::uint8_t, 1>({3}, {0, 8, 2});
    CHECK(values(tb::downsample_with_averaging(
              holes, {2}, 2, {.sparse = true, .edge = edges::replicate})[1]) == std::vector<std::uint8_t>{4});
    // An axis with factor 1 doubles nothing.
    const auto flat = image<std::uint8_t, 2>({3, 1}, {0, 0, 9});
    CHECK(values(tb::downsample_with_averaging(flat, {2, 1}, 2, {.edge = edges::replicate})[1]) ==
          std::vector<std::uint8_t>{4});
    CHECK(values(tb::downsample_with_averaging(flat, {2, 2}, 70, {.edge = edges::replicate})[69]) ==
          std::vector<std::uint8_t>{4});
}

TEST_CASE("the mode of a window of very many labels") {
    constexpr index_t n = 400'000;
    tb::volume<std::uint64_t, 2> labels({n, 1});
    for (index_t i = 0; i < n; ++i) labels(i, 0) = static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15u + 1;
    for (const index_t i : {17, 100'000, 399'999}) labels(i, 0) = 900;
    for (const index_t i : {16, 18, 250'000}) labels(i, 0) = 901;
    for (const votes v : {votes::previous_mip, votes::footprint}) {
        CHECK(tb::downsample_segmentation(labels, {n, 1}, 1, {.vote = v})[0](0, 0) == 901);
        CHECK(tb::downsample_segmentation(labels, {n, 1}, 1, {.tie = ties::lowest, .vote = v})[0](0, 0) ==
              900);
        CHECK(tb::downsample_segmentation(labels, {n, 1}, 1,
                                          {.sparse = true, .background = 901, .vote = v})[0](0, 0) == 900);
    }
    CHECK(tb::downsample_segmentation(labels, {2, 1}, 19, {.vote = votes::footprint})[18](0, 0) == 901);
}

TEST_CASE("modes of bytes in windows of more voters than a signed byte counts") {
    // Enough windows for any vector, each of one voxel of 9, which comes first, and else of 7.
    constexpr index_t windows = 64;
    for (const plane& window : {plane{16, 8}, plane{12, 12}, plane{17, 15}}) {
        tb::volume<std::uint8_t, 2> labels({windows * window[0], window[1]});
        std::fill_n(labels.data(), labels.size(), std::uint8_t{7});
        for (index_t x = 0; x < windows; ++x) labels(x * window[0], 0) = 9;
        for (const bool sparse : {false, true}) {
            CHECK(values(tb::downsample_segmentation(labels, window, 1, {.sparse = sparse})[0]) ==
                  std::vector<std::uint8_t>(windows, 7));
        }
    }
}

TEST_CASE("seventy mips") {
    const auto row = image<std::int64_t, 2>({3, 1}, {-5, 0, 9});
    const auto averages = tb::downsample_with_averaging(row, {2, 1}, 70);
    REQUIRE(averages.size() == 70);
    CHECK(values(averages[69]) == std::vector<std::int64_t>{1});
    CHECK(values(tb::downsample_with_max_pooling(row, {2, 1}, 70)[69]) == std::vector<std::int64_t>{9});
    CHECK(values(tb::downsample_with_striding(row, {3, 1}, 70)[69]) == std::vector<std::int64_t>{-5});
    CHECK(values(tb::downsample_segmentation(row, {2, 1}, 70, {.vote = votes::footprint})[69]) ==
          std::vector<std::int64_t>{-5});
}

TEST_CASE("modes of 2x2 and their ties") {
    using ints = std::vector<std::uint32_t>;
    CHECK(modes_of_four<std::uint32_t>({1, 2, 3, 4}) == ints{4, 1, 1});
    CHECK(modes_of_four<std::uint32_t>({4, 3, 2, 1}) == ints{1, 4, 1});
    CHECK(modes_of_four<std::uint32_t>({1, 1, 2, 2}) == ints{1, 1, 1});
    CHECK(modes_of_four<std::uint32_t>({2, 2, 1, 1}) == ints{2, 2, 1});
    CHECK(modes_of_four<std::uint32_t>({1, 2, 2, 1}) == ints{2, 1, 1});
    CHECK(modes_of_four<std::uint32_t>({1, 2, 3, 3}) == ints{3, 3, 3});
    CHECK(modes_of_four<std::uint32_t>({0, 0, 5, 5}) == ints{0, 0, 0});
    // sparse
    CHECK(modes_of_four<std::uint32_t>({0, 2, 3, 0}, true) == ints{3, 2, 2});
    CHECK(modes_of_four<std::uint32_t>({1, 2, 3, 0}, true) == ints{1, 1, 1});
    CHECK(modes_of_four<std::uint32_t>({0, 0, 5, 5}, true) == ints{5, 5, 5});
    CHECK(modes_of_four<std::uint32_t>({0, 7, 0, 0}, true) == ints{7, 7, 7});
    CHECK(modes_of_four<std::uint32_t>({0, 0, 0, 0}, true) == ints{0, 0, 0});
    CHECK(modes_of_four<bool>({true, false, false, true}) == std::vector<bool>{false, true, false});
    CHECK(mode_of_four<std::uint32_t>({9, 9, 9, 9}, {.sparse = true, .background = 9}) == 9);
    CHECK(mode_of_four<std::uint32_t>({9, 9, 0, 9}, {.sparse = true, .background = 9}) == 0);
}

TEST_CASE("a 2x2 rule for full windows of two halved axes only") {
    // A full window, then one cut to 5 / 6.
    const auto corner = image<std::uint8_t, 2>({3, 2}, {1, 2, 5,  //
                                                        3, 4, 6});
    CHECK(values(tb::downsample_segmentation(corner, {2, 2})[0]) == std::vector<std::uint8_t>{4, 5});
    CHECK(values(tb::downsample_segmentation(corner, {2, 1})[0]) == std::vector<std::uint8_t>{1, 5, 3, 6});
    const auto long_window = image<std::uint8_t, 2>({4, 1}, {1, 2, 3, 4});
    CHECK(values(tb::downsample_segmentation(long_window, {4, 1})[0]) == std::vector<std::uint8_t>{1});
    // A cube of extent 1 along z and factor 2 there: four voters, but three halved axes.
    const auto slab = image<std::uint8_t, 3>({2, 2, 1}, {1, 2, 3, 4});
    CHECK(values(tb::downsample_segmentation(slab, {2, 2, 2})[0]) == std::vector<std::uint8_t>{1});
    CHECK(values(tb::downsample_segmentation(slab, {2, 2, 1})[0]) == std::vector<std::uint8_t>{4});
    // Along x and z the scan order is a b / c d too.
    const auto wall = image<std::uint8_t, 3>({2, 1, 2}, {1, 2, 2, 1});
    CHECK(values(tb::downsample_segmentation(wall, {2, 1, 2})[0]) == std::vector<std::uint8_t>{2});
}

TEST_CASE("modes of the previous mip and of footprints differ") {
    // Windows 1 1 1 2 | 2 2 2 2 | 1 1 1 2 | 2 2 3 3: modes 1 2 1 2, of which countless takes a = c = 1; but
    // of the sixteen voters eight are 2 and six are 1.
    const auto labels = image<std::uint8_t, 2>({4, 4}, {1, 1, 2, 2,  //
                                                        1, 2, 2, 2,  //
                                                        1, 1, 2, 2,  //
                                                        1, 2, 3, 3});
    CHECK(values(tb::downsample_segmentation(labels, {2, 2}, 2)[1]) == std::vector<std::uint8_t>{1});
    CHECK(values(tb::downsample_segmentation(labels, {2, 2}, 2, {.vote = votes::footprint})[1]) ==
          std::vector<std::uint8_t>{2});
}

TEST_CASE("modes of labels that only know ==") {
    const auto labels = image<name, 1>({5}, {{1, 1}, {1, 2}, {1, 2}, {3, 0}, {3, 1}});
    const auto mips = tb::downsample_segmentation(labels, {3});
    CHECK(mips[0](0) == name{1, 2});
    CHECK(mips[0](1) == name{3, 0});
    CHECK(tb::downsample_segmentation(labels, {3}, 1, {.sparse = true, .background = {1, 2}})[0](0) ==
          name{1, 1});
}

TEST_CASE("modes of labels wider than a lane") {
    const auto labels = image<long double, 2>({4, 2}, {5, 3, 3, 3, 3, 5, 4, 4});
    for (const votes v : {votes::previous_mip, votes::footprint}) {
        const auto mips = tb::downsample_segmentation(labels, {2, 2}, 2, {.tie = ties::lowest, .vote = v});
        CHECK(values(mips[0]) == std::vector<long double>{3, 3});
        CHECK(values(mips[1]) == std::vector<long double>{3});
    }
}

TEST_CASE("NaN and infinities") {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN(),
                    inf = std::numeric_limits<float>::infinity();
    CHECK(std::isnan(average_of_four<float>({1, nan, 2, 3})));
    CHECK(average_of_four<float>({1, inf, 2, 3}) == inf);
    CHECK(std::isnan(average_of_four<float>({-inf, inf, 2, 3})));
    CHECK(average_of_four<float>({0, inf, 0, 0}, {.sparse = true}) == inf);
    // A NaN is no background, unless the background is NaN.
    CHECK(std::isnan(average_of_four<float>({1, nan, 1, 1}, {.sparse = true})));
    CHECK(average_of_four<float>({1, nan, 1, 1}, {.sparse = true, .background = nan}) == 1.0f);
    constexpr float large = std::numeric_limits<float>::max();
    CHECK(average_of_four<float>({large, large, large, large}) == large);

    CHECK(mode_of_four<float>({nan, nan, 1, 1}, {.tie = ties::first}) == 1.0f);
    CHECK(mode_of_four<float>({nan, nan, 1, 1}) == 1.0f);    // no match with a or c; b = c no; d
    CHECK(mode_of_four<float>({1, nan, nan, 2}) == 2.0f);    // b = c does not hold
    CHECK(std::isnan(mode_of_four<float>({1, 2, 3, nan})));  // d
    CHECK(std::isnan(mode_of_four<float>({nan, nan, nan, 1}, {.tie = ties::first})));
    CHECK(mode_of_four<float>({nan, 2, nan, 1}, {.tie = ties::lowest}) == 1.0f);
    CHECK(std::isnan(mode_of_four<float>({nan, nan, nan, nan}, {.tie = ties::lowest})));
    CHECK(mode_of_four<float>({inf, inf, -inf, -inf}, {.tie = ties::lowest}) == -inf);

    const auto square = image<float, 2>({2, 2}, {3, nan, -inf, inf});
    CHECK(std::isnan(tb::downsample_with_min_pooling(square, {2, 2})[0](0, 0)));
    CHECK(std::isnan(tb::downsample_with_max_pooling(square, {2, 2})[0](0, 0)));
    CHECK(std::isnan(tb::downsample_with_median_pooling(square, {2, 2})[0](0, 0)));
    CHECK(tb::downsample_with_striding(square, {2, 2})[0](0, 0) == 3.0f);
    CHECK(tb::downsample_with_min_pooling(square, {1, 2})[0](0, 0) == -inf);

    const auto zeros = image<float, 1>({3}, {0.0f, -0.0f, 0.0f});
    CHECK(std::signbit(tb::downsample_with_min_pooling(zeros, {3})[0](0)));
    CHECK(!std::signbit(tb::downsample_with_max_pooling(zeros, {3})[0](0)));
    CHECK(!std::signbit(tb::downsample_with_median_pooling(zeros, {3})[0](0)));
}

TEST_CASE("a background of NaN is every NaN in averages") {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    constexpr double wide_nan = std::numeric_limits<double>::quiet_NaN();
    const tb::averaging_options<float> sparse{.sparse = true, .background = nan};
    const tb::averaging_options<double> wide_sparse{.sparse = true, .background = wide_nan};
    CHECK(average_of_four<float>({1, nan, 2, 3}, sparse) == 2.0f);
    CHECK(average_of_four<double>({1, wide_nan, 2, 3}, wide_sparse) == 2.0);
    // With either sign, and any payload.
    CHECK(average_of_four<float>({1, -nan, std::bit_cast<float>(0x7fc12345U), 3}, sparse) == 2.0f);
    CHECK(std::isnan(average_of_four<float>({nan, nan, -nan, nan}, sparse)));
    CHECK(std::isnan(average_of_four<double>({wide_nan, wide_nan, wide_nan, wide_nan}, wide_sparse)));
    // A sum that becomes NaN has no background in it.
    constexpr float inf = std::numeric_limits<float>::infinity();
    CHECK(std::isnan(average_of_four<float>({inf, -inf, nan, 1}, sparse)));
    // What is left out adds no zero either.
    CHECK(std::signbit(average_of_four<float>({nan, -0.0F, nan, -0.0F}, sparse)));

    // (8 + 12 * 2) / 13, at mip 2 of one quarter that is NaN but for one voxel.
    const auto square = image<float, 2>({4, 4}, {nan, nan, 2, 2,  //
                                                 nan, 8, 2, 2,    //
                                                 2, 2, 2, 2,      //
                                                 2, 2, 2, 2});
    const auto mips = tb::downsample_with_averaging(square, {2, 2}, 2, sparse);
    CHECK(values(mips[0]) == std::vector<float>{8, 2, 2, 2});
    CHECK(values(mips[1]) == std::vector<float>{2.4615386F});

    // Rows long enough for vectors.
    tb::volume<float, 2> wide({200, 2});
    for (index_t i = 0; i < wide.size(); ++i) wide.data()[i] = i % 3 == 0 ? nan : static_cast<float>(i % 3);
    const auto thirds = tb::downsample_with_averaging(wide, {3, 2}, 1, sparse)[0];
    for (index_t x = 0; x < 66; ++x) CHECK(thirds(x, 0) == 1.5f);
}

// ---- sums of doubles carry their error

namespace {

// All voxels of all mips are the one value: to the bit.
template <class T>
void check_constant(T value, const plane& shape, const plane& factor, int num_mips,
                    const tb::averaging_options<T>& opt = {}) {
    tb::volume<T, 2> voxels(shape);
    std::fill_n(voxels.data(), voxels.size(), value);
    for (const char* level : testing::all_levels) {
        const testing::forced_level forced(level);
        INFO(level << ", " << value << ", factor " << factor[0] << " x " << factor[1]);
        for (const auto& mip : tb::downsample_with_averaging(voxels, factor, num_mips, opt))
            CHECK(std::all_of(mip.data(), mip.data() + mip.size(),
                              [&](const T& v) { return std::memcmp(&v, &value, sizeof v) == 0; }));
    }
}

}  // namespace

TEST_CASE("averages of doubles do not overflow where the mean is finite") {
    constexpr double most = std::numeric_limits<double>::max(), inf = std::numeric_limits<double>::infinity();
    CHECK(average_of_four<double>({most, most, most, most}) == most);
    CHECK(average_of_four<double>({-most, -most, -most, -most}) == -most);
    CHECK(average_of_four<double>({most, -most, most, -most}) == 0);
    CHECK(average_of_four<double>({most, most, -most, -most}) == 0);
    CHECK(average_of_four<double>({most, -most, -most, most}) == 0);
    CHECK(average_of_four<double>({most, most, 0, 0}) == most / 2);
    CHECK(average_of_four<double>({most, most, most, -most}) == most / 2);
    CHECK(average_of_four<double>({most, most, 1, 1}) == most / 2);
    CHECK(average_of_four<double>({most, most, inf, 1}) == inf);
    CHECK(average_of_four<double>({-inf, most, most, most}) == -inf);
    CHECK(std::isnan(average_of_four<double>({most, most, inf, -inf})));
    CHECK(std::isnan(average_of_four<double>({most, most, std::nan(""), most})));
    // Background is left out, and counts nothing.
    const tb::averaging_options<double> sparse{.sparse = true};
    CHECK(average_of_four<double>({most, most, 0, most}, sparse) == most);
    CHECK(average_of_four<double>({most, most, 0, -most}, sparse) == most / 3);
    CHECK(average_of_four<double>({most, most, most, 5}, {.sparse = true, .background = most}) == 5);
    CHECK(average_of_four<double>({-most, most, most, most}, {.sparse = true, .background = -most}) == most);

    // Every sixteenth window of a long row overflows; the others must stay as they are. In either of two
    // rows, at two mips, and where windows are cut.
    tb::volume<double, 2> rows({1025, 3});
    for (index_t y = 0; y < 3; ++y)
        for (index_t x = 0; x < 1025; ++x) rows(x, y) = x / 2 % 16 == 3 ? most : 3;
    const auto mips = tb::downsample_with_averaging(rows, {2, 2}, 2);
    for (index_t x = 0; x < 513; ++x)
        for (const index_t y : {0, 1}) CHECK(mips[0](x, y) == (x % 16 == 3 ? most : 3));
    for (index_t x = 0; x < 257; ++x) CHECK(mips[1](x, 0) == (x % 8 == 1 ? most / 2 : 3));

    // Wherever in a long row, or in which of many short ones; in the last window, which is cut, too.
    for (const plane& shape : {plane{6002, 2}, plane{50, 80}, plane{1001, 7}}) {
        tb::volume<double, 2> windows(shape);
        const auto overflows = [](index_t x, index_t y) { return (x + 3 * y) % 100 == 50 || x > 320; };
        for (index_t y = 0; y < shape[1]; ++y)
            for (index_t x = 0; x < shape[0]; ++x) windows(x, y) = overflows(x / 3, y / 2) ? most : 3;
        for (const char* level : testing::all_levels) {
            const testing::forced_level forced(level);
            const auto mip = tb::downsample_with_averaging(windows, {3, 2})[0];
            index_t wrong = 0;
            for (index_t y = 0; y < mip.extent(1); ++y)
                for (index_t x = 0; x < mip.extent(0); ++x)
                    wrong += mip(x, y) != (overflows(x, y) ? most : 3);
            INFO(level << ", " << shape[0] << " x " << shape[1]);
            CHECK(wrong == 0);
        }
    }

    // A voxel that counts twice does so here too: windows (M, M), (M twice), so M; and 0 twice against M, M.
    const auto odd = image<double, 1>({3}, {most, most, most});
    CHECK(values(tb::downsample_with_averaging(odd, {2}, 2, {.edge = edges::replicate})[1]) ==
          std::vector<double>{most});
    const auto zero = image<double, 1>({3}, {most, most, 0});
    CHECK(values(tb::downsample_with_averaging(zero, {2}, 2, {.edge = edges::replicate})[1]) ==
          std::vector<double>{most / 2});
    CHECK(values(tb::downsample_with_averaging(zero, {2}, 2)[1]) == std::vector<double>{most / 3 * 2});

    // Interleaved channels, and rows whose voxels lie apart.
    std::vector<double> pixels(4 * 3 * 4);
    for (std::size_t i = 0; i < pixels.size(); ++i)
        pixels[i] = i % 3 == 1 ? most : static_cast<double>(i % 3);
    const auto picture =
        tb::downsample_with_averaging(tb::fortran_order(pixels.data(), {3, 4, 4}), {1, 2, 2}, 2);
    for (const auto& mip : picture)
        for (index_t i = 0; i < mip.size(); ++i)
            CHECK(mip.data()[i] == (i % 3 == 1 ? most : static_cast<double>(i % 3)));
    const tb::volume_view<const double, 2> apart(pixels.data() + 1, {4, 4}, {3, 12});
    CHECK(values(tb::downsample_with_averaging(apart, {4, 4})[0]) == std::vector<double>{most});
}

// Their columns are merged apart, as those of the second mip are, which there is not: the fuzzer saw its form
// read, behind the end of a list. (What sees it here is an address sanitizer, or -D_GLIBCXX_ASSERTIONS.)
TEST_CASE("averages of windows of more rows than are handed over at once, one mip") {
    tb::volume<float, 3> rows({5, 20, 20});
    index_t n = 0;
    for (float& voxel : rows) voxel = static_cast<float>(n++ % 5);
    CHECK(values(tb::downsample_with_averaging(rows, {2, 20, 20})[0]) == std::vector<float>{0.5F, 2.5F, 4});
}

// A volume that may not be in a cache, and each row of windows by itself, which is.
template <class T>
void check_many_rows() {
    using space = tb::index_array<3>;
    tb::volume<T, 3> whole({130, 65, 64 / sizeof(T) + 2});
    const index_t width = whole.extent(0), height = whole.extent(1), depth = whole.extent(2);
    std::uint32_t random = 1;
    for (T& voxel : whole) {
        random = random * 1664525 + 1013904223;
        const std::uint32_t value = random >> 20;
        voxel = static_cast<T>(value % 4 == 0 ? 0 : std::ldexp(value, std::is_integral_v<T> ? -5 : -50));
        if (!std::is_integral_v<T> && value % 7 == 0) voxel = static_cast<T>(value);
    }
    for (const space& factor : {space{8, 8, 8}, {3, 6, 6}, {2, 16, 16}}) {
        INFO(factor[0] << "x" << factor[1] << "x" << factor[2]);
        const auto check = [&](const auto& make) {
            const tb::volume<T, 3> mip = make(whole.view());
            const space mips = mip.shape();
            bool same = true;
            for (index_t z = 0; z < mips[2]; ++z) {
                for (index_t y = 0; y < mips[1]; ++y) {
                    const space begin{0, y * factor[1], z * factor[2]};
                    const space end{width, std::min(height, begin[1] + factor[1]),
                                    std::min(depth, begin[2] + factor[2])};
                    const tb::volume<T, 3> row = make(whole.view().part({begin, end}));
                    same = same &&
                           row == tb::volume<T, 3>(mip.view().part({{0, y, z}, {mips[0], y + 1, z + 1}}));
                }
            }
            CHECK(same);
        };
        for (const bool sparse : {false, true}) {
            check([&](const auto& v) {
                return std::move(tb::downsample_with_averaging(v, factor, 1, {.sparse = sparse})[0]);
            });
            check([&](const auto& v) {
                return std::move(tb::downsample_with_min_pooling(v, factor, 1, {.sparse = sparse})[0]);
            });
        }
    }
}
TEST_CASE("half of the voters is no majority, though the first voter and the last are among them") {
    tb::volume<std::uint32_t, 2> labels({64, 4});
    for (index_t y = 0; y < 4; ++y) {
        for (index_t x = 0; x < 64; ++x) labels(x, y) = y % 3 == 0 ? 7 : 5;
    }
    for (const tb::ties tie : {tb::ties::countless, tb::ties::first, tb::ties::lowest}) {
        const auto mips = tb::downsample_segmentation(labels, {4, 4}, 1, {.tie = tie});
        const std::uint32_t winner = tie == tb::ties::lowest ? 5 : 7;
        CHECK(std::count(mips[0].begin(), mips[0].end(), winner) == 16);
    }
}

TEST_CASE("modes of hundreds of voters, all of them different but two") {
    for (const index_t side : {9, 13, 20, 22}) {
        tb::volume<std::uint16_t, 2> labels({3 * side, side});
        for (index_t y = 0; y < side; ++y) {
            for (index_t x = 0; x < 3 * side; ++x) labels(x, y) = static_cast<std::uint16_t>(x + 100 * y);
        }
        // The last voter of each window votes for the one before it.
        for (index_t w = 1; w <= 3; ++w) labels(w * side - 1, side - 1) = labels(w * side - 2, side - 1);
        const auto mip = tb::downsample_segmentation(labels, {side, side}, 1)[0];
        for (index_t w = 0; w < 3; ++w) CHECK(mip(w, 0) == labels((w + 1) * side - 1, side - 1));
    }
}

TEST_CASE("modes read nothing past the end of a row") {
    for (const index_t factor : {1, 2, 3, 4, 5, 6, 7, 9, 10, 12}) {
        for (const index_t windows : {32, 33, 64}) {
            const std::array<index_t, 2> shape{factor * windows, 6};
            const auto size = static_cast<std::size_t>(shape[0] * shape[1]);
            const testing::tight_memory<std::uint8_t> memory(testing::place::below_guard, size);
            std::vector<std::uint8_t> copy(size);
            for (std::size_t i = 0; i < size; ++i) {
                copy[i] = static_cast<std::uint8_t>(i * i % 251 % 4);
                memory[i] = copy[i];
            }
            const auto mip = [&](const std::uint8_t* labels) {
                return tb::downsample_segmentation(tb::fortran_order(labels, shape), {factor, 3}, 1)[0];
            };
            const bool same = mip(memory.get()) == mip(copy.data());
            CHECK(same);
        }
    }
}

TEST_CASE("windows of many rows do not depend on how many are merged at once") {
    check_many_rows<std::uint16_t>();
    check_many_rows<float>();
    check_many_rows<double>();
}

// Tiles are made smaller where there are fewer of them than tasks are wanted.
TEST_CASE("tiles that are cut smaller for an executor give the same mips") {
    tb::volume<double, 3> image({515, 131, 40});
    std::uint32_t random = 1;
    for (double& voxel : image) {
        random = random * 1664525 + 1013904223;
        voxel = random % 4 == 0 ? 0 : std::ldexp(random >> 8, random % 7 == 0 ? 0 : -60);
    }
    index_t tasks = 0;
    const tb::executor last_first = [&](index_t count, const std::function<void(index_t)>& task) {
        tasks = count;
        while (count > 0) task(--count);
    };
    for (const bool sparse : {false, true}) {
        const auto check = [&](const auto& mips_on) {
            const bool same = mips_on(tb::executor{}) == mips_on(last_first);
            CHECK(same);
            CHECK(tasks > 25);  // there would be 20 at most
        };
        check([&](const tb::executor& run_on) {
            return tb::downsample_with_averaging(image, {3, 2, 4}, 2, {.sparse = sparse, .run_on = run_on});
        });
        check([&](const tb::executor& run_on) {
            return tb::downsample_with_min_pooling(image, {3, 2, 4}, 2, {.sparse = sparse, .run_on = run_on});
        });
        check([&](const tb::executor& run_on) {
            tb::segmentation_options<double> o{.sparse = sparse, .run_on = run_on};
            o.vote = tb::votes::footprint;
            return tb::downsample_segmentation(image, {2, 2, 1}, 3, o);
        });
    }
}

TEST_CASE("sums of four axes nest from the largest stride to the row") {
    // Magnitudes that no double holds together, so that another order is another sum.
    for (const index_t width : {4, 3}) {
        tb::volume<float, 4> image({width, 2, 2, 2});
        const std::array<float, 7> kinds{1e30F, 1.0F, -1e30F, 3e12F, -1.0F, 7e-3F, -3e12F};
        for (index_t i = 0; i < image.size(); ++i)
            image.data()[i] = kinds[static_cast<std::size_t>(i * i % 7)];
        std::vector<double> column;
        for (index_t x = 0; x < width; ++x) {
            double total = 0;
            for (index_t y = 0; y < 2; ++y) {
                double plane = 0;
                for (index_t z = 0; z < 2; ++z) {
                    const double pair = double{image(x, y, z, 0)} + double{image(x, y, z, 1)};
                    plane = z == 0 ? pair : plane + pair;
                }
                total = y == 0 ? plane : total + plane;
            }
            column.push_back(total);
        }
        // The last voxel of three is alone in its window, and counts twice where edges are replicated.
        const auto mean = [&](std::size_t first, double voxels) {
            const double second = first + 1 < column.size() ? column[first + 1]
                                  : voxels == 16            ? column[first]
                                                            : 0;
            return static_cast<float>((column[first] + second) / voxels);
        };
        const auto clipped = tb::downsample_with_averaging(image, {2, 2, 2, 2});
        CHECK(values(clipped[0]) == std::vector<float>{mean(0, 16), mean(2, width == 3 ? 8 : 16)});
        const auto replicated =
            tb::downsample_with_averaging(image, {2, 2, 2, 2}, 1, {.edge = edges::replicate});
        CHECK(values(replicated[0]) == std::vector<float>{mean(0, 16), mean(2, 16)});
    }
}

// Windows with a NaN are passed over, those that overflow or are infinite are not; at three mips, where
// windows are cut, in two channels.
TEST_CASE("averages of doubles among many that are no numbers") {
    constexpr double most = std::numeric_limits<double>::max(), inf = std::numeric_limits<double>::infinity();
    const std::array<double, 7> kinds{std::nan(""), most, most, -most, inf, -inf, 2};
    for (const index_t kinds_of : {2, 4, 7}) {
        tb::volume<double, 3> mixed({2, 533, 21});
        std::uint32_t random = 1;
        for (double& voxel : mixed) {
            random = random * 1664525 + 1013904223;
            const std::uint32_t dice = random >> 16;
            voxel = dice % 5 < 3 ? 3 : kinds[(dice / 5) % static_cast<std::uint32_t>(kinds_of)];
        }
        for (const bool sparse : {false, true}) {
            for (const double background : {3.0, std::nan(""), inf}) {
                if (!sparse && background != 3) continue;
                const auto mips = tb::downsample_with_averaging(mixed, {1, 2, 2}, 3,
                                                                {.sparse = sparse, .background = background});
                index_t wrong = 0;
                for (index_t m = 1; m <= 3; ++m) {
                    const auto& mip = mips[static_cast<std::size_t>(m) - 1];
                    const index_t f = index_t{1} << m;
                    for (index_t y = 0; y < mip.extent(2); ++y)
                        for (index_t x = 0; x < mip.extent(1); ++x)
                            for (const index_t c : {0, 1}) {
                                double small = 0, no_number = 0;
                                index_t large = 0, larges = 0, count = 0;
                                for (index_t j = y * f; j < std::min<index_t>(21, y * f + f); ++j)
                                    for (index_t i = x * f; i < std::min<index_t>(533, x * f + f); ++i) {
                                        const double voxel = mixed(c, i, j);
                                        const bool nan = voxel != voxel;
                                        if (sparse && (nan ? background != background : voxel == background))
                                            continue;
                                        ++count;
                                        if (!std::isfinite(voxel))
                                            no_number += voxel;
                                        else if (std::abs(voxel) == most)
                                            large += voxel > 0 ? 1 : -1, ++larges;
                                        else
                                            small += voxel;
                                    }
                                const double n = static_cast<double>(count);
                                double mean = large == 0 ? small / n : static_cast<double>(large) / n * most;
                                if (count == 0) mean = background;
                                if (no_number != 0) mean = no_number;
                                const double made = mip(c, x, y);
                                // Where the large ones cancel, of the small ones not all is left.
                                const bool cancel = large == 0 && larges > 0 && std::isfinite(mean);
                                const bool same = (cancel && std::abs(made) < 4) || made == mean ||
                                                  (made != made && mean != mean) ||
                                                  std::abs(made - mean) <= std::abs(mean) * 1e-12;
                                wrong += same ? 0 : 1;
                            }
                }
                INFO(kinds_of << ", " << sparse << ", " << background);
                CHECK(wrong == 0);
            }
        }
    }
}

TEST_CASE("an image of equal doubles stays what it is") {
    const auto tenths = image<double, 2>({3, 3}, {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1});
    CHECK(values(tb::downsample_with_averaging(tenths, {3, 3})[0]) == std::vector<double>{0.1});
    for (const index_t f : {2, 3, 5, 6, 7}) {
        for (const double divisor : {10.0, 7.0, 3.0}) {
            for (int k = 1; k <= 20; ++k) {
                check_constant<double>(k / divisor, {40, 13}, {f, f}, 3);
                check_constant<double>(-k / divisor, {53, 3}, {f, 1}, 2);
            }
        }
    }
    for (const index_t f : {2, 3, 5, 6, 7}) {
        constexpr double most = std::numeric_limits<double>::max(),
                         least = std::numeric_limits<double>::denorm_min();
        for (const double value :
             {most, -most, std::nextafter(most, 0), most / 3, most / 7 * 2, least, 3 * least, -7 * least,
              std::numeric_limits<double>::min(), std::nextafter(std::numeric_limits<double>::min(), 0),
              1e300 / 7, 1e-300 / 7, 0.0, -0.0}) {
            check_constant<double>(value, {40, 13}, {f, f}, 3);
            check_constant<double>(value, {40, 13}, {f, f}, 3, {.sparse = true, .background = 7});
        }
    }
    // Large windows, larger than what a mean is divided by with one correction, too.
    check_constant<double>(0.1, {3000, 50}, {3000, 50}, 1);
    check_constant<double>(1.0 / 3, {1001, 77}, {100, 77}, 2);
    // All edges.
    for (const double value : {0.1, 1.0 / 3, -0.7})
        check_constant<double>(value, {37, 11}, {2, 2}, 6, {.edge = edges::replicate});
}

TEST_CASE("averages of doubles are those of exact sums") {
    // 2^53 + 1 is no double; that many sixteenths are.
    constexpr double large = 9007199254740992.0;
    CHECK(average_of_four<double>({large, 1, 1, 1}) == (large + 4) / 4);
    CHECK(average_of_four<double>({large, 1, -large, 1}) == 0.5);
    CHECK(average_of_four<double>({1e16, 1, -1e16, 0}) == 0.25);
    CHECK(average_of_four<double>({1e16, 1, 1, -1e16}) == 0.5);
    // Where large numbers cancel, what is left is all in the error: 3 + 3 * 2^-52 and a bit.
    constexpr double most = std::numeric_limits<double>::max(), tiny = 0x1p-52, least = 0x1p-1022;
    tb::volume<double, 1> cancelling({64});
    for (index_t i = 0; i < 64; i += 16) {
        const double values[] = {most, tiny, least, 1, -most, 1, 0, tiny, -most, 0, most, 0, tiny, 0, 0, 1};
        std::copy_n(values, 16, cancelling.data() + i);
    }
    for (const char* level : testing::all_levels) {
        const testing::forced_level forced(level);
        CHECK(tb::downsample_with_averaging(cancelling, {2}, 4)[3](0) == 0x1.8000000000002p-3);
        CHECK(tb::downsample_with_averaging(cancelling, {16}, 1)[0](3) == 0x1.8000000000002p-3);
    }
    // Ten tenths, a hundred, at two mips.
    tb::volume<double, 2> tenths({100, 10});
    std::fill_n(tenths.data(), tenths.size(), 0.1);
    const auto mips = tb::downsample_with_averaging(tenths, {10, 10}, 2);
    CHECK(std::all_of(mips[0].data(), mips[0].data() + 10, [](double v) { return v == 0.1; }));
    CHECK(mips[1](0, 0) == 0.1);
}

TEST_CASE("zeros keep their sign, infinities and NaN follow IEEE in averages of doubles") {
    constexpr double inf = std::numeric_limits<double>::infinity(),
                     nan = std::numeric_limits<double>::quiet_NaN();
    for (const char* level : testing::all_levels) {
        const testing::forced_level forced(level);
        for (const plane& factor : {plane{2, 2}, plane{3, 1}, plane{5, 2}, plane{1, 3}}) {
            const auto all = [&](double a, double b, const tb::averaging_options<double>& opt = {}) {
                tb::volume<double, 2> voxels({30, 6});
                std::fill_n(voxels.data(), voxels.size(), a);
                // One in each window.
                for (index_t y = 0; y < 6; y += factor[1])
                    for (index_t x = 0; x < 30; x += factor[0]) voxels(x, y) = b;
                const auto mip = tb::downsample_with_averaging(voxels, factor, 1, opt)[0];
                CHECK(std::all_of(mip.data(), mip.data() + mip.size(),
                                  [&](double v) { return std::memcmp(&v, mip.data(), sizeof v) == 0; }));
                return mip(0, 0);
            };
            INFO(level << ", factor " << factor[0] << " x " << factor[1]);
            CHECK(std::signbit(all(-0.0, -0.0)));
            CHECK(!std::signbit(all(-0.0, 0.0)));
            CHECK(!std::signbit(all(0.0, -0.0)));
            CHECK(all(1, inf) == inf);
            CHECK(all(-inf, 1) == -inf);
            CHECK(std::isnan(all(inf, -inf)));
            CHECK(std::isnan(all(1, nan)));
            CHECK(std::isnan(all(inf, nan)));
            CHECK(std::signbit(all(-0.0, 7, {.sparse = true, .background = 7})));
            CHECK(all(inf, 0, {.sparse = true}) == inf);
        }
    }
}

// ---- the order of a returned mip in memory

namespace {

template <class T, std::size_t R>
tb::index_array<R> strides_of_average(const tb::volume_view<T, R>& voxels, const tb::index_array<R>& factor) {
    const auto averages = tb::downsample_with_averaging(voxels, factor);
    CHECK(tb::downsample_segmentation(voxels, factor)[0].strides() == averages[0].strides());
    CHECK(tb::downsample_with_median_pooling(voxels, factor)[0].strides() == averages[0].strides());
    CHECK(tb::downsample_with_striding(voxels, factor)[0].strides() == averages[0].strides());
    return averages[0].strides();
}

}  // namespace

TEST_CASE("returned mips have the order of the image in memory") {
    using space = tb::index_array<3>;
    std::vector<std::uint8_t> memory(1000, 3);
    const auto strides = [&](const space& shape, const space& image_strides,
                             const space& factor = {2, 2, 2}) {
        return strides_of_average(tb::volume_view<std::uint8_t, 3>(memory.data() + 500, shape, image_strides),
                                  factor);
    };
    // Mips of 3 x 2 x 4.
    CHECK(strides({6, 4, 8}, {1, 6, 24}) == space{1, 3, 6});
    CHECK(strides({6, 4, 8}, {32, 8, 1}) == space{8, 4, 1});
    CHECK(strides({6, 4, 8}, {4, 1, 24}) == space{2, 1, 6});
    CHECK(strides({6, 4, 8}, {8, 48, 1}) == space{4, 12, 1});
    // Backwards, and with gaps.
    CHECK(strides({6, 4, 8}, {-32, 8, -1}) == space{8, 4, 1});
    CHECK(strides({6, 4, 8}, {2, 13, 60}) == space{1, 3, 6});
    // Axes of one voxel, or seen many times, go where their number puts them.
    CHECK(strides({6, 1, 8}, {1, 777, 6}) == space{1, 3, 3});
    CHECK(strides({6, 1, 8}, {8, -5, 1}) == space{4, 4, 1});
    CHECK(strides({6, 4, 8}, {0, 1, 4}) == space{1, 3, 6});
    CHECK(strides({6, 4, 8}, {0, 8, 1}) == space{8, 4, 1});
    CHECK(strides({6, 4, 8}, {0, 0, 0}) == space{1, 3, 6});
    CHECK(strides({1, 1, 1}, {5, 5, 5}) == space{1, 1, 1});
    // A mip of extent 1 keeps its place.
    CHECK(strides({6, 4, 8}, {32, 8, 1}, {2, 9, 2}) == space{4, 4, 1});

    // Every mip, and its voxels.
    for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<std::uint8_t>(i % 97);
    const auto mips = tb::downsample_with_max_pooling(tb::c_order(memory.data(), {10, 10, 10}), {1, 2, 2}, 3);
    CHECK(mips[0].strides() == space{25, 5, 1});
    CHECK(mips[1].strides() == space{9, 3, 1});
    CHECK(mips[2].strides() == space{4, 2, 1});
    CHECK(mips[0](3, 4, 2) == std::max({memory[384], memory[385], memory[394], memory[395]}));
    // Without voxels.
    CHECK(tb::downsample_with_averaging(tb::c_order(memory.data(), {4, 0, 6}), {2, 2, 2})[0].shape() ==
          space{2, 0, 3});
}

// ---- an operation of the caller's

namespace {

struct bitwise_or {
    std::uint8_t lift(std::uint8_t flags) const { return flags; }
    std::uint8_t merge(std::uint8_t a, std::uint8_t b) const { return static_cast<std::uint8_t>(a | b); }
    std::uint8_t finish(std::uint8_t flags, index_t) const { return flags; }
};
// How many voxels there are, of which one tells nothing: finish() is told.
struct voxels_beneath {
    struct state {
        std::int32_t count;
    };
    state lift(std::int32_t voxel) const { return {voxel}; }
    state merge(const state& a, const state& b) const { return {a.count + b.count}; }
    std::int32_t finish(const state& s, index_t voxels) const { return s.count == voxels ? s.count : -1; }
};

}  // namespace

TEST_CASE("downsample_with: a bitwise or, and how many voxels there are") {
    const auto flags = image<std::uint8_t, 2>({5, 3}, {1, 2, 4, 8, 16,   //
                                                       0, 32, 0, 0, 64,  //
                                                       1, 1, 1, 1, 128});
    const auto mips = tb::downsample_with(bitwise_or{}, flags, {2, 2}, 3);
    REQUIRE(mips.size() == 3);
    CHECK(values(mips[0]) == std::vector<std::uint8_t>{35, 12, 80, 1, 1, 128});
    CHECK(values(mips[1]) == std::vector<std::uint8_t>{47, 208});
    CHECK(values(mips[2]) == std::vector<std::uint8_t>{255});
    const std::vector<plane> factors{{5, 1}, {1, 3}};
    CHECK(values(tb::downsample_with(bitwise_or{}, flags, std::span<const plane>(factors))[0]) ==
          std::vector<std::uint8_t>{31, 96, 129});

    tb::volume<std::uint8_t, 2> one({3, 2}), two({2, 1});
    const std::vector<tb::volume_view<std::uint8_t, 2>> views{one.view(), two.view()};
    tb::downsample_with_into(bitwise_or{}, flags, {2, 2}, views, {.run_on = tb::threads(2)});
    CHECK(values(one) == values(mips[0]));
    CHECK(values(two) == values(mips[1]));
    const std::vector<plane> twice{{2, 2}, {2, 2}};
    std::fill_n(two.data(), 2, std::uint8_t{0});
    tb::downsample_with_into(bitwise_or{}, flags, std::span<const plane>(twice), views);
    CHECK(values(two) == values(mips[1]));

    // Of ones, all voxels count: in whole windows, cut ones, and at every mip.
    tb::volume<std::int32_t, 3> ones({70, 41, 9});
    std::fill_n(ones.data(), ones.size(), 1);
    for (const tb::index_array<3>& factor :
         {tb::index_array<3>{2, 2, 1}, {3, 5, 2}, {100, 41, 4}, {7, 1, 9}}) {
        const auto counts = tb::downsample_with(voxels_beneath{}, ones, factor, 3);
        for (const auto& mip : counts) {
            CHECK(std::find(mip.data(), mip.data() + mip.size(), -1) == mip.data() + mip.size());
            CHECK(std::accumulate(mip.data(), mip.data() + mip.size(), index_t{0}) == ones.size());
        }
    }
    CHECK(tb::downsample_with(bitwise_or{}, flags, {2, 2}, 0).empty());
    CHECK(tb::downsample_with(bitwise_or{}, tb::volume<std::uint8_t, 2>({0, 3}), {2, 2})[0].size() == 0);
}

TEST_CASE("min, max, lower median, striding") {
    const auto a = image<std::int16_t, 2>({3, 2}, {6, -5, 4,  //
                                                   1, 2, 3});
    CHECK(values(tb::downsample_with_min_pooling(a, {2, 2})[0]) == std::vector<std::int16_t>{-5, 3});
    CHECK(values(tb::downsample_with_max_pooling(a, {2, 2})[0]) == std::vector<std::int16_t>{6, 4});
    CHECK(values(tb::downsample_with_median_pooling(a, {2, 2})[0]) == std::vector<std::int16_t>{1, 3});
    CHECK(values(tb::downsample_with_median_pooling(a, {3, 1})[0]) == std::vector<std::int16_t>{4, 2});
    CHECK(values(tb::downsample_with_striding(a, {2, 1})[0]) == std::vector<std::int16_t>{6, 4, 1, 3});

    // Every mip of striding is whole, also the rows that the next one skips.
    tb::volume<std::uint8_t, 2> square({4, 4});
    for (index_t i = 0; i < 16; ++i) square.data()[i] = static_cast<std::uint8_t>(i);
    const auto strided = tb::downsample_with_striding(square, {2, 2}, 2);
    CHECK(values(strided[0]) == std::vector<std::uint8_t>{0, 2, 8, 10});
    CHECK(values(strided[1]) == std::vector<std::uint8_t>{0});

    // The median of mip 2 is of mip 0: of 0 0 1 1 1 1 ... not of medians. Windows 0 0 9 | 1 1 1 | 0 0 9:
    // medians 0 1 0, whose median is 0; of all nine (0 0 0 0 1 1 1 9 9) it is 1.
    const auto row = image<std::uint8_t, 1>({9}, {0, 0, 9, 1, 1, 1, 0, 0, 9});
    const auto medians = tb::downsample_with_median_pooling(row, {3}, 2);
    CHECK(values(medians[0]) == std::vector<std::uint8_t>{0, 1, 0});
    CHECK(values(medians[1]) == std::vector<std::uint8_t>{1});

    const auto flags = image<bool, 1>({5}, {false, true, true, false, false});
    CHECK(values(tb::downsample_with_min_pooling(flags, {2})[0]) == std::vector<bool>{false, false, false});
    CHECK(values(tb::downsample_with_max_pooling(flags, {2})[0]) == std::vector<bool>{true, true, false});
    CHECK(values(tb::downsample_with_median_pooling(flags, {3})[0]) == std::vector<bool>{true, false});
}

// ---- background

namespace {

// What all methods make of a window, by name.
template <class T>
struct pooled {
    T average, mode, minimum, maximum, median;
    bool operator==(const pooled&) const = default;
};
template <class T>
pooled<T> pool_all(const tb::volume<T, 2>& a, const plane& factor, T background, double least = 0) {
    const auto pool = tb::pooling_options<T>{true, background, least};
    const auto value = [](const auto& mips) { return mips[0](0, 0); };
    return {value(tb::downsample_with_averaging(
                a, factor, 1, {.sparse = true, .background = background, .least_coverage = least})),
            value(tb::downsample_segmentation(
                a, factor, 1, {.sparse = true, .background = background, .least_coverage = least})),
            value(tb::downsample_with_min_pooling(a, factor, 1, pool)),
            value(tb::downsample_with_max_pooling(a, factor, 1, pool)),
            value(tb::downsample_with_median_pooling(a, factor, 1, pool))};
}
template <class T>
pooled<T> pool_four(std::initializer_list<T> v, T background = {}, double least = 0) {
    return pool_all(image<T, 2>({2, 2}, v), {2, 2}, background, least);
}

}  // namespace

TEST_CASE("background is left out by every method") {
    CHECK(pool_four<std::int16_t>({-9999, 5, 7, 9}, -9999) == pooled<std::int16_t>{7, 9, 5, 9, 7});
    CHECK(pool_four<std::uint8_t>({0, 0, 0, 8}) == pooled<std::uint8_t>{8, 8, 8, 8, 8});
    CHECK(pool_four<std::uint8_t>({0, 0, 0, 0}) == pooled<std::uint8_t>{});
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(pool_four<float>({1, nan, 2, 3}, nan) == pooled<float>{2, 3, 1, 3, 2});
    const pooled<float> none = pool_four<float>({nan, -nan, nan, nan}, nan);
    for (const float v : {none.average, none.mode, none.minimum, none.maximum, none.median})
        CHECK(std::isnan(v));
    // A NaN that is no background stays what it is to each of them; zeros of both signs are one background.
    const pooled<float> some = pool_four<float>({0, nan, -0.0F, 3});
    for (const float v : {some.average, some.minimum, some.maximum, some.median}) CHECK(std::isnan(v));
    CHECK(some.mode == 3);
    CHECK(pool_four<double>({-0.0, 0, -0.0, -0.0}) == pooled<double>{});
    CHECK(!std::signbit(pool_four<double>({-0.0, -0.0, -0.0, -0.0}).minimum));

    // The ends of a type are voxels like others.
    constexpr auto low = std::numeric_limits<std::int8_t>::min(),
                   high = std::numeric_limits<std::int8_t>::max();
    for (const std::int8_t background : {low, high, std::int8_t{0}, std::int8_t{-1}}) {
        for (const std::int8_t v : {low, high, std::int8_t{1}}) {
            const std::int8_t expected = v == background ? background : v;
            CHECK(pool_four<std::int8_t>({background, v, background, v}, background) ==
                  pooled<std::int8_t>{expected, expected, expected, expected, expected});
        }
    }
    const auto flags = image<bool, 1>({4}, {true, true, false, true});
    CHECK(values(tb::downsample_with_min_pooling(flags, {2}, 1, {.sparse = true, .background = true})[0]) ==
          std::vector<bool>{true, false});
    CHECK(values(tb::downsample_with_max_pooling(flags, {2}, 1, {.sparse = true, .background = true})[0]) ==
          std::vector<bool>{true, false});
}

TEST_CASE("a least coverage") {
    using bytes = pooled<std::uint8_t>;
    CHECK(pool_four<std::uint8_t>({0, 0, 0, 8}, 0, 0.5) == bytes{});
    CHECK(pool_four<std::uint8_t>({0, 8, 8, 0}, 0, 0.5) == bytes{8, 8, 8, 8, 8});
    CHECK(pool_four<std::uint8_t>({0, 8, 8, 0}, 0, 0.51) == bytes{});
    CHECK(pool_four<std::uint8_t>({8, 8, 8, 8}, 0, 1) == bytes{8, 8, 8, 8, 8});
    CHECK(pool_four<std::uint8_t>({8, 8, 7, 8}, 7, 1) == bytes{7, 7, 7, 7, 7});
    // Doubles decide: ten times 0.1 is 1, and three times it is more than 0.3.
    CHECK(pool_all(image<std::uint8_t, 2>({5, 2}, {3, 0, 0, 0, 0, 0, 0, 0, 0, 0}), {5, 2}, std::uint8_t{0},
                   0.1) == bytes{3, 3, 3, 3, 3});
    CHECK(pool_all(image<std::uint8_t, 2>({5, 2}, {3, 3, 3, 0, 0, 0, 0, 0, 0, 0}), {5, 2}, std::uint8_t{0},
                   0.1 + 0.2) == bytes{});
    // Only voxels that exist: one of two, of a window of four.
    CHECK(pool_all(image<std::uint8_t, 2>({1, 2}, {0, 5}), {2, 2}, std::uint8_t{0}, 0.5) ==
          bytes{5, 5, 5, 5, 5});
    // A mip that reduces nothing has windows of one voxel.
    CHECK(pool_all(image<std::uint8_t, 2>({1, 1}, {5}), {2, 2}, std::uint8_t{0}, 1) == bytes{5, 5, 5, 5, 5});
    // An infinite background comes of no sum that overflowed.
    constexpr double inf = std::numeric_limits<double>::infinity();
    CHECK(pool_four<double>({inf, 1, inf, inf}, inf, 0.5).average == inf);

    // Of mips: footprints count, but where windows of the previous mip vote. One voxel in sixteen, and at mip
    // 1 one label in four.
    const auto square = image<std::uint8_t, 2>({4, 4}, {6, 0, 0, 0,  //
                                                        0, 0, 0, 0,  //
                                                        0, 0, 0, 0,  //
                                                        0, 0, 0, 0});
    const auto at_mip_2 = [&](const auto& mips) { return mips[1](0, 0); };
    const tb::pooling_options<std::uint8_t> pool{.sparse = true, .least_coverage = 0.25};
    const tb::segmentation_options<std::uint8_t> windows{.sparse = true, .least_coverage = 0.25};
    const tb::segmentation_options<std::uint8_t> footprints{
        .sparse = true, .least_coverage = 0.25, .vote = votes::footprint};
    CHECK(at_mip_2(tb::downsample_with_averaging(square, {2, 2}, 2,
                                                 {.sparse = true, .least_coverage = 0.25})) == 0);
    CHECK(at_mip_2(tb::downsample_with_min_pooling(square, {2, 2}, 2, pool)) == 0);
    CHECK(at_mip_2(tb::downsample_with_max_pooling(square, {2, 2}, 2, pool)) == 0);
    CHECK(at_mip_2(tb::downsample_with_median_pooling(square, {2, 2}, 2, pool)) == 0);
    CHECK(at_mip_2(tb::downsample_segmentation(square, {2, 2}, 2, windows)) == 6);
    CHECK(at_mip_2(tb::downsample_segmentation(square, {2, 2}, 2, footprints)) == 0);
    CHECK(tb::downsample_segmentation(square, {2, 2}, 2, footprints)[0](0, 0) == 6);

    // Labels that only know ==.
    const auto names = image<name, 2>({2, 2}, {{1, 1}, {0, 0}, {0, 0}, {0, 0}});
    for (const votes vote : {votes::previous_mip, votes::footprint}) {
        CHECK(tb::downsample_segmentation(names, {2, 2}, 1,
                                          {.sparse = true, .least_coverage = 0.25, .vote = vote})[0](0, 0) ==
              name{1, 1});
        CHECK(tb::downsample_segmentation(names, {2, 2}, 1,
                                          {.sparse = true, .least_coverage = 0.3, .vote = vote})[0](0, 0) ==
              name{0, 0});
    }
}

TEST_CASE("mip_shape") {
    CHECK(tb::mip_shape<3>({5, 4, 1}, {2, 2, 1}) == tb::index_array<3>{3, 2, 1});
    CHECK(tb::mip_shape<3>({5, 4, 1}, {2, 2, 2}, 3) == tb::index_array<3>{1, 1, 1});
    CHECK(tb::mip_shape<3>({2049, 2048, 64}, {2, 2, 1}, 5) == tb::index_array<3>{65, 64, 64});
    CHECK(tb::mip_shape<2>({10, 0}, {3, 3}, 2) == plane{2, 0});
    CHECK(tb::mip_shape<2>({10, 7}, {3, 3}, 0) == plane{10, 7});
    CHECK(tb::mip_shape<1>({std::numeric_limits<index_t>::max()}, {2}, 70) == tb::index_array<1>{1});
    CHECK(tb::mip_shape<1>({std::numeric_limits<index_t>::max()}, {std::numeric_limits<index_t>::max()}, 5) ==
          tb::index_array<1>{1});
}

TEST_CASE("a chunk grid of a volume without voxels, and of one smaller than a chunk") {
    const tb::chunk_grid<2> none({0, 10}, {4, 4}, {2, 2}, 2);
    for (index_t c = 0; c < none.size(); ++c) CHECK(none.source(c).begin[0] == none.source(c).end[0]);
    const tb::chunk_grid<2> one({3, 5}, {64, 64}, {2, 2}, 6);
    REQUIRE(one.size() == 1);
    CHECK(one.source(0).begin == plane{0, 0});
    CHECK(one.source(0).end == plane{3, 5});
    CHECK(one.mip(0, 1).end == plane{2, 3});
    CHECK(one.mip(0, 6).end == plane{1, 1});
}

TEST_CASE("near_isotropic_factors") {
    using factors = std::vector<tb::index_array<3>>;
    // 4 4 40 -> 8 8 40 -> 16 16 40 -> 32 32 40 and from there all three.
    CHECK(tb::near_isotropic_factors<3>({4, 4, 40}, 5) ==
          factors{{2, 2, 1}, {2, 2, 1}, {2, 2, 1}, {2, 2, 2}, {2, 2, 2}});
    // 8 8 33 -> 16 16 33 -> 32 32 33.
    CHECK(tb::near_isotropic_factors<3>({8, 8, 33}, 4) ==
          factors{{2, 2, 1}, {2, 2, 1}, {2, 2, 2}, {2, 2, 2}});
    // 16 16 45 -> 32 32 45.
    CHECK(tb::near_isotropic_factors<3>({16, 16, 45}, 3) == factors{{2, 2, 1}, {2, 2, 2}, {2, 2, 2}});
    // Below and above the square root of 2.
    CHECK(tb::near_isotropic_factors<3>({10, 10, 14.1}, 1) == factors{{2, 2, 2}});
    CHECK(tb::near_isotropic_factors<3>({10, 10, 14.2}, 1) == factors{{2, 2, 1}});
    CHECK(tb::near_isotropic_factors<3>({5, 5, 5}, 2) == factors{{2, 2, 2}, {2, 2, 2}});
    CHECK(tb::near_isotropic_factors<3>({40, 4, 4}, 1) == factors{{1, 2, 2}});
    CHECK(tb::near_isotropic_factors<3>({4, 4, 40}, 0).empty());
    CHECK(tb::near_isotropic_factors<1>({7}, 2) == std::vector<tb::index_array<1>>{{2}, {2}});
}

TEST_CASE("every sum that a small window of uint8 can have is divided exactly") {
    for (index_t fx = 1; fx <= 5; ++fx) {
        for (index_t fy = 1; fx * fy <= 16; ++fy) {
            // One window for each sum, along x.
            const index_t n = fx * fy;
            const index_t sums = 255 * n + 1;
            tb::volume<std::uint8_t, 2> voxels({fx * sums, fy});
            for (index_t sum = 0; sum < sums; ++sum) {
                for (index_t i = 0; i < n; ++i) {
                    voxels(sum * fx + i % fx, i / fx) =
                        static_cast<std::uint8_t>(std::clamp<index_t>(sum - 255 * i, 0, 255));
                }
            }
            const auto toward_zero = tb::downsample_with_averaging(voxels, {fx, fy}, 1, {})[0];
            const auto half_up =
                tb::downsample_with_averaging(voxels, {fx, fy}, 1, {.round = rounding::half_up})[0];
            index_t wrong = 0;
            for (index_t sum = 0; sum < sums; ++sum) {
                wrong += toward_zero(sum, 0) != sum / n;
                wrong += half_up(sum, 0) != (2 * sum + n) / (2 * n);
            }
            INFO(fx << " x " << fy);
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE("windows begin at multiples of the factor on the grid that a volume is placed on") {
    tb::volume<std::uint8_t, 1> ten({10});
    std::iota(ten.begin(), ten.end(), std::uint8_t{3});
    const auto mips = tb::downsample_with_averaging(tb::placed(ten, {3}), {4});
    CHECK(values(mips[0]) == std::vector<std::uint8_t>{3, 5, 9, 12});
    CHECK(mips[0].origin() == tb::index_array<1>{0});
    CHECK(values(tb::downsample_with_averaging(ten, {4})[0]) == std::vector<std::uint8_t>{4, 8, 11});
    CHECK(values(tb::downsample_with_striding(tb::placed(ten, {-1}), {4})[0]) ==
          std::vector<std::uint8_t>{3, 4, 8, 12});
    // Half a window is one voxel, which counts twice.
    tb::volume<std::uint8_t, 1> three({3});
    three(0) = 100, three(1) = 10, three(2) = 30;
    const tb::averaging_options<std::uint8_t> replicate{.edge = tb::edges::replicate};
    CHECK(values(tb::downsample_with_averaging(tb::placed(three, {1}), {2}, 2, replicate)[1]) ==
          std::vector<std::uint8_t>{60});
    CHECK(values(tb::downsample_with_averaging(tb::placed(three, {1}), {2}, 2)[1]) ==
          std::vector<std::uint8_t>{46});
}

namespace {

// What an average of 4 MiB makes of an executor: how many tasks, or what was refused.
std::string answer_to(const tb::executor& run_on) {
    static const tb::volume<std::uint8_t, 3> image = [] {
        tb::volume<std::uint8_t, 3> v({1024, 1024, 8});
        std::fill(v.begin(), v.end(), std::uint8_t{7});
        return v;
    }();
    try {
        const auto mips = tb::downsample_with_averaging(image, {2, 2, 1}, 3, {.run_on = run_on});
        for (const auto& mip : mips)
            if (std::count(mip.begin(), mip.end(), 7) != mip.size()) return "other voxels";
        return "";
    } catch (const std::logic_error& e) {
        return e.what();
    }
}

}  // namespace

TEST_CASE("an executor that does not run each task is refused") {
    using task_of = const std::function<void(tb::index_t)>&;
    CHECK(answer_to([](tb::index_t n, task_of task) {
              for (tb::index_t i = 0; i < n; ++i) task(i);
          }) == "");
    // Those that run twice run once.
    CHECK(answer_to([](tb::index_t n, task_of task) {
              for (tb::index_t i = 0; i < 2 * n; ++i) task(i % n);
          }) == "");
    const std::string none = answer_to([](tb::index_t, task_of) {});
    CHECK(none.find("had run 0 of ") != std::string::npos);
    const std::string some = answer_to([](tb::index_t, task_of task) {
        for (int i = 0; i < 100; ++i) task(1);
    });
    CHECK(some.find("had run 1 of ") != std::string::npos);
    // One that comes back before its threads have even begun: they find nothing to do, and touch nothing.
    std::vector<std::thread> late;
    std::atomic<bool> go{false};
    const std::string early = answer_to([&](tb::index_t n, task_of task) {
        late.emplace_back([n, task, &go] {
            while (!go) std::this_thread::yield();
            for (tb::index_t i = 0; i < n; ++i) task(i);
        });
    });
    go = true;
    for (std::thread& thread : late) thread.join();
    CHECK(early.find("had run 0 of ") != std::string::npos);
    // One that swallows what a task throws.
    struct op {
        std::uint8_t lift(std::uint8_t) const { throw std::runtime_error("no"); }
        std::uint8_t merge(std::uint8_t a, std::uint8_t) const { return a; }
        std::uint8_t finish(std::uint8_t a, tb::index_t) const { return a; }
    };
    const tb::executor swallows = [](tb::index_t n, task_of task) {
        for (tb::index_t i = 0; i < n; ++i) {
            try {
                task(i);
            } catch (...) {
            }
        }
    };
    const tb::volume<std::uint8_t, 2> image({8, 8});
    CHECK_THROWS_AS(tb::downsample_with(op{}, image, {2, 2}, 1, {.run_on = swallows}), std::logic_error);
}

TEST_CASE("a pool is an executor, also of what runs in it") {
    // One thread, and a queue that it works off.
    std::mutex mutex;
    std::condition_variable more;
    std::deque<std::function<void()>> queue;
    bool ends = false;
    std::thread worker([&] {
        std::unique_lock<std::mutex> lock(mutex);
        while (true) {
            more.wait(lock, [&] { return ends || !queue.empty(); });
            if (queue.empty()) return;
            const auto work = std::move(queue.front());
            queue.pop_front();
            lock.unlock();
            work();
            lock.lock();
        }
    });
    const auto submit = [&](std::function<void()> work) {
        const std::lock_guard<std::mutex> lock(mutex);
        queue.push_back(std::move(work));
        more.notify_one();
    };
    const tb::executor run_on = tb::submit_to(submit, 3);
    CHECK(answer_to(run_on) == "");
    std::promise<std::string> within;
    submit([&] { within.set_value(answer_to(run_on)); });
    CHECK(within.get_future().get() == "");
    {
        const std::lock_guard<std::mutex> lock(mutex);
        ends = true;
        more.notify_one();
    }
    worker.join();
    // One that drops everything, one that has nobody, and one that throws.
    CHECK(answer_to(tb::submit_to([](const std::function<void()>&) {}, 3)) == "");
    CHECK(answer_to(tb::submit_to([](const std::function<void()>&) {}, 0)) == "");
    CHECK(answer_to(tb::submit_to([](const std::function<void()>&) { throw 1; }, 2)) == "");
    CHECK(answer_to(tb::threads(std::thread::hardware_concurrency())) == "");
    CHECK(answer_to(tb::threads(0)) == "");
}
