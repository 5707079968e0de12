// SPDX-License-Identifier: BSL-1.0
// The oracle must itself be right before it may judge: cases worked by hand.
#include "oracle.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "catch.hpp"

namespace {

using oracle::edges;
using oracle::rounding;
using oracle::ties;
using oracle::votes;
using plane = oracle::index<2>;

template <class T>
oracle::array<T, 2> image(plane shape, std::initializer_list<T> values) {
    oracle::array<T, 2> a(shape);
    std::copy(values.begin(), values.end(), std::begin(a.values));
    return a;
}

template <class T, std::size_t R>
std::vector<T> values(const oracle::array<T, R>& a) {
    return {std::begin(a.values), std::end(a.values)};
}

template <class T>
T mean_of_four(std::initializer_list<T> v, rounding r, edges e = edges::clip) {
    oracle::options<T> opt;
    opt.round = r;
    opt.edge = e;
    return oracle::averages(image<T>({2, 2}, v), {{2, 2}}, opt)[0].value({0, 0});
}

template <class T>
std::vector<T> means_of_four(std::initializer_list<T> v, edges e = edges::clip) {
    return {mean_of_four(v, rounding::toward_zero, e), mean_of_four(v, rounding::half_up, e),
            mean_of_four(v, rounding::half_even, e)};
}

int mode_of_four(std::initializer_list<int> v, ties t, bool sparse = false) {
    oracle::options<int> opt;
    opt.sparse = sparse;
    opt.tie = t;
    return oracle::modes(image<int>({2, 2}, v), {{2, 2}}, opt)[0]({0, 0});
}

std::vector<int> modes_of_four(std::initializer_list<int> v, bool sparse = false) {
    return {mode_of_four(v, ties::countless, sparse), mode_of_four(v, ties::first, sparse),
            mode_of_four(v, ties::lowest, sparse)};
}

}  // namespace

TEST_CASE("oracle: averages round once, exactly") {
    for (const edges e : {edges::clip, edges::replicate}) {
        CHECK(means_of_four<std::uint8_t>({1, 2, 2, 2}, e) == std::vector<std::uint8_t>{1, 2, 2});
        CHECK(means_of_four<std::uint8_t>({1, 2, 1, 2}, e) == std::vector<std::uint8_t>{1, 2, 2});
        CHECK(means_of_four<std::uint8_t>({2, 3, 2, 3}, e) == std::vector<std::uint8_t>{2, 3, 2});
        CHECK(means_of_four<std::int8_t>({-1, -2, -2, -2}, e) == std::vector<std::int8_t>{-1, -2, -2});
        CHECK(means_of_four<std::int8_t>({-1, -2, -1, -2}, e) == std::vector<std::int8_t>{-1, -1, -2});
        CHECK(means_of_four<std::int64_t>({-3, -2, -3, -2}, e) == std::vector<std::int64_t>{-2, -2, -2});
        CHECK(means_of_four<std::int32_t>({-1, 0, 0, 0}, e) == std::vector<std::int32_t>{0, 0, 0});
        CHECK(means_of_four<std::int64_t>({-1, -1, -1, 0}, e) == std::vector<std::int64_t>{0, -1, -1});
        constexpr auto u = std::numeric_limits<std::uint64_t>::max();
        CHECK(means_of_four<std::uint64_t>({u, u, u, u}, e) == std::vector<std::uint64_t>{u, u, u});
        CHECK(means_of_four<std::uint64_t>({u, u, u, u - 1}, e) == std::vector<std::uint64_t>{u - 1, u, u});
        CHECK(means_of_four<std::uint64_t>({u, u, 0, 0}, e) ==
              std::vector<std::uint64_t>{u / 2, u / 2 + 1, u / 2 + 1});
        constexpr auto lo = std::numeric_limits<std::int64_t>::min(),
                       hi = std::numeric_limits<std::int64_t>::max();
        CHECK(means_of_four<std::int64_t>({lo, lo, lo, lo}, e) == std::vector<std::int64_t>{lo, lo, lo});
        CHECK(means_of_four<std::int64_t>({lo, lo, lo, lo + 1}, e) ==
              std::vector<std::int64_t>{lo + 1, lo, lo});
        CHECK(means_of_four<std::int64_t>({lo, hi, lo, hi}, e) == std::vector<std::int64_t>{0, 0, 0});
        CHECK(means_of_four<std::int64_t>({hi, hi, hi, hi}, e) == std::vector<std::int64_t>{hi, hi, hi});
        CHECK(means_of_four<float>({1, 2, 3, 5}, e) == std::vector<float>{2.75f, 2.75f, 2.75f});
    }
}

TEST_CASE("oracle: averages of doubles are the nearest to the exact mean") {
    const auto mean = [](std::initializer_list<double> v, edges e = edges::clip) {
        oracle::options<double> opt;
        opt.edge = e;
        return oracle::averages(image<double>({static_cast<oracle::integer>(v.size()), 1}, v),
                                {{e == edges::clip ? static_cast<oracle::integer>(v.size()) : 2, 1}}, opt)[0]
            .value({0, 0});
    };
    constexpr double most = std::numeric_limits<double>::max(),
                     least = std::numeric_limits<double>::denorm_min(),
                     inf = std::numeric_limits<double>::infinity();
    CHECK(mean({1, 2, 3, 5}) == 2.75);
    CHECK(mean({-1, -2, -3, -5}) == -2.75);
    CHECK(mean({1, 2}, edges::replicate) == 1.5);
    CHECK(mean({0.1, 0.1, 0.1}) == 0.1);
    CHECK(mean({1, 0, 0}) == 1.0 / 3);
    CHECK(mean({2, 2, -3, 0, 0, 0, 0}) == 1.0 / 7);
    CHECK(mean({1e16, 1, -1e16}) == 1.0 / 3);
    CHECK(mean({most, most, most}) == most);
    CHECK(mean({-most, most, -most}) == -most / 3);
    CHECK(mean({least, least, least}) == least);
    // Two thirds of the smallest number, a half, which is even at 0, and a third.
    CHECK(mean({least, least, 0}) == least);
    CHECK(mean({least, 0}) == 0);
    CHECK(mean({3 * least, 0}) == 2 * least);
    CHECK(mean({least, 0, 0}) == 0);
    // 2^53 + 1 lies between two doubles, as 2^53 + 3 does; what is above it by a little is rounded up.
    CHECK(mean({9007199254740992.0, 1, 9007199254740992.0, 1}) == (9007199254740992.0 + 1) / 2);
    CHECK(mean({9007199254740992.0 * 2, 2}) == 9007199254740992.0);
    CHECK(mean({9007199254740992.0 * 2, 6}) == 9007199254740996.0);
    CHECK(mean({9007199254740992.0 * 2, 2, 0, 0}) == 4503599627370496.0);
    CHECK(mean({9007199254740992.0 * 2, 2, least, 0}) == 4503599627370497.0);
    CHECK(mean({inf, 1}) == inf);
    CHECK(mean({-inf, most}) == -inf);
    CHECK(std::isnan(mean({-inf, inf})));
    CHECK(std::isnan(mean({std::numeric_limits<double>::quiet_NaN(), inf})));
    CHECK(std::signbit(mean({-0.0, -0.0})));
    CHECK(!std::signbit(mean({-0.0, 0.0})));
    CHECK(!std::signbit(mean({-1, 1})));
}

TEST_CASE("oracle: a ramp of 5 x 5") {
    oracle::array<std::uint8_t, 2> ramp({5, 5});
    for (std::size_t i = 0; i < 25; ++i) ramp.values[i] = static_cast<std::uint8_t>(i);
    const std::vector<plane> twice{{2, 2}, {2, 2}};

    const auto clipped = oracle::averages(ramp, twice, {});
    CHECK(values(clipped[0].value) == std::vector<std::uint8_t>{3, 5, 6, 13, 15, 16, 20, 22, 24});
    // Columns 0-3 of rows 0-3: 144/16; column 4 of rows 0-3: 46/4; columns 0-3 of row 4: 86/4.
    CHECK(values(clipped[1].value) == std::vector<std::uint8_t>{9, 11, 21, 24});

    oracle::options<std::uint8_t> replicate;
    replicate.edge = edges::replicate;
    const auto replicated = oracle::averages(ramp, twice, replicate);
    CHECK(values(replicated[0].value) == std::vector<std::uint8_t>{3, 5, 6, 13, 15, 16, 20, 22, 24});
    CHECK(values(replicated[1].value) == std::vector<std::uint8_t>{9, 11, 21, 24});
}

TEST_CASE("oracle: replicated voxels count twice at every mip") {
    // Three voxels: windows (0, 0), (9, 9); then 4.5. Clipped, the mean of all three is 3.
    oracle::options<std::uint8_t> opt;
    const auto row = [](std::initializer_list<std::uint8_t> v) {
        oracle::array<std::uint8_t, 1> a({static_cast<oracle::integer>(v.size())});
        std::copy(v.begin(), v.end(), std::begin(a.values));
        return a;
    };
    const std::vector<oracle::index<1>> twice(2, {2});
    CHECK(values(oracle::averages(row({0, 0, 9}), twice, opt)[1].value) == std::vector<std::uint8_t>{3});
    opt.edge = edges::replicate;
    CHECK(values(oracle::averages(row({0, 0, 9}), twice, opt)[1].value) == std::vector<std::uint8_t>{4});
    // Sparse: sums and counts double. (8), (2 twice) -> (8 + 4) / 3 = 4.
    opt.sparse = true;
    CHECK(values(oracle::averages(row({0, 8, 2}), twice, opt)[1].value) == std::vector<std::uint8_t>{4});
    CHECK(values(oracle::averages(row({0, 0, 0}), twice, opt)[1].value) == std::vector<std::uint8_t>{0});
    // 70 mips: long after the extent has reached 1 the mean stands still.
    CHECK(values(oracle::averages(row({0, 8, 2}), std::vector<oracle::index<1>>(70, {2}), opt)[69].value) ==
          std::vector<std::uint8_t>{4});
}

TEST_CASE("oracle: modes and their ties") {
    CHECK(modes_of_four({1, 2, 3, 4}) == std::vector<int>{4, 1, 1});
    CHECK(modes_of_four({4, 3, 2, 1}) == std::vector<int>{1, 4, 1});
    CHECK(modes_of_four({1, 1, 2, 2}) == std::vector<int>{1, 1, 1});
    CHECK(modes_of_four({1, 2, 2, 1}) == std::vector<int>{2, 1, 1});
    CHECK(modes_of_four({0, 0, 5, 5}) == std::vector<int>{0, 0, 0});
    CHECK(modes_of_four({0, 0, 5, 5}, true) == std::vector<int>{5, 5, 5});
    CHECK(modes_of_four({0, 2, 3, 0}, true) == std::vector<int>{3, 2, 2});
    CHECK(modes_of_four({1, 2, 3, 0}, true) == std::vector<int>{1, 1, 1});
    CHECK(modes_of_four({0, 0, 0, 0}, true) == std::vector<int>{0, 0, 0});
}

TEST_CASE("oracle: votes of footprints and of windows") {
    // Windows 1 1 1 2 | 2 2 2 2 | 1 1 1 2 | 2 2 3 3 on a 4 x 4 square: their modes are 1 2 1 2, a tie that
    // countless gives to a = c = 1; of all sixteen voters 2 has eight.
    const auto labels = image<int>({4, 4}, {1, 1, 2, 2,  //
                                            1, 2, 2, 2,  //
                                            1, 1, 2, 2,  //
                                            1, 2, 3, 3});
    oracle::options<int> opt;
    const std::vector<plane> twice{{2, 2}, {2, 2}};
    CHECK(values(oracle::modes(labels, twice, opt)[1]) == std::vector<int>{1});
    opt.vote = votes::footprint;
    CHECK(values(oracle::modes(labels, twice, opt)[1]) == std::vector<int>{2});
}

TEST_CASE("oracle: ranks, strides, shapes") {
    const auto a = image<int>({3, 2}, {6, 5, 4, 1, 2, 3});
    CHECK(values(oracle::minima(a, {plane{2, 2}}, {})[0]) == std::vector<int>{1, 3});
    CHECK(values(oracle::maxima(a, {plane{2, 2}}, {})[0]) == std::vector<int>{6, 4});
    CHECK(values(oracle::medians(a, {plane{2, 2}}, {})[0]) == std::vector<int>{2, 3});
    CHECK(values(oracle::strided(a, {plane{2, 1}})[0]) == std::vector<int>{6, 4, 1, 3});
    CHECK(oracle::mip_shapes<2>({7, 0}, {{2, 3}, {2, 3}}) == std::vector<plane>{{4, 0}, {2, 0}});
}

TEST_CASE("oracle: background and least coverage") {
    const auto a = image<int>({4, 2}, {-9, 5, -9, -9,  //
                                       7, 9, -9, 3});
    oracle::options<int> opt;
    opt.sparse = true;
    opt.background = -9;
    const auto all = [&] {
        const std::vector<plane> f{{2, 2}};
        return std::vector<std::vector<int>>{
            values(oracle::minima(a, f, opt)[0]), values(oracle::maxima(a, f, opt)[0]),
            values(oracle::medians(a, f, opt)[0]), values(oracle::modes(a, f, opt)[0]),
            values(oracle::averages(a, f, opt)[0].value)};
    };
    CHECK(all() == std::vector<std::vector<int>>{{5, 3}, {9, 3}, {7, 3}, {9, 3}, {7, 3}});
    opt.least_coverage = 0.25;
    CHECK(all() == std::vector<std::vector<int>>{{5, 3}, {9, 3}, {7, 3}, {9, 3}, {7, 3}});
    opt.least_coverage = 0.26;
    CHECK(all() == std::vector<std::vector<int>>{{5, -9}, {9, -9}, {7, -9}, {9, -9}, {7, -9}});
    opt.least_coverage = 0.76;
    CHECK(all() == std::vector<std::vector<int>>(5, {-9, -9}));

    // Replicated, the last voxel of three counts twice at mip 2, and so it is half of what there is.
    oracle::array<int, 1> row({3});
    row.values[2] = 8;
    oracle::options<int> replicate;
    replicate.sparse = true;
    replicate.least_coverage = 0.5;
    const std::vector<oracle::index<1>> twice(2, {2});
    CHECK(values(oracle::averages(row, twice, replicate)[1].value) == std::vector<int>{0});
    replicate.edge = edges::replicate;
    CHECK(values(oracle::averages(row, twice, replicate)[1].value) == std::vector<int>{8});
    // Of windows at mip 1, one of two is enough; of voxels it is one of three.
    replicate.edge = edges::clip;
    CHECK(values(oracle::modes(row, twice, replicate)[1]) == std::vector<int>{8});
    replicate.vote = votes::footprint;
    CHECK(values(oracle::modes(row, twice, replicate)[1]) == std::vector<int>{0});

    const double nan = std::numeric_limits<double>::quiet_NaN();
    const auto reals = image<double>({2, 2}, {nan, 1, -nan, 2});
    oracle::options<double> numbers;
    CHECK(std::isnan(values(oracle::minima(reals, {plane{2, 2}}, numbers)[0])[0]));
    numbers.sparse = true;
    CHECK(std::isnan(values(oracle::minima(reals, {plane{2, 2}}, numbers)[0])[0]));
    numbers.background = nan;
    CHECK(values(oracle::minima(reals, {plane{2, 2}}, numbers)[0]) == std::vector<double>{1});
    CHECK(values(oracle::medians(reals, {plane{2, 2}}, numbers)[0]) == std::vector<double>{1});
    CHECK(values(oracle::modes(reals, {plane{2, 2}}, numbers)[0]) == std::vector<double>{2});
}
