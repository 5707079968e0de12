// Which voxels are background, a vector at a time, and how many are not.
#pragma once

#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/simd/row_kernels.hpp>
#include <tinybrain/detail/simd/vec.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE mask<T, B> is_nan(const vec<T, B>& voxels) {
    return {~(voxels == voxels).v};
}

/// Where voxels are background. A background of NaN is every NaN.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE mask<T, B> is_background(const vec<T, B>& voxels, const vec<T, B>& background) {
    if constexpr (std::is_floating_point_v<T>) {
        return (voxels == background) | (is_nan(voxels) & is_nan(background));
    } else {
        return voxels == background;
    }
}

/// Which floating-point numbers are background, by their bits: those that are at most `last`, of the bits
/// that are looked at, and with the offset. Zero is of either sign, NaN with any bits in its mantissa.
template <class T>
struct background_bits {
    using bits = signed_of<sizeof(T)>;
    bits looked_at, offset, last;

    background_bits() = default;
    explicit background_bits(T background) {
        constexpr bits lowest = std::numeric_limits<bits>::min();
        constexpr bits infinity = std::bit_cast<bits>(std::numeric_limits<T>::infinity());
        const bool is_nan = background != background;
        looked_at = is_nan || background == 0 ? ~lowest : bits{-1};
        const bits first = is_nan ? infinity + 1 : std::bit_cast<bits>(background) & looked_at;
        offset = static_cast<bits>(static_cast<bits_of<sizeof(T)>>(lowest) -
                                   static_cast<bits_of<sizeof(T)>>(first));
        last = is_nan ? lowest + (~lowest - first) : lowest;
    }
};

/// The lift of counts: 1 for each voxel that is not background.
template <class T, class S>
struct counted {
    static constexpr bool padded = false;
    static constexpr index_t bytes = sizeof(T);
    using one = std::conditional_t<std::is_floating_point_v<S>, T, bits_of<sizeof(T)>>;
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void load(typename sums<S>::template state<B>& s, const std::byte* at,
                                             const Arguments& a) {
        constexpr std::size_t read = B / sizeof(S) * sizeof(T);
        const auto left_out = is_background(simd::load<T, read>(at), splat<T, read>(a.background));
        s.lanes = convert<S>(select(left_out, splat<one, read>(one{0}), splat<one, read>(one{1})));
    }
};

/// What counts of foreground are in: as wide as voxels, for narrower ones take long to be packed.
template <class T>
using count_of = bits_of<(sizeof(T) < 2 ? 2 : sizeof(T))>;

/// Voxels, and the counts of foreground under them.
template <class T>
struct blank_arguments {
    finish_rows rows;
    count_of<T> least;
    T background;
};

/// Those with fewer become background.
template <class T>
struct blanked_rows {
    using count = count_of<T>;
    static constexpr auto size = static_cast<index_t>(sizeof(T));
    static constexpr auto count_size = static_cast<index_t>(sizeof(count));

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void run(const Arguments& a) {
        constexpr index_t n = static_cast<index_t>(B) / size;
        const finish_rows& r = a.rows;
        for (index_t row = 0; row < r.rows; ++row) {
            const std::byte* counts = r.states.data + row * r.states.pitch;
            std::byte* out = r.out.data + row * r.out.pitch;
            index_t i = 0;
            for (; i + n <= r.elements; i += n) {
                const auto voxels = load<T, B>(out + i * size);
                const auto background = splat<T, B>(a.background);
                store(out + i * size, select(few<B>(counts + i * count_size, a.least), background, voxels));
            }
            for (; i < r.elements; ++i) {
                if (scalar_at<count>(counts, i) < a.least)
                    std::memcpy(out + i * size, &a.background, sizeof(T));
            }
        }
    }

private:
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static mask<T, B> few(const std::byte* counts, count least) {
        const auto low = load<count, B>(counts) < splat<count, B>(least);
        if constexpr (sizeof(T) == 1) {
            const auto high = load<count, B>(counts + B) < splat<count, B>(least);
            return {narrow<std::int8_t>(vec<std::int16_t, B>{low.v}, vec<std::int16_t, B>{high.v}).v};
        } else {
            return {low.v};
        }
    }
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
