// SPDX-License-Identifier: BSL-1.0
// Modes: every voxel of a mip is the most frequent label of its window or of its footprint.
#pragma once

#include <concepts>
#include <span>
#include <vector>

#include <tinybrain/detail/call.hpp>
#include <tinybrain/detail/footprint_votes.hpp>
#include <tinybrain/detail/mode.hpp>
#include <tinybrain/detail/mode_of_rows.hpp>
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

template <class T>
class segmentation {
public:
    explicit segmentation(const segmentation_options<T>& options)
        : options_(options), rules_{options.sparse, options.background, options.tie} {}

    const executor& run_on() const { return options_.run_on; }
    // Of footprints, only those of mip 1 can be the 2x2 windows that ties::countless has a rule for.
    bool rule_changes_after_mip_1() const {
        return options_.vote == votes::footprint && options_.tie == ties::countless;
    }

    template <std::size_t Rank>
    void check(const volume_view<const T, Rank>&, const factor_list<Rank>&) const {
        if constexpr (!has_less<T>) {
            if (options_.tie == ties::lowest) {
                refuse(
                    "ties::lowest was asked for labels of a type without operator<; use ties::first or "
                    "countless");
            }
        }
    }

    template <std::size_t N>
    void run(const plan<T, N>& p) const {
        // The footprints of mip 1 are its windows.
        const bool same = p.depth() == 1 && p.mip[1].number == 1;
        if (options_.vote == votes::footprint && !same) {
            if constexpr (std::is_arithmetic_v<T>) {
                if (count_footprints(p, rules_, options_.run_on)) return;
            }
            pool_windows(p, mode_of_windows<T, true>(rules_), options_.run_on);
            return;
        }
        const mode_reducer<T, N> rows(p, rules_);
        if (rows.fits() && fold(p, rows, options_.run_on)) return;
        pool_windows(p, mode_of_windows<T, false>(rules_), options_.run_on);
    }

private:
    const segmentation_options<T>& options_;
    mode_rules<T> rules_;
};

}  // namespace detail

/// Mips 1 ... num_mips of a segmentation, each voxel the most frequent label among its voters.
///
/// labels: a volume, volume_view or mdspan-like of any strides. Labels are of any trivially copyable type
/// with ==. factor: how many voxels of each axis become one, each at least 1; or one such array for each mip.
/// num_mips: 0 or more. Mip m has extent ceil(n / factor^m) along each axis.
/// options.vote: voters are the window's labels at the previous mip (a mode of modes, the default), or every
/// voxel of
///     mip 0 under the voxel (the true mode). options.tie: which of several most frequent labels wins; the
///     2x2 rule of ties::countless is that of Countless (W. Silversmith, 2017). A NaN equals no other label,
///     itself included.
/// Returns the mips in Fortran order. A zero extent gives empty mips.
/// Throws std::invalid_argument (factor below 1, num_mips below 0, negative extent, null pointer to non-empty
/// labels, ties::lowest for a type without <), std::length_error (a size that no index holds),
/// std::bad_alloc.
template <labels_can_be_compared_with_equals V>
detail::mips_of<V> downsample_segmentation(const V& labels,
                                           const one_factor_for_each_axis<rank_of<V>>& factor,
                                           int num_mips = 1,
                                           const segmentation_options<voxel_of<V>>& options = {}) {
    return detail::make_mips(detail::read_only(labels),
                             detail::factor_list<rank_of<V>>(factor.array(), num_mips),
                             detail::segmentation<voxel_of<V>>(options));
}

/// With a factor for each mip, from the mip before.
template <labels_can_be_compared_with_equals V>
detail::mips_of<V> downsample_segmentation(const V& labels, detail::factors_for<V> factor_of_each_mip,
                                           const segmentation_options<voxel_of<V>>& options = {}) {
    return detail::make_mips(detail::read_only(labels), detail::factor_list<rank_of<V>>(factor_of_each_mip),
                             detail::segmentation<voxel_of<V>>(options));
}

/// Into memory of the caller's: mips[0] is mip 1, and so on, of any strides. Throws also
/// std::invalid_argument where an output has the wrong shape, a zero stride, or overlaps itself, another or
/// the labels. Nothing is written then.
template <labels_can_be_compared_with_equals V>
void downsample_segmentation_into(const V& labels, const one_factor_for_each_axis<rank_of<V>>& factor,
                                  const detail::outputs_for<V>& mips,
                                  const segmentation_options<voxel_of<V>>& options = {}) {
    detail::fill_mips(detail::read_only(labels),
                      detail::factor_list<rank_of<V>>(factor.array(), static_cast<int>(mips.span().size())),
                      mips.span(), detail::segmentation<voxel_of<V>>(options));
}

/// Both: a factor for each mip, into memory of the caller's.
template <labels_can_be_compared_with_equals V>
void downsample_segmentation_into(const V& labels, detail::factors_for<V> factor_of_each_mip,
                                  const detail::outputs_for<V>& mips,
                                  const segmentation_options<voxel_of<V>>& options = {}) {
    detail::fill_mips(detail::read_only(labels), detail::factor_list<rank_of<V>>(factor_of_each_mip),
                      mips.span(), detail::segmentation<voxel_of<V>>(options));
}

TINYBRAIN_NAMESPACE_END
