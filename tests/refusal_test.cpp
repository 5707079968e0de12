// SPDX-License-Identifier: BSL-1.0
// What is refused, with which exception and words, and that nothing is written before; and what is not
// refused.
#include <tinybrain/tinybrain.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"

namespace {

namespace tb = tinybrain;
using tb::index_t;
using plane = tb::index_array<2>;
using space = tb::index_array<3>;
using view = tb::volume_view<std::uint8_t, 2>;
using const_view = tb::volume_view<const std::uint8_t, 2>;
constexpr index_t index_max = std::numeric_limits<index_t>::max();

// The message of the exception of type E that f throws; every word must be in it.
template <class E, class F>
void refuses(F f, std::initializer_list<const char*> words) {
    std::string message = "nothing was thrown";
    bool right_type = false;
    try {
        f();
    } catch (const E& e) {
        message = e.what();
        right_type = true;
    } catch (const std::exception& e) {
        message = std::string("another exception: ") + e.what();
    }
    INFO(message);
    CHECK(right_type);
    for (const char* word : words) {
        INFO("must mention: " << word);
        CHECK(message.find(word) != std::string::npos);
    }
}

template <class F>
void refuses_argument(F f, std::initializer_list<const char*> words) {
    refuses<std::invalid_argument>(f, words);
}

// Every function, returning and writing, must refuse alike.
template <class V>
void all_refuse(const V& image, const plane& factor, int num_mips, std::initializer_list<const char*> words) {
    refuses_argument([&] { tb::downsample_with_averaging(image, factor, num_mips); }, words);
    refuses_argument([&] { tb::downsample_segmentation(image, factor, num_mips); }, words);
    refuses_argument([&] { tb::downsample_with_min_pooling(image, factor, num_mips); }, words);
    refuses_argument([&] { tb::downsample_with_max_pooling(image, factor, num_mips); }, words);
    refuses_argument([&] { tb::downsample_with_median_pooling(image, factor, num_mips); }, words);
    refuses_argument([&] { tb::downsample_with_striding(image, factor, num_mips); }, words);
}

template <class E = std::invalid_argument>
void all_refuse_into(const const_view& image, const std::vector<plane>& factors,
                     const std::vector<view>& mips, std::initializer_list<const char*> words) {
    const std::span<const plane> f(factors);
    const std::span<const view> m(mips);
    refuses<E>([&] { tb::downsample_with_averaging_into(image, f, m); }, words);
    refuses<E>([&] { tb::downsample_segmentation_into(image, f, m); }, words);
    refuses<E>([&] { tb::downsample_with_min_pooling_into(image, f, m); }, words);
    refuses<E>([&] { tb::downsample_with_max_pooling_into(image, f, m); }, words);
    refuses<E>([&] { tb::downsample_with_median_pooling_into(image, f, m); }, words);
    refuses<E>([&] { tb::downsample_with_striding_into(image, f, m); }, words);
}

void all_accept_into(const const_view& image, const std::vector<plane>& factors,
                     const std::vector<view>& mips) {
    const std::span<const plane> f(factors);
    const std::span<const view> m(mips);
    CHECK_NOTHROW(tb::downsample_with_averaging_into(image, f, m));
    CHECK_NOTHROW(tb::downsample_segmentation_into(image, f, m));
    CHECK_NOTHROW(tb::downsample_with_min_pooling_into(image, f, m));
    CHECK_NOTHROW(tb::downsample_with_max_pooling_into(image, f, m));
    CHECK_NOTHROW(tb::downsample_with_median_pooling_into(image, f, m));
    CHECK_NOTHROW(tb::downsample_with_striding_into(image, f, m));
}

// An 8x6 image, and memory for outputs that must stay as it is when a call is refused.
struct fixture {
    std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(400, 7);
    std::vector<std::uint8_t> input = std::vector<std::uint8_t>(48, 1);
    std::uint8_t* out = memory.data();
    view image = tb::fortran_order(input.data(), {8, 6});

    ~fixture() {
        CHECK(std::count(memory.begin(), memory.end(), 7) == 400);
        CHECK(std::count(input.begin(), input.end(), 1) == 48);
    }
};

}  // namespace

TEST_CASE_METHOD(fixture, "refused: a factor below 1") {
    all_refuse(image, {2, 0}, 1, {"factor", "0", "1"});
    all_refuse(image, {-3, 2}, 2, {"factor", "-3", "1"});
    all_refuse_into(image, {{2, 2}, {2, -7}}, {view(out, {4, 3}), view(out + 100, {2, 2})},
                    {"factor", "-7", "1"});
    refuses_argument([&] { tb::mip_shape<2>({8, 6}, {0, 2}); }, {"factor", "0", "1"});
    refuses_argument([&] { tb::chunk_grid<2>({8, 6}, {4, 4}, {2, -2}); }, {"factor", "-2", "1"});
    // Also where no voxel would be touched.
    const tb::volume<std::uint8_t, 2> empty(plane{0, 6});
    all_refuse(empty, {2, 0}, 1, {"factor", "0", "1"});
}

TEST_CASE_METHOD(fixture, "refused: num_mips below 0") {
    all_refuse(image, {2, 2}, -1, {"num_mips", "-1", "0"});
    refuses_argument([&] { tb::mip_shape<2>({8, 6}, {2, 2}, -2); }, {"mip", "-2", "0"});
    refuses_argument([&] { tb::chunk_grid<2>({8, 6}, {4, 4}, {2, 2}, -3); }, {"num_mips", "-3", "0"});
    refuses_argument([&] { tb::near_isotropic_factors<2>({4, 40}, -4); }, {"num_mips", "-4", "0"});
}

TEST_CASE_METHOD(fixture, "refused: a negative extent") {
    refuses_argument([&] { tb::volume<float, 2> v(plane{3, -5}); }, {"-5", "negative"});
    all_refuse(view(input.data(), {-8, 6}), {2, 2}, 1, {"-8", "negative"});
    all_refuse_into(view(input.data(), {8, -6}), {{2, 2}}, {view(out, {4, 3})}, {"-6", "negative"});
    refuses_argument([&] { tb::mip_shape<2>({8, -6}, {2, 2}); }, {"shape", "-6", "negative"});
    refuses_argument([&] { tb::chunk_grid<2>({8, -6}, {4, 4}, {2, 2}); }, {"shape", "-6", "negative"});
}

TEST_CASE_METHOD(fixture, "refused: a null pointer with voxels") {
    all_refuse(const_view(nullptr, {8, 6}), {2, 2}, 1, {"null", "(8, 6)"});
    all_refuse_into(image, {{2, 2}}, {view(nullptr, {4, 3})}, {"null", "(4, 3)"});
    all_refuse_into(image, {{2, 2}, {2, 2}}, {view(out, {4, 3}), view(nullptr, {2, 2})}, {"null", "(2, 2)"});
}

TEST_CASE_METHOD(fixture, "refused: an output of the wrong shape") {
    all_refuse_into(image, {{2, 2}}, {view(out, {4, 4})}, {"shape", "(4, 4)", "(4, 3)"});
    all_refuse_into(image, {{2, 2}, {2, 2}}, {view(out, {4, 3}), view(out + 100, {2, 1})},
                    {"2", "shape", "(2, 1)", "(2, 2)"});
    all_refuse_into(image, {{1, 1}}, {view(out, {0, 0})}, {"shape", "(0, 0)", "(8, 6)"});
    refuses_argument(
        [&] {
            const std::vector<view> mips{view(out, {4, 3}), view(out + 100, {4, 3})};
            tb::downsample_with_averaging_into(image, {2, 2}, std::span<const view>(mips));
        },
        {"shape", "(4, 3)", "(2, 2)"});
}

TEST_CASE_METHOD(fixture, "refused: as many outputs as factors, no more, no fewer") {
    all_refuse_into(image, {{2, 2}, {2, 2}}, {view(out, {4, 3})}, {"2", "1"});
    all_refuse_into(image, {{2, 2}}, {view(out, {4, 3}), view(out + 100, {2, 2})}, {"1", "2"});
    all_refuse_into(image, {}, {view(out, {4, 3})}, {"0", "1"});
}

TEST_CASE_METHOD(fixture, "refused: a zero output stride") {
    all_refuse_into(image, {{2, 2}}, {view(out, {4, 3}, {1, 0})}, {"stride 0"});
    all_refuse_into(image, {{2, 2}}, {view(out, {4, 3}, {0, 4})}, {"stride 0"});
    all_refuse_into(image, {{4, 2}}, {view(out, {2, 3}, {0, 2})}, {"stride 0"});
}

TEST_CASE("accepted: a zero output stride on an axis of one voxel") {
    std::vector<std::uint8_t> input(16, 3), output(8, 0);
    all_accept_into(view(input.data(), {16, 1}), {{2, 1}}, {view(output.data(), {8, 1}, {1, 0})});
    CHECK(output == std::vector<std::uint8_t>(8, 3));
}

// The steps are never taken, so a sanitizer must see no address computed with them either.
TEST_CASE("accepted: any stride on an axis of one voxel") {
    constexpr index_t index_min = std::numeric_limits<index_t>::min();
    std::vector<std::uint8_t> input(16 * 5, 3), output(8, 0);
    for (const index_t far : {index_max, index_min, index_max / 4, index_t{-1}}) {
        all_accept_into(view(input.data(), {16, 5}), {{2, 5}}, {view(output.data(), {8, 1}, {1, far})});
        all_accept_into(view(input.data(), {5, 16}), {{5, 2}}, {view(output.data(), {1, 8}, {far, 1})});
        all_accept_into(view(input.data(), {16, 1}, {1, far}), {{2, 1}}, {view(output.data(), {8, 1})});
        CHECK(output == std::vector<std::uint8_t>(8, 3));
        std::fill(output.begin(), output.end(), std::uint8_t{0});
    }
}

TEST_CASE_METHOD(fixture, "refused: an output that overlaps itself") {
    // Three steps along the one axis are two along the other.
    all_refuse_into(image, {{2, 2}}, {view(out, {4, 3}, {2, 3})}, {"overlap"});
    // (0, 1) and (1, 0) are the same voxel.
    all_refuse_into(image, {{2, 2}}, {view(out, {4, 3}, {1, 1})}, {"overlap"});
    all_refuse_into(image, {{2, 2}}, {view(out, {4, 3}, {1, 3})}, {"overlap"});
}

TEST_CASE_METHOD(fixture, "refused: an output that overlaps the input or another output") {
    const auto both = [&](const std::vector<plane>& f, const std::vector<view>& m) {
        all_refuse_into(image, f, m, {"overlap"});
    };
    both({{2, 2}}, {view(input.data(), {4, 3})});
    both({{2, 2}}, {view(input.data() + 47, {4, 3}, {-1, -4})});
    both({{2, 2}}, {view(input.data() + 47 + 11, {4, 3}, {-1, -4})});
    both({{1, 1}}, {image});
    both({{2, 2}}, {view(input.data() + 5, {4, 3}, {8, 1})});
    both({{2, 2}, {1, 1}}, {view(out, {4, 3}), view(out, {4, 3})});
    both({{2, 2}, {1, 1}}, {view(out, {4, 3}), view(out + 11, {4, 3})});
    both({{2, 2}, {2, 2}}, {view(out, {4, 3}), view(out + 3, {2, 2}, {1, -1})});
    both({{2, 2}, {2, 2}, {2, 2}}, {view(out, {4, 3}), view(out + 50, {2, 2}), view(out + 53, {1, 1})});
    // Interleaved, but one voxel is in both: offsets 0 3 6 9 + 12j and 1 5 9 13 + 24j.
    both({{2, 2}, {1, 1}}, {view(out, {4, 3}, {3, 12}), view(out + 1, {4, 3}, {4, 48})});
}

TEST_CASE("refused: outputs that share some bytes of a voxel") {
    alignas(4) std::array<unsigned char, 64> bytes{};
    const auto at = [&](std::size_t offset) {
        return reinterpret_cast<std::uint16_t*>(bytes.data() + offset);
    };
    const std::vector<std::uint16_t> input(4, 1);
    const tb::volume_view<const std::uint16_t, 1> image(input.data(), {4});
    // Two voxels of 16 bits, one byte shared: an address no compiler makes, but a caller's cast may.
    const std::vector<tb::volume_view<std::uint16_t, 1>> mips{{at(0), {2}}, {at(3), {1}}};
    refuses_argument(
        [&] {
            tb::downsample_with_striding_into(image, {2},
                                              std::span<const tb::volume_view<std::uint16_t, 1>>(mips));
        },
        {"overlap"});
    CHECK(std::count(bytes.begin(), bytes.end(), 0) == 64);
}

TEST_CASE("accepted: outputs interleaved with the input and each other") {
    std::vector<std::uint8_t> memory(400, 3);
    const auto at = [&](index_t offset) { return memory.data() + offset; };
    SECTION("voxel by voxel") {
        const view image(at(0), {8, 6}, {4, 32});
        all_accept_into(image, {{2, 2}, {1, 1}},
                        {view(at(1), {4, 3}, {4, 32}), view(at(2), {4, 3}, {4, 32})});
    }
    SECTION("row by row") {
        const view image(at(0), {8, 6}, {1, 16});
        all_accept_into(image, {{2, 2}}, {view(at(8), {4, 3}, {1, 16})});
        all_accept_into(image, {{2, 2}}, {view(at(11 + 32), {4, 3}, {-1, -16})});
    }
    SECTION("planes of one picture: x of three channels") {
        const view image(at(0), {8, 6}, {3, 24});
        all_accept_into(image, {{1, 1}, {1, 1}},
                        {view(at(1), {8, 6}, {3, 24}), view(at(2), {8, 6}, {3, 24})});
    }
    SECTION("side by side") {
        const view image(at(0), {8, 6});
        all_accept_into(image, {{2, 2}, {2, 2}}, {view(at(48), {4, 3}), view(at(60), {2, 2})});
    }
    SECTION("empty ones anywhere") {
        const view image(at(0), {8, 0});
        all_accept_into(image, {{2, 2}, {2, 2}}, {view(at(0), {4, 0}), view(at(0), {2, 0})});
    }
    CHECK(std::count(memory.begin(), memory.end(), 3) == 400);
}

TEST_CASE_METHOD(fixture, "refused: replicated edges with a factor above 2") {
    const tb::averaging_options<std::uint8_t> replicate{.edge = tb::edges::replicate};
    refuses_argument(
        [&] {
            tb::downsample_with_averaging(image, {2, 3}, 1, replicate);
        },
        {"replicate", "3", "2"});
    const std::vector<plane> factors{{2, 2}, {4, 1}};
    refuses_argument(
        [&] { tb::downsample_with_averaging(image, std::span<const plane>(factors), replicate); },
        {"replicate", "4", "2"});
    const std::vector<view> mips{view(out, {4, 3}), view(out + 50, {1, 3})};
    refuses_argument(
        [&] {
            tb::downsample_with_averaging_into(image, std::span<const plane>(factors),
                                               std::span<const view>(mips), replicate);
        },
        {"replicate", "4", "2"});
}

TEST_CASE_METHOD(fixture, "refused: a least coverage that cannot be") {
    const auto refused = [&](bool sparse, double least, std::initializer_list<const char*> words) {
        using T = std::uint8_t;
        const std::vector<view> mips{view(out, {4, 3}), view(out + 50, {2, 2})};
        const tb::averaging_options<T> average{.sparse = sparse, .least_coverage = least};
        const tb::segmentation_options<T> mode{.sparse = sparse, .least_coverage = least};
        const tb::pooling_options<T> pool{.sparse = sparse, .least_coverage = least};
        const plane f{2, 2};
        const std::span<const view> m(mips);
        refuses_argument([&] { tb::downsample_with_averaging_into(image, f, m, average); }, words);
        refuses_argument([&] { tb::downsample_segmentation_into(image, f, m, mode); }, words);
        refuses_argument([&] { tb::downsample_with_min_pooling_into(image, f, m, pool); }, words);
        refuses_argument([&] { tb::downsample_with_max_pooling_into(image, f, m, pool); }, words);
        refuses_argument([&] { tb::downsample_with_median_pooling_into(image, f, m, pool); }, words);
        refuses_argument([&] { tb::downsample_with_min_pooling(image, f, 1, pool); }, words);
    };
    refused(true, -0.25, {"least_coverage", "-0.25", "0 to 1"});
    refused(true, 1.0000000000000002, {"least_coverage", "1.0000000000000002", "0 to 1"});
    refused(true, std::numeric_limits<double>::quiet_NaN(), {"least_coverage", "nan", "0 to 1"});
    refused(false, 2, {"least_coverage", "2", "0 to 1"});
    refused(false, 0.5, {"least_coverage", "0.5", "sparse"});
}

TEST_CASE("refused: a chunk that is no multiple of factor^num_mips") {
    refuses_argument([] { tb::chunk_grid<2>({100, 100}, {37, 32}, {2, 2}, 3); }, {"chunk", "37", "8", "40"});
    refuses_argument([] { tb::chunk_grid<2>({100, 100}, {33, 32}, {2, 2}, 3); }, {"chunk", "33", "8", "32"});
    refuses_argument([] { tb::chunk_grid<2>({100, 100}, {9, 10}, {3, 3}, 1); }, {"chunk", "10", "3", "9"});
    refuses_argument([] { tb::chunk_grid<2>({100, 100}, {1, 8}, {2, 2}, 3); }, {"chunk", "1", "8"});
    refuses_argument([] { tb::chunk_grid<2>({100, 100}, {0, 8}, {2, 2}, 3); }, {"chunk", "0", "8"});
    refuses_argument([] { tb::chunk_grid<2>({100, 100}, {8, -8}, {2, 2}, 3); }, {"chunk", "-8", "8"});
}

TEST_CASE("refused: a chunk or a mip that a grid has not") {
    const tb::chunk_grid<2> grid({100, 20}, {40, 8}, {2, 2}, 3);
    CHECK(grid.size() == 9);
    refuses_argument([&] { grid.source(-1); }, {"chunk", "-1", "9"});
    refuses_argument([&] { grid.source(9); }, {"chunk", "9"});
    refuses_argument([&] { grid.mip(9, 1); }, {"chunk", "9"});
    refuses_argument([&] { grid.mip(0, 0); }, {"m is 0", "1", "3"});
    refuses_argument([&] { grid.mip(0, 4); }, {"m is 4", "1", "3"});
}

TEST_CASE("refused: sizes that cannot be represented") {
    constexpr index_t big = index_t{1} << 40;
    std::uint8_t voxel = 0;
    refuses<std::length_error>([&] { tb::volume<std::uint8_t, 2> v(plane{big, big}); }, {"1099511627776"});
    refuses<std::length_error>([&] { tb::volume<double, 1> v({index_max / 4}); },
                               {std::to_string(index_max / 4).c_str()});
    // A broadcast view of 2^80 voxels: no count of them, nor of a footprint, can be held.
    const const_view endless(&voxel, {big, big}, {0, 0});
    refuses<std::length_error>(
        [&] {
            tb::downsample_with_averaging(endless, {big, big});
        },
        {"1099511627776"});
    refuses<std::length_error>([&] { tb::downsample_segmentation(endless, {big, big}); }, {"1099511627776"});
    refuses<std::length_error>(
        [&] {
            tb::downsample_with_min_pooling(endless, {big, big});
        },
        {"1099511627776"});
    refuses<std::length_error>(
        [&] {
            tb::downsample_with_max_pooling(endless, {big, big});
        },
        {"1099511627776"});
    refuses<std::length_error>(
        [&] {
            tb::downsample_with_median_pooling(endless, {big, big});
        },
        {"1099511627776"});
    refuses<std::length_error>([&] { tb::downsample_with_striding(endless, {1, 1}); }, {"1099511627776"});
    refuses<std::length_error>(
        [&] {
            tb::chunk_grid<2>({big, big}, {1, 1}, {1, 1}).size();
        },
        {"1099511627776"});
}

TEST_CASE("an exception of a task reaches the caller") {
    struct stop {};
    const std::vector<std::uint8_t> input(48, 1);
    const auto image = tb::fortran_order(input.data(), {8, 6});
    const tb::executor throws = [](index_t, const std::function<void(index_t)>&) { throw stop{}; };
    const tb::executor throws_later = [](index_t n, const std::function<void(index_t)>& task) {
        for (index_t i = 0; i < n; ++i) task(i);
        throw stop{};
    };
    for (const tb::executor& e : {throws, throws_later}) {
        CHECK_THROWS_AS(tb::downsample_with_averaging(image, {2, 2}, 1, {.run_on = e}), stop);
        CHECK_THROWS_AS(tb::downsample_segmentation(image, {2, 2}, 1, {.run_on = e}), stop);
        CHECK_THROWS_AS(tb::downsample_with_min_pooling(image, {2, 2}, 1, {.run_on = e}), stop);
        CHECK_THROWS_AS(tb::downsample_with_max_pooling(image, {2, 2}, 1, {.run_on = e}), stop);
        CHECK_THROWS_AS(tb::downsample_with_median_pooling(image, {2, 2}, 1, {.run_on = e}), stop);
        CHECK_THROWS_AS(tb::downsample_with_striding(image, {2, 2}, 1, {.run_on = e}), stop);
    }
}

TEST_CASE("refused: fewer threads than one") {
    refuses_argument([] { tb::threads(-1); }, {"-1 threads", "1"});
    refuses_argument([] { tb::submit_to([](const std::function<void()>&) {}, -1); }, {"-1 helpers", "0"});
    refuses_argument([] { tb::threads(-2); }, {"-2 threads", "1"});
}

TEST_CASE("threads run every task once and pass on an exception") {
    for (const int n : {1, 2, 3, 17}) {
        std::vector<int> runs(100, 0);
        tb::threads(n)(100, [&](index_t i) { ++runs[static_cast<std::size_t>(i)]; });
        CHECK(std::count(runs.begin(), runs.end(), 1) == 100);
        CHECK_NOTHROW(tb::threads(n)(0, [](index_t) { throw 1; }));
        CHECK_THROWS_AS(tb::threads(n)(50,
                                       [](index_t i) {
                                           if (i % 7 == 3) throw std::out_of_range("task");
                                       }),
                        std::out_of_range);
        CHECK_THROWS_AS(tb::threads(n)(50, [](index_t) { throw std::bad_alloc(); }), std::bad_alloc);
    }
}

// Each task waits for all: one thread fewer, and they would wait for ever.
TEST_CASE("threads run side by side") {
    for (const int n : {1, 2, 3}) {
        std::atomic<int> waiting{0};
        std::atomic<bool> alone{false};
        tb::threads(n)(n, [&](index_t) {
            ++waiting;
            const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
            while (waiting < n && !alone) {
                std::this_thread::yield();
                if (std::chrono::steady_clock::now() > end) alone = true;
            }
        });
        CHECK(!alone);
    }
}

TEST_CASE("no mips") {
    const std::vector<std::uint8_t> input(48, 1);
    const auto image = tb::fortran_order(input.data(), {8, 6});
    CHECK(tb::downsample_with_averaging(image, {2, 2}, 0).empty());
    CHECK(tb::downsample_segmentation(image, {2, 2}, 0).empty());
    CHECK(tb::downsample_with_min_pooling(image, {2, 2}, 0).empty());
    CHECK(tb::downsample_with_max_pooling(image, {2, 2}, 0).empty());
    CHECK(tb::downsample_with_median_pooling(image, {2, 2}, 0).empty());
    CHECK(tb::downsample_with_striding(image, {2, 2}, 0).empty());
    CHECK(tb::downsample_with_averaging(image, std::span<const plane>()).empty());
    all_accept_into(image, {}, {});
}

TEST_CASE("volumes without voxels") {
    const const_view none(nullptr, {0, 6});
    const auto mips = tb::downsample_with_averaging(none, {2, 2}, 3);
    REQUIRE(mips.size() == 3);
    CHECK(mips[0].shape() == plane{0, 3});
    CHECK(mips[2].shape() == plane{0, 1});
    CHECK(mips[2].size() == 0);
    CHECK(tb::downsample_segmentation(none, {2, 2}, 3).size() == 3);
    CHECK(tb::downsample_with_min_pooling(none, {2, 2}, 3).size() == 3);
    CHECK(tb::downsample_with_max_pooling(none, {2, 2}, 3).size() == 3);
    CHECK(tb::downsample_with_median_pooling(none, {2, 2}, 3).size() == 3);
    CHECK(tb::downsample_with_striding(none, {2, 2}, 3).size() == 3);
    all_accept_into(none, {{2, 2}}, {view(nullptr, {0, 3})});
    // No voxel, however large the other extents.
    CHECK(tb::downsample_with_averaging(const_view(nullptr, {0, index_max}), {2, 1})[0].shape() ==
          plane{0, index_max});
}
