// SPDX-License-Identifier: BSL-1.0
// Averages: every voxel of every mip is the exact mean of its footprint at mip 0, rounded once.
#pragma once

#include <span>
#include <type_traits>
#include <vector>

#include <tinybrain/detail/drive/call.hpp>
#include <tinybrain/detail/image/mean.hpp>
#include <tinybrain/options.hpp>
#include <tinybrain/volume.hpp>

TINYBRAIN_NAMESPACE_BEGIN

/// Averages exist for the integers of 8 to 64 bits, signed and unsigned, for float and for double.
template <class V>
concept voxels_are_integers_or_floats_or_doubles = volume_or_view_or_mdspan_like<V> &&
    ((std::is_integral_v<voxel_of<V>> && !std::is_same_v<voxel_of<V>, bool> && sizeof(voxel_of<V>) <= 8) ||
     std::is_same_v<voxel_of<V>, float> || std::is_same_v<voxel_of<V>, double>);

namespace detail {

template <class T>
class averaging {
public:
    explicit averaging(const averaging_options<T>& options) : options_(options) {}

    const executor& run_on() const { return options_.run_on; }
    static constexpr index_t mips_never_copied() { return detail::mips_never_copied<T>; }

    void check(const raw_call& call) const {
        check_coverage(options_.sparse, options_.least_coverage);
        if (options_.edge != edges::replicate) return;
        for (index_t m = 0; m < call.factors.distinct(); ++m) {
            for (const index_t factor : call.factor(m)) {
                if (factor > 2) {
                    refuse(
                        {"the factor is ", call.factor(m),
                         ", but edges::replicate takes no factor above 2; use edges::clip, or several mips"});
                }
            }
        }
        // A footprint's voxels, those that count twice included: less than twice the extent along each axis.
        index_t most = 1;
        for (const index_t extent : call.span(call.image.shape))
            most = saturated_product(most, saturated_product(2, extent));
        if (most == index_max) {
            refuse_length(
                {"the shape of the image is ", call.span(call.image.shape),
                 ", too large for edges::replicate: an index could not count what a footprint repeats"});
        }
    }

    void run(const plan& p) const {
        average<lane_of<T>>(
            p, {foreground_of<lane_of<T>>(options_), options_.round, options_.edge == edges::replicate, {}},
            options_.run_on);
    }

private:
    const averaging_options<T>& options_;
};

}  // namespace detail

/// Mips 1 ... num_mips of an image, each voxel the exact mean of its footprint at mip 0, rounded once.
///
/// No mip is computed from a rounded one, so that truncation does not add up. Sums of integers never wrap;
/// those of float are double, those of double carry their error and do not overflow, in an order that only
/// the memory layout changes, and NaN and infinities follow IEEE. Means of integers are rounded as
/// options.round says; options.sparse leaves background out of sum and count, and a footprint of nothing else
/// gives background. Time grows with the voxels of the image, read from memory once whatever num_mips is. See
/// also @ref contract.
///
/// @param image a volume, volume_view or mdspan-like of any strides; integers of 8 to 64 bits, float or
///     double, not bool. An extent may be zero: all mips are empty then.
/// @param factor how many voxels of each axis become one, each at least 1, for every mip: {2, 2, 1}.
/// @param num_mips 0 or more; 0 gives an empty vector.
/// @param options see averaging_options.
/// @return the mips in the memory order of the image, mip 1 first. Mip m has extent ceil(n / factor^m) along
/// each axis.
/// @throws std::invalid_argument where a factor is below 1, num_mips or an extent below 0, edges::replicate
///     meets a factor above 2, or a pointer null though the image is not empty.
/// @throws std::length_error where a size, or the number of voxels of a footprint, fits no index.
/// @throws std::bad_alloc where memory runs out.
///
/// @code
/// tinybrain::volume<std::uint8_t, 3> image({1000, 700, 40});  // and filled
/// const auto mips = tinybrain::downsample_with_averaging(image, {2, 2, 1}, 3, {.sparse = true});
/// // mips[2] is 125 x 88 x 40
/// @endcode
template <voxels_are_integers_or_floats_or_doubles V>
mips_of<V> downsample_with_averaging(const V& image, const one_integer_for_each_axis<rank_of<V>>& factor,
                                     int num_mips = 1, const averaging_options<voxel_of<V>>& options = {}) {
    return detail::make_mips(detail::read_only(image), detail::same_factors(factor.array(), num_mips),
                             detail::averaging<voxel_of<V>>(options));
}

/// downsample_with_averaging() with a factor for each mip, from the mip before; there are as many mips as
/// factors.
///
/// @code
/// const auto factors = tinybrain::near_isotropic_factors({4, 4, 40}, 5);
/// const auto mips = tinybrain::downsample_with_averaging(image, factors);
/// @endcode
template <voxels_are_integers_or_floats_or_doubles V>
mips_of<V> downsample_with_averaging(const V& image,
                                     const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                                     const averaging_options<voxel_of<V>>& options = {}) {
    return detail::make_mips(detail::read_only(image), detail::each_factor(factor_of_each_mip.span()),
                             detail::averaging<voxel_of<V>>(options));
}

/// downsample_with_averaging() into memory of the caller's: mips[0] is mip 1, and so on, each of the shape
/// that mip_shape() tells and of any strides. Refuses also (std::invalid_argument, nothing is written) an
/// output of another shape, with a null pointer, with a zero stride along an axis longer than 1, or that
/// overlaps itself, another or the image.
///
/// @code
/// const auto half = tinybrain::mip_shape({1000, 700, 40}, {2, 2, 1});
/// std::vector<std::uint8_t> memory(500 * 350 * 40);
/// const std::array outputs{tinybrain::fortran_order(memory.data(), half)};
/// tinybrain::downsample_with_averaging_into(image, {2, 2, 1}, outputs);
/// @endcode
template <voxels_are_integers_or_floats_or_doubles V>
void downsample_with_averaging_into(const V& image, const one_integer_for_each_axis<rank_of<V>>& factor,
                                    const output_mips<voxel_of<V>, rank_of<V>>& mips,
                                    const averaging_options<voxel_of<V>>& options = {}) {
    detail::fill_mips(detail::read_only(image),
                      detail::same_factors(factor.array(), static_cast<index_t>(mips.span().size())),
                      mips.span(), detail::averaging<voxel_of<V>>(options));
}

/// downsample_with_averaging_into() with a factor for each mip. There must be as many outputs as factors.
template <voxels_are_integers_or_floats_or_doubles V>
void downsample_with_averaging_into(const V& image,
                                    const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                                    const output_mips<voxel_of<V>, rank_of<V>>& mips,
                                    const averaging_options<voxel_of<V>>& options = {}) {
    detail::fill_mips(detail::read_only(image), detail::each_factor(factor_of_each_mip.span()), mips.span(),
                      detail::averaging<voxel_of<V>>(options));
}

TINYBRAIN_NAMESPACE_END
