// Minima and maxima, a vector at a time.
#pragma once

#include <limits>
#include <type_traits>

#include <tinybrain/detail/simd/foreground_lanes.hpp>
#include <tinybrain/detail/simd/ordered_keys.hpp>
#include <tinybrain/detail/simd/row_kernels.hpp>
#include <tinybrain/detail/simd/rows.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// The smallest of keys.
template <class Key>
struct minima : one_plane<Key> {
    static constexpr bool in_order = false;
    template <std::size_t B>
    using state = typename one_plane<Key>::template state<B>;
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void merge(state<B>& s, const state<B>& t) {
        s.lanes = smaller(s.lanes, t.lanes);
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void fold(state<B>& low, const state<B>& high) {
        low.lanes = merge_neighbours(low.lanes, high.lanes, smallest{});
    }

    struct smallest {
        template <std::size_t B>
        TINYBRAIN_VECTOR_INLINE vec<Key, B> operator()(const vec<Key, B>& a, const vec<Key, B>& b) const {
            return smaller(a, b);
        }
    };
};

/// Voxels as keys of which the smallest is wanted: those of maxima are turned, and maxima are minima then. A
/// NaN is below all keys. Background is above all, and so that it is that even where a voxel has the largest
/// key, the keys of integers behind background's move up by one into the gap that it left. (Floating-point
/// numbers have no such key: those of NaNs are free.) Arguments tell whether they are `sparse`, and their
/// `background`.
template <class T, bool Max>
struct extremes : minima<key_of<T>> {
    using key = key_of<T>;
    static constexpr bool real = std::is_floating_point_v<T>;
    static constexpr key nan = std::numeric_limits<key>::min();
    static constexpr key none = std::numeric_limits<key>::max();
    static constexpr index_t bytes = sizeof(T);
    template <std::size_t B>
    using state = typename minima<key>::template state<B>;

    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<key, B> turned(const vec<key, B>& k) {
        if constexpr (Max) return {~k.v};
        return k;
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<key, B> lifted(const vec<T, B>& voxel, const Arguments& a) {
        auto k = turned(to_key(voxel));
        if constexpr (real) k = select(is_nan(voxel), splat<key, B>(nan), k);
        if (!a.sparse) return k;
        const auto background = splat<T, B>(a.background);
        if constexpr (!real) k = k + (turned(to_key(background)) < k);
        return select(is_background(voxel, background), splat<key, B>(none), k);
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<T, B> finished(const vec<key, B>& state, const Arguments& a) {
        auto k = state;
        const auto background = splat<T, B>(a.background);
        if constexpr (!real) {
            if (a.sparse) {
                const auto before = k < turned(to_key(background));
                k = k + splat<key, B>(1) + before;
            }
        }
        auto voxel = from_key<T>(turned(k));
        if constexpr (real) {
            voxel =
                select(state == splat<key, B>(nan), splat<T, B>(std::numeric_limits<T>::quiet_NaN()), voxel);
        }
        return a.sparse ? select(state == splat<key, B>(none), background, voxel) : voxel;
    }

    /// The lift.
    struct voxels {
        static constexpr bool padded = false;
        static constexpr index_t bytes = sizeof(T);
        template <std::size_t B, class Arguments>
        TINYBRAIN_VECTOR_INLINE static void load(state<B>& s, const std::byte* at, const Arguments& a) {
            s.lanes = lifted(simd::load<T, B>(at), a);
        }
    };

    /// The finish: see finished_rows.
    struct finish {
        static constexpr index_t lane_bytes = sizeof(T);
        static constexpr index_t voxel_bytes = sizeof(T);
        template <std::size_t B>
        static constexpr index_t outputs = static_cast<index_t>(B / sizeof(T));
        template <std::size_t B, class Arguments>
        TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a, const std::byte* at, std::byte* out,
                                                 bool stream) {
            store_or_stream(stream, out, finished(simd::load<key, B>(at), a));
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
            store_or_stream(stream, a.out + x, finished(s.lanes, a));
        }
    };
};

template <class T>
struct extreme_window_arguments : window_arguments<T> {
    bool sparse;
    T background;
};
template <class T>
struct extreme_finish_arguments {
    finish_rows rows;
    bool sparse;
    T background;
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
