// The true modes of all mips of a tile, a few thousand voxels: in rows, from mip to mip.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include <tinybrain/detail/footprint_layout.hpp>
#include <tinybrain/detail/mode.hpp>
#include <tinybrain/detail/plan.hpp>
#include <tinybrain/detail/simd/alike_kernels.hpp>
#include <tinybrain/detail/vote_set.hpp>
#include <tinybrain/detail/walk.hpp>
#include <tinybrain/detail/windows.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Makes all mips of a tile up to the layout's base, and keeps the sets of the last.
template <class T, std::size_t N>
class footprint_tile {
public:
    using votes = label_votes<T>;

    footprint_tile(const plan<T, N>& p, const mode_rules<T>& rules, const footprint_layout<T, N>& layout,
                   std::byte* scratch)
        : plan_(p),
          rules_(rules),
          layout_(layout),
          scratch_(scratch),
          row_(at<source_row>(layout.rows())),
          voxel_row_(at<const T*>(layout.voxel_rows())),
          alike_(at<mark>(layout.alike())),
          mixed_(at<std::uint16_t>(layout.mixed())),
          set_(at<std::uint16_t>(layout.slots(0))),
          box_(static_cast<std::size_t>(layout.base()) + 1) {
        find_voters();
    }

    /// Of a run of elements, the one that is looked at.
    void choose(index_t element) { element_ = element; }

    /// Writes all mips under a box of the base. False where its sets need more room than there is.
    bool make(const index_box<N>& box) {
        const index_t base = layout_.base();
        this->box(base) = box;
        for (index_t m = base; m > 0; --m) this->box(m - 1) = under(m, this->box(m));
        for (index_t m = 1; m <= base; ++m) {
            if (!make_mip(m)) return false;
        }
        return true;
    }

    /// Calls visit(window in the tile, its place at the base) for each.
    template <class Visit>
    void each_window(const Visit& visit) const {
        const index_box<N>& b = box_.back();
        index_array<N> count = extent(b);
        index_array<N> index = b.begin;
        std::size_t window = 0;
        do {
            visit(window++, index);
        } while (step(index, b.begin, count, 0));
    }

    // Of a window of the base.
    const T& label(std::size_t window) const { return labels(layout_.base())[window]; }
    /// 0 where all voxels are alike.
    std::size_t size(std::size_t window) const { return size_of_set(states(layout_.base())[window]); }
    const votes* set(std::size_t window) const {
        return arena(layout_.base()) + begin_of_set(states(layout_.base())[window]);
    }
    /// The votes of a window of any mip whose voxels are alike.
    votes of_like(index_t m, const T& label, const index_array<N>& index) const {
        votes all{1, label};
        for (std::size_t axis = 0; axis < N; ++axis) {
            const index_t begin = index[axis] * level(m).footprint[axis];
            all.count *= std::min(level(m).footprint[axis], level(0).extent[axis] - begin);
        }
        return all;
    }

private:
    using source_row = typename footprint_layout<T, N>::source_row;
    using mark = typename simd::alike_arguments<T>::mark;
    static constexpr index_t shortest_stream = 512;  // bytes
    static constexpr mark all_alike = static_cast<mark>(~mark{0});

    template <class U>
    U* at(std::size_t offset) const {
        return reinterpret_cast<U*>(scratch_ + offset);
    }
    const plan_level<T, N>& level(index_t m) const { return plan_.mip[static_cast<std::size_t>(m)]; }
    index_box<N>& box(index_t m) { return box_[static_cast<std::size_t>(m)]; }
    T* labels(index_t m) const { return at<T>(layout_.mip(m).labels); }
    mark* marks(index_t m) const { return at<mark>(layout_.mip(m).states); }
    window_state* states(index_t m) const { return at<window_state>(layout_.mip(m).states); }
    // The sets of a mip are built from those of the one before: two arenas in turns.
    votes* arena(index_t m) const { return at<votes>(layout_.arenas()) + (m % 2 == 0 ? most_votes : 0); }

    static index_array<N> extent(const index_box<N>& b) {
        index_array<N> count;
        for (std::size_t axis = 0; axis < N; ++axis) count[axis] = b.end[axis] - b.begin[axis];
        return count;
    }
    index_box<N> under(index_t m, const index_box<N>& b) const {
        index_box<N> below;
        for (std::size_t axis = 0; axis < N; ++axis) {
            below.begin[axis] = b.begin[axis] * level(m).factor[axis];
            below.end[axis] = std::min(b.end[axis] * level(m).factor[axis], level(m - 1).extent[axis]);
        }
        return below;
    }

    bool make_mip(index_t m) {
        const index_array<N> count = extent(box(m));
        index_array<N> index = box(m).begin;
        std::size_t window = 0;
        used_ = 0;
        do {
            list_rows(m, index);
            index_ = index;
            corner_ = footprint_of(plan_, m, index, element_).data;
            if (m == layout_.first_sets()) list_voxel_rows(m, index);
            T* label = labels(m) + window;
            alike_ = m < layout_.first_sets() ? marks(m) + window : at<mark>(layout_.alike());
            find_alike(m, label, count[0]);
            if (!count_mixed(m, label, window, count[0])) return false;
            write_row(m, label, level(m).at(index) + element_ * level(m).run_stride, count[0]);
            window += static_cast<std::size_t>(count[0]);
        } while (step(index, box(m).begin, count, 1));
        return true;
    }

    void write_row(index_t m, const T* label, T* out, index_t windows) const {
#if TINYBRAIN_HAS_VECTORS
        const index_t bytes = windows * index_t{sizeof(T)};
        if (layout_.streams(m) && bytes >= shortest_stream) {
            run<simd::copied_bytes>(simd::copy_arguments{reinterpret_cast<const std::byte*>(label),
                                                         reinterpret_cast<std::byte*>(out), bytes, true});
            return;
        }
#endif
        copy_row<T>(label, 1, 1, out, level(m).stride[0], 1, windows, 1);
    }

    // The rows of mip m - 1 under a row of mip m.
    void list_rows(index_t m, const index_array<N>& index) {
        const index_box<N>& below = box(m - 1);
        const index_array<N> pitch = extent(below);
        index_array<N> first, count;
        window_under(level(m), level(m - 1), index, first, count, 1);
        first[0] = below.begin[0];
        index_array<N> place = first;
        rows_ = 0;
        do {
            source_row& row = row_[rows_++];
            row.count = 1;
            for (std::size_t axis = 1; axis < N; ++axis) {
                const index_t begin = place[axis] * level(m - 1).footprint[axis];
                row.count *= std::min(level(m - 1).footprint[axis], level(0).extent[axis] - begin);
            }
            if (m == 1) {
                row.label = level(0).at(place) + element_ * level(0).run_stride;
                continue;
            }
            index_t offset = 0;
            for (std::size_t axis = N; axis-- > 1;) {
                offset = offset * pitch[axis] + place[axis] - below.begin[axis];
            }
            offset *= pitch[0];
            row.label = labels(m - 1) + offset;
            row.state = states(m - 1) + offset;
            row.alike = reinterpret_cast<const std::byte*>(marks(m - 1) + offset);
        } while (step(place, first, count, 1));
        voxels_ = pitch[0];
        factor_ = level(m).factor[0];
        footprint_ = level(m - 1).footprint[0];
        rest_ = level(0).extent[0] - below.begin[0] * footprint_;
    }

    // The rows of mip 0 under a row of mip m.
    void list_voxel_rows(index_t m, index_array<N> index) {
        index_array<N> first, count;
        for (std::size_t axis = 0; axis < N; ++axis) {
            first[axis] = index[axis] * level(m).footprint[axis];
            count[axis] = std::min(level(m).footprint[axis], level(0).extent[axis] - first[axis]);
        }
        index_array<N> place = first;
        voxel_rows_ = 0;
        do {
            voxel_row_[voxel_rows_++] = level(0).at(place) + element_ * level(0).run_stride;
        } while (step(place, first, count, 1));
    }

    // The label of each window of a row, and whether all of its voxels are alike.
    void find_alike(index_t m, T* label, index_t windows) {
        const index_t factor = level(m).factor[0];
        const index_t next = m == 1 ? level(0).stride[1] * level(1).factor[1] : 0;
        squares_ = m == 1 ? find_squares(label, next) : 0;
        for (index_t k = 0; k < rows_; ++k) {
            const T* row = row_[k].label;
            if (m == 1 && level(0).stride[0] != 1) {
                T* buffer = at<T>(layout_.row_buffer());
                copy_row<T>(row, level(0).stride[0], 1, buffer, 1, 1, voxels_, 1);
                row = buffer;
            }
            const index_t whole = factor <= 2 ? voxels_ / factor : 0;
            if (whole > squares_) {
                const simd::alike_arguments<T> a{row, next, label, alike_, whole, false};
                if (factor == 1) run<1>(a, k == 0);
                if (factor == 2) run<2>(a, k == 0);
            }
            for (index_t x = whole; x < windows; ++x) {
                const T* voxel = row + x * factor;
                const T* end = row + std::min((x + 1) * factor, voxels_);
                if (k == 0) {
                    alike_[x] = all_alike;
                    label[x] = *voxel++;
                }
                for (; voxel < end; ++voxel) {
                    if (!(*voxel == label[x])) alike_[x] = 0;
                }
            }
            if (m > layout_.first_sets()) {
                add_marks(factor, windows,
                          [state = row_[k].state](index_t i) { return state[i] == 0 ? all_alike : mark{0}; });
            } else if (m > 1) {
                const mark* alike = reinterpret_cast<const mark*>(row_[k].alike);
                add_marks(factor, windows, [alike](index_t i) { return alike[i]; });
            }
        }
        if constexpr (std::is_floating_point_v<T>) {
            // -0 is background where +0 is.
            for (index_t x = 0; x < windows; ++x) {
                if (rules_.is_background(label[x])) label[x] = rules_.background;
            }
        }
    }

    // How many windows of the row were squares, and have their modes already.
    index_t find_squares(T* label, index_t next) {
        const bool in_order = voter_[1].row == 0;
        const bool squares = voters_ == 4 && rows_ == 2 && factor_ == 2 && level(0).stride[0] == 1 &&
                             !rules_.sparse && rules_.tie != ties::lowest &&
                             (in_order || (countless_ && !std::is_floating_point_v<T>));
        if (!squares || layout_.first_sets() == 1) return 0;
        const simd::squares_arguments<T> a{
            {row_[0].label, row_[1].label}, next, label, alike_, voxels_ / 2, false};
        if (countless_) {
            run<simd::modes_of_squares<T, true>>(a);
        } else {
            run<simd::modes_of_squares<T, false>>(a);
        }
        return voxels_ / 2;
    }

    template <int Factor>
    void run(const simd::alike_arguments<T>& a, bool first) const {
        if (first) {
            run<simd::alike_in_row<T, Factor, true>>(a);
        } else {
            run<simd::alike_in_row<T, Factor, false>>(a);
        }
    }
    template <class Operation, class Arguments>
    void run(const Arguments& a) const {
#if TINYBRAIN_HAS_VECTORS
        simd::run_row<Operation>(simd_, a);
#else
        for (index_t x = 0; x < a.outputs; ++x) Operation::one(a, x);
#endif
    }

    // Windows of windows that are not alike are not, either.
    template <class Mark>
    void add_marks(index_t factor, index_t windows, const Mark& mark_of) {
        index_t x = 0;
        if (factor == 2) {
            for (; x < voxels_ / 2; ++x) {
                alike_[x] = static_cast<mark>(alike_[x] & mark_of(2 * x) & mark_of(2 * x + 1));
            }
        }
        for (; x < windows; ++x) {
            for (index_t i = x * factor; i < std::min((x + 1) * factor, voxels_); ++i) {
                alike_[x] = static_cast<mark>(alike_[x] & mark_of(i));
            }
        }
    }

    // The sets of windows that are not alike, and their modes for labels.
    bool count_mixed(index_t m, T* label, std::size_t window, index_t windows) {
        std::size_t mixed = 0;
        for (index_t x = squares_; x < windows; ++x) {
            mixed_[mixed] = static_cast<std::uint16_t>(x);
            mixed += alike_[x] == 0;
        }
        if (m < layout_.first_sets()) {
            for (std::size_t i = 0; i < mixed; ++i) label[mixed_[i]] = small_mode(mixed_[i]);
            return true;
        }
        window_state* state = states(m) + window;
        std::memset(state, 0, static_cast<std::size_t>(windows) * sizeof *state);
        for (std::size_t i = 0; i < mixed; ++i) {
            const index_t x = mixed_[i];
            if (!count_window(m, x, label[x], state[x])) return false;
        }
        return true;
    }
    bool count_window(index_t m, index_t x, T& label, window_state& state) {
        votes* set = arena(m) + used_;
        std::size_t size = 0;
        if (used_ + few_votes<T>::most + 2 <= most_votes) {
            if (m == layout_.first_sets()) {
                size = few_labels(m, x, set);
            } else {
                few_votes<T> few;
                if (list_votes(m - 1, x, few)) size = few.add_up(set);
            }
        }
        if (size == 0) {
            set_.open(set, 0, most_votes - used_);
            if (!(m == layout_.first_sets() ? add_voxels(m, x) : add_windows(m - 1, x))) return false;
            size = set_.size();
        }
        label = m == 1 && countless_ && is_full(x)
                    ? small_mode(x)
                    : election_.winner(set, size, corner_[x * level(m).footprint[0] * level(0).stride[0]],
                                       [&] { return footprint(m, x); });
        state = static_cast<window_state>(used_ << 16 | size);
        used_ += size;
        return true;
    }

    // The voxels along the rows of window x of mip m, from the first of the tile on: of mip 0, or of mip m
    // - 1.
    struct range {
        index_t begin;
        index_t end;
    };
    range voxels_of(index_t m, index_t x) const {
        const index_t footprint = level(m).footprint[0];
        return {x * footprint, std::min((x + 1) * footprint, rest_)};
    }
    range windows_of(index_t x) const { return {x * factor_, std::min((x + 1) * factor_, voxels_)}; }

    // Of window x of the row that is being made.
    strided_window<T, N> footprint(index_t m, index_t x) const {
        index_array<N> index = index_;
        index[0] += x;
        return footprint_of(plan_, m, index, element_);
    }

    // The voters of a window of mip 1, where they are few, in scan order.
    void find_voters() {
        const index_array<N>& count = level(1).factor;
        if (product_from(count, 0) > static_cast<index_t>(voter_.size())) return;
        index_array<N> scanned, place;
        for (std::size_t i = 0; i < N; ++i) scanned[i] = count[plan_.scan[i]];
        const index_array<N> none{};
        index_array<N> index{};
        do {
            for (std::size_t i = 0; i < N; ++i) place[plan_.scan[i]] = index[i];
            index_t row = 0;
            for (std::size_t axis = N; axis-- > 1;) row = row * count[axis] + place[axis];
            voter_[static_cast<std::size_t>(voters_++)] = {row, place[0]};
        } while (step(index, none, scanned, 0));
        countless_ =
            voters_ == 4 && rules_.tie == ties::countless && level(1).number == 1 && level(1).countless;
    }
    bool is_full(index_t x) const { return rows_ * (windows_of(x).end - windows_of(x).begin) == voters_; }

    // The mode of a window of mip 1 that is small.
    T small_mode(index_t x) const {
        std::array<T, few_votes<T>::most> label;
        if (!is_full(x)) {
            T* end = label.data();
            footprint(1, x).each([&](const T& voter) { *end++ = voter; });
            return mode_of_gathered(label.data(), end - label.data(), rules_);
        }
        const auto n = static_cast<std::size_t>(voters_);
        const index_t stride = level(0).stride[0];
        for (std::size_t i = 0; i < n; ++i) {
            label[i] = row_[voter_[i].row].label[(x * factor_ + voter_[i].x) * stride];
        }
        if (countless_) return countless_mode(label[0], label[1], label[2], label[3], rules_);
        if (rules_.sparse || rules_.tie == ties::lowest)
            return mode_of_gathered(label.data(), voters_, rules_);
        // No other label beats the first where that has half of the votes.
        std::size_t like_first = 0;
        for (std::size_t i = 0; i < n; ++i) like_first += label[i] == label[0];
        if (2 * like_first >= n) return label[0];
        // Where a label is seen first, most of its like are still to come.
        T mode = label[0];
        int most = 0;
        for (std::size_t i = 0; i < n; ++i) {
            int later = 0;
            for (std::size_t j = i + 1; j < n; ++j) later += label[j] == label[i];
            mode = later > most ? label[i] : mode;
            most = std::max(most, later);
        }
        return mode;
    }

    // The set of a window of two labels and a few voxels of others, without a branch on any. 0 where it has
    // more.
    std::size_t few_labels(index_t m, index_t x, votes* set) const {
        const range voxels = voxels_of(m, x);
        const index_t stride = level(0).stride[0];
        const index_t width = voxels.end - voxels.begin;
        const index_t begin = voxels.begin * stride;
        const index_t end = begin + width * stride;
        const T one = voxel_row_[0][begin];
        T other = one;
        index_t of_one = 0;
        for (index_t k = 0; k < voxel_rows_; ++k) {
            const T* row = voxel_row_[k];
            for (index_t i = begin; i != end; i += stride) {
                const bool equal = row[i] == one;
                of_one += equal;
                other = equal ? other : row[i];
            }
        }
        index_t of_other = 0;
        for (index_t k = 0; k < voxel_rows_; ++k) {
            const T* row = voxel_row_[k];
            for (index_t i = begin; i != end; i += stride) of_other += row[i] == other;
        }
        const index_t rest = voxel_rows_ * width - of_one - of_other;
        // A NaN does not even count for itself.
        if (rest > static_cast<index_t>(few_votes<T>::most) || of_one == 0 || of_other == 0) return 0;
        std::size_t size = 0;
        set[size] = {of_one, one};
        size += !rules_.is_background(one);
        set[size] = {of_other, other};
        size += !rules_.is_background(other);
        if (rest == 0) return size;
        few_votes<T> others;
        for (index_t k = 0; k < voxel_rows_; ++k) {
            const T* row = voxel_row_[k];
            for (index_t i = begin; i != end; i += stride) {
                const T label = row[i];
                if (others.size == others.most) break;
                others.add(label, 1, !(label == one) & !(label == other) & !rules_.is_background(label));
            }
        }
        return size + others.add_up(set + size);
    }

    bool add_voxels(index_t m, index_t x) {
        const range voxels = voxels_of(m, x);
        const index_t stride = level(0).stride[0];
        for (index_t k = 0; k < voxel_rows_; ++k) {
            const T* row = voxel_row_[k];
            for (index_t i = voxels.begin; i < voxels.end;) {
                const T label = row[i * stride];
                const index_t first = i++;
                while (i < voxels.end && row[i * stride] == label) ++i;
                if (rules_.is_background(label)) continue;
                if (!set_.add({i - first, label})) return false;
            }
        }
        return true;
    }

    // The votes of the windows of mip m under window x. False where they are too many.
    bool list_votes(index_t m, index_t x, few_votes<T>& list) const {
        const votes* sets = arena(m);
        const range windows = windows_of(x);
        for (index_t k = 0; k < rows_; ++k) {
            for (index_t i = windows.begin; i < windows.end; ++i) {
                const window_state state = row_[k].state[i];
                if (list.size + std::max<std::size_t>(1, size_of_set(state)) > list.most) return false;
                if (state == 0) {
                    const votes v = votes_of_alike(k, i);
                    list.add(v.label, v.count, !rules_.is_background(v.label));
                    continue;
                }
                const votes* v = sets + begin_of_set(state);
                for (const votes* end = v + size_of_set(state); v != end; ++v) {
                    list.add(v->label, v->count, true);
                }
            }
        }
        return true;
    }
    votes votes_of_alike(index_t row, index_t x) const {
        const index_t across = std::min(footprint_, rest_ - x * footprint_);
        return {row_[row].count * across, row_[row].label[x]};
    }

    bool add_windows(index_t m, index_t x) {
        const range windows = windows_of(x);
        const votes* sets = arena(m);
        for (index_t k = 0; k < rows_; ++k) {
            for (index_t i = windows.begin; i < windows.end; ++i) {
                const window_state state = row_[k].state[i];
                if (state == 0) {
                    const votes all = votes_of_alike(k, i);
                    if (!rules_.is_background(all.label) && !set_.add(all)) return false;
                    continue;
                }
                const votes* v = sets + begin_of_set(state);
                for (const votes* end = v + size_of_set(state); v != end; ++v) {
                    if (!set_.add(*v)) return false;
                }
            }
        }
        return true;
    }

    const plan<T, N>& plan_;
    const mode_rules<T>& rules_;
    const footprint_layout<T, N>& layout_;
    std::byte* scratch_;
    source_row* row_;
    index_t rows_ = 0;
    index_t voxels_ = 0;         // of each
    const T* corner_ = nullptr;  // the first voxel of mip 0 under the row that is being made
    election<T> election_{rules_};
    index_t factor_ = 1;  // along each
    const T** voxel_row_;
    index_t voxel_rows_ = 0;
    index_t squares_ = 0;
    // Along the rows: what one of those voxels spans of mip 0, and what there is of mip 0 from the first on.
    index_t footprint_ = 1;
    index_t rest_ = 0;
    mark* alike_;           // all bits set, or 0
    std::uint16_t* mixed_;  // the windows of a row that are not alike
    simd::level simd_ = std::min(simd::current_level(), simd::level::avx2);
    vote_set<T> set_;
    std::size_t used_ = 0;  // of the arena
    index_t element_ = 0;
    index_array<N> index_{};  // of the first window of the row that is being made
    struct voter_place {
        index_t row;
        index_t x;
    };
    std::array<voter_place, few_votes<T>::most> voter_;
    index_t voters_ = 0;  // of a full window of mip 1; 0 where they are many
    bool countless_ = false;
    std::vector<index_box<N>> box_;  // what the tile is at each mip
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
