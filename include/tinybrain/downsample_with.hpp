// SPDX-License-Identifier: BSL-1.0
// Pyramids by an operation of the caller's.
#pragma once

#include <span>
#include <vector>

#include <tinybrain/detail/drive/call.hpp>
#include <tinybrain/detail/drive/fold.hpp>
#include <tinybrain/detail/drive/op.hpp>
#include <tinybrain/options.hpp>
#include <tinybrain/volume.hpp>

TINYBRAIN_NAMESPACE_BEGIN

namespace detail {

template <class Op, class T>
class op_method {
public:
    op_method(const Op& op, const run_options& options) : op_(op), options_(options) {}

    const executor& run_on() const { return options_.run_on; }
    static constexpr index_t mips_never_copied() { return 0; }
    void check(const raw_call&) const {}
    void run(const plan& p) const { fold(p, op_pooling<Op, T>(op_), options_.run_on); }

private:
    const Op& op_;
    const run_options& options_;
};

}  // namespace detail

/// Mips 1 ... num_mips of an image by an operation of the caller's: each voxel is what op.finish() makes of
/// the merged states of its footprint at mip 0.
///
/// One pass over the image makes all mips, on as many threads as the options have, like the library's own
/// poolings; voxels are handed over one by one. See pooling_op for what an operation offers, and @ref
/// contract.
///
/// @param op an operation; its functions are called from several threads at once where options.run_on has
/// them.
/// @param image a volume, volume_view or mdspan-like of any strides and any trivially copyable voxel type. An
///     extent may be zero: all mips are empty then.
/// @param factor how many voxels of each axis become one, each at least 1, for every mip: {2, 2, 1}.
/// @param num_mips 0 or more; 0 gives an empty vector.
/// @param options see run_options.
/// @return the mips in the memory order of the image, mip 1 first. Mip m has extent ceil(n / factor^m).
/// @throws std::invalid_argument, std::length_error, std::bad_alloc as downsample_with_min_pooling().
///
/// @code
/// struct bitwise_or {
///     std::uint8_t lift(std::uint8_t flags) const { return flags; }
///     std::uint8_t merge(std::uint8_t a, std::uint8_t b) const { return a | b; }
///     std::uint8_t finish(std::uint8_t flags, tinybrain::index_t) const { return flags; }
/// };
/// const auto mips = tinybrain::downsample_with(bitwise_or{}, masks, {2, 2, 2}, 3);
/// @endcode
template <volume_or_view_or_mdspan_like V, pooling_op<voxel_of<V>> Op>
mips_of<V> downsample_with(const Op& op, const V& image, const one_integer_for_each_axis<rank_of<V>>& factor,
                           int num_mips = 1, const run_options& options = {}) {
    return detail::make_mips(detail::read_only(image), detail::same_factors(factor.array(), num_mips),
                             detail::op_method<Op, voxel_of<V>>(op, options));
}
/// downsample_with() with a factor for each mip, from the mip before; there are as many mips as factors.
template <volume_or_view_or_mdspan_like V, pooling_op<voxel_of<V>> Op>
mips_of<V> downsample_with(const Op& op, const V& image,
                           const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                           const run_options& options = {}) {
    return detail::make_mips(detail::read_only(image), detail::each_factor(factor_of_each_mip.span()),
                             detail::op_method<Op, voxel_of<V>>(op, options));
}
/// downsample_with() into memory of the caller's: see downsample_with_min_pooling_into().
template <volume_or_view_or_mdspan_like V, pooling_op<voxel_of<V>> Op>
void downsample_with_into(const Op& op, const V& image, const one_integer_for_each_axis<rank_of<V>>& factor,
                          const output_mips<voxel_of<V>, rank_of<V>>& mips, const run_options& options = {}) {
    detail::fill_mips(detail::read_only(image),
                      detail::same_factors(factor.array(), static_cast<index_t>(mips.span().size())),
                      mips.span(), detail::op_method<Op, voxel_of<V>>(op, options));
}
/// downsample_with_into() with a factor for each mip. There must be as many outputs as factors.
template <volume_or_view_or_mdspan_like V, pooling_op<voxel_of<V>> Op>
void downsample_with_into(const Op& op, const V& image,
                          const one_factor_for_each_mip<rank_of<V>>& factor_of_each_mip,
                          const output_mips<voxel_of<V>, rank_of<V>>& mips, const run_options& options = {}) {
    detail::fill_mips(detail::read_only(image), detail::each_factor(factor_of_each_mip.span()), mips.span(),
                      detail::op_method<Op, voxel_of<V>>(op, options));
}

TINYBRAIN_NAMESPACE_END
