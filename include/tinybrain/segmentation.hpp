// SPDX-License-Identifier: BSL-1.0
// Modes: every voxel of a mip is the most frequent label of its window or of its footprint.
#pragma once

#include <concepts>
#include <span>
#include <vector>

#include <tinybrain/detail/drive/call.hpp>
#include <tinybrain/detail/vote/segment.hpp>
#include <tinybrain/options.hpp>
#include <tinybrain/volume.hpp>

TINYBRAIN_NAMESPACE_BEGIN

/// Modes exist for every label type that can be compared with == (and is trivially copyable).
template <class V>
concept labels_can_be_compared_with_equals = volume_or_view_or_mdspan_like<V> &&
    requires(const voxel_of<V>& a, const voxel_of<V>& b) {
    { a == b } -> std::convertible_to<bool>;
};

namespace detail {

/// Who votes: a value of votes, and what counts footprints. That is compiled where a file asks for votes, and
/// in no other.
template <class T>
class voters {
public:
    constexpr voters() = default;
    constexpr voters(votes vote) : vote_(vote), count_footprints_(&segment_footprints<label_lane_of<T>>) {}
    constexpr operator votes() const { return vote_; }

    void segment(const plan& p, const mode_rules<label_lane_of<T>>& rules, const executor& run_on) const {
        if (vote_ == votes::footprint) return count_footprints_(p, rules, run_on);
        segment_windows(p, rules, run_on);
    }

private:
    votes vote_ = votes::previous_mip;
    void (*count_footprints_)(const plan&, const mode_rules<label_lane_of<T>>&, const executor&) = nullptr;
};

}  // namespace detail

/// Options of downsample_segmentation(). T is the label type.
template <class T>
struct segmentation_options {
    bool sparse = false;  ///< background does not vote
    T background{};       ///< what sparse leaves out, and what nothing else gives; NaN: every NaN
    /// In [0, 1], with sparse: a voxel is background where less than this share of its voters is left: of the
    /// labels of its window at mip m - 1, or of its footprint.
    double least_coverage = 0;
    ties tie = ties::countless;  ///< among the most frequent labels
    /// A value of votes; votes::previous_mip if not said. votes::footprint: the true mode at every mip. A
    /// file that says neither compiles in half the time.
    detail::voters<T> vote{};
    executor run_on{};  ///< empty: the calling thread
};

namespace detail {

template <class T>
class segmentation {
public:
    explicit segmentation(const segmentation_options<T>& options) : options_(options) {}

    const executor& run_on() const { return options_.run_on; }
    // Of footprints, only those of mip 1 can be the 2x2 windows that ties::countless has a rule for.
    index_t mips_never_copied() const {
        if (options_.vote == votes::footprint && options_.tie == ties::countless) return 2;
        return options_.sparse ? detail::mips_never_copied<T> : 0;
    }

    void check(const raw_call&) const {
        check_coverage(options_.sparse, options_.least_coverage);
        if constexpr (!has_less<T>) {
            if (options_.tie == ties::lowest) {
                refuse(
                    {"ties::lowest was asked for labels of a type without operator<; use ties::first or "
                     "countless"});
            }
        }
    }

    void run(const plan& p) const {
        constexpr bool is_signed = std::is_integral_v<T> && std::is_signed_v<T>;
        options_.vote.segment(p, {foreground_of<label_lane_of<T>>(options_), options_.tie, is_signed},
                              options_.run_on);
    }

private:
    const segmentation_options<T>& options_;
};

}  // namespace detail

/// Mips 1 ... num_mips of a segmentation, each voxel the most frequent label among its voters.
///
/// Voters are the window's labels at the previous mip (votes::previous_mip, the default: a mode of modes) or
/// every voxel of mip 0 under the voxel (votes::footprint: the true mode at every mip). Only voxels that
/// exist vote. Of several most frequent labels options.tie chooses; the default rule for 2x2 windows is that
/// of Countless (W. Silversmith, 2017). With options.sparse, background does not vote, and a window of
/// nothing else gives background. A NaN equals no label, itself included. Time grows with the voxels of the
/// labels; that of true modes of large windows also with how many labels meet there. See also @ref contract.
///
/// @param labels a volume, volume_view or mdspan-like of any strides; of any trivially copyable type with ==.
///     An extent may be zero: all mips are empty then.
/// @param factor how many voxels of each axis become one, each at least 1, for every mip: {2, 2, 1}.
/// @param num_mips 0 or more; 0 gives an empty vector.
/// @param options see segmentation_options.
/// @return the mips in the memory order of the image, mip 1 first. Mip m has extent ceil(n / factor^m) along
/// each axis.
/// @throws std::invalid_argument where a factor is below 1, num_mips or an extent below 0, ties::lowest meets
///     a type without operator<, or a pointer null though the labels are not empty.
/// @throws std::length_error where a size, or the number of voxels of a footprint, fits no index.
/// @throws std::bad_alloc where memory runs out.
///
/// @code
/// tinybrain::volume<std::uint64_t, 3> labels({512, 512, 128});  // and filled
/// const auto mips = tinybrain::downsample_segmentation(labels, {2, 2, 2}, 4,
///                                                      {.sparse = true, .vote =
///                                                      tinybrain::votes::footprint});
/// @endcode
template <labels_can_be_compared_with_equals V>
mips_of<V> downsample_segmentation(const V& labels, const one_integer_for_each_axis<rank_of<V>>& factor,
                                   int num_mips = 1, const segmentation_options<voxel_of<V>>& options = {}) {
    return detail::make_mips(detail::read_only(labels), detail::same_factors(factor.array(), num_mips),
                             detail::segmentation<voxel_of<V>>(options));
}

/// downsample_segmentation() with a factor for each mip, from the mip before; there are as many mips as
/// factors.
template <labels_can_be_compared_with_equals V>
mips_of<V> downsample_segmentation(const V& labels,
                                   const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                                   const segmentation_options<voxel_of<V>>& options = {}) {
    return detail::make_mips(detail::read_only(labels), detail::each_factor(factor_of_each_mip.span()),
                             detail::segmentation<voxel_of<V>>(options));
}

/// downsample_segmentation() into memory of the caller's: mips[0] is mip 1, and so on, each of the shape that
/// mip_shape() tells and of any strides. Refuses also (std::invalid_argument, nothing is written) an output
/// of another shape, with a null pointer, with a zero stride along an axis longer than 1, or that overlaps
/// itself, another or the labels.
template <labels_can_be_compared_with_equals V>
void downsample_segmentation_into(const V& labels, const one_integer_for_each_axis<rank_of<V>>& factor,
                                  const output_mips<voxel_of<V>, rank_of<V>>& mips,
                                  const segmentation_options<voxel_of<V>>& options = {}) {
    detail::fill_mips(detail::read_only(labels),
                      detail::same_factors(factor.array(), static_cast<index_t>(mips.span().size())),
                      mips.span(), detail::segmentation<voxel_of<V>>(options));
}

/// downsample_segmentation_into() with a factor for each mip. There must be as many outputs as factors.
template <labels_can_be_compared_with_equals V>
void downsample_segmentation_into(const V& labels,
                                  const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                                  const output_mips<voxel_of<V>, rank_of<V>>& mips,
                                  const segmentation_options<voxel_of<V>>& options = {}) {
    detail::fill_mips(detail::read_only(labels), detail::each_factor(factor_of_each_mip.span()), mips.span(),
                      detail::segmentation<voxel_of<V>>(options));
}

TINYBRAIN_NAMESPACE_END
