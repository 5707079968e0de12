// What every entry point does: check, make the outputs or take the caller's, plan, and hand over to a method.
#pragma once

#include <concepts>
#include <span>
#include <vector>

#include <tinybrain/detail/checks.hpp>
#include <tinybrain/detail/plan.hpp>
#include <tinybrain/volume.hpp>

TINYBRAIN_NAMESPACE_BEGIN

/// A factor for each axis, as an argument: an index_array<Rank>, or braces with one number for each axis, {2,
/// 2, 1}.
template <std::size_t Rank>
class one_factor_for_each_axis {
public:
    /// From an array at hand.
    constexpr one_factor_for_each_axis(const index_array<Rank>& factor) : factor_(factor) {}

    /// From braces: as many numbers as there are axes, or it does not compile.
    template <std::convertible_to<index_t>... Number>
    requires(sizeof...(Number) == Rank) constexpr one_factor_for_each_axis(const Number&... factor)
        : factor_{static_cast<index_t>(factor)...} {}

    /// The factors.
    constexpr const index_array<Rank>& array() const { return factor_; }

private:
    index_array<Rank> factor_;
};

/// Where `_into` writes, as an argument: a contiguous range of volume_view<T, Rank>, one for each mip, of the
/// image's voxel type and rank; mips[0] is mip 1.
template <class T, std::size_t Rank>
class one_output_view_of_the_image_type_and_rank_for_each_mip {
public:
    /// From a std::vector, std::array or std::span of views; the views are not copied.
    template <class Views>
    requires std::convertible_to<const Views&, std::span<const volume_view<T, Rank>>>
    one_output_view_of_the_image_type_and_rank_for_each_mip(const Views& views) : views_(views) {}

    /// The views, mip 1 first.
    std::span<const volume_view<T, Rank>> span() const { return views_; }

private:
    std::span<const volume_view<T, Rank>> views_;
};

namespace detail {

template <class V>
using mips_of = std::vector<volume<voxel_of<V>, rank_of<V>>>;

template <class V>
using outputs_for = one_output_view_of_the_image_type_and_rank_for_each_mip<voxel_of<V>, rank_of<V>>;

template <class V>
using factors_for = std::span<const index_array<rank_of<V>>>;

template <class V>
constexpr volume_view<const voxel_of<V>, rank_of<V>> read_only(const V& image) {
    return volume_view<const voxel_of<V>, rank_of<V>>(image);
}

// A method offers check(image, factors), for what only it refuses, run(plan), run_on(), the executor, and
// rule_changes_after_mip_1(): whether mip 2 may differ from mip 1 though its factor is 1 everywhere.
template <class T, std::size_t Rank, class Method>
void run_method(const volume_view<const T, Rank>& image, const factor_list<Rank>& factors,
                std::span<const volume_view<T, Rank>> mips, const Method& method) {
    if (mips.empty() || image.size() == 0) return;
    const plan<T, plan_rank(Rank)> p =
        planner<T, Rank>(image, factors, mips, method.rule_changes_after_mip_1()).make();
    method.run(p);
    write_repeats(p, method.run_on());
}

template <class T, std::size_t Rank, class Method>
void check_input(const volume_view<const T, Rank>& image, const factor_list<Rank>& factors,
                 const Method& method) {
    check_image(image);
    check_factors(factors);
    method.check(image, factors);
}

template <class T, std::size_t Rank, class Method>
std::vector<volume<T, Rank>> make_mips(const volume_view<const T, Rank>& image,
                                       const factor_list<Rank>& factors, const Method& method) {
    check_input(image, factors, method);
    std::vector<volume<T, Rank>> mips;
    std::vector<volume_view<T, Rank>> views;
    mips.reserve(static_cast<std::size_t>(factors.size()));
    views.reserve(static_cast<std::size_t>(factors.size()));
    index_array<Rank> shape = image.shape();
    for (index_t m = 0; m < factors.size(); ++m) {
        shape = next_shape(shape, factors[m]);
        mips.emplace_back(shape);
        views.push_back(mips.back().view());
    }
    run_method<T, Rank>(image, factors, views, method);
    return mips;
}

template <class T, std::size_t Rank, class Method>
void fill_mips(const volume_view<const T, Rank>& image, const factor_list<Rank>& factors,
               std::span<const volume_view<T, Rank>> mips, const Method& method) {
    check_input(image, factors, method);
    check_outputs(image, factors, mips);
    run_method(image, factors, mips, method);
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
