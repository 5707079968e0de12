// SPDX-License-Identifier: BSL-1.0
// All that is tested for every element type, compiled once for each.
//   TINYBRAIN_TEST_TYPE   std::uint8_t, ..., float, double, bool
//   TINYBRAIN_TEST_NO_AVERAGES  defined for a type that has none
//   TINYBRAIN_TEST_RANKS  those of the randomised comparison, 3 among them
#include <cstdio>

#include "any_case.hpp"
#include "chunks.hpp"
#include "hashes/cases.hpp"
#include "hashes/table.hpp"
#include "levels.hpp"
#include "sweeps.hpp"

namespace {

using namespace testing;
using T = TINYBRAIN_TEST_TYPE;

constexpr index_t types = 11;
constexpr index_t standard_cases = TINYBRAIN_TEST_STANDARD_CASES;

// One stream of dice for each type and kind of test.
std::uint64_t stream(std::uint64_t kind) {
    return mixed(seed(), kind * 64 + 2 * sizeof(T) + std::is_signed_v<T> * 32 +
                             std::is_floating_point_v<T> * 16 + std::is_same_v<T, bool>);
}

}  // namespace

#ifndef TINYBRAIN_TEST_NO_AVERAGES
// One voxel seen 2^24 times: each mip is that value, and no sum of any width may wrap on the way.
TEST_CASE("sums of many voxels: " TINYBRAIN_TEST_NAME) {
    for (const T value : {std::numeric_limits<T>::lowest(), std::numeric_limits<T>::max(), T{1}}) {
        if (std::is_floating_point_v<T> && value != 1) continue;
        T voxel = value;
        const tb::volume_view<T, 3> image(&voxel, {4096, 4096, 1}, {0, 0, 0});
        for (const index_t f : {16, 4096}) {
            const std::vector<index_array<3>> factors(f == 16 ? 3 : 1, {f, f, 1});
            for (const auto& mip : downsample<T, 3>(method::average, image, factors, true, {}))
                CHECK(std::all_of(mip.data(), mip.data() + mip.size(), [&](T v) { return v == value; }));
        }
    }
}
#endif

TEST_CASE("random: " TINYBRAIN_TEST_NAME, "[random]") {
    const char* only = std::getenv("TINYBRAIN_TEST_CASE");
    const index_t first = only && *only ? static_cast<index_t>(std::strtoll(only, nullptr, 10)) : 0;
    const index_t last = only && *only ? first + 1 : (cases(standard_cases) + types - 1) / types;
    std::printf("random: %s: seed %llu, cases %lld to %lld\n", TINYBRAIN_TEST_NAME,
                static_cast<unsigned long long>(seed()), static_cast<long long>(first),
                static_cast<long long>(last - 1));

    int failures = 0;
    for (index_t i = first; i < last && failures < 3; ++i) {
        const std::string wrong =
            run_any_case<T, TINYBRAIN_TEST_RANKS>(dice(mixed(stream(1), static_cast<std::uint64_t>(i))));
        if (wrong.empty()) continue;
        ++failures;
        FAIL_CHECK("TINYBRAIN_TEST_SEED=" << seed() << " TINYBRAIN_TEST_CASE=" << i
                                          << " for \"random: " << TINYBRAIN_TEST_NAME << "\"\n"
                                          << wrong);
    }
    CHECK(failures == 0);
}

// The fuzzer's own code, without the fuzzer: tests/fuzz/.
TEST_CASE("bytes: " TINYBRAIN_TEST_NAME, "[random]") {
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const auto bytes = bytes_of_number(mixed(stream(5), i));
        INFO("TINYBRAIN_TEST_SEED=" << seed() << ", string " << i);
        REQUIRE(run_any_case<T, TINYBRAIN_TEST_RANKS>(dice(bytes)) == "");
    }
}

TEST_CASE("levels: " TINYBRAIN_TEST_NAME, "[levels]") {
    for (std::uint64_t i = 0; i < 250; ++i) {
        dice d(mixed(stream(2), i));
        const method m = random_method<T>(d);
        check_levels<T, 3>(m, d);
    }
}

// What has an order of summation only where magnitudes are far apart.
TEST_CASE("layouts: " TINYBRAIN_TEST_NAME, "[levels]") {
    if constexpr (std::is_floating_point_v<T>) {
        for (std::uint64_t i = 0; i < 400; ++i) {
            INFO("case " << i);
            check_layouts<T, 3>(dice(mixed(stream(6), i)));
        }
    }
}

TEST_CASE("large mips: " TINYBRAIN_TEST_NAME, "[levels]") {
    for (const method m : {method::average, method::mode})
        if (offers<T>(m)) {
            dice d(stream(3));
            const int streamed = m == method::average && sizeof(T) <= 2 ? 2 : 1;
            check_large<T>(m, d, 2, sizeof(T) == 1 ? 8192 : 4096, {}, streamed);
            check_large<T>(m, d, 2, 4099, random_options<T>(d, content::few), 1);
            // Rows of whole cache lines in pieces of which no vector need be full.
            auto opt = random_options<T>(d, content::few);
            opt.edge = oracle::edges::clip;
            check_large<T>(m, d, 3, 9 * 640, opt, 1);
            // And of parts of them.
            check_large<T>(m, d, 7, 7 * 1290 + 3, {}, 1);
        }
}

TEST_CASE("chunks: " TINYBRAIN_TEST_NAME, "[chunks]") {
    for (std::uint64_t i = 0; i < 120; ++i) {
        dice d(mixed(stream(4), i));
        const method m = random_method<T>(d);
        check_chunks<T, 3>(m, d);
    }
}

TEST_CASE("boxes: " TINYBRAIN_TEST_NAME, "[chunks]") {
    for (std::uint64_t i = 0; i < 120; ++i) {
        dice d(mixed(stream(7), i));
        const method m = random_method<T>(d);
        check_boxes<T, 3>(m, d);
    }
}

TEST_CASE("sweep: " TINYBRAIN_TEST_NAME, "[sweep]") {
    for (const method m : all_methods)
        if (offers<T>(m)) CHECK(sweep<T>(m) == "");
}

#ifndef TINYBRAIN_TEST_NO_AVERAGES
TEST_CASE("sweep of pyramids: " TINYBRAIN_TEST_NAME, "[sweep]") { CHECK(sweep_pyramids<T>() == ""); }
#endif

TEST_CASE("axes in any order: " TINYBRAIN_TEST_NAME, "[sweep]") {
    for (const method m : all_methods)
        for (const oracle::ties tie : {oracle::ties::countless, oracle::ties::first, oracle::ties::lowest})
            if (offers<T>(m) && (m == method::mode || tie == oracle::ties::first))
                CHECK(axes_in_any_order<T>(m, tie) == "");
}

TEST_CASE("large windows: " TINYBRAIN_TEST_NAME, "[sweep]") {
    for (const method m : all_methods)
        if (offers<T>(m)) CHECK(large_windows<T>(m) == "");
}

// What the table holds is the oracle's: it agrees with every voxel that is hashed. But for the last bits of
// sums of floats far apart, which only have an order of summation here, and which the levels and machines
// must share.
TEST_CASE("hashes: " TINYBRAIN_TEST_NAME, "[hashes]") {
    for (const hashes::setting<T>& s : hashes::all_settings<T>()) {
        INFO(s.name());
        std::string wrong;
        std::uint64_t hash = 0;
        hashes::each_result(s,
                            [&](const auto& image, const auto& factors, bool exact_sums, const auto& mips) {
                                const auto answers = ask_oracle(s.how, image, factors, s.options, exact_sums);
                                for (std::size_t k = 0; k < mips.size(); ++k)
                                    wrong += first_difference(s.how, k + 1, answers[k], mips[k].view());
                                hash = hashes::add_to_hash(hash, mips);
                            });
        CHECK(wrong == "");
        CHECK(hashes::difference(TINYBRAIN_TEST_NAME, s.name(), hash) == "");
        for (const char* level : all_levels) {
            INFO("level " << level);
            const forced_level forced(level);
            CHECK(hashes::difference(TINYBRAIN_TEST_NAME, s.name(), hashes::hash_of(s)) == "");
        }
    }
}
