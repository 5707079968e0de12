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

/// The smallest (Max: the largest) of voxels, where none is left out: what small windows are made by. Maxima
/// of floating-point numbers are the negatives of minima, so that one rule serves both.
template <class T, bool Max>
struct dense_extremes : one_plane<T> {
    static constexpr bool in_order = false;
    static constexpr bool real = std::is_floating_point_v<T>;
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
            if constexpr (real) {
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

    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<T, B> turned(const vec<T, B>& a) {
        if constexpr (real && Max)
            return cast<T>(cast<bits_of<sizeof(T)>>(a) ^ splat<bits_of<sizeof(T)>, B>(sign_of<T>));
        return a;
    }

    /// The lift.
    struct voxels {
        static constexpr bool padded = false;
        static constexpr index_t bytes = sizeof(T);
        template <std::size_t B, class Arguments>
        TINYBRAIN_VECTOR_INLINE static void load(state<B>& s, const std::byte* at, const Arguments&) {
            s.lanes = turned(simd::load<T, B>(at));
        }
    };
};

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

    template <bool Sparse, std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<key, B> lifted(const vec<T, B>& voxel, const Arguments& a) {
        auto k = turned(to_key(voxel));
        if constexpr (real) k = select(is_nan(voxel), splat<key, B>(nan), k);
        if constexpr (Sparse) {
            const auto background = splat<T, B>(a.background);
            if constexpr (!real) k = k + (turned(to_key(background)) < k);
            k = select(is_background(voxel, background), splat<key, B>(none), k);
        }
        return k;
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
    template <bool Sparse>
    struct voxels {
        static constexpr bool padded = false;
        static constexpr index_t bytes = sizeof(T);
        template <std::size_t B, class Arguments>
        TINYBRAIN_VECTOR_INLINE static void load(state<B>& s, const std::byte* at, const Arguments& a) {
            s.lanes = lifted<Sparse>(simd::load<T, B>(at), a);
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
    template <bool Sparse, int Rows, int Factor>
    struct windows {
        template <std::size_t B>
        static constexpr std::size_t outputs = B / sizeof(T);
        template <std::size_t B, class Arguments>
        TINYBRAIN_VECTOR_INLINE static void block(const Arguments& a, index_t x, bool stream) {
            prefetch_rows<Rows, Factor * B>(a, Factor * x * bytes);
            if constexpr (Sparse) {
                state<B> s;
                state_of_windows<extremes, voxels<true>, Rows, Factor, B>(s, a, x);
                if (a.states != nullptr) simd::store(a.states + x * bytes, s.lanes);
                store_or_stream(stream, a.out + x, finished(s.lanes, a));
            } else {
                using dense = dense_extremes<T, Max>;
                typename dense::template state<B> s;
                state_of_windows<dense, typename dense::voxels, Rows, Factor, B>(s, a, x);
                const auto voxel = with_one_nan(dense::turned(s.lanes));
                if (a.states != nullptr) simd::store(a.states + x * bytes, lifted<false>(voxel, a));
                store_or_stream(stream, a.out + x, voxel);
            }
        }
    };
    template <int Rows, int Factor>
    using dense_windows = windows<false, Rows, Factor>;
    template <int Rows, int Factor>
    using sparse_windows = windows<true, Rows, Factor>;
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
