// Integers by their size; and one of 128 bits, the sum of any footprint of 64-bit voxels: the compiler's own
// where it has one.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tinybrain/detail/base/config.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

template <std::size_t Bytes>
using signed_of = std::conditional_t<
    Bytes == 1, std::int8_t,
    std::conditional_t<Bytes == 2, std::int16_t, std::conditional_t<Bytes == 4, std::int32_t, std::int64_t>>>;

template <std::size_t Bytes>
using bits_of = std::make_unsigned_t<signed_of<Bytes>>;

/// The type whose code does for T too: of all integers of one size and sign one, and for bool bytes.
template <class T>
struct canonical_type {
    using type = T;
};
template <std::integral T>
struct canonical_type<T> {
    using type = std::conditional_t<std::is_signed_v<T>, signed_of<sizeof(T)>, bits_of<sizeof(T)>>;
};
template <class T>
using lane_of = typename canonical_type<T>::type;

/// The same of labels, of which signed ones share the code of unsigned ones: where their order matters,
/// mode_rules tell.
template <class T>
struct label_lane_type {
    using type = T;
};
template <std::integral T>
requires(sizeof(T) <= 8) struct label_lane_type<T> {
    using type = bits_of<sizeof(T)>;
};
template <class T>
using label_lane_of = typename label_lane_type<T>::type;

// Two words in two's complement, with just what an exact mean needs.
class portable_wide {
public:
    portable_wide() = default;
    template <std::integral Integer>
    constexpr explicit portable_wide(Integer n)
        : low_(static_cast<std::uint64_t>(n)), high_(n < Integer{0} ? ~std::uint64_t{0} : 0) {}

    constexpr portable_wide(std::uint64_t high, std::uint64_t low) : low_(low), high_(high) {}

    constexpr portable_wide& operator+=(const portable_wide& other) {
        low_ += other.low_;
        high_ += other.high_ + (low_ < other.low_ ? 1 : 0);
        return *this;
    }
    friend constexpr portable_wide operator+(portable_wide a, const portable_wide& b) { return a += b; }

    struct division {
        std::uint64_t quotient;  // the low word of it, enough for a mean
        std::uint64_t remainder;
        bool negative;  // the quotient is below zero
    };

    // Floor division by a divisor in [1, 2^63), bit by bit: the remainder is never negative.
    constexpr division divide(std::uint64_t divisor) const {
        const bool negative = (high_ >> 63) != 0;
        // For a negative n, floor(n / d) = -1 - floor((-1 - n) / d), and -1 - n is its complement.
        const std::uint64_t words[] = {negative ? ~high_ : high_, negative ? ~low_ : low_};
        std::uint64_t quotient = 0;
        std::uint64_t remainder = 0;
        for (const std::uint64_t word : words) {
            for (int bit = 63; bit >= 0; --bit) {
                remainder = remainder << 1 | (word >> bit & 1);
                const bool fits = remainder >= divisor;
                remainder -= fits ? divisor : 0;
                quotient = quotient << 1 | (fits ? 1 : 0);
            }
        }
        if (!negative) return {quotient, remainder, false};
        return {~quotient, divisor - 1 - remainder, true};
    }

private:
    std::uint64_t low_;
    std::uint64_t high_;
};

#if defined(__SIZEOF_INT128__) && !defined(TINYBRAIN_NO_INT128)
__extension__ using wide = __int128;

struct wide_division {
    std::uint64_t quotient;
    std::uint64_t remainder;
    bool negative;
};

/// high * 2^64 + low.
constexpr wide wide_of(std::uint64_t high, std::uint64_t low) {
    return static_cast<wide>(high) << 64 | static_cast<wide>(low);
}

TINYBRAIN_FORCE_INLINE wide_division divide(wide n, std::uint64_t divisor) {
    if (std::has_single_bit(divisor)) {
        const wide floor = n >> std::countr_zero(divisor);
        return {static_cast<std::uint64_t>(floor), static_cast<std::uint64_t>(n) & (divisor - 1), floor < 0};
    }
    const wide d = static_cast<wide>(divisor);
    wide quotient = n / d;
    wide remainder = n - quotient * d;  // a second division costs as much as the first
    if (remainder < 0) {
        quotient -= 1;
        remainder += d;
    }
    return {static_cast<std::uint64_t>(quotient), static_cast<std::uint64_t>(remainder), quotient < 0};
}
#else
using wide = portable_wide;

constexpr wide wide_of(std::uint64_t high, std::uint64_t low) { return {high, low}; }

inline portable_wide::division divide(const portable_wide& n, std::uint64_t divisor) {
    return n.divide(divisor);
}
#endif

}  // namespace detail
TINYBRAIN_NAMESPACE_END
