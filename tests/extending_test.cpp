// SPDX-License-Identifier: BSL-1.0
// A pooling of one's own: CONTRIBUTING.md quotes what lies between the two marks, and .ci/layers compares the
// quote.
#include <tinybrain/downsample_with.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <type_traits>
#include <vector>

#include "catch.hpp"
#include "random_case.hpp"

// [quote midrange begins]
/// The midrange of a footprint: half way from its smallest voxel to its largest.
template <class T>
struct midrange {
    struct state {
        T smallest, largest;
    };
    state lift(const T& voxel) const { return {voxel, voxel}; }
    state merge(const state& a, const state& b) const {
        return {std::min(a.smallest, b.smallest), std::max(a.largest, b.largest)};
    }
    T finish(const state& s, tinybrain::index_t) const { return std::midpoint(s.smallest, s.largest); }
};
// [quote midrange ends]

namespace {

using namespace testing;

// The same with states of a kilobyte.
template <class T>
struct heavy_midrange : midrange<T> {
    struct state : midrange<T>::state {
        std::array<std::byte, 1000> histogram;
    };
    state lift(const T& voxel) const { return {midrange<T>::lift(voxel), {}}; }
    state merge(const state& a, const state& b) const { return {midrange<T>::merge(a, b), {}}; }
    T finish(const state& s, tb::index_t n) const { return midrange<T>::finish(s, n); }
};

// The sum of voxels of a kilobyte.
struct spectrum {
    std::int32_t sum;
    std::array<std::byte, 1000> rest;
};
struct sum_of_spectra {
    spectrum lift(const spectrum& voxel) const { return voxel; }
    spectrum merge(const spectrum& a, const spectrum& b) const { return {a.sum + b.sum, {}}; }
    spectrum finish(const spectrum& s, tb::index_t) const { return s; }
};

// For types that an int holds, and for unsigned ones.
template <class T>
T midrange_of(std::vector<T>& values) {
    const auto [smallest, largest] = std::minmax_element(values.begin(), values.end());
    return static_cast<T>(*smallest + (*largest - *smallest) / 2);
}

// Any layout, shape, factor and executor.
template <class T, class Op = midrange<T>>
void check_midrange(dice d) {
    const strided<T, 3> image(d, static_cast<layout>(d.between(0, 6)),
                              random_shape<3>(d, d.one_of<index_t>({20, 400, 4000})));
    fill(d, static_cast<content>(d.between(0, 6)), image);
    const auto factor = random_factor(d, image.shape, false);
    const index_t num_mips = d.between(1, 5);
    const std::vector<index_array<3>> factors(static_cast<std::size_t>(num_mips), factor);
    const auto expected = oracle::of_footprints<T, 3>(logical(image), factors, midrange_of<T>);

    const tb::run_options options{.run_on = d.chance(50) ? tb::executor{} : tb::threads(3)};
    const auto mips = tb::downsample_with(Op{}, image.view(), factor, static_cast<int>(num_mips), options);

    INFO(image.describe() << ", " << num_mips << " mips of factor " << text(factor));
    REQUIRE(mips.size() == expected.size());
    for (std::size_t m = 0; m < mips.size(); ++m) {
        REQUIRE(mips[m].shape() == expected[m].shape);
        REQUIRE(first_difference(method::maximum, m + 1, answer<T, 3>{expected[m], {}}, mips[m].view()) ==
                "");
    }
}

}  // namespace

TEST_CASE("a pooling of one's own") {
    for (std::uint64_t i = 0; i < 1000; ++i) {
        INFO("TINYBRAIN_TEST_SEED=" << seed() << ", case " << i);
        check_midrange<std::uint8_t>(dice(mixed(seed(), i)));
        check_midrange<std::int16_t>(dice(mixed(seed(), i)));
        check_midrange<std::uint64_t>(dice(mixed(seed(), i)));
    }
}

TEST_CASE("a pooling with large states") {
    for (std::uint64_t i = 0; i < 200; ++i) {
        INFO("TINYBRAIN_TEST_SEED=" << seed() << ", case " << i);
        check_midrange<std::uint8_t, heavy_midrange<std::uint8_t>>(dice(mixed(seed(), i)));
    }
    // The longest windows that are folded at once, and some that are cut.
    for (const tb::index_t factor : {63, 64, 65}) {
        tb::volume<std::uint8_t, 2> image({600, 3});
        std::iota(image.begin(), image.end(), std::uint8_t{0});
        const auto expected = tb::downsample_with(midrange<std::uint8_t>{}, image, {factor, 2});
        CHECK(tb::downsample_with(heavy_midrange<std::uint8_t>{}, image, {factor, 2}) == expected);
    }
}

TEST_CASE("a pooling of large voxels") {
    for (const tb::index_t factor : {2, 7, 64}) {
        tb::volume<spectrum, 3> image({3, 131, 5});
        for (spectrum& voxel : image) voxel.sum = 1;
        const auto mips = tb::downsample_with(sum_of_spectra{}, image, {1, factor, 2}, 2);
        for (const auto& mip : mips) {
            std::int32_t total = 0;
            for (const spectrum& voxel : mip) total += voxel.sum;
            CHECK(total == 3 * 131 * 5);
        }
    }
}
