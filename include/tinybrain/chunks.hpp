// SPDX-License-Identifier: BSL-1.0
// Geometry without voxels: the shape of a mip, chunks that can be done apart, factors for anisotropic voxels.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <tinybrain/detail/base/fail.hpp>
#include <tinybrain/detail/base/index_math.hpp>
#include <tinybrain/detail/drive/checks.hpp>

TINYBRAIN_NAMESPACE_BEGIN

/// The shape of mip `mip` of a volume: ceil(n / factor^mip) along each axis; mip 0 is the volume itself.
///
/// @param shape of the volume: extents in voxels, 0 or more.
/// @param factor how many voxels of each axis become one, each at least 1.
/// @param mip 0 or more.
/// @return the extents of that mip. An axis that has reached 1 stays 1, and one of 0 stays 0.
/// @throws std::invalid_argument where an extent is negative, a factor below 1 or mip below 0.
/// @throws std::length_error where the volume has more voxels than an index can count.
///
/// @code
/// tinybrain::mip_shape({100, 70, 4}, {2, 2, 1}, 3);  // {13, 9, 4}
/// @endcode
template <std::size_t Rank>
index_array<Rank> mip_shape(const index_array<Rank>& shape, const index_array<Rank>& factor, int mip = 1) {
    detail::check_shape("the volume", shape);
    detail::check_factor(factor);
    if (mip < 0) detail::refuse("mip is " + std::to_string(mip) + ", but must be 0 or more");
    index_array<Rank> result = shape;
    for (int m = 0; m < mip; ++m) {
        index_array<Rank> next{};
        for (std::size_t axis = 0; axis < Rank; ++axis)
            next[axis] = detail::ceil_quotient(result[axis], factor[axis]);
        if (next == result) break;
        result = next;
    }
    return result;
}
/// The same, for a shape in braces.
template <std::size_t Rank>
index_array<Rank> mip_shape(const index_t (&shape)[Rank], const index_array<Rank>& factor, int mip = 1) {
    return mip_shape(std::to_array(shape), factor, mip);
}

/// A box of voxels, half open: those with begin <= index < end along every axis.
template <std::size_t Rank>
struct box {
    index_array<Rank> begin;  ///< the first index along each axis
    index_array<Rank> end;    ///< one past the last
    /// Whether both corners are the same.
    friend bool operator==(const box&, const box&) = default;
};

/// A volume cut into chunks that can be downsampled apart, in any order and on any machine: chunk by chunk,
/// mips 1 to num_mips of source(i) are, voxel for voxel, what the whole volume's mips have at mip(i, m).
///
/// Chunks are numbered from 0, axis 0 fastest; those at the far faces are clipped to the volume. A grid holds
/// a few numbers, however many chunks there are, and may be used by several threads at once.
///
/// @code
/// const tinybrain::chunk_grid<3> grid(shape, {1024, 1024, 64}, {2, 2, 1}, 4);
/// for (tinybrain::index_t i = 0; i < grid.size(); ++i) {
///     const auto image = load(grid.source(i));  // a volume of that box, from a store of the caller's
///     const auto mips = tinybrain::downsample_with_averaging(image, {2, 2, 1}, 4);
///     for (int m = 1; m <= 4; ++m) save(m, grid.mip(i, m), mips[m - 1]);
/// }
/// @endcode
template <std::size_t Rank>
class chunk_grid {
public:
    /// @param shape of the volume: extents in voxels, 0 or more.
    /// @param chunk extents of a chunk at mip 0, along each axis a multiple of factor^num_mips.
    /// @param factor how many voxels of each axis become one, each at least 1, for every mip.
    /// @param num_mips 0 or more.
    /// @throws std::invalid_argument where chunk is no such multiple (the message says the nearest that is),
    ///     or where an extent is negative, a factor below 1 or num_mips below 0.
    /// @throws std::length_error where the number of voxels or factor^num_mips fits no index.
    chunk_grid(const index_array<Rank>& shape, const index_array<Rank>& chunk,
               const index_array<Rank>& factor, int num_mips = 1)
        : shape_(shape), chunk_(chunk), factor_(factor), num_mips_(num_mips) {
        detail::check_shape("the volume", shape);
        detail::check_factor(factor);
        detail::check_num_mips(num_mips);
        check_chunk();
        for (std::size_t axis = 0; axis < Rank; ++axis)
            grid_[axis] = detail::ceil_quotient(shape[axis], chunk[axis]);
        size_ = detail::checked_size(grid_);
    }

    /// The number of chunks; 0 where an extent of the volume is.
    index_t size() const { return size_; }

    /// The voxels of mip 0 to load for a chunk, 0 <= chunk < size(). Throws std::invalid_argument where there
    /// is no such chunk.
    box<Rank> source(index_t chunk) const {
        if (chunk < 0 || chunk >= size_) {
            detail::refuse("chunk is " + std::to_string(chunk) + ", but must be at least 0 and less than " +
                           std::to_string(size_) + ", the number of chunks");
        }
        box<Rank> result;
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            result.begin[axis] = chunk % grid_[axis] * chunk_[axis];
            result.end[axis] = result.begin[axis] + std::min(chunk_[axis], shape_[axis] - result.begin[axis]);
            chunk /= grid_[axis];
        }
        return result;
    }

    /// Where a chunk's mip m belongs in the volume's mip m, 0 <= chunk < size() and 1 <= m <= num_mips.
    /// Throws std::invalid_argument where there is no such chunk or mip.
    box<Rank> mip(index_t chunk, int m) const {
        if (m < 1 || m > num_mips_) {
            detail::refuse("m is " + std::to_string(m) +
                           ", but must be at least 1 and no more than num_mips, " +
                           std::to_string(num_mips_));
        }
        box<Rank> result = source(chunk);
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            for (int i = 0; i < m && factor_[axis] > 1; ++i) {
                result.begin[axis] /= factor_[axis];
                result.end[axis] = detail::ceil_quotient(result.end[axis], factor_[axis]);
            }
        }
        return result;
    }

private:
    void check_chunk() const {
        index_array<Rank> unit;
        unit.fill(1);
        index_array<Rank> nearest = chunk_;
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            for (int m = 0; m < num_mips_ && factor_[axis] > 1; ++m) {
                unit[axis] = detail::checked_product(unit[axis], factor_[axis]);
                if (unit[axis] < 0) {
                    detail::refuse_length("the factor " + detail::describe(factor_) +
                                          " to the power of num_mips, " + std::to_string(num_mips_) +
                                          ", is more than an index can count; use fewer mips");
                }
            }
            nearest[axis] = nearest_multiple(chunk_[axis], unit[axis]);
        }
        if (nearest == chunk_) return;
        detail::refuse(
            "chunk is " + detail::describe(chunk_) + ", but must be a multiple of " + detail::describe(unit) +
            ", the factor to the power of num_mips; the nearest that is: " + detail::describe(nearest));
    }

    // At least one unit.
    static index_t nearest_multiple(index_t extent, index_t unit) {
        if (extent <= unit) return unit;
        const index_t below = extent - extent % unit;
        const bool up = extent % unit > unit / 2 && below <= detail::index_max - unit;
        return up ? below + unit : below;
    }

    index_array<Rank> shape_;
    index_array<Rank> chunk_;
    index_array<Rank> factor_;
    index_array<Rank> grid_{};
    int num_mips_;
    index_t size_ = 0;
};

/// Factors of 1 and 2 for each of num_mips mips that bring voxels as near to cubes as powers of two can.
///
/// At each mip the smallest edge doubles, and so does every other shorter than sqrt(2) times it; longer ones
/// wait. Edges so end within a factor of sqrt(2) of each other, which is the nearest there is: log2 of their
/// ratio rounds to zero. The idea, to double just the axes that lag behind, is Neuroglancer's
/// (compute_near_isotropic_downsampling_scales).
///
/// @param voxel_size the edges of a voxel of mip 0 in any one unit, each finite and above zero.
/// @param num_mips 0 or more.
/// @return the factor of each mip, from the mip before: what the downsampling functions take.
/// @throws std::invalid_argument where an edge is not a finite number above zero or num_mips is below 0.
///
/// @code
/// // {2, 2, 1} three times, then {2, 2, 2}: edges of 32, 32, 40 after three.
/// const auto factors = tinybrain::near_isotropic_factors({4, 4, 40}, 4);
/// @endcode
template <std::size_t Rank>
std::vector<index_array<Rank>> near_isotropic_factors(const std::array<double, Rank>& voxel_size,
                                                      int num_mips) {
    detail::check_num_mips(num_mips);
    for (const double edge : voxel_size) {
        if (!(edge > 0) || std::isinf(edge)) {
            detail::refuse("voxel_size is " + detail::describe(voxel_size) +
                           ", but every edge must be finite and above 0");
        }
    }
    // Exponents, not edges, grow: any number of mips stays exact.
    std::array<int, Rank> doublings{};
    std::vector<index_array<Rank>> factors(static_cast<std::size_t>(num_mips));
    for (index_array<Rank>& factor : factors) {
        const int fewest = *std::min_element(doublings.begin(), doublings.end());
        const auto edge = [&](std::size_t axis) {
            return std::ldexp(voxel_size[axis], doublings[axis] - fewest);
        };
        double smallest = edge(0);
        for (std::size_t axis = 1; axis < Rank; ++axis) smallest = std::min(smallest, edge(axis));
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            factor[axis] = edge(axis) / smallest < 1.4142135623730951 ? 2 : 1;
        }
        for (std::size_t axis = 0; axis < Rank; ++axis) doublings[axis] += factor[axis] == 2 ? 1 : 0;
    }
    return factors;
}
/// The same, for edges in braces.
template <std::size_t Rank>
std::vector<index_array<Rank>> near_isotropic_factors(const double (&voxel_size)[Rank], int num_mips) {
    return near_isotropic_factors(std::to_array(voxel_size), num_mips);
}

TINYBRAIN_NAMESPACE_END
