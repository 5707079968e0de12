// SPDX-License-Identifier: BSL-1.0
// A second opinion on every result: the contract's words turned into plain loops over logical indices.
// It includes nothing of the library and shares no shortcut with it. Slow on purpose.
//
// Where the contract is silent:
// - a NaN among the voters of a mode is a label of its own with one vote; ties::lowest prefers any number to
// it;
// - the countless rule asks for the mip's own factor to be 2 on exactly two axes and 1 on the rest (an axis
// of
//   extent 1 included), and for all four voters to exist;
// - min, max and median order -0.0 below +0.0.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <type_traits>
#include <valarray>
#include <vector>

namespace oracle {

enum class rounding { toward_zero, half_up, half_even };
enum class edges { clip, replicate };
enum class ties { countless, first, lowest };
enum class votes { previous_mip, footprint };

template <class T>
struct options {
    bool sparse = false;
    T background{};
    double least_coverage = 0;
    rounding round = rounding::toward_zero;
    edges edge = edges::clip;
    ties tie = ties::countless;
    votes vote = votes::previous_mip;
};

using integer = std::ptrdiff_t;
template <std::size_t R>
using index = std::array<integer, R>;

// Values in logical order, axis 0 fastest, and where the first lies on the grid of windows. (A valarray,
// because a vector of bool holds no bools.)
template <class T, std::size_t R>
struct array {
    index<R> shape{};
    index<R> origin{};
    std::valarray<T> values;

    array() = default;
    explicit array(const index<R>& s, const index<R>& at = {})
        : shape(s), origin(at), values(T{}, count(s)) {}

    static std::size_t count(const index<R>& s) {
        std::size_t n = 1;
        for (integer e : s) n *= static_cast<std::size_t>(e);
        return n;
    }
    std::size_t place(const index<R>& i) const {
        std::size_t at = 0;
        for (std::size_t r = R; r-- > 0;)
            at = at * static_cast<std::size_t>(shape[r]) + static_cast<std::size_t>(i[r]);
        return at;
    }
    T& operator()(const index<R>& i) { return values[place(i)]; }
    const T& operator()(const index<R>& i) const { return values[place(i)]; }
};

template <std::size_t R>
struct region {
    index<R> begin{}, end{};
};

template <std::size_t R>
region<R> whole(const index<R>& shape) {
    return {index<R>{}, shape};
}

// Visits every index of a region in scan order.
template <std::size_t R, class Visit>
void scan(const region<R>& in, Visit visit) {
    for (std::size_t r = 0; r < R; ++r)
        if (in.begin[r] >= in.end[r]) return;
    index<R> i = in.begin;
    for (std::size_t r = 0; r < R;) {
        visit(i);
        for (r = 0; r < R && ++i[r] == in.end[r]; ++r) i[r] = in.begin[r];
    }
}

inline integer saturated_product(integer a, integer b) {
    return a > std::numeric_limits<integer>::max() / b ? std::numeric_limits<integer>::max() : a * b;
}

template <std::size_t R>
index<R> times(index<R> a, const index<R>& b) {
    for (std::size_t r = 0; r < R; ++r) a[r] = saturated_product(a[r], b[r]);
    return a;
}

inline integer floor_quotient(integer a, integer b) { return a / b - (a % b < 0 ? 1 : 0); }

// Window o of a factor covers the voxels i with floor((a + i) / factor) = floor(a / factor) + o.
template <std::size_t R>
index<R> divided(index<R> shape, const index<R>& by, const index<R>& origin) {
    for (std::size_t r = 0; r < R; ++r)
        if (shape[r] > 0)
            shape[r] =
                floor_quotient(origin[r] + (shape[r] - 1), by[r]) - floor_quotient(origin[r], by[r]) + 1;
    return shape;
}

template <std::size_t R>
index<R> origin_of_mip(index<R> origin, const index<R>& by) {
    for (std::size_t r = 0; r < R; ++r) origin[r] = floor_quotient(origin[r], by[r]);
    return origin;
}

// Written so that a huge factor cannot overflow: how far into its first window a volume begins is known
// first.
template <std::size_t R>
region<R> voxels_under(const index<R>& o, const index<R>& by, const index<R>& shape, const index<R>& origin) {
    region<R> under;
    for (std::size_t r = 0; r < R; ++r) {
        const integer rest = origin[r] % by[r], missing = rest < 0 ? rest + by[r] : rest;
        under.begin[r] = o[r] == 0 ? 0 : o[r] * by[r] - missing;
        const integer whole = o[r] == 0 ? by[r] - missing : by[r];
        under.end[r] = shape[r] - under.begin[r] <= whole ? shape[r] : under.begin[r] + whole;
    }
    return under;
}

template <std::size_t R>
std::vector<index<R>> running_products(const std::vector<index<R>>& factors) {
    std::vector<index<R>> products;
    index<R> product;
    product.fill(1);
    for (const index<R>& f : factors) products.push_back(product = times(product, f));
    return products;
}

template <std::size_t R>
std::vector<index<R>> mip_shapes(const index<R>& shape, const std::vector<index<R>>& factors,
                                 const index<R>& origin = {}) {
    std::vector<index<R>> shapes;
    for (const index<R>& f : running_products(factors)) shapes.push_back(divided(shape, f, origin));
    return shapes;
}

// An empty mip of a volume.
template <class U, class T, std::size_t R>
array<U, R> mip_of(const array<T, R>& image, const index<R>& by) {
    return array<U, R>(divided(image.shape, by, image.origin), origin_of_mip(image.origin, by));
}

// Visits the voxels in a window.
template <class T, std::size_t R, class Visit>
void scan_window(const array<T, R>& image, const index<R>& o, const index<R>& by, Visit visit) {
    scan(voxels_under(o, by, image.shape, image.origin), visit);
}

// ---- background

// A background of NaN is every NaN.
template <class T>
bool is_background(const T& voxel, const options<T>& opt) {
    if (!opt.sparse) return false;
    if constexpr (std::is_floating_point_v<T>)
        if (std::isnan(opt.background)) return std::isnan(voxel);
    return voxel == opt.background;
}

// Whether so many foreground voxels, of so many in all, give no more than background.
template <class T>
bool are_too_few(std::int64_t foreground, std::int64_t voxels, const options<T>& opt) {
    return foreground == 0 ||
           static_cast<double>(foreground) < opt.least_coverage * static_cast<double>(voxels);
}
template <class T>
bool are_too_few_foreground(const std::vector<T>& voxels, const options<T>& opt) {
    const auto background =
        std::count_if(voxels.begin(), voxels.end(), [&](const T& v) { return is_background(v, opt); });
    const auto all = static_cast<std::int64_t>(voxels.size());
    return are_too_few(all - background, all, opt);
}

// ---- averages

// An exact sum of integers in two halves of 32 bits, so that 64-bit voxels need no wider type.
struct integer_sum {
    std::int64_t high = 0, low = 0, count = 0, voxels = 0;  // of which `count` are foreground

    template <class T>
    void add(T value) {
        if constexpr (sizeof(T) > 4) {
            high += static_cast<std::int64_t>(value >> 32);
            low += static_cast<std::int64_t>(static_cast<std::uint64_t>(value) & 0xffffffffu);
        } else {
            low += static_cast<std::int64_t>(value);
        }
        ++count;
    }
    void add(const integer_sum& s, std::int64_t weight) {
        high += weight * s.high;
        low += weight * s.low;
        count += weight * s.count;
        voxels += weight * s.voxels;
    }
    bool is_even() const { return high % 2 == 0 && low % 2 == 0 && count % 2 == 0 && voxels % 2 == 0; }
    void halve() { high /= 2, low /= 2, count /= 2, voxels /= 2; }

    static std::int64_t floor_divided(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

    template <class T>
    T mean(rounding round) const {
        // Long division in base 2^32: floor and remainder of (high * 2^32 + low) / count.
        const std::int64_t top = floor_divided(high, count);
        const std::int64_t rest = (high - top * count) * (std::int64_t{1} << 32) + low;
        const std::int64_t bottom = floor_divided(rest, count);
        const std::int64_t remainder = rest - bottom * count;
        std::uint64_t quotient = (static_cast<std::uint64_t>(top) << 32) + static_cast<std::uint64_t>(bottom);
        const bool negative = std::is_signed_v<T> && static_cast<std::int64_t>(quotient) < 0;
        bool up = false;
        if (round == rounding::toward_zero) up = negative && remainder > 0;
        if (round == rounding::half_up) up = 2 * remainder >= count;
        if (round == rounding::half_even)
            up = 2 * remainder > count || (2 * remainder == count && quotient % 2 == 1);
        return static_cast<T>(quotient + (up ? 1 : 0));
    }
    double slack() const { return 0; }
};

// An exact sum of doubles: an integer of many words, in units of the smallest number above zero, in two's
// complement.
struct exact_sum {
    static constexpr std::size_t words = 70;  // of 32 bits: from 2^-1074 to 2^1166
    std::array<std::uint32_t, words> word{};
    double magnitude = 0;
    double special = 0;  // what infinities and NaN make together
    std::int64_t count = 0, voxels = 0, terms = 0;
    bool all_negative_zero = true;

    void add(double value) {
        ++count, ++terms;
        all_negative_zero = all_negative_zero && value == 0 && std::signbit(value);
        if (!std::isfinite(value)) {
            special += value;
            return;
        }
        magnitude += std::abs(value) / 0x1p64;
        int exponent = 0;
        const double fraction = std::frexp(std::abs(value), &exponent);
        const int lowest = std::max(exponent - 53, -1074);
        const auto digits = static_cast<std::uint64_t>(std::ldexp(fraction, exponent - lowest));
        exact_sum one;
        const int bit = lowest + 1074;
        for (int i = 0; i < 64; ++i)
            if ((digits >> i & 1) != 0)
                one.word[static_cast<std::size_t>((bit + i) / 32)] |= std::uint32_t{1} << (bit + i) % 32;
        if (std::signbit(value)) one.negate();
        add_words(one, 1);
    }
    void add(const exact_sum& s, std::int64_t weight) {
        add_words(s, static_cast<std::uint32_t>(weight));
        magnitude += static_cast<double>(weight) * s.magnitude;
        special += s.special;
        count += weight * s.count;
        voxels += weight * s.voxels;
        terms += s.terms;
        all_negative_zero = all_negative_zero && s.all_negative_zero;
    }
    bool is_even() const { return count % 2 == 0 && voxels % 2 == 0 && word[0] % 2 == 0; }
    void halve() {
        for (std::size_t i = 0; i + 1 < words; ++i) word[i] = word[i] >> 1 | word[i + 1] << 31;
        word[words - 1] = static_cast<std::uint32_t>(static_cast<std::int32_t>(word[words - 1]) >> 1);
        magnitude /= 2, count /= 2, voxels /= 2;
    }

    // The nearest double to sum / count; of two, the even one.
    template <class T>
    T mean(rounding) const {
        if (special != 0) return special == special ? special : std::numeric_limits<double>::quiet_NaN();
        exact_sum rest = *this;
        const bool negative = word[words - 1] >> 31 != 0;
        if (negative) rest.negate();
        // Long division, bit by bit.
        std::array<std::uint32_t, words> quotient{};
        std::uint64_t remainder = 0;
        const auto divisor = static_cast<std::uint64_t>(count);
        int top = -1;
        for (int bit = 32 * static_cast<int>(words) - 1; bit >= 0; --bit) {
            const auto at = static_cast<std::size_t>(bit / 32);
            if (remainder == 0 && rest.word[at] == 0) {
                bit -= bit % 32;
                continue;
            }
            remainder = remainder << 1 | (rest.word[at] >> bit % 32 & 1);
            if (remainder < divisor) continue;
            remainder -= divisor;
            quotient[at] |= std::uint32_t{1} << bit % 32;
            if (top < 0) top = bit;
        }
        const auto bit_at = [&](int bit) {
            return quotient[static_cast<std::size_t>(bit / 32)] >> bit % 32 & 1;
        };
        const int lowest = std::max(top - 52, 0);
        std::uint64_t digits = 0;
        for (int bit = top; bit >= lowest; --bit) digits = digits << 1 | bit_at(bit);
        // What is cut off: more than half a unit, half of one, or less.
        bool half = false, more = remainder != 0;
        if (lowest == 0) {
            half = remainder >= divisor - remainder;
            more = remainder > divisor - remainder;
        } else {
            half = bit_at(lowest - 1) != 0;
            for (int bit = lowest - 2; bit >= 0; --bit) more = more || bit_at(bit) != 0;
        }
        if (half && (more || digits % 2 == 1)) ++digits;
        const double mean = std::ldexp(static_cast<double>(digits), lowest - 1074);
        return digits == 0 ? (all_negative_zero || negative ? -0.0 : 0.0) : negative ? -mean : mean;
    }
    // How far two doubles, a sum and its error, may be from the exact sum; and where they overflow, what is
    // lost when they are scaled down.
    double slack() const {
        if (count == 0) return 0;
        const double n = static_cast<double>(terms);
        const double lost = magnitude >= 0x1p950 ? n * 0x1p-1010 : 0;
        return n * 0x1p-40 * (magnitude / static_cast<double>(count)) + lost +
               std::numeric_limits<double>::denorm_min();
    }

private:
    void negate() {
        std::uint64_t carry = 1;
        for (std::uint32_t& w : word) {
            carry += static_cast<std::uint32_t>(~w);
            w = static_cast<std::uint32_t>(carry);
            carry >>= 32;
        }
    }
    void add_words(const exact_sum& s, std::uint32_t weight) {
        std::uint64_t carry = 0;
        for (std::size_t i = 0; i < words; ++i) {
            carry += std::uint64_t{s.word[i]} * weight + word[i];
            word[i] = static_cast<std::uint32_t>(carry);
            carry >>= 32;
        }
    }
};

// A sum of floats in double, in some order, with a bound on what another order could change.
struct real_sum {
    double total = 0, magnitude = 0;
    std::int64_t count = 0, voxels = 0, terms = 0;

    template <class T>
    void add(T value) {
        total += static_cast<double>(value);
        magnitude += std::abs(static_cast<double>(value));
        ++count, ++terms;
    }
    void add(const real_sum& s, std::int64_t weight) {
        total += static_cast<double>(weight) * s.total;
        magnitude += static_cast<double>(weight) * s.magnitude;
        count += weight * s.count;
        voxels += weight * s.voxels;
        terms += s.terms;
    }
    // Halving the smallest numbers of all would lose a bit.
    bool is_even() const {
        const auto halves = [](double v) { return v / 2 * 2 == v || v != v; };
        return count % 2 == 0 && voxels % 2 == 0 && halves(total) && halves(magnitude);
    }
    void halve() { total /= 2, magnitude /= 2, count /= 2, voxels /= 2; }

    template <class T>
    T mean(rounding) const {
        return static_cast<T>(total / static_cast<double>(count));
    }
    double slack() const {
        return count == 0 ? 0
                          : 2 * static_cast<double>(terms) * std::numeric_limits<double>::epsilon() *
                                magnitude / static_cast<double>(count);
    }
};

template <class T>
using sum = std::conditional_t<std::is_same_v<T, double>, exact_sum,
                               std::conditional_t<std::is_floating_point_v<T>, real_sum, integer_sum>>;

template <class T, std::size_t R>
struct mean {
    array<T, R> value;
    array<double, R> slack;  // how far a sum of floating-point numbers may stray by its order of summation

    explicit mean(const array<T, R>& mip) : value(mip), slack(mip.shape) {}
    void set(const index<R>& o, const sum<T>& s, const options<T>& opt) {
        const bool is_background = are_too_few(s.count, s.voxels, opt);
        value(o) = is_background ? opt.background : s.template mean<T>(opt.round);
        slack(o) = is_background ? 0 : s.slack();
    }
};

template <class T>
void add_voxel(sum<T>& s, const T& voxel, const options<T>& opt) {
    ++s.voxels;
    if (!is_background(voxel, opt)) s.add(voxel);
}

template <class T, std::size_t R>
std::vector<mean<T, R>> clipped_means(const array<T, R>& image, const std::vector<index<R>>& factors,
                                      const options<T>& opt) {
    std::vector<mean<T, R>> mips;
    for (const index<R>& by : running_products(factors)) {
        mips.emplace_back(mip_of<T>(image, by));
        scan(whole(mips.back().value.shape), [&](const index<R>& o) {
            sum<T> s;
            scan_window(image, o, by, [&](const index<R>& i) { add_voxel(s, image(i), opt); });
            mips.back().set(o, s, opt);
        });
    }
    return mips;
}

// Exact rationals by mip: a voxel is its windows' sums over its windows' counts.
template <class T, std::size_t R>
std::vector<mean<T, R>> replicated_means(const array<T, R>& image, const std::vector<index<R>>& factors,
                                         const options<T>& opt) {
    array<sum<T>, R> sums(image.shape, image.origin);
    scan(whole(image.shape), [&](const index<R>& i) { add_voxel(sums(i), image(i), opt); });
    std::vector<mean<T, R>> mips;
    for (const index<R>& f : factors) {
        array<sum<T>, R> next = mip_of<sum<T>>(sums, f);
        mips.emplace_back(array<T, R>(next.shape, next.origin));
        scan(whole(next.shape), [&](const index<R>& o) {
            const region<R> window = voxels_under(o, f, sums.shape, sums.origin);
            std::int64_t weight = 1;
            for (std::size_t r = 0; r < R; ++r)
                if (f[r] == 2 && window.end[r] - window.begin[r] == 1) weight *= 2;
            scan(window, [&](const index<R>& i) { next(o).add(sums(i), weight); });
            mips.back().set(o, next(o), opt);
        });
        // A common factor of all sums and counts changes no later mean; without this 70 mips would overflow.
        while (std::all_of(std::begin(next.values), std::end(next.values),
                           [](const sum<T>& s) { return s.is_even(); }) &&
               next.values.size() > 0)
            for (sum<T>& s : next.values) s.halve();
        sums = next;
    }
    return mips;
}

template <class T, std::size_t R>
std::vector<mean<T, R>> averages(const array<T, R>& image, const std::vector<index<R>>& factors,
                                 const options<T>& opt) {
    return opt.edge == edges::replicate ? replicated_means(image, factors, opt)
                                        : clipped_means(image, factors, opt);
}

// ---- modes

template <class T>
bool is_nan(const T& v) {
    return !(v == v);
}

template <std::size_t R>
bool is_two_by_two(const index<R>& factor) {
    const auto twos = std::count(factor.begin(), factor.end(), 2);
    const auto ones = std::count(factor.begin(), factor.end(), 1);
    return twos == 2 && twos + ones == static_cast<std::ptrdiff_t>(R);
}

template <class T>
T countless(const std::vector<T>& voters, const options<T>& opt) {
    const T a = voters[0], b = voters[1], c = voters[2], d = voters[3];
    const auto exists = [&](const T& v) { return !is_background(v, opt); };
    const auto match = [&](const T& v, const T& w) { return v == w && exists(v); };
    if (match(a, b) || match(a, c)) return a;
    if (match(b, c)) return b;
    for (const T& v : {d, a, c, b})
        if (exists(v)) return v;
    return opt.background;
}

template <class T>
T most_frequent(const std::vector<T>& voters, const options<T>& opt) {
    struct candidate {
        T label;
        std::size_t votes;
    };
    std::vector<candidate> candidates;  // in the order seen
    std::map<T, std::size_t> known;
    for (const T& v : voters) {
        if (is_background(v, opt)) continue;
        const auto at = is_nan(v) ? known.end() : known.find(v);
        if (at != known.end()) {
            ++candidates[at->second].votes;
            continue;
        }
        if (!is_nan(v)) known.emplace(v, candidates.size());
        candidates.push_back({v, 1});
    }
    if (candidates.empty()) return opt.background;
    candidate best = candidates.front();
    for (const candidate& c : candidates) {
        const bool lower = opt.tie == ties::lowest && c.votes == best.votes && !is_nan(c.label) &&
                           (is_nan(best.label) || c.label < best.label);
        if (c.votes > best.votes || lower) best = c;
    }
    return best.label;
}

template <class T, std::size_t R>
std::vector<array<T, R>> modes(const array<T, R>& labels, const std::vector<index<R>>& factors,
                               const options<T>& opt) {
    const std::vector<index<R>> products = running_products(factors);
    std::vector<array<T, R>> mips;
    for (std::size_t m = 0; m < factors.size(); ++m) {
        const bool from_mip_0 = m == 0 || opt.vote == votes::footprint;
        const array<T, R> source = from_mip_0 ? labels : mips.back();
        const index<R> by = from_mip_0 ? products[m] : factors[m];
        const bool may_be_countless = opt.tie == ties::countless && is_two_by_two(factors[m]) &&
                                      (m == 0 || opt.vote == votes::previous_mip);
        array<T, R> mip = mip_of<T>(source, by);
        scan(whole(mip.shape), [&](const index<R>& o) {
            std::vector<T> voters;
            scan_window(source, o, by, [&](const index<R>& i) { voters.push_back(source(i)); });
            mip(o) = are_too_few_foreground(voters, opt)      ? opt.background
                     : may_be_countless && voters.size() == 4 ? countless(voters, opt)
                                                              : most_frequent(voters, opt);
        });
        mips.push_back(mip);
    }
    return mips;
}

// ---- the rest: a function of the footprint's values in scan order

template <class T, std::size_t R>
std::vector<array<T, R>> of_footprints(const array<T, R>& image, const std::vector<index<R>>& factors,
                                       const std::function<T(std::vector<T>&)>& value_of) {
    std::vector<array<T, R>> mips;
    std::vector<T> values;
    for (const index<R>& by : running_products(factors)) {
        array<T, R> mip = mip_of<T>(image, by);
        scan(whole(mip.shape), [&](const index<R>& o) {
            values.clear();
            scan_window(image, o, by, [&](const index<R>& i) { values.push_back(image(i)); });
            mip(o) = value_of(values);
        });
        mips.push_back(mip);
    }
    return mips;
}

template <class T>
bool below(const T& a, const T& b) {
    if constexpr (std::is_floating_point_v<T>)
        if (a == b) return std::signbit(a) && !std::signbit(b);
    return a < b;
}

// The value of a given rank among the sorted ones that are foreground, or a NaN if there is one.
template <class T, std::size_t R, class Place>
std::vector<array<T, R>> ranked(const array<T, R>& image, const std::vector<index<R>>& factors,
                                const options<T>& opt, Place place) {
    return of_footprints<T, R>(image, factors, [place, opt](std::vector<T>& values) -> T {
        if (are_too_few_foreground(values, opt)) return opt.background;
        values.erase(
            std::remove_if(values.begin(), values.end(), [&](const T& v) { return is_background(v, opt); }),
            values.end());
        for (const T v : values)
            if (is_nan(v)) return v;
        std::sort(values.begin(), values.end(), [](const T& a, const T& b) { return below<T>(a, b); });
        return values[place(values.size())];
    });
}

template <class T, std::size_t R>
std::vector<array<T, R>> minima(const array<T, R>& image, const std::vector<index<R>>& factors,
                                const options<T>& opt) {
    return ranked(image, factors, opt, [](std::size_t) { return std::size_t{0}; });
}

template <class T, std::size_t R>
std::vector<array<T, R>> maxima(const array<T, R>& image, const std::vector<index<R>>& factors,
                                const options<T>& opt) {
    return ranked(image, factors, opt, [](std::size_t n) { return n - 1; });
}

template <class T, std::size_t R>
std::vector<array<T, R>> medians(const array<T, R>& image, const std::vector<index<R>>& factors,
                                 const options<T>& opt) {
    return ranked(image, factors, opt, [](std::size_t n) { return (n - 1) / 2; });
}

template <class T, std::size_t R>
std::vector<array<T, R>> strided(const array<T, R>& image, const std::vector<index<R>>& factors) {
    return of_footprints<T, R>(image, factors, [](std::vector<T>& values) -> T { return values.front(); });
}

}  // namespace oracle
