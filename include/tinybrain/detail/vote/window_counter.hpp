// Votes counted one window after another, whatever its size.
//
// The first labels by a pass each over the voters, by vectors: in segmentations most windows have few. What
// is left then goes to a set of votes, a voter at a time, which costs the same however many labels there are.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include <tinybrain/detail/drive/windows.hpp>
#include <tinybrain/detail/simd/first_labels.hpp>
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
    static_assert(std::is_arithmetic_v<T>);

    /// With room for so many labels: `votes`, and four times as many slots up to most_slots.
    window_counter(votes* set, slot* slots, std::size_t room, const mode_rules<T>& rules)
        : votes_(set), set_(slots), room_(room), rules_(rules) {}
    window_counter(std::byte* scratch, const mode_rules<T>& rules)
        : window_counter(reinterpret_cast<votes*>(scratch),
                         reinterpret_cast<slot*>(scratch + most_votes * sizeof(votes)), most_votes, rules) {}

    /// Where a window has more labels than there is room for, it is gone through several times, each time for
    /// those labels whose hash falls to that pass.
    T mode(const strided_window<T>& window) {
        for (passes_ = 1;; passes_ *= 2) {
            votes best{0, rules_.background};
            bool fits = true;
            for (pass_ = 0; pass_ < passes_ && fits; ++pass_) {
                fits = count(window);
                if (fits) propose(window, best);
            }
            if (fits) return best.label;
        }
    }

private:
    static constexpr index_t at_once = 2048;  // voters, which stay in L1

    void propose(const strided_window<T>& window, votes& best) {
        if (set_.size() == 0) return;
        index_t most = 0;
        for (std::size_t i = 0; i < set_.size(); ++i) most = std::max(most, votes_[i].count);
        if (most < best.count) return;
        const T label = election<T>(rules_).winner(votes_, set_.size(), *window.data, [&] { return window; });
        if (most == best.count) {
            votes both[] = {best, {most, label}};
            best.label = election<T>(rules_).winner(both, 2, *window.data, [&] { return window; });
        } else {
            best = {most, label};
        }
    }

    // False where there is no room.
    bool count(const strided_window<T>& window) {
        set_.open(votes_, 0, room_);
        buffered_ = 0;
        const axes none{};
        axes index{};
        do {
            const T* row = window.data;
            for (std::size_t axis = 2; axis < max_axes; ++axis) row += index[axis] * window.stride[axis];
            for (index_t y = 0; y < window.count[1]; ++y, row += window.stride[1]) {
                if (!take_row(row, window.stride[0], window.count[0])) return false;
            }
        } while (step(index, none, window.count, 2));
        return count_buffered();
    }
    bool take_row(const T* row, index_t stride, index_t left) {
        while (left > 0) {
            const index_t n = std::min(left, at_once - buffered_);
            copy_row(row, stride, n);
            buffered_ += n;
            row += n * stride;
            left -= n;
            if (buffered_ == at_once && !count_buffered()) return false;
        }
        return true;
    }
    void copy_row(const T* row, index_t stride, index_t n) {
        constexpr index_t line = 16 / sizeof(T);
        T* to = voter_.data() + buffered_;
        index_t x = 0;
        // By name: a call of memcpy costs as much as ten such lines.
        for (; stride == 1 && x + line <= n; x += line) std::memcpy(to + x, row + x, 16);
        for (; x < n; ++x) to[x] = row[x * stride];
    }

    bool count_buffered() {
        const index_t n = std::exchange(buffered_, 0);
        if (n == 0) return true;
        std::array<std::uint64_t, at_once / 64> left;
        left.fill(~std::uint64_t{0});
        const index_t words = ceil_quotient(n, 64);
        left[static_cast<std::size_t>(words - 1)] >>= words * 64 - n;
        if (!count_first_labels(n, left.data())) return false;
        for (index_t word = 0; word < words; ++word) {
            std::uint64_t rest = left[static_cast<std::size_t>(word)];
            for (; rest != 0; rest &= rest - 1) {
                if (!add({1, voter_[static_cast<std::size_t>(word * 64 + std::countr_zero(rest))]}))
                    return false;
            }
        }
        return true;
    }
    bool add(const votes& v) {
        if (rules_.is_background(v.label)) return true;
        if (passes_ > 1 && v.label == v.label && (hash_of_label(v.label) >> 32 & (passes_ - 1)) != pass_)
            return true;
        return set_.add(v);
    }

    bool count_first_labels([[maybe_unused]] index_t n, [[maybe_unused]] std::uint64_t* left) {
#if TINYBRAIN_HAS_VECTORS
        if constexpr (labels_fit_lanes<T>) {
            if (!vectors_) return true;
            std::array<votes, simd::most_first_labels> first;
            std::size_t labels = 0;
            simd::run<simd::first_labels<T>>(
                simd::first_labels_arguments<T>{voter_.data(), n, left, first.data(), &labels});
            for (std::size_t i = 0; i < labels; ++i) {
                if (!add(first[i])) return false;
            }
        }
#endif
        return true;
    }

    votes* votes_;
    vote_set<T> set_;
    std::size_t room_;
    const mode_rules<T>& rules_;
    std::uint64_t passes_ = 1;
    std::uint64_t pass_ = 0;
    index_t buffered_ = 0;
    bool vectors_ = simd::has_vectors();
    alignas(64) std::array<T, at_once> voter_;
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
