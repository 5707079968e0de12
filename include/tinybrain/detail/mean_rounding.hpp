// From an exact sum and a count to the voxel: the one rounding of an average.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/index_math.hpp>
#include <tinybrain/detail/wide.hpp>
#include <tinybrain/options.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// The mean of `count` voxels whose sum is `sum`, rounded once. count >= 1, and fits Sum.
template <class T, class Sum>
TINYBRAIN_FORCE_INLINE T mean_of(const Sum& sum, index_t count, [[maybe_unused]] rounding round) {
    if constexpr (std::is_floating_point_v<T>) {
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
