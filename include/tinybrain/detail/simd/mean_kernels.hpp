// Sums of small windows, and means of sums, a vector at a time.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include <tinybrain/detail/mean_rounding.hpp>
#include <tinybrain/detail/simd/dispatch.hpp>
#include <tinybrain/detail/simd/rows.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// Adds up rows 0 to Rows - 1 (a.rows of them where Rows is 0) of what term(row) gives, in the order of
/// fold.hpp: along the axis of the larger stride first.
template <int Rows, class Term, class Arguments>
TINYBRAIN_FORCE_INLINE auto sum_of_rows(const Arguments& a, const Term& term) {
    using sum_type = decltype(term(a.row[0]));
    sum_type sum = term(a.row[0]);
    const index_t rows = Rows == 0 ? a.rows : Rows;
    if (rows == 2) sum = static_cast<sum_type>(sum + term(a.row[1]));
    if (rows == 4) sum = static_cast<sum_type>((sum + term(a.row[2])) + (term(a.row[1]) + term(a.row[3])));
    return sum;
}

// What a row adds to B / sizeof(Sum) sums: neighbours added up in lanes of twice the size, or one vector of
// the wider type, lane by lane.
template <class Source, class Sum, std::size_t B>
struct pairs_term {
    index_t offset;  // in bytes
    TINYBRAIN_FORCE_INLINE vec<Sum, B> operator()(const std::byte* row) const {
        return pair_sums(load<Source, B>(row + offset));
    }
};
template <class Source, class Sum, std::size_t B>
struct lanes_term {
    index_t offset;  // in bytes
    TINYBRAIN_FORCE_INLINE vec<Sum, B> operator()(const std::byte* row) const {
        if constexpr (std::is_same_v<Source, Sum>) {
            return load<Sum, B>(row + offset);
        } else {
            return convert<Sum>(load<Source, B / sizeof(Sum) * sizeof(Source)>(row + offset));
        }
    }
};

/// B / sizeof(Sum) sums of windows of Factor x rows voxels, from window x on.
template <class Source, class Sum, int Rows, int Factor, std::size_t B, class Arguments>
TINYBRAIN_FORCE_INLINE vec<Sum, B> window_sums(const Arguments& a, index_t x) {
    const index_t offset = x * Factor * static_cast<index_t>(sizeof(Source));
    if constexpr (Factor == 1) {
        return sum_of_rows<Rows>(a, lanes_term<Source, Sum, B>{offset});
    } else if constexpr (std::is_integral_v<Source> && sizeof(Sum) == 2 * sizeof(Source)) {
        return sum_of_rows<Rows>(a, pairs_term<Source, Sum, B>{offset});
    } else {
        constexpr auto half = static_cast<index_t>(B / sizeof(Sum) * sizeof(Source));
        const auto low = sum_of_rows<Rows>(a, lanes_term<Source, Sum, B>{offset});
        const auto high = sum_of_rows<Rows>(a, lanes_term<Source, Sum, B>{offset + half});
        return neighbour_sums(low, high);
    }
}

/// Asks for what the rows after these will need for `Windows` windows from window x on.
template <class Source, int Rows, int Factor, std::size_t Windows, class Arguments>
TINYBRAIN_FORCE_INLINE void prefetch_windows(const Arguments& a, index_t x) {
    prefetch_rows<Rows, Windows * Factor * sizeof(Source)>(a,
                                                           x * Factor * static_cast<index_t>(sizeof(Source)));
}

template <class Source, class Sum, int Rows, int Factor, class Arguments>
TINYBRAIN_FORCE_INLINE Sum window_sum(const Arguments& a, index_t x) {
    Sum sum{};
    for (index_t i = 0; i < Factor; ++i) {
        struct column_term {
            index_t x;
            TINYBRAIN_FORCE_INLINE Sum operator()(const std::byte* row) const {
                return static_cast<Sum>(scalar_at<Source>(row, x));
            }
        };
        const Sum column = static_cast<Sum>(sum_of_rows<Rows>(a, column_term{x * Factor + i}));
        sum = i == 0 ? column : static_cast<Sum>(sum + column);
    }
    return sum;
}

/// Sums of windows.
template <class Source, class Sum, int Rows, int Factor>
struct sums_of_rows {
    // No vector adds numbers of 128 bits.
    static constexpr bool has_vectors = sizeof(Sum) <= 8;
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(Sum);

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool) {
        prefetch_windows<Source, Rows, Factor, outputs<B>>(a, x);
        store(a.out + x, window_sums<Source, Sum, Rows, Factor, B>(a, x));
    }
    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
        a.out[x] = window_sum<Source, Sum, Rows, Factor>(a, x);
    }
};

// sum / 2^shift, toward zero.
template <class Sum, std::size_t B>
TINYBRAIN_FORCE_INLINE vec<Sum, B> shifted(const vec<Sum, B>& sum, int shift) {
    if constexpr (std::is_signed_v<Sum>) {
        const auto low = splat<Sum, B>(static_cast<Sum>((Sum{1} << shift) - 1));
        return (sum + ((sum >> (8 * int{sizeof(Sum)} - 1)) & low)) >> shift;
    } else {
        return sum >> shift;
    }
}

template <class T, std::size_t B, std::size_t... I>
TINYBRAIN_FORCE_INLINE vec<T, 2 * B> join(const vec<T, B>& a, const vec<T, B>& b, std::index_sequence<I...>) {
    return {__builtin_shufflevector(a.v, b.v, I...)};
}

/// Divides sums by a.count, or by Count where that is not 0: by a shift (toward zero) where they are
/// integers, else by the multiplication with a.scale where that is exact, or by a division.
template <bool Exact, int Count, class Sum, std::size_t B, class Arguments>
TINYBRAIN_FORCE_INLINE vec<Sum, B> divided(const vec<Sum, B>& sum, const Arguments& a) {
    if constexpr (std::is_floating_point_v<Sum>) {
        return Exact ? sum * splat<Sum, B>(a.scale) : sum / splat<Sum, B>(static_cast<double>(a.count));
    } else if constexpr (Count != 0) {
        return shifted(sum, std::countr_zero(static_cast<unsigned>(Count)));
    } else {
        return shifted(sum, a.shift);
    }
}

/// As many voxels as fill a vector, from one vector of quotients of their own size or two of twice that.
template <class T, std::size_t B>
TINYBRAIN_FORCE_INLINE vec<T, B> voxels_of(const vec<double, B>& a, const vec<double, B>& b) {
    return with_one_nan(join(convert<T>(a), convert<T>(b), std::make_index_sequence<B / sizeof(T)>{}));
}
template <class T, class Sum, std::size_t B>
TINYBRAIN_FORCE_INLINE vec<T, B> voxels_of(const vec<Sum, B>& a, const vec<Sum, B>& b) {
    return narrow<T>(a, b);
}

template <class T>
struct scaled_arguments : rows_arguments<T> {
    int shift;
    double scale;
    index_t count;
};

/// The same, and the sums go to memory too, if there is a place for them.
template <class T, class Sum>
struct keeping_arguments : scaled_arguments<T> {
    Sum* sums;
    index_t sums_next;

    TINYBRAIN_FORCE_INLINE void step() {
        scaled_arguments<T>::step();
        sums += sums_next;
    }
};

/// Means of windows of rows of Source, voxels or sums of voxels, that stand for a.count = 2^a.shift voxels
/// each, toward zero; and their sums, where the arguments have a place for them.
template <class T, class Source, class Sum, int Rows, int Factor>
struct means_of_rows {
    // Voxels in a window, where that is known here: a shift by a constant is one instruction less.
    static constexpr int count = std::is_same_v<Source, T> && std::is_integral_v<T> ? Rows * Factor : 0;
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(T);

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static vec<Sum, B> means_at(const Arguments& a, index_t x) {
        const auto sums = window_sums<Source, Sum, Rows, Factor, B>(a, x);
        if constexpr (requires { a.sums; }) {
            if (a.sums != nullptr) store(a.sums + x, sums);
        }
        return divided<true, count>(sums, a);
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool stream) {
        if constexpr (std::is_same_v<Source, T>) prefetch_windows<Source, Rows, Factor, outputs<B>>(a, x);
        const auto low = means_at<B>(a, x);
        if constexpr (sizeof(T) < sizeof(Sum)) {
            const auto high = means_at<B>(a, x + static_cast<index_t>(B / sizeof(Sum)));
            store_or_stream(stream, a.out + x, voxels_of<T>(low, high));
        } else {
            store_or_stream(stream, a.out + x, with_one_nan(low));
        }
    }
    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
        const Sum sum = window_sum<Source, Sum, Rows, Factor>(a, x);
        if constexpr (requires { a.sums; }) {
            if (a.sums != nullptr) a.sums[x] = sum;
        }
        a.out[x] = mean_of<T>(sum, a.count, rounding::toward_zero);
    }
};

/// Two mips at once of windows of 2 x 2 integers of 1 or 2 bytes: four rows of voxels become two rows of mip
/// 1 at `first`, `first_step` elements apart, and a row of mip 2 at `out`; the sums of mip 2 go to memory
/// too, if there is a place for them. Those of mip 1 never leave the registers.
template <class T, class Sum>
struct two_mips_arguments : rows_arguments<T> {
    T* first;
    index_t first_step;
    bool stream_first;
    bool stream_second;
    Sum* sums;
    index_t sums_next;

    TINYBRAIN_FORCE_INLINE void step() {
        rows_arguments<T>::step();
        first += 2 * first_step;
        if (sums != nullptr) sums += sums_next;
    }
};
template <class T, class Sum>
struct two_mips_of_rows {
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(T);

    // Two of the four rows, as the sums of windows take them.
    struct row_pair {
        const std::byte* row[4];
        static constexpr index_t rows = 2;
    };
    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static row_pair upper_rows(const Arguments& a) {
        return {{a.row[0], a.row[1], a.row[0], a.row[0]}};
    }
    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static row_pair lower_rows(const Arguments& a) {
        return {{a.row[2], a.row[3], a.row[2], a.row[2]}};
    }
    template <int Count, std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<Sum, B> mean(const vec<Sum, B>& sum) {
        return shifted(sum, std::countr_zero(static_cast<unsigned>(Count)));
    }
    // Of mip 1: the voxels of two vectors of sums.
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static void write_first(T* out, const vec<Sum, B>& low, const vec<Sum, B>& high,
                                                   bool stream) {
        store_or_stream(stream, out, narrow<T>(mean<4>(low), mean<4>(high)));
    }

    // The means of the B / sizeof(Sum) windows of mip 2 from window x on, and all that is under them.
    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static vec<Sum, B> means_at(const Arguments& a, index_t x, bool stream) {
        constexpr auto n = static_cast<index_t>(B / sizeof(Sum));
        const row_pair upper = upper_rows(a);
        const row_pair lower = lower_rows(a);
        const auto upper_low = window_sums<T, Sum, 2, 2, B>(upper, 2 * x);
        const auto upper_high = window_sums<T, Sum, 2, 2, B>(upper, 2 * x + n);
        write_first(a.first + 2 * x, upper_low, upper_high, stream && a.stream_first);
        const auto lower_low = window_sums<T, Sum, 2, 2, B>(lower, 2 * x);
        const auto lower_high = window_sums<T, Sum, 2, 2, B>(lower, 2 * x + n);
        write_first(a.first + a.first_step + 2 * x, lower_low, lower_high, stream && a.stream_first);
        const auto sums = neighbour_sums(upper_low + lower_low, upper_high + lower_high);
        if (a.sums != nullptr) store(a.sums + x, sums);
        return mean<16>(sums);
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool stream) {
        prefetch_windows<T, 4, 4, outputs<B>>(a, x);
        const auto low = means_at<B>(a, x, stream);
        const auto high = means_at<B>(a, x + static_cast<index_t>(B / sizeof(Sum)), stream);
        store_or_stream(stream && a.stream_second, a.out + x, narrow<T>(low, high));
    }

    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
        const row_pair upper = upper_rows(a);
        const row_pair lower = lower_rows(a);
        Sum sum{};
        for (index_t i = 0; i < 2; ++i) {
            const Sum above = window_sum<T, Sum, 2, 2>(upper, 2 * x + i);
            const Sum below = window_sum<T, Sum, 2, 2>(lower, 2 * x + i);
            a.first[2 * x + i] = mean_of<T>(above, 4, rounding::toward_zero);
            a.first[a.first_step + 2 * x + i] = mean_of<T>(below, 4, rounding::toward_zero);
            const Sum column = static_cast<Sum>(above + below);
            sum = i == 0 ? column : static_cast<Sum>(sum + column);
        }
        if (a.sums != nullptr) a.sums[x] = sum;
        a.out[x] = mean_of<T>(sum, 16, rounding::toward_zero);
    }
};

/// Means of windows of up to 8 integers of 64 bits, without their sums: each voxel is divided by
/// a.count = 2^a.shift, and what is left of all is added up apart.
template <class T>
struct long_means_arguments : scaled_arguments<T> {
    rounding round;
};
template <class T, int Rows, int Factor>
struct long_means_of_rows {
    template <std::size_t B>
    static constexpr std::size_t outputs = B / 8;
    using bits = std::uint64_t;
    // From signed numbers to unsigned ones in the same order, and back.
    static constexpr bits offset = std::is_signed_v<T> ? bits{1} << 63 : 0;

    template <std::size_t B>
    struct quotient_term {
        index_t byte;
        int shift;
        TINYBRAIN_FORCE_INLINE vec<bits, B> operator()(const std::byte* row) const {
            return (load<bits, B>(row + byte) ^ splat<bits, B>(offset)) >> shift;
        }
    };
    template <std::size_t B>
    struct remainder_term {
        index_t byte;
        bits low;
        TINYBRAIN_FORCE_INLINE vec<bits, B> operator()(const std::byte* row) const {
            return load<bits, B>(row + byte) & splat<bits, B>(low);
        }
    };
    template <std::size_t B, class Term, class Arguments>
    TINYBRAIN_FORCE_INLINE static vec<bits, B> added_up(const Arguments& a, Term term) {
        const auto low = sum_of_rows<Rows>(a, term);
        if constexpr (Factor == 1) {
            return low;
        } else {
            term.byte += static_cast<index_t>(B);
            const auto high = sum_of_rows<Rows>(a, term);
            return neighbour_sums(low, high);
        }
    }

    // 1 where a mean is to be rounded up from the quotient, of which `rest` / 2^shift is left.
    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static vec<bits, B> rounded_up(const vec<bits, B>& quotient,
                                                          const vec<bits, B>& rest, const Arguments& a) {
        const auto count = bits{1} << a.shift;
        if (a.round == rounding::half_up) return (rest + rest + splat<bits, B>(count)) >> (a.shift + 1);
        if (a.round == rounding::half_even) {
            const auto odd = quotient & splat<bits, B>(1);
            return (rest + rest + odd + splat<bits, B>(count - 1)) >> (a.shift + 1);
        }
        if constexpr (!std::is_signed_v<T>) return vec<bits, B>{};
        // Toward zero is up where the mean is negative.
        const auto positive = quotient >> 63;
        return ((rest + splat<bits, B>(count - 1)) >> a.shift) & (positive ^ splat<bits, B>(1));
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool stream) {
        prefetch_windows<T, Rows, Factor, outputs<B>>(a, x);
        const index_t byte = x * Factor * 8;
        const bits low = (bits{1} << a.shift) - 1;
        const auto rests = added_up<B>(a, remainder_term<B>{byte, low});
        const auto quotient = added_up<B>(a, quotient_term<B>{byte, a.shift}) + (rests >> a.shift);
        const auto up = rounded_up<B>(quotient, rests & splat<bits, B>(low), a);
        store_or_stream(stream, a.out + x, (quotient + up) ^ splat<bits, B>(offset));
    }
    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
        a.out[x] = mean_of<T>(window_sum<T, wide, Rows, Factor>(a, x), a.count, a.round);
    }
};

/// Sums and counts of what is not background.
template <class T, class Sum>
struct sparse_arguments : rows_arguments<Sum> {
    bits_of<sizeof(Sum)>* counts;
    T background;

    TINYBRAIN_FORCE_INLINE void step() {
        rows_arguments<Sum>::step();
        counts += rows_arguments<Sum>::out_next;
    }
};

/// In a floating-point sum background counts as -0, which adds nothing.
template <class T, class Sum, std::size_t B>
struct foreground_term {
    index_t offset;  // in bytes
    T background;
    TINYBRAIN_FORCE_INLINE vec<Sum, B> operator()(const std::byte* row) const {
        constexpr std::size_t read = B / sizeof(Sum) * sizeof(T);
        const auto voxels = load<T, read>(row + offset);
        const auto kept = select(voxels == splat<T, read>(background), splat<T, read>(T(-0.0)), voxels);
        if constexpr (std::is_same_v<T, Sum>) {
            return kept;
        } else {
            return convert<Sum>(kept);
        }
    }
};
template <class T, class Sum>
struct one_foreground_term {
    index_t x;
    T background;
    TINYBRAIN_FORCE_INLINE Sum operator()(const std::byte* row) const {
        const T voxel = scalar_at<T>(row, x);
        return voxel == background ? static_cast<Sum>(T(-0.0)) : static_cast<Sum>(voxel);
    }
};

template <class T, class Sum, int Rows, int Factor>
struct sparse_sums_of_rows {
    using count = bits_of<sizeof(Sum)>;
    static constexpr bool has_vectors = sizeof(Sum) <= 8;
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(Sum);

    // The sums and counts of B / sizeof(Sum) windows, from window x on. No struct holds both: GCC 12.2
    // crashed on it.
    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void add_up(const Arguments& a, index_t x, vec<Sum, B>& sum,
                                              vec<count, B>& counts) {
        const index_t offset = x * Factor * static_cast<index_t>(sizeof(T));
        if constexpr (std::is_floating_point_v<T>) {
            sum = sum_of_rows<Rows>(a, foreground_term<T, Sum, B>{offset, a.background});
            if constexpr (Factor == 2) {
                constexpr auto half = static_cast<index_t>(B / sizeof(Sum) * sizeof(T));
                const auto high =
                    sum_of_rows<Rows>(a, foreground_term<T, Sum, B>{offset + half, a.background});
                sum = neighbour_sums(sum, high);
            }
        } else {
            sum = vec<Sum, B>{};
        }
        const index_t rows = Rows == 0 ? a.rows : Rows;
        counts = splat<count, B>(static_cast<count>(rows * Factor));
        for (index_t k = 0; k < rows; ++k) {
            const std::byte* row = a.row[k] + offset;
            if constexpr (sizeof(T) == sizeof(Sum)) {
                counts = counts - left_out_of<B>(row, a.background);
            } else {
                constexpr std::size_t read = Factor == 1 ? B / 2 : B;
                const auto voxels = load<T, read>(row);
                const auto left_out = voxels == splat<T, read>(a.background);
                if constexpr (std::is_integral_v<T>) {
                    const vec<T, read> kept{voxels.v & ~cast<T>(left_out).v};
                    if constexpr (Factor == 1) {
                        sum = sum + convert<Sum>(kept);
                    } else {
                        sum = sum + pair_sums(kept);
                    }
                }
                if constexpr (sizeof(T) == 4) {
                    // Ones, as there is no signed shift of 64 bits.
                    const auto ones = cast<std::uint32_t>(left_out) >> 31;
                    if constexpr (Factor == 1) {
                        counts = counts - convert<count>(ones);
                    } else {
                        counts = counts - pair_sums(ones);
                    }
                } else if constexpr (Factor == 1) {
                    // Each voxel left out is a -1 in the mask.
                    counts = counts + cast<count>(convert<signed_of<sizeof(Sum)>>(left_out));
                } else {
                    counts = counts + cast<count>(pair_sums(left_out));
                }
            }
        }
    }

    // How many voxels of each window are background in a row of lanes as wide as their sums.
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<count, B> left_out_of(const std::byte* row, T background) {
        const auto value = splat<T, B>(background);
        const auto low = cast<count>(load<T, B>(row) == value);
        if constexpr (Factor == 1) {
            return vec<count, B>{} - low;
        } else {
            const auto high = cast<count>(load<T, B>(row + B) == value);
            return vec<count, B>{} - neighbour_sums(low, high);
        }
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool) {
        prefetch_windows<T, Rows, Factor, outputs<B>>(a, x);
        vec<Sum, B> sum;
        vec<count, B> counts;
        add_up<B>(a, x, sum, counts);
        store(a.out + x, sum);
        store(a.counts + x, counts);
    }
    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
        Sum sum{};
        for (index_t i = 0; i < Factor; ++i) {
            const Sum column =
                sum_of_rows<Rows>(a, one_foreground_term<T, Sum>{x * Factor + i, a.background});
            sum = i == 0 ? column : static_cast<Sum>(sum + column);
        }
        count n{0};
        for (index_t k = 0; k < (Rows == 0 ? a.rows : Rows); ++k) {
            for (index_t i = 0; i < Factor; ++i) {
                n = static_cast<count>(n + (scalar_at<T>(a.row[k], x * Factor + i) == a.background ? 0 : 1));
            }
        }
        a.out[x] = sum;
        a.counts[x] = n;
    }
};

/// Means, toward zero, of what is not background, of windows of up to 8 bytes; and their sums and counts, if
/// there is a place for them.
struct sparse_means_arguments : rows_arguments<std::uint8_t> {
    std::uint8_t background;
    std::uint16_t* sums;  // or null
    std::uint16_t* counts;
    index_t sums_next;

    TINYBRAIN_FORCE_INLINE void step() {
        rows_arguments<std::uint8_t>::step();
        sums += sums_next;
        counts += sums_next;
    }
};
template <int Rows, int Factor>
struct sparse_means_of_rows {
    using sums = sparse_sums_of_rows<std::uint8_t, std::uint16_t, Rows, Factor>;
    template <std::size_t B>
    static constexpr std::size_t outputs = B;

    // The low bytes of 2^15 / count, rounded up, and the high bytes.
    static constexpr std::array<std::uint8_t, 32> factors = [] {
        std::array<std::uint8_t, 32> bytes{};
        for (unsigned n = 1; n <= 8; ++n) {
            const unsigned factor = (32768 + n - 1) / n;
            bytes[n] = static_cast<std::uint8_t>(factor & 0xff);
            bytes[16 + n] = static_cast<std::uint8_t>(factor >> 8);
        }
        return bytes;
    }();

    // sum / count as the high half of 2 sum * 2^15 / count, rounded up: exact for sums of up to 8 bytes, as
    // the factor is too large by less than count / 2^15 of itself, and the sum no more than 255 count.
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<std::uint16_t, B> quotients(const vec<std::uint16_t, B>& sum,
                                                                  const vec<std::uint16_t, B>& count,
                                                                  const vec<std::uint16_t, B>& background) {
#if defined(__x86_64__) && !defined(__clang__)
        // GCC keeps too few of the constants below in registers: 2x2x2 in memory 0.33 of the limit.
        if constexpr (B >= 32) {
            const auto factor = looked_up(factors.data(), count);
            return multiply_high(sum + sum, factor) |
                   (cast<std::uint16_t>(count == vec<std::uint16_t, B>{}) & background);
        }
#endif
        auto factor = splat<std::uint16_t, B>(32768);
        constexpr int most = Factor * (Rows == 0 ? 4 : Rows);
        for (int n = 2; n <= most; ++n) {
            const auto at_n = splat<std::uint16_t, B>(static_cast<std::uint16_t>((32768 + n - 1) / n));
            factor = select(count == splat<std::uint16_t, B>(static_cast<std::uint16_t>(n)), at_n, factor);
        }
        return select(count == vec<std::uint16_t, B>{}, background, multiply_high(sum + sum, factor));
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool stream) {
        prefetch_windows<std::uint8_t, Rows, Factor, B>(a, x);
        const auto low = half<B>(a, x);
        const auto high = half<B>(a, x + static_cast<index_t>(B / 2));
        store_or_stream(stream, a.out + x, narrow<std::uint8_t>(low, high));
    }
    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static vec<std::uint16_t, B> half(const Arguments& a, index_t x) {
        vec<std::uint16_t, B> sum;
        vec<std::uint16_t, B> count;
        sums::template add_up<B>(a, x, sum, count);
        if (a.sums != nullptr) {
            store(a.sums + x, sum);
            store(a.counts + x, count);
        }
        return quotients(sum, count, splat<std::uint16_t, B>(a.background));
    }

    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
        int sum = 0;
        int count = 0;
        for (index_t k = 0; k < (Rows == 0 ? a.rows : Rows); ++k) {
            for (index_t i = 0; i < Factor; ++i) {
                const auto voxel = scalar_at<std::uint8_t>(a.row[k], x * Factor + i);
                if (voxel == a.background) continue;
                sum += voxel;
                ++count;
            }
        }
        a.out[x] = count == 0 ? a.background : static_cast<std::uint8_t>(sum / count);
        if (a.sums == nullptr) return;
        a.sums[x] = static_cast<std::uint16_t>(sum);
        a.counts[x] = static_cast<std::uint16_t>(count);
    }
};

template <class T, class Sum>
struct finish_arguments {
    const Sum* sums;
    const bits_of<sizeof(Sum)>* counts;  // or null, and `count` for all
    index_t sums_next;                   // elements from one group's sums and counts to the next one's
    index_t count;
    int shift;
    double scale;
    rounding round;
    T background;
    T* out;
    index_t out_next;
    index_t groups;
    index_t outputs;
    bool stream;

    TINYBRAIN_FORCE_INLINE void step() {
        sums += sums_next;
        if (counts != nullptr) counts += sums_next;
        out += out_next;
    }
};

/// Means of sums of 2^shift voxels, toward zero; where Exact is not set, of floating-point sums of any
/// number.
template <class T, class Sum, bool Exact = true>
struct means_of_sums {
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(T);

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool stream) {
        constexpr index_t n = static_cast<index_t>(B / sizeof(Sum));
        const auto low = load<Sum, B>(a.sums + x);
        if constexpr (sizeof(Sum) == 2 * sizeof(T)) {
            const auto high = load<Sum, B>(a.sums + x + n);
            store_or_stream(stream, a.out + x,
                            voxels_of<T>(divided<Exact, 0>(low, a), divided<Exact, 0>(high, a)));
        } else {
            store_or_stream(stream, a.out + x, with_one_nan(divided<Exact, 0>(low, a)));
        }
    }
    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
        a.out[x] = mean_of<T>(a.sums[x], a.count, rounding::toward_zero);
    }
};

/// The high half of sum * ceil(2^16 / count) is sum / count, toward zero, for the sum of up to so many bytes:
/// the factor is too large by less than count / 2^16 of itself, and the sum no more than 255 count.
inline constexpr index_t most_for_short_quotient = 16;

/// Means of 2 to 16 bytes, toward zero.
struct short_quotients_of_sums {
    template <std::size_t B>
    static constexpr std::size_t outputs = B;

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool stream) {
        const auto factor = splat<std::uint16_t, B>(static_cast<std::uint16_t>(65535 / a.count + 1));
        const auto low = load<std::uint16_t, B>(a.sums + x);
        const auto high = load<std::uint16_t, B>(a.sums + x + static_cast<index_t>(B / 2));
        store_or_stream(stream, a.out + x,
                        narrow<std::uint8_t>(multiply_high(low, factor), multiply_high(high, factor)));
    }
    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
        a.out[x] = static_cast<std::uint8_t>(a.sums[x] / a.count);
    }
};

/// Quotients up to this numerator come out exact in float: (n + 1/2) / d is at least 1 / 2d away from any
/// integer, and three roundings move it by less than 2^-22 of itself.
inline constexpr index_t most_for_float_quotient = index_t{1} << 21;

/// Means of integer sums by any count, the same for all or one each, in any rounding.
template <class T, class Sum>
struct quotients_of_sums {
    // Sums, counts and quotients all fit 32 bits, and float takes as many lanes.
    template <std::size_t B>
    static constexpr std::size_t outputs = B / 4;

    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<std::int32_t, B> wide(const Sum* from) {
        if constexpr (sizeof(Sum) == 4) {
            return load<std::int32_t, B>(from);
        } else {
            return convert<std::int32_t>(load<Sum, B / 4 * sizeof(Sum)>(from));
        }
    }
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<std::int32_t, B> wide_count(const bits_of<sizeof(Sum)>* from) {
        if constexpr (sizeof(Sum) == 4) {
            return load<std::int32_t, B>(from);
        } else {
            return convert<std::int32_t>(load<bits_of<sizeof(Sum)>, B / 4 * sizeof(Sum)>(from));
        }
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool) {
        using ints = vec<std::int32_t, B>;
        const ints one = splat<std::int32_t, B>(1);
        const ints count = a.counts == nullptr ? splat<std::int32_t, B>(static_cast<std::int32_t>(a.count))
                                               : wide_count<B>(a.counts + x);
        const ints divisor = select(count == ints{}, one, count);
        const ints sum = wide<B>(a.sums + x);
        const ints negative = sum < ints{};
        const ints size = (sum ^ negative) - negative;
        ints numerator = size;
        ints denominator = divisor;
        if (a.round != rounding::toward_zero) {
            // floor(mean + 1/2), and of a negative mean the negative of ceil(size - 1/2).
            numerator = size + size + divisor;
            denominator = divisor + divisor;
            if (a.round == rounding::half_up) numerator = numerator + negative;
        }
        const auto half = splat<float, B>(0.5F);
        ints quotient =
            convert<std::int32_t>((convert<float>(numerator) + half) / convert<float>(denominator));
        if (a.round == rounding::half_even) {
            const ints tie = quotient * denominator == numerator;
            quotient = quotient - (tie & quotient & one);
        }
        quotient = (quotient ^ negative) - negative;
        const auto background = splat<std::int32_t, B>(static_cast<std::int32_t>(a.background));
        store_narrow(a.out + x, select(count == ints{}, background, quotient));
    }

    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static void store_narrow(T* out, const vec<std::int32_t, B>& a) {
        const auto voxels = convert<T>(a);
        __builtin_memcpy(out, &voxels.v, B / 4 * sizeof(T));
    }

    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
        const auto count = a.counts == nullptr ? a.count : static_cast<index_t>(a.counts[x]);
        a.out[x] = count == 0 ? a.background : mean_of<T>(a.sums[x], count, a.round);
    }
};

/// As most_for_float_quotient, in double: less than 2^-51 of itself.
inline constexpr index_t most_for_double_quotient = index_t{1} << 50;

/// Means of wider sums, of integers or of floating-point numbers, by counts as above.
template <class T, class Sum>
struct long_quotients_of_sums {
    template <std::size_t B>
    static constexpr std::size_t outputs = B / 8;

    // Integers below 2^51 in size to doubles and back: in the sum with 1.5 * 2^52 the lowest bit is worth 1.
    static constexpr double magic = 6755399441055744.0;
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<double, B> to_doubles(const vec<std::int64_t, B>& a) {
        const auto bits = splat<std::int64_t, B>(std::bit_cast<std::int64_t>(magic));
        return cast<double>(a + bits) - splat<double, B>(magic);
    }
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<std::int64_t, B> floors(const vec<double, B>& a) {
        const auto whole = (a + splat<double, B>(magic));
        const auto above = a < whole - splat<double, B>(magic);
        return cast<std::int64_t>(whole) - splat<std::int64_t, B>(std::bit_cast<std::int64_t>(magic)) + above;
    }

    template <std::size_t B, class Integer>
    TINYBRAIN_FORCE_INLINE static vec<std::int64_t, B> longs(const Integer* from) {
        return cast<std::int64_t>(convert<twice_to_8<Integer>>(load<Integer, B / 8 * sizeof(Integer)>(from)));
    }
    template <class Integer>
    using twice_to_8 = std::conditional_t<std::is_signed_v<Integer>, std::int64_t, std::uint64_t>;

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool) {
        using integers = vec<std::int64_t, B>;
        const integers count = a.counts == nullptr ? splat<std::int64_t, B>(a.count) : longs<B>(a.counts + x);
        const integers none = count == integers{};
        if constexpr (std::is_floating_point_v<Sum>) {
            const auto mean = with_one_nan(load<Sum, B>(a.sums + x) / to_doubles(count));
            const auto background = splat<double, B>(static_cast<double>(a.background));
            store_voxels(a.out + x, select(none, background, mean));
        } else {
            const integers mean = quotients<B>(longs<B>(a.sums + x), count - none, a.round);
            const auto background = splat<std::int64_t, B>(static_cast<std::int64_t>(a.background));
            store_voxels(a.out + x, select(none, background, mean));
        }
    }

    // As in quotients_of_sums.
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<std::int64_t, B> quotients(const vec<std::int64_t, B>& sum,
                                                                 const vec<std::int64_t, B>& divisor,
                                                                 rounding round) {
        using integers = vec<std::int64_t, B>;
        const integers negative = sum < integers{};
        const integers size = (sum ^ negative) - negative;
        integers numerator = size;
        integers denominator = divisor;
        if (round != rounding::toward_zero) {
            numerator = size + size + divisor;
            denominator = divisor + divisor;
            if (round == rounding::half_up) numerator = numerator + negative;
        }
        const auto n = to_doubles(numerator);
        const auto d = to_doubles(denominator);
        integers quotient = floors((n + splat<double, B>(0.5)) / d);
        if (round == rounding::half_even) {
            const integers tie = to_doubles(quotient) * d == n;
            quotient = quotient - (tie & quotient & splat<std::int64_t, B>(1));
        }
        return (quotient ^ negative) - negative;
    }

    template <class U, std::size_t B>
    TINYBRAIN_FORCE_INLINE static void store_voxels(T* out, const vec<U, B>& a) {
        if constexpr (std::is_same_v<T, U>) {
            store(out, a);
        } else {
            const auto voxels = convert<T>(a);
            __builtin_memcpy(out, &voxels.v, B / 8 * sizeof(T));
        }
    }

    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
        const auto count = a.counts == nullptr ? a.count : static_cast<index_t>(a.counts[x]);
        a.out[x] = count == 0 ? a.background : mean_of<T>(a.sums[x], count, a.round);
    }
};

/// Sums of Factor neighbours each, 3 or 4.
template <class Sum, int Factor>
struct sums_of_neighbours {
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(Sum);

    // The sums of the neighbours from every element on.
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<Sum, B> running(const Sum* from) {
        auto sum = (load<Sum, B>(from) + load<Sum, B>(from + 1)) + load<Sum, B>(from + 2);
        if constexpr (Factor == 4) sum = sum + load<Sum, B>(from + 3);
        return sum;
    }

    // Each Factor-th of them is wanted. Vector k starts at element k * (n - shift), so that the wanted ones
    // of all vectors are in different lanes: they fit into one vector, and then are put into order.
    static constexpr int shift = Factor == 4 ? 1 : 0;
    static constexpr bool wants(int n, int k, int lane) { return (k * (n - shift) + lane) % Factor == 0; }
    static constexpr int lane_of(int n, int output) {
        int lane = Factor * output;
        while (lane >= n) lane -= n - shift;
        return lane;
    }

    template <int K, std::size_t B, std::size_t... I>
    TINYBRAIN_FORCE_INLINE static vec<Sum, B> with_vector(const vec<Sum, B>& all, const Sum* from,
                                                          std::index_sequence<I...>) {
        constexpr int n = sizeof...(I);
        const auto more = running<B>(from + K * (n - shift));
        return {__builtin_shufflevector(all.v, more.v, (wants(n, K, I) ? n + I : I)...)};
    }
    template <std::size_t B, std::size_t... I>
    TINYBRAIN_FORCE_INLINE static vec<Sum, B> in_order(const vec<Sum, B>& all, std::index_sequence<I...>) {
        return {__builtin_shufflevector(all.v, all.v, lane_of(sizeof...(I), I)...)};
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool) {
        constexpr auto lanes = std::make_index_sequence<B / sizeof(Sum)>{};
        const Sum* from = a.row + Factor * x;
        auto all = with_vector<1>(running<B>(from), from, lanes);
        all = with_vector<2>(all, from, lanes);
        if constexpr (Factor == 4) all = with_vector<3>(all, from, lanes);
        store(a.out + x, in_order(all, lanes));
    }
    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
        const Sum* from = a.row + Factor * x;
        Sum sum = from[0];
        for (int i = 1; i < Factor; ++i) sum = static_cast<Sum>(sum + from[i]);
        a.out[x] = sum;
    }
};

/// Two vectors of sums at a time: with one the loop over the rows costs as much as the sums.
template <class Source, class Sum, bool Add>
struct columns_of_rows {
    template <std::size_t B>
    static constexpr std::size_t outputs = 2 * B / sizeof(Sum);

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool) {
        constexpr std::size_t n = B / sizeof(Sum);
        constexpr std::size_t read = n * sizeof(Source);
        const Source* row = a.row + x;
        vec<Sum, B> low = convert<Sum>(load<Source, read>(row));
        vec<Sum, B> high = convert<Sum>(load<Source, read>(row + n));
        if constexpr (Add) {
            low = load<Sum, B>(a.out + x) + low;
            high = load<Sum, B>(a.out + x + n) + high;
        }
        for (index_t k = 1; k < a.rows; ++k) {
            row += a.step;
            low = low + convert<Sum>(load<Source, read>(row));
            high = high + convert<Sum>(load<Source, read>(row + n));
        }
        store(a.out + x, low);
        store(a.out + x + n, high);
    }
    template <class Arguments>
    TINYBRAIN_FORCE_INLINE static void one(const Arguments& a, index_t x) {
        Sum sum = static_cast<Sum>(a.row[x]);
        if constexpr (Add) sum = static_cast<Sum>(a.out[x] + sum);
        for (index_t k = 1; k < a.rows; ++k)
            sum = static_cast<Sum>(sum + static_cast<Sum>(a.row[x + k * a.step]));
        a.out[x] = sum;
    }
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
