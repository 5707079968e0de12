// Minima and maxima of small windows, a vector at a time.
#pragma once

#include <type_traits>

#include <tinybrain/detail/simd/rows.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// The smaller (Max: the larger) of integers, lane by lane. Floating-point numbers come in and go out as
/// below.
template <class T, bool Max, std::size_t B>
TINYBRAIN_FORCE_INLINE vec<T, B> extreme(const vec<T, B>& a, const vec<T, B>& b) {
    if constexpr (std::is_floating_point_v<T>) {
        using bits = bits_of<sizeof(T)>;
        // Each comparison gives its second number where a NaN is involved, and either where they are equal;
        // the union of the bits of both is then a NaN, and -0 of a pair of zeros.
        const auto ab = select(a < b, a, b);
        const auto ba = select(b < a, b, a);
        return cast<T>(cast<bits>(ab) | cast<bits>(ba));
    } else if constexpr (Max) {
        return select(a < b, b, a);
    } else {
        return select(a < b, a, b);
    }
}

template <class T, bool Max>
struct extreme_merge {
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE vec<T, B> operator()(const vec<T, B>& a, const vec<T, B>& b) const {
        return extreme<T, Max>(a, b);
    }
};

/// Maxima of floating-point numbers are the negatives of minima, so that one rule serves both.
template <class T, bool Max, std::size_t B>
TINYBRAIN_FORCE_INLINE vec<T, B> turned(const vec<T, B>& a) {
    if constexpr (std::is_floating_point_v<T> && Max) {
        using bits = bits_of<sizeof(T)>;
        return cast<T>(cast<bits>(a) ^ splat<bits, B>(static_cast<bits>(bits{1} << (8 * sizeof(T) - 1))));
    } else {
        return a;
    }
}

/// The extreme of rows 0 to Rows - 1 (a.rows of them where Rows is 0), one vector at a byte offset, turned.
template <class T, bool Max, int Rows, std::size_t B, class Arguments>
TINYBRAIN_FORCE_INLINE vec<T, B> extreme_of_rows(const Arguments& a, index_t offset) {
    vec<T, B> result = turned<T, Max>(load<T, B>(a.row[0] + offset));
    const index_t rows = Rows == 0 ? a.rows : Rows;
    for (index_t k = 1; k < rows; ++k) {
        result = extreme<T, Max>(result, turned<T, Max>(load<T, B>(a.row[k] + offset)));
    }
    return result;
}

/// Extremes go to `out`, and to `states` too, if there is a place for them.
template <class T>
struct extreme_arguments : rows_arguments<T> {
    T* states;
    index_t states_next;

    TINYBRAIN_FORCE_INLINE void step() {
        rows_arguments<T>::step();
        states += states_next;
    }
};

/// Scalar is extreme_of of extreme.hpp, the rule in plain words.
template <class T, bool Max, class Scalar>
struct extremes {
    template <int Rows, int Factor>
    struct of_rows {
        template <std::size_t B>
        static constexpr std::size_t outputs = B / sizeof(T);

        template <std::size_t B, class Arguments>
        TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool stream) {
            const index_t offset = x * Factor * static_cast<index_t>(sizeof(T));
            prefetch_rows<Rows, B * Factor>(a, offset);
            auto result = extreme_of_rows<T, Max, Rows, B>(a, offset);
            if constexpr (Factor == 2) {
                const auto high = extreme_of_rows<T, Max, Rows, B>(a, offset + static_cast<index_t>(B));
                result = merge_neighbours(result, high, extreme_merge<T, Max>{});
            }
            result = with_one_nan(turned<T, Max>(result));
            store_or_stream(stream, a.out + x, result);
            if (a.states != nullptr) store(a.states + x, result);
        }

        template <class Arguments>
        TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
            T result = scalar_at<T>(a.row[0], x * Factor);
            for (index_t k = 0; k < (Rows == 0 ? a.rows : Rows); ++k) {
                for (index_t i = 0; i < Factor; ++i) {
                    result = Scalar{}(result, scalar_at<T>(a.row[k], x * Factor + i));
                }
            }
            a.out[x] = result;
            if (a.states != nullptr) a.states[x] = result;
        }
    };

    /// out = the extreme of out and row.
    struct with_row {
        template <std::size_t B>
        static constexpr std::size_t outputs = B / sizeof(T);

        template <std::size_t B, class Arguments>
        TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool) {
            const auto sum = turned<T, Max>(load<T, B>(a.out + x));
            const auto row = turned<T, Max>(load<T, B>(a.row + x));
            store(a.out + x, with_one_nan(turned<T, Max>(extreme<T, Max>(sum, row))));
        }
        template <class Arguments>
        TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
            a.out[x] = Scalar{}(a.out[x], a.row[x]);
        }
    };
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
