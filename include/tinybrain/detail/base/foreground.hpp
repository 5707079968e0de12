// What a method leaves out, and how much of a window must be left: the options of all sparse methods.
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <tinybrain/detail/base/index_math.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Which voxels are background, and when a voxel of a mip is.
template <class T>
struct foreground_rules {
    bool sparse = false;
    T background{};
    double least_coverage = 0;

    /// A background of NaN is every NaN.
    bool is_background(const T& voxel) const {
        if (!sparse) return false;
        if constexpr (std::is_floating_point_v<T>) {
            if (voxel != voxel) return background != background;
        }
        return voxel == background;
    }

    /// The fewest foreground voxels, of so many, that give more than background: at least 1. (A double holds
    /// every number of voxels that can be counted in a lifetime.)
    index_t least(index_t voxels) const {
        const double fewest = std::ceil(least_coverage * static_cast<double>(voxels));
        return std::clamp<index_t>(static_cast<index_t>(std::min(fewest, 0x1p62)), 1,
                                   std::max<index_t>(1, voxels));
    }
};

/// Mips up to this one are made, not copied, even where they reduce nothing: a zero of either sign and every
/// NaN comes out in one form, in a chunk of one voxel too.
template <class T>
inline constexpr index_t mips_never_copied = std::is_floating_point_v<T> ? 1 : 0;

/// The rules of options, or of other rules, for voxels that are taken for lanes.
template <class Lane, class Options>
foreground_rules<Lane> foreground_of(const Options& options) {
    return {options.sparse, static_cast<Lane>(options.background), options.least_coverage};
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
