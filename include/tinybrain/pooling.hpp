// SPDX-License-Identifier: BSL-1.0
// Minimum, maximum and median of footprints, and striding.
#pragma once

#include <span>
#include <type_traits>
#include <vector>

#include <tinybrain/detail/drive/call.hpp>
#include <tinybrain/detail/image/extreme.hpp>
#include <tinybrain/detail/image/median.hpp>
#include <tinybrain/detail/image/stride.hpp>
#include <tinybrain/options.hpp>
#include <tinybrain/volume.hpp>

TINYBRAIN_NAMESPACE_BEGIN

/// Minimum, maximum and median exist for the arithmetic types that averages exist for, and for bool.
template <class V>
concept voxels_are_numbers = volume_or_view_or_mdspan_like<V> && std::is_arithmetic_v<voxel_of<V>> &&
                             sizeof(voxel_of<V>) <= 8;

namespace detail {

// How each of the four runs a plan.
template <bool Max>
struct extreme_pooling {
    template <class T>
    static void run(const plan& p, const pooling_options<T>& options) {
        extremes_of<lane_of<T>, Max>(p, foreground_of<lane_of<T>>(options), options.run_on);
    }
};
using min_pooling = extreme_pooling<false>;
using max_pooling = extreme_pooling<true>;
struct median_pooling {
    template <class T>
    static void run(const plan& p, const pooling_options<T>& options) {
        medians_of<lane_of<T>>(p, foreground_of<lane_of<T>>(options), options.run_on);
    }
};
struct striding {
    static void run(const plan& p, const run_options& options) { stride<>(p, options.run_on); }
};

template <class Kind, class Options>
class pooling_method {
public:
    explicit pooling_method(const Options& options) : options_(options) {}

    const executor& run_on() const { return options_.run_on; }
    static constexpr index_t mips_never_copied() {
        if constexpr (is_sparse) return detail::mips_never_copied<decltype(Options::background)>;
        return 0;
    }
    void check(const raw_call&) const {
        if constexpr (is_sparse) check_coverage(options_.sparse, options_.least_coverage);
    }
    void run(const plan& p) const { Kind::run(p, options_); }

private:
    static constexpr bool is_sparse = requires(const Options& o) { o.sparse; };
    const Options& options_;
};

// The four shapes of a pooling's entry point.
template <class Kind, class V, class Options>
mips_of<V> pool(const V& image, const index_array<rank_of<V>>& factor, int num_mips, const Options& options) {
    return make_mips(read_only(image), same_factors(factor, num_mips),
                     pooling_method<Kind, Options>(options));
}
template <class Kind, class V, class Options>
mips_of<V> pool(const V& image, std::span<const index_array<rank_of<V>>> factors, const Options& options) {
    return make_mips(read_only(image), each_factor(factors), pooling_method<Kind, Options>(options));
}
template <class Kind, class V, class Options>
void pool_into(const V& image, const index_array<rank_of<V>>& factor,
               const output_mips<voxel_of<V>, rank_of<V>>& mips, const Options& options) {
    fill_mips(read_only(image), same_factors(factor, static_cast<index_t>(mips.span().size())), mips.span(),
              pooling_method<Kind, Options>(options));
}
template <class Kind, class V, class Options>
void pool_into(const V& image, std::span<const index_array<rank_of<V>>> factors,
               const output_mips<voxel_of<V>, rank_of<V>>& mips, const Options& options) {
    fill_mips(read_only(image), each_factor(factors), mips.span(), pooling_method<Kind, Options>(options));
}

}  // namespace detail

/// Mips 1 ... num_mips of an image, each voxel the smallest of its footprint at mip 0.
///
/// A NaN in the footprint gives NaN; -0 is below +0. With options.sparse background is left out: a footprint
/// of nothing else, or with less foreground than options.least_coverage asks for, gives background. Time
/// grows with the voxels of the image, read from memory once whatever num_mips is; twice with a
/// least_coverage. See also @ref contract.
///
/// @param image a volume, volume_view or mdspan-like of any strides; numbers of up to 64 bits, bool included.
///     An extent may be zero: all mips are empty then.
/// @param factor how many voxels of each axis become one, each at least 1, for every mip: {2, 2, 1}.
/// @param num_mips 0 or more; 0 gives an empty vector.
/// @param options see pooling_options.
/// @return the mips in the memory order of the image, mip 1 first. Mip m has extent ceil(n / factor^m) along
/// each axis.
/// @throws std::invalid_argument where a factor is below 1, num_mips or an extent below 0,
/// options.least_coverage
///     outside [0, 1] or above 0 without sparse, or a pointer null though the image is not empty.
/// @throws std::length_error where a size, or the number of voxels of a footprint, fits no index.
/// @throws std::bad_alloc where memory runs out.
///
/// @code
/// const auto mips = tinybrain::downsample_with_min_pooling(image, {2, 2, 1}, 3);
/// @endcode
template <voxels_are_numbers V>
mips_of<V> downsample_with_min_pooling(const V& image, const one_integer_for_each_axis<rank_of<V>>& factor,
                                       int num_mips = 1, const pooling_options<voxel_of<V>>& options = {}) {
    return detail::pool<detail::min_pooling>(image, factor.array(), num_mips, options);
}
/// downsample_with_min_pooling() with a factor for each mip, from the mip before; there are as many mips as
/// factors.
template <voxels_are_numbers V>
mips_of<V> downsample_with_min_pooling(const V& image,
                                       const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                                       const pooling_options<voxel_of<V>>& options = {}) {
    return detail::pool<detail::min_pooling>(image, factor_of_each_mip.span(), options);
}
/// downsample_with_min_pooling() into memory of the caller's: mips[0] is mip 1, and so on, each of the shape
/// that mip_shape() tells and of any strides. Refuses also (std::invalid_argument, nothing is written) an
/// output of another shape, with a null pointer, with a zero stride along an axis longer than 1, or that
/// overlaps itself, another or the image.
template <voxels_are_numbers V>
void downsample_with_min_pooling_into(const V& image, const one_integer_for_each_axis<rank_of<V>>& factor,
                                      const output_mips<voxel_of<V>, rank_of<V>>& mips,
                                      const pooling_options<voxel_of<V>>& options = {}) {
    detail::pool_into<detail::min_pooling>(image, factor.array(), mips, options);
}
/// downsample_with_min_pooling_into() with a factor for each mip. There must be as many outputs as factors.
template <voxels_are_numbers V>
void downsample_with_min_pooling_into(const V& image,
                                      const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                                      const output_mips<voxel_of<V>, rank_of<V>>& mips,
                                      const pooling_options<voxel_of<V>>& options = {}) {
    detail::pool_into<detail::min_pooling>(image, factor_of_each_mip.span(), mips, options);
}

/// Mips 1 ... num_mips of an image, each voxel the largest of its footprint at mip 0.
///
/// A NaN in the footprint gives NaN; -0 is below +0. With options.sparse background is left out: a footprint
/// of nothing else, or with less foreground than options.least_coverage asks for, gives background. Time
/// grows with the voxels of the image, read from memory once whatever num_mips is; twice with a
/// least_coverage. See also @ref contract.
///
/// @param image a volume, volume_view or mdspan-like of any strides; numbers of up to 64 bits, bool included.
///     An extent may be zero: all mips are empty then.
/// @param factor how many voxels of each axis become one, each at least 1, for every mip: {2, 2, 1}.
/// @param num_mips 0 or more; 0 gives an empty vector.
/// @param options see pooling_options.
/// @return the mips in the memory order of the image, mip 1 first. Mip m has extent ceil(n / factor^m) along
/// each axis.
/// @throws std::invalid_argument where a factor is below 1, num_mips or an extent below 0,
/// options.least_coverage
///     outside [0, 1] or above 0 without sparse, or a pointer null though the image is not empty.
/// @throws std::length_error where a size, or the number of voxels of a footprint, fits no index.
/// @throws std::bad_alloc where memory runs out.
///
/// @code
/// const auto mips = tinybrain::downsample_with_max_pooling(image, {2, 2, 1}, 3);
/// @endcode
template <voxels_are_numbers V>
mips_of<V> downsample_with_max_pooling(const V& image, const one_integer_for_each_axis<rank_of<V>>& factor,
                                       int num_mips = 1, const pooling_options<voxel_of<V>>& options = {}) {
    return detail::pool<detail::max_pooling>(image, factor.array(), num_mips, options);
}
/// downsample_with_max_pooling() with a factor for each mip, from the mip before; there are as many mips as
/// factors.
template <voxels_are_numbers V>
mips_of<V> downsample_with_max_pooling(const V& image,
                                       const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                                       const pooling_options<voxel_of<V>>& options = {}) {
    return detail::pool<detail::max_pooling>(image, factor_of_each_mip.span(), options);
}
/// downsample_with_max_pooling() into memory of the caller's: mips[0] is mip 1, and so on, each of the shape
/// that mip_shape() tells and of any strides. Refuses also (std::invalid_argument, nothing is written) an
/// output of another shape, with a null pointer, with a zero stride along an axis longer than 1, or that
/// overlaps itself, another or the image.
template <voxels_are_numbers V>
void downsample_with_max_pooling_into(const V& image, const one_integer_for_each_axis<rank_of<V>>& factor,
                                      const output_mips<voxel_of<V>, rank_of<V>>& mips,
                                      const pooling_options<voxel_of<V>>& options = {}) {
    detail::pool_into<detail::max_pooling>(image, factor.array(), mips, options);
}
/// downsample_with_max_pooling_into() with a factor for each mip. There must be as many outputs as factors.
template <voxels_are_numbers V>
void downsample_with_max_pooling_into(const V& image,
                                      const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                                      const output_mips<voxel_of<V>, rank_of<V>>& mips,
                                      const pooling_options<voxel_of<V>>& options = {}) {
    detail::pool_into<detail::max_pooling>(image, factor_of_each_mip.span(), mips, options);
}

/// Mips 1 ... num_mips of an image, each voxel the lower median of its footprint at mip 0: of n voxels in
/// order, the one at (n - 1) / 2, rounded down, counted from 0.
///
/// Each mip is computed from mip 0, not from the mip before: the median of medians is another number. A NaN
/// in the footprint gives NaN; -0 is below +0. With options.sparse background is left out, and the median is
/// that of what is left: a footprint of nothing else, or with less foreground than options.least_coverage
/// asks for, gives background. Time grows with the voxels of the image and with num_mips. See also @ref
/// contract.
///
/// @param image a volume, volume_view or mdspan-like of any strides; numbers of up to 64 bits, bool included.
///     An extent may be zero: all mips are empty then.
/// @param factor how many voxels of each axis become one, each at least 1, for every mip: {2, 2, 1}.
/// @param num_mips 0 or more; 0 gives an empty vector.
/// @param options see pooling_options.
/// @return the mips in the memory order of the image, mip 1 first. Mip m has extent ceil(n / factor^m) along
/// each axis.
/// @throws std::invalid_argument where a factor is below 1, num_mips or an extent below 0,
/// options.least_coverage
///     outside [0, 1] or above 0 without sparse, or a pointer null though the image is not empty.
/// @throws std::length_error where a size, or the number of voxels of a footprint, fits no index.
/// @throws std::bad_alloc where memory runs out.
///
/// @code
/// const auto mips = tinybrain::downsample_with_median_pooling(image, {2, 2, 1}, 3);
/// @endcode
template <voxels_are_numbers V>
mips_of<V> downsample_with_median_pooling(const V& image, const one_integer_for_each_axis<rank_of<V>>& factor,
                                          int num_mips = 1,
                                          const pooling_options<voxel_of<V>>& options = {}) {
    return detail::pool<detail::median_pooling>(image, factor.array(), num_mips, options);
}
/// downsample_with_median_pooling() with a factor for each mip, from the mip before; there are as many mips
/// as factors.
template <voxels_are_numbers V>
mips_of<V> downsample_with_median_pooling(const V& image,
                                          const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                                          const pooling_options<voxel_of<V>>& options = {}) {
    return detail::pool<detail::median_pooling>(image, factor_of_each_mip.span(), options);
}
/// downsample_with_median_pooling() into memory of the caller's: mips[0] is mip 1, and so on, each of the
/// shape that mip_shape() tells and of any strides. Refuses also (std::invalid_argument, nothing is written)
/// an output of another shape, with a null pointer, with a zero stride along an axis longer than 1, or that
/// overlaps itself, another or the image.
template <voxels_are_numbers V>
void downsample_with_median_pooling_into(const V& image, const one_integer_for_each_axis<rank_of<V>>& factor,
                                         const output_mips<voxel_of<V>, rank_of<V>>& mips,
                                         const pooling_options<voxel_of<V>>& options = {}) {
    detail::pool_into<detail::median_pooling>(image, factor.array(), mips, options);
}
/// downsample_with_median_pooling_into() with a factor for each mip. There must be as many outputs as
/// factors.
template <voxels_are_numbers V>
void downsample_with_median_pooling_into(const V& image,
                                         const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                                         const output_mips<voxel_of<V>, rank_of<V>>& mips,
                                         const pooling_options<voxel_of<V>>& options = {}) {
    detail::pool_into<detail::median_pooling>(image, factor_of_each_mip.span(), mips, options);
}

/// Mips 1 ... num_mips of an image, each voxel the first of its footprint at mip 0: the one with the smallest
/// index along every axis.
///
/// Bits are copied, whatever they mean. See also @ref contract.
///
/// @param image a volume, volume_view or mdspan-like of any strides; of any trivially copyable type. An
///     extent may be zero: all mips are empty then.
/// @param factor how many voxels of each axis become one, each at least 1, for every mip: {2, 2, 1}.
/// @param num_mips 0 or more; 0 gives an empty vector.
/// @param options see run_options.
/// @return the mips in the memory order of the image, mip 1 first. Mip m has extent ceil(n / factor^m) along
/// each axis.
/// @throws std::invalid_argument where a factor is below 1, num_mips or an extent below 0, or a pointer null
///     though the image is not empty.
/// @throws std::length_error where a size, or the number of voxels of a footprint, fits no index.
/// @throws std::bad_alloc where memory runs out.
///
/// @code
/// const auto mips = tinybrain::downsample_with_striding(image, {2, 2, 1}, 3);
/// @endcode
template <volume_or_view_or_mdspan_like V>
mips_of<V> downsample_with_striding(const V& image, const one_integer_for_each_axis<rank_of<V>>& factor,
                                    int num_mips = 1, const run_options& options = {}) {
    return detail::pool<detail::striding>(image, factor.array(), num_mips, options);
}
/// downsample_with_striding() with a factor for each mip, from the mip before; there are as many mips as
/// factors.
template <volume_or_view_or_mdspan_like V>
mips_of<V> downsample_with_striding(const V& image,
                                    const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                                    const run_options& options = {}) {
    return detail::pool<detail::striding>(image, factor_of_each_mip.span(), options);
}
/// downsample_with_striding() into memory of the caller's: mips[0] is mip 1, and so on, each of the shape
/// that mip_shape() tells and of any strides. Refuses also (std::invalid_argument, nothing is written) an
/// output of another shape, with a null pointer, with a zero stride along an axis longer than 1, or that
/// overlaps itself, another or the image.
template <volume_or_view_or_mdspan_like V>
void downsample_with_striding_into(const V& image, const one_integer_for_each_axis<rank_of<V>>& factor,
                                   const output_mips<voxel_of<V>, rank_of<V>>& mips,
                                   const run_options& options = {}) {
    detail::pool_into<detail::striding>(image, factor.array(), mips, options);
}
/// downsample_with_striding_into() with a factor for each mip. There must be as many outputs as factors.
template <volume_or_view_or_mdspan_like V>
void downsample_with_striding_into(const V& image,
                                   const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                                   const output_mips<voxel_of<V>, rank_of<V>>& mips,
                                   const run_options& options = {}) {
    detail::pool_into<detail::striding>(image, factor_of_each_mip.span(), mips, options);
}

TINYBRAIN_NAMESPACE_END
