// From an exact sum and a count to the voxel: the one rounding of an average.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/base/index_math.hpp>
#include <tinybrain/detail/base/wide.hpp>
#include <tinybrain/options.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// A sum of doubles that carries its error (two-sum, O. Moller and D. E. Knuth). simd/row_kernels.hpp does
/// the same with vectors, operation by operation.
struct exact_sum {
    double sum;
    double error = 0;

    explicit exact_sum(double voxel) : sum(voxel) {}
    exact_sum(double a, double b) : sum(a), error(b) {}
    exact_sum() = default;

    friend exact_sum operator+(const exact_sum& s, const exact_sum& t) {
        const double both = s.sum + t.sum;
        return {both, s.error + t.error + error_of(s.sum, t.sum, both)};
    }
    // Of a + b, which was rounded to `both`.
    static double error_of(double a, double b, double both) {
        const double other = both - a;
        return (a - (both - other)) + (b - other);
    }

    static bool adds_something(double a) { return (a < 0 || 0 < a) && a - a == 0; }

    /// The quotient, corrected by what is left over, which is found exactly: count has at most 26 bits, or is
    /// rare enough for the slow way. Where large numbers cancel, the error is more than the sum.
    double mean(double count) const {
        const double total = adds_something(error) ? sum + error : sum;
        const double quotient = total / count;
        double rest;
        if (count <= 67108864.0) {
            constexpr std::uint64_t low_half = (std::uint64_t{1} << 27) - 1;
            const auto high = std::bit_cast<double>(std::bit_cast<std::uint64_t>(quotient) & ~low_half);
            rest = (total - high * count) - (quotient - high) * count;
        } else {
            rest = std::fma(-quotient, count, total);
        }
        rest += error_of(sum, error, total);
        return adds_something(rest) ? quotient + rest / count : quotient;
    }
};

/// The mean of `count` voxels whose sum is `sum`, rounded once. count >= 1, and fits Sum.
template <class T, class Sum>
TINYBRAIN_FORCE_INLINE T mean_of(const Sum& sum, index_t count, [[maybe_unused]] rounding round) {
    if constexpr (std::is_same_v<Sum, exact_sum>) {
        const double mean = sum.mean(static_cast<double>(count));
        return mean == mean ? mean : std::numeric_limits<T>::quiet_NaN();
    } else if constexpr (std::is_floating_point_v<T>) {
        const T mean = static_cast<T>(sum / static_cast<double>(count));
        // Which NaN an operation gives differs by machine; this one does not.
        return mean == mean ? mean : std::numeric_limits<T>::quiet_NaN();
    } else {
        std::uint64_t quotient;
        std::uint64_t remainder;
        bool negative;
        const auto divisor = static_cast<std::uint64_t>(count);
        if constexpr (std::is_same_v<Sum, wide>) {
            const auto division = divide(sum, divisor);
            quotient = division.quotient;
            remainder = division.remainder;
            negative = division.negative;
        } else if constexpr (std::is_signed_v<Sum>) {
            std::int64_t q = std::int64_t{sum} / count;
            std::int64_t r = std::int64_t{sum} % count;
            if (r < 0) {
                --q;
                r += count;
            }
            quotient = static_cast<std::uint64_t>(q);
            remainder = static_cast<std::uint64_t>(r);
            negative = q < 0;
        } else {
            quotient = sum / divisor;
            remainder = sum % divisor;
            negative = false;
        }
        // The quotient is the floor, and the mean exceeds it by remainder / divisor.
        bool up = false;
        switch (round) {
            case rounding::toward_zero:
                up = negative && remainder != 0;
                break;
            case rounding::half_up:
                up = remainder >= divisor - remainder;
                break;
            case rounding::half_even:
                up = remainder > divisor - remainder ||
                     (remainder == divisor - remainder && (quotient & 1) != 0);
                break;
        }
        return static_cast<T>(quotient + (up ? 1 : 0));
    }
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
