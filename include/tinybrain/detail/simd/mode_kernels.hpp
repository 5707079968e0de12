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

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Where a voter lies: row `row` of its window, voxel `x` of that.
struct voter_place {
    index_t row;
    index_t x;
};

#if TINYBRAIN_HAS_VECTORS
namespace simd {

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
        take_rows<0>(a, x * Factor * static_cast<index_t>(sizeof(Lane)), voter);
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
            prefetch_lines<Factor * B>(from + a.next);
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
    index_t next;              // bytes from one group's rows to the next one's
    const voter_place* place;  // of each voter, in scan order
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
    bool lowest;
};

/// Modes of windows of any size up to most_voters. The votes for one label are counted in one pass over the
/// voters of a vector of windows, each lane its own label, which also finds the label that is next in scan
/// order. It ends when no lane has voters enough left to change its result: after one pass where windows are
/// uniform, and after as many as there are labels at the most.
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
        alignas(64) Lane seen[most * outputs<B>];
        for (index_t group = 0; group < a.groups; ++group) {
            for (index_t done = 0; done < a.outputs; done += lanes) {
                const index_t x = std::min(done, a.outputs - lanes);
                const vec<Lane, B> label = mode<B>(a, group, x, voters, seen);
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
                                                    Lane* voters, Lane* seen) {
        vec<Lane, B> label{};
        if (a.run == 1 && is_uniform<B>(a, group, x, label)) return label;
        gather<B>(a, group, x, voters);
        return elected<B>(a, voters, seen);
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
        for (index_t k = 0; k < a.rows; ++k) {
            vec<bytes, B> different{};
            const std::byte* from = a.row[k] + offset;
            const std::byte* end = from + static_cast<index_t>(read) * a.factor;
            // The last vector ends where the windows do.
            for (;;) {
                const std::byte* at = end - from < index_t{B} ? end - index_t{B} : from;
                different = different | (load<bytes, B>(at) ^ cast<bytes>(same));
                from += B;
                if (from >= end) break;
            }
            if (any(different)) return false;
        }
        const bool background = a.rules.sparse != 0 && static_cast<Lane>(label) == a.rules.background;
        uniform = splat<Lane, B>(background ? a.rules.background : static_cast<Lane>(label));
        return true;
    }

    // The voters of the windows from x on, in scan order: a vector each, a lane for each window.
    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static void gather(const Arguments& a, index_t group, index_t x, Lane* voters) {
        constexpr auto lanes = static_cast<index_t>(outputs<B>);
        if (a.run == 1) {
            for (index_t v = 0; v < a.voters; ++v) {
                const Source* from = reinterpret_cast<const Source*>(a.row[a.place[v].row] + group * a.next) +
                                     x * a.factor + a.place[v].x;
                for (index_t i = 0; i < lanes; ++i, from += a.factor)
                    voters[v * lanes + i] = static_cast<Lane>(*from);
            }
            return;
        }
        index_t element[static_cast<std::size_t>(lanes)];
        for (index_t i = 0; i < lanes; ++i) element[i] = (x + i) / a.run * a.run * a.factor + (x + i) % a.run;
        for (index_t v = 0; v < a.voters; ++v) {
            const Source* from = reinterpret_cast<const Source*>(a.row[a.place[v].row] + group * a.next) +
                                 a.place[v].x * a.run;
            for (index_t i = 0; i < lanes; ++i) voters[v * lanes + i] = static_cast<Lane>(from[element[i]]);
        }
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_FORCE_INLINE static vec<Lane, B> elected(const Arguments& a, const Lane* voters, Lane* seen) {
        constexpr auto lanes = static_cast<index_t>(outputs<B>);
        const auto rules = in_every_lane<B>(a.rules);
        const auto lowest = splat<ints, B>(static_cast<ints>(a.lowest ? -1 : 0));
        // Background has no vote, and a NaN one that is counted here: the first voter, whatever it is, has
        // one.
        vec<Lane, B> label = rules.background;
        vec<Lane, B> candidate = load<Lane, B>(voters);
        mask<Lane, B> best{};
        mask<Lane, B> left{};
        for (index_t v = a.voters; v-- > 0;) {
            const auto voter = load<Lane, B>(voters + v * lanes);
            const mask<Lane, B> votes{~is_background(voter, rules).v};
            const mask<Lane, B> counted = floats ? votes & (voter == voter) : votes;
            label = select(votes, voter, label);
            candidate = select(counted, voter, candidate);
            best = best | votes;
            left = left - counted;
            store(seen + v * lanes, mask<Lane, B>{~counted.v});
        }
        for (;;) {
            mask<Lane, B> count{};
            vec<Lane, B> next = candidate;
            for (index_t v = a.voters; v-- > 0;) {
                const auto voter = load<Lane, B>(voters + v * lanes);
                const mask<Lane, B> equal = voter == candidate;
                const mask<Lane, B> done = load<ints, B>(seen + v * lanes) | equal;
                store(seen + v * lanes, done);
                count = count + equal;
                next = select(done, next, voter);
            }
            count = count & mask<Lane, B>{~is_background(candidate, rules).v};
            const mask<Lane, B> tie = (count == best) & goes_before(candidate, label, rules) & lowest;
            const mask<Lane, B> better = (count < best) | tie;
            label = select(better, candidate, label);
            best = select(better, count, best);
            left = left + count;
            // Whether what is left could be more votes than the best has, or as many where the lower label
            // wins.
            const mask<Lane, B> lead = mask<Lane, B>{} - best;
            const mask<Lane, B> open = (lead < left) | ((lead == left) & (mask<Lane, B>{} < left) & lowest);
            if (!any(open)) return label;
            candidate = next;
        }
    }
};

}  // namespace simd
#endif

}  // namespace detail
TINYBRAIN_NAMESPACE_END
