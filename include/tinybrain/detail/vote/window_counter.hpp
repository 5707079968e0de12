// Votes counted one window after another, whatever its size.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tinybrain/detail/drive/windows.hpp>
#include <tinybrain/detail/vote/mode_rules.hpp>
#include <tinybrain/detail/vote/vote_set.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

template <class T>
class window_counter {
public:
    using votes = label_votes<T>;
    using slot = typename vote_set<T>::slot;
    static constexpr std::size_t bytes = most_votes * sizeof(votes) + vote_set<T>::most_slots * sizeof(slot);
    static_assert(labels_fit_lanes<T>);

    /// With room for so many labels, and the slots for them.
    window_counter(votes* set, slot* slots, std::size_t room, const mode_rules<T>& rules)
        : votes_(set), set_(slots), room_(room), rules_(rules) {}
    window_counter(std::byte* scratch, const mode_rules<T>& rules)
        : window_counter(reinterpret_cast<votes*>(scratch),
                         reinterpret_cast<slot*>(scratch + most_votes * sizeof(votes)), most_votes, rules) {}

    /// Where a window may have more labels than there is room for, it is gone through several times, each
    /// time for those labels whose hash falls to that pass.
    T mode(const strided_window<T>& window) {
        for (std::uint64_t passes = 1;; passes *= 2) {
            votes best{0, rules_.background};
            std::uint64_t pass = 0;
            while (pass < passes && count(window, pass, passes, best)) ++pass;
            if (pass == passes) return best.label;
        }
    }

private:
    // Elects among the labels of a pass and the best of those before. False where there is no room.
    bool count(const strided_window<T>& window, std::uint64_t pass, std::uint64_t passes, votes& best) {
        const auto wanted = [&](const T& label) {
            return !rules_.is_background(label) && (hash_of_label(label) >> 32 & (passes - 1)) == pass;
        };
        set_.open(votes_, 0, room_);
        if (best.count > 0) set_.add(best);
        const bool fits = window.each_row(
            [&](const T* row) { return set_.add_row(row, window.stride[0], window.count[0], wanted); });
        if (!fits) return false;
        for (std::size_t i = 0; i < set_.size(); ++i) best.count = std::max(best.count, votes_[i].count);
        best.label = election<T>(rules_).winner(votes_, set_.size(), *window.data, [&] { return window; });
        return true;
    }

    votes* votes_;
    vote_set<T> set_;
    std::size_t room_;
    const mode_rules<T>& rules_;
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
