// Lower medians of many windows at once, a window a lane: by a network for four and eight voters, else bit by
// bit from the highest.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/base/index_math.hpp>
#include <tinybrain/detail/simd/dispatch.hpp>
#include <tinybrain/detail/simd/foreground_lanes.hpp>
#include <tinybrain/detail/simd/ordered_keys.hpp>
#include <tinybrain/detail/simd/vec.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// Bytes of scratch for a voter.
inline constexpr std::size_t voter_bytes = vector_bytes + 16;

/// Windows side by side: `rows` rows, `factor` voxels of each for a window.
template <class T>
struct median_arguments {
    const std::byte* const* row;
    index_t offset;  // bytes from there on
    index_t rows;
    index_t factor;
    index_t stride;  // bytes from a voxel to the next
    index_t windows;
    index_t ahead;  // bytes to the rows that will be needed next, or 0
    T* out;
    std::byte* scratch;  // for a vector of each voter
    bool sparse;
    T background;
    index_t least;  // foreground voters, or the median is background
};

template <class T>
struct medians {
    using key = key_of<T>;
    using bits = bits_of<sizeof(T)>;
    static constexpr int key_bits = int{8 * sizeof(T)};

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void run(const Arguments& a) {
        constexpr index_t lanes = static_cast<index_t>(B / sizeof(T));
        deal_orders deals;
        if (a.factor > 2 && a.factor * size <= longest_dealt) order_deals(a.factor, deals);
        for (index_t w = 0; w < a.windows; w += lanes) {
            const index_t n = std::min(lanes, a.windows - w);
            gather<B>(a, deals, w, n);
            const vec<T, B> median = a.sparse ? of_foreground<B>(a) : of_all<B>(a.scratch, a.rows * a.factor);
            if (n == lanes) {
                store(a.out + w, median);
            } else {
                alignas(B) T end[B / sizeof(T)];
                store(end, median);
                std::memcpy(a.out + w, end, static_cast<std::size_t>(n) * sizeof(T));
            }
        }
    }

private:
    static constexpr index_t size = sizeof(T);

    // In windows so short, of 16 bytes, where the k-th voters are.
    static constexpr index_t longest_dealt = sizeof(T) <= 2 ? 8 : 0;
    using deal_orders = std::uint8_t[8][16];
    static void order_deals(index_t factor, deal_orders& deals) {
        for (index_t k = 0; k < factor; ++k) {
            for (index_t byte = 0; byte < 16; ++byte) {
                const index_t place = (byte / size * factor + k) * size + byte % size;
                deals[k][byte] = static_cast<std::uint8_t>(place < 16 ? place : 0x80);
            }
        }
    }

    // From a voter's vector to the next: gathering writes a little past the end of each.
    template <std::size_t B>
    static constexpr index_t pitch = static_cast<index_t>(B) + 16;

    // Voter v of each window into vector v of the scratch.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void gather(const Arguments& a, const deal_orders& deals, index_t w,
                                               index_t n) {
        constexpr index_t lanes = static_cast<index_t>(B / sizeof(T));
        const bool dense = a.stride == size && n == lanes;
        std::byte* to = a.scratch;
        for (index_t r = 0; r < a.rows; ++r, to += a.factor * pitch<B>) {
            const std::byte* row = a.row[r] + a.offset + w * a.factor * a.stride;
            if (a.ahead != 0) ask<B>(a, row);
            if (dense && a.factor == 1) {
                store(to, load<T, B>(row));
            } else if (dense && a.factor == 2) {
                const auto low = load<T, B>(row);
                const auto high = load<T, B>(row + B);
                constexpr auto blocks = std::make_index_sequence<B / 8>{};
                store(to, merge_blocks(even_in_blocks(low, high), blocks));
                store(to + pitch<B>, merge_blocks(odd_in_blocks(low, high), blocks));
            } else {
                index_t i = 0;
                if (dense && a.factor * size <= longest_dealt) i = deal<B>(row, a.factor, deals, to);
                for (; i < lanes; ++i) {
                    const std::byte* window = row + std::min(i, n - 1) * a.factor * a.stride;
                    for (index_t k = 0; k < a.factor; ++k) {
                        std::memcpy(to + k * pitch<B> + i * size, window + k * a.stride, sizeof(T));
                    }
                }
            }
        }
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void ask(const Arguments& a, const std::byte* row) {
        const index_t bytes = static_cast<index_t>(B) * a.factor;
        for (index_t line = 0; line < bytes; line += 64) prefetch(row + a.ahead + line);
    }

    // Short windows, as many as 16 bytes hold: one shuffle for each of their voters. Returns how many it
    // dealt.
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static index_t deal(const std::byte* row, index_t factor,
                                                const deal_orders& deals, std::byte* to) {
        constexpr index_t lanes = static_cast<index_t>(B / sizeof(T));
        const index_t at_once = 16 / size / factor;
        index_t i = 0;
        for (; (i + at_once) <= lanes && i * factor * size + 16 <= lanes * factor * size; i += at_once) {
            const auto windows = load<std::uint8_t, 16>(row + i * factor * size);
            for (index_t k = 0; k < factor; ++k) {
                store(to + k * pitch<B> + i * size, shuffled(windows, load<std::uint8_t, 16>(deals[k])));
            }
        }
        return i;
    }

    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<T, B> of_all(std::byte* voters, index_t n) {
        const bool few = n == 4 || n == 8;
        if constexpr (std::is_integral_v<T>) {
            if (few) return by_network<T, B>(voters, n);
        }
        mask<T, B> nan{};
        if constexpr (std::is_floating_point_v<T> || !std::is_signed_v<T>) {
            for (index_t v = 0; v < n; ++v) {
                const auto voxel = voter<T, B>(voters, v);
                if constexpr (std::is_floating_point_v<T>) nan = nan | is_nan(voxel);
                store(voters + v * pitch<B>, to_key(voxel));
            }
        }
        const auto median = few ? by_network<key, B>(voters, n)
                                : bit_by_bit<B>(voters, n, counts<B>::in_all_lanes((n - 1) / 2 + 1));
        return with_nan(from_key<T>(median), nan);
    }

    // Background has the largest key, behind all that could be the median.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<T, B> of_foreground(const Arguments& a) {
        const index_t n = a.rows * a.factor;
        mask<T, B> nan{};
        counts<B> left{};
        constexpr index_t most = sizeof(T) == 1 ? most_in_a_byte : std::numeric_limits<index_t>::max();
        for (index_t v = 0; v < n; v += std::min(n - v, most)) {
            left.add(make_keys_of_foreground<B>(a, v, std::min(n - v, most), nan));
        }
        const auto median = n == 4   ? lowest_of_four<B>(a.scratch, left.few)
                            : n == 8 ? lowest_of_eight<B>(a.scratch, left.few)
                                     : bit_by_bit<B>(a.scratch, n, left.halved());
        return select(below(left, counts<B>::in_all_lanes(a.least), n), splat<T, B>(a.background),
                      with_nan(from_key<T>(median), nan));
    }
    // Of voters v ... v + n. Returns how many of them are foreground.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<key, B> make_keys_of_foreground(const Arguments& a, index_t v,
                                                                       index_t n, mask<T, B>& nan) {
        const auto background = splat<T, B>(a.background);
        vec<key, B> left{};
        std::byte* at = a.scratch + v * pitch<B>;
        for (; n > 0; --n, at += pitch<B>) {
            const auto voxel = load<T, B>(at);
            const auto left_out = is_background(voxel, background);
            left = left - mask<T, B>{~left_out.v};
            if constexpr (std::is_floating_point_v<T>) nan = nan | mask<T, B>{is_nan(voxel).v & ~left_out.v};
            store(at, select(left_out, splat<key, B>(std::numeric_limits<key>::max()), to_key(voxel)));
        }
        return left;
    }

    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<T, B> with_nan(const vec<T, B>& median,
                                                      [[maybe_unused]] const mask<T, B>& nan) {
        if constexpr (std::is_floating_point_v<T>) {
            return select(nan, splat<T, B>(std::numeric_limits<T>::quiet_NaN()), median);
        } else {
            return median;
        }
    }

    // Numbers of voters, one a lane. Lanes of a byte count no further than this; those of more voters are
    // counted in two bytes.
    static constexpr index_t most_in_a_byte = 126;
    template <std::size_t B>
    struct counts {
        vec<key, B> few;
        vec<std::int16_t, B> low, high;  // the same, where lanes are bytes

        TINYBRAIN_VECTOR_INLINE static counts in_all_lanes(index_t n) {
            const auto many = splat<std::int16_t, B>(static_cast<std::int16_t>(n));
            return {splat<key, B>(static_cast<key>(n)), many, many};
        }
        TINYBRAIN_VECTOR_INLINE void add(const vec<key, B>& more) {
            few = few + more;
            if constexpr (sizeof(T) == 1) {
                low = low + convert<std::int16_t>(half<0>(more));
                high = high + convert<std::int16_t>(half<1>(more));
            }
        }
        // Rounded up.
        TINYBRAIN_VECTOR_INLINE counts halved() const {
            const auto one = splat<std::int16_t, B>(1);
            return {(few + splat<key, B>(1)) >> 1, (low + one) >> 1, (high + one) >> 1};
        }
    };
    // Of n voters in all.
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static mask<key, B> below(const counts<B>& a, const counts<B>& b, index_t n) {
        if constexpr (sizeof(T) == 1) {
            if (n > most_in_a_byte) return narrow<std::int8_t>(a.low < b.low, a.high < b.high);
        }
        return a.few < b.few;
    }

    template <class U, std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<U, B> voter(const std::byte* voters, index_t v) {
        return load<U, B>(voters + v * pitch<B>);
    }

    template <class U, std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void sort(vec<U, B>& a, vec<U, B>& b) {
        const auto low = smaller(a, b);
        b = larger(a, b);
        a = low;
    }
    template <class U, std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void sort(vec<U, B>& a, vec<U, B>& b, vec<U, B>& c, vec<U, B>& d) {
        sort(a, b);
        sort(c, d);
        sort(a, c);
        sort(b, d);
        sort(b, c);
    }
    // The second of four, or the fourth of eight: of two sorted fours, for each number of those that come
    // from the first, the larger of the two that are last; the smallest of these.
    template <class U, std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<U, B> by_network(const std::byte* voters, index_t n) {
        auto a = voter<U, B>(voters, 0), b = voter<U, B>(voters, 1);
        auto c = voter<U, B>(voters, 2), d = voter<U, B>(voters, 3);
        if (n == 4) return smaller(larger(smaller(a, b), smaller(c, d)), smaller(larger(a, b), larger(c, d)));
        sort(a, b, c, d);
        auto e = voter<U, B>(voters, 4), f = voter<U, B>(voters, 5);
        auto g = voter<U, B>(voters, 6), h = voter<U, B>(voters, 7);
        sort(e, f, g, h);
        return smaller(smaller(smaller(d, h), larger(b, f)), smaller(larger(a, g), larger(c, e)));
    }

    // Of up to four keys in order, of those that come first, the one in the middle.
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<key, B> lowest_of_four(const std::byte* voters, const vec<key, B>& n) {
        auto a = voter<key, B>(voters, 0), b = voter<key, B>(voters, 1);
        auto c = voter<key, B>(voters, 2), d = voter<key, B>(voters, 3);
        sort(a, b, c, d);
        return select(n < splat<key, B>(3), a, b);
    }
    // The lower of each two in a row that rises and one that falls are the lowest half.
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<key, B> lowest_of_eight(const std::byte* voters,
                                                               const vec<key, B>& n) {
        auto a = voter<key, B>(voters, 0), b = voter<key, B>(voters, 1);
        auto c = voter<key, B>(voters, 2), d = voter<key, B>(voters, 3);
        auto e = voter<key, B>(voters, 4), f = voter<key, B>(voters, 5);
        auto g = voter<key, B>(voters, 6), h = voter<key, B>(voters, 7);
        sort(a, b, c, d);
        sort(e, f, g, h);
        a = smaller(a, h);
        b = smaller(b, g);
        c = smaller(c, f);
        d = smaller(d, e);
        sort(a, b, c, d);
        const auto first = select(n < splat<key, B>(3), a, b);
        const auto second = select(n < splat<key, B>(7), c, d);
        return select(n < splat<key, B>(5), first, second);
    }

    // The largest key that fewer voters than `above` are below. Keys below p | bit are counted, in the order
    // of unsigned numbers.
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<key, B> bit_by_bit(const std::byte* voters, index_t n,
                                                          const counts<B>& above) {
        const auto flip = splat<key, B>(static_cast<key>(sign_of<T>));
        vec<key, B> found{};
        for (int bit = key_bits - 1; bit >= 0; --bit) {
            const auto tried = found | splat<key, B>(static_cast<key>(bits{1} << bit));
            found = select(below(count_below<B>(voters, n, tried ^ flip), above, n), tried, found);
        }
        return found ^ flip;
    }

    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static counts<B> count_below(const std::byte* voters, index_t n,
                                                         const vec<key, B>& limit) {
        counts<B> all{};
        if constexpr (sizeof(T) == 1) {
            if (n > most_in_a_byte) {
                for (index_t v = 0; v < n; v += most_in_a_byte) {
                    all.add(
                        count_few_below<B>(voters + v * pitch<B>, std::min(most_in_a_byte, n - v), limit));
                }
                return all;
            }
        }
        all.few = count_few_below<B>(voters, n, limit);
        return all;
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<key, B> count_few_below(const std::byte* voters, index_t n,
                                                               const vec<key, B>& limit) {
        // Each comparison counts a voter as -1.
        vec<key, B> even{}, odd{};
        index_t v = 0;
        for (; v + 2 <= n; v += 2) {
            even = even + (voter<key, B>(voters, v) < limit);
            odd = odd + (voter<key, B>(voters, v + 1) < limit);
        }
        if (v < n) even = even + (voter<key, B>(voters, v) < limit);
        return vec<key, B>{} - (even + odd);
    }
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
