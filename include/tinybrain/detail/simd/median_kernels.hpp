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
#include <tinybrain/detail/simd/vec.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// Windows side by side: `rows` rows, `factor` voxels of each for a window.
template <class T>
struct median_arguments {
    const std::byte* const* row;
    index_t offset;  // bytes from there on
    index_t rows;
    index_t factor;
    index_t stride;  // bytes from a voxel to the next
    index_t windows;
    T* out;
    std::byte* scratch;  // for a vector of each voter
};

template <class T>
struct medians {
    using key = signed_of<sizeof(T)>;  // in the order of the voxels
    using bits = bits_of<sizeof(T)>;
    static constexpr int key_bits = int{8 * sizeof(T)};
    static constexpr bits sign = static_cast<bits>(bits{1} << (key_bits - 1));

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void run(const Arguments& a) {
        constexpr index_t lanes = static_cast<index_t>(B / sizeof(T));
        const index_t voters = a.rows * a.factor;
        for (index_t w = 0; w < a.windows; w += lanes) {
            const index_t n = std::min(lanes, a.windows - w);
            gather<B>(a, w, n);
            mask<T, B> nan{};
            make_keys<B>(a.scratch, voters, nan);
            auto median = from_key(chosen<B>(a.scratch, voters));
            if constexpr (std::is_floating_point_v<T>) {
                median = select(nan, splat<T, B>(std::numeric_limits<T>::quiet_NaN()), median);
            }
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

    // Voter v of each window into vector v of the scratch.
    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void gather(const Arguments& a, index_t w, index_t n) {
        constexpr index_t lanes = static_cast<index_t>(B / sizeof(T));
        constexpr index_t vector = static_cast<index_t>(B);
        const bool dense = a.stride == size && n == lanes;
        std::byte* to = a.scratch;
        for (index_t r = 0; r < a.rows; ++r, to += a.factor * vector) {
            const std::byte* row = a.row[r] + a.offset + w * a.factor * a.stride;
            if (dense && a.factor == 1) {
                store(to, load<T, B>(row));
            } else if (dense && a.factor == 2) {
                const auto low = load<T, B>(row);
                const auto high = load<T, B>(row + B);
                constexpr auto blocks = std::make_index_sequence<B / 8>{};
                store(to, merge_blocks(even_in_blocks(low, high), blocks));
                store(to + B, merge_blocks(odd_in_blocks(low, high), blocks));
            } else {
                for (index_t i = 0; i < lanes; ++i) {
                    const std::byte* window = row + std::min(i, n - 1) * a.factor * a.stride;
                    for (index_t k = 0; k < a.factor; ++k) {
                        std::memcpy(to + k * vector + i * size, window + k * a.stride, sizeof(T));
                    }
                }
            }
        }
    }

    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<key, B> to_key(const vec<T, B>& voxel) {
        const auto raw = cast<key>(voxel);
        if constexpr (std::is_floating_point_v<T>) {
            const auto below = raw < vec<key, B>{};
            return raw ^ (below & splat<key, B>(static_cast<key>(~sign)));
        } else if constexpr (std::is_signed_v<T>) {
            return raw;
        } else {
            return raw ^ splat<key, B>(static_cast<key>(sign));
        }
    }
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<T, B> from_key(const vec<key, B>& k) {
        return cast<T>(to_key(cast<T>(k)));
    }

    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static void make_keys(std::byte* voters, index_t n, mask<T, B>& nan) {
        if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) return;
        for (index_t v = 0; v < n; ++v, voters += B) {
            const auto voxel = load<T, B>(voters);
            if constexpr (std::is_floating_point_v<T>) nan = nan | mask<T, B>{~(voxel == voxel).v};
            store(voters, to_key(voxel));
        }
    }

    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<key, B> voter(const std::byte* voters, index_t v) {
        return load<key, B>(voters + v * static_cast<index_t>(B));
    }

    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<key, B> chosen(const std::byte* voters, index_t n) {
        if (n == 4) {
            return second_of_four(voter<B>(voters, 0), voter<B>(voters, 1), voter<B>(voters, 2), voter<B>(voters, 3));
        }
        if (n == 8) return fourth_of_eight<B>(voters);
        return bit_by_bit<B>(voters, n, (n - 1) / 2);
    }

    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<key, B> lower(const vec<key, B>& a, const vec<key, B>& b) {
        return select(a < b, a, b);
    }
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<key, B> upper(const vec<key, B>& a, const vec<key, B>& b) {
        return select(a < b, b, a);
    }
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<key, B> second_of_four(const vec<key, B>& a, const vec<key, B>& b,
                                                             const vec<key, B>& c, const vec<key, B>& d) {
        return lower(upper(lower(a, b), lower(c, d)), lower(upper(a, b), upper(c, d)));
    }

    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static void sort(vec<key, B>& a, vec<key, B>& b) {
        const auto low = lower(a, b);
        b = upper(a, b);
        a = low;
    }
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static void sort(vec<key, B>& a, vec<key, B>& b, vec<key, B>& c, vec<key, B>& d) {
        sort(a, b);
        sort(c, d);
        sort(a, c);
        sort(b, d);
        sort(b, c);
    }
    // Of two sorted fours, the fourth of all: for each number of those that come from the first, the larger of
    // the two that are last; the smallest of these.
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<key, B> fourth_of_eight(const std::byte* voters) {
        auto a = voter<B>(voters, 0), b = voter<B>(voters, 1), c = voter<B>(voters, 2), d = voter<B>(voters, 3);
        sort(a, b, c, d);
        auto e = voter<B>(voters, 4), f = voter<B>(voters, 5), g = voter<B>(voters, 6), h = voter<B>(voters, 7);
        sort(e, f, g, h);
        return lower(lower(lower(d, h), upper(b, f)), lower(upper(a, g), upper(c, e)));
    }

    // The largest key that `rank` voters or fewer are below. Keys below p | bit are counted, in the order of
    // unsigned numbers.
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<key, B> bit_by_bit(const std::byte* voters, index_t n, index_t rank) {
        const auto flip = splat<key, B>(static_cast<key>(sign));
        vec<key, B> found{};
        for (int bit = key_bits - 1; bit >= 0; --bit) {
            const auto tried = found | splat<key, B>(static_cast<key>(bits{1} << bit));
            found = select(no_more_below<B>(voters, n, tried ^ flip, rank), tried, found);
        }
        return found ^ flip;
    }

    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<key, B> below(const std::byte* voters, index_t n, const vec<key, B>& limit) {
        vec<key, B> count{};
        for (index_t v = 0; v < n; ++v) count = count - (voter<B>(voters, v) < limit);
        return count;
    }
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static mask<key, B> no_more_below(const std::byte* voters, index_t n,
                                                             const vec<key, B>& limit, index_t rank) {
        constexpr index_t most = 127;
        if constexpr (sizeof(T) == 1) {
            if (n > most) {
                vec<std::int16_t, B> low{}, high{};
                for (index_t v = 0; v < n; v += most) {
                    const auto count = below<B>(voters + v * static_cast<index_t>(B), std::min(most, n - v), limit);
                    low = low + convert<std::int16_t>(half<0>(count));
                    high = high + convert<std::int16_t>(half<1>(count));
                }
                const auto too_many = splat<std::int16_t, B>(static_cast<std::int16_t>(rank + 1));
                return narrow<std::int8_t>(low < too_many, high < too_many);
            }
        }
        return below<B>(voters, n, limit) < splat<key, B>(static_cast<key>(rank + 1));
    }
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
