// SPDX-License-Identifier: BSL-1.0
// Memory layouts, values and executors for the randomised tests.
#pragma once

#include <tinybrain/tinybrain.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "dice.hpp"
#include "guarded.hpp"
#include "oracle.hpp"

namespace testing {

namespace tb = tinybrain;
using tb::index_array;

template <class T>
const char* name_of() {
    if constexpr (std::is_same_v<T, bool>) return "bool";
    if constexpr (std::is_same_v<T, float>) return "float";
    if constexpr (std::is_same_v<T, double>) return "double";
    constexpr std::array<const char*, 4> is{"int8_t", "int16_t", "int32_t", "int64_t"};
    constexpr std::array<const char*, 4> us{"uint8_t", "uint16_t", "uint32_t", "uint64_t"};
    constexpr std::size_t log2_of_size = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return std::is_signed_v<T> ? is[log2_of_size] : us[log2_of_size];
}

template <class T>
void print(std::ostream& out, T v) {
    if constexpr (sizeof(T) == 1)
        out << static_cast<int>(v);
    else if constexpr (std::is_floating_point_v<T>)
        out << std::hexfloat << v << std::defaultfloat;
    else
        out << v;
}

template <class T>
requires std::is_arithmetic_v<T> std::string text(T v) {
    std::ostringstream out;
    print(out, v);
    return out.str();
}

template <class List>
requires(!std::is_arithmetic_v<List>) std::string text(const List& list) {
    std::ostringstream out;
    out << "{";
    const char* comma = "";
    for (const auto& v : list) {
        out << comma;
        print(out, v);
        comma = ", ";
    }
    out << "}";
    return out.str();
}

template <std::size_t R>
std::string text(const std::vector<index_array<R>>& lists) {
    std::string all = "{";
    for (const auto& l : lists) all += (all.size() > 1 ? ", " : "") + text(l);
    return all + "}";
}

// ---- layouts

enum class layout { fortran, c, permuted, padded, reversed, broadcast, sliding };

inline const char* name_of(layout l) {
    constexpr std::array<const char*, 7> names{"fortran",  "c",         "permuted", "padded",
                                               "reversed", "broadcast", "sliding"};
    return names[static_cast<std::size_t>(l)];
}

template <std::size_t R>
index_array<R> random_strides(dice& d, layout kind, const index_array<R>& shape) {
    std::array<std::size_t, R> order;
    for (std::size_t r = 0; r < R; ++r) order[r] = kind == layout::c ? R - 1 - r : r;
    const bool plain = kind == layout::fortran || kind == layout::c;
    if (!plain)
        for (std::size_t r = R; r > 1; --r)
            std::swap(order[r - 1],
                      order[static_cast<std::size_t>(d.between(0, static_cast<index_t>(r) - 1))]);

    const bool has_gaps = !plain && kind != layout::permuted;
    index_array<R> strides{};
    index_t next = has_gaps && d.chance(40) ? d.between(2, 4) : 1;
    for (const std::size_t r : order) {
        strides[r] = next;
        next = next * std::max<index_t>(shape[r], 1) + (has_gaps && d.chance(50) ? d.between(0, 5) : 0);
        if (kind == layout::reversed && d.chance(60)) strides[r] = -strides[r];
        if (kind == layout::broadcast && d.chance(50)) strides[r] = 0, next /= std::max<index_t>(shape[r], 1);
        if (kind == layout::sliding) strides[r] = d.between(-3, 3), next = 1;
        next = std::max<index_t>(next, 1);
        // No step is ever taken along an axis of one voxel, so its stride may be anything.
        if (shape[r] == 1 && d.chance(20))
            strides[r] =
                d.one_of<index_t>({0, 0, 1, 7, -5, index_t{1} << 30, -(index_t{1} << 30),
                                   std::numeric_limits<index_t>::max(), std::numeric_limits<index_t>::min()});
    }
    return strides;
}

// A view in a block of memory of its own, as small as may be.
template <class T, std::size_t R>
struct strided {
    index_array<R> shape{}, strides{};
    layout kind{};
    index_t lead = 0, size = 0;
    tight_memory<T> memory;
    T* origin = nullptr;
    index_array<R> placed_at{};  // on the grid of windows

    strided(dice& d, layout k, const index_array<R>& s)
        : shape(s), strides(random_strides(d, k, s)), kind(k) {
        index_t low = 0, high = 0;
        bool empty = false;
        for (std::size_t r = 0; r < R; ++r) {
            empty = empty || shape[r] == 0;
            if (shape[r] > 1) (strides[r] < 0 ? low : high) += (shape[r] - 1) * strides[r];
        }
        if (empty && d.chance(50)) return;  // no voxel, no memory: a null pointer is fine
        lead = d.chance(50) ? 0 : d.between(0, 67);
        size = lead + (empty ? 0 : high - low + 1) + (d.chance(50) ? 0 : d.between(0, 5));
        const auto where = d.one_of({place::on_heap, place::below_guard, place::above_guard});
        memory = tight_memory<T>(where, static_cast<std::size_t>(size));
        origin = memory.get() + lead - (empty ? 0 : low);
    }
    tb::volume_view<T, R> view() const {
        return tb::placed(tb::volume_view<T, R>(origin, shape, strides), placed_at);
    }
    index_t offset(const index_array<R>& i) const {
        index_t at = 0;
        for (std::size_t r = 0; r < R; ++r) at += i[r] == 0 ? 0 : i[r] * strides[r];
        return at;
    }
    T& operator()(const index_array<R>& i) const { return origin[offset(i)]; }

    std::vector<unsigned char> bytes() const {
        std::vector<unsigned char> copy(static_cast<std::size_t>(size) * sizeof(T));
        if (!copy.empty()) std::memcpy(copy.data(), memory.get(), copy.size());
        return copy;
    }
    // Every byte that belongs to no voxel of the view must be as the constructor left it.
    bool surroundings_are_untouched() const {
        std::vector<unsigned char> all = bytes();
        oracle::scan(oracle::whole(shape), [&](const index_array<R>& i) {
            std::memset(all.data() + static_cast<std::size_t>(origin - memory.get() + offset(i)) * sizeof(T),
                        pattern, sizeof(T));
        });
        return is_pattern(all) && memory.is_clear_outside();
    }
    bool is_untouched() const { return is_pattern(bytes()) && memory.is_clear_outside(); }
    std::string describe() const {
        return std::string(name_of(kind)) + ", shape " + text(shape) + ", strides " + text(strides) +
               ", lead " + std::to_string(lead) + " of " + std::to_string(size) + ", placed at " +
               text(placed_at);
    }

    static constexpr int pattern = guarded_memory::pattern;

private:
    static bool is_pattern(const std::vector<unsigned char>& all) {
        return std::all_of(all.begin(), all.end(), [](unsigned char b) { return b == pattern; });
    }
};

// ---- values

enum class content { few, many, blobs, equal, extremes, mostly_zero, special, overflow };
inline constexpr index_t last_content = 7;

inline const char* name_of(content c) {
    constexpr std::array<const char*, 8> names{"few",      "many",        "blobs",   "equal",
                                               "extremes", "mostly zero", "special", "overflow"};
    return names[static_cast<std::size_t>(c)];
}

// Whether sums of these values are exact in double whatever the order.
inline bool has_exact_sums(content c) {
    return c != content::many && c != content::extremes && c != content::overflow;
}

template <class T>
T random_value(dice& d, content kind, std::uint64_t blob) {
    using limits = std::numeric_limits<T>;
    if constexpr (std::is_same_v<T, bool>) {
        if (kind == content::equal) return true;
        return kind == content::blobs ? blob % 2 == 1 : d.chance(kind == content::mostly_zero ? 20 : 50);
    } else if (kind == content::few || kind == content::blobs) {
        return static_cast<T>(kind == content::few ? d.between(0, 3) : static_cast<index_t>(blob % 101));
    } else if (kind == content::equal) {  // of integers often the extremes, which try the width of a sum
        if constexpr (std::is_integral_v<T>) {
            if (blob % 4 == 0) return limits::max();
            if (blob % 4 == 1) return limits::min();
        }
        return static_cast<T>(blob % 101);
    } else if (kind == content::mostly_zero) {
        return static_cast<T>(d.chance(75) ? 0 : d.between(0, 100));
    } else if constexpr (std::is_floating_point_v<T>) {
        // Sums of doubles overflow where they are asked to. An edge that counts twice may make them, and that
        // of a chunk does not count twice where the whole chunk is an edge: the last bits of numbers so far
        // apart are others then.
        const T large = sizeof(T) == 4 || kind == content::overflow ? limits::max() : static_cast<T>(1e280);
        if (kind == content::extremes || kind == content::overflow)
            return d.one_of<T>(
                {large, -large, limits::min(), limits::denorm_min(), -limits::denorm_min(), 0, -T(0), 1});
        if (kind == content::special && d.chance(15))
            return d.one_of<T>({limits::quiet_NaN(), -limits::quiet_NaN(), limits::infinity(),
                                -limits::infinity(), -T(0), T(0)});
        if (kind == content::special) return static_cast<T>(d.between(-2, 2));
        return static_cast<T>(static_cast<double>(d.between(-1000000007, 1000000007)) * 1e-6);
    } else {
        if (kind == content::extremes || kind == content::overflow)
            return d.one_of<T>({limits::max(), limits::min(), static_cast<T>(limits::max() - 1),
                                static_cast<T>(limits::min() + 1), T(0), T(1), static_cast<T>(-1)});
        if (kind == content::special) return static_cast<T>(d.between(-2, 2));
        return static_cast<T>(d.bits());
    }
}

template <class T, std::size_t R>
void fill(dice& d, content kind, const strided<T, R>& image) {
    // What lies between the voxels is not part of the image; other values there give away a wrong stride.
    dice between(d.bits());
    for (index_t i = 0; i < image.size; ++i)
        image.memory[static_cast<std::size_t>(i)] = random_value<T>(between, content::many, 0);
    const std::uint64_t salt = d.bits();
    const index_t side = d.between(2, 6);
    oracle::scan(oracle::whole(image.shape), [&](const index_array<R>& i) {
        std::uint64_t blob = salt;
        if (kind == content::blobs)
            for (const index_t at : i) blob = mixed(blob, static_cast<std::uint64_t>(at / side));
        image(i) = random_value<T>(d, kind, kind == content::blobs ? blob >> 40 & 3 : blob >> 40);
    });
}

template <class T, std::size_t R>
oracle::array<T, R> logical(const strided<T, R>& image) {
    oracle::array<T, R> a(image.shape, image.placed_at);
    oracle::scan(oracle::whole(image.shape), [&](const index_array<R>& i) { a(i) = image(i); });
    return a;
}

template <class T>
bool same_bits(const T& a, const T& b) {
    return std::memcmp(&a, &b, sizeof(T)) == 0;
}

// ---- executors

inline constexpr std::array<const char*, 7> executor_names{
    "none", "threads(1)", "threads(2)", "threads(3)", "threads(4)", "reversed", "odd ones first"};

inline std::size_t random_executor(dice& d) {
    return static_cast<std::size_t>(d.between(0, static_cast<index_t>(executor_names.size()) - 1));
}

inline tb::executor executor_number(std::size_t which) {
    switch (which) {
        case 0:
            return {};
        case 5:
            return [](index_t n, const std::function<void(index_t)>& task) {
                while (n > 0) task(--n);
            };
        case 6:
            return [](index_t n, const std::function<void(index_t)>& task) {
                for (index_t i = 1; i < n; i += 2) task(i);
                for (index_t i = 0; i < n; i += 2) task(i);
            };
        default:
            return tb::threads(static_cast<int>(which));
    }
}

}  // namespace testing
