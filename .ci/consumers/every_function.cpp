// SPDX-License-Identifier: BSL-1.0
// Every public function in every form, of types that differ: for what a compiler has to remark on in our
// headers.
#include <cstdint>
#include <functional>
#include <span>
#include <tinybrain/tinybrain.hpp>
#include <utility>
#include <vector>

namespace {

namespace tb = tinybrain;

template <class T>
using mips = std::vector<tb::volume<T, 3>>;

template <class T>
std::vector<tb::volume_view<T, 3>> views_of(mips<T>& volumes) {
    std::vector<tb::volume_view<T, 3>> views;
    for (auto& volume : volumes) views.push_back(volume.view());
    return views;
}

// `make` and `fill` are a function and its _into, with their options.
template <class T, class Make, class Fill>
tb::index_t every_form(const Make& make, const Fill& fill) {
    using factor_type = tb::index_array<3>;
    const tb::volume<T, 3> image({9, 7, 5});
    const std::vector<factor_type> factors(2, factor_type{2, 2, 1});
    mips<T> one = make(image, factors[0], 2);
    mips<T> another = make(image.view(), std::span<const factor_type>(factors));
    fill(image, factors[0], std::span<const tb::volume_view<T, 3>>(views_of(one)));
    fill(image.view(), std::span<const factor_type>(factors),
         std::span<const tb::volume_view<T, 3>>(views_of(another)));
    return one[1].size() + another[1].size();
}

// A macro, for a function template cannot be handed on.
#define EVERY_FORM(function, ...)                                                          \
    every_form<T>([&](const auto&... with) { return tb::function(with..., __VA_ARGS__); }, \
                  [&](const auto&... with) { tb::function##_into(with..., __VA_ARGS__); })

template <class T>
tb::index_t every_function() {
    const tb::averaging_options<T> average{.sparse = true, .round = tb::rounding::half_even};
    const tb::segmentation_options<T> mode{.tie = tb::ties::lowest, .vote = tb::votes::footprint};
    const tb::pooling_options<T> pool{.sparse = true, .least_coverage = 0.5, .run_on = tb::threads(2)};
    const tb::run_options run{.run_on = tb::threads(2)};
    return EVERY_FORM(downsample_with_averaging, average) + EVERY_FORM(downsample_segmentation, mode) +
           EVERY_FORM(downsample_with_min_pooling, pool) + EVERY_FORM(downsample_with_max_pooling, pool) +
           EVERY_FORM(downsample_with_median_pooling, pool) + EVERY_FORM(downsample_with_striding, run);
}

tb::index_t what_is_not_a_method() {
    using shape = tb::index_array<3>;
    const std::vector<shape> factors = tb::near_isotropic_factors({8.0, 8.0, 40.0}, 3);
    const tb::chunk_grid<2> grid({9, 7}, {4, 4}, {2, 2}, 1, {3, -1});
    const tb::chunk_grid<3> by_list({9, 7, 5}, {8, 8, 8}, factors, {1, 2, 3});
    tb::volume<float, 3> image({9, 7, 5});
    image = tb::placed(std::move(image), {1, 2, 3});
    const tb::volume_view part = tb::placed(image, {0, 0, -1}).part({{1, 1, 1}, {3, 3, 3}});
    const tb::volume copy(part);
    for (float& voxel : image) voxel = 1;
    const auto submit = tb::submit_to([](const std::function<void()>& work) { work(); }, 1);
    const auto mips = tb::downsample_with_averaging(part, {2, 2, 1}, 1, {.run_on = submit});
    return grid.source(0).end[0] + grid.mip(0, 1).end[1] + grid.shape()[0] + by_list.num_mips() +
           tb::mip_shape({9, 7, 5}, factors[0])[0] +
           tb::mip_shape(shape{9, 7, 5}, factors, part.origin())[0] +
           tb::mip_origin(part.origin(), factors)[1] + tb::mip_origin({3, 4}, {2, 2})[0] +
           tb::num_mips_to_fit({9, 7, 5}, factors[0], 4) + mips[0].origin()[0] + (copy == copy ? 1 : 0) +
           tb::near_isotropic_factors({8.0, 8.0, 40.0}, 3, {9, 7, 1})[0][2];
}

}  // namespace

int main() {
    const tb::index_t voxels =
        every_function<std::uint8_t>() + every_function<std::int64_t>() + every_function<float>();
    return voxels + what_is_not_a_method() > 0 ? 0 : 1;
}
