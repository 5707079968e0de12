// SPDX-License-Identifier: BSL-1.0
// Fixed images, made by integer arithmetic alone, and one hash of all that a method makes of them with a set
// of options: the same on every machine, with every compiler, at every level of instructions and with any
// number of threads.
#pragma once

#include <bit>
#include <limits>

#include "library.hpp"

namespace testing::hashes {

// ---- images

struct scene {
    index_array<3> shape, factor;
    std::size_t mips;
};

// Odd shapes. The rows of mip 1 are several of the longest vectors and a tail, but for the last scene, which
// is smaller than a vector and comes down to one voxel.
inline constexpr std::array<scene, 5> scenes{{{{203, 13, 5}, {2, 2, 1}, 4},
                                              {{149, 11, 7}, {2, 2, 2}, 3},
                                              {{251, 13, 3}, {3, 3, 1}, 3},
                                              {{281, 9, 7}, {4, 4, 4}, 2},
                                              {{5, 3, 2}, {2, 2, 2}, 4}}};

enum class texture { few_labels, blobs, integers, extremes };
inline constexpr std::array<texture, 4> textures{texture::few_labels, texture::blobs, texture::integers,
                                                 texture::extremes};

template <class T>
T any_integer(dice& d) {
    // Of a float, sums are exact whatever their order.
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(d.between(-1000001, 1000001));
    return static_cast<T>(d.bits());
}

template <class T>
T extreme(dice& d) {
    using limits = std::numeric_limits<T>;
    if constexpr (std::is_same_v<T, bool>) {
        return d.chance(50);
    } else if constexpr (std::is_integral_v<T>) {
        return d.one_of<T>({limits::max(), limits::min(), static_cast<T>(limits::max() - 1),
                            static_cast<T>(limits::min() + 1), T{0}, T{1}});
    } else {
        if (d.chance(1))
            return d.one_of<T>({limits::quiet_NaN(), limits::infinity(), -limits::infinity(), -T{0}});
        // So far apart that sums of them are rounded: the last bit tells in which order they were added.
        const auto digits = static_cast<T>(d.between(-0xffffff, 0xffffff));
        return std::ldexp(digits, static_cast<int>(d.between(-30, 30)));
    }
}

template <class T>
T voxel(texture t, dice& d, const index_array<3>& at) {
    if (t == texture::few_labels) return static_cast<T>(d.between(0, 3));
    if (t == texture::integers) return any_integer<T>(d);
    if (t == texture::extremes) return extreme<T>(d);
    std::uint64_t blob = 1;
    for (const index_t i : at) blob = mixed(blob, static_cast<std::uint64_t>(i / 5));
    return static_cast<T>(blob % 5 * 25);
}

template <class T>
oracle::array<T, 3> make_image(texture t, const index_array<3>& shape) {
    oracle::array<T, 3> image(shape);
    dice d(static_cast<std::uint64_t>(t));
    oracle::scan(oracle::whole(shape), [&](const index_array<3>& i) { image(i) = voxel<T>(t, d, i); });
    return image;
}

/// Whether float sums of it are exact, so that the oracle knows every bit.
inline bool has_exact_sums(texture t) { return t != texture::extremes; }

// ---- methods and options

template <class T>
struct setting {
    method how;
    oracle::options<T> options;

    std::string name() const {
        constexpr std::array<const char*, 3> rounds{" toward_zero", " half_up", " half_even"},
            ties{" countless", " first", " lowest"};
        std::string words = name_of(how);
        if (how != method::average && how != method::mode) return words;
        words += options.sparse ? " sparse" : " dense";
        if (how == method::average)
            return words + rounds[static_cast<std::size_t>(options.round)] +
                   (options.edge == oracle::edges::clip ? " clip" : " replicate");
        return words + ties[static_cast<std::size_t>(options.tie)] +
               (options.vote == oracle::votes::footprint ? " footprint" : " previous_mip");
    }
    bool takes(const index_array<3>& factor) const {
        return options.edge == oracle::edges::clip || *std::max_element(factor.begin(), factor.end()) <= 2;
    }
};

/// Every method that T has, with every set of its options.
template <class T>
std::vector<setting<T>> all_settings() {
    std::vector<setting<T>> all;
    for (const method how : all_methods) {
        if (!offers<T>(how)) continue;
        const int sets = how == method::average || how == method::mode ? 12 : 1;
        for (int set = 0; set < sets; ++set) {
            oracle::options<T> o;
            o.sparse = set >= 6;
            if (how == method::average) {
                o.round = static_cast<oracle::rounding>(set % 3);
                o.edge = static_cast<oracle::edges>(set / 3 % 2);
            } else {
                o.tie = static_cast<oracle::ties>(set % 3);
                o.vote = static_cast<oracle::votes>(set / 3 % 2);
            }
            all.push_back({how, o});
        }
    }
    return all;
}

// ---- results

template <class T>
using mips = std::vector<tb::volume<T, 3>>;

/// visit(image, factors, whether float sums are exact, the library's mips), for every image the setting
/// takes: twice, the second time with the other order of the axes in memory, and two threads.
template <class T, class Visit>
void each_result(const setting<T>& s, const Visit& visit) {
    for (const scene& of : scenes) {
        if (!s.takes(of.factor)) continue;
        const std::vector<index_array<3>> factors(of.mips, of.factor);
        for (const texture t : textures) {
            auto image = make_image<T>(t, of.shape);
            const auto first = tb::fortran_order(std::begin(image.values), of.shape);
            visit(image, factors, has_exact_sums(t), downsample(s.how, first, factors, true, s.options));

            auto turned = image.values;
            const auto last = tb::c_order(std::begin(turned), of.shape);
            oracle::scan(oracle::whole(of.shape),
                         [&](const index_array<3>& i) { last(i[0], i[1], i[2]) = image(i); });
            visit(image, factors, has_exact_sums(t),
                  downsample(s.how, last, factors, true, s.options, tb::threads(2)));
        }
    }
}

/// By values: the machine's byte order is none of it, nor the volume's order in memory, and all NaNs are one.
template <class T>
std::uint64_t bits_of(T value) {
    if constexpr (std::is_floating_point_v<T>) {
        using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
        return std::bit_cast<bits>(value == value ? value : std::numeric_limits<T>::quiet_NaN());
    } else {
        return static_cast<std::uint64_t>(value);
    }
}

template <class T>
std::uint64_t add_to_hash(std::uint64_t hash, const mips<T>& all) {
    for (const tb::volume<T, 3>& mip : all)
        oracle::scan(oracle::whole(mip.shape()),
                     [&](const index_array<3>& i) { hash = mixed(hash, bits_of(mip(i))); });
    return hash;
}

template <class T>
std::uint64_t hash_of(const setting<T>& s) {
    std::uint64_t hash = 0;
    each_result(s,
                [&](const auto&, const auto&, bool, const mips<T>& all) { hash = add_to_hash(hash, all); });
    return hash;
}

}  // namespace testing::hashes
