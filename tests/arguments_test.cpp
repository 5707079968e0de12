// SPDX-License-Identifier: BSL-1.0
// Shapes, strides, factors, origins and outputs, in every form in which callers have them.
#include <tinybrain/tinybrain.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "catch.hpp"

namespace {

namespace tb = tinybrain;
using tb::index_array;
using tb::index_t;
using plane = tb::volume<std::uint8_t, 2>;
using plane_view = tb::volume_view<std::uint8_t, 2>;

enum extent_of_lab { width = 6, height = 4 };

plane ramp(const index_array<2>& shape) {
    plane image(shape);
    std::iota(image.begin(), image.end(), std::uint8_t{0});
    return image;
}

// What std::mdspan<std::uint8_t, std::dextents<int, 2>> offers, as far as it is asked for.
struct span_of_plane {
    using reference = std::uint8_t&;
    static constexpr int rank() { return 2; }
    std::uint8_t* data_handle() const { return view.data(); }
    int extent(int axis) const { return static_cast<int>(view.extent(static_cast<std::size_t>(axis))); }
    int stride(int axis) const { return static_cast<int>(view.stride(static_cast<std::size_t>(axis))); }
    plane_view view;
};

}  // namespace

TEST_CASE("shapes are arrays, C arrays or braces of any integers, mixed too") {
    const std::size_t nx = 6;
    const std::uint16_t ny = 4;
    const int ints[] = {6, 4};
    const std::array<std::size_t, 2> sizes = {6, 4};
    const index_array<2> shape = {6, 4};

    CHECK(plane({nx, ny}).shape() == shape);
    CHECK(plane({nx, 4}).shape() == shape);
    CHECK(plane({width, height}).shape() == shape);
    CHECK(plane(sizes).shape() == shape);
    CHECK(plane(ints).shape() == shape);
    CHECK(tb::volume<float, 1>({nx}).shape() == index_array<1>{6});
    CHECK(tb::volume<float, 1>(std::array<unsigned, 1>{6}).shape() == index_array<1>{6});

    std::vector<std::uint8_t> memory(24);
    CHECK(plane_view(memory.data(), {nx, ny}).shape() == shape);
    CHECK(plane_view(memory.data(), sizes, {4, ny - 3}).strides() == index_array<2>{4, 1});
    CHECK(tb::volume_view(memory.data(), {nx, ny}).shape() == shape);
    CHECK(tb::volume_view(memory.data(), ints, std::array{1L, 6L}, {-1, nx}).origin() ==
          index_array<2>{-1, 6});
    CHECK(tb::fortran_order(memory.data(), {nx, ny}).strides() == index_array<2>{1, 6});
    CHECK(tb::fortran_order(memory.data(), sizes).strides() == index_array<2>{1, 6});
    CHECK(tb::c_order(std::span(memory), ints).strides() == index_array<2>{4, 1});
    CHECK(tb::c_order(std::span(memory), {nx, 4}).strides() == index_array<2>{4, 1});
    CHECK(tb::c_order(std::span<const std::uint8_t, 24>(memory), {nx, 4}).shape() == shape);
    static_assert(std::is_same_v<decltype(tb::c_order(std::span<const std::uint8_t>(memory), {nx, 4})),
                                 tb::volume_view<const std::uint8_t, 2>>);

    CHECK(tb::mip_shape({nx, ny}, {2, nx}, 1) == index_array<2>{3, 1});
    CHECK(tb::mip_shape(sizes, {2U, 2L}) == index_array<2>{3, 2});
    CHECK(tb::mip_shape(ints, {{2, 2}, {2, 2}}, {nx, 1}) == index_array<2>{2, 2});
    CHECK(tb::mip_shape({nx, ny}, {{2, 2}, {2, 2}}) == index_array<2>{2, 1});
    CHECK(tb::mip_origin({nx, -1}, {2, 2}, 2) == index_array<2>{1, -1});
    CHECK(tb::mip_origin(sizes, std::vector<std::array<int, 2>>{{3, 4}}) == index_array<2>{2, 1});
    CHECK(tb::num_mips_to_fit({nx, ny}, sizes, nx) == 0);
    CHECK(tb::num_mips_to_fit(sizes, {2, 2}, 1U) == 3);
    const tb::chunk_grid grid({nx, ny}, {std::size_t{4}, 4}, {2, 2}, 2, {1, nx});
    CHECK(grid.shape() == index_array<2>{2, 2});
    CHECK(tb::chunk_grid<2>(sizes, ints, {{2, 2}, {1, 2}}).num_mips() == 2);
}

TEST_CASE("an unsigned extent that no signed index holds is refused") {
    const std::size_t most = std::numeric_limits<std::size_t>::max();
    const std::array<std::size_t, 2> sizes = {1, most};
    CHECK_THROWS_AS(plane({1, most}), std::length_error);
    CHECK_THROWS_AS(plane(sizes), std::length_error);
    CHECK_THROWS_AS(tb::mip_shape(sizes, {1, 1}), std::length_error);
    CHECK_THROWS_AS(tb::mip_shape({4, 4}, {most, 1U}), std::length_error);
    CHECK_THROWS_AS(tb::downsample_with_averaging(ramp({2, 2}), {1, most}), std::length_error);
    std::uint8_t voxel = 0;
    CHECK_THROWS_AS(tb::fortran_order(&voxel, {1, most}), std::length_error);
    CHECK_THROWS_WITH(plane({1, most}), Catch::Matchers::Contains("18446744073709551615"));
}

TEST_CASE("factors are arrays, C arrays or braces, and ranges of them") {
    const plane image = ramp({width, height});
    const auto right = tb::downsample_with_averaging(image, index_array<2>{2, 2}, 2);
    const std::size_t two = 2;
    const int ints[] = {2, 2};
    CHECK(tb::downsample_with_averaging(image, {two, 2}, 2) == right);
    CHECK(tb::downsample_with_averaging(image, std::array<std::size_t, 2>{2, 2}, 2) == right);
    CHECK(tb::downsample_with_averaging(image, ints, 2) == right);
    CHECK(tb::downsample_with_averaging(image, {{2, 2}, {two, 2U}}) == right);
    CHECK(tb::downsample_with_averaging(image, std::vector<index_array<2>>{{2, 2}, {2, 2}}) == right);
    CHECK(tb::downsample_with_averaging(image, std::list<std::array<int, 2>>{{2, 2}, {2, 2}}) == right);
    const std::array<index_array<2>, 2> twice{{{2, 2}, {2, 2}}};
    CHECK(tb::downsample_with_averaging(image, std::span(twice)) == right);
    CHECK(tb::downsample_with_averaging(image, std::span<const index_array<2>>{}).empty());
    const tb::volume<float, 1> line({4});
    CHECK(tb::downsample_with_striding(line, {two}).front().size() == 2);
}

TEST_CASE("outputs are views, volumes or mdspan-likes: one, in braces, or in a range") {
    const plane image = ramp({width, height});
    const auto right = tb::downsample_with_averaging(image, {2, 2}, 2);
    plane first({3, 2}), second({2, 1});
    const auto blank = [&] {
        for (plane* mip : {&first, &second})
            for (std::uint8_t& voxel : *mip) voxel = 255;
    };
    const auto both = [&] { return first == right[0] && second == right[1]; };

    blank();
    tb::downsample_with_averaging_into(image, {2, 2}, first);
    CHECK(first == right[0]);
    blank();
    tb::downsample_with_averaging_into(image, {2, 2}, first.view());
    CHECK(first == right[0]);
    blank();
    tb::downsample_with_averaging_into(image, {2, 2}, {first, second});
    CHECK(both());
    blank();
    tb::downsample_with_averaging_into(image, {{2, 2}, {2, 2}}, {first.view(), second.view()});
    CHECK(both());
    blank();
    const std::array views = {first.view(), second.view()};
    tb::downsample_with_averaging_into(image, {2, 2}, std::span(views));
    CHECK(both());
    blank();
    tb::downsample_with_averaging_into(image, {2, 2}, std::list<plane_view>{first, second});
    CHECK(both());
    blank();
    const span_of_plane spans[] = {{first}, {second}};
    tb::downsample_with_averaging_into(image, {2, 2}, spans);
    CHECK(both());
    blank();
    tb::downsample_with_averaging_into(image, {2, 2}, spans[0]);
    CHECK(first == right[0]);

    std::vector<plane> volumes;
    for (const plane& mip : right) volumes.emplace_back(mip.shape());
    tb::downsample_with_averaging_into(image, {2, 2}, volumes);
    CHECK(volumes == right);
    tb::downsample_segmentation_into(image, {2, 2}, volumes, {.tie = tb::ties::lowest});
    CHECK(volumes == tb::downsample_segmentation(image, {2, 2}, 2, {.tie = tb::ties::lowest}));
    tb::downsample_with_median_pooling_into(image, {2, 2}, volumes, {.sparse = true});
    CHECK(volumes == tb::downsample_with_median_pooling(image, {2, 2}, 2, {.sparse = true}));
    tb::downsample_with_striding_into(image, {2, 2}, volumes, {.run_on = tb::threads(2)});
    CHECK(volumes == tb::downsample_with_striding(image, {2, 2}, 2));
}

TEST_CASE("an image that is made for the call is read, not dangled") {
    CHECK(tb::downsample_with_averaging(ramp({2, 2}), {2, 2}).front()(0, 0) == 1);
    CHECK(tb::downsample_with_averaging(tb::placed(ramp({2, 2}), {1, 1}), {2, 2}).front().shape() ==
          index_array<2>{2, 2});
    static_assert(!std::is_constructible_v<plane_view, plane>);
    static_assert(!std::is_constructible_v<tb::volume_view<const std::uint8_t, 2>, const plane>);
}
