// The rules of ties and background, and votes counted in a hash table of bounded size.
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/base/foreground.hpp>
#include <tinybrain/detail/base/wide.hpp>
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

    /// Whether a label goes before another with as many votes that was seen earlier.
    bool goes_before([[maybe_unused]] const T& later, [[maybe_unused]] const T& earlier) const {
        if constexpr (has_less<T>) {
            // A NaN is below nothing, and any number goes before it.
            return tie == ties::lowest && (later < earlier || (!(earlier == earlier) && later == later));
        } else {
            return false;
        }
    }
};

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
    }
    // The finaliser of MurmurHash3 (Appleby), a bijection: every bit of the label reaches every bit of the
    // hash.
    bits = (bits ^ bits >> 33) * 0xff51afd7ed558ccdU;
    bits = (bits ^ bits >> 33) * 0xc4ceb9fe1a85ec53U;
    return bits ^ bits >> 33;
}

/// Counts the labels of windows of any size in a hash table of bounded size. Where a window has more labels
/// than the table has room for, it is gone through several times, each time for those labels whose hash falls
/// to that pass.
template <class T>
class label_counter {
public:
    static constexpr std::size_t slots = std::size_t{1} << 14;
    struct slot {
        index_t count;
        index_t first;  // where in scan order the label was first seen
        T label;
    };
    static constexpr std::size_t bytes = slots * sizeof(slot);
    static_assert(std::is_arithmetic_v<T>);

    label_counter(slot* table, const mode_rules<T>& rules) : table_(table), rules_(rules) {}

    template <class Window>
    T mode(const Window& window) {
        slots_used_ = std::bit_ceil(std::min(slots, static_cast<std::size_t>(window.size()) * 2));
        for (std::uint64_t passes = 1;; passes *= 2) {
            best_ = {0, 0, rules_.background};
            bool fits = true;
            for (std::uint64_t pass = 0; pass < passes && fits; ++pass) fits = count(window, pass, passes);
            if (fits) return best_.label;
        }
    }

private:
    template <class Window>
    bool count(const Window& window, std::uint64_t pass, std::uint64_t passes) {
        for (std::size_t i = 0; i < slots_used_; ++i) table_[i].count = 0;
        const std::size_t room = slots_used_ == slots ? slots / 4 * 3 : slots_used_;
        std::size_t used = 0;
        index_t position = -1;
        bool fits = true;
        window.each([&](const T& label) {
            ++position;
            if (!fits || rules_.is_background(label)) return;
            if (!(label == label)) {
                // A NaN equals nothing: a vote for itself alone.
                if (pass == 0) propose({1, position, label});
                return;
            }
            const auto h = hash_of_label(label);
            if ((h >> 32 & (passes - 1)) != pass) return;
            auto i = static_cast<std::size_t>(h & (slots_used_ - 1));
            while (table_[i].count != 0 && !(table_[i].label == label)) i = (i + 1) & (slots_used_ - 1);
            if (table_[i].count == 0) {
                table_[i] = {0, position, label};
                fits = ++used <= room;
            }
            ++table_[i].count;
        });
        for (std::size_t i = 0; i < slots_used_ && fits; ++i) {
            if (table_[i].count != 0) propose(table_[i]);
        }
        return fits;
    }

    void propose(const slot& candidate) {
        bool better = candidate.count > best_.count;
        if (candidate.count == best_.count) {
            if (rules_.goes_before(candidate.label, best_.label)) {
                better = true;
            } else if (!rules_.goes_before(best_.label, candidate.label)) {
                better = candidate.first < best_.first;
            }
        }
        if (better) best_ = candidate;
    }

    slot* table_;
    const mode_rules<T>& rules_;
    std::size_t slots_used_ = 0;
    slot best_{};
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
