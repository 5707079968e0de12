// What decides a vote: the rules of ties and background.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/base/foreground.hpp>
#include <tinybrain/detail/base/wide.hpp>
#include <tinybrain/detail/drive/window_state.hpp>
#include <tinybrain/options.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

template <class T>
concept has_less = requires(const T& a, const T& b) {
    { a < b } -> std::convertible_to<bool>;
};

/// What decides a vote.
template <class T>
struct mode_rules : foreground_rules<T> {
    ties tie = ties::countless;
    bool is_signed = false;  // the labels, of which these are the bits

    /// What makes an unsigned comparison of bits one of labels.
    T flip() const requires std::is_unsigned_v<T> {
        return static_cast<T>(T{is_signed} << (8 * sizeof(T) - 1));
    }

    /// Whether a label goes before another with as many votes that was seen earlier.
    bool goes_before([[maybe_unused]] const T& later, [[maybe_unused]] const T& earlier) const {
        if constexpr (has_less<T>) {
            if (tie != ties::lowest) return false;
            if constexpr (std::is_unsigned_v<T>) return (later ^ flip()) < (earlier ^ flip());
            // A NaN is below nothing, and any number goes before it.
            return later < earlier || (!(earlier == earlier) && later == later);
        } else {
            return false;
        }
    }

    /// Which of two labels wins, the first of them seen later.
    label_votes<T> better(const label_votes<T>& later, const label_votes<T>& best) const {
        const bool wins =
            later.count > best.count || (later.count == best.count && goes_before(later.label, best.label));
        return wins ? later : best;
    }
};

/// Whether vectors of such labels can be compared, and each has a hash. The others, long double too, have
/// nothing but ==.
template <class T>
inline constexpr bool labels_fit_lanes =
    (std::is_unsigned_v<T> && sizeof(T) <= 8) || std::is_same_v<T, float> || std::is_same_v<T, double>;

/// Equal labels have equal hashes, and so have all NaNs.
template <class T>
std::uint64_t hash_of_label(const T& label) {
    std::uint64_t bits;
    if constexpr (std::is_floating_point_v<T>) {
        const T one_for_each = label == T{0}    ? T{0}
                               : label == label ? label
                                                : std::numeric_limits<T>::quiet_NaN();
        bits = std::bit_cast<bits_of<sizeof(T)>>(one_for_each);
    } else {
        bits = static_cast<std::uint64_t>(label);
        if constexpr (sizeof(T) == 1) return bits & 0xff;
    }
    // The finaliser of MurmurHash3 (Appleby), a bijection: every bit of the label reaches every bit of the
    // hash.
    bits = (bits ^ bits >> 33) * 0xff51afd7ed558ccdU;
    bits = (bits ^ bits >> 33) * 0xc4ceb9fe1a85ec53U;
    return bits ^ bits >> 33;
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
