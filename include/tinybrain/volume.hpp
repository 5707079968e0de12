// SPDX-License-Identifier: BSL-1.0
// Volumes: views of memory somebody else owns, in any order and with any strides, and volumes that own
// theirs.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <tinybrain/arguments.hpp>
#include <tinybrain/detail/base/fail.hpp>
#include <tinybrain/detail/base/index_math.hpp>
#include <tinybrain/detail/base/pages.hpp>

TINYBRAIN_NAMESPACE_BEGIN

template <class T, std::size_t Rank>
class volume;

/// A box of voxels, half open: those with begin <= index < end along every axis.
template <std::size_t Rank>
struct box {
    index_array<Rank> begin;  ///< the first index along each axis
    index_array<Rank> end;    ///< one past the last

    /// The extents, in voxels.
    constexpr index_array<Rank> shape() const {
        index_array<Rank> extents{};
        for (std::size_t axis = 0; axis < Rank; ++axis) extents[axis] = end[axis] - begin[axis];
        return extents;
    }
    /// Whether both corners are the same.
    friend bool operator==(const box&, const box&) = default;
};

namespace detail {

template <std::size_t Rank>
constexpr index_array<Rank> fortran_strides(const index_array<Rank>& shape) {
    index_array<Rank> strides{};
    index_t stride = 1;
    for (std::size_t axis = 0; axis < Rank; ++axis) {
        strides[axis] = stride;
        stride = saturated_product(stride, shape[axis] > 0 ? shape[axis] : 1);
    }
    return strides;
}

// Strides, all zero yet, of a volume whose axes lie in memory in that order, the fastest first.
inline void place_strides(std::span<const std::size_t> order, std::span<const index_t> shape,
                          std::span<index_t> strides) {
    index_t stride = 1;
    for (const std::size_t axis : order) {
        if (axis >= shape.size() || strides[axis] != 0) {
            std::string named;
            for (const std::size_t n : order) named += message_of({named.empty() ? "" : ", ", n});
            refuse({"the order of a volume's axes is (", named, "), but must name each of the ", shape.size(),
                    " axes once"});
        }
        strides[axis] = stride;
        stride = saturated_product(stride, std::max<index_t>(1, shape[axis]));
    }
}

inline index_t bytes_of_volume(std::span<const index_t> shape, std::size_t voxel_bytes) {
    for (const index_t extent : shape) {
        if (extent < 0) refuse({"the shape of a volume is ", shape, ", but no extent may be negative"});
    }
    const index_t size = checked_size(shape);
    const index_t bytes = size < 0 ? -1 : checked_product(size, static_cast<index_t>(voxel_bytes));
    if (bytes < 0) refuse_length({"a volume of shape ", shape, " has more bytes than an index can count"});
    return bytes;
}

template <std::size_t Rank>
constexpr index_array<Rank> c_strides(const index_array<Rank>& shape) {
    index_array<Rank> strides{};
    index_t stride = 1;
    for (std::size_t axis = Rank; axis-- > 0;) {
        strides[axis] = stride;
        stride = saturated_product(stride, shape[axis] > 0 ? shape[axis] : 1);
    }
    return strides;
}

// What std::mdspan with a strided layout offers, told by its shape alone: no header of it is needed.
template <class V>
concept mdspan_like = requires(const V& v) {
    {*v.data_handle()};
    { V::rank() } -> std::convertible_to<std::size_t>;
    { v.extent(V::rank() * 0) } -> std::convertible_to<index_t>;
    { v.stride(V::rank() * 0) } -> std::convertible_to<index_t>;
}
&&std::is_pointer_v<std::remove_cvref_t<decltype(std::declval<const V&>().data_handle())>>;

template <class V>
using mdspan_element =
    std::remove_pointer_t<std::remove_cvref_t<decltype(std::declval<const V&>().data_handle())>>;

}  // namespace detail

/// Something shaped like std::mdspan with voxels that lie in memory as they are. Where an accessor computes
/// them (its `reference` is no T&), what lies in memory is not what it would give, and nothing is read.
template <class V>
concept mdspan_like_whose_voxels_lie_in_memory = detail::mdspan_like<V> &&(
    !requires { typename V::reference; } ||
    requires {
        requires std::same_as < typename V::reference, detail::mdspan_element<V>
        & > ;
    });

/// A non-owning view of an N-dimensional array of voxels.
///
/// T is the voxel type, const where the voxels are only read; Rank >= 1 is the number of axes. The voxel at
/// index (i0, i1, ...) is data()[i0 * stride(0) + i1 * stride(1) + ...]: strides count elements, not bytes,
/// and may be negative or, for reading, zero. data() is the voxel at index (0, 0, ...), wherever in memory
/// that is. A view checks nothing: the functions that take it do. Copying one copies no voxels; const applies
/// to the view, not to what it looks at.
///
/// A view may lie anywhere on the grid of windows: see placed(). Indices count from its first voxel all the
/// same.
///
/// @code
/// std::uint8_t memory[6 * 4];
/// // Every second column of 6 x 4 voxels, the rows in reverse order.
/// tinybrain::volume_view<std::uint8_t, 2> view(memory + 3 * 6, {3, 4}, {2, -6});
/// view(0, 0) = 7;  // memory[18]
/// @endcode
template <class T, std::size_t Rank>
class volume_view {
    static_assert(Rank >= 1, "tinybrain: a volume has at least one axis");

public:
    using element_type = T;                  ///< of the voxels, const where they are only read
    using value_type = std::remove_cv_t<T>;  ///< of the voxels, never const

    /// A view of nothing: no memory, all extents zero.
    constexpr volume_view() = default;

    /// Fortran order: axis 0 is contiguous, and nothing lies between the voxels.
    constexpr volume_view(T* data, const one_integer_for_each_axis<Rank>& shape)
        : data_(data), shape_(shape), strides_(detail::fortran_strides(shape_)) {}

    /// Any strides, in elements. data is the voxel at index (0, 0, ...), and lies at the origin; placed() is
    /// the usual way to one.
    constexpr volume_view(T* data, const one_integer_for_each_axis<Rank>& shape,
                          const one_integer_for_each_axis<Rank>& strides,
                          const one_integer_for_each_axis<Rank>& origin = index_array<Rank>{})
        : data_(data), shape_(shape), strides_(strides), origin_(origin) {}

    /// The voxels of another view, read only.
    template <class U>
    requires std::same_as<T, const U>
    constexpr volume_view(const volume_view<U, Rank>& other)
        : volume_view(other.data(), other.shape(), other.strides(), other.origin()) {}

    /// The voxels of a volume.
    constexpr volume_view(volume<value_type, Rank>& other)
        : volume_view(other.data(), other.shape(), other.strides(), other.origin()) {}

    /// The voxels of a volume, read only.
    constexpr volume_view(const volume<value_type, Rank>& other) requires std::is_const_v<T>
        : volume_view(other.data(), other.shape(), other.strides(), other.origin()) {}

    /// No view of a volume that is gone at the end of the line: name the volume.
    volume_view(volume<value_type, Rank>&&) = delete;
    /// No view of a volume that is gone at the end of the line: name the volume.
    volume_view(const volume<value_type, Rank>&&) = delete;

    /// From anything shaped like std::mdspan: data_handle(), rank(), extent(r), stride(r). Throws
    /// std::length_error where an extent or a stride does not fit index_t.
    template <mdspan_like_whose_voxels_lie_in_memory V>
    requires(V::rank() == Rank && std::convertible_to<detail::mdspan_element<V>*, T*> &&
             std::same_as<std::remove_cv_t<detail::mdspan_element<V>>,
                          std::remove_cv_t<T>>) constexpr volume_view(const V& other)
        : data_(other.data_handle()) {
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            using axis_type = decltype(V::rank());
            shape_[axis] = detail::to_index(other.extent(static_cast<axis_type>(axis)));
            strides_[axis] = detail::to_index(other.stride(static_cast<axis_type>(axis)));
        }
    }

    /// The number of axes.
    static constexpr std::size_t rank() { return Rank; }
    /// The address of the voxel at index (0, 0, ...).
    constexpr T* data() const { return data_; }
    /// The extents of all axes, in voxels.
    constexpr index_array<Rank> shape() const { return shape_; }
    /// The strides of all axes, in elements.
    constexpr index_array<Rank> strides() const { return strides_; }
    /// The extent of an axis, in voxels; 0 <= axis < Rank, unchecked.
    constexpr index_t extent(std::size_t axis) const { return shape_[axis]; }
    /// The stride of an axis, in elements; 0 <= axis < Rank, unchecked.
    constexpr index_t stride(std::size_t axis) const { return strides_[axis]; }
    /// Where the first voxel lies on the grid of windows, an index for each axis; 0 where nobody said.
    constexpr index_array<Rank> origin() const { return origin_; }

    /// The voxels of a box, in their place: at origin() + box.begin. Indices count from its first voxel;
    /// unchecked.
    ///
    /// @code
    /// const auto corner = view.part({{0, 0, 0}, {64, 64, 8}});
    /// @endcode
    constexpr volume_view part(const box<Rank>& of) const {
        index_array<Rank> origin = origin_;
        index_t offset = 0;
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            origin[axis] += of.begin[axis];
            if (of.begin[axis] != 0) offset += of.begin[axis] * strides_[axis];
        }
        for (const index_t extent : of.shape()) offset = extent == 0 ? 0 : offset;
        return {data_ + offset, of.shape(), strides_, origin};
    }

    /// The number of voxels: the product of the extents, unchecked for overflow.
    constexpr index_t size() const {
        index_t size = 1;
        for (const index_t extent : shape_) size *= extent;
        return size;
    }

    /// The voxel at an index, one number for each axis, unchecked.
    template <whole_number... Index>
    requires(sizeof...(Index) == Rank) constexpr T& operator()(Index... i) const {
        return (*this)(index_array<Rank>{static_cast<index_t>(i)...});
    }
    /// The voxel at an index, unchecked.
    constexpr T& operator()(const index_array<Rank>& index) const {
        index_t offset = 0;
        for (std::size_t axis = 0; axis < Rank; ++axis) offset += index[axis] * strides_[axis];
        return data_[offset];
    }

private:
    T* data_ = nullptr;
    index_array<Rank> shape_{};
    index_array<Rank> strides_{};
    index_array<Rank> origin_{};
};

/// `volume_view view = volume`.
template <class T, std::size_t Rank>
volume_view(volume<T, Rank>&) -> volume_view<T, Rank>;
/// `volume_view view = volume`, read only.
template <class T, std::size_t Rank>
volume_view(const volume<T, Rank>&) -> volume_view<const T, Rank>;
/// `volume_view view = mdspan`.
template <mdspan_like_whose_voxels_lie_in_memory V>
volume_view(const V&) -> volume_view<detail::mdspan_element<V>, V::rank()>;
/// `volume_view view(pointer, {nx, ny, nz})`, with strides and an origin or without.
template <class T, std::size_t Rank>
volume_view(T*, const one_integer (&)[Rank],
            const std::type_identity_t<one_integer_for_each_axis<Rank>>& = index_array<Rank>{},
            const std::type_identity_t<one_integer_for_each_axis<Rank>>& = index_array<Rank>{})
    -> volume_view<T, Rank>;
/// `volume_view view(pointer, shape)`, with strides and an origin or without.
template <class T, array_of_integers Shape>
volume_view(T*, const Shape&,
            const one_integer_for_each_axis<axes_in<Shape>>& = index_array<axes_in<Shape>>{},
            const one_integer_for_each_axis<axes_in<Shape>>& = index_array<axes_in<Shape>>{})
    -> volume_view<T, axes_in<Shape>>;

/// A volume that owns its voxels: dense, in Fortran order unless another is asked for, 64-byte aligned, not
/// cleared when it is made.
///
/// T is any trivially copyable type that is not const; Rank >= 1 is the number of axes. Where no memory is
/// needed, because an extent is zero, none is taken.
///
/// @code
/// tinybrain::volume<float, 3> image({512, 512, 64});
/// std::fill_n(image.data(), image.size(), 0.0f);
/// image(511, 0, 3) = 1.0f;
/// @endcode
template <class T, std::size_t Rank>
class volume {
    static_assert(Rank >= 1, "tinybrain: a volume has at least one axis");
    static_assert(std::is_trivially_copyable_v<T> && !std::is_const_v<T>,
                  "tinybrain: the voxels of a volume are of a trivially copyable, non-const type");

public:
    using element_type = T;  ///< of the voxels
    using value_type = T;    ///< of the voxels

    /// The alignment of the first voxel, in bytes.
    static constexpr std::size_t alignment = alignof(T) > 64 ? alignof(T) : 64;

    /// An empty volume: all extents zero, no memory.
    volume() = default;

    /// A volume of this shape, its voxels indeterminate. Throws std::invalid_argument where an extent is
    /// negative, std::length_error where the size in bytes cannot be represented, std::bad_alloc.
    explicit volume(const one_integer_for_each_axis<Rank>& shape)
        : shape_(shape), strides_(detail::fortran_strides(shape_)), data_(allocate(shape_)) {}

    /// A volume with its axes in another order in memory: order[0] is the axis whose voxels lie side by side,
    /// and so on. {0, 1, 2} is Fortran order, {2, 1, 0} that of C. Throws std::invalid_argument also where
    /// that does not name each axis once.
    volume(const one_integer_for_each_axis<Rank>& shape, const std::array<std::size_t, Rank>& order)
        : shape_(shape), strides_(strides_in(order, shape_)), data_(allocate(shape_)) {}

    /// A copy of the voxels too, in the same order. Throws std::bad_alloc.
    volume(const volume& other)
        : shape_(other.shape_),
          strides_(other.strides_),
          origin_(other.origin_),
          data_(allocate(other.shape_)) {
        std::copy_n(other.data(), size(), data());
    }
    /// A copy of the voxels of a view, in Fortran order, at its origin. Throws as the constructor that takes
    /// a shape, and std::invalid_argument where a view with voxels has a null pointer.
    template <class U>
    requires std::same_as<std::remove_const_t<U>, T>
    explicit volume(const volume_view<U, Rank>& view) : volume(view.shape()) {
        origin_ = view.origin();
        if (size() == 0) return;
        if (view.data() == nullptr) {
            detail::refuse(
                {"a view of shape ", shape_, " has a null pointer; only an empty one may have that"});
        }
        index_array<Rank> index{};
        T* to = data();
        for (std::size_t axis = 0; axis < Rank;) {
            for (index[0] = 0; index[0] < shape_[0]; ++index[0]) *to++ = view(index);
            for (axis = 1; axis < Rank && ++index[axis] == shape_[axis]; ++axis) index[axis] = 0;
        }
    }
    /// Takes the memory over; the other is left empty.
    volume(volume&& other) noexcept
        : shape_(std::exchange(other.shape_, {})),
          strides_(std::exchange(other.strides_, detail::fortran_strides(index_array<Rank>{}))),
          origin_(std::exchange(other.origin_, {})),
          data_(std::move(other.data_)) {}
    /// Takes over the memory of its argument, which is a copy unless it was moved from.
    volume& operator=(volume other) noexcept {
        std::swap(shape_, other.shape_);
        std::swap(strides_, other.strides_);
        std::swap(origin_, other.origin_);
        std::swap(data_, other.data_);
        return *this;
    }
    ~volume() = default;

    /// The number of axes.
    static constexpr std::size_t rank() { return Rank; }
    /// The first voxel; null where the volume is empty.
    T* data() { return data_.get(); }
    /// The first voxel, read only; null where the volume is empty.
    const T* data() const { return data_.get(); }
    /// The extents of all axes, in voxels.
    index_array<Rank> shape() const { return shape_; }
    /// The strides of all axes, in elements.
    index_array<Rank> strides() const { return strides_; }
    /// The extent of an axis, in voxels; 0 <= axis < Rank, unchecked.
    index_t extent(std::size_t axis) const { return shape_[axis]; }
    /// The stride of an axis, in elements; 0 <= axis < Rank, unchecked.
    index_t stride(std::size_t axis) const { return strides_[axis]; }
    /// Where the first voxel lies on the grid of windows: of a mip, where the downsampling has put it.
    index_array<Rank> origin() const { return origin_; }
    /// The number of voxels: the product of the extents.
    index_t size() const { return view().size(); }

    /// A view of the voxels, valid as long as this volume keeps its memory.
    volume_view<T, Rank> view() & { return *this; }
    /// A view of the voxels, read only.
    volume_view<const T, Rank> view() const& { return *this; }
    /// No view of a volume that is gone at the end of the line: name the volume, or hand it over itself.
    void view() const&& = delete;

    /// The voxels in memory order.
    std::span<T> span() & { return {data(), static_cast<std::size_t>(size())}; }
    /// The voxels in memory order, read only.
    std::span<const T> span() const& { return {data(), static_cast<std::size_t>(size())}; }
    /// No span of a volume that is gone at the end of the line.
    void span() const&& = delete;
    /// From the first voxel in memory order ...
    T* begin() { return data(); }
    /// ... read only ...
    const T* begin() const { return data(); }
    /// ... to past the last.
    T* end() { return data() + size(); }
    /// To past the last, read only.
    const T* end() const { return data() + size(); }

    /// Whether shape, origin and every voxel are equal, whatever the order in memory.
    friend bool operator==(const volume& a, const volume& b) requires std::equality_comparable<T> {
        if (a.shape_ != b.shape_ || a.origin_ != b.origin_) return false;
        if (a.strides_ == b.strides_) return std::equal(a.begin(), a.end(), b.begin());
        const volume in_order(b.view());
        return std::equal(in_order.begin(), in_order.end(), volume(a.view()).begin());
    }

    /// The voxel at an index, one number for each axis, unchecked.
    template <whole_number... Index>
    requires(sizeof...(Index) == Rank) T& operator()(Index... i) { return view()(i...); }
    /// The voxel at an index, one number for each axis, read only and unchecked.
    template <whole_number... Index>
    requires(sizeof...(Index) == Rank) const T& operator()(Index... i) const { return view()(i...); }
    /// The voxel at an index, unchecked.
    T& operator()(const index_array<Rank>& index) { return view()(index); }
    /// The voxel at an index, read only and unchecked.
    const T& operator()(const index_array<Rank>& index) const { return view()(index); }

private:
    struct release {
        void operator()(T* data) const { detail::release_pages(data); }
    };

    static T* allocate(const index_array<Rank>& shape) {
        const index_t bytes = detail::bytes_of_volume(shape, sizeof(T));
        if (bytes == 0) return nullptr;
        return static_cast<T*>(detail::allocate_pages(static_cast<std::size_t>(bytes), alignment));
    }

    static index_array<Rank> strides_in(const std::array<std::size_t, Rank>& order,
                                        const index_array<Rank>& shape) {
        index_array<Rank> strides{};
        detail::place_strides(order, shape, strides);
        return strides;
    }

    index_array<Rank> shape_{};
    index_array<Rank> strides_ = detail::fortran_strides(index_array<Rank>{});
    index_array<Rank> origin_{};
    std::unique_ptr<T, release> data_;

    template <class U, std::size_t R>
    friend volume<U, R> placed(volume<U, R>&& moved,
                               const std::type_identity_t<one_integer_for_each_axis<R>>& origin);
};

/// `volume copy(view)`.
template <class U, std::size_t Rank>
volume(const volume_view<U, Rank>&) -> volume<std::remove_const_t<U>, Rank>;

/// A view at an origin: where its first voxel lies on the grid of windows, an index for each axis, negative
/// too. Windows then begin at multiples of the factor on that grid, and the first may be cut like
/// the last: of an axis of n voxels with origin a, window o of a factor F has those voxels i with floor((a +
/// i) / F) = floor(a / F) + o. A box cut out of a volume anywhere so has the volume's own mip voxels wherever
/// its windows are whole.
///
/// @code
/// // Ten voxels that are number 3 to 12 of something: windows of 4 begin at 4, 8 and 12.
/// const auto mips = tinybrain::downsample_with_averaging(tinybrain::placed(ten, {3}), {4});
/// // mips[0] has 4 voxels, and its origin is 0
/// @endcode
template <class T, std::size_t Rank>
constexpr volume_view<T, Rank> placed(const volume_view<T, Rank>& view,
                                      const std::type_identity_t<one_integer_for_each_axis<Rank>>& origin) {
    return {view.data(), view.shape(), view.strides(), origin};
}
/// A view of a volume at an origin.
template <class T, std::size_t Rank>
volume_view<T, Rank> placed(volume<T, Rank>& voxels,
                            const std::type_identity_t<one_integer_for_each_axis<Rank>>& origin) {
    return placed(voxels.view(), origin);
}
/// A view of a volume at an origin, read only.
template <class T, std::size_t Rank>
volume_view<const T, Rank> placed(const volume<T, Rank>& voxels,
                                  const std::type_identity_t<one_integer_for_each_axis<Rank>>& origin) {
    return placed(voxels.view(), origin);
}
/// The volume itself at an origin: `v = placed(std::move(v), {3})`.
template <class T, std::size_t Rank>
volume<T, Rank> placed(volume<T, Rank>&& moved,
                       const std::type_identity_t<one_integer_for_each_axis<Rank>>& origin) {
    moved.origin_ = origin;
    return std::move(moved);
}
/// A view of something shaped like std::mdspan at an origin.
template <mdspan_like_whose_voxels_lie_in_memory V>
auto placed(const V& voxels, const one_integer_for_each_axis<V::rank()>& origin) {
    return placed(volume_view(voxels), origin);
}

namespace detail {

// The first voxel of memory that is to have a shape: of a span, all of it is there.
template <class T, std::size_t Rank>
constexpr T* first_voxel(T* data, const index_array<Rank>&) {
    return data;
}
template <class T, std::size_t Rank>
constexpr T* first_voxel(std::span<T> voxels, const index_array<Rank>& shape) {
    for (const index_t extent : shape) {
        if (extent < 0) refuse({"the shape is ", shape, ", but no extent may be negative"});
    }
    const index_t size = checked_size(shape);
    if (size < 0 || voxels.size() < static_cast<std::size_t>(size)) {
        refuse({"the shape is ", shape, ", which is more than the ", voxels.size(), " voxels of the span"});
    }
    return voxels.data();
}

template <class Memory>
struct memory_traits {};
template <class T>
struct memory_traits<T*> {
    using voxel = T;
};
template <class T, std::size_t Extent>
struct memory_traits<std::span<T, Extent>> {
    using voxel = T;
};

}  // namespace detail

/// Memory that somebody else owns: a pointer to its first voxel, or a std::span of all of them.
template <class Memory>
concept pointer_or_span = requires {
    typename detail::memory_traits<Memory>::voxel;
};

/// The type of the voxels of a pointer or a span, const where they are only read.
template <pointer_or_span Memory>
using voxel_in = typename detail::memory_traits<Memory>::voxel;

/// A view of contiguous memory, axis 0 contiguous. The rank is the number of extents in the braces. Of a
/// span, one that is too short for its shape is refused (std::invalid_argument); a pointer tells no length.
/// Throws std::length_error where an unsigned extent does not fit index_t; checks nothing else.
///
/// @code
/// auto image = tinybrain::fortran_order(pointer, {nx, ny, nz});
/// std::vector<float> voxels(6 * 4);
/// auto small = tinybrain::fortran_order(std::span(voxels), {6, 4});
/// @endcode
template <pointer_or_span Memory, std::size_t Rank>
constexpr volume_view<voxel_in<Memory>, Rank> fortran_order(Memory memory, const one_integer (&shape)[Rank]) {
    const index_array<Rank> extents = one_integer_for_each_axis<Rank>(shape);
    return {detail::first_voxel<voxel_in<Memory>>(memory, extents), extents};
}
/// fortran_order() for a shape at hand: a std::array or a C array.
template <pointer_or_span Memory, array_of_integers Shape>
constexpr volume_view<voxel_in<Memory>, axes_in<Shape>> fortran_order(Memory memory, const Shape& shape) {
    const index_array<axes_in<Shape>> extents = one_integer_for_each_axis<axes_in<Shape>>(shape);
    return {detail::first_voxel<voxel_in<Memory>>(memory, extents), extents};
}

/// A view of contiguous memory, the last axis contiguous, as NumPy has it. Axis 0, the first index, is then
/// the slowest; factors are given in the order of the view's axes. Refuses what fortran_order() refuses.
///
/// @code
/// auto image = tinybrain::c_order(pointer, {nz, ny, nx});
/// auto mips = tinybrain::downsample_with_averaging(image, {1, 2, 2});
/// @endcode
template <pointer_or_span Memory, std::size_t Rank>
constexpr volume_view<voxel_in<Memory>, Rank> c_order(Memory memory, const one_integer (&shape)[Rank]) {
    const index_array<Rank> extents = one_integer_for_each_axis<Rank>(shape);
    return {detail::first_voxel<voxel_in<Memory>>(memory, extents), extents, detail::c_strides(extents)};
}
/// c_order() for a shape at hand: a std::array or a C array.
template <pointer_or_span Memory, array_of_integers Shape>
constexpr volume_view<voxel_in<Memory>, axes_in<Shape>> c_order(Memory memory, const Shape& shape) {
    const index_array<axes_in<Shape>> extents = one_integer_for_each_axis<axes_in<Shape>>(shape);
    return {detail::first_voxel<voxel_in<Memory>>(memory, extents), extents, detail::c_strides(extents)};
}

namespace detail {

// What is no volume has traits too, so that a constraint, not an alias, says so.
template <class V>
struct volume_traits {
    static constexpr bool is_volume = false;
    using voxel = char;
    static constexpr std::size_t rank = 1;
};

template <class T, std::size_t Rank>
struct volume_traits<volume<T, Rank>> {
    static constexpr bool is_volume = true;
    using voxel = T;
    static constexpr std::size_t rank = Rank;
};
template <class T, std::size_t Rank>
struct volume_traits<volume_view<T, Rank>> {
    static constexpr bool is_volume = true;
    using voxel = std::remove_cv_t<T>;
    static constexpr std::size_t rank = Rank;
};
template <mdspan_like V>
struct volume_traits<V> {
    static constexpr bool is_volume = true;
    using voxel = std::remove_cv_t<mdspan_element<V>>;
    static constexpr std::size_t rank = V::rank();
};

}  // namespace detail

/// The voxel type of a volume, volume_view or mdspan-like, without const.
template <class V>
using voxel_of = typename detail::volume_traits<std::remove_cvref_t<V>>::voxel;
/// The number of axes of a volume, volume_view or mdspan-like.
template <class V>
inline constexpr std::size_t rank_of = detail::volume_traits<std::remove_cvref_t<V>>::rank;

/// What a downsampling reads: a tinybrain::volume, a tinybrain::volume_view, or something shaped like
/// std::mdspan (data_handle(), rank(), extent(r), stride(r)), of voxels that are trivially copyable.
template <class V>
concept volume_or_view_or_mdspan_like = detail::volume_traits<std::remove_cvref_t<V>>::is_volume &&
    std::is_trivially_copyable_v<voxel_of<V>> &&
    (!detail::mdspan_like<std::remove_cvref_t<V>> ||
     mdspan_like_whose_voxels_lie_in_memory<std::remove_cvref_t<V>>);

TINYBRAIN_NAMESPACE_END
