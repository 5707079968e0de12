// The mode of windows of the previous mip, as a reducer of rows: see fold.hpp for what a reducer offers.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/fold.hpp>
#include <tinybrain/detail/mode.hpp>
#include <tinybrain/detail/simd/mode_kernels.hpp>
#include <tinybrain/detail/small_windows.hpp>
#include <tinybrain/detail/voxel_states.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Where a voter lies: row `row` of its window, voxel `x` of that.
struct voter_place {
    index_t row;
    index_t x;
};

/// The voters of a window, in scan order.
struct voter_list {
    std::array<voter_place, most_gathered_voters> place;
    index_t n = 0;
};

template <class T, std::size_t N>
class mode_reducer : public voxel_state_reducer<T> {
public:
    static constexpr bool first_row_only = false;

    mode_reducer(const plan<T, N>& p, const mode_rules<T>& rules) : plan_(p), rules_(rules) {}

    /// Whether every window of the plan can be gathered.
    bool fits() const {
        return std::all_of(plan_.mip.begin(), plan_.mip.end(), [](const plan_level<T, N>& level) {
            const index_t rows = product_from(level.factor, 1);
            return level.factor[0] <= longest_block && rows <= most_rows_at_once &&
                   rows * level.factor[0] <= most_gathered_voters;
        });
    }

    // Modes do not merge.
    static constexpr bool sums_columns = false;
    bool gathers(index_t) const { return true; }

    void reduce(index_t m, const window_rows<N>& in, state_rows states) const {
        elect(m, in, {this->voxels(states), states.step, false}, {});
    }
    void reduce_to_voxels(index_t m, const window_rows<N>& in, const voxel_counts&, voxel_rows<T> out) const {
        elect(m, in, out, {});
    }
    bool writes(index_t) const { return true; }
    void reduce_and_write(index_t m, const window_rows<N>& in, state_rows states, voxel_rows<T> out) const {
        elect(m, in, out, {this->voxels(states), states.step, false});
    }

private:
    using base = voxel_state_reducer<T>;

    // Windows [begin, end) of every group, all with the same voters.
    struct alike_windows {
        index_t begin;
        index_t end;
        voter_list voters;
        bool countless;
    };

    // The labels go to `out` and, if that is somewhere, to `kept`.
    void elect(index_t m, const window_rows<N>& in, voxel_rows<T> out, voxel_rows<T> kept) const {
        const index_t whole = in.voxels / in.factor;
        const index_t left = in.voxels - whole * in.factor;
        alike_windows windows;
        if (whole > 0) {
            set_windows(m, in, in.factor, 0, whole, windows);
            if (!elect_by_vectors(in, windows, out, kept)) elect_one_by_one(in, windows, out, kept);
        }
        if (left > 0) {
            set_windows(m, in, left, whole, whole + 1, windows);
            elect_one_by_one(in, windows, out, kept);
        }
    }

    void set_windows(index_t m, const window_rows<N>& in, index_t width, index_t begin, index_t end,
                     alike_windows& windows) const {
        windows.begin = begin;
        windows.end = end;
        list_voters(in, width, windows.voters);
        windows.countless = windows.voters.n == 4 && rules_.tie == ties::countless &&
                            plan_.mip[static_cast<std::size_t>(m)].countless;
    }

    void list_voters(const window_rows<N>& in, index_t width, voter_list& voters) const {
        index_array<N> count = in.window;
        count[0] = width;
        index_array<N> scanned;
        for (std::size_t i = 0; i < N; ++i) scanned[i] = count[plan_.scan[i]];
        const index_array<N> none{};
        index_array<N> index{};
        voters.n = 0;
        do {
            index_array<N> place;
            for (std::size_t i = 0; i < N; ++i) place[plan_.scan[i]] = index[i];
            index_t row = 0;
            for (std::size_t axis = N; axis-- > 1;) row = row * count[axis] + place[axis];
            voters.place[static_cast<std::size_t>(voters.n++)] = {row, place[0]};
        } while (step(index, none, scanned, 0));
    }

    void elect_one_by_one(const window_rows<N>& in, const alike_windows& windows, voxel_rows<T> out,
                          voxel_rows<T> kept) const {
        std::array<T, most_gathered_voters> label;
        const voter_list& voters = windows.voters;
        for (index_t group = 0; group < in.groups; ++group) {
            for (index_t element = windows.begin * in.run; element < windows.end * in.run; ++element) {
                const index_t x = element / in.run * in.run * in.factor + element % in.run;
                for (index_t i = 0; i < voters.n; ++i) {
                    const voter_place& v = voters.place[static_cast<std::size_t>(i)];
                    const auto* row = reinterpret_cast<const T*>(in.value[v.row] + group * in.value_step);
                    label[static_cast<std::size_t>(i)] = row[x + v.x * in.run];
                }
                const T mode = windows.countless
                                   ? countless_mode(label[0], label[1], label[2], label[3], rules_)
                                   : mode_of_gathered(label.data(), voters.n, rules_);
                out.data[group * out.step + element] = mode;
                if (kept.data != nullptr) kept.data[group * kept.step + element] = mode;
            }
        }
    }

#if TINYBRAIN_HAS_VECTORS
    static constexpr bool has_kernels =
        (std::is_integral_v<T> && sizeof(T) <= 8) || std::is_same_v<T, float> || std::is_same_v<T, double>;
    // Only equality matters, and where order does the rules say how: signed integers share the code of
    // unsigned ones, and bool that of bytes.
    template <class U>
    struct lane_of {
        using type = simd::bits_of<sizeof(U)>;
    };
    using lane =
        typename std::conditional_t<std::is_floating_point_v<T>, std::type_identity<T>, lane_of<T>>::type;

    template <class Lane>
    simd::ballot_rules<Lane> rules_of_lanes() const {
        using ints = simd::signed_of<sizeof(Lane)>;
        simd::ballot_rules<Lane> rules{};
        rules.background = static_cast<Lane>(std::bit_cast<lane>(rules_.background));
        rules.sparse = rules_.sparse ? -1 : 0;
        constexpr auto sign = static_cast<ints>(simd::bits_of<sizeof(T)>{1} << (8 * sizeof(T) - 1));
        // Labels in wider lanes are positive there.
        rules.flip = std::is_signed_v<T> == (sizeof(Lane) > sizeof(T)) ? sign : ints{0};
        return rules;
    }

    static lane* lanes(T* data) { return reinterpret_cast<lane*>(data); }

    // False where there are no vectors, or the row is shorter than one.
    bool elect_by_vectors(const window_rows<N>& in, const alike_windows& windows, voxel_rows<T> out,
                          voxel_rows<T> kept) const {
        if constexpr (has_kernels) {
            if (!base::vectors()) return false;
            return elect_small(in, windows, out, kept) ||
                   (!windows.countless && elect_large(in, windows, out, kept));
        } else {
            return false;
        }
    }

    bool elect_small(const window_rows<N>& in, const alike_windows& windows, voxel_rows<T> out,
                     voxel_rows<T> kept) const {
        const voter_list& voters = windows.voters;
        if (in.factor > 2 || (voters.n != 4 && voters.n != 8) || (in.run > 1 && in.factor > 1)) return false;
        simd::small_ballot<lane> a{small_window_rows(in, in.value, in.value_step, sizeof(T), 0,
                                                     windows.end * in.run, lanes(out.data), out.step),
                                   rules_of_lanes<lane>(), lanes(kept.data), kept.step};
        a.stream = out.stream;
        if (a.rows > 4) return false;
        const bool x_first = voters.place[1].x == 1;
        for (index_t v = 0; v < voters.n; ++v) {
            const index_t row = in.factor == 2 && x_first ? v / 2 : v % a.rows;
            const index_t x = in.factor == 2 && x_first ? v % 2 : v / a.rows;
            const voter_place& place = voters.place[static_cast<std::size_t>(v)];
            if (x == 0) a.row[row] = in.value[place.row];
            // In no other order than these two: x first or last.
            if (place.x != x || a.row[row] != in.value[place.row]) return false;
        }
        if (in.factor == 1) {
            return windows.countless &&
                   (rules_.sparse ? run_small<4, 1, false, simd::election::sparse_countless>(a)
                                  : run_small<4, 1, false, simd::election::countless>(a));
        }
        if (voters.n == 8) return x_first ? run_small<8, true>(false, a) : run_small<8, false>(false, a);
        return x_first ? run_small<4, true>(windows.countless, a) : run_small<4, false>(windows.countless, a);
    }

    template <int Voters, bool XFirst>
    bool run_small(bool countless, const simd::small_ballot<lane>& a) const {
        using simd::election;
        if (rules_.tie == ties::lowest) return run_small<Voters, 2, XFirst, election::lowest>(a);
        if constexpr (Voters == 4) {
            if (countless) {
                return rules_.sparse ? run_small<4, 2, XFirst, election::sparse_countless>(a)
                                     : run_small<4, 2, XFirst, election::countless>(a);
            }
        }
        return rules_.sparse ? run_small<Voters, 2, XFirst, election::sparse_first>(a)
                             : run_small<Voters, 2, XFirst, election::first>(a);
    }
    template <int Voters, int Factor, bool XFirst, simd::election Rule>
    bool run_small(const simd::small_ballot<lane>& a) const {
        using kernel = simd::modes_of_rows<lane, Voters, Factor, XFirst, Rule>;
        return run_kernel<kernel, simd::groups_kernel<kernel>>(a);
    }

    bool elect_large(const window_rows<N>& in, const alike_windows& windows, voxel_rows<T> out,
                     voxel_rows<T> kept) const {
        const voter_list& voters = windows.voters;
        if constexpr (sizeof(T) == 1) {
            if (voters.n > simd::most_voters_in_a_byte)
                return run_large<std::uint16_t>(in, windows, out, kept);
        }
        return run_large<lane>(in, windows, out, kept);
    }
    template <class Lane>
    bool run_large(const window_rows<N>& in, const alike_windows& windows, voxel_rows<T> out,
                   voxel_rows<T> kept) const {
        simd::large_ballot<lane, Lane> a{};
        a.row = in.value;
        a.rows = in.rows;
        a.next = in.value_step;
        a.prefetch = in.from_memory;
        std::array<std::int16_t, most_gathered_voters> place;
        for (index_t v = 0; v < windows.voters.n; ++v) {
            const voter_place& voter = windows.voters.place[static_cast<std::size_t>(v)];
            place[static_cast<std::size_t>(voter.row * in.factor + voter.x)] = static_cast<std::int16_t>(v);
        }
        a.place = place.data();
        a.voters = windows.voters.n;
        a.factor = in.factor;
        a.run = in.run;
        a.groups = in.groups;
        a.rules = rules_of_lanes<Lane>();
        a.lowest = rules_.tie == ties::lowest ? -1 : 0;
        a.out = lanes(out.data);
        a.out_next = out.step;
        a.kept = lanes(kept.data);
        a.kept_next = kept.step;
        a.outputs = windows.end * in.run;
        using kernel = simd::modes_of_large_windows<lane, Lane>;
        return run_kernel<kernel, kernel>(a);
    }

    template <class Operation, class Kernel, class Arguments>
    bool run_kernel(const Arguments& a) const {
        const simd::level at = simd::level_for<Operation>(base::at_level(), a.outputs);
        if (at == simd::level::portable) return false;
        simd::run<Kernel>(at, a);
        return true;
    }
#else
    bool elect_by_vectors(const window_rows<N>&, const alike_windows&, voxel_rows<T>, voxel_rows<T>) const {
        return false;
    }
#endif

    const plan<T, N>& plan_;
    const mode_rules<T>& rules_;
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
