// SPDX-License-Identifier: BSL-1.0
// Sizes that no test has memory for: strides past 2^31 and indices past 2^32 in memory that is mapped but,
// but for a few pages, never there; footprints past 2^32 voxels of one row seen again and again; extents up
// to the last index.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "random_case.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#endif

namespace {

using namespace testing;
using plane = index_array<2>;
using space = index_array<3>;
constexpr index_t index_max = std::numeric_limits<index_t>::max();

// The sizes are those of a machine of 64 bits; any other has no such volumes.
constexpr bool has_room = sizeof(index_t) == 8;
constexpr index_t two_to(int exponent) { return index_t{1} << (has_room ? exponent : exponent % 31); }

// Zeros that take no memory until they are written to. Null where the system has no such thing to give.
class sparse_memory {
public:
#if defined(MAP_NORESERVE) && defined(MAP_ANONYMOUS)
    explicit sparse_memory(index_t bytes) : bytes_(static_cast<std::size_t>(bytes)) {
        constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        void* all = has_room ? mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, flags, -1, 0) : MAP_FAILED;
        if (all != MAP_FAILED) begin_ = all;
    }
    ~sparse_memory() {
        if (begin_ != nullptr) munmap(begin_, bytes_);
    }
#else
    explicit sparse_memory(index_t) {}
#endif
    sparse_memory(const sparse_memory&) = delete;
    sparse_memory& operator=(const sparse_memory&) = delete;

    template <class T>
    T* begin() const {
        return static_cast<T*>(begin_);
    }

private:
    std::size_t bytes_ = 0;
    void* begin_ = nullptr;
};

// A view with its lowest voxel at the beginning of memory of its own.
template <class T, std::size_t R>
struct sparse_view {
    sparse_memory memory;
    tb::volume_view<T, R> view;

    sparse_view(const index_array<R>& shape, const index_array<R>& strides) : memory(bytes(shape, strides)) {
        index_t low = 0;
        for (std::size_t r = 0; r < R; ++r) low += std::min<index_t>(0, (shape[r] - 1) * strides[r]);
        if (memory.template begin<T>() != nullptr) view = {memory.template begin<T>() - low, shape, strides};
    }
    bool exists() const { return view.data() != nullptr; }

private:
    static index_t bytes(const index_array<R>& shape, const index_array<R>& strides) {
        index_t reach = 1;
        for (std::size_t r = 0; r < R; ++r) reach += (shape[r] - 1) * std::max(strides[r], -strides[r]);
        return reach * index_t{sizeof(T)};
    }
};

template <class T>
void check_far_strides(const space& image_strides, const space& output_strides) {
    const space shape{37, 5, 3};
    const std::vector<space> factors{{2, 2, 1}, {3, 1, 2}};
    const sparse_view<T, 3> image(shape, image_strides);
    std::vector<std::unique_ptr<sparse_view<T, 3>>> outputs;
    std::vector<tb::volume_view<T, 3>> views;
    for (const space& s : oracle::mip_shapes(shape, factors)) {
        outputs.push_back(std::make_unique<sparse_view<T, 3>>(s, output_strides));
        views.push_back(outputs.back()->view);
        if (!outputs.back()->exists()) return;
    }
    if (!image.exists()) return;

    dice d(mixed(seed(), sizeof(T)));
    oracle::array<T, 3> values(shape);
    oracle::scan(oracle::whole(shape),
                 [&](const space& i) { values(i) = image.view(i) = random_value<T>(d, content::few, 0); });
    for (const method m : all_methods) {
        for (const bool sparse : {false, true}) {
            oracle::options<T> opt;
            opt.sparse = sparse;
            opt.vote = sparse ? oracle::votes::footprint : oracle::votes::previous_mip;
            downsample_into<T, 3>(m, image.view, factors, false, views, opt, tb::threads(2));
            const auto answers = ask_oracle<T, 3>(m, values, factors, opt, true);
            for (std::size_t k = 0; k < views.size(); ++k) {
                INFO(name_of(m) << ", strides " << text(image_strides) << ", " << text(output_strides));
                CHECK(first_difference(m, k + 1, answers[k], views[k]) == "");
            }
        }
    }
}

// A row seen so often that each of its windows has more than 2^28 voxels, and all of it more than 2^32. Every
// method must make of it what it makes of the row alone, as all counts are multiplied alike.
template <class T>
void check_row_seen_again(method m, const oracle::options<T>& opt) {
    constexpr index_t width = two_to(16), height = two_to(16) + 1;
    dice d(mixed(seed(), sizeof(T)));
    oracle::array<T, 2> row({width, 1});
    for (T& v : row.values) v = random_value<T>(d, content::extremes, 0);
    const tb::volume_view<T, 2> image(&row.values[0], {width, height}, {1, 0});
    const std::vector<plane> factors{{4096, height}, {16, 1}}, factors_of_row{{4096, 1}, {16, 1}};
    const auto answers = ask_oracle<T, 2>(m, row, factors_of_row, opt, true);
    const auto mips = downsample<T, 2>(m, image, factors, false, opt, tb::threads(2));
    for (std::size_t k = 0; k < mips.size(); ++k) {
        INFO(name_of(m) << ", " << name_of<T>() << ", " << text(m, opt));
        CHECK(first_difference(m, k + 1, answers[k], mips[k].view()) == "");
    }
}

template <class T>
void check_endless_striding() {
    T voxel = 77;
    for (const plane& shape : {plane{index_max, 1},
                               {1, index_max},
                               {two_to(31), two_to(32) - 1},
                               {7, index_max / 7},
                               {index_max / 3, 3}}) {
        for (const plane& factor : {plane{shape[0] / 3 + 1, shape[1] / 2 + 1},
                                    {index_max, index_max},
                                    {shape[0] / 1000 + 1, shape[1] / 1000 + 1}}) {
            for (const auto& run_on : {tb::executor{}, tb::threads(2)}) {
                const std::vector<plane> factors{factor, factor};
                const auto mips =
                    downsample<T, 2>(method::stride, {&voxel, shape, {0, 0}}, factors, true, {}, run_on);
                INFO("shape " << text(shape) << ", factor " << text(factor));
                REQUIRE(mips.size() == 2);
                for (const auto& mip : mips)
                    CHECK(std::all_of(mip.data(), mip.data() + mip.size(), [](T v) { return v == 77; }));
            }
        }
    }
}

}  // namespace

TEST_CASE("large: strides past 2^31", "[large]") {
    constexpr index_t far = two_to(31) + 7, farther = two_to(34) + 11;
    for (const space& strides : {space{1, far, farther}, {-far, 1, 50 * far}, {farther, -far, 1}}) {
        check_far_strides<std::uint8_t>(strides, {1, 40, 200});
        check_far_strides<std::uint64_t>({1, 40, 200}, strides);
        check_far_strides<std::uint64_t>(strides, strides);
    }
}

TEST_CASE("large: indices past 2^32", "[large]") {
    constexpr index_t side = two_to(16);
    const sparse_view<std::uint8_t, 2> image({side, side + 1}, {1, side});
    if (!image.exists()) return;
    // In the first window, in the one that holds index 2^31, in the last two, of which one is a row of
    // windows.
    const std::vector<std::pair<plane, plane>> voxel_and_window{{{0, 0}, {0, 0}},
                                                                {{5, side / 2 + 1}, {0, 8}},
                                                                {{side - 1, side - 1}, {15, 15}},
                                                                {{side - 1, side}, {15, 16}}};
    for (const auto& [voxel, window] : voxel_and_window) image.view(voxel) = 255;
    const std::vector<plane> factors{{4096, 4096}};
    const auto largest = downsample<std::uint8_t, 2>(method::maximum, image.view, factors, true, {});
    const auto first = downsample<std::uint8_t, 2>(method::stride, image.view, factors, true, {});
    REQUIRE(largest[0].shape() == plane{16, 17});
    oracle::scan(oracle::whole(plane{16, 17}), [&](const plane& i) {
        const bool holds_one = std::any_of(voxel_and_window.begin(), voxel_and_window.end(),
                                           [&](const auto& pair) { return pair.second == i; });
        CHECK(largest[0](i) == (holds_one ? 255 : 0));
        CHECK(first[0](i) == (i == plane{0, 0} ? 255 : 0));
    });
}

TEST_CASE("large: footprints past 2^32 voxels", "[large]") {
    if (!has_room) return;
    for (const method m : {method::average, method::minimum, method::maximum, method::stride})
        check_row_seen_again<std::uint8_t>(m, {});
}

// Minutes: on demand, by its name.
TEST_CASE("large: footprints past 2^32 voxels, slower methods", "[.][slow]") {
    if (!has_room) return;
    for (const auto vote : {oracle::votes::previous_mip, oracle::votes::footprint}) {
        oracle::options<std::uint8_t> opt;
        opt.vote = vote;
        check_row_seen_again<std::uint8_t>(method::mode, opt);
    }
    check_row_seen_again<std::uint8_t>(method::median, {});
    for (const bool sparse : {false, true}) {
        oracle::options<std::uint64_t> opt;
        opt.sparse = sparse;
        check_row_seen_again<std::uint64_t>(method::average, opt);
    }
}

// One voxel, seen without end. Only striding does not look at all of them.
TEST_CASE("large: extents up to the last index", "[large]") {
    check_endless_striding<std::uint8_t>();
    check_endless_striding<std::uint64_t>();
}

TEST_CASE("large: what no index holds is refused", "[large]") {
    std::uint64_t voxel = 77;
    const auto refused = [&](method m, const plane& shape, const plane& factor, oracle::edges edge) {
        oracle::options<std::uint64_t> opt;
        opt.edge = edge;
        INFO(name_of(m) << ", shape " << text(shape));
        CHECK_THROWS_AS((downsample<std::uint64_t, 2>(m, {&voxel, shape, {0, 0}}, {factor}, true, opt)),
                        std::length_error);
    };
    for (const method m : all_methods) {
        for (const plane& factor : {plane{1, 1}, {2, 2}, {index_max, index_max}}) {
            refused(m, {index_max, 2}, factor, oracle::edges::clip);
            refused(m, {two_to(32), two_to(31)}, factor, oracle::edges::clip);
        }
        // The image may be so large, but not the bytes of its mip.
        refused(m, {index_max, 1}, {2, 1}, oracle::edges::clip);
        refused(m, {index_max / 8 + 1, 1}, {1, 1}, oracle::edges::clip);
    }
    refused(method::average, {index_max, 1}, {2, 2}, oracle::edges::replicate);
    refused(method::average, {index_max / 2 + 1, 1}, {2, 1}, oracle::edges::replicate);
}

TEST_CASE("large: chunks up to the last index", "[large]") {
    CHECK(tb::mip_shape<1>({index_max}, {2}, 1)[0] == index_max / 2 + 1);
    CHECK(tb::mip_shape<1>({index_max}, {2}, 1000)[0] == 1);
    CHECK(tb::mip_shape<1>({index_max}, {index_max}, 1)[0] == 1);
    const index_t chunk = index_max / 4 + 1;
    const tb::chunk_grid<1> grid({index_max}, {chunk}, {2}, 3);
    REQUIRE(grid.size() == 4);
    CHECK(grid.source(3) == tb::box<1>{{3 * chunk}, {index_max}});
    CHECK(grid.mip(3, 3) == tb::box<1>{{3 * (chunk / 8)}, {4 * (chunk / 8)}});
    CHECK_THROWS_AS(tb::chunk_grid<1>({index_max}, {index_max}, {2}, 1), std::invalid_argument);
    CHECK_THROWS_AS(tb::chunk_grid<1>({index_max}, {index_max}, {2}, 63), std::length_error);
}

// More than the 2^26 that a mean of doubles is divided by with one correction.
TEST_CASE("a tenth seen ninety million times stays a tenth") {
    double voxel = 0.1;
    const tb::volume_view<double, 2> image(&voxel, {10000, 9001}, {0, 0});
    CHECK(tb::downsample_with_averaging(image, {10000, 9001})[0](0, 0) == 0.1);
}
