// Minima and maxima, a vector at a time.
#pragma once

#include <type_traits>

#include <tinybrain/detail/simd/row_kernels.hpp>
#include <tinybrain/detail/simd/rows.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// Maxima of floating-point numbers are the negatives of minima, so that one rule serves both.
template <class T, bool Max, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> turned(const vec<T, B>& a) {
    if constexpr (std::is_floating_point_v<T> && Max) {
        using bits = bits_of<sizeof(T)>;
        return cast<T>(cast<bits>(a) ^ splat<bits, B>(static_cast<bits>(bits{1} << (8 * sizeof(T) - 1))));
    } else {
        return a;
    }
}

/// States are voxels; of floating-point ones turned, and their NaNs any.
template <class T, bool Max>
struct extremes : one_plane<T> {
    static constexpr bool in_order = false;
    static constexpr index_t bytes = sizeof(T);
    template <std::size_t B>
    using state = typename one_plane<T>::template state<B>;
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void merge(state<B>& s, const state<B>& t) {
        s.lanes = merged{}(s.lanes, t.lanes);
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void fold(state<B>& low, const state<B>& high) {
        low.lanes = merge_neighbours(low.lanes, high.lanes, merged{});
    }

    struct merged {
        template <std::size_t B>
        TINYBRAIN_VECTOR_INLINE vec<T, B> operator()(const vec<T, B>& a, const vec<T, B>& b) const {
            if constexpr (std::is_floating_point_v<T>) {
                using bits = bits_of<sizeof(T)>;
                // Each comparison gives its second number where a NaN is involved, and either where they are
                // equal; the union of the bits of both is then a NaN, and -0 of a pair of zeros.
                const auto ab = select(a < b, a, b);
                const auto ba = select(b < a, b, a);
                return cast<T>(cast<bits>(ab) | cast<bits>(ba));
            } else if constexpr (Max) {
                return larger(a, b);
            } else {
                return smaller(a, b);
            }
        }
    };

    /// The lift.
    struct voxels {
        static constexpr bool padded = false;
        static constexpr index_t bytes = sizeof(T);
        template <std::size_t B, class Arguments>
        TINYBRAIN_VECTOR_INLINE static void load(state<B>& s, const std::byte* at, const Arguments&) {
            s.lanes = turned<T, Max>(simd::load<T, B>(at));
        }
    };

    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<T, B> finished(const vec<T, B>& a) {
        return with_one_nan(turned<T, Max>(a));
    }

    /// The finish: see finished_rows.
    struct finish {
        static constexpr index_t lane_bytes = sizeof(T);
        static constexpr index_t voxel_bytes = sizeof(T);
        template <std::size_t B>
        static constexpr index_t outputs = static_cast<index_t>(B / sizeof(T));
        template <std::size_t B, class Arguments>
        TINYBRAIN_VECTOR_INLINE static void make(const Arguments&, const std::byte* at, std::byte* out,
                                                 bool stream) {
            store_or_stream(stream, out, finished(simd::load<T, B>(at)));
        }
    };

    /// Windows of Factor voxels in each of Rows rows, or of a.rows where Rows is 0.
    template <int Rows, int Factor>
    struct of_windows {
        template <std::size_t B>
        static constexpr std::size_t outputs = B / sizeof(T);
        template <std::size_t B, class Arguments>
        TINYBRAIN_VECTOR_INLINE static void block(const Arguments& a, index_t x, bool stream) {
            prefetch_rows<Rows, Factor * B>(a, Factor * x * bytes);
            state<B> s;
            state_of_windows<extremes, voxels, Rows, Factor, B>(s, a, x);
            if (a.states != nullptr) simd::store(a.states + x * bytes, s.lanes);
            store_or_stream(stream, a.out + x, finished(s.lanes));
        }
    };
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
