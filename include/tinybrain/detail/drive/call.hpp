// What every entry point does: check, make the outputs or take the caller's, plan, and hand over to a method.
#pragma once

#include <concepts>
#include <initializer_list>
#include <iterator>
#include <span>
#include <vector>

#include <tinybrain/arguments.hpp>
#include <tinybrain/detail/drive/checks.hpp>
#include <tinybrain/detail/drive/plan.hpp>
#include <tinybrain/detail/drive/walk.hpp>
#include <tinybrain/volume.hpp>

TINYBRAIN_NAMESPACE_BEGIN

/// Mips of an image, in memory of their own: mip 1 first.
template <class V>
using mips_of = std::vector<volume<voxel_of<V>, rank_of<V>>>;

/// Where `_into` writes, as an argument: volumes, volume_views or mdspan-likes of the image's voxel type and
/// rank, in a range, in braces, or one alone; mip 1 first. Where they lie follows from the image: an origin
/// of their own is not looked at.
template <class T, std::size_t Rank>
class output_mips {
public:
    /// One alone: mip 1.
    template <std::convertible_to<volume_view<T, Rank>> Output>
    output_mips(Output&& mip) : views_{mip} {}
    /// A std::vector, std::array, std::span or any other range.
    template <class Outputs>
    requires(!std::convertible_to<Outputs, volume_view<T, Rank>> && requires(Outputs & mips) {
        { *std::begin(mips) } -> std::convertible_to<volume_view<T, Rank>>;
        std::end(mips);
    }) output_mips(Outputs&& mips) {
        for (auto&& mip : mips) views_.push_back(mip);
    }
    /// Braces: {mip_1, mip_2}.
    output_mips(std::initializer_list<volume_view<T, Rank>> mips) : views_(mips) {}

    /// Views of them.
    std::span<const volume_view<T, Rank>> span() const { return views_; }

private:
    std::vector<volume_view<T, Rank>> views_;
};

namespace detail {

template <class V>
constexpr volume_view<const voxel_of<V>, rank_of<V>> read_only(const V& image) {
    return volume_view<const voxel_of<V>, rank_of<V>>(image);
}

template <class T, std::size_t Rank>
raw_view raw(const volume_view<T, Rank>& view) {
    static_assert(Rank <= max_axes, "tinybrain: a volume that is downsampled has no more than 8 axes");
    raw_view result;
    result.data = const_cast<std::byte*>(reinterpret_cast<const std::byte*>(view.data()));
    for (std::size_t axis = 0; axis < Rank; ++axis) {
        result.shape[axis] = view.extent(axis);
        result.stride[axis] = view.stride(axis);
        result.origin[axis] = view.origin()[axis];
    }
    return result;
}

// A template, like all that knows no type but is more than a few lines, so that tinybrain::compiled can have
// it.
template <class = void>
plan plan_of_call(const raw_call& call, index_t mips_never_copied) {
    return planner(call.image, call.factors, call.mips, call.voxel_bytes, call.copy, mips_never_copied)
        .make();
}

template <std::size_t Rank>
raw_factors same_factors(const index_array<Rank>& factor, index_t num_mips) {
    return {factor.data(), Rank, num_mips, true};
}
template <std::size_t Rank>
raw_factors each_factor(std::span<const index_array<Rank>> factors) {
    static_assert(sizeof(index_array<Rank>) == Rank * sizeof(index_t));
    return {factors.empty() ? nullptr : factors.data()->data(), Rank, static_cast<index_t>(factors.size()),
            false};
}

template <class T, std::size_t Rank>
raw_call call_of(const volume_view<const T, Rank>& image, const raw_factors& factors) {
    return {raw(image), factors, {}, Rank, index_t{sizeof(T)}, &copy_block<sizeof(T)>};
}

// A method offers check(call), for what only it refuses, run(plan), run_on(), the executor, and
// mips_never_copied(): up to which mip one may differ from the one before though its factor is 1 everywhere.
template <class Method>
void run_method(const raw_call& call, const Method& method) {
    if (call.mips.empty() || checked_size(call.span(call.image.shape)) == 0) return;
    const plan p = plan_of_call<>(call, method.mips_never_copied());
    method.run(p);
    if (!p.repeats.empty()) write_repeats<>(p, method.run_on());
}

/// The axes of a view from the one that memory runs along first. Where an axis has but one voxel, or a stride
/// of zero, its number says where it goes: as in C order if the others are in C order, else as in Fortran
/// order.
inline std::array<std::size_t, max_axes> axes_in_memory(const raw_view& view, std::size_t rank) {
    std::array<std::size_t, max_axes> order{};
    std::size_t placed = 0;
    const auto has_stride = [&](std::size_t axis) { return view.shape[axis] > 1 && view.stride[axis] != 0; };
    const auto insert = [&](std::size_t axis, const auto& goes_before) {
        std::size_t place = placed++;
        std::size_t first = 0;
        while (first < place && !goes_before(order[first])) ++first;
        for (; place > first; --place) order[place] = order[place - 1];
        order[first] = axis;
    };
    for (std::size_t axis = 0; axis < rank; ++axis) {
        if (!has_stride(axis)) continue;
        const index_t stride = magnitude(view.stride[axis]);
        insert(axis, [&](std::size_t other) { return stride < magnitude(view.stride[other]); });
    }
    bool descends = placed > 1;
    for (std::size_t i = 1; i < placed; ++i) descends = descends && order[i] < order[i - 1];
    for (std::size_t axis = 0; axis < rank; ++axis) {
        if (has_stride(axis)) continue;
        insert(axis, [&](std::size_t other) { return descends ? other < axis : other > axis; });
    }
    return order;
}
template <std::size_t Rank, class Number>
std::array<Number, Rank> first_axes(const std::array<Number, max_axes>& all) {
    std::array<Number, Rank> first;
    std::copy_n(all.begin(), Rank, first.begin());
    return first;
}
template <std::size_t Rank>
std::array<std::size_t, Rank> memory_order(const raw_view& view) {
    return first_axes<Rank>(axes_in_memory(view, Rank));
}

template <class T, std::size_t Rank, class Method>
std::vector<volume<T, Rank>> make_mips(const volume_view<const T, Rank>& image, const raw_factors& factors,
                                       const Method& method) {
    raw_call call = call_of(image, factors);
    check_input<>(call);
    method.check(call);
    const auto num_mips = static_cast<std::size_t>(factors.size);
    std::vector<volume<T, Rank>> mips(num_mips);
    std::vector<raw_view> views(num_mips);
    const auto order = memory_order<Rank>(call.image);
    axes shape = call.image.shape;
    axes origin = call.image.origin;
    for (std::size_t m = 0; m < num_mips; ++m) {
        call.to_next_mip(shape, origin, static_cast<index_t>(m));
        mips[m] = placed(volume<T, Rank>(first_axes<Rank>(shape), order), first_axes<Rank>(origin));
        views[m] = raw(mips[m].view());
    }
    call.mips = views;
    run_method(call, method);
    return mips;
}

template <class T, std::size_t Rank, class Method>
void fill_mips(const volume_view<const T, Rank>& image, const raw_factors& factors,
               std::span<const volume_view<T, Rank>> mips, const Method& method) {
    raw_call call = call_of(image, factors);
    std::vector<raw_view> views(mips.size());
    for (std::size_t m = 0; m < mips.size(); ++m) views[m] = raw(mips[m]);
    call.mips = views;
    check_input<>(call);
    method.check(call);
    check_outputs<>(call);
    run_method(call, method);
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
