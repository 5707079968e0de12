// The mode of a window: the rules of ties and background, and the ways to count.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <tinybrain/detail/drive/window_state.hpp>
#include <tinybrain/detail/drive/windows.hpp>
#include <tinybrain/detail/vote/mode_rules.hpp>
#include <tinybrain/detail/vote/window_counter.hpp>
#include <tinybrain/options.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Whether a mip's factor, as the caller gave it, is 2 on exactly two axes and 1 on the rest.
inline bool is_two_by_two(const plan& p, const plan_level& level) {
    const index_t* end = level.asked + p.asked_rank;
    return std::count(level.asked, end, 2) == 2 &&
           std::count(level.asked, end, 1) == static_cast<std::ptrdiff_t>(p.asked_rank) - 2;
}

/// Copies n labels.
template <class T>
void copy_labels(const T* from, index_t from_stride, T* to, index_t to_stride, index_t n) {
    copy_block<sizeof(T)>({reinterpret_cast<const std::byte*>(from),
                           {from_stride, 0},
                           reinterpret_cast<std::byte*>(to),
                           {to_stride, 0},
                           {n, 1}});
}

/// The rule of four voters in scan order that `ties::countless` names.
template <class T>
T countless_mode(const T& a, const T& b, const T& c, const T& d, const mode_rules<T>& rules) {
    const auto match = [&](const T& x, const T& y) { return x == y && !rules.is_background(x); };
    if (match(a, b) || match(a, c)) return a;
    if (match(b, c)) return b;
    for (const T* label : {&d, &a, &c, &b}) {
        if (!rules.is_background(*label)) return *label;
    }
    return rules.background;
}

/// The mode of n gathered voters in scan order, 1 <= n <= most_gathered_voters: a label is counted where it
/// is first seen.
template <class T>
T mode_of_gathered(const T* voters, index_t n, const mode_rules<T>& rules) {
    if constexpr (labels_fit_lanes<T>) {
        if (n > 64) {
            strided_window<T> window{voters, unit_axes, unit_axes};
            window.count[0] = n;
            std::array<label_votes<T>, most_gathered_voters> set;
            std::array<typename vote_set<T>::slot, vote_set<T>::slots_for(most_gathered_voters)> slots;
            return window_counter<T>(set.data(), slots.data(), set.size(), rules).mode(window);
        }
    }
    label_votes<T> best{0, rules.background};
    for (index_t i = 0; i < n; ++i) {
        const T& label = voters[i];
        if (rules.is_background(label) || std::find(voters, voters + i, label) != voters + i) continue;
        best = rules.better({1 + std::count(voters + i + 1, voters + n, label), label}, best);
    }
    return best.label;
}

/// The same of any window, of a type that has nothing but ==.
template <class T>
T mode_by_comparing(const strided_window<T>& window, const mode_rules<T>& rules) {
    label_votes<T> best{0, rules.background};
    index_t position = -1;
    window.each([&](const T& label) {
        ++position;
        if (rules.is_background(label)) return;
        index_t votes = 0;
        index_t other = -1;
        const T* earlier = window.find([&](const T& voter) {
            const bool same = ++other == position || voter == label;
            votes += same ? 1 : 0;
            return same && other < position;
        });
        if (earlier == nullptr) best = rules.better({votes, label}, best);
    });
    return best.label;
}

/// The mode of any window, of a footprint or of the previous mip, by itself.
template <class T>
class mode_of_windows final : public window_pooling {
public:
    mode_of_windows(const mode_rules<T>& rules, bool from_input) : rules_(rules), from_input_(from_input) {}

    std::size_t scratch_bytes() const override {
        if constexpr (labels_fit_lanes<T>) return window_counter<T>::bytes;
        return 1;
    }

    void row(const plan& p, index_t m, const axes& index, index_t n, std::byte* scratch) const override {
        const plan_level& level = p.level(m);
        // Of the footprints only those of the first mip are windows in the sense of the rule.
        const bool countless =
            rules_.tie == ties::countless && is_two_by_two(p, level) && (!from_input_ || level.number == 1);
        each_window<T>(p, p.level(from_input_ ? 0 : m - 1), from_input_ ? level.footprint : level.window, m,
                       index, n,
                       [&](const strided_window<T>& window) { return mode(window, countless, scratch); });
    }

private:
    T mode(const strided_window<T>& window, bool countless, [[maybe_unused]] std::byte* scratch) const {
        const index_t n = window.size();
        const bool four = n == 4 && countless;
        if (four || rules_.least_coverage > 0) {
            std::array<T, 4> voters;
            index_t seen = 0;
            index_t left = 0;
            window.each([&](const T& label) {
                voters[static_cast<std::size_t>(seen++ % 4)] = label;
                left += rules_.is_background(label) ? 0 : 1;
            });
            if (rules_.least_coverage > 0 && left < rules_.least(n)) return rules_.background;
            if (four) return countless_mode(voters[0], voters[1], voters[2], voters[3], rules_);
        }
        if constexpr (labels_fit_lanes<T>) {
            return window_counter<T>(scratch, rules_).mode(window);
        } else {
            return mode_by_comparing(window, rules_);
        }
    }

    const mode_rules<T>& rules_;
    bool from_input_;
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
