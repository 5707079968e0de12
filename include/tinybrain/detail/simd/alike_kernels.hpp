// Which windows have voxels that are all alike, a vector at a time.
#pragma once

#include <tinybrain/detail/simd/rows.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// A row of the previous mip under a row of windows: the label of each window, and whether all of its voxels
/// so far are alike, as a number with all bits set, or 0.
template <class T>
struct alike_arguments {
    using mark = std::conditional_t<
        sizeof(T) == 1, std::uint8_t,
        std::conditional_t<sizeof(T) == 2, std::uint16_t,
                           std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;
    const T* row;
    index_t next;  // elements to the row that will be needed after this one, or 0
    T* out;
    mark* alike;
    index_t outputs;
    bool stream;
};

/// The first row sets the labels, the others are held against them.
template <class T, int Factor, bool First>
struct alike_in_row {
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(T);

#if TINYBRAIN_HAS_VECTORS
    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool) {
        using lanes = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;
        prefetch_lines<B * Factor>(reinterpret_cast<const std::byte*>(a.row + x * Factor + a.next));
        auto even = load<lanes, B>(a.row + x * Factor);
        auto odd = even;
        if constexpr (Factor == 2) {
            const auto high = load<lanes, B>(a.row + x * Factor + static_cast<index_t>(B / sizeof(T)));
            odd = odd_lanes(even, high);
            even = even_lanes(even, high);
        }
        if constexpr (First) {
            store(a.out + x, even);
            store(a.alike + x,
                  Factor == 1 ? cast<signed_of<sizeof(T)>>(splat<signed_of<sizeof(T)>, B>(-1)) : odd == even);
        } else {
            const auto label = load<lanes, B>(a.out + x);
            auto alike = load<signed_of<sizeof(T)>, B>(a.alike + x) & (even == label);
            if constexpr (Factor == 2) alike = alike & (odd == label);
            store(a.alike + x, alike);
        }
    }
#endif

    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
        const T* window = a.row + x * Factor;
        bool alike = true;
        if constexpr (First) {
            a.out[x] = window[0];
        } else {
            alike = a.alike[x] != 0 && window[0] == a.out[x];
        }
        if constexpr (Factor == 2) alike = alike && window[1] == a.out[x];
        using mark = typename Arguments::mark;
        a.alike[x] = static_cast<mark>(alike ? ~mark{0} : mark{0});
    }
};

/// Two rows of the input under a row of 2x2 windows.
template <class T>
struct squares_arguments {
    using mark = typename alike_arguments<T>::mark;
    const T* row[2];
    index_t next;
    T* out;
    mark* alike;
    index_t outputs;
    bool stream;
};

/// The modes of windows a b / c d, and whether all four are alike. Countless: by that rule; else the first in
/// the order a b c d of the most frequent.
template <class T, bool Countless>
struct modes_of_squares {
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(T);

#if TINYBRAIN_HAS_VECTORS
    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& arguments, index_t x, bool) {
        using lanes = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;
        constexpr auto half = static_cast<index_t>(B / sizeof(T));
        vec<lanes, B> even[2], odd[2];
        for (int k = 0; k < 2; ++k) {
            const T* row = arguments.row[k] + 2 * x;
            prefetch_lines<2 * B>(reinterpret_cast<const std::byte*>(row + arguments.next));
            const auto low = load<lanes, B>(row);
            const auto high = load<lanes, B>(row + half);
            even[k] = even_lanes(low, high);
            odd[k] = odd_lanes(low, high);
        }
        const auto &a = even[0], &b = odd[0], &c = even[1], &d = odd[1];
        const auto ab = a == b, ac = a == c, ad = a == d, bc = b == c;
        store(arguments.alike + x, ab & ac & ad);
        if constexpr (Countless) {
            store(arguments.out + x, select(ab | ac, a, select(bc, b, d)));
        } else {
            store(arguments.out + x, select(ab | ac | ad, a, select(bc | (b == d), b, select(c == d, c, a))));
        }
    }
#endif

    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& arguments, index_t x) {
        const T a = arguments.row[0][2 * x], b = arguments.row[0][2 * x + 1];
        const T c = arguments.row[1][2 * x], d = arguments.row[1][2 * x + 1];
        using mark = typename Arguments::mark;
        arguments.alike[x] = static_cast<mark>(a == b && a == c && a == d ? ~mark{0} : mark{0});
        if constexpr (Countless) {
            arguments.out[x] = a == b || a == c ? a : b == c ? b : d;
        } else {
            arguments.out[x] = a == b || a == c || a == d ? a : b == c || b == d ? b : c == d ? c : a;
        }
    }
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END
