// index_t, and arithmetic on it that says when a result does not fit.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <span>

#include <tinybrain/detail/base/config.hpp>

TINYBRAIN_NAMESPACE_BEGIN

/// Counts voxels, and strides in elements. Signed, as strides may be negative.
using index_t = std::ptrdiff_t;

/// One number for each axis; axis 0 is the first index, x.
template <std::size_t Rank>
using index_array = std::array<index_t, Rank>;

namespace detail {

inline constexpr index_t index_max = std::numeric_limits<index_t>::max();

/// a * b for a, b >= 0, or -1 where that is more than index_t holds.
constexpr index_t checked_product(index_t a, index_t b) { return b != 0 && a > index_max / b ? -1 : a * b; }

/// a * b for a, b >= 0, and index_max where that is more than index_t holds.
constexpr index_t saturated_product(index_t a, index_t b) {
    const index_t product = checked_product(a, b);
    return product < 0 ? index_max : product;
}

/// ceil(a / b) for a >= 0, b >= 1, without the overflow of (a + b - 1) / b.
constexpr index_t ceil_quotient(index_t a, index_t b) { return a / b + (a % b != 0 ? 1 : 0); }

/// floor(a / b) and what is left over, for b >= 1 and any a. Mostly of 0, which takes no division.
constexpr index_t floor_quotient(index_t a, index_t b) { return a == 0 ? 0 : a / b - (a % b < 0 ? 1 : 0); }
constexpr index_t floor_remainder(index_t a, index_t b) { return a == 0 ? 0 : a % b + (a % b < 0 ? b : 0); }

/// How many voxels of an axis that starts at an origin of the grid of windows are in the first of these, if
/// there are so many, and how many windows there are.
constexpr index_t first_window(index_t origin, index_t factor) {
    return factor - floor_remainder(origin, factor);
}
constexpr index_t mip_extent(index_t origin, index_t extent, index_t factor) {
    if (extent == 0) return 0;
    const index_t first = first_window(origin, factor);
    return extent <= first ? 1 : 1 + ceil_quotient(extent - first, factor);
}

/// The window that voxel i is in.
constexpr index_t window_number(index_t origin, index_t i, index_t factor) {
    const index_t first = first_window(origin, factor);
    return i < first ? 0 : 1 + (i - first) / factor;
}

using index_span = std::span<const index_t>;

/// Shape and origin of the next mip, along as many axes as there are factors.
constexpr void to_next_mip(std::span<index_t> shape, std::span<index_t> origin, index_span factor) {
    for (std::size_t axis = 0; axis < factor.size(); ++axis) {
        shape[axis] = mip_extent(origin[axis], shape[axis], factor[axis]);
        origin[axis] = floor_quotient(origin[axis], factor[axis]);
    }
}

/// The number of voxels of a shape without negative extents, or -1 where no index_t holds it. A zero extent
/// wins over any overflow of the others.
constexpr index_t checked_size(index_span shape) {
    for (const index_t extent : shape) {
        if (extent == 0) return 0;
    }
    index_t size = 1;
    for (const index_t extent : shape) {
        size = checked_product(size, extent);
        if (size < 0) return -1;
    }
    return size;
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
