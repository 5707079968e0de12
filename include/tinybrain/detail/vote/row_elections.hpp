// Elections in all windows along rows, by vectors where there are any: what windows of the previous mip and
// footprints have in common.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/drive/fold.hpp>
#include <tinybrain/detail/drive/plan.hpp>
#include <tinybrain/detail/simd/large_mode_kernels.hpp>
#include <tinybrain/detail/vote/mode.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Where labels go: rows, `step` elements apart.
template <class T>
struct label_rows {
    T* data = nullptr;
    index_t step = 0;
    bool stream = false;
};

/// Where a voter lies: row `row` of its window, voxel `x` of that.
struct voter_place {
    std::int16_t row;
    std::int16_t x;
};

/// The voters of windows that are all of one size.
struct electorate {
    index_t voters = 0;
    bool countless = false;                                      // they go by that rule
    std::array<voter_place, most_gathered_voters> scanned;       // in scan order
    std::array<std::int16_t, most_gathered_voters> row_number;   // of these, where rows follow each other
    std::array<std::int16_t, most_gathered_voters> scan_number;  // of the voters of each row after the other
};

/// Whether windows of such extents can be gathered.
inline bool fits_rows(const axes& window) {
    const index_t rows = product_from(window, 1);
    return window[0] <= longest_row_of_voters && rows <= most_rows_at_once &&
           rows * window[0] <= most_gathered_voters;
}

/// The voters of such windows. Four of them may go by the rule of ties::countless, if they asked for it.
inline electorate voters_of(const plan& p, const axes& window, bool countless) {
    electorate e;
    axes scanned;
    for (std::size_t i = 0; i < max_axes; ++i) scanned[i] = window[p.scan[i]];
    const axes none{};
    axes index{};
    do {
        axes place;
        for (std::size_t i = 0; i < max_axes; ++i) place[p.scan[i]] = index[i];
        index_t row = 0;
        for (std::size_t axis = max_axes; axis-- > 1;) row = row * window[axis] + place[axis];
        e.scanned[static_cast<std::size_t>(e.voters)] = {static_cast<std::int16_t>(row),
                                                         static_cast<std::int16_t>(place[0])};
        const auto number = static_cast<std::int16_t>(row * window[0] + place[0]);
        e.row_number[static_cast<std::size_t>(e.voters)] = number;
        e.scan_number[static_cast<std::size_t>(number)] = static_cast<std::int16_t>(e.voters++);
    } while (step(index, none, scanned, 0));
    e.countless = e.voters == 4 && countless;
    return e;
}

template <class T>
class row_elections {
public:
    row_elections(const plan& p, const mode_rules<T>& rules) : plan_(p), rules_(rules) {}

    /// The modes of all windows, to `out` and, if that is somewhere, to `kept`. `whole` are the voters of
    /// those that the end of the rows does not cut.
    void elect(const window_rows& in, const electorate& whole, label_rows<T> out, label_rows<T> kept) const {
        const index_t windows = in.voxels / in.factor * in.run;
        const index_t end = ceil_quotient(in.voxels, in.factor) * in.run;
        const index_t done = windows > 0 && elect_by_vectors(in, whole, out, kept) ? windows : 0;
        if (done == end) return;
        electorate cut;
        if (windows < end) {
            axes window = in.window;
            window[0] = in.voxels % in.factor;
            cut = voters_of(plan_, window, whole.countless);
        }
        for (index_t group = 0; group < in.groups; ++group) {
            for (index_t element = done; element < end; ++element) {
                const T mode = elect_one(in, element < windows ? whole : cut, group, element);
                out.data[group * out.step + element] = mode;
                if (kept.data != nullptr) kept.data[group * kept.step + element] = mode;
            }
        }
    }

private:
    T elect_one(const window_rows& in, const electorate& voters, index_t group, index_t element) const {
        std::array<T, most_gathered_voters> label;
        const index_t x = element / in.run * in.run * in.factor + element % in.run;
        for (index_t i = 0; i < voters.voters; ++i) {
            const voter_place& v = voters.scanned[static_cast<std::size_t>(i)];
            const auto* row = reinterpret_cast<const T*>(in.row[v.row] + group * in.next);
            label[static_cast<std::size_t>(i)] = row[x + v.x * in.run];
        }
        if (voters.countless) return countless_mode(label[0], label[1], label[2], label[3], rules_);
        return mode_of_gathered(label.data(), voters.voters, rules_);
    }

#if TINYBRAIN_HAS_VECTORS
    simd::ballot_rules<T> rules_of_lanes() const {
        simd::ballot_rules<T> rules{};
        rules.background = rules_.background;
        rules.sparse = rules_.sparse ? -1 : 0;
        rules.lowest = rules_.tie == ties::lowest ? -1 : 0;
        // Lanes are compared as signed numbers.
        rules.flip = rules_.is_signed ? 0 : std::numeric_limits<signed_of<sizeof(T)>>::min();
        return rules;
    }

    // False where there are no vectors, or the row is shorter than one.
    bool elect_by_vectors(const window_rows& in, const electorate& voters, label_rows<T> out,
                          label_rows<T> kept) const {
        if constexpr (labels_fit_lanes<T>) {
            if (!vectors_) return false;
            return elect_small(in, voters, out, kept) ||
                   (!voters.countless && elect_large(in, voters, out, kept));
        } else {
            return false;
        }
    }

    bool elect_small(const window_rows& in, const electorate& voters, label_rows<T> out,
                     label_rows<T> kept) const {
        const index_t n = voters.voters;
        if (in.factor > 2 || (n != 2 && n != 4 && n != 8) || (in.run > 1 && in.factor > 1)) return false;
        simd::small_ballot<T> a{{}, rules_of_lanes(), false, kept.data, kept.step};
        a.rows = in.rows;
        for (index_t k = 0; k < 4; ++k) a.row[k] = in.row[k < in.rows ? k : 0];
        a.outputs = in.voxels / in.factor * in.run;
        a.next = in.next;
        a.ahead = {in.from_memory, a.outputs * in.factor * index_t{sizeof(T)}, in.next, in.groups};
        a.groups = in.groups;
        a.out = out.data;
        a.out_next = out.step;
        a.stream = out.stream;
        if (a.rows > 4) return false;
        const bool x_first = voters.scanned[1].x == 1;
        a.x_last = !x_first;
        for (index_t v = 0; v < n; ++v) {
            const index_t row = in.factor == 2 && x_first ? v / 2 : v % a.rows;
            const index_t x = in.factor == 2 && x_first ? v % 2 : v / a.rows;
            const voter_place& place = voters.scanned[static_cast<std::size_t>(v)];
            if (x == 0) a.row[row] = in.row[place.row];
            // In no other order than these two: x first or last.
            if (place.x != x || a.row[row] != in.row[place.row]) return false;
        }
        using simd::election;
        if (n == 2)
            return in.factor == 1 ? run_small<2, 1, election::lone>(a) : run_small<2, 2, election::lone>(a);
        if (voters.countless) {
            if (rules_.sparse) {
                return in.factor == 1 ? run_small<4, 1, election::sparse_countless>(a)
                                      : run_small<4, 2, election::sparse_countless>(a);
            }
            return in.factor == 1 ? run_small<4, 1, election::countless>(a)
                                  : run_small<4, 2, election::countless>(a);
        }
        if (in.factor == 1) return false;
        if (rules_.sparse || rules_.tie == ties::lowest) {
            if (n == 4) return run_small<4, 2, election::by_rules>(a);
            return rules_.tie == ties::lowest ? run_small<8, 2, election::by_rules>(a)
                                              : run_small<8, 2, election::sparse_first>(a);
        }
        return n == 4 ? run_small<4, 2, election::first>(a) : run_small<8, 2, election::first>(a);
    }
    template <int Voters, int Factor, simd::election Rule>
    bool run_small(const simd::small_ballot<T>& a) const {
        using kernel = simd::modes_of_rows<T, Voters, Factor, Rule>;
        return run_kernel<kernel, simd::groups_kernel<kernel>>(a);
    }

    bool elect_large(const window_rows& in, const electorate& voters, label_rows<T> out,
                     label_rows<T> kept) const {
        simd::large_ballot<T> a{};
        a.row = in.row;
        a.rows = in.rows;
        a.next = in.next;
        a.ahead = {in.from_memory, in.voxels * in.run * index_t{sizeof(T)}, in.next, in.groups};
        a.place = voters.scan_number.data();
        a.voters = voters.voters;
        a.factor = in.factor;
        a.run = in.run;
        a.groups = in.groups;
        a.rules = rules_of_lanes();
        a.out = out.data;
        a.out_next = out.step;
        a.outputs = in.voxels / in.factor * in.run;
        a.kept = kept.data;
        a.kept_next = kept.step;
        // Few lanes compare few voters at once.
        a.most_compared = sizeof(T) >= 4 ? 128 : most_gathered_voters;
        const windows_of_rows windows{*this, in, voters};
        a.count = count_by_themselves;
        a.who = &windows;
        using kernel = simd::modes_of_large_windows<T, false>;
        if constexpr (sizeof(T) == 1) {
            using of_many = simd::modes_of_large_windows<T, true>;
            if (a.voters > simd::most_voters_in_a_byte) return run_kernel<of_many, of_many>(a);
        }
        return run_kernel<kernel, kernel>(a);
    }

    struct windows_of_rows {
        const row_elections& elections;
        const window_rows& in;
        const electorate& voters;
    };
    static void count_by_themselves(const void* who, index_t group, index_t x, T* labels) {
        const auto& of = *static_cast<const windows_of_rows*>(who);
        for (index_t i = 0; i < index_t{simd::vector_bytes / sizeof(T)}; ++i) {
            labels[i] = of.elections.elect_one(of.in, of.voters, group, x + i);
        }
    }

    template <class Operation, class Kernel, class Arguments>
    bool run_kernel(const Arguments& a) const {
        if (a.outputs < static_cast<index_t>(Operation::template outputs<simd::vector_bytes>)) return false;
        simd::run<Kernel>(a);
        return true;
    }
#else
    bool elect_by_vectors(const window_rows&, const electorate&, label_rows<T>, label_rows<T>) const {
        return false;
    }
#endif

    const plan& plan_;
    const mode_rules<T>& rules_;
    bool vectors_ = simd::has_vectors();
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
