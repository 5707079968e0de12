// SPDX-License-Identifier: BSL-1.0
// volume and volume_view: orders, conversions, ownership.
#include <tinybrain/tinybrain.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "catch.hpp"

namespace {

namespace tb = tinybrain;
using tb::index_t;
using space = tb::index_array<3>;

// What std::mdspan<T, std::dextents<unsigned, 2>, std::layout_stride> offers, and no more of it than is asked
// for.
template <class T>
class plane_of_mdspan {
public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;
    plane_of_mdspan(T* data, std::array<unsigned, 2> extents, std::array<unsigned, 2> strides)
        : data_(data), extents_(extents), strides_(strides) {}
    static constexpr std::size_t rank() noexcept { return 2; }
    constexpr T* data_handle() const noexcept { return data_; }
    constexpr unsigned extent(std::size_t r) const noexcept { return extents_[r]; }
    constexpr unsigned stride(std::size_t r) const noexcept { return strides_[r]; }

private:
    T* data_;
    std::array<unsigned, 2> extents_, strides_;
};

template <class T, std::size_t R>
bool is_aligned(const tb::volume<T, R>& v) {
    return reinterpret_cast<std::uintptr_t>(v.data()) % 64 == 0;
}

}  // namespace

TEST_CASE("a view in Fortran order, C order, and with strides") {
    std::vector<int> memory(24);
    for (int i = 0; i < 24; ++i) memory[static_cast<std::size_t>(i)] = i;

    const auto f = tb::fortran_order(memory.data(), {4, 3, 2});
    static_assert(std::is_same_v<decltype(f), const tb::volume_view<int, 3>>);
    CHECK(f.shape() == space{4, 3, 2});
    CHECK(f.strides() == space{1, 4, 12});
    CHECK(f.size() == 24);
    CHECK(f.extent(1) == 3);
    CHECK(f.stride(2) == 12);
    CHECK(f(1, 2, 1) == 1 + 8 + 12);

    const auto c = tb::c_order(memory.data(), {2, 3, 4});
    static_assert(std::is_same_v<decltype(c), const tb::volume_view<int, 3>>);
    CHECK(c.strides() == space{12, 4, 1});
    CHECK(c(1, 2, 3) == 23);

    const tb::volume_view<int, 3> g(memory.data(), {4, 3, 2});
    CHECK(g.strides() == f.strides());
    const tb::volume_view<int, 1> backwards(memory.data() + 23, {24}, {-1});
    CHECK(backwards(0) == 23);
    CHECK(backwards(23) == 0);
    backwards(0) = 99;  // a const view of non-const voxels
    CHECK(memory[23] == 99);
    const tb::volume_view<const int, 2> broadcast(memory.data() + 5, {10, 10}, {0, 0});
    CHECK(broadcast(9, 9) == 5);

    const index_t nx = 6;
    const std::vector<int>& read_only = memory;
    const auto row = tb::c_order(read_only.data(), {nx});
    static_assert(std::is_same_v<decltype(row), const tb::volume_view<const int, 1>>);
    CHECK(row.size() == 6);
    const auto six = tb::fortran_order(memory.data(), {1, 2, 1, 2, 1, 2});
    CHECK(six.strides() == tb::index_array<6>{1, 1, 2, 2, 4, 4});
    CHECK(tb::fortran_order(memory.data(), {0, 5}).size() == 0);
}

TEST_CASE("a view converts to a view of const, not back") {
    std::vector<float> memory(6, 1.0f);
    const auto v = tb::fortran_order(memory.data(), {3, 2});
    const tb::volume_view<const float, 2> c = v;
    CHECK(c.data() == memory.data());
    CHECK(c.shape() == v.shape());
    CHECK(c.strides() == v.strides());
    using view = tb::volume_view<float, 2>;
    using const_view = tb::volume_view<const float, 2>;
    static_assert(std::is_convertible_v<view, const_view>);
    static_assert(!std::is_constructible_v<view, const_view>);
    static_assert(!std::is_constructible_v<tb::volume_view<const double, 2>, view>);
    static_assert(!std::is_constructible_v<tb::volume_view<const float, 3>, view>);
    static_assert(!std::is_constructible_v<view, const tb::volume<float, 2>&>);
    static_assert(std::is_constructible_v<view, tb::volume<float, 2>&>);
    static_assert(std::is_convertible_v<const tb::volume<float, 2>&, const_view>);
    static_assert(std::is_convertible_v<tb::volume<float, 2>&, const_view>);
    static_assert(std::is_trivially_copyable_v<view>);
}

TEST_CASE("a volume owns aligned memory in Fortran order") {
    tb::volume<std::uint16_t, 3> v(space{5, 3, 2});
    CHECK(is_aligned(v));
    CHECK(v.size() == 30);
    CHECK(v.strides() == space{1, 5, 15});
    CHECK(v.extent(0) == 5);
    CHECK(v.stride(1) == 5);
    v(4, 2, 1) = 77;
    CHECK(v.data()[29] == 77);
    CHECK(v.view()(4, 2, 1) == 77);
    v.view()(0, 0, 0) = 5;
    const auto& read_only = v;
    CHECK(read_only(0, 0, 0) == 5);
    CHECK(read_only.view()(0, 0, 0) == 5);
    static_assert(std::is_same_v<decltype(v.view()), tb::volume_view<std::uint16_t, 3>>);
    static_assert(std::is_same_v<decltype(read_only.view()), tb::volume_view<const std::uint16_t, 3>>);
    for (index_t n = 1; n < 200; n += 13) {
        CHECK(is_aligned(tb::volume<std::uint8_t, 1>({n})));
        CHECK(is_aligned(tb::volume<double, 2>({n, 3})));
    }
}

TEST_CASE("a volume moves without copying its voxels") {
    tb::volume<int, 2> a({3, 2});
    for (index_t i = 0; i < 6; ++i) a.data()[i] = static_cast<int>(i);
    const int* const data = a.data();

    tb::volume<int, 2> b(std::move(a));
    CHECK(b.data() == data);
    CHECK(b(2, 1) == 5);
    tb::volume<int, 2> c({100, 100});
    c = std::move(b);
    CHECK(c.data() == data);
    CHECK(c.shape() == tb::index_array<2>{3, 2});
    static_assert(std::is_nothrow_move_constructible_v<tb::volume<int, 2>>);
    static_assert(std::is_nothrow_move_assignable_v<tb::volume<int, 2>>);

    std::vector<tb::volume<int, 2>> several;
    for (int i = 0; i < 20; ++i) several.emplace_back(tb::index_array<2>{2, 2});
    several.push_back(std::move(c));
    CHECK(several.back().data() == data);
}

TEST_CASE("volumes, views and what looks like std::mdspan go into a function alike") {
    std::vector<std::uint8_t> memory(4 * 6);
    for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<std::uint8_t>(i * i % 50);
    const plane_of_mdspan<std::uint8_t> rows(memory.data(), {6, 4}, {4, 1});
    const plane_of_mdspan<const std::uint8_t> const_rows(memory.data(), {6, 4}, {4, 1});
    const auto view = tb::c_order(memory.data(), {6, 4});
    const tb::volume_view<const std::uint8_t, 2> from_look_alike(const_rows);
    CHECK(from_look_alike.shape() == view.shape());
    CHECK(from_look_alike.strides() == view.strides());

    tb::volume<std::uint8_t, 2> owner({6, 4});
    for (index_t y = 0; y < 4; ++y)
        for (index_t x = 0; x < 6; ++x) owner(x, y) = view(x, y);
    const auto& const_owner = owner;

    const auto same = [&](const auto& mips, const auto& others) {
        CHECK(mips.size() == others.size());
        for (std::size_t m = 0; m < mips.size(); ++m)
            for (index_t y = 0; y < mips[m].extent(1); ++y)
                for (index_t x = 0; x < mips[m].extent(0); ++x) CHECK(mips[m](x, y) == others[m](x, y));
    };
    const auto all = [&](auto downsample) {
        const std::vector<tb::volume<std::uint8_t, 2>> mips = downsample(view);
        CHECK(mips.size() == 2);
        same(mips, downsample(rows));
        same(mips, downsample(const_rows));
        same(mips, downsample(owner));
        same(mips, downsample(const_owner));
        same(mips, downsample(owner.view()));
        same(mips, downsample(tb::volume_view<const std::uint8_t, 2>(view)));
    };
    all([](const auto& v) { return tb::downsample_with_averaging(v, {2, 2}, 2); });
    all([](const auto& v) { return tb::downsample_segmentation(v, {2, 2}, 2); });
    all([](const auto& v) { return tb::downsample_with_min_pooling(v, {2, 2}, 2); });
    all([](const auto& v) { return tb::downsample_with_max_pooling(v, {2, 2}, 2); });
    all([](const auto& v) { return tb::downsample_with_median_pooling(v, {2, 2}, 2); });
    all([](const auto& v) { return tb::downsample_with_striding(v, {2, 2}, 2); });
}

TEST_CASE("the call of the README compiles") {
    tb::volume<std::uint8_t, 3> image({20, 10, 3});
    std::fill(image.data(), image.data() + image.size(), std::uint8_t{4});
    const auto mips =
        tb::downsample_with_averaging(image, {2, 2, 1}, 5, {.sparse = true, .run_on = tb::threads(8)});
    CHECK(mips.size() == 5);
    CHECK(mips[4].shape() == space{1, 1, 3});
    CHECK(mips[4](0, 0, 2) == 4);
}

TEST_CASE("a volume in any order of its axes") {
    tb::volume<int, 3> c({2, 3, 4}, {2, 1, 0});
    CHECK(c.strides() == space{12, 4, 1});
    CHECK(c.size() == 24);
    CHECK(is_aligned(c));
    CHECK(&c(1, 2, 3) == c.data() + 23);
    CHECK(tb::volume<int, 3>({2, 3, 4}, {0, 1, 2}).strides() == space{1, 2, 6});
    CHECK(tb::volume<int, 3>({2, 3, 4}, {1, 2, 0}).strides() == space{12, 1, 3});
    CHECK(tb::volume<int, 3>({2, 1, 4}, {2, 1, 0}).strides() == space{4, 4, 1});
    // Without voxels the strides are those of extents of one.
    CHECK(tb::volume<int, 3>({2, 0, 4}, {2, 1, 0}).strides() == space{4, 4, 1});
    CHECK(tb::volume<int, 3>({2, 0, 4}, {2, 1, 0}).data() == nullptr);

    // Copies, moves and views keep the order.
    for (index_t i = 0; i < 24; ++i) c.data()[i] = static_cast<int>(i);
    const tb::volume<int, 3> copy(c);
    CHECK(copy.strides() == c.strides());
    CHECK(std::equal(copy.data(), copy.data() + 24, c.data()));
    CHECK(copy.view().strides() == c.strides());
    CHECK(copy(1, 0, 2) == 14);
    const int* before = c.data();
    tb::volume<int, 3> moved(std::move(c));
    CHECK(moved.data() == before);
    CHECK(moved.strides() == space{12, 4, 1});
    tb::volume<int, 3> assigned({1, 1, 1});
    assigned = copy;
    CHECK(assigned.strides() == space{12, 4, 1});
    CHECK(assigned(1, 2, 3) == 23);
}

TEST_CASE("an order that does not name each axis once is refused") {
    const auto refusal = [](const space& shape, const std::array<std::size_t, 3>& order) -> std::string {
        try {
            const tb::volume<int, 3> volume(shape, order);
        } catch (const std::invalid_argument& e) {
            return e.what();
        }
        return "taken";
    };
    CHECK(refusal({2, 3, 4}, {0, 1, 1}) ==
          "tinybrain: the order of a volume's axes is (0, 1, 1), but must name each of the 3 axes once");
    CHECK(refusal({2, 3, 4}, {0, 1, 3}).find("(0, 1, 3)") != std::string::npos);
    CHECK(refusal({2, 0, 4}, {2, 2, 2}).find("each of the 3 axes once") != std::string::npos);
    CHECK(refusal({0, 0, 0}, {0, 1, 2}) == "taken");
    // The shape is refused as ever.
    CHECK(refusal({2, -3, 4}, {2, 1, 0}).find("no extent may be negative") != std::string::npos);
    const index_t most = std::numeric_limits<index_t>::max();
    CHECK_THROWS_AS((tb::volume<int, 3>({most, most, 4}, {2, 1, 0})), std::length_error);
}

TEST_CASE("a view is placed on the grid of windows, and its parts are in their place") {
    tb::volume<int, 2> v({4, 3});
    std::iota(v.begin(), v.end(), 0);
    CHECK(v.origin() == tb::index_array<2>{0, 0});
    const tb::volume_view<int, 2> view = tb::placed(v, {10, -1});
    CHECK(view.origin() == tb::index_array<2>{10, -1});
    CHECK(view.data() == v.data());
    CHECK(view(3, 2) == 11);
    const tb::volume_view<const int, 2> read_only = view;
    CHECK(read_only.origin() == view.origin());
    const auto part = read_only.part({{1, 1}, {3, 3}});
    CHECK(part.shape() == tb::index_array<2>{2, 2});
    CHECK(part.origin() == tb::index_array<2>{11, 0});
    CHECK(part(1, 0) == 6);
    CHECK(view.part({{4, 0}, {4, 3}}).size() == 0);
    CHECK(tb::box<2>{{1, 1}, {3, 2}}.shape() == tb::index_array<2>{2, 1});

    v = tb::placed(std::move(v), {5, 6});
    CHECK(v.origin() == tb::index_array<2>{5, 6});
    CHECK(v.view().origin() == v.origin());
    const tb::volume copy = v;
    CHECK(copy.origin() == v.origin());
    CHECK(copy == v);
    const tb::volume moved = std::move(v);
    CHECK(moved.origin() == copy.origin());
    CHECK(v.origin() == tb::index_array<2>{0, 0});
}

TEST_CASE("volumes are ranges, copies of views, and equal where their voxels are") {
    tb::volume<int, 2> fortran({4, 3});
    std::iota(fortran.begin(), fortran.end(), 0);
    CHECK(fortran.span().size() == 12);
    CHECK(std::accumulate(fortran.begin(), fortran.end(), 0) == 66);
    tb::volume<int, 2> c({4, 3}, {1, 0});
    for (tb::index_t y = 0; y < 3; ++y)
        for (tb::index_t x = 0; x < 4; ++x) c(x, y) = fortran(x, y);
    CHECK(c == fortran);
    CHECK(std::as_const(c).span()[1] == fortran(0, 1));
    const tb::volume copy(c.view());  // the type from the view
    CHECK(copy.strides() == fortran.strides());
    CHECK(copy == c);
    c(3, 2) = -1;
    CHECK(!(c == fortran));
    CHECK(!(tb::placed(tb::volume<int, 2>(copy), {1, 0}) == copy));
    CHECK(tb::volume(tb::placed(copy, {1, 0})).origin() == tb::index_array<2>{1, 0});
    const tb::volume part(copy.view().part({{1, 1}, {3, 3}}));
    CHECK(part.span()[2] == copy(1, 2));
    CHECK(tb::volume(tb::volume_view<const int, 2>(nullptr, {0, 3})).size() == 0);
    const tb::volume_view view = c;
    static_assert(std::is_same_v<decltype(view), const tb::volume_view<int, 2>>);
    const tb::volume_view of_const = copy;
    static_assert(std::is_same_v<decltype(of_const), const tb::volume_view<const int, 2>>);
}

TEST_CASE("shapes and origins of mips by a factor for each and at origins") {
    using shape = tb::index_array<3>;
    const std::vector<shape> factors{{2, 2, 1}, {3, 1, 2}};
    CHECK(tb::mip_shape(shape{100, 70, 4}, factors) == shape{17, 35, 2});
    CHECK(tb::mip_shape(shape{100, 70, 4}, factors, {5, 0, -1}) == shape{18, 35, 3});
    CHECK(tb::mip_origin(shape{5, 0, -1}, factors) == shape{0, 0, -1});
    CHECK(tb::mip_shape(shape{100, 70, 4}, std::vector<shape>{}) == shape{100, 70, 4});
    CHECK(tb::mip_shape(tb::index_array<1>{10}, {4}, 1, {3}) == tb::index_array<1>{4});
    CHECK(tb::mip_origin({3}, {4}) == tb::index_array<1>{0});
    CHECK(tb::mip_origin({-3}, {4}, 0) == tb::index_array<1>{-3});
    // From -1 to 0 lies a boundary of every grid.
    CHECK(tb::mip_shape(tb::index_array<1>{2}, {2}, 100, {-1}) == tb::index_array<1>{2});
    CHECK(tb::mip_origin({-1}, {2}, 100) == tb::index_array<1>{-1});
    // It takes a while until all are in one window.
    CHECK(tb::mip_shape(tb::index_array<1>{2}, {2}, 20, {(1 << 20) - 1}) == tb::index_array<1>{2});
    CHECK(tb::mip_shape(tb::index_array<1>{2}, {2}, 21, {(1 << 20) - 1}) == tb::index_array<1>{1});
    CHECK_THROWS_AS(tb::mip_shape(shape{1, 1, 1}, std::vector<shape>{{1, 0, 1}}), std::invalid_argument);
    CHECK_THROWS_AS(tb::mip_origin(shape{1, 1, 1}, {1, 0, 1}), std::invalid_argument);
    CHECK_THROWS_AS(tb::mip_origin(shape{1, 1, 1}, {1, 1, 1}, -1), std::invalid_argument);

    CHECK(tb::num_mips_to_fit({1000, 700, 400}, {2, 2, 1}, 64) == 4);
    CHECK(tb::num_mips_to_fit({64, 64, 400}, {2, 2, 1}, 64) == 0);
    CHECK(tb::num_mips_to_fit({65, 0, 1}, {2, 2, 2}, 64) == 1);
    CHECK(tb::num_mips_to_fit({1000, 10, 1}, {10, 2, 2}, 1) == 4);
    CHECK_THROWS_AS(tb::num_mips_to_fit({10, 10}, {2, 2}, 0), std::invalid_argument);
}

TEST_CASE("near-isotropic factors of a shape leave axes of one voxel alone") {
    using factor = tb::index_array<3>;
    const std::vector<factor> flat(3, factor{2, 2, 1});
    CHECK(tb::near_isotropic_factors({10.032, 10.032, 1.0}, 3, {64, 48, 1}) == flat);
    CHECK(tb::near_isotropic_factors({10.032, 10.032, 1.0}, 1)[0] == factor{1, 1, 2});
    // The shortest axis ends after one mip and holds the others up no longer.
    CHECK(tb::near_isotropic_factors({1.0, 8.0, 8.0}, 3, {2, 64, 64}) ==
          std::vector<factor>{{2, 1, 1}, {1, 2, 2}, {1, 2, 2}});
    CHECK(tb::near_isotropic_factors({1.0, 1.0, 1.0}, 2, {1, 1, 1})[1] == factor{1, 1, 1});
    CHECK(tb::near_isotropic_factors({1.0, 1.0}, 70, {8, 1})[69] == tb::index_array<2>{1, 1});
}

TEST_CASE("a span too short for its shape is refused") {
    std::vector<int> voxels(24);
    std::iota(voxels.begin(), voxels.end(), 0);
    const auto fortran = tb::fortran_order(std::span(voxels), {6, 4});
    CHECK(fortran(5, 3) == 23);
    CHECK(fortran(1, 0) == 1);
    CHECK(tb::c_order(std::span(voxels), {6, 4})(0, 1) == 1);
    CHECK(tb::c_order(std::span<const int>(voxels), tb::index_array<2>{6, 4})(5, 3) == 23);
    CHECK(tb::fortran_order(std::span(voxels), tb::index_array<1>{20}).size() == 20);
    CHECK(tb::fortran_order(std::span<int>(), {0, 7}).size() == 0);
    CHECK_THROWS_AS(tb::fortran_order(std::span(voxels), {6, 5}), std::invalid_argument);
    CHECK_THROWS_AS(tb::c_order(std::span(voxels), {-6, -4}), std::invalid_argument);
    CHECK_THROWS_AS(tb::c_order(std::span(voxels), {tb::index_t{1} << 40, tb::index_t{1} << 40}),
                    std::invalid_argument);
}
