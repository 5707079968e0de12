// Votes for labels: sets that add up, and who wins.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include <tinybrain/detail/drive/window_state.hpp>
#include <tinybrain/detail/vote/mode_rules.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// What a set, an arena of a tile's sets, or the stack has room for.
inline constexpr std::size_t most_votes = 8192;

/// All NaNs are one entry of a set, with the one vote that each of them has.
template <class T>
TINYBRAIN_FORCE_INLINE bool same_entry(const T& a, const T& b) {
    return (a == b) | (!(a == a) & !(b == b));
}

/// How many labels from the start of a row on are alike.
template <class T>
TINYBRAIN_FORCE_INLINE index_t alike_from(const T* row, index_t stride, index_t n) {
    const T label = row[0];
    index_t i = 1;
    if constexpr (std::is_integral_v<T> && sizeof(T) <= 2) {
        // Many to a word.
        constexpr auto some = static_cast<index_t>(8 / sizeof(T));
        if (stride == 1 && n >= some && row[1] == label) {
            const std::uint64_t all = ~std::uint64_t{0} / std::numeric_limits<T>::max() * label;
            std::uint64_t word = all;
            for (i = 0; i + some <= n && word == all; i += some) std::memcpy(&word, row + i, sizeof word);
            if (word != all) i -= some;
        }
    }
    while (i < n && row[i * stride] == label) ++i;
    return i;
}

/// The votes of one window, each label once, in somebody else's memory. Few are searched in turn, many by an
/// index of hashes.
template <class T>
class vote_set {
public:
    using votes = label_votes<T>;
    using slot = std::uint16_t;
    static constexpr std::size_t most_slots = 2 * most_votes;

    /// What a set of up to so many labels needs.
    static constexpr std::size_t slots_for(std::size_t labels) { return slots_to_begin_with(4 * labels); }

    explicit vote_set(slot* slots) : slot_(slots) {}

    /// Goes on with the set that is there, to which so many labels at most will be added, if that is known.
    void open(votes* at, std::size_t size, std::size_t room, std::size_t more = 0) {
        votes_ = at;
        size_ = size;
        room_ = room;
        slots_ = 0;
        if (size + more > few) index(slots_to_begin_with(std::max(4 * size, size + more)));
    }
    std::size_t size() const { return size_; }

    /// The set was moved to lower memory.
    void move_down(std::size_t by) {
        votes_ -= by;
        room_ += by;
    }

    /// False where there is no room for another label, be it one or not. By value: a set may grow over what
    /// is added to it.
    bool add(const votes more) {
        if (size_ == room_) return false;
        if (slots_ != 0) {
            add_indexed(more);
        } else {
            add_in_turn(more);
        }
        return true;
    }
    bool add(const votes* more, std::size_t n) {
        std::size_t i = 0;
        for (; i < n && slots_ != 0 && size_ < room_; ++i) add_indexed(more[i]);
        for (; i < n && add(more[i]); ++i) {
        }
        return i == n;
    }

    /// Adds those voters of a row that are wanted. False where there is no room.
    template <class Wanted>
    bool add_row(const T* row, index_t stride, index_t n, const Wanted& wanted) {
        for (index_t i = 0; i < n;) {
            const T label = row[i * stride];
            const index_t alike = alike_from(row + i * stride, stride, n - i);
            i += alike;
            if (wanted(label) && !add({alike, label})) return false;
        }
        return true;
    }

private:
    static constexpr std::size_t few = 16;
    // Four for each label.
    static constexpr std::size_t slots_to_begin_with(std::size_t labels) {
        return std::min(most_slots, std::bit_ceil(4 * labels));
    }

    // All NaNs have one vote.
    static void merge(votes& to, const votes& from, bool is_new) {
        to.count += is_new || from.label == from.label ? from.count : 0;
    }

    void add_in_turn(const votes& more) {
        std::size_t i = 0;
        while (i < size_ && !same_entry(votes_[i].label, more.label)) ++i;
        if (i < size_) return merge(votes_[i], more, false);
        votes_[size_++] = more;
        if (size_ > few) index(slots_for(size_));
    }

    // Whether the label is there already nobody can foretell, so no branch depends on it: it is put behind
    // the others, where an empty slot leads.
    TINYBRAIN_FORCE_INLINE void add_indexed(const votes more) {
        votes_[size_] = {0, more.label};
        auto s = static_cast<std::size_t>(hash_of_label(more.label) & (slots_ - 1));
        std::size_t i = entry_of(s);
        while (!same_entry(votes_[i].label, more.label)) {
            s = (s + 1) & (slots_ - 1);
            i = entry_of(s);
        }
        const bool is_new = i == size_;
        merge(votes_[i], more, is_new);
        slot_[s] = static_cast<slot>(i + 1);
        size_ += is_new ? 1 : 0;
        if (4 * size_ > slots_ && slots_ < most_slots) index(slots_for(size_));
    }
    std::size_t entry_of(std::size_t s) const {
        const std::size_t is_empty = slot_[s] == 0 ? 1 : 0;
        return slot_[s] - std::size_t{1} + ((size_ + 1) & (0 - is_empty));
    }

    void index(std::size_t slots) {
        slots_ = slots;
        std::memset(slot_, 0, slots_ * sizeof(slot));
        for (std::size_t i = 0; i < size_; ++i) {
            auto s = static_cast<std::size_t>(hash_of_label(votes_[i].label) & (slots_ - 1));
            while (slot_[s] != 0) s = (s + 1) & (slots_ - 1);
            slot_[s] = static_cast<slot>(i + 1);
        }
    }

    votes* votes_ = nullptr;
    slot* slot_;
    std::size_t size_ = 0;
    std::size_t room_ = 0;
    std::size_t slots_ = 0;
};

/// The winner of a vote. Sets do not know where a label was first seen; where it matters, which is not often,
/// the footprint is looked through from its first voxel on. It seldom takes more than that one.
template <class T>
class election {
public:
    explicit election(const mode_rules<T>& rules) : rules_(rules), has_first_(rules.tie != ties::lowest) {}

    /// `corner` is the first voxel of the footprint, which window() is in scan order. Reorders the set.
    template <class Window>
    TINYBRAIN_FORCE_INLINE T winner(label_votes<T>* set, std::size_t size, const T& corner,
                                    const Window& window) const {
        if (size == 2) {
            const bool tie = set[0].count == set[1].count;
            // The corner is looked at for a tie only: it is seldom in a cache.
            const bool second = set[1].count > set[0].count || (tie && corner == set[1].label);
            const T label = second ? set[1].label : set[0].label;
            const bool known = !tie || (has_first_ && corner == label);
            if (known && has_one_form(label)) return label;
        }
        if (size == 0) return rules_.background;
        std::size_t best = 0;
        bool tie = false;
        for (std::size_t i = 1; i < size; ++i) {
            tie = set[i].count == set[best].count || (tie && set[i].count < set[best].count);
            best = set[i].count > set[best].count ? i : best;
        }
        if (!tie && has_one_form(set[best].label)) return set[best].label;
        return first_of_best(set, size, window());
    }

private:
    // Equal labels have the same bits.
    static bool has_one_form(const T& label) {
        if constexpr (std::is_floating_point_v<T>) {
            return !(label == T{0}) && label == label;
        } else {
            return true;
        }
    }

    template <class Window>
    T first_of_best(label_votes<T>* set, std::size_t size, const Window& window) const {
        index_t most = 0;
        for (std::size_t i = 0; i < size; ++i) most = std::max(most, set[i].count);
        std::size_t best = 0;
        for (std::size_t i = 0; i < size; ++i) {
            if (set[i].count == most) std::swap(set[i], set[best++]);
        }
        if (best > 1 && rules_.tie == ties::lowest) {
            for (std::size_t i = 1; i < best; ++i) {
                if (rules_.goes_before(set[i].label, set[0].label)) std::swap(set[0], set[i]);
            }
            best = 1;
        }
        if (best == 1 && has_one_form(set[0].label)) return set[0].label;
        const T* first = window.find([&](const T& voter) {
            const auto same = [&](const label_votes<T>& v) { return same_entry(v.label, voter); };
            return std::any_of(set, set + best, same);
        });
        // None is left where somebody writes to the labels: a mapped file that is cut, say.
        return first != nullptr ? *first : set[0].label;
    }

    const mode_rules<T>& rules_;
    bool has_first_;
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
