// SPDX-License-Identifier: BSL-1.0
// Every vector operation that kernels use, for every lane type, against a loop over the lanes.
#include <tinybrain/detail/simd/dispatch.hpp>
#include <tinybrain/detail/simd/vec.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "dice.hpp"
#include "forced_level.hpp"

#if TINYBRAIN_HAS_VECTORS

namespace {

using namespace tinybrain::detail::simd;
using testing::dice;
using tinybrain::detail::bits_of;
using tinybrain::detail::signed_of;

constexpr std::size_t room = 16 * 8;  // bytes, of the longest operand: sixteen lanes of eight bytes

// What an operation gets: three operands, a number, and room for a result.
struct operands {
    alignas(64) std::array<std::byte, room> in[3];
    int number = 0;
    std::byte* out = nullptr;
};

// Operation::make<B>(operands), compiled into a function that carries the target attribute.
template <class Operation>
struct kernel {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void run(const Arguments& a) {
        Operation::template make<B>(a);
    }
};

template <class T>
T lane(const std::array<std::byte, room>& from, std::size_t i) {
    T value;
    std::memcpy(&value, from.data() + i * sizeof(T), sizeof value);
    return value;
}

template <class T>
T random_lane(dice& d) {
    using limits = std::numeric_limits<T>;
    if constexpr (std::is_floating_point_v<T>) {
        if (d.chance(25))
            return d.one_of<T>({T(0), -T(0), limits::quiet_NaN(), -limits::quiet_NaN(), limits::infinity(),
                                -limits::infinity(), limits::max(), limits::lowest(), limits::denorm_min(),
                                limits::min()});
        if (d.chance(30)) return static_cast<T>(d.between(-3, 3));
        return std::ldexp(static_cast<T>(d.between(-0xffffff, 0xffffff)),
                          static_cast<int>(d.between(-40, 40)));
    } else {
        if (d.chance(25))
            return d.one_of<T>({T{0}, T{1}, static_cast<T>(-1), limits::max(), limits::min(),
                                static_cast<T>(limits::max() - 1), static_cast<T>(limits::min() + 1)});
        return d.chance(30) ? static_cast<T>(d.between(0, 3)) : static_cast<T>(d.bits());
    }
}

template <class T>
void fill(dice& d, operands& a) {
    for (auto& in : a.in) {
        for (std::size_t i = 0; i < room / sizeof(T); ++i) {
            // Lanes that are equal in two operands are rare otherwise.
            const T value = d.chance(20) ? lane<T>(a.in[0], i) : random_lane<T>(d);
            std::memcpy(in.data() + i * sizeof(T), &value, sizeof value);
        }
    }
}

// Two values that are the same for whoever looks at bits; all NaNs are one, unless they must not be.
template <class T>
bool same(T a, T b) {
    if constexpr (std::is_floating_point_v<T>)
        if (a != a) return b != b;
    return std::memcmp(&a, &b, sizeof a) == 0;
}

// Runs an operation on random operands and compares lane i of its result with expected(operands, i).
template <class Operation, class T, class Out, class Expected>
void compare(const char* name, std::size_t lanes, const Expected& expected) {
    if (!has_vectors()) return;
    dice d(testing::mixed(testing::seed(),
                          sizeof(T) * 8 + std::is_signed_v<T> * 2 + std::is_floating_point_v<T>));
    for (int round = 0; round < 200; ++round) {
        operands a{};
        fill<T>(d, a);
        a.number = static_cast<int>(d.between(0, static_cast<tinybrain::index_t>(8 * sizeof(T)) - 1));
        alignas(64) std::array<std::byte, 2 * room> out;
        out.fill(std::byte{0xa5});
        a.out = out.data();
        run<kernel<Operation>>(a);
        INFO(name << " of lanes of " << sizeof(T) << " bytes, signed " << std::is_signed_v<T> << ", real "
                  << std::is_floating_point_v<T>);
        for (std::size_t i = 0; i < lanes; ++i) {
            Out got;
            std::memcpy(&got, out.data() + i * sizeof(Out), sizeof got);
            const Out want = expected(a, i);
            INFO("lane " << i << ": expected " << +want << ", got " << +got);
            REQUIRE(same(want, got));
        }
        const auto written = static_cast<std::ptrdiff_t>(lanes * sizeof(Out));
        REQUIRE(
            std::all_of(out.begin() + written, out.end(), [](std::byte b) { return b == std::byte{0xa5}; }));
    }
}

template <class T>
constexpr std::size_t lanes_of = vector_bytes / sizeof(T);

// ---- lane by lane, of two operands

template <class T, class Function>
T on_integers(T x, T y, const Function& f) {
    return static_cast<T>(f(static_cast<std::uint64_t>(x), static_cast<std::uint64_t>(y)));
}

#define LANE_BY_LANE(name, of_vectors, of_numbers)                                                   \
    template <class T>                                                                               \
    struct name {                                                                                    \
        template <std::size_t B, class Arguments>                                                    \
        TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {                               \
            const auto x = load<T, B>(a.in[0].data());                                               \
            const auto y = load<T, B>(a.in[1].data());                                               \
            const auto z = load<T, B>(a.in[2].data());                                               \
            const int n = a.number;                                                                  \
            static_cast<void>(x), static_cast<void>(y), static_cast<void>(z), static_cast<void>(n);  \
            store(a.out, of_vectors);                                                                \
        }                                                                                            \
        static T one(T x, T y, T z, int n) {                                                         \
            static_cast<void>(x), static_cast<void>(y), static_cast<void>(z), static_cast<void>(n);  \
            return static_cast<T>(of_numbers);                                                       \
        }                                                                                            \
        static void check() {                                                                        \
            compare<name<T>, T, T>(#name, lanes_of<T>, [](const operands& a, std::size_t i) {        \
                return one(lane<T>(a.in[0], i), lane<T>(a.in[1], i), lane<T>(a.in[2], i), a.number); \
            });                                                                                      \
        }                                                                                            \
    };

template <class T>
T sum_of(T x, T y) {
    if constexpr (std::is_floating_point_v<T>) return x + y;
    return on_integers(x, y, [](auto a, auto b) { return a + b; });
}
template <class T>
T difference_of(T x, T y) {
    if constexpr (std::is_floating_point_v<T>) return x - y;
    return on_integers(x, y, [](auto a, auto b) { return a - b; });
}
// All bits of a lane, or none.
template <class T>
T mask_lane(bool holds) {
    using bits = bits_of<sizeof(T)>;
    return std::bit_cast<T>(static_cast<bits>(holds ? ~bits{0} : bits{0}));
}

LANE_BY_LANE(loaded, x, x)
LANE_BY_LANE(added, x + y, sum_of(x, y))
LANE_BY_LANE(subtracted, x - y, difference_of(x, y))
LANE_BY_LANE(multiplied, x* y, x* y)
LANE_BY_LANE(divided, x / y, x / y)
LANE_BY_LANE(both, x& y, x& y)
LANE_BY_LANE(either, x | y, x | y)
LANE_BY_LANE(one_of_both, x ^ y, x ^ y)
LANE_BY_LANE(shifted_right, x >> n, x >> n)
LANE_BY_LANE(shifted_left, x << n, on_integers(x, T{0}, [&](auto a, auto) { return a << n; }))
LANE_BY_LANE(equal, cast<T>(cast<bits_of<sizeof(T)>>(x == y)), mask_lane<T>(x == y))
LANE_BY_LANE(less, cast<T>(cast<bits_of<sizeof(T)>>(x < y)), mask_lane<T>(x < y))
LANE_BY_LANE(selected, select(x < y, y, z), x < y ? y : z)
LANE_BY_LANE(splatted, (splat<T, B>(T(3)) + splat<T, B>(std::numeric_limits<T>::lowest())),
             sum_of(T(3), std::numeric_limits<T>::lowest()))
LANE_BY_LANE(number_of_both, select(is_number{}(x, y), x, y), x == x ? x : y)

// A mask is integers, whose bits a float would not compare.
template <class T>
struct bits_of_masks {
    using bits = bits_of<sizeof(T)>;
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        const auto x = load<T, B>(a.in[0].data());
        const auto y = load<T, B>(a.in[1].data());
        store(a.out, cast<bits>(x == y) ^ (cast<bits>(x < y) >> 1));
    }
    static void check() {
        compare<bits_of_masks, T, bits>("masks", lanes_of<T>, [](const operands& a, std::size_t i) {
            const T x = lane<T>(a.in[0], i), y = lane<T>(a.in[1], i);
            const bits all = static_cast<bits>(~bits{0});
            return static_cast<bits>((x == y ? all : bits{0}) ^
                                     (x < y ? static_cast<bits>(all >> 1) : bits{0}));
        });
    }
};

// Exactly one NaN, to the bit.
template <class T>
struct one_nan {
    using bits = bits_of<sizeof(T)>;
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        store(a.out, with_one_nan(load<T, B>(a.in[0].data())));
    }
    static void check() {
        compare<one_nan, T, bits>("with_one_nan", lanes_of<T>, [](const operands& a, std::size_t i) {
            const T x = lane<T>(a.in[0], i);
            return std::bit_cast<bits>(x == x ? x : std::numeric_limits<T>::quiet_NaN());
        });
    }
};

// Stores past the caches, to the start of a line and to half of one.
template <class T>
struct streamed {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        prefetch(a.in[0].data());
        stream(a.out, load<T, B>(a.in[0].data()));
        stream(a.out + B, load<T, B>(a.in[1].data()));
        stream_fence();
    }
    static void check() {
        compare<streamed, T, T>("stream", 2 * lanes_of<T>, [](const operands& a, std::size_t i) {
            return lane<T>(a.in[i / lanes_of<T>], i % lanes_of<T>);
        });
    }
};

// ---- neighbours

// Lane i of the operands 0 and 1, one after the other.
template <class T>
T of_two(const operands& a, std::size_t i) {
    return lane<T>(a.in[i / lanes_of<T>], i % lanes_of<T>);
}

template <class T, int Offset>
struct every_second_lane {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        const auto x = load<T, B>(a.in[0].data());
        const auto y = load<T, B>(a.in[1].data());
        constexpr auto blocks = std::make_index_sequence<B / 8>{};
        if constexpr (Offset == 0) store(a.out, merge_blocks(even_in_blocks(x, y), blocks));
        if constexpr (Offset == 1) store(a.out, merge_blocks(odd_in_blocks(x, y), blocks));
    }
    static void check() {
        compare<every_second_lane, T, T>(
            "even and odd lanes", lanes_of<T>,
            [](const operands& a, std::size_t i) { return of_two<T>(a, 2 * i + Offset); });
    }
};

template <class T>
struct summed_neighbours {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        store(a.out, neighbour_sums(load<T, B>(a.in[0].data()), load<T, B>(a.in[1].data())));
    }
    static void check() {
        compare<summed_neighbours, T, T>("neighbour_sums", lanes_of<T>, [](const operands& a, std::size_t i) {
            return sum_of(of_two<T>(a, 2 * i), of_two<T>(a, 2 * i + 1));
        });
    }
};

// The lower of two neighbours: an operation that does not forgive a lane in the wrong place.
struct lower {
    template <class T, std::size_t B>
    TINYBRAIN_VECTOR_INLINE vec<T, B> operator()(const vec<T, B>& a, const vec<T, B>& b) const {
        return select(a < b, a, b);
    }
};
template <class T>
struct merged_neighbours {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        store(a.out, merge_neighbours(load<T, B>(a.in[0].data()), load<T, B>(a.in[1].data()), lower{}));
    }
    static void check() {
        compare<merged_neighbours, T, T>("merge_neighbours", lanes_of<T>,
                                         [](const operands& a, std::size_t i) {
                                             const T x = of_two<T>(a, 2 * i), y = of_two<T>(a, 2 * i + 1);
                                             return x < y ? x : y;
                                         });
    }
};

template <class T>
struct summed_pairs {
    using sum = twice<T>;
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        store(a.out, pair_sums(load<T, B>(a.in[0].data())));
    }
    static void check() {
        compare<summed_pairs, T, sum>("pair_sums", lanes_of<sum>, [](const operands& a, std::size_t i) {
            return static_cast<sum>(sum{lane<T>(a.in[0], 2 * i)} + sum{lane<T>(a.in[0], 2 * i + 1)});
        });
    }
};

struct multiplied_high {
    using lane_type = std::uint16_t;
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        store(a.out, multiply_high(load<lane_type, B>(a.in[0].data()), load<lane_type, B>(a.in[1].data())));
    }
    static void check() {
        compare<multiplied_high, lane_type, lane_type>(
            "multiply_high", lanes_of<lane_type>, [](const operands& a, std::size_t i) {
                const std::uint32_t x = lane<lane_type>(a.in[0], i), y = lane<lane_type>(a.in[1], i);
                return static_cast<lane_type>(x * y >> 16);
            });
    }
};

// In a table of eight, by numbers from 1 on; 0 stands for none.
struct found_in_table {
    using lane_type = std::uint16_t;
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        const auto x = load<lane_type, B>(a.in[0].data());
        const auto number = (x & splat<lane_type, B>(7)) + ((x >> 3) & splat<lane_type, B>(1));  // 0 ... 8
        store(a.out, looked_up<B>(reinterpret_cast<const lane_type*>(a.in[1].data()), number));
    }
    static void check() {
        compare<found_in_table, lane_type, lane_type>(
            "looked_up", lanes_of<lane_type>, [](const operands& a, std::size_t i) {
                const lane_type x = lane<lane_type>(a.in[0], i);
                const std::size_t number = std::size_t{x & 7U} + (x >> 3 & 1U);
                return number == 0 ? lane_type{0} : lane<lane_type>(a.in[1], number - 1);
            });
    }
};

// ---- to other sizes

template <class T>
struct halves {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        const auto x = load<T, B>(a.in[0].data());
        store(a.out, concatenated(half<1>(x), half<0>(x)));
    }
    static void check() {
        constexpr std::size_t n = lanes_of<T>;
        compare<halves, T, T>("half, concatenated", n, [](const operands& a, std::size_t i) {
            return lane<T>(a.in[0], (i + n / 2) % n);
        });
    }
};

// A number of type T that U has too.
template <class U, class T>
T fitting(T x) {
    if constexpr (std::is_integral_v<T> && std::is_integral_v<U>) return static_cast<T>(static_cast<U>(x));
    return x;
}

// As many lanes as the larger type has in a vector.
template <class T, class U>
struct converted_lanes {
    static constexpr std::size_t lanes = vector_bytes / std::max(sizeof(T), sizeof(U));
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        auto x = load<T, lanes * sizeof(T)>(a.in[0].data());
        const auto converted = convert<U>(x);
        __builtin_memcpy(a.out, &converted.v, sizeof converted.v);
    }
    static void check() {
        if (!has_vectors()) return;
        dice d(testing::mixed(testing::seed(), sizeof(T) * 16 + sizeof(U)));
        for (int round = 0; round < 300; ++round) {
            operands a{};
            std::array<T, lanes> from;
            for (T& x : from) x = fitting<U>(random_lane<T>(d));
            std::memcpy(a.in[0].data(), from.data(), sizeof from);
            alignas(64) std::array<U, lanes> got;
            a.out = reinterpret_cast<std::byte*>(got.data());
            run<kernel<converted_lanes>>(a);
            INFO("convert from " << sizeof(T) << " bytes, signed " << std::is_signed_v<T> << ", to "
                                 << sizeof(U) << ", signed " << std::is_signed_v<U>);
            for (std::size_t i = 0; i < lanes; ++i) {
                INFO("lane " << i << " of " << +from[i]);
                REQUIRE(same(static_cast<U>(from[i]), got[i]));
            }
        }
    }
};

template <class U, class T>
struct narrowed {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        store(a.out, narrow<U>(load<T, B>(a.in[0].data()), load<T, B>(a.in[1].data())));
    }
    static void check() {
        if (!has_vectors()) return;
        dice d(testing::mixed(testing::seed(), sizeof(U)));
        for (int round = 0; round < 300; ++round) {
            operands a{};
            constexpr std::size_t lanes = lanes_of<U>;
            std::array<U, lanes> want;
            for (std::size_t i = 0; i < lanes; ++i) {
                want[i] = random_lane<U>(d);
                const T wide = want[i];
                std::memcpy(a.in[i / (lanes / 2)].data() + i % (lanes / 2) * sizeof(T), &wide, sizeof wide);
            }
            alignas(64) std::array<U, lanes> got;
            a.out = reinterpret_cast<std::byte*>(got.data());
            run<kernel<narrowed>>(a);
            REQUIRE(got == want);
        }
    }
};

// ---- to one number

// Back from float: of integers, as the division of sums has them.
struct whole {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        store(a.out, convert<std::int32_t>(load<float, B>(a.in[0].data())));
    }
};

template <class T>
struct any_bit {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        const auto found = static_cast<std::uint8_t>(any(load<T, B>(a.in[0].data())) ? 1 : 0);
        __builtin_memcpy(a.out, &found, 1);
    }
    static void check() {
        if (!has_vectors()) return;
        // No bit, and each alone.
        for (std::size_t bit = 0; bit <= 8 * vector_bytes; ++bit) {
            operands a{};
            if (bit < 8 * vector_bytes) a.in[0][bit / 8] = static_cast<std::byte>(1 << bit % 8);
            std::byte found{7};
            a.out = &found;
            run<kernel<any_bit>>(a);
            REQUIRE(found == std::byte(bit < 8 * vector_bytes ? 1 : 0));
        }
    }
};

struct summed_lanes {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        const std::int32_t sum = sum_of_lanes(load<std::int32_t, B>(a.in[0].data()));
        __builtin_memcpy(a.out, &sum, sizeof sum);
    }
    // Of counts, whose sum fits.
    static void check() {
        if (!has_vectors()) return;
        dice d(testing::seed());
        for (int round = 0; round < 300; ++round) {
            operands a{};
            std::array<std::int32_t, lanes_of<std::int32_t>> counts;
            for (auto& count : counts) count = static_cast<std::int32_t>(d.between(0, (1 << 28) - 1));
            std::memcpy(a.in[0].data(), counts.data(), sizeof counts);
            std::int32_t got = 0;
            a.out = reinterpret_cast<std::byte*>(&got);
            run<kernel<summed_lanes>>(a);
            REQUIRE(got == std::accumulate(counts.begin(), counts.end(), std::int32_t{0}));
        }
    }
};

template <class T, class Holds>
struct which {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void make(const Arguments& a) {
        const std::uint64_t bits = which_of_16<B>(reinterpret_cast<const T*>(a.in[0].data()),
                                                  *reinterpret_cast<const T*>(a.in[1].data()), Holds{});
        __builtin_memcpy(a.out, &bits, sizeof bits);
    }
    static void check() {
        compare<which, T, std::uint64_t>("which_of_16", 1, [](const operands& a, std::size_t) {
            std::uint64_t bits = 0;
            for (std::size_t i = 0; i < 16; ++i) {
                const T x = lane<T>(a.in[0], i), y = lane<T>(a.in[1], 0);
                if (std::is_same_v<Holds, equals> ? x == y : x == x) bits |= std::uint64_t{1} << i;
            }
            return bits;
        });
    }
};

template <class Function, class... T>
void each_type(std::tuple<T...>*, const Function& function) {
    (function(T{}), ...);
}
using unsigned_types = std::tuple<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
using signed_types = std::tuple<std::int8_t, std::int16_t, std::int32_t, std::int64_t>;
using real_types = std::tuple<float, double>;

template <class Function>
void each_integer_type(const Function& function) {
    each_type(static_cast<unsigned_types*>(nullptr), function);
    each_type(static_cast<signed_types*>(nullptr), function);
}
template <class Function>
void each_lane_type(const Function& function) {
    each_integer_type(function);
    each_type(static_cast<real_types*>(nullptr), function);
}

}  // namespace

TEST_CASE("vectors: lane by lane") {
    each_lane_type([](auto t) {
        using T = decltype(t);
        loaded<T>::check();
        added<T>::check();
        subtracted<T>::check();
        bits_of_masks<T>::check();
        selected<T>::check();
        splatted<T>::check();
        number_of_both<T>::check();
        one_nan<T>::check();
        streamed<T>::check();
        halves<T>::check();
    });
    each_integer_type([](auto t) {
        using T = decltype(t);
        both<T>::check();
        either<T>::check();
        one_of_both<T>::check();
        equal<T>::check();
        less<T>::check();
    });
    each_type(static_cast<real_types*>(nullptr), [](auto t) {
        multiplied<decltype(t)>::check();
        divided<decltype(t)>::check();
    });
}

TEST_CASE("vectors: products and tables of two bytes") {
    multiplied_high::check();
    found_in_table::check();
}

// Not of single bytes, for which there is no such instruction, nor of signed lanes of eight bytes to the
// right.
TEST_CASE("vectors: shifts") {
    each_integer_type([](auto t) {
        using T = decltype(t);
        if constexpr (sizeof(T) > 1) {
            shifted_left<T>::check();
            shifted_right<T>::check();
        }
    });
}

TEST_CASE("vectors: neighbours") {
    each_lane_type([](auto t) {
        using T = decltype(t);
        every_second_lane<T, 0>::check();
        every_second_lane<T, 1>::check();
        summed_neighbours<T>::check();
        merged_neighbours<T>::check();
        if constexpr (std::is_integral_v<T> && sizeof(T) < 8) summed_pairs<T>::check();
    });
}

TEST_CASE("vectors: conversions") {
    each_integer_type([](auto t) {
        using T = decltype(t);
        each_integer_type([](auto u) {
            using U = decltype(u);
            // Widened as sums and counts are; narrowed as voxels are, from integers of the size of a float or
            // a double.
            if constexpr (sizeof(T) < sizeof(U)) converted_lanes<T, U>::check();
            if constexpr (sizeof(T) > sizeof(U) && sizeof(T) >= 4 && std::is_signed_v<T>) {
                converted_lanes<T, U>::check();
            }
            if constexpr (sizeof(T) > sizeof(U) && std::is_signed_v<T> == std::is_signed_v<U>) {
                converted_lanes<T, U>::check();
            }
        });
    });
    each_type(static_cast<real_types*>(nullptr), [](auto r) {
        using R = decltype(r);
        converted_lanes<std::int8_t, R>::check();
        converted_lanes<std::uint8_t, R>::check();
        converted_lanes<std::int16_t, R>::check();
        converted_lanes<std::uint16_t, R>::check();
        converted_lanes<std::int32_t, R>::check();
    });
    converted_lanes<float, double>::check();
    converted_lanes<double, float>::check();
    narrowed<std::uint8_t, std::uint16_t>::check();
    narrowed<std::int8_t, std::int16_t>::check();
    narrowed<std::uint16_t, std::uint32_t>::check();
    narrowed<std::int16_t, std::int32_t>::check();
    narrowed<std::uint32_t, std::uint64_t>::check();
    narrowed<std::int32_t, std::int64_t>::check();
}

TEST_CASE("vectors: whole floats") {
    if (!has_vectors()) return;
    dice d(testing::seed());
    for (int round = 0; round < 200; ++round) {
        operands a{};
        constexpr std::size_t n = lanes_of<float>;
        std::array<std::int32_t, n> want;
        alignas(64) std::array<std::int32_t, n> got;
        for (std::size_t i = 0; i < n; ++i) {
            want[i] = static_cast<std::int32_t>(d.between(-(1 << 23), 1 << 23));
            const auto real = static_cast<float>(want[i]);
            std::memcpy(a.in[0].data() + i * sizeof real, &real, sizeof real);
        }
        a.out = reinterpret_cast<std::byte*>(got.data());
        run<kernel<whole>>(a);
        REQUIRE(got == want);
    }
}

TEST_CASE("vectors: one number of many lanes") {
    each_integer_type([](auto t) { any_bit<decltype(t)>::check(); });
    summed_lanes::check();
    each_type(static_cast<unsigned_types*>(nullptr), [](auto t) { which<decltype(t), equals>::check(); });
    each_type(static_cast<real_types*>(nullptr), [](auto t) {
        which<decltype(t), equals>::check();
        which<decltype(t), is_number>::check();
    });
}

TEST_CASE("TINYBRAIN_LEVEL=portable takes no vectors") {
    const bool before = has_vectors();
    {
        const testing::forced_level portable("portable");
        CHECK(!has_vectors());
    }
    CHECK(has_vectors() == before);
}

#endif
