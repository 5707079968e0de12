// SPDX-License-Identifier: BSL-1.0
// Geometry without voxels: the shape of a mip, chunks that can be done apart, factors for anisotropic voxels.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include <tinybrain/detail/base/fail.hpp>
#include <tinybrain/detail/base/index_math.hpp>
#include <tinybrain/detail/drive/checks.hpp>
#include <tinybrain/volume.hpp>

TINYBRAIN_NAMESPACE_BEGIN

namespace detail {

inline void check_mip(int mip) {
    if (mip < 0) refuse({"mip is ", mip, ", but must be 0 or more"});
}

// Where a volume, or a mip of one, lies on the grid of windows.
template <std::size_t Rank>
struct place_on_grid {
    index_array<Rank> shape, origin;

    bool operator==(const place_on_grid&) const = default;

    void to_next_mip(const index_array<Rank>& factor) { detail::to_next_mip(shape, origin, factor); }
};

template <std::size_t Rank>
place_on_grid<Rank> place_of_mip(place_on_grid<Rank> place, const index_array<Rank>& factor, int mip) {
    check_shape("the volume", place.shape);
    check_factor(factor);
    check_mip(mip);
    for (int m = 0; m < mip; ++m) {
        const place_on_grid<Rank> before = place;
        place.to_next_mip(factor);
        if (place == before) break;
    }
    return place;
}
template <std::size_t Rank>
place_on_grid<Rank> place_of_mip(place_on_grid<Rank> place, std::span<const index_array<Rank>> factors) {
    check_shape("the volume", place.shape);
    for (const index_array<Rank>& factor : factors) {
        check_factor(factor);
        place.to_next_mip(factor);
    }
    return place;
}

}  // namespace detail

/// The shape of mip `mip` of a volume: ceil(n / factor^mip) along each axis; mip 0 is the volume itself. At
/// an origin a, see placed(), floor((a + n - 1) / factor^mip) - floor(a / factor^mip) + 1.
///
/// @param shape of the volume: extents in voxels, 0 or more.
/// @param factor how many voxels of each axis become one, each at least 1.
/// @param mip 0 or more.
/// @param origin where the first voxel lies on the grid of windows; 0 if not said.
/// @return the extents of that mip. An axis that has reached 1 stays 1, and one of 0 stays 0; one that goes
///     on across a boundary of all windows, as from -1 to 0, stays 2.
/// @throws std::invalid_argument where an extent is negative, a factor below 1 or mip below 0.
/// @throws std::length_error where the volume has more voxels than an index can count.
///
/// @code
/// tinybrain::mip_shape({100, 70, 4}, {2, 2, 1}, 3);  // {13, 9, 4}
/// @endcode
template <std::size_t Rank>
index_array<Rank> mip_shape(
    const one_integer (&shape)[Rank], const std::type_identity_t<one_integer_for_each_axis<Rank>>& factor,
    int mip = 1, const std::type_identity_t<one_integer_for_each_axis<Rank>>& origin = index_array<Rank>{}) {
    return mip_shape(one_integer_for_each_axis<Rank>(shape).array(), factor, mip, origin);
}
/// mip_shape() for a shape at hand: a std::array or a C array.
template <array_of_integers Shape>
index_array<axes_in<Shape>> mip_shape(
    const Shape& shape, const one_integer_for_each_axis<axes_in<Shape>>& factor, int mip = 1,
    const one_integer_for_each_axis<axes_in<Shape>>& origin = index_array<axes_in<Shape>>{}) {
    const one_integer_for_each_axis<axes_in<Shape>> extents = shape;
    return detail::place_of_mip<axes_in<Shape>>({extents, origin}, factor, mip).shape;
}
/// mip_shape() of the last of several mips, each with a factor of its own, for a shape in braces; with no
/// factor, of the volume.
template <std::size_t Rank>
index_array<Rank> mip_shape(
    const one_integer (&shape)[Rank], const std::type_identity_t<one_factor_for_each_mip<Rank>>& factors,
    const std::type_identity_t<one_integer_for_each_axis<Rank>>& origin = index_array<Rank>{}) {
    return mip_shape(one_integer_for_each_axis<Rank>(shape).array(), factors, origin);
}
/// mip_shape() of the last of several mips, each with a factor of its own; with no factor, of the volume.
template <array_of_integers Shape>
index_array<axes_in<Shape>> mip_shape(
    const Shape& shape, const one_factor_for_each_mip<axes_in<Shape>>& factors,
    const one_integer_for_each_axis<axes_in<Shape>>& origin = index_array<axes_in<Shape>>{}) {
    const one_integer_for_each_axis<axes_in<Shape>> extents = shape;
    return detail::place_of_mip<axes_in<Shape>>({extents, origin}, factors.span()).shape;
}

/// The origin of mip `mip` of a volume at an origin, see placed(): floor(origin / factor^mip) along each
/// axis.
///
/// @param origin where the first voxel of mip 0 lies on the grid of windows.
/// @param factor how many voxels of each axis become one, each at least 1.
/// @param mip 0 or more.
/// @throws std::invalid_argument where a factor is below 1 or mip below 0.
///
/// @code
/// tinybrain::mip_origin({100, -1, 4}, {2, 2, 1}, 3);  // {12, -1, 4}
/// @endcode
template <std::size_t Rank>
index_array<Rank> mip_origin(const one_integer (&origin)[Rank],
                             const std::type_identity_t<one_integer_for_each_axis<Rank>>& factor,
                             int mip = 1) {
    return mip_origin(one_integer_for_each_axis<Rank>(origin).array(), factor, mip);
}
/// mip_origin() for an origin at hand: a std::array or a C array.
template <array_of_integers Origin>
index_array<axes_in<Origin>> mip_origin(const Origin& origin,
                                        const one_integer_for_each_axis<axes_in<Origin>>& factor,
                                        int mip = 1) {
    const one_integer_for_each_axis<axes_in<Origin>> at = origin;
    return detail::place_of_mip<axes_in<Origin>>({{}, at}, factor, mip).origin;
}
/// mip_origin() of the last of several mips, each with a factor of its own, for an origin in braces; with no
/// factor, of the volume.
template <std::size_t Rank>
index_array<Rank> mip_origin(const one_integer (&origin)[Rank],
                             const std::type_identity_t<one_factor_for_each_mip<Rank>>& factors) {
    return mip_origin(one_integer_for_each_axis<Rank>(origin).array(), factors);
}
/// mip_origin() of the last of several mips, each with a factor of its own; with no factor, of the volume.
template <array_of_integers Origin>
index_array<axes_in<Origin>> mip_origin(const Origin& origin,
                                        const one_factor_for_each_mip<axes_in<Origin>>& factors) {
    const one_integer_for_each_axis<axes_in<Origin>> at = origin;
    return detail::place_of_mip<axes_in<Origin>>({{}, at}, factors.span()).origin;
}

/// The fewest mips after which no axis that the factor reduces is longer than `largest`.
///
/// @param shape of the volume: extents in voxels, 0 or more.
/// @param factor how many voxels of each axis become one, each at least 1.
/// @param largest in voxels, at least 1.
/// @throws std::invalid_argument where an extent is negative, or a factor or largest below 1.
/// @throws std::length_error where the volume has more voxels than an index can count.
///
/// @code
/// tinybrain::num_mips_to_fit({1000, 700, 400}, {2, 2, 1}, 64);  // 4: 63 x 44 x 400
/// @endcode
template <std::size_t Rank>
int num_mips_to_fit(const one_integer (&shape)[Rank],
                    const std::type_identity_t<one_integer_for_each_axis<Rank>>& factor,
                    one_integer largest) {
    return num_mips_to_fit(one_integer_for_each_axis<Rank>(shape).array(), factor, largest);
}
/// num_mips_to_fit() for a shape at hand: a std::array or a C array.
template <array_of_integers Shape>
int num_mips_to_fit(const Shape& shape, const one_integer_for_each_axis<axes_in<Shape>>& factor,
                    one_integer largest) {
    const one_integer_for_each_axis<axes_in<Shape>> extents = shape;
    detail::check_shape("the volume", extents.array());
    detail::check_factor(factor.array());
    if (largest < 1) detail::refuse({"largest is ", index_t{largest}, ", but must be at least 1"});
    int most = 0;
    for (std::size_t axis = 0; axis < axes_in<Shape>; ++axis) {
        int mips = 0;
        for (index_t n = extents.array()[axis]; factor.array()[axis] > 1 && n > largest; ++mips)
            n = detail::ceil_quotient(n, factor.array()[axis]);
        most = std::max(most, mips);
    }
    return most;
}

/// A volume cut into chunks that can be downsampled apart, in any order and on any machine: chunk by chunk,
/// mips 1 to num_mips of source(i) are, voxel for voxel, what the whole volume's mips have at mip(i, m).
///
/// Chunks are numbered from 0, axis 0 fastest; those at the faces are clipped to the volume. Of a volume at
/// an origin, see placed(), they begin at multiples of chunk on the grid of windows. Boxes count from the
/// first voxel of the volume and of its mips: view.part(grid.source(i)) is a chunk, in its place. A grid
/// holds a few numbers, however many chunks there are, and may be used by several threads at once.
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
    /// @param origin where the first voxel lies on the grid of windows; 0 if not said.
    /// @throws std::invalid_argument where chunk is no such multiple (the message says the nearest that is),
    ///     or where an extent is negative, a factor below 1 or num_mips below 0.
    /// @throws std::length_error where the number of voxels or factor^num_mips fits no index.
    chunk_grid(const one_integer_for_each_axis<Rank>& shape, const one_integer_for_each_axis<Rank>& chunk,
               const one_integer_for_each_axis<Rank>& factor, int num_mips = 1,
               const one_integer_for_each_axis<Rank>& origin = index_array<Rank>{})
        : chunk_grid(shape, chunk, {&factor.array(), 1}, true, num_mips, origin) {}

    /// A chunk_grid with a factor for each mip, from the mip before: chunk is a multiple of their product.
    chunk_grid(const one_integer_for_each_axis<Rank>& shape, const one_integer_for_each_axis<Rank>& chunk,
               const one_factor_for_each_mip<Rank>& factors,
               const one_integer_for_each_axis<Rank>& origin = index_array<Rank>{})
        : chunk_grid(shape, chunk, factors.span(), false, static_cast<int>(factors.span().size()), origin) {}

    /// The number of chunks; 0 where an extent of the volume is.
    index_t size() const { return size_; }
    /// How many chunks there are along each axis.
    index_array<Rank> shape() const { return grid_; }
    /// The number of mips.
    int num_mips() const { return num_mips_; }

    /// The voxels of mip 0 to load for a chunk, 0 <= chunk < size(). Throws std::invalid_argument where there
    /// is no such chunk.
    box<Rank> source(index_t chunk) const {
        if (chunk < 0 || chunk >= size_) {
            detail::refuse({"chunk is ", chunk, ", but must be at least 0 and less than ", size_,
                            ", the number of chunks"});
        }
        box<Rank> result;
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            const index_t number = chunk % grid_[axis];
            // The first may begin before the volume does.
            const index_t before = detail::floor_remainder(origin_[axis], chunk_[axis]);
            const index_t begin = number == 0 ? 0 : number * chunk_[axis] - before;
            const index_t most = chunk_[axis] - (number == 0 ? before : 0);
            result.begin[axis] = begin;
            result.end[axis] = begin + std::min(most, shape_[axis] - begin);
            chunk /= grid_[axis];
        }
        return result;
    }

    /// Where a chunk's mip m belongs in the volume's mip m, 0 <= chunk < size() and 1 <= m <= num_mips.
    /// Throws std::invalid_argument where there is no such chunk or mip.
    box<Rank> mip(index_t chunk, int m) const {
        if (m < 1 || m > num_mips_) {
            detail::refuse({"m is ", m, ", but must be at least 1 and no more than num_mips, ", num_mips_});
        }
        box<Rank> result = source(chunk);
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            index_t origin = origin_[axis];
            for (int i = 0; i < m; ++i) {
                const index_t factor = factor_of(i)[axis];
                if (factor == 1) continue;
                result.begin[axis] = detail::window_number(origin, result.begin[axis], factor);
                result.end[axis] = detail::window_number(origin, result.end[axis] - 1, factor) + 1;
                origin = detail::floor_quotient(origin, factor);
            }
        }
        return result;
    }

private:
    chunk_grid(const index_array<Rank>& shape, const index_array<Rank>& chunk,
               std::span<const index_array<Rank>> factors, bool same, int num_mips,
               const index_array<Rank>& origin)
        : shape_(shape),
          chunk_(chunk),
          origin_(origin),
          factors_(factors.begin(), factors.end()),
          same_(same),
          num_mips_(num_mips) {
        detail::check_shape("the volume", shape);
        for (const index_array<Rank>& factor : factors_) detail::check_factor(factor);
        detail::check_num_mips(num_mips);
        check_chunk();
        for (std::size_t axis = 0; axis < Rank; ++axis)
            grid_[axis] = detail::mip_extent(origin[axis], shape[axis], chunk[axis]);
        size_ = detail::checked_size(grid_);
    }

    // From mip i to the next.
    const index_array<Rank>& factor_of(int i) const {
        return factors_[same_ ? 0 : static_cast<std::size_t>(i)];
    }

    void check_chunk() const {
        index_array<Rank> unit;
        unit.fill(1);
        index_array<Rank> nearest = chunk_;
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            for (int m = 0; m < num_mips_; ++m) {
                if (same_ && factor_of(m)[axis] == 1) break;
                unit[axis] = detail::checked_product(unit[axis], factor_of(m)[axis]);
                if (unit[axis] < 0) {
                    detail::refuse_length({"the product of the factors of ", num_mips_, " mips",
                                           same_ ? ", each " : "", same_ ? detail::words(factors_[0]) : "",
                                           ", is more than an index can count; use fewer mips"});
                }
            }
            nearest[axis] = nearest_multiple(chunk_[axis], unit[axis]);
        }
        if (nearest == chunk_) return;
        detail::refuse({"chunk is ", chunk_, ", but must be a multiple of ", unit,
                        same_ ? ", the factor to the power of num_mips" : ", the product of the factors",
                        "; the nearest that is: ", nearest});
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
    index_array<Rank> origin_;
    std::vector<index_array<Rank>> factors_;
    bool same_;  // one for all mips
    index_array<Rank> grid_{};
    int num_mips_;
    index_t size_ = 0;
};

/// `chunk_grid grid({nx, ny, nz}, chunk, factor, num_mips)`.
template <std::size_t Rank>
chunk_grid(const one_integer (&)[Rank], const std::type_identity_t<one_integer_for_each_axis<Rank>>&,
           const std::type_identity_t<one_integer_for_each_axis<Rank>>&, int = 1,
           const std::type_identity_t<one_integer_for_each_axis<Rank>>& = index_array<Rank>{})
    -> chunk_grid<Rank>;
/// `chunk_grid grid({nx, ny, nz}, chunk, factors)`.
template <std::size_t Rank>
chunk_grid(const one_integer (&)[Rank], const std::type_identity_t<one_integer_for_each_axis<Rank>>&,
           const std::type_identity_t<one_factor_for_each_mip<Rank>>&,
           const std::type_identity_t<one_integer_for_each_axis<Rank>>& = index_array<Rank>{})
    -> chunk_grid<Rank>;
/// `chunk_grid grid(shape, chunk, factor, num_mips)`.
template <array_of_integers Shape>
chunk_grid(const Shape&, const one_integer_for_each_axis<axes_in<Shape>>&,
           const one_integer_for_each_axis<axes_in<Shape>>&, int = 1,
           const one_integer_for_each_axis<axes_in<Shape>>& = index_array<axes_in<Shape>>{})
    -> chunk_grid<axes_in<Shape>>;
/// `chunk_grid grid(shape, chunk, factors)`.
template <array_of_integers Shape>
chunk_grid(const Shape&, const one_integer_for_each_axis<axes_in<Shape>>&,
           const one_factor_for_each_mip<axes_in<Shape>>&,
           const one_integer_for_each_axis<axes_in<Shape>>& = index_array<axes_in<Shape>>{})
    -> chunk_grid<axes_in<Shape>>;

namespace detail {

// Of a volume of that extent; an axis of index_max has no end.
template <std::size_t Rank>
std::vector<index_array<Rank>> isotropic_factors(const std::array<double, Rank>& voxel_size, int num_mips,
                                                 index_array<Rank> extent) {
    check_num_mips(num_mips);
    for (const double edge : voxel_size) {
        if (!(edge > 0) || std::isinf(edge)) {
            refuse({"an edge of voxel_size is ", edge, ", but every edge must be finite and above 0"});
        }
    }
    // Exponents, not edges, grow: any number of mips stays exact.
    std::array<int, Rank> doublings{};
    std::vector<index_array<Rank>> factors(static_cast<std::size_t>(num_mips));
    for (index_array<Rank>& factor : factors) {
        factor.fill(1);
        int fewest = std::numeric_limits<int>::max();
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            if (extent[axis] > 1) fewest = std::min(fewest, doublings[axis]);
        }
        const auto edge = [&](std::size_t axis) {
            return std::ldexp(voxel_size[axis], doublings[axis] - fewest);
        };
        double smallest = std::numeric_limits<double>::infinity();
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            if (extent[axis] > 1) smallest = std::min(smallest, edge(axis));
        }
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            if (extent[axis] > 1 && edge(axis) / smallest < 1.4142135623730951) factor[axis] = 2;
        }
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            doublings[axis] += factor[axis] == 2 ? 1 : 0;
            if (extent[axis] < index_max) extent[axis] = ceil_quotient(extent[axis], factor[axis]);
        }
    }
    return factors;
}

}  // namespace detail

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
    index_array<Rank> endless;
    endless.fill(detail::index_max);
    return detail::isotropic_factors(voxel_size, num_mips, endless);
}
/// near_isotropic_factors() for edges in braces.
template <std::size_t Rank>
std::vector<index_array<Rank>> near_isotropic_factors(const double (&voxel_size)[Rank], int num_mips) {
    return near_isotropic_factors(std::to_array(voxel_size), num_mips);
}
/// near_isotropic_factors() of a volume of a shape: an axis that has reached one voxel is left alone, and
/// none waits for it. Throws also std::invalid_argument where an extent is negative, std::length_error where
/// the volume has more voxels than an index can count.
///
/// @code
/// // A single slice: {2, 2, 1} each time, however flat its voxels are.
/// const auto factors = tinybrain::near_isotropic_factors({10.0, 10.0, 1.0}, 3, {64, 48, 1});
/// @endcode
template <std::size_t Rank>
std::vector<index_array<Rank>> near_isotropic_factors(
    const std::array<double, Rank>& voxel_size, int num_mips,
    const std::type_identity_t<one_integer_for_each_axis<Rank>>& shape) {
    detail::check_shape("the volume", shape.array());
    return detail::isotropic_factors(voxel_size, num_mips, shape.array());
}
/// near_isotropic_factors() for edges in braces, of a volume of a shape.
template <std::size_t Rank>
std::vector<index_array<Rank>> near_isotropic_factors(
    const double (&voxel_size)[Rank], int num_mips,
    const std::type_identity_t<one_integer_for_each_axis<Rank>>& shape) {
    return near_isotropic_factors(std::to_array(voxel_size), num_mips, shape);
}

TINYBRAIN_NAMESPACE_END
