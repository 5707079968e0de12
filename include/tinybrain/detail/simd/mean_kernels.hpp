// What averages are made of: voxels as sums and counts, means of sums, and both at once for the windows that
// people use all day.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>

#include <tinybrain/detail/simd/foreground_lanes.hpp>
#include <tinybrain/detail/simd/row_kernels.hpp>
#include <tinybrain/detail/simd/rows.hpp>
#include <tinybrain/options.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// The integer of so many bytes with the sign of T.
template <class T, std::size_t Bytes>
using lane_of_sums = std::conditional_t<std::is_signed_v<T>, signed_of<Bytes>, bits_of<Bytes>>;
/// Half as wide as a lane.
template <class S>
using half_lane = lane_of_sums<S, (sizeof(S) > 1 ? sizeof(S) / 2 : 1)>;

/// Voxels but background, which adds nothing to a sum: zero, which among floating-point numbers is -0.
template <class T, class S>
struct foreground {
    static constexpr bool padded = false;
    static constexpr index_t bytes = sizeof(T);
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void load(typename sums<S>::template state<B>& s, const std::byte* at,
                                             const Arguments& a) {
        constexpr std::size_t read = B / sizeof(S) * sizeof(T);
        const auto voxels = simd::load<T, read>(at);
        const auto kept =
            select(is_background(voxels, splat<T, read>(a.background)), splat<T, read>(T(-0.0)), voxels);
        s.lanes = convert<S>(kept);
    }
};

using bits64 = std::uint64_t;

/// From signed numbers of 64 bits to unsigned ones in the same order, and back, by an exclusive or.
template <class T>
inline constexpr bits64 sign_of_64 = std::is_signed_v<T> ? bits64{1} << 63 : 0;

/// 64-bit voxels in two words of 32 bits, each summed apart; background is left out where Sparse.
template <class T, bool High, bool Sparse>
struct half_words {
    static constexpr bool padded = false;
    static constexpr index_t bytes = 8;
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void load(sums<bits64>::state<B>& s, const std::byte* at,
                                             const Arguments& a) {
        const auto voxels = simd::load<bits64, B>(at) ^ splat<bits64, B>(sign_of_64<T>);
        s.lanes = High ? voxels >> 32 : voxels & splat<bits64, B>(0xffffffff);
        if constexpr (Sparse) {
            const auto left_out =
                (simd::load<bits64, B>(at) == splat<bits64, B>(std::bit_cast<bits64>(a.background)));
            s.lanes = select(left_out, vec<bits64, B>{}, s.lanes);
        }
    }
};

/// Doubles as sums that are exact so far.
template <bool Sparse>
struct exact_doubles {
    static constexpr bool padded = false;
    static constexpr index_t bytes = 8;
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void load(exact_sums::state<B>& s, const std::byte* at,
                                             const Arguments& a) {
        s.sum = simd::load<double, B>(at);
        s.error = vec<double, B>{};
        if constexpr (Sparse) {
            s.sum =
                select(is_background(s.sum, splat<double, B>(a.background)), splat<double, B>(-0.0), s.sum);
        }
    }
};

/// What makes means of sums.
template <class T>
struct finish_arguments {
    finish_rows rows;
    bool sparse;  // the last plane counts the voxels
    T background;
    index_t least;  // of those voxels, or the mean is background
    rounding round;
    bool* unusual;  // set where a mean of doubles is no number: its sum may have overflowed
};

/// sum >> bits, rounding down.
template <class S, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<S, B> shifted_down(const vec<S, B>& sum, int bits) {
    if constexpr (std::is_signed_v<S> && sizeof(S) == 8) {
        // There is no such instruction before AVX-512.
        constexpr bits64 sign = bits64{1} << 63;
        const auto moved = (cast<bits64>(sum) ^ splat<bits64, B>(sign)) >> bits;
        return cast<S>(moved - splat<bits64, B>(sign >> bits));
    } else {
        return sum >> bits;
    }
}

/// How a sum of 2^bits integers is rounded, once: something is added, more to some, before the shift.
struct shift_rounding {
    int bits = 0;
    std::uint64_t bias = 0;      // to every sum
    std::uint64_t negative = 0;  // to those below zero
    std::uint64_t odd = 0;       // to those that would round down to something odd

    shift_rounding() = default;
    shift_rounding(index_t count, rounding round, bool is_signed)
        : bits(std::countr_zero(static_cast<std::uint64_t>(count))) {
        const std::uint64_t half = static_cast<std::uint64_t>(count) / 2;
        if (round == rounding::half_up) bias = half;
        if (round == rounding::toward_zero && is_signed) negative = static_cast<std::uint64_t>(count) - 1;
        if (round == rounding::half_even && half > 0) {
            bias = half - 1;
            odd = 1;
        }
    }
    /// Whether rounding down does it.
    bool plain() const { return bias == 0 && negative == 0 && odd == 0; }
};

template <bool Plain, class S, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<S, B> rounded(const vec<S, B>& sum, const shift_rounding& r) {
    if constexpr (Plain) {
        return shifted_down(sum, r.bits);
    } else {
        const auto biased = sum + splat<S, B>(static_cast<S>(r.bias));
        const auto odd = cast<S>(shifted_down(sum, r.bits)) & splat<S, B>(static_cast<S>(r.odd));
        const auto below = cast<S>(cast<signed_of<sizeof(S)>>(sum) < vec<signed_of<sizeof(S)>, B>{});
        return shifted_down(biased + odd + (below & splat<S, B>(static_cast<S>(r.negative))), r.bits);
    }
}

template <class T, class S, std::size_t B>
TINYBRAIN_VECTOR_INLINE void store_voxels(std::byte* out, const vec<S, B>& voxels) {
    const auto narrowed = convert<T>(voxels);
    __builtin_memcpy(out, &narrowed.v, sizeof narrowed.v);
}

template <class T>
struct shift_arguments : finish_arguments<T> {
    shift_rounding by;
};
/// Means of sums of 2^n integers.
template <class T, class S>
struct means_by_shift {
    static constexpr index_t lane_bytes = sizeof(S);
    static constexpr index_t voxel_bytes = sizeof(T);
    static constexpr bool narrows = sizeof(S) == 2 * sizeof(T);
    template <std::size_t B>
    static constexpr index_t outputs = static_cast<index_t>(B / sizeof(S)) * (narrows ? 2 : 1);

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a, const std::byte* at, std::byte* out,
                                             bool stream) {
        const auto low = rounded<false>(load<S, B>(at), a.by);
        if constexpr (narrows) {
            const auto high = rounded<false>(load<S, B>(at + B), a.by);
            store_or_stream(stream, out, narrow<T>(low, high));
        } else {
            store_voxels<T>(out, low);
        }
    }
};

/// Numbers that have room for a sum and a half in their mantissa.
template <class Real>
struct real_lanes;
template <>
struct real_lanes<float> {
    static constexpr float magic = 12582912.0F;  // 1.5 * 2^23: what is added to it is rounded to an integer
    static constexpr index_t largest = index_t{1} << 21;
};
template <>
struct real_lanes<double> {
    static constexpr double magic = 6755399441055744.0;  // 1.5 * 2^52
    static constexpr index_t largest = index_t{1} << 50;
};

/// Integers below real_lanes::largest in size as floating-point numbers.
template <class Real, std::size_t B, class S>
TINYBRAIN_VECTOR_INLINE vec<Real, B> reals(const std::byte* at) {
    using ints = signed_of<sizeof(Real)>;
    if constexpr (std::is_same_v<S, double>) {
        return load<double, B>(at);
    } else if constexpr (sizeof(S) == 8) {
        const auto bits = splat<ints, B>(std::bit_cast<ints>(real_lanes<double>::magic));
        return cast<double>(load<ints, B>(at) + bits) - splat<double, B>(real_lanes<double>::magic);
    } else if constexpr (sizeof(S) == sizeof(Real)) {
        return convert<Real>(load<ints, B>(at));
    } else if constexpr (sizeof(S) == 4 && std::is_unsigned_v<S>) {
        const auto wide = convert<bits64>(load<S, B / 2>(at));
        const auto bits = splat<bits64, B>(std::bit_cast<bits64>(real_lanes<double>::magic));
        return cast<double>(wide + bits) - splat<double, B>(real_lanes<double>::magic);
    } else if constexpr (sizeof(S) == 4) {
        return convert<Real>(load<S, B / 2>(at));
    } else {
        return convert<Real>(convert<std::int32_t>(load<S, B / sizeof(Real) * sizeof(S)>(at)));
    }
}

/// The largest integer that is no larger than a number of at least zero.
template <class Real, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<Real, B> floor_of(const vec<Real, B>& a) {
    const auto magic = splat<Real, B>(real_lanes<Real>::magic);
    const auto nearest = (a + magic) - magic;
    const auto above = a < nearest;
    return nearest - cast<Real>(above & cast<signed_of<sizeof(Real)>>(splat<Real, B>(1)));
}

/// floor(sum / count), and what is left, of sums of at least zero. (n + 1/2) / d is at least 1 / 2d away from
/// any integer, which the roundings of up to real_lanes::largest do not reach.
template <class Real, std::size_t B>
TINYBRAIN_VECTOR_INLINE void divide(const vec<Real, B>& sum, const vec<Real, B>& count,
                                    vec<Real, B>& quotient, vec<Real, B>& rest) {
    quotient = floor_of((sum + splat<Real, B>(Real(0.5))) / count);
    rest = sum - quotient * count;
}

/// 1 where a mean is rounded up from its quotient. A quotient below `zero` stands for a number below zero.
template <class Real, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<Real, B> rounded_up(const vec<Real, B>& quotient, const vec<Real, B>& rest,
                                                const vec<Real, B>& count, rounding round, Real zero) {
    const auto one = cast<signed_of<sizeof(Real)>>(splat<Real, B>(1));
    if (round == rounding::toward_zero) {
        return cast<Real>((quotient < splat<Real, B>(zero)) & (vec<Real, B>{} < rest) & one);
    }
    const auto twice = rest + rest;
    auto up = count < twice;
    const auto tie = twice == count;
    if (round == rounding::half_up) {
        up = up | tie;
    } else {
        const auto half = quotient * splat<Real, B>(Real(0.5));
        up = up | (tie & (floor_of(half) < half));
    }
    return cast<Real>(up & one);
}

/// Means of sums of any number of integers, the same for all or one each.
template <class T, class S, class Real>
struct means_by_division {
    static constexpr index_t lane_bytes = sizeof(S);
    static constexpr index_t voxel_bytes = sizeof(T);
    using ints = signed_of<sizeof(Real)>;
    template <std::size_t B>
    static constexpr index_t outputs = static_cast<index_t>(B / sizeof(T));

    // So many more make a voxel of a signed type one of at least zero.
    static constexpr Real offset =
        std::is_signed_v<T> ? Real(std::uint64_t{1} << (8 * sizeof(T) - 1)) : Real{0};

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a, const std::byte* at, std::byte* out,
                                             bool stream) {
        // A loop, not a pack: the quotients stand here once.
        constexpr auto parts = static_cast<index_t>(sizeof(Real) / sizeof(T));
        vec<ints, B> quotient[static_cast<std::size_t>(parts)];
        for (index_t k = 0; k < parts; ++k)
            quotient[k] = quotients<B>(a, at + k * index_t{B / sizeof(Real) * sizeof(S)});
        store_or_stream(stream, out, cast<T>(narrowed<lane_of_sums<T, sizeof(T)>>(quotient)));
    }

    // As many voxels as a vector of U holds, from one vector of quotients or several.
    template <class U, std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<U, B> narrowed(const vec<ints, B>* quotient) {
        if constexpr (sizeof(U) == sizeof(Real)) {
            return cast<U>(*quotient);
        } else {
            using wider = lane_of_sums<U, 2 * sizeof(U)>;
            const auto low = narrowed<wider>(quotient);
            return narrow<U>(low, narrowed<wider>(quotient + sizeof(Real) / sizeof(wider)));
        }
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<ints, B> quotients(const Arguments& a, const std::byte* at) {
        auto count = splat<Real, B>(static_cast<Real>(a.rows.count));
        auto sum = reals<Real, B, S>(at);
        vec<ints, B> background{};
        if (a.sparse) {
            // Where there are too few voxels, the mean is zero.
            count = reals<Real, B, bits_of<sizeof(S)>>(at + a.rows.states.plane);
            const auto none = count < splat<Real, B>(static_cast<Real>(a.least));
            background = none & splat<ints, B>(static_cast<ints>(a.background));
            count = count + cast<Real>(none & cast<ints>(splat<Real, B>(1)));
            sum = cast<Real>(vec<ints, B>{cast<ints>(sum).v & ~none.v});
        }
        if (a.round == rounding::toward_zero && (sizeof(Real) == 4 || std::is_unsigned_v<T>)) {
            return truncated(sum, count) | background;
        }
        vec<Real, B> quotient, rest;
        divide(sum + splat<Real, B>(offset) * count, count, quotient, rest);
        quotient = quotient + rounded_up(quotient, rest, count, a.round, offset) - splat<Real, B>(offset);
        return whole(quotient) | background;
    }

    // sum / count, toward zero: see divide().
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<ints, B> truncated(const vec<Real, B>& sum,
                                                          const vec<Real, B>& count) {
        if constexpr (sizeof(Real) == 4) {
            auto half = cast<ints>(splat<Real, B>(0.5F));
            if constexpr (std::is_signed_v<T>) {
                half = half | (cast<ints>(sum) & splat<ints, B>(std::numeric_limits<ints>::min()));
            }
            return convert<ints>((sum + cast<Real>(half)) / count);
        } else {
            return whole(floor_of((sum + splat<Real, B>(0.5)) / count));
        }
    }

    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<ints, B> whole(const vec<Real, B>& a) {
        if constexpr (sizeof(Real) == 4) {
            return convert<ints>(a);
        } else {
            const auto magic = splat<Real, B>(real_lanes<Real>::magic);
            return cast<ints>(a + magic) - cast<ints>(magic);
        }
    }
};

/// Means of sums of 64-bit integers in two words, by long division in base 2^32.
template <class T>
struct means_of_half_words {
    static constexpr index_t lane_bytes = 8;
    static constexpr index_t voxel_bytes = 8;
    template <std::size_t B>
    static constexpr index_t outputs = static_cast<index_t>(B / 8);

    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<double, B> real(const vec<bits64, B>& a) {
        const auto bits = splat<bits64, B>(std::bit_cast<bits64>(real_lanes<double>::magic));
        return cast<double>(a + bits) - splat<double, B>(real_lanes<double>::magic);
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<bits64, B> whole(const vec<double, B>& a) {
        const auto magic = splat<double, B>(real_lanes<double>::magic);
        return cast<bits64>(a + magic) - cast<bits64>(magic);
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a, const std::byte* at, std::byte* out,
                                             bool stream) {
        const index_t plane = a.rows.states.plane;
        auto count = splat<double, B>(static_cast<double>(a.rows.count));
        mask<double, B> none{};
        if (a.sparse) {
            count = reals<double, B, bits64>(at + 2 * plane);
            none = count < splat<double, B>(static_cast<double>(a.least));
            count = select(none, splat<double, B>(1), count);
        }
        const auto low = load<bits64, B>(at);
        const auto high = load<bits64, B>(at + plane) + (low >> 32);
        vec<double, B> quotient_high, quotient_low, rest;
        divide(real(high), count, quotient_high, rest);
        const auto left = (whole(rest) << 32) + (low & splat<bits64, B>(0xffffffff));
        divide(real(left), count, quotient_low, rest);
        // Whether the whole quotient is odd is up to its low bits64; whether it stands for a number below
        // zero to the high one.
        const auto up_to_low = rounded_up(quotient_low, rest, count, a.round, 0.0);
        auto up = up_to_low;
        if (std::is_signed_v<T> && a.round == rounding::toward_zero) {
            const auto one = cast<std::int64_t>(splat<double, B>(1));
            up = cast<double>((quotient_high < splat<double, B>(2147483648.0)) & (vec<double, B>{} < rest) &
                              one);
        }
        const auto mean = ((whole(quotient_high) << 32) + whole(quotient_low) + whole(up)) ^
                          splat<bits64, B>(sign_of_64<T>);
        const auto background = splat<bits64, B>(std::bit_cast<bits64>(a.background));
        store_or_stream(stream, out, select(none, background, mean));
    }
};

/// Whether there is an infinity or a NaN.
template <std::size_t B>
TINYBRAIN_VECTOR_INLINE bool any_is_no_number(const vec<double, B>& a) {
    // Their difference from themselves is NaN, of which the bits are not all zero.
    return any(a - a);
}

/// Where a number is neither zero nor infinite nor NaN.
template <std::size_t B>
TINYBRAIN_VECTOR_INLINE mask<double, B> adds_something(const vec<double, B>& a) {
    const vec<double, B> zero{};
    return ((a < zero) | (zero < a)) & (a - a == zero);
}

/// A sum and its error in one number. An error of zero must not make +0 of -0, nor one of NaN hide infinity.
template <std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<double, B> total_of(const vec<double, B>& sum, const vec<double, B>& error) {
    return select(adds_something(error), sum + error, sum);
}

/// The mean of a sum that carries its error, of a count of at most 26 bits: the quotient, corrected by what
/// is left over, which is found exactly. exact_sum::mean() is the same for one number.
template <std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<double, B> mean_of_exact(const vec<double, B>& sum, const vec<double, B>& error,
                                                     const vec<double, B>& count) {
    const auto total = total_of(sum, error);
    const auto quotient = total / count;
    const auto high = cast<double>(cast<bits64>(quotient) & splat<bits64, B>(~((bits64{1} << 27) - 1)));
    const auto low = quotient - high;
    const auto rest = ((total - high * count) - low * count) + exact_sums::error_of_sum(sum, error);
    return select(adds_something(rest), quotient + rest / count, quotient);
}

/// Means of floating-point sums.
template <class T>
struct means_of_reals {
    static constexpr index_t lane_bytes = 8;
    static constexpr index_t voxel_bytes = sizeof(T);
    static constexpr bool exact = std::is_same_v<T, double>;
    using sums_of_voxels = std::conditional_t<exact, exact_sums, sums<double>>;
    template <std::size_t B>
    static constexpr index_t outputs = static_cast<index_t>(B / 8);

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a, const std::byte* at, std::byte* out,
                                             bool stream) {
        const index_t plane = a.rows.states.plane;
        typename sums_of_voxels::template state<B> s;
        sums_of_voxels::load(s, at, plane);
        auto count = splat<double, B>(static_cast<double>(a.rows.count));
        if (a.sparse) count = load<double, B>(at + sums_of_voxels::planes * plane);
        const auto mean = of(s, count, a);
        if constexpr (exact) {
            store_or_stream(stream, out, mean);
        } else {
            store_voxels<T>(out, mean);
        }
    }

    // Of so many voxels each; of too few, background.
    template <class State, std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<double, B> of(const State& s, const vec<double, B>& voxels,
                                                     const Arguments& a) {
        const auto none = voxels < splat<double, B>(static_cast<double>(a.least));
        const auto count = select(none, splat<double, B>(1), voxels);
        vec<double, B> mean;
        if constexpr (exact) {
            mean = mean_of_exact(s.sum, s.error, count);
            *a.unusual |= any_is_no_number(mean);
        } else {
            mean = s.lanes / count;
        }
        return select(none, splat<double, B>(static_cast<double>(a.background)), with_one_nan(mean));
    }
};

// ---- Windows of 2 x 2 and 2 x 2 x 2, in registers.

/// The second plane of the sums of the mip before.
struct second_plane {
    static constexpr index_t bytes = 8;
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void load(sums<bits64>::state<B>& s, const std::byte* at,
                                             const Arguments& a) {
        s.lanes = simd::load<bits64, B>(at + a.source_plane);
    }
};

template <class T>
struct mean_window_arguments : window_arguments<T> {
    shift_rounding by;
    double scale;  // 1 / voxels
    T background;
    background_bits<T> left_out;
    index_t least;  // voxels that are left, or the mean is background
    bool* unusual;
    index_t source_plane;  // bytes between the planes of the rows
};

/// Integers of up to 32 bits, in sums of twice the size, and their means.
template <class T, bool Plain>
struct integer_windows {
    using sum = twice<T>;
    template <int Rows, int Factor, std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<sum, B> totals(const Arguments& a, index_t x) {
        const index_t offset = Factor * x * static_cast<index_t>(sizeof(T));
        auto s = of_row<Factor, B>(a.row[0] + offset);
        if constexpr (Rows == 0) {
            TINYBRAIN_FEW_TURNS
            for (index_t k = 1; k < a.rows; ++k) s = s + of_row<Factor, B>(a.row[k] + offset);
        }
        if constexpr (Rows >= 2) s = s + of_row<Factor, B>(a.row[1] + offset);
        if constexpr (Rows == 4) {
            s = s + (of_row<Factor, B>(a.row[2] + offset) + of_row<Factor, B>(a.row[3] + offset));
        }
        return s;
    }
    template <int Factor, std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<sum, B> of_row(const std::byte* at) {
        if constexpr (Factor == 2) {
            return pair_sums(load<T, B>(at));
        } else {
            return convert<sum>(load<T, B / 2>(at));
        }
    }
    /// Of Voxels each, or of any number where that is 0.
    template <int Voxels, std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<T, B> means(const Arguments& a, const vec<sum, B>& low,
                                                   const vec<sum, B>& high) {
        if constexpr (Plain && Voxels != 0) {
            constexpr int bits = std::countr_zero(static_cast<unsigned>(Voxels));
            return narrow<T>(shifted_down(low, bits), shifted_down(high, bits));
        } else {
            return narrow<T>(rounded<Plain>(low, a.by), rounded<Plain>(high, a.by));
        }
    }
};

/// The sums of windows, of one lane each, which Lift makes.
template <class S, class Lift, int Rows, int Factor, std::size_t B, class Arguments>
TINYBRAIN_VECTOR_INLINE vec<S, B> sums_of_windows(const Arguments& a, index_t x) {
    typename sums<S>::template state<B> s;
    state_of_windows<sums<S>, Lift, Rows, Factor, B>(s, a, x);
    return s.lanes;
}

/// The same integers, from their sums.
template <class T>
struct windows_of_sums : integer_windows<T, false> {
    using sum = twice<T>;
    template <int Rows, int Factor, std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<sum, B> totals(const Arguments& a, index_t x) {
        return sums_of_windows<sum, converted<sum, sum, true>, Rows, Factor, B>(a, x);
    }
};

template <class Lift>
struct float_windows {
    template <int Rows, int Factor, std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<double, B> totals(const Arguments& a, index_t x) {
        return sums_of_windows<double, Lift, Rows, Factor, B>(a, x);
    }
    template <int, std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<float, B> means(const Arguments& a, const vec<double, B>& low,
                                                       const vec<double, B>& high) {
        const auto scale = splat<double, B>(a.scale);
        return with_one_nan(concatenated(convert<float>(low * scale), convert<float>(high * scale)));
    }
};

struct double_windows {
    template <int Rows, int Factor, std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<double, B> make(const Arguments& a, index_t x) {
        exact_sums::state<B> s;
        state_of_windows<exact_sums, exact_doubles<false>, Rows, Factor, B>(s, a, x);
        if (a.states != nullptr) exact_sums::store(s, a.states + x * 8, a.plane);
        const auto mean = total_of(s.sum, s.error) * splat<double, B>(a.scale);
        *a.unusual |= any_is_no_number(mean);
        return with_one_nan(mean);
    }
};

template <class T, bool Plain, class Low, class High>
struct long_windows {
    template <int Rows, int Factor, std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<T, B> make(const Arguments& a, index_t x) {
        sums<bits64>::state<B> low, high;
        state_of_windows<sums<bits64>, Low, Rows, Factor, B>(low, a, x);
        state_of_windows<sums<bits64>, High, Rows, Factor, B>(high, a, x);
        if (a.states != nullptr) {
            store(a.states + x * 8, low.lanes);
            store(a.states + x * 8 + a.plane, high.lanes);
        }
        // Rounding adds less than the number of voxels, and carries once.
        vec<bits64, B> bias{};
        if constexpr (!Plain) {
            bias = splat<bits64, B>(a.by.bias);
            const auto odd = (low.lanes >> a.by.bits) & splat<bits64, B>(a.by.odd);
            const auto total = high.lanes + (low.lanes >> 32);
            const auto zero = (splat<bits64, B>(sign_of_64<T>) >> 32) << a.by.bits;
            const auto below = cast<bits64>(cast<std::int64_t>(total) < cast<std::int64_t>(zero));
            bias = bias + odd + (below & splat<bits64, B>(a.by.negative));
        }
        const auto biased = low.lanes + bias;
        const auto total = high.lanes + (biased >> 32);
        const auto mean =
            (total << (32 - a.by.bits)) + ((biased & splat<bits64, B>(0xffffffff)) >> a.by.bits);
        return cast<T>(mean ^ splat<bits64, B>(sign_of_64<T>));
    }
};

/// Means of windows of Factor voxels in each of Rows rows, whose sums are kept where Keeps; or of a.rows
/// where Rows is 0, whose sums are kept where there is a place for them.
template <class T, int Rows, int Factor, class Windows, bool Keeps = false>
struct means_of_windows {
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(T);

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void block(const Arguments& a, index_t x, bool stream) {
        prefetch_rows<Rows, Factor * B>(a, Factor * x * static_cast<index_t>(sizeof(T)));
        if constexpr (sizeof(T) < 8) {
            constexpr auto half = static_cast<index_t>(B / sizeof(T) / 2);
            const auto low = Windows::template totals<Rows, Factor, B>(a, x);
            const auto high = Windows::template totals<Rows, Factor, B>(a, x + half);
            if (Rows == 0 ? a.states != nullptr : Keeps) {
                std::byte* states = a.states + x * static_cast<index_t>(B) / half;
                store(states, low);
                store(states + B, high);
            }
            store_or_stream(stream, a.out + x, Windows::template means<Rows * Factor>(a, low, high));
        } else {
            store_or_stream(stream, a.out + x, Windows::template make<Rows, Factor, B>(a, x));
        }
    }
};

/// Sparse sums and counts of windows of 2 voxels in each row, and their means, of integers of 8 and 16 bits.
template <class T, int Rows, int Factor>
struct sparse_means_of_windows {
    using sum = twice<T>;
    using counter = bits_of<sizeof(sum)>;
    using signed_sum = signed_of<sizeof(sum)>;
    using division = means_by_division<T, sum, float>;
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(T);

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void block(const Arguments& a, index_t x, bool stream) {
        prefetch_rows<Rows, 2 * B>(a, 2 * x * static_cast<index_t>(sizeof(T)));
        constexpr auto half = static_cast<index_t>(B / sizeof(sum));
        store_or_stream(stream, a.out + x, narrow<T>(means<B>(a, x), means<B>(a, x + half)));
    }

    // Of as many windows as there are sums in a vector.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<sum, B> means(const Arguments& a, index_t x) {
        const index_t offset = 2 * x * static_cast<index_t>(sizeof(T));
        const auto background = splat<T, B>(a.background);
        const index_t rows = Rows == 0 ? a.rows : Rows;
        vec<sum, B> total{};
        vec<signed_sum, B> left_out{};
        TINYBRAIN_FEW_TURNS
        for (index_t k = 0; k < rows; ++k) {
            const auto voxels = load<T, B>(a.row[k] + offset);
            const auto none = voxels == background;
            total = total + pair_sums(vec<T, B>{voxels.v & ~cast<T>(none).v});
            left_out = left_out + pair_sums(none);
        }
        const auto count = cast<counter>(left_out + splat<signed_sum, B>(static_cast<signed_sum>(2 * rows)));
        if (a.states != nullptr) {
            store(a.states + x * static_cast<index_t>(sizeof(sum)), total);
            store(a.states + x * static_cast<index_t>(sizeof(sum)) + a.plane, count);
        }
        const auto few = cast<signed_sum>(count) < splat<signed_sum, B>(static_cast<signed_sum>(a.least));
        const auto mean = quotients(cast<signed_sum>(total), count, few);
        return cast<sum>(vec<signed_sum, B>{mean.v & ~few.v} |
                         (few & splat<signed_sum, B>(static_cast<signed_sum>(a.background))));
    }

    // Toward zero, where there are any voxels.
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<std::int16_t, B> quotients(const vec<std::int16_t, B>& total,
                                                                  const vec<std::uint16_t, B>& count,
                                                                  const mask<std::int16_t, B>&) {
        // 2^15 / 1 ... 2^15 / 8, rounded up: of sums of eight bytes at most that is near enough.
        alignas(16) static constexpr std::uint16_t factor[8] = {32768, 16384, 10923, 8192,
                                                                6554,  5462,  4682,  4096};
        const auto sign = std::is_signed_v<T> ? total >> 15 : vec<std::int16_t, B>{};
        const auto size = cast<std::uint16_t>((total ^ sign) - sign);
        const auto quotient = multiply_high(size + size, looked_up<B>(factor, count));
        return (cast<std::int16_t>(quotient) ^ sign) - sign;
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<std::int32_t, B> quotients(const vec<std::int32_t, B>& total,
                                                                  const vec<std::uint32_t, B>& count,
                                                                  const mask<std::int32_t, B>& few) {
        return division::truncated(convert<float>(total), convert<float>(cast<std::int32_t>(count) - few));
    }
};

/// What sparse means of floating-point numbers begin with: the voxels, -0 for those that are left out, and -1
/// for each that is left.
template <class T, std::size_t B>
struct foreground_lanes {
    vec<T, B> kept;
    mask<T, B> left;

    template <class Arguments>
    TINYBRAIN_VECTOR_INLINE foreground_lanes(const std::byte* at, const Arguments& a) {
        using bits = signed_of<sizeof(T)>;
        const auto voxels = load<bits, B>(at);
        const auto place =
            (voxels & splat<bits, B>(a.left_out.looked_at)) + splat<bits, B>(a.left_out.offset);
        left = splat<bits, B>(a.left_out.last) < place;
        // Of the comparison itself GCC 12 would make another one; of signs it makes the one blend.
        kept = cast<T>(select(as_bits(left) < vec<bits, B>{}, voxels, cast<bits>(splat<T, B>(T(-0.0)))));
    }
};

/// Sums of floats in two vectors, and minus how many they are of.
struct sparse_float_sums {
    using lane = float;
    static constexpr bool in_order = true;
    static constexpr index_t bytes = 4;
    template <std::size_t B>
    struct state {
        vec<double, B> low, high;
        vec<std::int32_t, B> left;
    };
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void merge(state<B>& s, const state<B>& t) {
        s.low = s.low + t.low;
        s.high = s.high + t.high;
        s.left = s.left + t.left;
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void fold(state<B>& low, const state<B>& high) {
        low.low = neighbour_sums(low.low, low.high);
        low.high = neighbour_sums(high.low, high.high);
        low.left = neighbour_sums(low.left, high.left);
    }
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void load(state<B>& s, const std::byte* at, const Arguments& a) {
        const foreground_lanes<float, B> voxels(at, a);
        s.low = convert<double>(half<0>(voxels.kept));
        s.high = convert<double>(half<1>(voxels.kept));
        s.left = voxels.left;
    }
};

/// The same of doubles, exact.
struct sparse_double_sums {
    using lane = double;
    static constexpr bool in_order = true;
    static constexpr index_t bytes = 8;
    template <std::size_t B>
    struct state {
        exact_sums::state<B> exact;
        vec<std::int64_t, B> left;
    };
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void merge(state<B>& s, const state<B>& t) {
        exact_sums::merge(s.exact, t.exact);
        s.left = s.left + t.left;
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void merge_voxel(state<B>& s, const state<B>& t) {
        exact_sums::merge_voxel(s.exact, t.exact);
        s.left = s.left + t.left;
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void fold(state<B>& low, const state<B>& high) {
        exact_sums::fold(low.exact, high.exact);
        low.left = neighbour_sums(low.left, high.left);
    }
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void load(state<B>& s, const std::byte* at, const Arguments& a) {
        const foreground_lanes<double, B> voxels(at, a);
        s.exact = {voxels.kept, vec<double, B>{}};
        s.left = voxels.left;
    }
};

/// Sparse means of windows of Factor voxels in each of a.rows rows.
template <class T, int Rows, int Factor>
struct sparse_means_of_reals {
    static_assert(Rows == 0);
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(T);

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void block(const Arguments& a, index_t x, bool stream) {
        prefetch_rows<Rows, Factor * B>(a, Factor * x * static_cast<index_t>(sizeof(T)));
        if constexpr (std::is_same_v<T, double>) {
            sparse_double_sums::state<B> s;
            state_of_windows<sparse_double_sums, sparse_double_sums, Rows, Factor, B>(s, a, x);
            const auto magic = splat<double, B>(real_lanes<double>::magic);
            const auto left = cast<double>(cast<std::int64_t>(magic) - s.left) - magic;
            if (a.states != nullptr) {
                exact_sums::store(s.exact, a.states + x * 8, a.plane);
                store(a.states + x * 8 + 2 * a.plane, left);
            }
            store_or_stream(stream, a.out + x, means_of_reals<double>::of(s.exact, left, a));
        } else {
            sparse_float_sums::state<B> s;
            state_of_windows<sparse_float_sums, sparse_float_sums, Rows, Factor, B>(s, a, x);
            const auto left = vec<std::int32_t, B>{} - s.left;
            if (a.states != nullptr) {
                std::byte* sums = a.states + x * 8;
                store(sums, s.low);
                store(sums + B, s.high);
                store(sums + a.plane, convert<double>(half<0>(left)));
                store(sums + a.plane + B, convert<double>(half<1>(left)));
            }
            const auto none = left < splat<std::int32_t, B>(static_cast<std::int32_t>(a.least));
            const auto count = left - none;  // never zero
            const auto means = concatenated(convert<float>(s.low / convert<double>(half<0>(count))),
                                            convert<float>(s.high / convert<double>(half<1>(count))));
            store_or_stream(stream, a.out + x,
                            select(none, splat<float, B>(a.background), with_one_nan(means)));
        }
    }
};

/// The kernels of a type's small windows: of voxels (Plain: rounded down), and of the sums of the mip before,
/// in lanes of as many bytes.
template <class T>
struct mean_windows {
    static constexpr index_t lane_bytes = 2 * sizeof(T);
    template <bool Plain>
    using of = integer_windows<T, Plain>;
    using of_sums = windows_of_sums<T>;
};
template <class T>
requires(std::is_integral_v<T> && sizeof(T) == 8) struct mean_windows<T> {
    static constexpr index_t lane_bytes = 8;
    template <bool Plain>
    using of = long_windows<T, Plain, half_words<T, false, false>, half_words<T, true, false>>;
    using of_sums = long_windows<T, false, converted<bits64, bits64, true>, second_plane>;
};
template <>
struct mean_windows<float> {
    static constexpr index_t lane_bytes = 8;
    template <bool>
    using of = float_windows<converted<float, double>>;
    using of_sums = float_windows<converted<double, double, true>>;
};
template <>
struct mean_windows<double> {
    static constexpr index_t lane_bytes = 8;
    template <bool>
    using of = double_windows;
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
