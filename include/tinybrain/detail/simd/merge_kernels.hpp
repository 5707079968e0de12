// Votes of windows from those of the windows of the mip below, one window after another: the entries for a
// label are the bits of a word.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/drive/window_state.hpp>
#include <tinybrain/detail/simd/dispatch.hpp>
#include <tinybrain/detail/simd/lead.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// A row of windows from the rows under it.
template <class T>
struct merge_arguments {
    const window_row<T>* row;
    index_t rows;
    index_t below;               // windows in each of them
    index_t factor;              // along each
    index_t footprint;           // what one of them spans of mip 0 along the row
    index_t rest;                // what there is of mip 0 from the first on
    const label_votes<T>* sets;  // of those
    bool sparse;
    T background;
    index_t begin;  // windows to make
    index_t end;
    T* label;
    window_state* state;
    label_votes<T>* set;
    std::size_t room;   // of those
    std::size_t* used;  // of that
    index_t* done;      // up to this window
};

/// Their modes and votes, up to a window that is left for others to make: one of too many labels, one whose
/// winner depends on who was seen first, or one that there is no room for.
template <class T>
struct votes_of_merged_windows {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void run(const Arguments& a) {
        list entries{};
        index_t x = a.begin;
        while (x < a.end && make<B>(a, x, entries)) ++x;
        *a.done = x;
    }

private:
    static constexpr bool floats = std::is_floating_point_v<T>;
    using lane = typename std::conditional_t<floats, std::type_identity<T>,
                                             std::type_identity<bits_of<sizeof(T)>>>::type;
    using votes = label_votes<T>;
    static constexpr std::size_t most = 32;

    // In which labels may come several times.
    struct list {
        alignas(64) lane label[most + 2];
        alignas(64) std::int32_t count[most + 2];
    };

    // False where the window is left.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static bool make(const Arguments& a, index_t x, list& entries) {
        const index_t begin = x * a.factor;
        const index_t end = std::min(begin + a.factor, a.below);
        const T first = a.row[0].label[begin];
        bool alike = true;
        for (index_t k = 0; k < a.rows; ++k) {
            for (index_t i = begin; i < end; ++i) {
                alike = static_cast<int>(alike) & static_cast<int>(a.row[k].state[i] == 0) &
                        static_cast<int>(a.row[k].label[i] == first);
            }
        }
        if (alike) {
            a.label[x] = first;
            a.state[x] = 0;
            return true;
        }
        std::size_t n = 0;
        for (index_t k = 0; k < a.rows; ++k) {
            for (index_t i = begin; i < end; ++i) {
                const window_state state = a.row[k].state[i];
                const T label = a.row[k].label[i];
                const votes all[2] = {
                    {a.row[k].count * std::min(a.footprint, a.rest - i * a.footprint), label}, {}};
                // Like voxels are NaN only where that is background.
                const bool left_out = a.sparse && (label == a.background || label != label);
                const std::size_t all_size = left_out ? 0 : 1;
                const std::size_t size = state == 0 ? all_size : size_of_set(state);
                const votes* from = state == 0 ? all : a.sets + begin_of_set(state);
                if (n + size > most) return false;
                // Most sets have two labels or one.
                put(entries, n, from[0]);
                put(entries, n + 1, from[1]);
                for (std::size_t j = 2; j < size; ++j) put(entries, n + j, from[j]);
                n += size;
            }
        }
        if (n == 0 || *a.used + n > a.room) return false;
        return n <= 16 ? add_up<1, B>(a, x, n, entries) : add_up<2, B>(a, x, n, entries);
    }
    TINYBRAIN_VECTOR_INLINE static void put(list& to, std::size_t i, const votes& from) {
        // Bytes: what lies behind a set may be no bool.
        std::memcpy(&to.label[i], &from.label, sizeof(T));
        to.count[i] = static_cast<std::int32_t>(from.count);
    }

    template <int Blocks, std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static bool add_up(const Arguments& a, index_t x, std::size_t n,
                                               const list& entries) {
        votes* set = a.set + *a.used;
        std::size_t size = 0;
        lead best{};
        std::uint64_t left = (std::uint64_t{1} << n) - 1;
        if constexpr (floats) {
            const std::uint64_t numbers = which<Blocks, B>(entries.label, lane{}, is_number{});
            if ((left & ~numbers) != 0) {
                best.add(static_cast<index_t>(size), 1);
                set[size++] = {1, std::numeric_limits<T>::quiet_NaN()};
            }
            left &= numbers;
        }
        while (left != 0) {
            const lane label = entries.label[std::countr_zero(left)];
            const std::uint64_t same = which<Blocks, B>(entries.label, label, equals{}) & left;
            left ^= same;
            const index_t count = sum_of<Blocks, B>(entries.count, same);
            best.add(static_cast<index_t>(size), count);
            set[size++] = {count, static_cast<T>(label)};
        }
        const T label = set[best.label()].label;
        // Equal numbers have the same bits, but for zeros.
        if (best.is_tie() || (floats && (!(label == label) || label == T{}))) return false;
        a.label[x] = label;
        a.state[x] = state_of_set(*a.used, size);
        *a.used += size;
        return true;
    }

    template <int Blocks, std::size_t B, class Holds>
    TINYBRAIN_VECTOR_INLINE static std::uint64_t which(const lane* element, lane value, const Holds& holds) {
        const std::uint64_t low = which_of_16<B>(element, value, holds);
        if constexpr (Blocks == 1) return low;
        return low | which_of_16<B>(element + 16, value, holds) << 16;
    }

    // Of those whose bits are set.
    template <int Blocks, std::size_t B>
    TINYBRAIN_VECTOR_INLINE static index_t sum_of(const std::int32_t* count, std::uint64_t bits) {
        constexpr std::size_t lanes = B / sizeof(std::int32_t);
        const auto every = splat<std::int32_t, B>(static_cast<std::int32_t>(bits));
        vec<std::int32_t, B> bit = first_bits<B>(std::make_index_sequence<lanes>{});
        vec<std::int32_t, B> sum{};
        for (std::size_t i = 0; i < 16 * Blocks; i += lanes, bit = bit << int{lanes}) {
            sum = sum + (load<std::int32_t, B>(count + i) & ((every & bit) == bit));
        }
        return sum_of_lanes(sum);
    }
    template <std::size_t B, std::size_t... I>
    TINYBRAIN_VECTOR_INLINE static vec<std::int32_t, B> first_bits(std::index_sequence<I...>) {
        alignas(B) constexpr std::int32_t bit[] = {(std::int32_t{1} << I)...};
        return load<std::int32_t, B>(bit);
    }
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
