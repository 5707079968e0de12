// Votes of windows, one window after another: the voters for a label are the bits of a word.
//
// A pass over a window's voters for each of its own labels, and no lane that waits for other windows'; for
// labels of 4 or 8 bytes, of which few fit a vector, that is less work than a window a lane
// (large_mode_kernels.hpp).
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/base/index_math.hpp>
#include <tinybrain/detail/drive/window_state.hpp>
#include <tinybrain/detail/simd/dispatch.hpp>
#include <tinybrain/detail/simd/lead.hpp>
#include <tinybrain/detail/simd/uniform.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// A window of a lower mip within one of up to 64 voters.
template <class T>
struct inner_window {
    std::uint64_t voters;  // a bit each
    T* label;              // in the first window of the first group
    index_t step;          // from a window to the next
    index_t group_step;    // and from a group to the next
};
/// Each of more than 8 voters.
inline constexpr index_t most_inner_windows = 12;

/// Windows in rows of `factor` voters, side by side.
template <class T>
struct census_arguments {
    const std::byte* const* row;  // of the first group
    index_t rows;
    index_t next;  // bytes from one group's rows to the next one's
    rows_ahead ahead;
    index_t factor;
    const std::int16_t* scanned;  // in scan order, where in row after row each voter is
    index_t windows;              // of a group
    index_t groups;
    bool sparse;
    bool lowest;  // of labels with as many votes wins, not the first
    T flip;       // see mode_rules
    T background;
    bool nan_is_background;
    T* label;
    window_state* state;
    index_t step;  // of these, from one group to the next
    label_votes<T>* set;
    std::size_t room;   // of those
    std::size_t* used;  // of that
    const inner_window<T>* inner;
    index_t inners;
};

/// The modes and votes of windows: each label once, in any order, background left out, all NaNs as one with
/// one vote (if they are not background); and no set where voters are alike. Modes alone of the windows
/// within. Left for others to count are windows of too many labels, those that there is no room for, and ties
/// among more than 64 voters.
template <class T>
struct votes_of_windows {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void run(const Arguments& a) {
        // Whole blocks of 16 or 64 are looked at, though no more of them than there are voters counts.
        alignas(64) T voters[most_gathered_voters]{};
        const index_t window_bytes = a.factor * index_t{sizeof(T)};
        const index_t strip = std::max<index_t>(4, (index_t{B} + window_bytes - 1) / window_bytes);
        for (index_t group = 0; group < a.groups; ++group) {
            for (index_t x = 0; x < a.windows;) {
                const index_t along = x * window_bytes;
                const index_t offset = group * a.next + along;
                const index_t end = std::min(x + strip, a.windows);
                if (end - x == strip && is_uniform<B>(a, group, along, strip * window_bytes)) {
                    for (const T label = label_at(a, offset); x < end; ++x) put_alike(a, group, x, label);
                    continue;
                }
                for (index_t at = offset; x < end; ++x, at += window_bytes) {
                    gather<B>(a, at, voters);
                    if (a.rows * a.factor <= 16) {
                        count<1, B>(a, group, x, voters);
                    } else {
                        count<4, B>(a, group, x, voters);
                    }
                }
            }
        }
    }

private:
    static constexpr bool floats = std::is_floating_point_v<T>;
    static constexpr std::size_t most_labels = 64;

    // What the first voter's mode is where all are alike.
    template <class Arguments>
    TINYBRAIN_VECTOR_INLINE static T label_at(const Arguments& a, index_t offset) {
        T label;
        std::memcpy(&label, a.row[0] + offset, sizeof label);
        return a.sparse && label == a.background ? a.background : label;
    }
    template <class Arguments>
    TINYBRAIN_VECTOR_INLINE static void put_alike(const Arguments& a, index_t group, index_t x,
                                                  const T& label) {
        a.label[group * a.step + x] = label;
        a.state[group * a.step + x] = 0;
        for (index_t i = 0; i < a.inners; ++i) {
            const inner_window<T>& w = a.inner[i];
            w.label[group * w.group_step + x * w.step] = label;
        }
    }

    // Whether so many bytes of each row are one label.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static bool is_uniform(const Arguments& a, index_t group, index_t offset,
                                                   index_t length) {
        T label;
        std::memcpy(&label, a.row[0] + group * a.next + offset, sizeof label);
        if (!(label == label)) return false;
        return rows_are_all<B>(a, group, offset, length, label);
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void gather(const Arguments& a, index_t offset, T* voters) {
        switch (a.factor * index_t{sizeof(T)}) {
            case 4:
                return gather_rows<4, B>(a, offset, voters);
            case 8:
                return gather_rows<8, B>(a, offset, voters);
            case 16:
                return gather_rows<16, B>(a, offset, voters);
            case 32:
                return gather_rows<32, B>(a, offset, voters);
            case 64:
                return gather_rows<64, B>(a, offset, voters);
            default:
                break;
        }
        const auto bytes = static_cast<std::size_t>(a.factor) * sizeof(T);
        for (index_t k = 0; k < a.rows; ++k, voters += a.factor) {
            std::memcpy(voters, a.row[k] + offset, bytes);
        }
    }
    template <std::size_t Bytes, std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void gather_rows(const Arguments& a, index_t offset, T* voters) {
        // Stored as it will be loaded: what was stored in pieces is slow to come back as a whole.
        constexpr std::size_t whole = std::max<std::size_t>(Bytes, sizeof(T) == 1 ? 16 : B);
        constexpr auto together = static_cast<index_t>(whole / Bytes);
        auto* to = reinterpret_cast<std::byte*>(voters);
        index_t k = 0;
        for (; k + together <= a.rows; k += together, to += whole) {
            if constexpr (together == 1) {
                constexpr std::size_t piece = std::min(B, Bytes);
                for (std::size_t i = 0; i < Bytes; i += piece) {
                    store(to + i, load<T, piece>(a.row[k] + offset + i));
                }
            } else {
                store(to, side_by_side<Bytes, whole>(a.row + k, offset));
            }
        }
        for (; k < a.rows; ++k, to += Bytes) __builtin_memcpy(to, a.row[k] + offset, Bytes);
    }
    // The same bytes of several rows.
    template <std::size_t Bytes, std::size_t Whole>
    TINYBRAIN_VECTOR_INLINE static auto side_by_side(const std::byte* const* row, index_t offset) {
        if constexpr (Bytes == Whole / 2 && Bytes >= 16) {
            return concatenated(load<T, Bytes>(row[0] + offset), load<T, Bytes>(row[1] + offset));
        } else if constexpr (Whole > 16) {
            constexpr std::size_t half = Whole / 2;
            return concatenated(side_by_side<Bytes, half>(row, offset),
                                side_by_side<Bytes, half>(row + half / Bytes, offset));
        } else {
            return cast<T>(
                of_lanes<bits_of<Bytes>, Whole>(row, offset, std::make_index_sequence<Whole / Bytes>{}));
        }
    }
    // No array and no loop: GCC would leave it in memory, where stores of pieces hold up the load of a whole.
    template <class Piece, std::size_t B, std::size_t... I>
    TINYBRAIN_VECTOR_INLINE static vec<Piece, B> of_lanes(const std::byte* const* row, index_t offset,
                                                          std::index_sequence<I...>) {
        return {typename vec<Piece, B>::native{scalar_at<Piece>(row[I] + offset, 0)...}};
    }

    template <int Blocks, std::size_t B, class Holds>
    TINYBRAIN_VECTOR_INLINE static std::uint64_t which(const T* voters, T label, const Holds& holds) {
        if constexpr (Blocks == 1) {
            return which_of_16<B>(voters, label, holds);
        } else {
            return which_of_16<B>(voters, label, holds) | which<Blocks - 1, B>(voters + 16, label, holds)
                                                              << 16;
        }
    }

    struct ballots {
        const T* voters;
        const label_votes<T>* set;
        std::size_t size;
        std::uint64_t voters_for[most_labels];  // of the window's first 64
        std::uint64_t all;                      // of these, that vote
    };

    // The set of a window goes behind those in use.
    template <int Blocks, std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void count(const Arguments& a, index_t group, index_t x, const T* voters) {
        constexpr index_t word = 16 * Blocks;
        const index_t n = a.rows * a.factor;
        label_votes<T>* set = a.set + *a.used;
        const std::size_t room = std::min(most_labels, a.room - *a.used);
        std::size_t size = 0;
        ballots counted;
        lead inner[most_inner_windows];
        for (index_t k = 0; k < a.inners; ++k) inner[k] = lead{};
        std::uint64_t nan = 0;
        for (index_t begin = 0; begin < n; begin += word) {
            const T* some = voters + begin;
            std::uint64_t left = ~std::uint64_t{0} >> (64 - std::min(word, n - begin));
            if (a.sparse) left &= ~which<Blocks, B>(some, a.background, equals{});
            if constexpr (floats) {
                const std::uint64_t numbers = which<Blocks, B>(some, T{}, is_number{});
                if (!a.nan_is_background) nan |= left & ~numbers;
                left &= numbers;
            }
            counted.all = left | nan;
            // Two at a time, the first and the last: one need not wait for the other.
            while (left != 0) {
                const T labels[] = {some[std::countr_zero(left)], some[63 - std::countl_zero(left)]};
                std::uint64_t same[] = {which<Blocks, B>(some, labels[0], equals{}) & left, 0};
                if (labels[0] != labels[1]) same[1] = which<Blocks, B>(some, labels[1], equals{}) & left;
                left ^= same[0] | same[1];
                for (int j = 0; j < 2 && same[j] != 0; ++j) {
                    const index_t votes = std::popcount(same[j]);
                    if (votes == n && are_one(a, voters)) return put_alike(a, group, x, voters[0]);
                    std::size_t i = size;
                    if (begin > 0) {
                        i = 0;
                        while (i < size && !(set[i].label == labels[j])) ++i;
                    }
                    if (i < size) {
                        set[i].count += votes;
                        continue;
                    }
                    if (size == room) return put_unknown(a, group, x);
                    counted.voters_for[size] = same[j];
                    set[size] = {votes, labels[j]};
                    // One vote wins only where all have but one.
                    for (index_t k = 0; k < a.inners && votes > 1; ++k) {
                        inner[k].add(static_cast<index_t>(size), std::popcount(same[j] & a.inner[k].voters));
                    }
                    ++size;
                }
            }
        }
        if (nan != 0) {
            if (size == room) return put_unknown(a, group, x);
            counted.voters_for[size] = nan;
            set[size] = {1, std::numeric_limits<T>::quiet_NaN()};
            ++size;
        } else if (size == 0) {
            return put_alike(a, group, x, a.background);
        } else if (set[0].count == n && are_one(a, voters)) {
            return put_alike(a, group, x, voters[0]);
        }
        counted.voters = voters;
        counted.set = set;
        counted.size = size;
        lead whole{};
        for (std::size_t i = 0; i < size; ++i) whole.add(static_cast<index_t>(i), set[i].count);
        const bool known = !whole.is_tie() && has_one_form(set[whole.label()].label);
        // Which of more voters was seen first is for others to find out.
        if (!known && n > 64) return put_unknown(a, group, x);
        a.label[group * a.step + x] =
            known ? set[whole.label()].label : winner(a, whole, counted, ~std::uint64_t{0});
        a.state[group * a.step + x] = state_of_set(*a.used, size);
        *a.used += size;
        for (index_t k = 0; k < a.inners; ++k) {
            const inner_window<T>& w = a.inner[k];
            w.label[group * w.group_step + x * w.step] = winner(a, inner[k], counted, w.voters);
        }
    }

    // Of a window within one of up to 64 voters, where labels with one vote need not have been looked at.
    template <class Arguments>
    TINYBRAIN_VECTOR_INLINE static T winner(const Arguments& a, const lead& best, const ballots& counted,
                                            std::uint64_t window) {
        const index_t most = std::max<index_t>(1, best.votes());
        std::uint64_t winners = counted.all & window;  // all voters for all that won
        if (winners == 0) return a.background;
        if (most > 1) {
            const T& label = counted.set[best.label()].label;
            if (!best.is_tie() && has_one_form(label)) return label;
        }
        if (most > 1 || a.lowest) winners = voters_for_most(a, most, counted, window);
        const std::int16_t* first = a.scanned;
        while ((winners >> *first & 1) == 0) ++first;
        return counted.voters[*first];
    }
    // All voters in a window for labels with so many votes, or for the lowest of these.
    template <class Arguments>
    TINYBRAIN_VECTOR_INLINE static std::uint64_t voters_for_most(const Arguments& a, index_t most,
                                                                 const ballots& counted,
                                                                 std::uint64_t window) {
        std::uint64_t winners = 0;
        std::size_t lowest = most_labels;
        for (std::size_t i = 0; i < counted.size; ++i) {
            const std::uint64_t voters = counted.voters_for[i] & window;
            index_t votes = std::popcount(voters);
            if (floats && !(counted.set[i].label == counted.set[i].label))
                votes = std::min<index_t>(votes, 1);
            const bool wins = votes == most;
            winners |= voters & (0 - static_cast<std::uint64_t>(wins));
            if (a.lowest && wins &&
                (lowest == most_labels ||
                 goes_before(counted.set[i].label, counted.set[lowest].label, a.flip))) {
                lowest = i;
            }
        }
        return a.lowest ? counted.voters_for[lowest] & window : winners;
    }
    // Numbers go before NaN.
    static bool goes_before(const T& a, const T& b, [[maybe_unused]] const T& flip) {
        if constexpr (floats) {
            return a < b || !(b == b);
        } else {
            return (a ^ flip) < (b ^ flip);
        }
    }
    // Of voters that are equal, whether the windows within give what the first of all is: not of zeros, whose
    // sign is that of the first in each.
    template <class Arguments>
    TINYBRAIN_VECTOR_INLINE static bool are_one(const Arguments& a, const T* voters) {
        return a.inners == 0 || has_one_form(voters[0]);
    }
    // Equal numbers have the same bits, but for zeros.
    TINYBRAIN_VECTOR_INLINE static bool has_one_form(const T& label) {
        if constexpr (floats) {
            return label == label && !(label == T{});
        } else {
            return true;
        }
    }
    template <class Arguments>
    TINYBRAIN_VECTOR_INLINE static void put_unknown(const Arguments& a, index_t group, index_t x) {
        a.state[group * a.step + x] = not_counted;
    }
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
