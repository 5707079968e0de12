// SPDX-License-Identifier: BSL-1.0
// Rows merged and folded, by vectors and in the plain loops of op_pooling, against loops over single
// elements: any factor, run and row length, groups of rows, windows that are cut, doubled or folded in parts.
// Nothing may be written before a row, nor behind the slack after the last.
#include <tinybrain/detail/drive/op.hpp>
#include <tinybrain/detail/drive/rows.hpp>
#include <tinybrain/detail/image/mean_rounding.hpp>
#include <tinybrain/detail/simd/extreme_kernels.hpp>
#include <tinybrain/detail/simd/mean_kernels.hpp>
#include <tinybrain/detail/simd/row_kernels.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "catch.hpp"
#include "dice.hpp"
#include "guarded.hpp"

// Without vectors there are the plain loops alone, which every other test runs.
#if TINYBRAIN_HAS_VECTORS

namespace {

using namespace tinybrain::detail;
using testing::dice;
using testing::index_t;

// ---- what is merged: the lanes of a state, one a plane

template <class S>
struct sum {
    using lane = S;
    static constexpr std::size_t planes = 1;
    using state = std::array<S, 1>;
    static state merge(const state& a, const state& b) { return {static_cast<S>(a[0] + b[0])}; }
    // Sums of such doubles depend on the order.
    static S random(dice& d) {
        if constexpr (std::is_floating_point_v<S>)
            return std::ldexp(static_cast<S>(d.between(-0xffffff, 0xffffff)),
                              static_cast<int>(d.between(-60, 60)));
        return static_cast<S>(d.bits());
    }
};

struct exact {
    using lane = double;
    static constexpr std::size_t planes = 2;
    using state = std::array<double, 2>;
    static state merge(const state& a, const state& b) {
        const exact_sum total = exact_sum(a[0], a[1]) + exact_sum(b[0], b[1]);
        return {total.sum, total.error};
    }
    static double random(dice& d) { return sum<double>::random(d); }
};

// Keys of extremes.
template <class Key>
struct minimum {
    using lane = Key;
    static constexpr std::size_t planes = 1;
    using state = std::array<Key, 1>;
    static state merge(const state& a, const state& b) { return {std::min(a[0], b[0])}; }
    static Key random(dice& d) { return static_cast<Key>(d.bits()); }
};

// The plain loops' operation: a voxel is a state.
template <class Merged>
struct states_op {
    using state = typename Merged::state;
    state lift(const state& s) const { return s; }
    state merge(const state& a, const state& b) const { return Merged::merge(a, b); }
    state finish(const state& s, index_t) const { return s; }
};

// The order of merging, where it shows.
template <class Merged>
typename Merged::state from_left(const std::vector<typename Merged::state>& v) {
    typename Merged::state all = v[0];
    for (std::size_t i = 1; i < v.size(); ++i) all = Merged::merge(all, v[i]);
    return all;
}

template <class Merged>
class rows_of_states {
public:
    using lane = typename Merged::lane;
    using state = typename Merged::state;
    static constexpr index_t lane_bytes = sizeof(lane);

    rows_of_states(index_t rows, index_t elements, index_t padding, bool interleaved = false)
        : rows_(rows),
          elements_(elements),
          state_bytes_(interleaved ? index_t{sizeof(state)} : lane_bytes),
          pitch_(elements * state_bytes_ + padding),
          plane_((rows * pitch_ + slack + 63) / 64 * 64),
          planes_(interleaved ? 1 : Merged::planes),
          bytes_(static_cast<std::size_t>(before + plane_ * static_cast<index_t>(planes_) + behind), mark) {}

    state_rows get() { return {bytes_.data() + before, pitch_, plane_}; }

    void put(index_t row, index_t element, const state& s) {
        for (std::size_t p = 0; p < Merged::planes; ++p)
            std::memcpy(at(row, element, p), &s[p], sizeof(lane));
    }
    state operator()(index_t row, index_t element) {
        state s;
        for (std::size_t p = 0; p < Merged::planes; ++p)
            std::memcpy(&s[p], at(row, element, p), sizeof(lane));
        return s;
    }
    // No byte before the first row, and none behind the slack after the last of each plane.
    bool is_clear_outside() const {
        const auto clear = [&](index_t from, index_t to) {
            return std::all_of(bytes_.begin() + from, bytes_.begin() + to,
                               [](std::byte b) { return b == mark; });
        };
        bool all = clear(0, before);
        for (std::size_t p = 0; p < planes_; ++p) {
            const index_t start = before + static_cast<index_t>(p) * plane_;
            const index_t end = rows_ == 0 ? start : start + (rows_ - 1) * pitch_ + elements_ * state_bytes_;
            all = all && clear(std::min(end + slack, start + plane_), start + plane_);
        }
        return all &&
               clear(before + static_cast<index_t>(planes_) * plane_, static_cast<index_t>(bytes_.size()));
    }

private:
    static constexpr std::byte mark{0xa5};
    static constexpr index_t before = 256;
    static constexpr index_t behind = 4096;  // reading is no fault

    std::byte* at(index_t row, index_t element, std::size_t p) {
        const auto inside =
            static_cast<index_t>(planes_ == 1 ? p * sizeof(lane) : p * static_cast<std::size_t>(plane_));
        return bytes_.data() + before + row * pitch_ + element * state_bytes_ + inside;
    }

    index_t rows_, elements_, state_bytes_, pitch_, plane_;
    std::size_t planes_;
    std::vector<std::byte> bytes_;
};

template <class Lane, std::size_t N>
bool same(const std::array<Lane, N>& a, const std::array<Lane, N>& b) {
    for (std::size_t i = 0; i < N; ++i) {
        if constexpr (std::is_floating_point_v<Lane>)
            if (a[i] != a[i] && b[i] != b[i]) continue;
        if (std::memcmp(&a[i], &b[i], sizeof(Lane)) != 0) return false;
    }
    return true;
}

template <class Lane>
constexpr index_t lanes_of_vector = 32 / static_cast<index_t>(sizeof(Lane));

// ---- folds

struct shape_of_fold {
    index_t factor, run, voxels, rows, padding;
    bool more;

    std::string text() const {
        return "factor " + std::to_string(factor) + ", run " + std::to_string(run) + ", " +
               std::to_string(voxels) + " voxels, " + std::to_string(rows) + " rows, padding " +
               std::to_string(padding) + (more ? ", more" : "");
    }
};

// run_fold(fold_rows) on random columns; what is wrong, or nothing.
template <class Merged, class Fold>
std::string wrong_fold(dice d, const shape_of_fold& s, bool interleaved, const Fold& run_fold) {
    using state = typename Merged::state;
    const index_t windows = (s.voxels + s.factor - 1) / s.factor;
    rows_of_states<Merged> columns(s.rows, s.voxels * s.run, s.padding, interleaved);
    rows_of_states<Merged> states(s.rows, windows * s.run, s.padding, interleaved);
    const auto random = [&] {
        state value;
        for (auto& lane : value) lane = Merged::random(d);
        return value;
    };
    std::vector<state> expected;
    for (index_t row = 0; row < s.rows; ++row) {
        std::vector<state> voxels;
        for (index_t i = 0; i < s.voxels * s.run; ++i) {
            voxels.push_back(random());
            columns.put(row, i, voxels.back());
        }
        for (index_t w = 0; w < windows; ++w) {
            const index_t n = std::min(s.factor, s.voxels - w * s.factor);
            for (index_t c = 0; c < s.run; ++c) {
                std::vector<state> window;
                for (index_t k = 0; k < n; ++k)
                    window.push_back(voxels[static_cast<std::size_t>((w * s.factor + k) * s.run + c)]);
                if (s.more) {
                    const state there = random();
                    states.put(row, w * s.run + c, there);
                    window.insert(window.begin(), there);
                }
                expected.push_back(from_left<Merged>(window));
            }
        }
    }
    run_fold(fold_rows{1, columns.get(), s.voxels, s.factor, s.run, s.rows, s.more, states.get()});
    std::size_t i = 0;
    for (index_t row = 0; row < s.rows; ++row)
        for (index_t element = 0; element < windows * s.run; ++element)
            if (!same(states(row, element), expected[i++]))
                return "row " + std::to_string(row) + ", element " + std::to_string(element) +
                       ": wrong state";
    if (!states.is_clear_outside()) return "bytes outside the states were written";
    return columns.is_clear_outside() ? "" : "bytes outside the columns were written";
}

template <class Merged, class Algebra>
std::string wrong_folds(const dice& d, const shape_of_fold& s) {
    const states_op<Merged> op;
    const op_pooling<states_op<Merged>, typename Merged::state> plain(op);
    std::string wrong = wrong_fold<Merged>(d, s, true, [&](const fold_rows& r) { plain.fold(r); });
    if (!wrong.empty()) return wrong + " in plain loops: " + s.text();
    if (simd::has_vectors()) {
        wrong = wrong_fold<Merged>(d, s, false,
                                   [&](const fold_rows& r) { simd::run<simd::folded_rows<Algebra>>(r); });
        if (!wrong.empty()) return wrong + " by vectors: " + s.text();
    }
    return {};
}

template <class Merged, class Algebra>
void check_folds() {
    using lane = typename Merged::lane;
    const index_t longest = 4 * lanes_of_vector<lane> + 1;
    dice d(testing::mixed(testing::seed(), sizeof(lane) + 100 * Merged::planes));
    const auto check = [&](const shape_of_fold& s) {
        const std::string wrong = wrong_folds<Merged, Algebra>(dice(d.bits()), s);
        if (!wrong.empty()) FAIL(wrong << ", lanes of " << sizeof(lane) << " bytes");
    };
    const auto padding = [&] { return d.one_of<index_t>({0, 0, static_cast<index_t>(sizeof(lane)), 64}); };
    // Every factor with every row length, and every run in turn.
    for (index_t factor = 2; factor <= 70; ++factor) {
        for (index_t voxels = 0; voxels <= longest; voxels += factor) {
            check({factor, 1, voxels, d.between(1, 3), padding(), false});
            for (index_t run = 2; run <= 16; ++run)
                check({factor, run, voxels, d.between(1, 3), padding(), false});
        }
        // Rows longer than what is on its way at a time.
        for (const index_t windows : {1, 2, 7, 40, 600}) {
            check({factor, 1, windows * factor, d.between(1, 2), padding(), false});
            if (windows <= 40) check({factor, d.between(2, 16), windows * factor, 1, 0, false});
        }
        // A part of one window, the first and one that comes after it.
        for (index_t voxels = 1; voxels < factor; ++voxels) {
            for (const bool more : {false, true})
                check({factor, d.one_of<index_t>({1, 1, 2, 3, 16}), voxels, 1, 0, more});
        }
    }
}

// ---- merges

// Rows of voxels between pages that nobody may read, and what they are as states.
struct shape_of_merge {
    index_t rows, elements, groups;
    bool more;

    std::string text() const {
        return std::to_string(rows) + " rows of " + std::to_string(elements) + ", " + std::to_string(groups) +
               " groups" + (more ? ", more" : "");
    }
};

template <class Merged, class Source, class Lift, class Merge>
std::string wrong_merge(dice d, const shape_of_merge& s, index_t mip, bool interleaved, const Lift& lift,
                        const Merge& run_merge) {
    using state = typename Merged::state;
    rows_of_states<Merged> columns(s.groups, s.elements, s.groups == 1 ? 0 : d.one_of<index_t>({0, 64}),
                                   interleaved);
    // All rows of a group side by side; the groups follow each other.
    const auto all = static_cast<std::size_t>(s.groups * s.rows * s.elements);
    const testing::tight_memory<Source> memory(
        d.one_of({testing::place::below_guard, testing::place::above_guard}), all);
    for (std::size_t i = 0; i < all; ++i) memory[i] = sum<Source>::random(d);
    std::vector<const std::byte*> row;
    for (index_t k = 0; k < s.rows; ++k)
        row.push_back(reinterpret_cast<const std::byte*>(memory.get() + k * s.elements));
    const index_t next = s.rows * s.elements * static_cast<index_t>(sizeof(Source));
    std::vector<state> expected;
    for (index_t group = 0; group < s.groups; ++group) {
        for (index_t i = 0; i < s.elements; ++i) {
            const auto voxel = [&](index_t k) {
                return lift(memory[static_cast<std::size_t>((group * s.rows + k) * s.elements + i)]);
            };
            state merged;
            if (s.more) {
                for (auto& lane : merged) lane = Merged::random(d);
                columns.put(group, i, merged);
                merged = Merged::merge(merged, voxel(0));
            } else {
                merged = voxel(0);
            }
            for (index_t k = 1; k < s.rows; ++k) merged = Merged::merge(merged, voxel(k));
            expected.push_back(merged);
        }
    }
    run_merge(merge_rows{mip, row.data(), s.rows, next, 0, s.elements, s.groups, s.more, columns.get()});
    std::size_t i = 0;
    for (index_t group = 0; group < s.groups; ++group)
        for (index_t element = 0; element < s.elements; ++element)
            if (!same(columns(group, element), expected[i++]))
                return "group " + std::to_string(group) + ", element " + std::to_string(element) +
                       ": wrong state";
    return columns.is_clear_outside() ? "" : "bytes outside the columns were written";
}

template <class Source, class Merged, class Lift>
struct lifting_op {
    Lift how;
    typename Merged::state lift(const Source& v) const { return how(v); }
    typename Merged::state merge(const typename Merged::state& a, const typename Merged::state& b) const {
        return Merged::merge(a, b);
    }
    Source finish(const typename Merged::state&, index_t) const { return {}; }
};

// Of voxels, which may not be read past the end of a row.
template <class Merged, class Source, class Algebra, class VectorLift, class Lift>
void check_merges(Source background, const Lift& lift) {
    const index_t longest = 4 * lanes_of_vector<Source> + 1;
    dice d(testing::mixed(testing::seed(), sizeof(Source)));
    const auto check = [&](const shape_of_merge& s) {
        const dice same_dice(d.bits());
        const lifting_op<Source, Merged, Lift> op{lift};
        const op_pooling<lifting_op<Source, Merged, Lift>, Source> plain(op);
        std::string wrong = wrong_merge<Merged, Source>(same_dice, s, 1, true, lift,
                                                        [&](const merge_rows& r) { plain.merge(r); });
        if (!wrong.empty()) FAIL(wrong << " in plain loops: " << s.text());
        if (!simd::has_vectors()) return;
        wrong = wrong_merge<Merged, Source>(same_dice, s, 1, false, lift, [&](const merge_rows& r) {
            const simd::row_merge_arguments<Source> a{r, 0, background};
            simd::run<simd::merged_rows<Algebra, VectorLift>>(a);
        });
        if (!wrong.empty()) FAIL(wrong << " by vectors: " << s.text());
    };
    for (index_t elements = 1; elements <= longest; ++elements) {
        for (const index_t rows : {1, 2, 3, 4, 7}) {
            check({rows, elements, 1, false});
            check({rows, elements, d.between(2, 4), false});
            check({rows, elements, 1, true});
        }
    }
    check({64, longest, 2, false});
    check({64, longest, 1, true});
    check({64, 1, 1, true});
    check({1, 5000, 1, false});
}

}  // namespace

TEST_CASE("rows: sums of integers are folded") {
    check_folds<sum<std::uint16_t>, simd::sums<std::uint16_t>>();
    check_folds<sum<std::uint32_t>, simd::sums<std::uint32_t>>();
    check_folds<sum<std::uint64_t>, simd::sums<std::uint64_t>>();
}

TEST_CASE("rows: sums of doubles are folded in one order") {
    check_folds<sum<double>, simd::sums<double>>();
    check_folds<exact, simd::exact_sums>();
}

TEST_CASE("rows: extremes are folded") {
    check_folds<minimum<std::int8_t>, simd::minima<std::int8_t>>();
    check_folds<minimum<std::int16_t>, simd::minima<std::int16_t>>();
    check_folds<minimum<std::int32_t>, simd::minima<std::int32_t>>();
    check_folds<minimum<std::int64_t>, simd::minima<std::int64_t>>();
}

TEST_CASE("rows: voxels are merged") {
    const auto as = [](auto lane) {
        using S = decltype(lane);
        return [](auto voxel) { return std::array<S, 1>{static_cast<S>(voxel)}; };
    };
    check_merges<sum<std::uint16_t>, std::uint8_t, simd::sums<std::uint16_t>,
                 simd::converted<std::uint8_t, std::uint16_t>>(std::uint8_t{0}, as(std::uint16_t{}));
    check_merges<sum<std::uint64_t>, std::uint8_t, simd::sums<std::uint64_t>,
                 simd::converted<std::uint8_t, std::uint64_t>>(std::uint8_t{0}, as(std::uint64_t{}));
    check_merges<sum<std::int32_t>, std::int16_t, simd::sums<std::int32_t>,
                 simd::converted<std::int16_t, std::int32_t>>(std::int16_t{0}, as(std::int32_t{}));
    check_merges<sum<double>, float, simd::sums<double>, simd::converted<float, double>>(0.0F, as(double{}));
    check_merges<exact, double, simd::exact_sums, simd::exact_doubles<false>>(0.0, [](double voxel) {
        return std::array<double, 2>{voxel, 0};
    });
}

TEST_CASE("rows: voxels but background are merged and counted") {
    constexpr std::uint8_t background = 77;
    check_merges<sum<std::uint16_t>, std::uint8_t, simd::sums<std::uint16_t>,
                 simd::foreground<std::uint8_t, std::uint16_t>>(background, [](std::uint8_t v) {
        return std::array<std::uint16_t, 1>{static_cast<std::uint16_t>(v == 77 ? 0 : v)};
    });
    check_merges<sum<std::uint16_t>, std::uint8_t, simd::sums<std::uint16_t>,
                 simd::counted<std::uint8_t, std::uint16_t>>(background, [](std::uint8_t v) {
        return std::array<std::uint16_t, 1>{static_cast<std::uint16_t>(v == 77 ? 0 : 1)};
    });
}

TEST_CASE("rows: voxels but background are merged as keys") {
    using limits = std::numeric_limits<std::int8_t>;
    check_merges<minimum<std::int8_t>, std::int8_t, simd::extremes<std::int8_t, false>,
                 simd::extremes<std::int8_t, false>::voxels<true>>(std::int8_t{77}, [](std::int8_t v) {
        return std::array{static_cast<std::int8_t>(v == 77 ? limits::max() : v > 77 ? v - 1 : v)};
    });
    // Turned, 255 is the lowest of keys, and 0 the highest.
    check_merges<minimum<std::int8_t>, std::uint8_t, simd::extremes<std::uint8_t, true>,
                 simd::extremes<std::uint8_t, true>::voxels<true>>(std::uint8_t{77}, [](std::uint8_t v) {
        return std::array{static_cast<std::int8_t>(v == 77 ? limits::max() : 127 - v - (v < 77 ? 1 : 0))};
    });
}

TEST_CASE("rows: memory is asked for what is the same distance ahead in the rows of the next groups") {
    for (const index_t row : {64, 1000, 2048, 3008, 4096, 100000}) {
        for (const index_t next : {row, 2 * row + 64, -3 * row}) {
            const simd::rows_ahead several(true, row, next, 100);
            const simd::rows_ahead alone(true, row, next, 1);
            bool same = true;
            for (index_t offset = 0; offset < row; offset += 8) {
                const index_t place = offset + simd::rows_ahead::distance;
                same = same && several.from(offset) == place / row * next + place % row;
                same = same && alone.from(offset) == place;
            }
            CHECK(same);
        }
    }
    CHECK(!simd::rows_ahead(false, 0, 0, 1).wanted);
}

TEST_CASE("rows: whole cache lines are streamed, and what is left of a row is stored") {
    if (!simd::has_vectors()) return;
    constexpr index_t line = 64;
    constexpr index_t longest = 1200;
    std::vector<std::byte> from(longest);
    for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::byte>(i * 7 + i / 256);
    std::vector<std::byte> memory(longest + 4 * line);
    const auto at_line = static_cast<index_t>(reinterpret_cast<std::uintptr_t>(memory.data()) % line);
    bool copied = true;
    bool whole = true;
    bool all = true;
    for (index_t past = 0; past < line; ++past) {
        for (index_t n = index_t{simd::vector_bytes}; n < longest; n += n < 700 ? 1 : 13) {
            std::byte* out = memory.data() + 2 * line - at_line + past;
            std::fill(memory.begin(), memory.end(), std::byte{0xee});
            simd::run_groups<simd::copied_bytes>(simd::line_copy{from.data(), out, n, true});
            simd::stream_fence();
            const auto untouched = [](std::byte b) { return b == std::byte{0xee}; };
            copied = copied && std::equal(out, out + n, from.data()) &&
                     std::all_of(memory.data(), out, untouched) &&
                     std::all_of(out + n, memory.data() + memory.size(), untouched);
            for (const index_t bytes : {1, 2, 8}) {
                const index_t block = index_t{simd::vector_bytes} / bytes;
                const simd::whole_lines lines(out, n / bytes, block, bytes);
                const index_t left = n / bytes - lines.end;
                if (lines.end == 0) {
                    // A row of so many bytes has eight lines, and up to two at either end.
                    all = all && (lines.begin == 0 && (n < 12 * line || past % bytes != 0));
                    continue;
                }
                whole = whole && (past + lines.begin * bytes) % line == 0 &&
                        (past + lines.end * bytes) % line == 0 && lines.begin < lines.end &&
                        (lines.begin == 0 || lines.begin >= block) && (left == 0 || left >= block);
            }
        }
    }
    CHECK(copied);
    CHECK(whole);
    CHECK(all);
}

#endif
