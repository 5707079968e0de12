// Rows of states, a vector at a time: rows merged into one, neighbours of a row folded. Written once over an
// algebra, which says what a state is and how two of them merge:
//   lane                      what a plane of states holds
//   in_order                  whether merging rounds, so that its order matters
//   state<B>                  the states of B / sizeof(lane) elements
//   load, store               from and to planes `plane` bytes apart
//   merge(s, t)               s becomes s and t
//   fold(low, high)           low becomes the merged pairs of neighbours of low, then of high
//   keep(all, s, wanted)      all gets the wanted bytes of s
//   reorder(s, order)
// and a lift, which loads the states of voxels: `bytes` of a voxel, load(s, at, arguments), and whether rows
// are padded, so that they may be read past their end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <tinybrain/detail/drive/rows.hpp>
#include <tinybrain/detail/simd/dispatch.hpp>
#include <tinybrain/detail/simd/rows.hpp>
#include <tinybrain/detail/simd/vec.hpp>
#include <tinybrain/detail/simd/window_lanes.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// States of one lane: what is the same for all algebras of such.
template <class T>
struct one_plane {
    using lane = T;
    static constexpr index_t planes = 1;
    template <std::size_t B>
    struct state {
        vec<T, B> lanes;
    };
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void load(state<B>& s, const std::byte* at, index_t) {
        s.lanes = simd::load<T, B>(at);
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void store(const state<B>& s, std::byte* at, index_t) {
        simd::store(at, s.lanes);
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void keep(state<B>& all, const state<B>& s,
                                             const vec<std::uint8_t, B>& wanted) {
        all.lanes = with_bytes(all.lanes, s.lanes, wanted);
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void reorder(state<B>& s, const byte_order<B>& order) {
        s.lanes = reordered(s.lanes, order);
    }
};

/// Sums.
template <class S>
struct sums : one_plane<S> {
    static constexpr bool in_order = std::is_floating_point_v<S>;
    template <std::size_t B>
    using state = typename one_plane<S>::template state<B>;
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void merge(state<B>& s, const state<B>& t) {
        s.lanes = s.lanes + t.lanes;
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void fold(state<B>& low, const state<B>& high) {
        low.lanes = neighbour_sums(low.lanes, high.lanes);
    }
};

/// Sums of doubles that carry their error (two-sum, O. Moller and D. E. Knuth): a sum, and what it is short
/// of the exact one.
struct exact_sums {
    using lane = double;
    static constexpr bool in_order = true;
    static constexpr index_t planes = 2;
    template <std::size_t B>
    struct state {
        vec<double, B> sum, error;
    };
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void load(state<B>& s, const std::byte* at, index_t plane) {
        s.sum = simd::load<double, B>(at);
        s.error = simd::load<double, B>(at + plane);
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void store(const state<B>& s, std::byte* at, index_t plane) {
        simd::store(at, s.sum);
        simd::store(at + plane, s.error);
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void merge(state<B>& s, const state<B>& t) {
        s.error = s.error + t.error + error_of_sum(s.sum, t.sum);
        s.sum = s.sum + t.sum;
    }
    /// A voxel has no error.
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void merge_voxel(state<B>& s, const state<B>& t) {
        s.error = s.error + error_of_sum(s.sum, t.sum);
        s.sum = s.sum + t.sum;
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static vec<double, B> error_of_sum(const vec<double, B>& a,
                                                               const vec<double, B>& b) {
        const auto sum = a + b;
        const auto other = sum - a;
        return (a - (sum - other)) + (b - other);
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void fold(state<B>& low, const state<B>& high) {
        constexpr auto blocks = std::make_index_sequence<B / 8>{};
        state<B> even{even_in_blocks(low.sum, high.sum), even_in_blocks(low.error, high.error)};
        const state<B> odd{odd_in_blocks(low.sum, high.sum), odd_in_blocks(low.error, high.error)};
        merge(even, odd);
        low.sum = merge_blocks(even.sum, blocks);
        low.error = merge_blocks(even.error, blocks);
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void keep(state<B>& all, const state<B>& s,
                                             const vec<std::uint8_t, B>& wanted) {
        all.sum = with_bytes(all.sum, s.sum, wanted);
        all.error = with_bytes(all.error, s.error, wanted);
    }
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void reorder(state<B>& s, const byte_order<B>& order) {
        s.sum = reordered(s.sum, order);
        s.error = reordered(s.error, order);
    }
};

/// States that come from states.
template <class Algebra>
struct same_states {
    static constexpr bool padded = true;
    static constexpr index_t bytes = sizeof(typename Algebra::lane);
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void load(typename Algebra::template state<B>& s, const std::byte* at,
                                             const Arguments& a) {
        Algebra::load(s, at, a.rows.plane);
    }
};

/// Voxels, or sums (padded), as sums of another type.
template <class Source, class S, bool Padded = false>
struct converted {
    static constexpr bool padded = Padded;
    static constexpr index_t bytes = sizeof(Source);
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void load(typename sums<S>::template state<B>& s, const std::byte* at,
                                             const Arguments&) {
        s.lanes = convert<S>(simd::load<Source, B / sizeof(S) * sizeof(Source)>(at));
    }
};

/// Rows and what the lift needs to know.
template <class T>
struct row_merge_arguments {
    merge_rows rows;
    index_t source_plane;  // where in them the plane begins
    T background;
};

/// Rows merged into one of columns.
template <class Algebra, class Lift>
struct merged_rows {
    template <std::size_t B>
    using state = typename Algebra::template state<B>;
    static constexpr index_t lane_bytes = sizeof(typename Algebra::lane);

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void run(const Arguments& arguments) {
        const Arguments a = arguments;  // a copy that nothing else can point to stays in registers
        if constexpr (Lift::padded) {
            if (a.rows.rows == 2 && !a.rows.more) return two_rows<B>(a);
        }
        for (index_t group = 0; group < a.rows.groups; ++group) {
            one_group<B>(a, group * a.rows.next + a.source_plane,
                         a.rows.columns.data + group * a.rows.columns.pitch);
        }
    }

    // What the mips above the first are made of: many short rows, two by two.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void two_rows(const Arguments& a) {
        const std::byte* first = a.rows.row[0] + a.source_plane;
        const std::byte* second = a.rows.row[1] + a.source_plane;
        std::byte* columns = a.rows.columns.data;
        const index_t bytes = a.rows.elements * lane_bytes;
        for (index_t group = 0; group < a.rows.groups; ++group) {
            for (index_t x = 0; x < bytes; x += static_cast<index_t>(B)) {
                const index_t from = x / lane_bytes * Lift::bytes;
                state<B> s, t;
                Lift::load(s, first + from, a);
                Lift::load(t, second + from, a);
                Algebra::merge(s, t);
                Algebra::store(s, columns + x, a.rows.columns.plane);
            }
            first += a.rows.next;
            second += a.rows.next;
            columns += a.rows.columns.pitch;
        }
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void one_group(const Arguments& a, index_t offset, std::byte* columns) {
        constexpr index_t n = static_cast<index_t>(B) / lane_bytes;
        const index_t elements = a.rows.elements;
        // Two vectors at a time: with one the loop over the rows costs as much as the sums.
        index_t x = 0;
        const index_t whole = Lift::padded ? elements : elements / n * n;
        for (; x + 2 * n <= whole; x += 2 * n)
            two_vectors<B>(a, a.rows.row, offset + x * Lift::bytes, columns + x * lane_bytes);
        if (x < elements) end_of_row<B>(a, offset, columns, x);
    }

    // Less than two vectors.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void end_of_row(const Arguments& a, index_t offset, std::byte* columns,
                                                   index_t x) {
        constexpr index_t n = static_cast<index_t>(B) / lane_bytes;
        const index_t elements = a.rows.elements;
        for (; x < elements; x += n) {
            if (!Lift::padded && x + n > elements) {
                if (elements < n || a.rows.more) return part_of_vector<B>(a, offset, columns, x);
                x = elements - n;
            }
            one_vector<B>(a, a.rows.row, offset + x * Lift::bytes, columns + x * lane_bytes);
        }
    }

    // Is copied first, so that nothing is read behind the end of a row.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void part_of_vector(const Arguments& a, index_t offset, std::byte* columns,
                                                       index_t x) {
        alignas(B) std::byte part[static_cast<std::size_t>(most_rows_at_once)][B];
        const std::byte* row[most_rows_at_once];
        index_t k = 0;
        do {
            row[k] = part[k];
            std::memset(part[k], 0, B);
            std::memcpy(part[k], a.rows.row[k] + offset + x * Lift::bytes,
                        static_cast<std::size_t>((a.rows.elements - x) * Lift::bytes));
        } while (++k < a.rows.rows);
        one_vector<B>(a, row, 0, columns + x * lane_bytes);
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void two_vectors(const Arguments& a, const std::byte* const* row,
                                                    index_t offset, std::byte* columns) {
        constexpr index_t next = static_cast<index_t>(B) / lane_bytes * Lift::bytes;
        state<B> low, high;
        const bool more = a.rows.more;
        if (more) {
            Algebra::load(low, columns, a.rows.columns.plane);
            Algebra::load(high, columns + B, a.rows.columns.plane);
        } else {
            Lift::load(low, row[0] + offset, a);
            Lift::load(high, row[0] + offset + next, a);
            merge_inner<B>(low, a, row, 0, offset);
            merge_inner<B>(high, a, row, 0, offset + next);
        }
        const index_t inner = Algebra::in_order ? a.rows.inner : 1;
        for (index_t k = more ? 0 : inner; k < a.rows.rows; k += inner) {
            state<B> more_low, more_high;
            if constexpr (!Lift::padded) {
                if (a.rows.ahead != 0) prefetch(row[k] + offset + a.rows.ahead);
            }
            Lift::load(more_low, row[k] + offset, a);
            Lift::load(more_high, row[k] + offset + next, a);
            merge_inner<B>(more_low, a, row, k, offset);
            merge_inner<B>(more_high, a, row, k, offset + next);
            Algebra::merge(low, more_low);
            Algebra::merge(high, more_high);
        }
        Algebra::store(low, columns, a.rows.columns.plane);
        Algebra::store(high, columns + B, a.rows.columns.plane);
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void one_vector(const Arguments& a, const std::byte* const* row,
                                                   index_t offset, std::byte* columns) {
        state<B> s;
        if (a.rows.more) {
            Algebra::load(s, columns, a.rows.columns.plane);
        } else {
            Lift::load(s, row[0] + offset, a);
            merge_inner<B>(s, a, row, 0, offset);
        }
        const index_t inner = Algebra::in_order ? a.rows.inner : 1;
        for (index_t k = a.rows.more ? 0 : inner; k < a.rows.rows; k += inner) {
            state<B> t;
            Lift::load(t, row[k] + offset, a);
            merge_inner<B>(t, a, row, k, offset);
            Algebra::merge(s, t);
        }
        Algebra::store(s, columns, a.rows.columns.plane);
    }

    // The rows after row k that are merged with it first.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void merge_inner([[maybe_unused]] state<B>& s,
                                                    [[maybe_unused]] const Arguments& a,
                                                    [[maybe_unused]] const std::byte* const* row,
                                                    [[maybe_unused]] index_t k,
                                                    [[maybe_unused]] index_t offset) {
        if constexpr (Algebra::in_order) {
            for (index_t i = 1; i < a.rows.inner; ++i) {
                state<B> t;
                Lift::load(t, row[k + i] + offset, a);
                Algebra::merge(s, t);
            }
        }
    }
};

/// Windows along a row of up to so many voxels are folded by running sums.
inline constexpr index_t longest_running_window = longest_odd_window + 1;
/// Where the order of merging does not matter, longer ones go by pairs while the factor is even.
inline constexpr index_t longest_paired_window = 64;

/// Neighbours of rows of columns folded into states: in pairs while the factor is even, by running sums of
/// whatever is odd. Longer windows are halved until one is left.
template <class Algebra>
struct folded_rows {
    template <std::size_t B>
    using state = typename Algebra::template state<B>;
    using lane = typename Algebra::lane;
    static constexpr index_t lane_bytes = sizeof(lane);

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void run(const Arguments& arguments) {
        const Arguments a = arguments;
        if (a.voxels < a.factor || a.more) {
            // A part of one long window.
            return fold_one<B>(a, a.columns.data, a.columns.plane, a.voxels, a.states.data, a.states.plane,
                               a.more);
        }
        const index_t windows = a.voxels / a.factor;
        const bool one_row = a.columns.pitch == a.voxels * a.run * lane_bytes &&
                             a.states.pitch == windows * a.run * lane_bytes;
        const index_t rows = one_row ? 1 : a.rows;
        const index_t per_row = one_row ? windows * a.rows : windows;
        for (index_t row = 0; row < rows; ++row) {
            whole_windows<B>(a, a.columns.data + row * a.columns.pitch, per_row,
                             a.states.data + row * a.states.pitch);
        }
    }

private:
    // What is on its way from columns to states lies here.
    static constexpr index_t room = 512;                                   // elements
    static constexpr index_t room_plane = room * lane_bytes + 16 * slack;  // neighbours() reads far

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void whole_windows(const Arguments& a, std::byte* columns, index_t windows,
                                                      std::byte* states) {
        if (a.factor == 2 && a.run == 1) {
            return pairs<B>(columns, a.columns.plane, windows, states, a.states.plane);
        }
        const index_t window = a.run * lane_bytes;
        const bool paired =
            !Algebra::in_order && a.factor <= longest_paired_window && a.run == 1 && a.factor % 2 == 0;
        alignas(64) std::byte half[Algebra::planes * room_plane];
        const index_t at_once = paired ? room / (a.factor / 2) : windows;
        for (index_t w = 0; w < windows; w += at_once) {
            const index_t n = std::min(at_once, windows - w);
            std::byte* from = columns + w * a.factor * window;
            std::byte* to = states + w * window;
            index_t plane = a.columns.plane;
            index_t factor = a.factor;
            while (paired && factor % 2 == 0) {
                factor /= 2;
                const bool last = factor == 1;
                pairs<B>(from, plane, n * factor, last ? to : half, last ? a.states.plane : room_plane);
                from = half;
                plane = room_plane;
            }
            if (factor > 1) odd_windows<B>(a, from, plane, factor, n, to);
        }
    }

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void odd_windows(const Arguments& a, std::byte* columns, index_t plane,
                                                    index_t factor, index_t windows, std::byte* states) {
        if (factor <= longest_running_window) {
            if (a.run == 1 && factor % 2 == 1) {
                neighbours<B>(columns, plane, factor, windows, states, a.states.plane);
            } else {
                running<B>(a, columns, plane, factor, windows, states);
            }
            return;
        }
        const index_t window = a.run * lane_bytes;
        for (index_t w = 0; w < windows; ++w) {
            fold_one<B>(a, columns + w * factor * window, plane, factor, states + w * window, a.states.plane,
                        false);
        }
    }

    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void pairs(const std::byte* from, index_t plane, index_t n, std::byte* to,
                                              index_t to_plane) {
        for (index_t done = 0; done < n * lane_bytes; done += static_cast<index_t>(B)) {
            state<B> low, high;
            Algebra::load(low, from + 2 * done, plane);
            Algebra::load(high, from + 2 * done + B, plane);
            Algebra::fold(low, high);
            Algebra::store(low, to + done, to_plane);
        }
    }

    // An odd number of neighbours, as many windows as a vector has lanes at a time. Of the merged neighbours
    // from every column on, each factor-th is wanted: in `factor` vectors that follow each other, those are
    // in different lanes, for no power of two divides the factor. They fit into one vector, and then are put
    // into order.
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void neighbours(const std::byte* from, index_t plane, index_t factor,
                                                   index_t n, std::byte* to, index_t to_plane) {
        constexpr index_t lanes = static_cast<index_t>(B) / lane_bytes;
        const auto& table = window_lanes<sizeof(lane), B>[static_cast<std::size_t>(factor / 2 - 1)];
        for (index_t i = 0; i < n; i += lanes) {
            const std::byte* at = from + factor * i * lane_bytes;
            state<B> all;
            switch (factor) {
                case 3:
                    all = wanted_of<B, 3>(at, plane, factor, table);
                    break;
                case 5:
                    all = wanted_of<B, 5>(at, plane, factor, table);
                    break;
                case 7:
                    all = wanted_of<B, 7>(at, plane, factor, table);
                    break;
                default:
                    all = wanted_of<B, 0>(at, plane, factor, table);
            }
            Algebra::reorder(all, table.order);
            Algebra::store(all, to + i * lane_bytes, to_plane);
        }
    }
    template <std::size_t B, int Factor>
    TINYBRAIN_VECTOR_INLINE static state<B> wanted_of(const std::byte* at, index_t plane,
                                                      [[maybe_unused]] index_t factor,
                                                      const lanes_of_windows<B>& table) {
        state<B> all{};
        const index_t f = Factor == 0 ? factor : Factor;
        for (index_t k = 0; k < f; ++k, at += B) {
            state<B> s;
            Algebra::load(s, at, plane);
            if constexpr (Factor == 0) {
                for (index_t i = 1; i < factor; ++i) merge_next<B>(s, at + i * lane_bytes, plane);
            } else {
                merge_all_next<B>(s, at, plane,
                                  std::make_index_sequence<static_cast<std::size_t>(Factor) - 1>{});
            }
            Algebra::keep(all, s, load<std::uint8_t, B>(table.wanted[k]));
        }
        return all;
    }

    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void merge_next(state<B>& s, const std::byte* at, index_t plane) {
        state<B> t;
        Algebra::load(t, at, plane);
        Algebra::merge(s, t);
    }
    template <std::size_t B, std::size_t... I>
    TINYBRAIN_VECTOR_INLINE static void merge_all_next(state<B>& s, const std::byte* at, index_t plane,
                                                       std::index_sequence<I...>) {
        (merge_next<B>(s, at + (I + 1) * sizeof(lane), plane), ...);
    }

    // The merged neighbours from every column on, of which each factor-th is wanted: of several channels.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void running(const Arguments& a, const std::byte* columns, index_t plane,
                                                index_t factor, index_t windows, std::byte* states) {
        alignas(64) std::byte all[Algebra::planes * room_plane];
        const index_t window = factor * a.run * lane_bytes;
        const index_t wanted = a.run * lane_bytes;
        const index_t at_once = room * lane_bytes / window;
        for (index_t w = 0; w < windows; w += at_once) {
            const index_t n = std::min(at_once, windows - w);
            const std::byte* from = columns + w * window;
            if (factor == 2) {
                merge_runs<B, 2>(from, plane, factor, wanted, (n - 1) * window + wanted, all);
            } else {
                merge_runs<B, 0>(from, plane, factor, wanted, (n - 1) * window + wanted, all);
            }
            for (index_t p = 0; p < Algebra::planes; ++p) {
                pick(all + p * room_plane, window, n, wanted, states + w * wanted + p * a.states.plane);
            }
        }
    }

    template <std::size_t B, int Factor>
    TINYBRAIN_VECTOR_INLINE static void merge_runs(const std::byte* from, index_t plane, index_t factor,
                                                   index_t run, index_t bytes, std::byte* all) {
        const index_t f = Factor == 0 ? factor : Factor;
        for (index_t at = 0; at < bytes; at += static_cast<index_t>(B)) {
            state<B> s;
            Algebra::load(s, from + at, plane);
            for (index_t k = 1; k < f; ++k) merge_next<B>(s, from + at + k * run, plane);
            Algebra::store(s, all + at, room_plane);
        }
    }

    // The first `wanted` bytes of every window. A few more are written, and then written over.
    TINYBRAIN_VECTOR_INLINE static void pick(const std::byte* all, index_t window, index_t n, index_t wanted,
                                             std::byte* to) {
        if (wanted == lane_bytes) {
            for (index_t i = 0; i < n; ++i) std::memcpy(to + i * lane_bytes, all + i * window, sizeof(lane));
        } else if (wanted <= 8) {
            for (index_t i = 0; i < n; ++i) std::memcpy(to + i * wanted, all + i * window, 8);
        } else if (wanted <= 32) {
            for (index_t i = 0; i < n; ++i) std::memcpy(to + i * wanted, all + i * window, 32);
        } else {
            for (index_t i = 0; i < n; ++i) {
                std::memcpy(to + i * wanted, all + i * window, static_cast<std::size_t>(wanted));
            }
        }
    }

    // A window in order: `first`, then voxels from the left.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void one_after_other(const Arguments& a, const std::byte* first,
                                                        index_t first_plane, const std::byte* columns,
                                                        index_t plane, index_t voxels, std::byte* to,
                                                        index_t to_plane) {
        const index_t window = a.run * lane_bytes;
        for (index_t at = 0; at < window; at += static_cast<index_t>(B)) {
            state<B> s;
            Algebra::load(s, first + at, first_plane);
            for (index_t i = 0; i < voxels; ++i) merge_next<B>(s, columns + i * window + at, plane);
            alignas(B) std::byte end[static_cast<std::size_t>(Algebra::planes) * B];
            Algebra::store(s, end, static_cast<index_t>(B));
            const index_t bytes = std::min(static_cast<index_t>(B), window - at);
            for (index_t p = 0; p < Algebra::planes; ++p) {
                std::memcpy(to + at + p * to_plane, end + p * static_cast<index_t>(B),
                            static_cast<std::size_t>(bytes));
            }
        }
    }

    // One window, or what follows on the part of it that `to` holds.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void fold_one(const Arguments& a, std::byte* columns, index_t plane,
                                                 index_t voxels, std::byte* to, index_t to_plane, bool more) {
        const index_t voxel = a.run * lane_bytes;
        if constexpr (Algebra::in_order) {
            const index_t done = more ? 0 : 1;
            one_after_other<B>(a, more ? to : columns, more ? to_plane : plane, columns + done * voxel, plane,
                               voxels - done, to, to_plane);
        } else {
            merge_halves<B>(a, columns, plane, voxels);
            if (more) return merge_from<B>(to, to_plane, columns, plane, voxel);
            for (index_t p = 0; p < Algebra::planes; ++p) {
                std::memcpy(to + p * to_plane, columns + p * plane, static_cast<std::size_t>(voxel));
            }
        }
    }
    // Where order does not matter: the upper half is merged into the lower one, until one voxel is left.
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void merge_halves(const Arguments& a, std::byte* columns, index_t plane,
                                                     index_t voxels) {
        while (voxels > 1) {
            const index_t half = voxels / 2;
            const index_t distance = (voxels - half) * a.run * lane_bytes;
            merge_from<B>(columns, plane, columns + distance, plane, half * a.run * lane_bytes);
            voxels -= half;
        }
    }
    // Writes so many bytes of each plane and none behind them.
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void merge_from(std::byte* to, index_t to_plane, const std::byte* from,
                                                   index_t from_plane, index_t bytes) {
        for (index_t at = 0; at < bytes; at += static_cast<index_t>(B)) {
            state<B> s, t;
            Algebra::load(s, to + at, to_plane);
            Algebra::load(t, from + at, from_plane);
            Algebra::merge(s, t);
            if (at + static_cast<index_t>(B) <= bytes) {
                Algebra::store(s, to + at, to_plane);
                continue;
            }
            alignas(B) std::byte end[Algebra::planes * B];
            Algebra::store(s, end, static_cast<index_t>(B));
            for (index_t p = 0; p < Algebra::planes; ++p) {
                std::memcpy(to + at + p * to_plane, end + p * static_cast<index_t>(B),
                            static_cast<std::size_t>(bytes - at));
            }
        }
    }
};

/// The loop over rows of states: Block makes the voxels of `outputs<B>` of them. States may be read past the
/// end of a row, voxels not written.
template <class Block>
struct finished_rows {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void run(const Arguments& arguments) {
        constexpr index_t n = Block::template outputs<B>;
        constexpr index_t voxel = Block::voxel_bytes;
        const Arguments a = arguments;
        const finish_rows& r = a.rows;
        const bool one_row =
            r.states.pitch == r.elements * Block::lane_bytes && r.out.pitch == r.elements * voxel;
        const index_t rows = one_row ? 1 : r.rows;
        const index_t elements = one_row ? r.elements * r.rows : r.elements;
        for (index_t row = 0; row < rows; ++row) {
            const std::byte* states = r.states.data + row * r.states.pitch;
            std::byte* out = r.out.data + row * r.out.pitch;
            const whole_lines lines = r.out.stream ? whole_lines(out, elements, n, voxel) : whole_lines();
            index_t x = 0;
            // Before the lines that are streamed, these, and behind.
            for (const index_t end : {lines.begin, lines.end, elements}) {
                const bool stream = x == lines.begin && end == lines.end;
                for (; x + n <= end; x += n) {
                    Block::template make<B>(a, states + x * Block::lane_bytes, out + x * voxel, stream);
                }
                if (x >= end) continue;
                alignas(64) std::byte part[static_cast<std::size_t>(n * voxel)];
                Block::template make<B>(a, states + x * Block::lane_bytes, part, false);
                std::memcpy(out + x * voxel, part, static_cast<std::size_t>((end - x) * voxel));
                x = end;
            }
        }
    }
};

/// Windows of 2 voxels in each of 2 or 4 rows: what they become, and where their states go.
template <class T>
struct window_arguments : rows_arguments<T> {
    std::byte* states;  // or null
    index_t states_next;
    index_t plane;
    index_t inner;  // as of merge_rows

    TINYBRAIN_VECTOR_INLINE void step() {
        rows_arguments<T>::step();
        if (states != nullptr) states += states_next;
    }
};

/// The state of a voxel is merged; of exact sums that is simpler than of any state.
template <class Algebra, class State>
TINYBRAIN_VECTOR_INLINE void merge_lifted(State& s, const State& voxel) {
    if constexpr (requires { Algebra::merge_voxel(s, voxel); }) {
        Algebra::merge_voxel(s, voxel);
    } else {
        Algebra::merge(s, voxel);
    }
}

/// Of rows 0 and 1 and of rows 2 and 3, merged first.
template <class Algebra, class Lift, int Factor, std::size_t B, class Arguments>
TINYBRAIN_VECTOR_INLINE void state_of_two_by_two_rows(typename Algebra::template state<B>& low,
                                                      const Arguments& a, index_t offset) {
    using state = typename Algebra::template state<B>;
    constexpr index_t next = static_cast<index_t>(B / sizeof(typename Algebra::lane)) * Lift::bytes;
    state half[2];
    for (index_t i = 0; i < Factor; ++i, offset += next) {
        state first, second, other;
        Lift::load(first, a.row[0] + offset, a);
        Lift::load(other, a.row[1] + offset, a);
        merge_lifted<Algebra>(first, other);
        Lift::load(second, a.row[2] + offset, a);
        Lift::load(other, a.row[3] + offset, a);
        merge_lifted<Algebra>(second, other);
        Algebra::merge(first, second);
        half[i] = first;
    }
    low = half[0];
    if constexpr (Factor == 2) Algebra::fold(low, half[1]);
}

/// The states of windows of Factor voxels in each of Rows rows, or of a.rows where Rows is 0.
template <class Algebra, class Lift, int Rows, int Factor, std::size_t B, class Arguments>
TINYBRAIN_VECTOR_INLINE void state_of_windows(typename Algebra::template state<B>& low, const Arguments& a,
                                              index_t x) {
    using state = typename Algebra::template state<B>;
    constexpr index_t next = static_cast<index_t>(B / sizeof(typename Algebra::lane)) * Lift::bytes;
    const index_t offset = Factor * x * Lift::bytes;
    const index_t rows = Rows == 0 ? a.rows : Rows;
    state high, other;
    if constexpr (Algebra::in_order) {
        if (rows == 4 && a.inner == 2)
            return state_of_two_by_two_rows<Algebra, Lift, Factor, B>(low, a, offset);
    }
    Lift::load(low, a.row[0] + offset, a);
    if constexpr (Factor == 2) Lift::load(high, a.row[0] + offset + next, a);
    TINYBRAIN_FEW_TURNS
    for (index_t k = 1; k < rows; ++k) {
        Lift::load(other, a.row[k] + offset, a);
        merge_lifted<Algebra>(low, other);
        if constexpr (Factor == 2) {
            Lift::load(other, a.row[k] + offset + next, a);
            merge_lifted<Algebra>(high, other);
        }
    }
    if constexpr (Factor == 2) Algebra::fold(low, high);
}

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
