// Modes of windows of any size up to most_gathered_voters, a vector of windows at a time.
//
// The voters are gathered into a buffer, a vector for each place in the windows; an election is a few passes
// over that.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include <tinybrain/detail/drive/window_state.hpp>
#include <tinybrain/detail/simd/mode_kernels.hpp>
#include <tinybrain/detail/simd/uniform.hpp>
#include <tinybrain/detail/simd/window_lanes.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// Votes are counted in lanes as wide as the labels; those of more voters in two bytes.
inline constexpr index_t most_voters_in_a_byte = 127;

/// Windows of up to most_gathered_voters voters, in rows of `factor`.
template <class Lane>
struct large_ballot {
    const std::byte* const* row;  // of the first group
    index_t rows;
    index_t next;  // bytes from one group's rows to the next one's
    rows_ahead ahead;
    const std::int16_t* place;  // in scan order, of voter x of row k: place[k * factor + x]
    index_t voters;
    index_t factor;
    index_t run;
    index_t groups;
    Lane* out;
    index_t out_next;
    Lane* kept;  // labels once more, where a mip above needs them; or null
    index_t kept_next;
    index_t outputs;  // of a group, windows times run: no fewer than a vector has lanes
    ballot_rules<Lane> rules;
    // Where windows have more voters than that, and many labels, they are counted by themselves: a vector of
    // windows from x on.
    index_t most_compared;
    void (*count)(const void* who, index_t group, index_t x, Lane* labels);
    const void* who;
};

/// The voters of windows put into vectors, one for each place in the windows: a lane for each window.
template <class Lane, std::size_t B>
struct gathered_voters {
    static constexpr auto lanes = static_cast<index_t>(B / sizeof(Lane));

    /// Of the windows from x on, in scan order.
    template <class Arguments>
    TINYBRAIN_VECTOR_INLINE static void gather(const Arguments& a, index_t group, index_t x, Lane* voters) {
        if (a.run > 1) return gather_runs(a, group, x, voters);
        // Nothing is read past the end of a row.
        const bool ends = x + lanes == a.outputs;
        for (index_t k = 0; k < a.rows; ++k) {
            const std::byte* row = a.row[k] + group * a.next + x * a.factor * size;
            const std::int16_t* place = a.place + k * a.factor;
            switch (a.factor) {
                case 1:
                    store(voters + place[0] * lanes, load<Lane, B>(row));
                    break;
                case 2:
                    halve<2>(row, place, voters, std::make_index_sequence<2>{});
                    break;
                case 4:
                    halve<4>(row, place, voters, std::make_index_sequence<4>{});
                    break;
                case 8:
                    halve<8>(row, place, voters, std::make_index_sequence<8>{});
                    break;
                default:
                    deal(row, a.factor, ends, place, voters);
            }
        }
    }

private:
    static constexpr index_t size = sizeof(Lane);
    using bytes = vec<std::uint8_t, B>;
    using bits = bits_of<sizeof(Lane)>;

    TINYBRAIN_VECTOR_INLINE static vec<Lane, B> evens(const vec<Lane, B>& a, const vec<Lane, B>& b) {
        return merge_blocks(even_in_blocks(a, b), std::make_index_sequence<B / 8>{});
    }
    TINYBRAIN_VECTOR_INLINE static vec<Lane, B> odds(const vec<Lane, B>& a, const vec<Lane, B>& b) {
        return merge_blocks(odd_in_blocks(a, b), std::make_index_sequence<B / 8>{});
    }

    // Of Factor vectors, halves upon halves: the lanes of every Factor-th voxel from Step * i on end up in
    // one.
    template <std::size_t Factor, std::size_t Step, std::size_t... I>
    TINYBRAIN_VECTOR_INLINE static void split(const vec<Lane, B>* from, const std::int16_t* place,
                                              Lane* voters, std::index_sequence<I...>) {
        constexpr std::make_index_sequence<sizeof...(I) / 2> quarters{};
        const vec<Lane, B> even[] = {evens(from[2 * I], from[2 * I + 1])...};
        const vec<Lane, B> odd[] = {odds(from[2 * I], from[2 * I + 1])...};
        if constexpr (Factor == 2) {
            store(voters + place[0] * lanes, even[0]);
            store(voters + place[Step] * lanes, odd[0]);
        } else {
            split<Factor / 2, 2 * Step>(even, place, voters, quarters);
            split<Factor / 2, 2 * Step>(odd, place + Step, voters, quarters);
        }
    }
    template <std::size_t Factor, std::size_t... I>
    TINYBRAIN_VECTOR_INLINE static void halve(const std::byte* row, const std::int16_t* place, Lane* voters,
                                              std::index_sequence<I...>) {
        const vec<Lane, B> windows[] = {load<Lane, B>(row + I * B)...};
        split<Factor, 1>(windows, place, voters, std::make_index_sequence<Factor / 2>{});
    }

    // Any factor: halves upon halves in memory, until the voxels of a window in one of the parts are odd in
    // number. Then those of a place in the windows are in different lanes of as many vectors.
    TINYBRAIN_VECTOR_INLINE static void deal(const std::byte* row, index_t factor, bool ends,
                                             const std::int16_t* place, Lane* voters) {
        index_t odd = factor;
        while (odd % 2 == 0) odd /= 2;
        if (sizeof(Lane) >= 4 || odd > longest_odd_window) return pick(row, factor, place, voters);
        alignas(64) std::byte room[2][longest_row_of_voters * B + longest_odd_window * sizeof(Lane)];
        if (odd == factor) {
            if (ends) {
                std::memcpy(room[0], row, static_cast<std::size_t>(factor) * B);
                row = room[0];
            }
            for (index_t i = 0; i < odd; ++i)
                store(voters + place[i] * lanes, every_odd(row + i * size, odd));
            return;
        }
        std::int16_t first[longest_row_of_voters];
        first[0] = 0;
        std::int16_t parts = 1;
        int turn = 0;
        for (index_t n = factor; n > odd; n /= 2, turn = 1 - turn) {
            const std::byte* from = row;
            row = room[turn];
            std::byte* to = room[turn];
            for (index_t part = 0; part < parts; ++part, to += n * index_t{B}) {
                for (index_t k = 0; k < n / 2; ++k, from += 2 * B) {
                    const auto low = load<Lane, B>(from);
                    const auto high = load<Lane, B>(from + B);
                    store(to + k * index_t{B}, evens(low, high));
                    store(to + (n / 2 + k) * index_t{B}, odds(low, high));
                }
            }
            for (index_t part = parts; part-- > 0;) {
                first[2 * part + 1] = static_cast<std::int16_t>(first[part] + parts);
                first[2 * part] = first[part];
            }
            parts = static_cast<std::int16_t>(2 * parts);
        }
        for (index_t part = 0; part < parts; ++part, row += odd * index_t{B}) {
            for (index_t i = 0; i < odd; ++i) {
                Lane* to = voters + place[first[part] + i * parts] * lanes;
                store(to, every_odd(row + i * size, odd));
            }
        }
    }
    // Each odd-th lane of so many vectors.
    TINYBRAIN_VECTOR_INLINE static bytes every_odd(const std::byte* from, index_t odd) {
        if (odd == 1) return load<std::uint8_t, B>(from);
        const auto& table = window_lanes<sizeof(Lane), B>[static_cast<std::size_t>(odd / 2 - 1)];
        if (odd == 3) return reordered(wanted_of(from, table, std::make_index_sequence<3>{}), table.order);
        if (odd == 5) return reordered(wanted_of(from, table, std::make_index_sequence<5>{}), table.order);
        bytes all{};
        for (index_t k = 0; k < odd; ++k) all = all | wanted_of(from, table, k);
        return reordered(all, table.order);
    }
    TINYBRAIN_VECTOR_INLINE static bytes wanted_of(const std::byte* from, const lanes_of_windows<B>& table,
                                                   index_t k) {
        return load<std::uint8_t, B>(from + k * index_t{B}) & load<std::uint8_t, B>(table.wanted[k]);
    }
    template <std::size_t... K>
    TINYBRAIN_VECTOR_INLINE static bytes wanted_of(const std::byte* from, const lanes_of_windows<B>& table,
                                                   std::index_sequence<K...>) {
        return (wanted_of(from, table, index_t{K}) | ...);
    }

    // Few lanes, or long windows.
    TINYBRAIN_VECTOR_INLINE static void pick(const std::byte* row, index_t factor, const std::int16_t* place,
                                             Lane* voters) {
        for (index_t i = 0; i < factor; ++i, row += size) {
            const auto picked =
                pick(row, factor, std::make_index_sequence<static_cast<std::size_t>(lanes)>{});
            store(voters + place[i] * lanes, picked);
        }
    }
    template <std::size_t... I>
    TINYBRAIN_VECTOR_INLINE static vec<bits, B> pick(const std::byte* row, index_t factor,
                                                     std::index_sequence<I...>) {
        return {typename vec<bits, B>::native{scalar_at<bits>(row, index_t{I} * factor)...}};
    }

    template <class Arguments>
    TINYBRAIN_VECTOR_INLINE static void gather_runs(const Arguments& a, index_t group, index_t x,
                                                    Lane* voters) {
        index_t element[static_cast<std::size_t>(lanes)];
        for (index_t i = 0; i < lanes; ++i) element[i] = (x + i) / a.run * a.run * a.factor + (x + i) % a.run;
        for (index_t k = 0; k < a.rows; ++k) {
            const std::byte* row = a.row[k] + group * a.next;
            for (index_t i = 0; i < a.factor; ++i) {
                Lane* to = voters + a.place[k * a.factor + i] * lanes;
                for (index_t lane = 0; lane < lanes; ++lane)
                    to[lane] = scalar_at<Lane>(row, element[lane] + i * a.run);
            }
        }
    }
};

/// Numbers of votes, negative: a mask counts as -1. Where votes are more than a lane holds, in two halves;
/// else nobody reads the second.
template <class Lane, std::size_t B, bool Wide>
struct vote_counts {
    using number = signed_of<Wide ? 2 : sizeof(Lane)>;
    using numbers = vec<number, B>;
    using which = mask<Lane, B>;
    numbers low{};
    numbers high{};

    TINYBRAIN_VECTOR_INLINE static vote_counts in_every_lane(index_t n) {
        const auto all = splat<number, B>(static_cast<number>(n));
        return {all, all};
    }
    /// No more than most_voters_in_a_byte, where lanes are bytes.
    TINYBRAIN_VECTOR_INLINE void add(const which& votes) { add({half_of<0>(votes), half_of<1>(votes)}); }
    TINYBRAIN_VECTOR_INLINE void add(const vote_counts& votes) {
        low = low + votes.low;
        high = high + votes.high;
    }
    TINYBRAIN_VECTOR_INLINE vote_counts negative() const { return {numbers{} - low, numbers{} - high}; }
    TINYBRAIN_VECTOR_INLINE void replace(const which& those, const vote_counts& by) {
        low = select(half_of<0>(those), by.low, low);
        high = select(half_of<1>(those), by.high, high);
    }
    TINYBRAIN_VECTOR_INLINE friend which operator<(const vote_counts& a, const vote_counts& b) {
        return joined(a.low < b.low, a.high < b.high);
    }
    TINYBRAIN_VECTOR_INLINE friend which operator==(const vote_counts& a, const vote_counts& b) {
        return joined(a.low == b.low, a.high == b.high);
    }

private:
    template <int Half>
    TINYBRAIN_VECTOR_INLINE static numbers half_of(const which& m) {
        if constexpr (Wide) {
            return convert<number>(half<Half>(m));
        } else {
            return m;
        }
    }
    TINYBRAIN_VECTOR_INLINE static which joined(const numbers& a, [[maybe_unused]] const numbers& b) {
        if constexpr (Wide) {
            return narrow<std::int8_t>(a, b);
        } else {
            return a;
        }
    }
};

/// Their modes. Wide: of more voters than a lane can count.
template <class Lane, bool Wide>
struct modes_of_large_windows {
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(Lane);

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void run(const Arguments& a) {
        constexpr auto lanes = static_cast<index_t>(outputs<B>);
        alignas(64) Lane voters[most * outputs<B>];
        for (index_t group = 0; group < a.groups; ++group) {
            for (index_t done = 0; done < a.outputs; done += lanes) {
                const index_t x = std::min(done, a.outputs - lanes);
                const vec<Lane, B> label = mode<B>(a, group, x, voters);
                store(a.out + group * a.out_next + x, label);
                if (a.kept != nullptr) store(a.kept + group * a.kept_next + x, label);
            }
        }
    }

private:
    static constexpr bool floats = std::is_floating_point_v<Lane>;
    static constexpr index_t most_at_once = sizeof(Lane) == 1 ? most_voters_in_a_byte : most_gathered_voters;
    static constexpr std::size_t most = static_cast<std::size_t>(Wide ? most_gathered_voters : most_at_once);
    // Up to so many voters each is compared with all later ones; of more, labels are counted one by one.
    static constexpr index_t few_voters = 12;
    template <std::size_t B>
    using counts = vote_counts<Lane, B, Wide>;

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<Lane, B> mode(const Arguments& a, index_t group, index_t x,
                                                     Lane* voters) {
        vec<Lane, B> label{};
        if (a.run == 1 && is_uniform<B>(a, group, x, label)) return label;
        // Here once more than in the loop, where alone modes of uint8 take 1.1 to 1.2 times as long by
        // GCC 12.
        gathered_voters<Lane, B>::gather(a, group, x, voters);
        // Of few lanes, all may be so; and to find that out is less than a pass of elect_of_few().
        if constexpr (!floats && sizeof(Lane) >= 4) {
            if (a.voters > few_voters && a.rules.sparse == 0 && elect_of_two<B>(a, voters, label))
                return label;
        }
        bool gathered = true;
        for (bool few = a.voters > few_voters;; few = false) {
            if (!gathered) gathered_voters<Lane, B>::gather(a, group, x, voters);
            gathered = true;
            if (!few && a.voters > a.most_compared) {
                a.count(a.who, group, x, voters);
                return load<Lane, B>(voters);
            }
            if (!few) return elected_of_many<B>(a, voters);
            if (elect_of_few<B>(a, voters, label, gathered)) return label;
        }
    }

    // Whether all windows from x on are of one label and no other, and then that label.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static bool is_uniform(const Arguments& a, index_t group, index_t x,
                                                   vec<Lane, B>& uniform) {
        const index_t offset = x * a.factor * index_t{sizeof(Lane)};
        const Lane label = scalar_at<Lane>(a.row[0] + group * a.next + offset, 0);
        if (!(label == label)) return false;
        if (!rows_are_all<B>(a, group, offset, index_t{B} * a.factor, label)) return false;
        const bool background = a.rules.sparse != 0 && label == a.rules.background;
        uniform = splat<Lane, B>(background ? a.rules.background : label);
        return true;
    }

    // How many of n voters are for a label, negative.
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static counts<B> votes_for(const vec<Lane, B>& label, index_t n,
                                                       const Lane* voters) {
        constexpr auto lanes = static_cast<index_t>(outputs<B>);
        counts<B> votes;
        while (n > 0) {
            // By name: GCC leaves an array of them in memory.
            mask<Lane, B> one{}, two{}, three{}, four{};
            const index_t end = std::max<index_t>(0, n - most_at_once);
            for (; n - end >= 4; n -= 4, voters += 4 * lanes) {
                one = one + (load<Lane, B>(voters) == label);
                two = two + (load<Lane, B>(voters + lanes) == label);
                three = three + (load<Lane, B>(voters + 2 * lanes) == label);
                four = four + (load<Lane, B>(voters + 3 * lanes) == label);
            }
            for (; n > end; --n, voters += lanes) one = one + (load<Lane, B>(voters) == label);
            votes.add((one + two) + (three + four));
        }
        return votes;
    }

    // Windows of one label, or of two where the first and the last voter differ, as most are at borders; or
    // of more, where one of these two has the majority. False where there are others.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static bool elect_of_two(const Arguments& a, const Lane* voters,
                                                     vec<Lane, B>& label) {
        const index_t n = a.voters;
        const auto first = load<Lane, B>(voters);
        const counts<B> for_first = votes_for<B>(first, n, voters);
        // Where no first label has more, there are many.
        if (!any(for_first < counts<B>::in_every_lane(-std::max<index_t>(2, n / 8)))) return false;
        const auto half = counts<B>::in_every_lane(-(n / 2));
        const mask<Lane, B> first_wins = for_first < half;
        label = first;
        if (!any(mask<Lane, B>{~first_wins.v})) return true;
        const auto last = load<Lane, B>(voters + (n - 1) * static_cast<index_t>(outputs<B>));
        const counts<B> for_last = votes_for<B>(last, n, voters);
        counts<B> both = for_first;
        both.add(for_last);
        const mask<Lane, B> two = (both == counts<B>::in_every_lane(-n)) & mask<Lane, B>{~(first == last).v};
        const mask<Lane, B> decided = first_wins | (for_last < half) | two;
        if (any(mask<Lane, B>{~decided.v})) return false;
        const auto rules = in_every_lane<B>(a.rules);
        const mask<Lane, B> tie = (for_last == for_first) & goes_before(last, first, rules) & rules.lowest;
        label = select((for_last < for_first) | tie, last, first);
        return true;
    }

    // The label of most votes so far in each lane, and how many voters are not counted yet.
    template <std::size_t B>
    struct tally {
        vec<Lane, B> label;
        counts<B> best;
        counts<B> left;  // positive
        // A voter that is counted, or has no vote, is overwritten with a label that is out of the race.
        vec<Lane, B> out;
        vec<Lane, B> candidate;
    };

    // Background has no vote, and a NaN, which equals nothing, no more than its own: the first voter of all
    // has one, whatever it is.
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void nominate(index_t n, const Lane* voters,
                                                 const rule_lanes<Lane, B>& rules, tally<B>& tally) {
        constexpr auto lanes = static_cast<index_t>(outputs<B>);
        tally.label = rules.background;
        tally.candidate = load<Lane, B>(voters);
        mask<Lane, B> any_vote{};
        counts<B> left;
        while (n > 0) {
            mask<Lane, B> some{};
            for (const index_t end = std::max<index_t>(0, n - most_at_once); n > end;) {
                const auto voter = load<Lane, B>(voters + --n * lanes);
                const mask<Lane, B> votes{~is_background(voter, rules).v};
                const mask<Lane, B> counted = floats ? votes & (voter == voter) : votes;
                tally.label = select(votes, voter, tally.label);
                tally.candidate = select(counted, voter, tally.candidate);
                any_vote = any_vote | votes;
                some = some + counted;
            }
            left.add(some);
        }
        tally.best = counts<B>{};
        tally.best.add(any_vote);
        tally.left = left.negative();
        tally.out = select(rules.sparse, rules.background, tally.candidate);
    }

    // Counts the candidates' votes, and finds the next candidates. True where no lane can change any more.
    // First: the candidates are out of the race with this pass, as they are.
    template <bool First, std::size_t B>
    TINYBRAIN_VECTOR_INLINE static bool count_votes(index_t n, Lane* voters, const rule_lanes<Lane, B>& rules,
                                                    tally<B>& tally) {
        constexpr auto lanes = static_cast<index_t>(outputs<B>);
        const vec<Lane, B> candidate = tally.candidate;
        const vec<Lane, B> out = tally.out;
        vec<Lane, B> next = candidate;
        counts<B> count;
        while (n > 0) {
            mask<Lane, B> some{};
            for (const index_t end = std::max<index_t>(0, n - most_at_once); n > end;) {
                auto voter = load<Lane, B>(voters + --n * lanes);
                const mask<Lane, B> equal = voter == candidate;
                some = some + equal;
                mask<Lane, B> gone = equal;
                if constexpr (!First) {
                    voter = select(equal, out, voter);
                    store(voters + n * lanes, voter);
                    gone = voter == out;
                }
                if constexpr (floats) gone = gone | mask<Lane, B>{~(voter == voter).v};
                next = select(gone, next, voter);
            }
            count.add(some);
        }
        // A lane that is through repeats its last candidate.
        const counts<B> none;
        count.replace((none == tally.left) | is_background(candidate, rules), none);
        const mask<Lane, B> tie =
            (count == tally.best) & goes_before(candidate, tally.label, rules) & rules.lowest;
        const mask<Lane, B> better = (count < tally.best) | tie;
        tally.label = select(better, candidate, tally.label);
        tally.best.replace(better, count);
        tally.left.add(count);
        tally.candidate = next;
        // Whether what is left could be more votes than the best has, or as many where the lower label wins.
        const counts<B> lead = tally.best.negative();
        const mask<Lane, B> open =
            (lead < tally.left) | ((lead == tally.left) & (none < tally.left) & rules.lowest);
        return !any(open);
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void begin(const Arguments& a, const Lane* voters,
                                              const rule_lanes<Lane, B>& rules, tally<B>& tally) {
        if (floats || a.rules.sparse != 0) return nominate<B>(a.voters, voters, rules, tally);
        tally.candidate = load<Lane, B>(voters);
        tally.label = tally.candidate;
        tally.best = counts<B>::in_every_lane(-1);
        tally.left = counts<B>::in_every_lane(a.voters);
        tally.out = tally.candidate;
    }

    // A pass for each label, which ends when no lane has voters enough left to change its result: after one
    // where windows are uniform, after as many as there are labels. False where those are too many, and
    // then whether all voters are still there.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static bool elect_of_few(const Arguments& a, Lane* voters, vec<Lane, B>& label,
                                                     bool& whole) {
        const auto rules = in_every_lane<B>(a.rules);
        tally<B> lanes;
        begin<B>(a, voters, rules, lanes);
        whole = a.rules.sparse == 0;
        bool decided = whole && count_votes<true, B>(a.voters, voters, rules, lanes);
        // Where the first labels have few votes, there are many labels. A pass costs about three times a
        // comparison of one voter with the later ones.
        const index_t few_passes = std::min<index_t>(4, 1 + a.voters / 64);
        const auto some = counts<B>::in_every_lane(-a.voters / 8);
        for (index_t pass = 1; !decided && pass < 5 + a.voters / 8; ++pass) {
            if (pass == few_passes && !any(lanes.best < some)) return false;
            decided = count_votes<false, B>(a.voters, voters, rules, lanes);
            whole = false;
        }
        label = lanes.label;
        return decided;
    }

    // The same as in small windows: each voter is compared with all later ones. Where labels are many this is
    // less work, and it does not depend on them.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static vec<Lane, B> elected_of_many(const Arguments& a, const Lane* voters) {
        constexpr auto lanes = static_cast<index_t>(outputs<B>);
        const auto rules = in_every_lane<B>(a.rules);
        const index_t n = a.voters;
        // More than any has: the first voter always wins.
        counts<B> best = counts<B>::in_every_lane(2);
        vec<Lane, B> label = load<Lane, B>(voters);
        for (index_t v = 0; v < n; ++v) {
            const auto voter = load<Lane, B>(voters + v * lanes);
            counts<B> votes = votes_for<B>(voter, n - v - 1, voters + (v + 1) * lanes);
            if (a.rules.sparse != 0) {
                const mask<Lane, B> out = is_background(voter, rules);
                votes.replace(out, counts<B>{});
                votes.add(mask<Lane, B>{} - out);
            }
            mask<Lane, B> better = votes < best;
            if (a.rules.lowest != 0) better = better | ((votes == best) & goes_before(voter, label, rules));
            label = select(better, voter, label);
            best.replace(better, votes);
        }
        return select(counts<B>{} < best, rules.background, label);
    }
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
