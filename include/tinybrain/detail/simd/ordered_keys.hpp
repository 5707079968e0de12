// Voxels as signed integers in their order, a vector at a time.
#pragma once

#include <cstdint>
#include <type_traits>

#include <tinybrain/detail/simd/vec.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// Keys of type key_of<T> have the order of voxels: -0 comes before +0, and NaNs before or after all numbers.
template <class T>
using key_of = signed_of<sizeof(T)>;
template <class T>
inline constexpr auto sign_of = static_cast<bits_of<sizeof(T)>>(bits_of<sizeof(T)>{1} << (8 * sizeof(T) - 1));

template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<key_of<T>, B> to_key(const vec<T, B>& voxel) {
    using key = key_of<T>;
    const auto raw = cast<key>(voxel);
    if constexpr (std::is_floating_point_v<T>) {
        const auto below = raw < vec<key, B>{};
        return raw ^ (below & splat<key, B>(static_cast<key>(~sign_of<T>)));
    } else if constexpr (std::is_signed_v<T>) {
        return raw;
    } else {
        return raw ^ splat<key, B>(static_cast<key>(sign_of<T>));
    }
}
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> from_key(const vec<key_of<T>, B>& key) {
    return cast<T>(to_key(cast<T>(key)));
}

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
