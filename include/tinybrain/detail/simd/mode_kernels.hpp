// Modes of windows, a vector of windows at a time: lane by lane an election.
//
// Voters are looked at in scan order. Of a label's voters the first has the most equals among the later ones,
// and of labels with as many votes the one seen first is met first: so counts of equals among later voters
// are all that a small window needs, and nothing depends on the data but the lanes.
#pragma once

#include <algorithm>
#include <cstring>
#include <type_traits>

#include <tinybrain/detail/simd/dispatch.hpp>
#include <tinybrain/detail/simd/rows.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

enum class election { first, sparse_first, countless, sparse_countless, lowest };

/// What decides, beside the voters: see mode_rules.
template <class Lane>
struct ballot_rules {
    using ints = signed_of<sizeof(Lane)>;
    Lane background;
    ints sparse;  // -1 or 0: broadcast as it is
    ints flip;    // what makes a signed comparison of bits one of labels
};

/// The same in every lane.
template <class Lane, std::size_t B>
struct rule_lanes {
    vec<Lane, B> background;
    mask<Lane, B> sparse;
    mask<Lane, B> flip;
};
template <std::size_t B, class Lane>
TINYBRAIN_FORCE_INLINE rule_lanes<Lane, B> in_every_lane(const ballot_rules<Lane>& rules) {
    using ints = signed_of<sizeof(Lane)>;
    return {splat<Lane, B>(rules.background), splat<ints, B>(rules.sparse), splat<ints, B>(rules.flip)};
}

/// The arguments of small windows.
template <class Lane>
struct small_ballot : rows_arguments<Lane> {
    ballot_rules<Lane> rules;
    Lane* kept;  // labels once more, where a mip above needs them; or null
    index_t kept_next;

    TINYBRAIN_FORCE_INLINE void step() {
        rows_arguments<Lane>::step();
        if (kept != nullptr) kept += kept_next;
    }
};

template <class Lane, std::size_t B>
TINYBRAIN_FORCE_INLINE mask<Lane, B> is_background(const vec<Lane, B>& label,
                                                   const rule_lanes<Lane, B>& rules) {
    return (label == rules.background) & rules.sparse;
}

/// Whether a label goes before another under ties::lowest: numbers go before NaN.
template <class Lane, std::size_t B>
TINYBRAIN_FORCE_INLINE mask<Lane, B> goes_before(const vec<Lane, B>& a, const vec<Lane, B>& b,
                                                 const rule_lanes<Lane, B>& rules) {
    if constexpr (std::is_floating_point_v<Lane>) {
        const mask<Lane, B> b_is_number = b == b;
        return (a < b) | ((a == a) & mask<Lane, B>{~b_is_number.v});
    } else {
        using ints = signed_of<sizeof(Lane)>;
        return (cast<ints>(a) ^ rules.flip) < (cast<ints>(b) ^ rules.flip);
    }
}

/// The votes of voter I among voters J, J + 1 ..., negative: a mask counts as -1.
template <int I, int J, int Voters, class Lane, std::size_t B>
TINYBRAIN_FORCE_INLINE mask<Lane, B> votes_from(const vec<Lane, B>* voter) {
    const mask<Lane, B> equal = voter[I] == voter[J];
    if constexpr (J + 1 < Voters) {
        return equal + votes_from<I, J + 1, Voters>(voter);
    } else {
        return equal;
    }
}

/// The same, and 1 for background, which loses to any voter.
template <election Rule, int I, int Voters, class Lane, std::size_t B>
TINYBRAIN_FORCE_INLINE mask<Lane, B> votes_of(const vec<Lane, B>* voter, const rule_lanes<Lane, B>& rules) {
    mask<Lane, B> votes{};
    if constexpr (I + 1 < Voters) votes = votes_from<I, I + 1, Voters>(voter);
    if constexpr (Rule == election::first) {
        return votes;
    } else {
        const mask<Lane, B> out = is_background(voter[I], rules);
        return mask<Lane, B>{votes.v & ~out.v} - out;
    }
}

/// Elects among voters I, I + 1 ... and the best of those before.
template <election Rule, int I, int Voters, class Lane, std::size_t B>
TINYBRAIN_FORCE_INLINE void elect(const vec<Lane, B>* voter, const rule_lanes<Lane, B>& rules,
                                  vec<Lane, B>& label, mask<Lane, B>& best) {
    // Alone, the last voter wins nothing but what is background so far, or a tie.
    constexpr int candidates = Rule == election::first ? Voters - 1 : Voters;
    if constexpr (I < candidates) {
        const mask<Lane, B> votes = votes_of<Rule, I, Voters>(voter, rules);
        mask<Lane, B> better = votes < best;
        if constexpr (Rule == election::lowest)
            better = better | ((votes == best) & goes_before(voter[I], label, rules));
        label = select(better, voter[I], label);
        best = select(better, votes, best);
        elect<Rule, I + 1, Voters>(voter, rules, label, best);
    }
}

template <election Rule, int Voters, class Lane, std::size_t B>
TINYBRAIN_FORCE_INLINE vec<Lane, B> elected(const vec<Lane, B>* voter, const rule_lanes<Lane, B>& rules) {
    vec<Lane, B> label = voter[0];
    if constexpr (Rule == election::countless) {
        label = select(voter[1] == voter[2], voter[1], voter[3]);
        return select((voter[0] == voter[1]) | (voter[0] == voter[2]), voter[0], label);
    } else if constexpr (Rule == election::sparse_countless) {
        const mask<Lane, B> out_0 = voter[0] == rules.background;
        const mask<Lane, B> out_1 = voter[1] == rules.background;
        label = select(out_1, rules.background, voter[1]);
        label = select(voter[2] == rules.background, label, voter[2]);
        label = select(out_0, label, voter[0]);
        label = select(voter[3] == rules.background, label, voter[3]);
        label = select((voter[1] == voter[2]) & mask<Lane, B>{~out_1.v}, voter[1], label);
        return select(((voter[0] == voter[1]) | (voter[0] == voter[2])) & mask<Lane, B>{~out_0.v}, voter[0],
                      label);
    } else {
        mask<Lane, B> best = votes_of<Rule, 0, Voters>(voter, rules);
        elect<Rule, 1, Voters>(voter, rules, label, best);
        if constexpr (Rule == election::first) return label;
        return select(mask<Lane, B>{} < best, rules.background, label);
    }
}

/// Modes of windows of Voters in rows of Factor: rows in scan order, and in it x before or after them
/// (XFirst).
template <class Lane, int Voters, int Factor, bool XFirst, election Rule>
struct modes_of_rows {
    static constexpr level highest = level::avx2;
    static constexpr int rows = Voters / Factor;
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(Lane);

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void block(const Arguments& a, index_t x, bool stream) {
        vec<Lane, B> voter[std::size_t{Voters}];
        const index_t offset = x * Factor * static_cast<index_t>(sizeof(Lane));
        prefetch_rows<rows, Factor * B>(a, offset);
        take_rows<0>(a, offset, voter);
        vec<Lane, B> label = elected<Rule, Voters>(voter, in_every_lane<B>(a.rules));
        if constexpr (Factor == 2) label = merge_blocks(label, std::make_index_sequence<B / 8>{});
        store_or_stream(stream, a.out + x, label);
        if (a.kept != nullptr) store(a.kept + x, label);
    }

private:
    template <int K, std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void take_rows(const Arguments& a, index_t offset, vec<Lane, B>* voter) {
        if constexpr (K < rows) {
            const std::byte* from = a.row[K] + offset;
            const auto low = load<Lane, B>(from);
            if constexpr (Factor == 2) {
                const auto high = load<Lane, B>(from + B);
                voter[XFirst ? 2 * K : K] = even_in_blocks(low, high);
                voter[XFirst ? 2 * K + 1 : K + rows] = odd_in_blocks(low, high);
            } else {
                voter[K] = low;
            }
            take_rows<K + 1>(a, offset, voter);
        }
    }
};

/// Windows of up to most_voters voters, in rows of `factor`.
inline constexpr index_t most_voters = 512;
/// Votes are counted in lanes as wide as the labels.
inline constexpr index_t most_voters_in_a_byte = 127;
template <class Source, class Lane>
struct large_ballot {
    const std::byte* const* row;  // of the first group
    index_t rows;
    index_t next;               // bytes from one group's rows to the next one's
    bool prefetch;              // those
    const std::int16_t* place;  // in scan order, of voter x of row k: place[k * factor + x]
    index_t voters;
    index_t factor;
    index_t run;
    index_t groups;
    Source* out;
    index_t out_next;
    Source* kept;  // labels once more, where a mip above needs them; or null
    index_t kept_next;
    index_t outputs;  // of a group, windows times run: no fewer than a vector has lanes
    ballot_rules<Lane> rules;
    signed_of<sizeof(Lane)> lowest;  // -1 or 0
};

/// Modes of windows of any size up to most_voters. The votes for one label are counted in one pass over the
/// voters of a vector of windows, each lane its own label, which also finds the label that is next in scan
/// order. It ends when no lane has voters enough left to change its result: after one pass where windows are
/// uniform, after as many as there are labels, or where those are too many.
template <class Source, class Lane>
struct modes_of_large_windows {
    static constexpr level highest = level::avx2;
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(Lane);

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void run(const Arguments& a) {
        constexpr auto lanes = static_cast<index_t>(outputs<B>);
        constexpr std::size_t most = sizeof(Lane) == 1 ? most_voters_in_a_byte : most_voters;
        alignas(64) Lane voters[most * outputs<B>];
        for (index_t group = 0; group < a.groups; ++group) {
            for (index_t done = 0; done < a.outputs; done += lanes) {
                const index_t x = std::min(done, a.outputs - lanes);
                const vec<Lane, B> label = mode<B>(a, group, x, voters);
                write(a.out + group * a.out_next + x, label);
                if (a.kept != nullptr) write(a.kept + group * a.kept_next + x, label);
            }
        }
    }

private:
    static constexpr bool floats = std::is_floating_point_v<Lane>;
    using ints = signed_of<sizeof(Lane)>;

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static vec<Lane, B> mode(const Arguments& a, index_t group, index_t x,
                                                    Lane* voters) {
        vec<Lane, B> label{};
        if (a.run == 1 && is_uniform<B>(a, group, x, label)) return label;
        gather<B>(a, group, x, voters);
        if (elect_of_few<B>(a, voters, label)) return label;
        gather<B>(a, group, x, voters);
        return elected_of_many<B>(a, voters);
    }

    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static void write(Source* out, const vec<Lane, B>& label) {
        if constexpr (sizeof(Source) == sizeof(Lane)) {
            store(out, label);
        } else {
            const auto narrow = convert<Source>(label);
            __builtin_memcpy(out, &narrow.v, sizeof narrow.v);
        }
    }

    // Whether all windows from x on are of one label and no other, and then that label.
    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static bool is_uniform(const Arguments& a, index_t group, index_t x,
                                                  vec<Lane, B>& uniform) {
        constexpr std::size_t read = outputs<B> * sizeof(Source);
        const index_t offset = group * a.next + x * a.factor * index_t{sizeof(Source)};
        const Source label = scalar_at<Source>(a.row[0] + offset, 0);
        if (!(label == label)) return false;
        const auto same = splat<Source, B>(label);
        using bytes = std::uint8_t;
        vec<bytes, B> different{};
        for (index_t k = 0; k < a.rows; ++k) {
            const std::byte* from = a.row[k] + offset;
            const std::byte* end = from + static_cast<index_t>(read) * a.factor;
            // The last vector ends where the windows do.
            for (;;) {
                const std::byte* at = end - from < index_t{B} ? end - index_t{B} : from;
                if (a.prefetch) prefetch_lines<B>(at + a.next);
                different = different | (load<bytes, B>(at) ^ cast<bytes>(same));
                from += B;
                if (from >= end) break;
            }
            // Most windows that are not uniform show it in their first row.
            if ((k % 4 == 0 || k + 1 == a.rows) && any(different)) return false;
        }
        const bool background = a.rules.sparse != 0 && static_cast<Lane>(label) == a.rules.background;
        uniform = splat<Lane, B>(background ? a.rules.background : static_cast<Lane>(label));
        return true;
    }

    // The voters of the windows from x on, in scan order: a vector each, a lane for each window.
    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void gather(const Arguments& a, index_t group, index_t x, Lane* voters) {
        if (a.run > 1) {
            gather_runs<B>(a, group, x, voters);
            return;
        }
        for (index_t k = 0; k < a.rows; ++k) {
            const std::byte* row = a.row[k] + group * a.next + x * a.factor * index_t{sizeof(Source)};
            const std::int16_t* place = a.place + k * a.factor;
            if (sizeof(Source) == sizeof(Lane) && a.factor == 2) {
                gather_row<2, B>(row, place, voters);
            } else if (sizeof(Source) == sizeof(Lane) && a.factor == 4) {
                gather_row<4, B>(row, place, voters);
            } else if (sizeof(Source) == sizeof(Lane) && a.factor == 8) {
                gather_row<8, B>(row, place, voters);
            } else {
                gather_row<B>(row, a.factor, place, voters);
            }
        }
    }

    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static void gather_row(const std::byte* row, index_t factor,
                                                  const std::int16_t* place, Lane* voters) {
        constexpr auto lanes = static_cast<index_t>(outputs<B>);
        for (index_t i = 0; i < factor; ++i) {
            const Source* from = reinterpret_cast<const Source*>(row) + i;
            Lane* to = voters + place[i] * lanes;
            for (index_t lane = 0; lane < lanes; ++lane, from += factor) to[lane] = static_cast<Lane>(*from);
        }
    }
    // Of Factor vectors, halves upon halves: the lanes of every Factor-th voxel from Step * i on end up in
    // one.
    template <std::size_t Factor, std::size_t Step, std::size_t B, std::size_t... I>
    TINYBRAIN_FORCE_INLINE static void split(const vec<Lane, B>* from, const std::int16_t* place,
                                             Lane* voters, std::index_sequence<I...>) {
        constexpr std::make_index_sequence<sizeof...(I) / 2> quarters{};
        const vec<Lane, B> even[] = {evens(from[2 * I], from[2 * I + 1])...};
        const vec<Lane, B> odd[] = {odds(from[2 * I], from[2 * I + 1])...};
        if constexpr (Factor == 2) {
            store(voters + place[0] * static_cast<index_t>(outputs<B>), even[0]);
            store(voters + place[Step] * static_cast<index_t>(outputs<B>), odd[0]);
        } else {
            split<Factor / 2, 2 * Step>(even, place, voters, quarters);
            split<Factor / 2, 2 * Step>(odd, place + Step, voters, quarters);
        }
    }
    template <std::size_t Factor, std::size_t B>
    TINYBRAIN_FORCE_INLINE static void gather_row(const std::byte* row, const std::int16_t* place,
                                                  Lane* voters) {
        gather_row<Factor, B>(row, place, voters, std::make_index_sequence<Factor>{});
    }
    template <std::size_t Factor, std::size_t B, std::size_t... I>
    TINYBRAIN_FORCE_INLINE static void gather_row(const std::byte* row, const std::int16_t* place,
                                                  Lane* voters, std::index_sequence<I...>) {
        const vec<Lane, B> windows[] = {load<Lane, B>(row + I * B)...};
        split<Factor, 1>(windows, place, voters, std::make_index_sequence<Factor / 2>{});
    }
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<Lane, B> evens(const vec<Lane, B>& a, const vec<Lane, B>& b) {
        return merge_blocks(even_in_blocks(a, b), std::make_index_sequence<B / 8>{});
    }
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static vec<Lane, B> odds(const vec<Lane, B>& a, const vec<Lane, B>& b) {
        return merge_blocks(odd_in_blocks(a, b), std::make_index_sequence<B / 8>{});
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void gather_runs(const Arguments& a, index_t group, index_t x,
                                                   Lane* voters) {
        constexpr auto lanes = static_cast<index_t>(outputs<B>);
        index_t element[outputs<B>];
        for (index_t i = 0; i < lanes; ++i) element[i] = (x + i) / a.run * a.run * a.factor + (x + i) % a.run;
        for (index_t k = 0; k < a.rows; ++k) {
            const Source* from = reinterpret_cast<const Source*>(a.row[k] + group * a.next);
            for (index_t i = 0; i < a.factor; ++i, from += a.run) {
                Lane* to = voters + a.place[k * a.factor + i] * lanes;
                for (index_t lane = 0; lane < lanes; ++lane)
                    to[lane] = static_cast<Lane>(from[element[lane]]);
            }
        }
    }

    // The label of most votes so far in each lane, and how many are not counted yet. Votes are negative.
    template <std::size_t B>
    struct tally {
        vec<Lane, B> label;
        mask<Lane, B> best;
        mask<Lane, B> left;
        // A voter that is counted, or has no vote, is overwritten with a label that is out of the race.
        vec<Lane, B> out;
        vec<Lane, B> candidate;
    };

    // False where that takes too many passes; the voters are lost then.
    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static bool elect_of_few(const Arguments& a, Lane* voters, vec<Lane, B>& label) {
        const auto rules = in_every_lane<B>(a.rules);
        const auto lowest = splat<ints, B>(a.lowest);
        tally<B> lanes;
        if (floats || a.rules.sparse != 0) {
            nominate<B>(a.voters, voters, rules, lanes);
        } else {
            lanes.candidate = load<Lane, B>(voters);
            lanes.label = lanes.candidate;
            lanes.best = lanes.label == lanes.label;
            lanes.left = splat<ints, B>(static_cast<ints>(a.voters));
            lanes.out = lanes.candidate;
        }
        bool decided = a.rules.sparse != 0 ? count_votes<false, B>(a.voters, voters, rules, lowest, lanes)
                                           : count_votes<true, B>(a.voters, voters, rules, lowest, lanes);
        // A pass costs about three times a comparison of one voter with the later ones.
        for (index_t passes = 4 + a.voters / 8; !decided && passes > 0; --passes)
            decided = count_votes<false, B>(a.voters, voters, rules, lowest, lanes);
        label = lanes.label;
        return decided;
    }

    // Background has no vote, and a NaN, which equals nothing, no more than its own: the first voter of all
    // has one, whatever it is.
    template <std::size_t B>
    TINYBRAIN_FORCE_INLINE static void nominate(index_t n, const Lane* voters,
                                                const rule_lanes<Lane, B>& rules, tally<B>& tally) {
        constexpr auto lanes = static_cast<index_t>(outputs<B>);
        tally.label = rules.background;
        tally.candidate = load<Lane, B>(voters);
        tally.best = mask<Lane, B>{};
        tally.left = mask<Lane, B>{};
        for (index_t v = n; v-- > 0;) {
            const auto voter = load<Lane, B>(voters + v * lanes);
            const mask<Lane, B> votes{~is_background(voter, rules).v};
            const mask<Lane, B> counted = floats ? votes & (voter == voter) : votes;
            tally.label = select(votes, voter, tally.label);
            tally.candidate = select(counted, voter, tally.candidate);
            tally.best = tally.best | votes;
            tally.left = tally.left - counted;
        }
        tally.out = select(rules.sparse, rules.background, tally.candidate);
    }

    // Counts the candidates' votes, and finds the next candidates. True where no lane can change any more.
    // First: the candidates are out of the race with this pass, as they are.
    template <bool First, std::size_t B>
    TINYBRAIN_FORCE_INLINE static bool count_votes(index_t n, Lane* voters, const rule_lanes<Lane, B>& rules,
                                                   const mask<Lane, B>& lowest, tally<B>& tally) {
        constexpr auto lanes = static_cast<index_t>(outputs<B>);
        const vec<Lane, B> candidate = tally.candidate;
        const vec<Lane, B> out = tally.out;
        vec<Lane, B> next = candidate;
        mask<Lane, B> count{};
        for (index_t v = n; v-- > 0;) {
            auto voter = load<Lane, B>(voters + v * lanes);
            const mask<Lane, B> equal = voter == candidate;
            count = count + equal;
            mask<Lane, B> gone = equal;
            if constexpr (!First) {
                voter = select(equal, out, voter);
                store(voters + v * lanes, voter);
                gone = voter == out;
            }
            if constexpr (floats) gone = gone | mask<Lane, B>{~(voter == voter).v};
            next = select(gone, next, voter);
        }
        count = count & mask<Lane, B>{~is_background(candidate, rules).v};
        const mask<Lane, B> tie = (count == tally.best) & goes_before(candidate, tally.label, rules) & lowest;
        const mask<Lane, B> better = (count < tally.best) | tie;
        tally.label = select(better, candidate, tally.label);
        tally.best = select(better, count, tally.best);
        tally.left = tally.left + count;
        tally.candidate = next;
        // Whether what is left could be more votes than the best has, or as many where the lower label wins.
        const mask<Lane, B> lead = mask<Lane, B>{} - tally.best;
        const mask<Lane, B> open =
            (lead < tally.left) | ((lead == tally.left) & (mask<Lane, B>{} < tally.left) & lowest);
        return !any(open);
    }

    // The same as in small windows: each voter is compared with all later ones. Where labels are many this is
    // less work, and it does not depend on them.
    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static vec<Lane, B> elected_of_many(const Arguments& a, const Lane* voters) {
        constexpr auto lanes = static_cast<index_t>(outputs<B>);
        const auto rules = in_every_lane<B>(a.rules);
        const auto lowest = splat<ints, B>(a.lowest);
        const index_t n = a.voters;
        // More than any has: the first voter always wins.
        mask<Lane, B> best = splat<ints, B>(2);
        vec<Lane, B> label = load<Lane, B>(voters);
        for (index_t v = 0; v < n; ++v) {
            const auto voter = load<Lane, B>(voters + v * lanes);
            mask<Lane, B> votes{};
            mask<Lane, B> more{};
            index_t later = v + 1;
            for (; later + 1 < n; later += 2) {
                votes = votes + (load<Lane, B>(voters + later * lanes) == voter);
                more = more + (load<Lane, B>(voters + (later + 1) * lanes) == voter);
            }
            if (later < n) votes = votes + (load<Lane, B>(voters + later * lanes) == voter);
            votes = votes + more;
            const mask<Lane, B> out = is_background(voter, rules);
            votes = mask<Lane, B>{votes.v & ~out.v} - out;
            const mask<Lane, B> tie = (votes == best) & goes_before(voter, label, rules) & lowest;
            const mask<Lane, B> better = (votes < best) | tie;
            label = select(better, voter, label);
            best = select(better, votes, best);
        }
        return select(mask<Lane, B>{} < best, rules.background, label);
    }
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
