// GCC for Windows takes its stack for a multiple of 32 bytes where it keeps 32-byte vectors there, and it is
// one of 16 (GCC bug 54412): it crashes, unless patched as Debian's is, and no macro tells. There are no
// vectors.
//
// Vectors of 16, 32 or 64 bytes over the vector extensions of GCC and clang: just the operations the kernels
// need. The kernels are written once over these; which instructions they become is decided by the function
// they are inlined into (see dispatch.hpp). Without the extensions, or on a big-endian machine,
// TINYBRAIN_HAS_VECTORS is 0 and the plain loops of row_kernels.hpp do all the work.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include <tinybrain/detail/base/config.hpp>
#include <tinybrain/detail/base/wide.hpp>

#if (defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12)) && __SIZEOF_POINTER__ == 8 && \
    ((defined(__x86_64__) && (!defined(_WIN32) || defined(__clang__))) ||                       \
     (defined(__aarch64__) && !defined(__AARCH64EB__)))
#define TINYBRAIN_HAS_VECTORS 1
#else
#define TINYBRAIN_HAS_VECTORS 0
#endif

// What the kernels are compiled for, and all that is inlined into them.
#if TINYBRAIN_HAS_VECTORS && defined(__x86_64__)
#define TINYBRAIN_TARGET __attribute__((target("avx2")))
#else
#define TINYBRAIN_TARGET
#endif
#define TINYBRAIN_VECTOR_INLINE TINYBRAIN_TARGET TINYBRAIN_FORCE_INLINE
/// Before a loop over a few rows within one over their columns: clang would make four turns of it at a time,
/// of which there are seldom so many.
#if defined(__clang__)
#define TINYBRAIN_FEW_TURNS _Pragma("clang loop unroll(disable)")
#else
#define TINYBRAIN_FEW_TURNS
#endif

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// Makes what this thread streamed visible to those it synchronises with after.
inline void stream_fence() {
#if TINYBRAIN_HAS_VECTORS && defined(__x86_64__)
    __asm__ volatile("sfence" ::: "memory");
#endif
}

/// Asks for rows that will be needed soon, `step` bytes apart, one after another.
inline void prefetch_rows([[maybe_unused]] const std::byte* row, [[maybe_unused]] std::ptrdiff_t step,
                          [[maybe_unused]] std::ptrdiff_t rows, [[maybe_unused]] std::ptrdiff_t bytes) {
#if TINYBRAIN_HAS_VECTORS
    for (; rows > 0; --rows, row += step) {
        for (std::ptrdiff_t byte = 0; byte < bytes; byte += 64) __builtin_prefetch(row + byte);
    }
#endif
}

#if TINYBRAIN_HAS_VECTORS

// A struct around the vector, handed on by reference: clang refuses to pass wide vectors by value between
// functions whose targets differ, and GCC remarks on it.
template <class T, std::size_t Bytes>
struct vec {
    static constexpr std::size_t lanes = Bytes / sizeof(T);
    typedef T native __attribute__((vector_size(Bytes)));
    native v;
};

/// The integer of twice the size, of the same sign.
template <class T>
using twice = std::conditional_t<std::is_signed_v<T>, signed_of<sizeof(T) * 2>, bits_of<sizeof(T) * 2>>;

template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> load(const void* from) {
    vec<T, B> a;
    __builtin_memcpy(&a.v, from, B);
    return a;
}

template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE void store(void* to, const vec<T, B>& a) {
    __builtin_memcpy(to, &a.v, B);
}

/// Stores past the caches, where the machine can; `to` is a multiple of B. Needs stream_fence() before
/// another thread may look.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE void stream(void* to, const vec<T, B>& a) {
    typedef long long whole __attribute__((vector_size(B), may_alias));
    whole bits;
    __builtin_memcpy(&bits, &a.v, B);
#if defined(__clang__)
    __builtin_nontemporal_store(bits, static_cast<whole*>(to));
#elif defined(__x86_64__)
    // The address in a register: a memory operand here makes GCC 12.2 crash now and then.
    if constexpr (B == 16) {
        __asm__ volatile("movntdq %1, (%0)" : : "r"(to), "x"(bits) : "memory");
    } else {
        __asm__ volatile("vmovntdq %1, (%0)" : : "r"(to), "v"(bits) : "memory");
    }
#else
    *static_cast<whole*>(to) = bits;
#endif
}

TINYBRAIN_VECTOR_INLINE void prefetch(const void* address) { __builtin_prefetch(address); }

template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> splat(T value) {
#if defined(__x86_64__) && !defined(__clang__)
    // GCC 12 puts a vector that it has no register for together anew, lane by lane, in the middle of a loop.
    if constexpr (B == 32) {
        if (!__builtin_constant_p(value)) {
            using bits = bits_of<sizeof(T)>;
            const vec<bits, 16> low{{std::bit_cast<bits>(value)}};
            vec<T, B> all;
            if constexpr (sizeof(T) == 1) __asm__("vpbroadcastb %1, %0" : "=v"(all.v) : "v"(low.v));
            if constexpr (sizeof(T) == 2) __asm__("vpbroadcastw %1, %0" : "=v"(all.v) : "v"(low.v));
            if constexpr (sizeof(T) == 4) __asm__("vpbroadcastd %1, %0" : "=v"(all.v) : "v"(low.v));
            if constexpr (sizeof(T) == 8) __asm__("vpbroadcastq %1, %0" : "=v"(all.v) : "v"(low.v));
            return all;
        }
    }
#endif
    // GCC 12 broadcasts an integer of 4 or 8 bytes at once, and all else lane by lane.
    if constexpr (sizeof(T) < 4 && B >= 4) {
        constexpr std::uint32_t ones = sizeof(T) == 1 ? 0x01010101U : 0x00010001U;
        const auto four = static_cast<std::int32_t>(std::bit_cast<bits_of<sizeof(T)>>(value) * ones);
        return {reinterpret_cast<typename vec<T, B>::native>(four - typename vec<std::int32_t, B>::native{})};
    } else {
        using bits = signed_of<sizeof(T)>;
        return {reinterpret_cast<typename vec<T, B>::native>(std::bit_cast<bits>(value) -
                                                             typename vec<bits, B>::native{})};
    }
}

template <class U, class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<U, B> cast(const vec<T, B>& a) {
    return {reinterpret_cast<typename vec<U, B>::native>(a.v)};
}

#if defined(__x86_64__) && !defined(__clang__)
// GCC 12 widens 16 bytes in two halves, and puts these together: four instructions for one. (clang sees it.)
template <class T, std::size_t Times, std::size_t B>
TINYBRAIN_VECTOR_INLINE void widen(const vec<T, B>& a, void* to) {
    typedef long long whole __attribute__((vector_size(32), may_alias));
    whole& wide = *static_cast<whole*>(to);
    typedef long long part __attribute__((vector_size(16)));
    part narrow{};
    __builtin_memcpy(&narrow, &a.v, B);
    constexpr bool is_signed = std::is_signed_v<T>;
    if constexpr (sizeof(T) == 1 && Times == 2) {
        if constexpr (is_signed) __asm__("vpmovsxbw %1, %0" : "=v"(wide) : "v"(narrow));
        if constexpr (!is_signed) __asm__("vpmovzxbw %1, %0" : "=v"(wide) : "v"(narrow));
    } else if constexpr (sizeof(T) == 1 && Times == 4) {
        if constexpr (is_signed) __asm__("vpmovsxbd %1, %0" : "=v"(wide) : "v"(narrow));
        if constexpr (!is_signed) __asm__("vpmovzxbd %1, %0" : "=v"(wide) : "v"(narrow));
    } else if constexpr (sizeof(T) == 1) {
        if constexpr (is_signed) __asm__("vpmovsxbq %1, %0" : "=v"(wide) : "v"(narrow));
        if constexpr (!is_signed) __asm__("vpmovzxbq %1, %0" : "=v"(wide) : "v"(narrow));
    } else if constexpr (sizeof(T) == 2 && Times == 2) {
        if constexpr (is_signed) __asm__("vpmovsxwd %1, %0" : "=v"(wide) : "v"(narrow));
        if constexpr (!is_signed) __asm__("vpmovzxwd %1, %0" : "=v"(wide) : "v"(narrow));
    } else if constexpr (sizeof(T) == 2) {
        if constexpr (is_signed) __asm__("vpmovsxwq %1, %0" : "=v"(wide) : "v"(narrow));
        if constexpr (!is_signed) __asm__("vpmovzxwq %1, %0" : "=v"(wide) : "v"(narrow));
    } else {
        if constexpr (is_signed) __asm__("vpmovsxdq %1, %0" : "=v"(wide) : "v"(narrow));
        if constexpr (!is_signed) __asm__("vpmovzxdq %1, %0" : "=v"(wide) : "v"(narrow));
    }
}
#endif

template <class U>
TINYBRAIN_VECTOR_INLINE vec<U, 8 * sizeof(U)> packed_lanes(const vec<std::int32_t, 32>& a);

/// Lane by lane, to a type of another size: the vector grows or shrinks.
template <class U, class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<U, B / sizeof(T) * sizeof(U)> convert(const vec<T, B>& a) {
    constexpr std::size_t size = B / sizeof(T) * sizeof(U);
#if defined(__x86_64__) && !defined(__clang__)
    // GCC 12 takes these two apart into 16-byte pieces: a fourth of the speed.
    if constexpr (std::is_same_v<T, float> && std::is_same_v<U, double> && size >= 32) {
        vec<U, size> wide;
        __asm__("vcvtps2pd %1, %0" : "=v"(wide.v) : "vm"(a.v));
        return wide;
    } else if constexpr (std::is_same_v<T, double> && std::is_same_v<U, float> && B >= 32) {
        vec<U, size> narrow;
        __asm__("vcvtpd2ps %1, %0" : "=v"(narrow.v) : "v"(a.v));
        return narrow;
    } else if constexpr (std::is_same_v<T, std::int32_t> && std::is_same_v<U, double> && size == 32) {
        vec<U, size> wide;
        __asm__("vcvtdq2pd %1, %0" : "=v"(wide.v) : "v"(a.v));
        return wide;
    } else if constexpr (std::is_integral_v<T> && std::is_integral_v<U> && size == 32 &&
                         sizeof(U) > sizeof(T)) {
        vec<U, size> wide;
        widen<T, sizeof(U) / sizeof(T)>(a, &wide.v);
        return wide;
    } else
#endif
#if defined(__x86_64__)
        if constexpr (std::is_same_v<T, std::int32_t> && std::is_integral_v<U> && B == 32 && sizeof(U) < 4) {
        return packed_lanes<U>(a);
    } else
#endif
    {
        return {__builtin_convertvector(a.v, typename vec<U, size>::native)};
    }
}

template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> operator+(const vec<T, B>& a, const vec<T, B>& b) {
    return {a.v + b.v};
}
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> operator-(const vec<T, B>& a, const vec<T, B>& b) {
    return {a.v - b.v};
}
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> operator*(const vec<T, B>& a, const vec<T, B>& b) {
    return {a.v * b.v};
}
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> operator/(const vec<T, B>& a, const vec<T, B>& b) {
    return {a.v / b.v};
}
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> operator&(const vec<T, B>& a, const vec<T, B>& b) {
    return {a.v & b.v};
}
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> operator|(const vec<T, B>& a, const vec<T, B>& b) {
    return {a.v | b.v};
}
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> operator^(const vec<T, B>& a, const vec<T, B>& b) {
    return {a.v ^ b.v};
}
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> operator>>(const vec<T, B>& a, int bits) {
#if defined(__x86_64__) && defined(__clang__)
    // clang 14 does not see that all lanes are shifted alike, for which alone there is an instruction.
    if constexpr (sizeof(T) == 2 && B == 32) {
        if (!__builtin_constant_p(bits)) {
            vec<T, B> result;
            const vec<std::int64_t, 16> count{typename vec<std::int64_t, 16>::native{bits, 0}};
            if constexpr (std::is_signed_v<T>) {
                __asm__("vpsraw %2, %1, %0" : "=x"(result.v) : "x"(a.v), "x"(count.v));
            } else {
                __asm__("vpsrlw %2, %1, %0" : "=x"(result.v) : "x"(a.v), "x"(count.v));
            }
            return result;
        }
    }
#endif
    return {a.v >> bits};
}
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> operator<<(const vec<T, B>& a, int bits) {
    return {a.v << bits};
}

/// A mask has all bits set in the lanes where a comparison holds.
template <class T, std::size_t B>
using mask = vec<signed_of<sizeof(T)>, B>;

template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE mask<T, B> operator==(const vec<T, B>& a, const vec<T, B>& b) {
    return {reinterpret_cast<typename mask<T, B>::native>(a.v == b.v)};
}
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE mask<T, B> operator<(const vec<T, B>& a, const vec<T, B>& b) {
    return {reinterpret_cast<typename mask<T, B>::native>(a.v < b.v)};
}

/// The same mask, taken for bits: GCC 12 makes blends of what is done with a comparison, three operations
/// each.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> as_bits(vec<T, B> m) {
#if defined(__x86_64__)
    __asm__("" : "+x"(m.v));
#else
    __asm__("" : "+w"(m.v));
#endif
    return m;
}

/// yes where the mask is set, else no.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> select(const mask<T, B>& m, const vec<T, B>& yes, const vec<T, B>& no) {
    return {m.v ? yes.v : no.v};
}

/// Lane by lane, the smaller and the larger of numbers that are no NaN.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> smaller(const vec<T, B>& a, const vec<T, B>& b) {
#if defined(__x86_64__) && !defined(__clang__)
    // GCC 12 makes a subtraction, a comparison and a blend of it.
    if constexpr (std::is_integral_v<T> && sizeof(T) <= 4 && B == 32) {
        vec<T, B> result;
        if constexpr (std::is_same_v<T, std::uint8_t>)
            __asm__("vpminub %2, %1, %0" : "=v"(result.v) : "v"(a.v), "v"(b.v));
        if constexpr (std::is_same_v<T, std::int8_t>)
            __asm__("vpminsb %2, %1, %0" : "=v"(result.v) : "v"(a.v), "v"(b.v));
        if constexpr (std::is_same_v<T, std::uint16_t>)
            __asm__("vpminuw %2, %1, %0" : "=v"(result.v) : "v"(a.v), "v"(b.v));
        if constexpr (std::is_same_v<T, std::int16_t>)
            __asm__("vpminsw %2, %1, %0" : "=v"(result.v) : "v"(a.v), "v"(b.v));
        if constexpr (std::is_same_v<T, std::uint32_t>)
            __asm__("vpminud %2, %1, %0" : "=v"(result.v) : "v"(a.v), "v"(b.v));
        if constexpr (std::is_same_v<T, std::int32_t>)
            __asm__("vpminsd %2, %1, %0" : "=v"(result.v) : "v"(a.v), "v"(b.v));
        return result;
    } else
#endif
    {
        return select(a < b, a, b);
    }
}
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> larger(const vec<T, B>& a, const vec<T, B>& b) {
#if defined(__x86_64__) && !defined(__clang__)
    if constexpr (std::is_integral_v<T> && sizeof(T) <= 4 && B == 32) {
        vec<T, B> result;
        if constexpr (std::is_same_v<T, std::uint8_t>)
            __asm__("vpmaxub %2, %1, %0" : "=v"(result.v) : "v"(a.v), "v"(b.v));
        if constexpr (std::is_same_v<T, std::int8_t>)
            __asm__("vpmaxsb %2, %1, %0" : "=v"(result.v) : "v"(a.v), "v"(b.v));
        if constexpr (std::is_same_v<T, std::uint16_t>)
            __asm__("vpmaxuw %2, %1, %0" : "=v"(result.v) : "v"(a.v), "v"(b.v));
        if constexpr (std::is_same_v<T, std::int16_t>)
            __asm__("vpmaxsw %2, %1, %0" : "=v"(result.v) : "v"(a.v), "v"(b.v));
        if constexpr (std::is_same_v<T, std::uint32_t>)
            __asm__("vpmaxud %2, %1, %0" : "=v"(result.v) : "v"(a.v), "v"(b.v));
        if constexpr (std::is_same_v<T, std::int32_t>)
            __asm__("vpmaxsd %2, %1, %0" : "=v"(result.v) : "v"(a.v), "v"(b.v));
        return result;
    } else
#endif
    {
        return select(a < b, b, a);
    }
}

/// Which NaN an operation gives differs by machine; after this it is the same everywhere. Of integers there
/// is none.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> with_one_nan(const vec<T, B>& a) {
    if constexpr (std::is_floating_point_v<T>) {
        return select(a == a, a, splat<T, B>(std::numeric_limits<T>::quiet_NaN()));
    } else {
        return a;
    }
}

/// Lanes 0, 2, 4 ... of a, then of b.
template <class T, std::size_t B, std::size_t... I>
TINYBRAIN_VECTOR_INLINE vec<T, B> even_lanes(const vec<T, B>& a, const vec<T, B>& b,
                                             std::index_sequence<I...>) {
    return {__builtin_shufflevector(a.v, b.v, (2 * I)...)};
}

/// Lanes of 8 bytes 0, 2, 4 ..., then 1, 3, 5 ...: puts right what instructions give that work in blocks of
/// 16 bytes.
template <class T, std::size_t B, std::size_t... I>
TINYBRAIN_VECTOR_INLINE vec<T, B> merge_blocks(const vec<T, B>& a, std::index_sequence<I...>) {
    constexpr std::size_t half = B / 16;
    const auto words = cast<std::uint64_t>(a);
    return cast<T>(vec<std::uint64_t, B>{
        __builtin_shufflevector(words.v, words.v, (I < half ? 2 * I : 2 * (I - half) + 1)...)});
}

/// All lanes of a, then of b, halved in size; each fits, as U has the sign of T.
template <class U, class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<U, B> narrow(const vec<T, B>& a, const vec<T, B>& b) {
    static_assert(sizeof(T) == 2 * sizeof(U));
#if defined(__x86_64__)
    // The compilers make four to eight instructions of the shuffle, for they cannot know that the lanes fit.
    if constexpr (B >= 32 && sizeof(U) <= 2) {
        vec<U, B> packed;
        if constexpr (std::is_same_v<U, std::uint8_t>) {
            __asm__("vpackuswb %2, %1, %0" : "=v"(packed.v) : "v"(a.v), "v"(b.v));
        } else if constexpr (std::is_same_v<U, std::int8_t>) {
            __asm__("vpacksswb %2, %1, %0" : "=v"(packed.v) : "v"(a.v), "v"(b.v));
        } else if constexpr (std::is_same_v<U, std::uint16_t>) {
            __asm__("vpackusdw %2, %1, %0" : "=v"(packed.v) : "v"(a.v), "v"(b.v));
        } else {
            __asm__("vpackssdw %2, %1, %0" : "=v"(packed.v) : "v"(a.v), "v"(b.v));
        }
        return merge_blocks(packed, std::make_index_sequence<B / 8>{});
    } else
#endif
    {
        return even_lanes(cast<U>(a), cast<U>(b), std::make_index_sequence<B / sizeof(U)>{});
    }
}

/// The high halves of the products of unsigned lanes.
template <std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<std::uint16_t, B> multiply_high(const vec<std::uint16_t, B>& a,
                                                            const vec<std::uint16_t, B>& b) {
#if defined(__x86_64__)
    vec<std::uint16_t, B> high;
    __asm__("vpmulhuw %2, %1, %0" : "=x"(high.v) : "x"(a.v), "x"(b.v));
    return high;
#else
    return convert<std::uint16_t>((convert<std::uint32_t>(a) * convert<std::uint32_t>(b)) >> 16);
#endif
}

#if defined(__x86_64__)
/// Lanes that fit a smaller type, as that.
template <class U>
TINYBRAIN_VECTOR_INLINE vec<U, 8 * sizeof(U)> packed_lanes(const vec<std::int32_t, 32>& a) {
    vec<std::int16_t, 32> two_bytes;
    if constexpr (std::is_same_v<U, std::uint16_t>) {
        __asm__("vpackusdw %1, %1, %0" : "=v"(two_bytes.v) : "v"(a.v));
    } else {
        __asm__("vpackssdw %1, %1, %0" : "=v"(two_bytes.v) : "v"(a.v));
    }
    const auto bits = cast<std::uint64_t>(two_bytes);
    const vec<std::uint64_t, 16> low{__builtin_shufflevector(bits.v, bits.v, 0, 2)};
    if constexpr (sizeof(U) == 2) {
        return cast<U>(low);
    } else {
        vec<std::uint64_t, 16> one_byte;
        if constexpr (std::is_signed_v<U>) {
            __asm__("vpacksswb %1, %1, %0" : "=v"(one_byte.v) : "v"(low.v));
        } else {
            __asm__("vpackuswb %1, %1, %0" : "=v"(one_byte.v) : "v"(low.v));
        }
        vec<U, 8> result;
        __builtin_memcpy(&result.v, &one_byte.v, 8);
        return result;
    }
}
#endif

/// Of each pair of neighbours the first, as a lane of twice the size.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<twice<T>, B> firsts(const vec<T, B>& a) {
    constexpr int bits = int{8 * sizeof(T)};
    using W = twice<T>;
    if constexpr (std::is_signed_v<T>) {
        return (cast<W>(a) << bits) >> bits;
    } else {
        return cast<W>(a) & splat<W, B>(static_cast<W>(static_cast<T>(~T{0})));
    }
}
/// Of each pair of neighbours the second, as a lane of twice the size.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<twice<T>, B> seconds_of(const vec<T, B>& a) {
    constexpr int bits = int{8 * sizeof(T)};
    return cast<twice<T>>(a) >> bits;
}

/// The sums of pairs of neighbours, as lanes of twice the size.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<twice<T>, B> pair_sums(const vec<T, B>& a) {
#if defined(__x86_64__)
    // One multiplication by ones does it, where there is one for the type.
    if constexpr (sizeof(T) == 1) {
        vec<twice<T>, B> sums;
        const auto ones = splat<std::int8_t, B>(1);
        if constexpr (std::is_signed_v<T>) {
            __asm__("vpmaddubsw %2, %1, %0" : "=x"(sums.v) : "x"(ones.v), "x"(a.v));
        } else {
            __asm__("vpmaddubsw %2, %1, %0" : "=x"(sums.v) : "x"(a.v), "x"(ones.v));
        }
        return sums;
    } else if constexpr (std::is_same_v<T, std::int16_t>) {
        vec<twice<T>, B> sums;
        const auto ones = splat<std::int16_t, B>(1);
        __asm__("vpmaddwd %2, %1, %0" : "=x"(sums.v) : "x"(a.v), "x"(ones.v));
        return sums;
    } else
#endif
    {
        return firsts(a) + seconds_of(a);
    }
}

template <std::size_t Half, class T, std::size_t B, std::size_t... I>
TINYBRAIN_VECTOR_INLINE vec<T, B / 2> half(const vec<T, B>& a, std::index_sequence<I...>) {
    return {__builtin_shufflevector(a.v, a.v, (I + Half * sizeof...(I))...)};
}
template <std::size_t Half, class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B / 2> half(const vec<T, B>& a) {
    return half<Half>(a, std::make_index_sequence<B / 2 / sizeof(T)>{});
}
/// Whether any bit is set.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE bool any(const vec<T, B>& a) {
    const auto words = cast<std::uint64_t>(a);
#if defined(__x86_64__)
    if constexpr (B == 32) {
        bool set;
        __asm__("vptest %1, %1" : "=@ccnz"(set) : "x"(a.v));
        return set;
    } else
#endif
        if constexpr (B > 16) {
        return any(half<0>(words) | half<1>(words));
    } else {
        return (words.v[0] | words.v[1]) != 0;
    }
}

template <class T, std::size_t B, std::size_t... I>
TINYBRAIN_VECTOR_INLINE vec<T, 2 * B> concatenated(const vec<T, B>& a, const vec<T, B>& b,
                                                   std::index_sequence<I...>) {
    return {__builtin_shufflevector(a.v, b.v, I...)};
}
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, 2 * B> concatenated(const vec<T, B>& a, const vec<T, B>& b) {
    return concatenated(a, b, std::make_index_sequence<2 * B / sizeof(T)>{});
}

template <std::size_t B>
TINYBRAIN_VECTOR_INLINE std::int32_t sum_of_lanes(const vec<std::int32_t, B>& a) {
    if constexpr (B > 16) {
        return sum_of_lanes(half<0>(a) + half<1>(a));
    } else {
        const auto pairs = cast<std::uint64_t>(a);
        const std::uint64_t two = pairs.v[0] + pairs.v[1];  // carries what the last line cuts off
        return static_cast<std::int32_t>(static_cast<std::uint32_t>(two) +
                                         static_cast<std::uint32_t>(two >> 32));
    }
}

struct equals {
    template <class T, std::size_t B>
    TINYBRAIN_VECTOR_INLINE mask<T, B> operator()(const vec<T, B>& a, const vec<T, B>& b) const {
        return a == b;
    }
};
/// Of the first, which alone is looked at.
struct is_number {
    template <class T, std::size_t B>
    TINYBRAIN_VECTOR_INLINE mask<T, B> operator()(const vec<T, B>& a, const vec<T, B>&) const {
        return a == a;
    }
};
#if defined(__x86_64__) && !defined(__clang__)
/// The highest bit of each lane of 4 or 8 bytes.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE std::uint64_t high_bits(const vec<T, B>& a) {
    std::uint64_t bits = 0;
    if constexpr (sizeof(T) == 4) {
        __asm__("vmovmskps %1, %k0" : "=r"(bits) : "x"(a.v));
    } else {
        __asm__("vmovmskpd %1, %k0" : "=r"(bits) : "x"(a.v));
    }
    return bits;
}
template <class T, std::size_t B, class Holds, std::size_t... I>
TINYBRAIN_VECTOR_INLINE std::uint64_t which_of_vectors(const T* element, const vec<T, B>& value,
                                                       const Holds& holds, std::index_sequence<I...>) {
    constexpr std::size_t lanes = B / sizeof(T);
    return ((high_bits(holds(load<T, B>(element + I * lanes), value)) << (I * lanes)) | ...);
}
#endif
/// Which of 16 elements make holds(element, value) true, the first in the lowest bit.
template <std::size_t B, class Holds, class T>
TINYBRAIN_VECTOR_INLINE std::uint64_t which_of_16(const T* element, T value, const Holds& holds) {
#if defined(__x86_64__) && !defined(__clang__)
    // GCC 12 takes the conversion below from 4 or 8 bytes to one apart, lane by lane.
    if constexpr (sizeof(T) >= 4) {
        return which_of_vectors(element, splat<T, B>(value), holds,
                                std::make_index_sequence<16 * sizeof(T) / B>{});
    } else
#endif
    {
        constexpr std::size_t bytes = 16 * sizeof(T);
        const auto m = convert<std::int8_t>(holds(load<T, bytes>(element), splat<T, bytes>(value)));
#if defined(__x86_64__)
        return static_cast<std::uint64_t>(static_cast<unsigned>(
            __builtin_ia32_pmovmskb128(reinterpret_cast<typename vec<char, 16>::native>(m.v))));
#else
        std::uint64_t bits = 0;
        for (int i = 0; i < 16; ++i) bits |= (static_cast<std::uint64_t>(m.v[i]) & 1) << i;
        return bits;
#endif
    }
}

/// Lanes Offset, Offset + 2 ... of each 16 bytes of a, then of the same 16 bytes of b.
template <std::size_t Offset, class T, std::size_t B, std::size_t... I>
TINYBRAIN_VECTOR_INLINE vec<T, B> seconds_in_blocks(const vec<T, B>& a, const vec<T, B>& b,
                                                    std::index_sequence<I...>) {
    constexpr std::size_t block = 16 / sizeof(T);
    constexpr std::size_t lanes = B / sizeof(T);
    // GCC 12 finds the one shuffle that does it for 4 bytes if they are floats; else it makes three.
    using lane = std::conditional_t<sizeof(T) == 4, float, T>;
    const auto x = cast<lane>(a);
    const auto y = cast<lane>(b);
    return cast<T>(vec<lane, B>{__builtin_shufflevector(
        x.v, y.v,
        (I / block * block + (I % block < block / 2 ? 2 * (I % block) : lanes + 2 * (I % block - block / 2)) +
         Offset)...)});
}

/// In each 16 bytes the even lanes before the odd ones.
template <class T, std::size_t B, std::size_t... I>
TINYBRAIN_VECTOR_INLINE vec<std::uint64_t, B> evens_then_odds(const vec<T, B>& a, std::index_sequence<I...>) {
    constexpr std::size_t block = 16 / sizeof(T);
    return cast<std::uint64_t>(vec<T, B>{__builtin_shufflevector(
        a.v, a.v, (I / block * block + I % block * 2 % block + I % block * 2 / block)...)});
}

/// Lanes Offset, Offset + 2 ... of each 16 bytes of a, then of the same 16 of b.
template <std::size_t Offset, class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> split_in_blocks(const vec<T, B>& a, const vec<T, B>& b) {
    constexpr auto lanes = std::make_index_sequence<B / sizeof(T)>{};
    if constexpr (sizeof(T) >= 4 || B == 16) {
        return seconds_in_blocks<Offset>(a, b, lanes);
    } else {
        // AVX2 has no such shuffle of small lanes: one of each for the even and the odd ones.
        return cast<T>(seconds_in_blocks<Offset>(evens_then_odds(a, lanes), evens_then_odds(b, lanes),
                                                 std::make_index_sequence<B / 8>{}));
    }
}

/// Lanes 0, 2, 4 ... of a and of b, in the order that instructions give them: of each 16 bytes of a, then of
/// the same of b. merge_blocks() puts them right.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> even_in_blocks(const vec<T, B>& a, const vec<T, B>& b) {
    return split_in_blocks<0>(a, b);
}
/// The same of lanes 1, 3, 5 ...
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> odd_in_blocks(const vec<T, B>& a, const vec<T, B>& b) {
    return split_in_blocks<1>(a, b);
}

/// merge(lane 2i, lane 2i + 1) of a, then of b: the order is put right once, after merging.
template <class T, std::size_t B, class Merge>
TINYBRAIN_VECTOR_INLINE vec<T, B> merge_neighbours(const vec<T, B>& a, const vec<T, B>& b,
                                                   const Merge& merge) {
    return merge_blocks(merge(even_in_blocks(a, b), odd_in_blocks(a, b)), std::make_index_sequence<B / 8>{});
}

/// a, which is zero there, with the wanted bytes of b.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> with_bytes(const vec<T, B>& a, const vec<T, B>& b,
                                             const vec<std::uint8_t, B>& wanted) {
    return cast<T>(cast<std::uint8_t>(a) | (cast<std::uint8_t>(b) & wanted));
}

/// An order of the bytes of a vector, known at run time: out[i] = in[byte[i]].
template <std::size_t B>
struct byte_order {
    // For the half of a vector where a byte is, and for the other one; 0x80 where it is in neither.
    alignas(32) std::uint8_t here[B]{};
    alignas(32) std::uint8_t there[B]{};

    constexpr void set(std::size_t to, std::size_t from) {
        const bool same = to / 16 == from / 16;
        here[to] = same ? static_cast<std::uint8_t>(from % 16) : 0x80;
        there[to] = same ? 0x80 : static_cast<std::uint8_t>(from % 16);
    }
};
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> reordered(const vec<T, B>& a, const byte_order<B>& order) {
    const auto here = load<std::uint8_t, B>(order.here);
    vec<std::uint8_t, B> result;
#if defined(__x86_64__)
    static_assert(B == 32);
    const auto there = load<std::uint8_t, B>(order.there);
    const auto halves = cast<std::uint64_t>(a);
    const vec<std::uint64_t, B> swapped{__builtin_shufflevector(halves.v, halves.v, 2, 3, 0, 1)};
    vec<std::uint8_t, B> others;
    __asm__("vpshufb %2, %1, %0" : "=x"(result.v) : "x"(a.v), "x"(here.v));
    __asm__("vpshufb %2, %1, %0" : "=x"(others.v) : "x"(swapped.v), "x"(there.v));
    result = result | others;
#else
    __asm__("tbl %0.16b, {%1.16b}, %2.16b" : "=w"(result.v) : "w"(a.v), "w"(here.v));
#endif
    return cast<T>(result);
}

/// In each 16 bytes out[i] = a[from[i]], and 0 where from[i] is 0x80 or more.
template <std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<std::uint8_t, B> shuffled(const vec<std::uint8_t, B>& a,
                                                      const vec<std::uint8_t, B>& from) {
    vec<std::uint8_t, B> result;
#if defined(__x86_64__)
    __asm__("vpshufb %2, %1, %0" : "=x"(result.v) : "x"(a.v), "x"(from.v));
#else
    __asm__("tbl %0.16b, {%1.16b}, %2.16b" : "=w"(result.v) : "w"(a.v), "w"(from.v));
#endif
    return result;
}

template <std::size_t B, class T, std::size_t... I>
TINYBRAIN_VECTOR_INLINE vec<T, B> repeated(const vec<T, 16>& a, std::index_sequence<I...>) {
    return {__builtin_shufflevector(a.v, a.v, (I % (16 / sizeof(T)))...)};
}
/// table[lane - 1], for lanes from 1 to 8, and 0 for 0.
template <std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<std::uint16_t, B> looked_up(const std::uint16_t* table,
                                                        const vec<std::uint16_t, B>& lane) {
    const auto entries = repeated<B>(load<std::uint8_t, 16>(table), std::make_index_sequence<B>{});
    // Both bytes of an entry; a place of 0x80 and more holds 0.
    const auto from = lane * splat<std::uint16_t, B>(0x0202) - splat<std::uint16_t, B>(0x0102);
    return cast<std::uint16_t>(shuffled(entries, cast<std::uint8_t>(from)));
}

struct plus {
    template <class T, std::size_t B>
    TINYBRAIN_VECTOR_INLINE vec<T, B> operator()(const vec<T, B>& a, const vec<T, B>& b) const {
        return a + b;
    }
};
/// The sums of pairs of neighbours, of a, then of b.
template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<T, B> neighbour_sums(const vec<T, B>& a, const vec<T, B>& b) {
    return merge_neighbours(a, b, plus{});
}

#endif

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END
