// SPDX-License-Identifier: BSL-1.0
// Minimum, maximum and median of footprints, and striding.
#pragma once

#include <span>
#include <type_traits>
#include <vector>

#include <tinybrain/detail/call.hpp>
#include <tinybrain/detail/extreme.hpp>
#include <tinybrain/detail/median.hpp>
#include <tinybrain/options.hpp>
#include <tinybrain/volume.hpp>

TINYBRAIN_NAMESPACE_BEGIN

/// Minimum, maximum and median exist for the arithmetic types that averages exist for, and for bool.
template <class V>
concept voxels_are_numbers = volume_or_view_or_mdspan_like<V> && std::is_arithmetic_v<voxel_of<V>> &&
                             sizeof(voxel_of<V>) <= 8;

namespace detail {

// How each of the four runs a plan.
struct min_pooling {
    template <class T, std::size_t N>
    static void run(const plan<T, N>& p, const executor& run_on) {
        fold(p, extreme_reducer<T, false>(p), run_on);
    }
};
struct max_pooling {
    template <class T, std::size_t N>
    static void run(const plan<T, N>& p, const executor& run_on) {
        fold(p, extreme_reducer<T, true>(p), run_on);
    }
};
struct median_pooling {
    template <class T, std::size_t N>
    static void run(const plan<T, N>& p, const executor& run_on) {
        pool_windows(p, median_reducer<T>(), run_on);
    }
};
struct striding {
    // Of rows under windows so long a fold would read all to take next to nothing, without end in a view of
    // one voxel that is as long as an index may be.
    static constexpr index_t long_window = 256;

    template <class T, std::size_t N>
    static void run(const plan<T, N>& p, const executor& run_on) {
        const bool long_windows = p.depth() > 0 && p.mip[1].factor[0] >= long_window;
        if (!long_windows && fold(p, stride_reducer<T>(), run_on)) return;
        pool_windows(p, first_of_windows<T>(), run_on);
    }
};

template <class Kind>
class pooling {
public:
    explicit pooling(const pooling_options& options) : options_(options) {}

    const executor& run_on() const { return options_.run_on; }
    static constexpr bool rule_changes_after_mip_1() { return false; }

    template <class T, std::size_t Rank>
    void check(const volume_view<const T, Rank>&, const factor_list<Rank>&) const {}

    template <class T, std::size_t N>
    void run(const plan<T, N>& p) const {
        Kind::run(p, options_.run_on);
    }

private:
    const pooling_options& options_;
};

// The four shapes of a pooling's entry point.
template <class Kind, class V>
mips_of<V> pool(const V& image, const index_array<rank_of<V>>& factor, int num_mips,
                const pooling_options& options) {
    return make_mips(read_only(image), factor_list<rank_of<V>>(factor, num_mips), pooling<Kind>(options));
}
template <class Kind, class V>
mips_of<V> pool(const V& image, factors_for<V> factors, const pooling_options& options) {
    return make_mips(read_only(image), factor_list<rank_of<V>>(factors), pooling<Kind>(options));
}
template <class Kind, class V>
void pool_into(const V& image, const index_array<rank_of<V>>& factor, const outputs_for<V>& mips,
               const pooling_options& options) {
    fill_mips(read_only(image), factor_list<rank_of<V>>(factor, static_cast<int>(mips.span().size())),
              mips.span(), pooling<Kind>(options));
}
template <class Kind, class V>
void pool_into(const V& image, factors_for<V> factors, const outputs_for<V>& mips,
               const pooling_options& options) {
    fill_mips(read_only(image), factor_list<rank_of<V>>(factors), mips.span(), pooling<Kind>(options));
}

}  // namespace detail

/// Mips 1 ... num_mips of an image, each voxel the smallest of its footprint.
///
/// image: a volume, volume_view or mdspan-like of numbers, of any strides.
/// factor: how many voxels of each axis become one, each at least 1; or one such array for each mip.
/// num_mips: 0 or more. Mip m has extent ceil(n / factor^m) along each axis.
/// Returns the mips in Fortran order. A NaN in the footprint gives NaN; -0 is below +0. A zero extent gives
/// empty mips. Throws std::invalid_argument (factor below 1, num_mips below 0, negative extent, null pointer
/// to a non-empty image), std::length_error (a size that no index holds), std::bad_alloc; `_into` also
/// std::invalid_argument where an output has the wrong shape, a zero stride, or overlaps itself, another or
/// the image, and then writes nothing.
template <voxels_are_numbers V>
detail::mips_of<V> downsample_with_min_pooling(const V& image,
                                               const one_factor_for_each_axis<rank_of<V>>& factor,
                                               int num_mips = 1, const pooling_options& options = {}) {
    return detail::pool<detail::min_pooling>(image, factor.array(), num_mips, options);
}
template <voxels_are_numbers V>
detail::mips_of<V> downsample_with_min_pooling(const V& image, detail::factors_for<V> factor_of_each_mip,
                                               const pooling_options& options = {}) {
    return detail::pool<detail::min_pooling>(image, factor_of_each_mip, options);
}
template <voxels_are_numbers V>
void downsample_with_min_pooling_into(const V& image, const one_factor_for_each_axis<rank_of<V>>& factor,
                                      const detail::outputs_for<V>& mips,
                                      const pooling_options& options = {}) {
    detail::pool_into<detail::min_pooling>(image, factor.array(), mips, options);
}
template <voxels_are_numbers V>
void downsample_with_min_pooling_into(const V& image, detail::factors_for<V> factor_of_each_mip,
                                      const detail::outputs_for<V>& mips,
                                      const pooling_options& options = {}) {
    detail::pool_into<detail::min_pooling>(image, factor_of_each_mip, mips, options);
}

/// Mips 1 ... num_mips of an image, each voxel the largest of its footprint. All else as
/// downsample_with_min_pooling.
template <voxels_are_numbers V>
detail::mips_of<V> downsample_with_max_pooling(const V& image,
                                               const one_factor_for_each_axis<rank_of<V>>& factor,
                                               int num_mips = 1, const pooling_options& options = {}) {
    return detail::pool<detail::max_pooling>(image, factor.array(), num_mips, options);
}
template <voxels_are_numbers V>
detail::mips_of<V> downsample_with_max_pooling(const V& image, detail::factors_for<V> factor_of_each_mip,
                                               const pooling_options& options = {}) {
    return detail::pool<detail::max_pooling>(image, factor_of_each_mip, options);
}
template <voxels_are_numbers V>
void downsample_with_max_pooling_into(const V& image, const one_factor_for_each_axis<rank_of<V>>& factor,
                                      const detail::outputs_for<V>& mips,
                                      const pooling_options& options = {}) {
    detail::pool_into<detail::max_pooling>(image, factor.array(), mips, options);
}
template <voxels_are_numbers V>
void downsample_with_max_pooling_into(const V& image, detail::factors_for<V> factor_of_each_mip,
                                      const detail::outputs_for<V>& mips,
                                      const pooling_options& options = {}) {
    detail::pool_into<detail::max_pooling>(image, factor_of_each_mip, mips, options);
}

/// Mips 1 ... num_mips of an image, each voxel the lower median of its footprint at mip 0: of n voxels in
/// order, the one at (n - 1) / 2, rounded down. All else as downsample_with_min_pooling.
template <voxels_are_numbers V>
detail::mips_of<V> downsample_with_median_pooling(const V& image,
                                                  const one_factor_for_each_axis<rank_of<V>>& factor,
                                                  int num_mips = 1, const pooling_options& options = {}) {
    return detail::pool<detail::median_pooling>(image, factor.array(), num_mips, options);
}
template <voxels_are_numbers V>
detail::mips_of<V> downsample_with_median_pooling(const V& image, detail::factors_for<V> factor_of_each_mip,
                                                  const pooling_options& options = {}) {
    return detail::pool<detail::median_pooling>(image, factor_of_each_mip, options);
}
template <voxels_are_numbers V>
void downsample_with_median_pooling_into(const V& image, const one_factor_for_each_axis<rank_of<V>>& factor,
                                         const detail::outputs_for<V>& mips,
                                         const pooling_options& options = {}) {
    detail::pool_into<detail::median_pooling>(image, factor.array(), mips, options);
}
template <voxels_are_numbers V>
void downsample_with_median_pooling_into(const V& image, detail::factors_for<V> factor_of_each_mip,
                                         const detail::outputs_for<V>& mips,
                                         const pooling_options& options = {}) {
    detail::pool_into<detail::median_pooling>(image, factor_of_each_mip, mips, options);
}

/// Mips 1 ... num_mips of an image, each voxel the first of its footprint, for any trivially copyable type.
/// All else as downsample_with_min_pooling.
template <volume_or_view_or_mdspan_like V>
detail::mips_of<V> downsample_with_striding(const V& image,
                                            const one_factor_for_each_axis<rank_of<V>>& factor,
                                            int num_mips = 1, const pooling_options& options = {}) {
    return detail::pool<detail::striding>(image, factor.array(), num_mips, options);
}
template <volume_or_view_or_mdspan_like V>
detail::mips_of<V> downsample_with_striding(const V& image, detail::factors_for<V> factor_of_each_mip,
                                            const pooling_options& options = {}) {
    return detail::pool<detail::striding>(image, factor_of_each_mip, options);
}
template <volume_or_view_or_mdspan_like V>
void downsample_with_striding_into(const V& image, const one_factor_for_each_axis<rank_of<V>>& factor,
                                   const detail::outputs_for<V>& mips, const pooling_options& options = {}) {
    detail::pool_into<detail::striding>(image, factor.array(), mips, options);
}
template <volume_or_view_or_mdspan_like V>
void downsample_with_striding_into(const V& image, detail::factors_for<V> factor_of_each_mip,
                                   const detail::outputs_for<V>& mips, const pooling_options& options = {}) {
    detail::pool_into<detail::striding>(image, factor_of_each_mip, mips, options);
}

TINYBRAIN_NAMESPACE_END
