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
#include <tinybrain/detail/simd/foreground_lanes.hpp>
#include <tinybrain/detail/simd/rows.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// `first` is where all labels vote, `sparse_first` where background does not, `by_rules` for ties::lowest
/// too. Of two voters it is one rule for all, `lone`: no label can have more votes than the other.
enum class election { first, sparse_first, by_rules, countless, sparse_countless, lone };

/// What decides, beside the voters: see mode_rules.
template <class Lane>
struct ballot_rules {
    using ints = signed_of<sizeof(Lane)>;
    Lane background;
    ints sparse;  // -1 or 0: broadcast as it is
    ints lowest;  // the same: of labels with as many votes, not the first
    ints flip;    // what makes a signed comparison of bits one of labels
};

/// The same in every lane.
template <class Lane, std::size_t B>
struct rule_lanes {
    vec<Lane, B> background;
    mask<Lane, B> sparse;
    mask<Lane, B> lowest;
    mask<Lane, B> flip;
};
template <std::size_t B, class Lane>
TINYBRAIN_VECTOR_INLINE rule_lanes<Lane, B> in_every_lane(const ballot_rules<Lane>& rules) {
    using ints = signed_of<sizeof(Lane)>;
    return {splat<Lane, B>(rules.background), splat<ints, B>(rules.sparse), splat<ints, B>(rules.lowest),
            splat<ints, B>(rules.flip)};
}

/// The arguments of small windows.
template <class Lane>
struct small_ballot : rows_arguments<Lane> {
    ballot_rules<Lane> rules;
    bool x_last;  // in scan order
    Lane* kept;   // labels once more, where a mip above needs them; or null
    index_t kept_next;

    TINYBRAIN_VECTOR_INLINE void step() {
        rows_arguments<Lane>::step();
        if (kept != nullptr) kept += kept_next;
    }
};

template <class Lane, std::size_t B>
TINYBRAIN_VECTOR_INLINE mask<Lane, B> is_background(const vec<Lane, B>& label,
                                                    const rule_lanes<Lane, B>& rules) {
    return is_background(label, rules.background) & rules.sparse;
}

/// Whether a label goes before another under ties::lowest: numbers go before NaN.
template <class Lane, std::size_t B>
TINYBRAIN_VECTOR_INLINE mask<Lane, B> goes_before(const vec<Lane, B>& a, const vec<Lane, B>& b,
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
TINYBRAIN_VECTOR_INLINE mask<Lane, B> votes_from(const vec<Lane, B>* voter) {
    const mask<Lane, B> equal = voter[I] == voter[J];
    if constexpr (J + 1 < Voters) {
        return equal + votes_from<I, J + 1, Voters>(voter);
    } else {
        return equal;
    }
}

/// The same, and 1 for background, which loses to any voter.
template <election Rule, int I, int Voters, class Lane, std::size_t B>
TINYBRAIN_VECTOR_INLINE mask<Lane, B> votes_of(const vec<Lane, B>* voter, const rule_lanes<Lane, B>& rules) {
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
TINYBRAIN_VECTOR_INLINE void elect(const vec<Lane, B>* voter, const rule_lanes<Lane, B>& rules, bool lowest,
                                   vec<Lane, B>& label, mask<Lane, B>& best) {
    // Alone, the last voter wins nothing but what is background so far, or a tie.
    constexpr int candidates = Rule == election::first ? Voters - 1 : Voters;
    if constexpr (I < candidates) {
        const mask<Lane, B> votes = votes_of<Rule, I, Voters>(voter, rules);
        mask<Lane, B> better = votes < best;
        if (Rule == election::by_rules && lowest)
            better = better | ((votes == best) & goes_before(voter[I], label, rules));
        label = select(better, voter[I], label);
        best = select(better, votes, best);
        elect<Rule, I + 1, Voters>(voter, rules, lowest, label, best);
    }
}

template <election Rule, int Voters, class Lane, std::size_t B>
TINYBRAIN_VECTOR_INLINE vec<Lane, B> elected(const vec<Lane, B>* voter, const rule_lanes<Lane, B>& rules,
                                             bool lowest) {
    vec<Lane, B> label = voter[0];
    if constexpr (Rule == election::countless) {
        label = select(voter[1] == voter[2], voter[1], voter[3]);
        return select((voter[0] == voter[1]) | (voter[0] == voter[2]), voter[0], label);
    } else if constexpr (Rule == election::sparse_countless) {
        const mask<Lane, B> out_0 = is_background(voter[0], rules.background);
        const mask<Lane, B> out_1 = is_background(voter[1], rules.background);
        label = select(out_1, rules.background, voter[1]);
        label = select(is_background(voter[2], rules.background), label, voter[2]);
        label = select(out_0, label, voter[0]);
        label = select(is_background(voter[3], rules.background), label, voter[3]);
        label = select((voter[1] == voter[2]) & mask<Lane, B>{~out_1.v}, voter[1], label);
        return select(((voter[0] == voter[1]) | (voter[0] == voter[2])) & mask<Lane, B>{~out_0.v}, voter[0],
                      label);
    } else if constexpr (Rule == election::lone) {
        const mask<Lane, B> out_0 = is_background(voter[0], rules);
        const mask<Lane, B> out_1 = is_background(voter[1], rules);
        const mask<Lane, B> before = goes_before(voter[1], voter[0], rules) & rules.lowest;
        label = select((out_0 | before) & mask<Lane, B>{~out_1.v}, voter[1], voter[0]);
        return select(out_0 & out_1, rules.background, label);
    } else {
        mask<Lane, B> best = votes_of<Rule, 0, Voters>(voter, rules);
        elect<Rule, 1, Voters>(voter, rules, lowest, label, best);
        if constexpr (Rule == election::first) return label;
        return select(mask<Lane, B>{} < best, rules.background, label);
    }
}

/// Modes of windows of Voters in rows of Factor: rows in scan order, and in it x before or after them.
template <class Lane, int Voters, int Factor, election Rule>
struct modes_of_rows {
    static constexpr int rows = Voters / Factor;
    template <std::size_t B>
    static constexpr std::size_t outputs = B / sizeof(Lane);

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void block(const Arguments& a, index_t x, bool stream) {
        vec<Lane, B> voter[std::size_t{Voters}];
        const index_t offset = x * Factor * static_cast<index_t>(sizeof(Lane));
        prefetch_rows<rows, Factor * B>(a, offset);
        take_rows<0>(a, offset, voter);
        // Which of equal integers is the countless mode makes no difference.
        constexpr bool any_order = Rule == election::countless && !std::is_floating_point_v<Lane>;
        if (Factor == 2 && rows > 1 && !any_order && a.x_last)
            put_x_last(voter, std::make_index_sequence<std::size_t{rows}>{});
        vec<Lane, B> label = elected<Rule, Voters>(voter, in_every_lane<B>(a.rules), a.rules.lowest != 0);
        if constexpr (Factor == 2) label = merge_blocks(label, std::make_index_sequence<B / 8>{});
        store_or_stream(stream, a.out + x, label);
        if (a.kept != nullptr) store(a.kept + x, label);
    }

private:
    template <int K, std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void take_rows(const Arguments& a, index_t offset, vec<Lane, B>* voter) {
        if constexpr (K < rows) {
            const std::byte* from = a.row[K] + offset;
            const auto low = load<Lane, B>(from);
            if constexpr (Factor == 2) {
                const auto high = load<Lane, B>(from + B);
                voter[2 * K] = even_in_blocks(low, high);
                voter[2 * K + 1] = odd_in_blocks(low, high);
            } else {
                voter[K] = low;
            }
            take_rows<K + 1>(a, offset, voter);
        }
    }
    template <std::size_t B, std::size_t... K>
    TINYBRAIN_VECTOR_INLINE static void put_x_last(vec<Lane, B>* voter, std::index_sequence<K...>) {
        const vec<Lane, B> odd[] = {voter[2 * K + 1]...};
        ((voter[K] = voter[2 * K]), ...);
        ((voter[rows + K] = odd[K]), ...);
    }
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
