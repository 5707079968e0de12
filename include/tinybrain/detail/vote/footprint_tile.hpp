// The true modes of all mips of a tile, a few thousand voxels: in rows, from mip to mip.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include <tinybrain/detail/drive/plan.hpp>
#include <tinybrain/detail/drive/walk.hpp>
#include <tinybrain/detail/drive/window_state.hpp>
#include <tinybrain/detail/drive/windows.hpp>
#include <tinybrain/detail/simd/census_kernels.hpp>
#include <tinybrain/detail/vote/footprint_layout.hpp>
#include <tinybrain/detail/vote/mode.hpp>
#include <tinybrain/detail/vote/row_elections.hpp>
#include <tinybrain/detail/vote/vote_set.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Makes all mips of a tile up to the layout's base, and keeps the sets of the last, if they are wanted.
template <class T>
class footprint_tile {
public:
    using votes = label_votes<T>;

    footprint_tile(const plan& p, const mode_rules<T>& rules, const footprint_layout<T>& layout,
                   std::byte* scratch, bool keeps_sets)
        : plan_(p),
          rules_(rules),
          layout_(layout),
          scratch_(scratch),
          row_(at<window_row<T>>(layout.rows())),
          voxel_row_(at<const T*>(layout.voxel_rows())),
          set_(at<std::uint16_t>(layout.slots(0))),
          elections_(p, rules),
          gathers_(fits_rows(level(layout.first_sets()).footprint.size)),
          counts_(keeps_sets || layout.first_sets() < layout.base() || !gathers_),
          box_(static_cast<std::size_t>(layout.base()) + 1),
          slab_(static_cast<std::size_t>(layout.first_sets()) + 1) {
        in_.run = 1;
        if (!gathers_) return;
        for (index_t m = 1; m <= layout.first_sets(); ++m) whole_.push_back(electorate_of(m));
    }

    /// Of a run of elements, the one that is looked at.
    void choose(index_t element) { element_ = element; }

    /// Writes all mips under a box of the base. False where its sets need more room than there is.
    bool make(const index_box& box) {
        const index_t base = layout_.base();
        this->box(base) = box;
        for (index_t m = base; m > 0; --m) this->box(m - 1) = box_under(level(m).window, this->box(m));
        used_ = 0;
        make_slabs();
        for (index_t m = layout_.first_sets() + 1; m <= base && used_ <= most_votes; ++m) merge_windows(m);
        return used_ <= most_votes;
    }

    /// The windows of the base that were made, in this order.
    const index_box& windows() const { return box_.back(); }
    // Of a window of the base.
    const T& label(std::size_t window) const { return labels(layout_.base())[window]; }
    /// 0 where all voxels are alike.
    std::size_t size(std::size_t window) const { return size_of_set(states(layout_.base())[window]); }
    const votes* set(std::size_t window) const {
        return arena(layout_.base()) + begin_of_set(states(layout_.base())[window]);
    }
    /// The votes of a window of any mip whose voxels are alike.
    votes of_like(index_t m, const T& label, const axes& index) const {
        votes all{1, label};
        for (std::size_t axis = 0; axis < max_axes; ++axis)
            all.count *= level(m).footprint.count(axis, index[axis]);
        return all;
    }

private:
    template <class U>
    U* at(std::size_t offset) const {
        return reinterpret_cast<U*>(scratch_ + offset);
    }
    const plan_level& level(index_t m) const { return plan_.mip[static_cast<std::size_t>(m)]; }
    index_box& box(index_t m) { return box_[static_cast<std::size_t>(m)]; }
    T* labels(index_t m) const { return at<T>(layout_.mip(m).labels); }
    window_state* states(index_t m) const { return at<window_state>(layout_.mip(m).states); }
    // The sets of a mip are built from those of the one before: two arenas in turns.
    votes* arena(index_t m) const { return at<votes>(layout_.arenas()) + (m % 2 == 0 ? most_votes : 0); }

    const window_grid& first_grid() const { return level(layout_.first_sets()).footprint; }

    // ---- from voxels

    // All mips up to the first with sets, a few rows of its windows after the other, while the voxels under
    // these are in a cache.
    void make_slabs() {
        const index_t first = layout_.first_sets();
        const index_box& tile = box(first);
        axes size;
        size.fill(1);
        size[0] = tile.end[0] - tile.begin[0];
        size[1] = layout_.slab_rows();
        index_box& slab = slab_.back();
        each_piece(tile, size, [&](const index_box& piece) {
            if (used_ > most_votes) return;
            slab = piece;
            for (index_t m = first; m > 0; --m) {
                slab_[static_cast<std::size_t>(m - 1)] =
                    box_under(level(m).window, slab_[static_cast<std::size_t>(m)]);
            }
            if (layout_.copies()) copy_voxels();
            for (index_t m = 1; m <= first; ++m) make_rows_of_windows(m);
        });
    }
    void copy_voxels() {
        const index_box& slab = slab_.front();
        const axes count = slab.extent();
        axes place = slab.begin;
        T* to = at<T>(layout_.voxels());
        do {
            const T* row = voxel_at<T>(level(0), place) + element_ * level(0).run_stride;
            copy_labels(row, level(0).stride[0], to, 1, count[0]);
            to += count[0];
        } while (step(place, slab.begin, count, 1));
    }
    // Where the slab's voxels lie, and how far apart.
    const T* first_voxel() const {
        if (layout_.copies()) return at<T>(layout_.voxels());
        return voxel_at<T>(level(0), slab_.front().begin) + element_ * level(0).run_stride;
    }
    axes voxel_strides() const {
        if (!layout_.copies()) return level(0).stride;
        const axes count = slab_.front().extent();
        axes stride;
        stride[0] = 1;
        for (std::size_t axis = 1; axis < max_axes; ++axis) stride[axis] = stride[axis - 1] * count[axis - 1];
        return stride;
    }

    electorate electorate_of(index_t m) const {
        return voters_of(
            plan_, level(m).footprint.size,
            rules_.tie == ties::countless && level(m).number == 1 && is_two_by_two(plan_, level(m)));
    }

    // Several rows of windows of mip m at a time, alike but for their place along axis 1: in_ is what lies
    // under them, index_ the place of the first.
    void make_rows_of_windows(index_t m) {
        const axes stride = voxel_strides();
        const window_grid& grid = level(m).footprint;
        const index_box& slab = slab_[static_cast<std::size_t>(m)];
        const axes count = slab.extent();
        in_.factor = grid.size[0];
        in_.next = grid.size[1] * stride[1] * index_t{sizeof(T)};
        in_.from_memory = m == 1 && !layout_.copies();
        axes place = slab.begin;
        do {
            const index_t whole = std::min(slab.end[1], grid.window_of(1, grid.extent[1]));
            while (place[1] < slab.end[1]) {
                const index_t most = starts_irregular(1, place[1]) ? 1 : groups_at_once(m);
                in_.groups = std::max<index_t>(1, std::min(whole - place[1], most));
                index_ = place;
                while (index_[0] < slab.end[0]) {
                    in_.windows = end_of_part(m, index_[0], slab.end[0]) - index_[0];
                    in_.voxels = grid.count(0, index_[0], in_.windows);
                    list_voxel_rows(m, stride);
                    make_windows(m);
                    index_[0] += in_.windows;
                }
                place[1] += in_.groups;
            }
            place[1] = slab.begin[1];
        } while (step(place, slab.begin, count, 2));
    }
    // Where windows of mip m along a row of a slab end that can be made together: the volume's first window
    // and what else is in its first window with sets come by themselves, where windows are cut there.
    index_t end_of_part(index_t m, index_t begin, index_t end) const {
        if (!irregular_[0]) return end;
        if (begin == 0) return 1;
        const index_t with = first_grid().begin(0, 1);
        if (with >= first_grid().extent[0]) return end;
        const index_t apart = level(m).footprint.window_of(0, with);
        return begin < apart ? std::min(apart, end) : end;
    }
    void make_windows(index_t m) {
        if (m == layout_.first_sets() && counts_) {
            count_voxels(m);
        } else if (is_inner(m)) {
            elect_uncounted(m);
        } else {
            elect(m);
        }
    }
    // Whether windows up to the first with sets are cut where the volume begins, and one begins there.
    bool starts_irregular(std::size_t axis, index_t o) const { return o == 0 && irregular_[axis]; }
    std::array<bool, max_axes> irregular_axes() const {
        std::array<bool, max_axes> result{};
        for (std::size_t axis = 0; axis < max_axes; ++axis) {
            for (index_t m = 1; m <= layout_.first_sets(); ++m)
                result[axis] = result[axis] || level(m).footprint.cut[axis] > 0;
        }
        return result;
    }
    // Labels that do not go where they belong at once are buffered row by row.
    index_t groups_at_once(index_t m) const {
        const bool elects = m < layout_.first_sets() || !counts_;
        return elects && (level(m).stride[0] != 1 || is_inner(m)) ? 1 : most_groups;
    }

    // The rows of mip 0 under a row of windows of mip m.
    void list_voxel_rows(index_t m, const axes& stride) {
        axes first, count;
        box_of_window(level(m).footprint, index_, first, count, 0);
        const T* corner = first_voxel();
        for (std::size_t axis = 0; axis < max_axes; ++axis)
            corner += (first[axis] - slab_.front().begin[axis]) * stride[axis];
        count[0] = 0;
        in_.window = count;
        const axes none{};
        axes place{};
        in_.rows = 0;
        do {
            const T* row = corner;
            for (std::size_t axis = 1; axis < max_axes; ++axis) row += place[axis] * stride[axis];
            if (gathers_) in_.row[in_.rows] = reinterpret_cast<const std::byte*>(row);
            voxel_row_[in_.rows++] = row;
        } while (step(place, none, count, 1));
    }
    // Their voters, where the row's end does not cut them.
    const electorate& voters(index_t m) {
        const electorate& whole = whole_[static_cast<std::size_t>(m - 1)];
        if (in_.rows * in_.factor == whole.voters) return whole;
        axes window = in_.window;
        window[0] = in_.factor;
        cut_ = voters_of(plan_, window, whole.countless);
        return cut_;
    }

    // The modes of a mip that needs no sets.
    void elect(index_t m) {
        T* out = voxel_at<T>(level(m), index_) + element_ * level(m).run_stride;
        if (level(m).stride[0] == 1) {
            elections_.elect(in_, voters(m),
                             {out, in_.groups > 1 ? level(m).stride[1] : 0, layout_.streams(m)}, {});
        } else {
            T* label = at<T>(layout_.row_buffer());
            elections_.elect(in_, voters(m), {label, 0, false}, {});
            copy_labels(label, 1, out, level(m).stride[0], in_.windows);
        }
    }

    // Modes and sets.
    void count_voxels(index_t m) {
        if (used_ > most_votes) return;  // the tile is made again in parts
        const index_t window = box(m).number_of(index_);
        const index_t pitch = box(m).end[0] - box(m).begin[0];
        T* label = labels(m) + window;
        window_state* state = states(m) + window;
        const index_t counted = count_by_vectors(m, label, state, pitch);
        for (index_t group = 0; group < in_.groups; ++group) {
            for (index_t x = 0; x < in_.windows && used_ <= most_votes; ++x) {
                const index_t i = group * pitch + x;
                if (x >= counted || state[i] == not_counted) count_window(m, group, x, label[i], state[i]);
            }
        }
        if (gathers_ && voters(m).countless) elections_.elect(in_, voters(m), {label, pitch, false}, {});
        for (index_t group = 0; group < in_.groups; ++group) {
            axes index = index_;
            index[1] += group;
            T* out = voxel_at<T>(level(m), index) + element_ * level(m).run_stride;
            write_row(m, label + group * pitch, out, in_.windows);
        }
    }
    // Returns how many windows along the rows are done, but for some whose state says so.
    index_t count_by_vectors([[maybe_unused]] index_t m, [[maybe_unused]] T* label,
                             [[maybe_unused]] window_state* state, [[maybe_unused]] index_t pitch) {
#if TINYBRAIN_HAS_VECTORS
        if constexpr (labels_fit_lanes<T>) {
            if (!counts_by_vectors_) return 0;
            const electorate& electorate = voters(m);
            std::array<simd::inner_window<T>, simd::most_inner_windows> inner;
            simd::census_arguments<T> a{};
            a.row = in_.row;
            a.rows = in_.rows;
            a.next = in_.next;
            a.ahead = {in_.from_memory, in_.voxels * index_t{sizeof(T)}, in_.next, in_.groups};
            a.factor = in_.factor;
            a.scanned = electorate.row_number.data();
            a.windows = in_.voxels / in_.factor;
            a.groups = in_.groups;
            a.sparse = rules_.sparse;
            a.lowest = rules_.tie == ties::lowest;
            if constexpr (std::is_unsigned_v<T>) a.flip = rules_.flip();
            a.background = rules_.background;
            a.nan_is_background = rules_.sparse && rules_.background != rules_.background;
            a.label = label;
            a.state = state;
            a.step = pitch;
            a.set = arena(m);
            a.room = most_votes;
            a.used = &used_;
            a.inner = inner.data();
            if (are_whole(m)) a.inners = list_inner_windows(m, inner.data());
            simd::run<simd::votes_of_windows<T>>(a);
            return a.windows;
        }
#endif
        return 0;
    }

    // Mips below the first with sets whose windows are counted with those of that: the smaller ones are
    // elected faster.
    bool is_inner(index_t m) const { return lowest_inner_ <= m && m < layout_.first_sets(); }
    index_t lowest_inner() const {
        const index_t first = layout_.first_sets();
        index_t m = first;
        [[maybe_unused]] index_t windows = 0;
#if TINYBRAIN_HAS_VECTORS
        while (counts_ && counts_by_vectors_ && sizeof(T) >= 4 && m > 1 && layout_.voxels_under(m - 1) > 8) {
            windows += product_from(windows_within(first, m - 1), 0);
            if (windows > simd::most_inner_windows) break;
            --m;
        }
#endif
        return m;
    }
    // Whether the windows of the first mip with sets over index_ of mip m, and those in them, are cut by
    // nothing but the end of axis 0.
    bool are_whole(index_t m) const {
        const window_grid& grid = first_grid();
        for (std::size_t axis = 0; axis < max_axes; ++axis) {
            const index_t o = grid.window_of(axis, level(m).footprint.begin(axis, index_[axis]));
            if (starts_irregular(axis, o) || (axis > 0 && grid.count(axis, o) < grid.size[axis]))
                return false;
        }
        return true;
    }
    // Those windows along the rows of an inner mip that will not be counted.
    void elect_uncounted(index_t m) {
        if (!are_whole(m)) return elect(m);
        const index_t whole = first_grid().size[0];
        const index_t voxels = in_.voxels / whole * whole;
        const index_t windows = ceil_quotient(voxels, in_.factor);
        if (windows == in_.windows) return;
        const auto skip = [&](index_t sign) {
            in_.voxels -= sign * voxels;
            in_.windows -= sign * windows;
            index_[0] += sign * windows;
        };
        for (index_t k = 0; k < in_.rows; ++k) in_.row[k] += voxels * index_t{sizeof(T)};
        skip(1);
        elect(m);
        skip(-1);
    }
    // How many windows of a lower mip there are along each axis of a whole one of mip m: more than fill it
    // where the volume is no longer.
    axes windows_within(index_t m, index_t below) const {
        axes count;
        for (std::size_t axis = 0; axis < max_axes; ++axis) {
            count[axis] = ceil_quotient(level(m).footprint.size[axis], level(below).footprint.size[axis]);
        }
        return count;
    }
#if TINYBRAIN_HAS_VECTORS
    // Within the windows of mip m from index_ on. Returns how many.
    index_t list_inner_windows(index_t m, simd::inner_window<T>* inner) const {
        index_t n = 0;
        for (index_t below = 1; below < m; ++below) {
            if (!is_inner(below)) continue;
            const plan_level& l = level(below);
            const axes count = windows_within(m, below);
            axes first;
            for (std::size_t axis = 0; axis < max_axes; ++axis)
                first[axis] = l.footprint.window_of(axis, level(m).footprint.begin(axis, index_[axis]));
            T* out = voxel_at<T>(l, first) + element_ * l.run_stride;
            const axes none{};
            axes place{};
            do {
                index_t offset = 0;
                for (std::size_t axis = 0; axis < max_axes; ++axis) offset += place[axis] * l.stride[axis];
                inner[n++] = {bits_of_voters(level(m).footprint.size, l.footprint.size, place), out + offset,
                              count[0] * l.stride[0], count[1] * l.stride[1]};
            } while (step(place, none, count, 0));
        }
        return n;
    }
    // Of a window at that place in a larger one, where the voters of that follow each other row after row.
    static std::uint64_t bits_of_voters(const axes& window, const axes& inner, const axes& place) {
        std::uint64_t bits = 0;
        axes count;
        for (std::size_t axis = 0; axis < max_axes; ++axis) {
            count[axis] = std::min(inner[axis], window[axis] - place[axis] * inner[axis]);
        }
        const axes none{};
        axes voter{};
        do {
            index_t number = 0;
            for (std::size_t axis = max_axes; axis-- > 0;) {
                number = number * window[axis] + place[axis] * inner[axis] + voter[axis];
            }
            bits |= std::uint64_t{1} << number;
        } while (step(voter, none, count, 0));
        return bits;
    }
#endif

    void count_window(index_t m, index_t group, index_t x, T& label, window_state& state) {
        const index_t begin = x * in_.factor;
        const index_t end = std::min(begin + in_.factor, in_.voxels);
        const index_t offset = group * in_.next / index_t{sizeof(T)};
        const T first = voxel_row_[0][offset + begin];
        bool alike = true;
        for (index_t k = 0; k < in_.rows && alike; ++k) {
            const T* row = voxel_row_[k] + offset;
            for (index_t i = begin; i < end; ++i) alike &= row[i] == first;
        }
        if (alike) {
            label = rules_.is_background(first) ? rules_.background : first;
            state = 0;
            return;
        }
        set_.open(arena(m) + used_, 0, most_votes - used_);
        const auto wanted = [&](const T& voxel) { return !rules_.is_background(voxel); };
        for (index_t k = 0; k < in_.rows; ++k) {
            if (!set_.add_row(voxel_row_[k] + offset + begin, 1, end - begin, wanted)) {
                used_ = most_votes + 1;
                return;
            }
        }
        label = election_.winner(arena(m) + used_, set_.size(), first, [&] {
            axes index = index_;
            index[0] += x;
            index[1] += group;
            return footprint_of<T>(plan_, m, index, element_);
        });
        state = state_of_set(used_, set_.size());
        used_ += set_.size();
    }

    // ---- from the windows of the mip below

    // Leaves used_ beyond most_votes where the sets need more room than there is.
    void merge_windows(index_t m) {
        const axes count = box(m).extent();
        axes index = box(m).begin;
        T* label = labels(m);
        window_state* state = states(m);
        used_ = 0;
        do {
            // The volume's first window by itself, where it or the first in it is cut.
            const bool apart = index[0] == 0 && level(m).footprint.cut[0] + level(m - 1).footprint.cut[0] > 0;
            if ((apart && !merge_row(m, index, 1, label, state)) ||
                !merge_row(m, index, count[0], label, state)) {
                used_ = most_votes + 1;
                return;
            }
            index[0] = box(m).begin[0];
            write_row(m, label - count[0], voxel_at<T>(level(m), index) + element_ * level(m).run_stride,
                      count[0]);
        } while (step(index, box(m).begin, count, 1));
    }
    // Windows of a row from an index on, up to one of the box; goes on past them. False where there is no
    // room.
    bool merge_row(index_t m, axes& index, index_t end, T*& label, window_state*& state) {
        const index_t n = end - (index[0] - box(m).begin[0]);
        if (n == 0) return true;
        list_rows(m, index, n);
        const T* corner = footprint_of<T>(plan_, m, index, element_).data;
        for (index_t x = 0; x < n; ++x) {
            if (!merge_window(m, index, corner, x, *label++, *state++)) return false;
        }
        index[0] += n;
        return true;
    }

    void write_row(index_t m, const T* label, T* out, index_t windows) const {
#if TINYBRAIN_HAS_VECTORS
        const index_t bytes = windows * index_t{sizeof(T)};
        if (vectors_ && layout_.streams(m) &&
            simd::run_groups<simd::copied_bytes>(simd::line_copy{
                reinterpret_cast<const std::byte*>(label), reinterpret_cast<std::byte*>(out), bytes, true})) {
            return;
        }
#endif
        copy_labels(label, 1, out, level(m).stride[0], windows);
    }

    // The rows of mip m - 1 under a row of windows of mip m.
    void list_rows(index_t m, const axes& index, index_t windows) {
        const index_box& below = box(m - 1);
        const window_grid& footprint = level(m - 1).footprint;
        axes first, count;
        box_of_window(level(m).window, index, first, count, 0);
        axes place = first;
        rows_ = 0;
        do {
            window_row<T>& row = row_[rows_++];
            row.count = 1;
            for (std::size_t axis = 1; axis < max_axes; ++axis)
                row.count *= footprint.count(axis, place[axis]);
            const index_t offset = below.number_of(place);
            row.label = labels(m - 1) + offset;
            row.state = states(m - 1) + offset;
        } while (step(place, first, count, 1));
        voxels_ = level(m).window.count(0, index[0], windows);
        factor_ = level(m).window.size[0];
        footprint_ = footprint.size[0];
        cut_before_ = footprint.starts_cut(0, first[0]) ? footprint.cut[0] : 0;
        rest_ = level(0).extent[0] - footprint.begin(0, first[0]) + cut_before_;
    }

    // Those along the rows under window x.
    struct range {
        index_t begin;
        index_t end;
    };
    range windows_of(index_t x) const { return {x * factor_, std::min((x + 1) * factor_, voxels_)}; }

    bool are_alike(index_t x) const {
        const range windows = windows_of(x);
        const T& first = row_[0].label[windows.begin];
        bool alike = true;
        for (index_t k = 0; k < rows_; ++k) {
            for (index_t i = windows.begin; i < windows.end; ++i) {
                alike &= (row_[k].state[i] == 0) & (row_[k].label[i] == first);
            }
        }
        return alike;
    }

    // False where there is no room.
    bool merge_window(index_t m, axes index, const T* corner, index_t x, T& label, window_state& state) {
        if (are_alike(x)) {
            label = row_[0].label[x * factor_];
            state = 0;
            return true;
        }
        votes* set = arena(m) + used_;
        set_.open(set, 0, most_votes - used_, labels_under(x));
        if (!add_windows(m - 1, x)) return false;
        const std::size_t size = set_.size();
        const index_t offset = x * level(m).footprint.size[0] * level(0).stride[0];
        label = election_.winner(set, size, corner[offset], [&] {
            index[0] += x;
            return footprint_of<T>(plan_, m, index, element_);
        });
        state = state_of_set(used_, size);
        used_ += size;
        return true;
    }

    // At most.
    std::size_t labels_under(index_t x) const {
        const range windows = windows_of(x);
        std::size_t labels = 0;
        for (index_t k = 0; k < rows_; ++k) {
            for (index_t i = windows.begin; i < windows.end; ++i)
                labels += std::max<std::size_t>(1, size_of_set(row_[k].state[i]));
        }
        return labels;
    }

    votes votes_of_alike(index_t row, index_t x) const {
        const index_t across = std::min(footprint_, rest_ - x * footprint_) - (x == 0 ? cut_before_ : 0);
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
                if (!set_.add(sets + begin_of_set(state), size_of_set(state))) return false;
            }
        }
        return true;
    }

    static constexpr index_t most_groups = 128;

    const plan& plan_;
    const mode_rules<T>& rules_;
    const footprint_layout<T>& layout_;
    std::byte* scratch_;
    // The rows under a row of windows: of the previous mip,
    window_row<T>* row_;
    index_t rows_ = 0;
    index_t voxels_ = 0;      // of each
    index_t factor_ = 1;      // along each
    index_t footprint_ = 1;   // what one of those voxels spans of mip 0
    index_t cut_before_ = 0;  // but the first, which is without so many voxels at its start
    index_t rest_ = 0;        // what there is of mip 0 from the first on, with those
    // or of mip 0.
    const T** voxel_row_;
    window_rows in_;
    axes index_{};  // of the first window
    vote_set<T> set_;
    std::size_t used_ = 0;  // of the arena
    election<T> election_{rules_};
    bool vectors_ = simd::has_vectors();
    row_elections<T> elections_;
    bool gathers_;  // windows of voxels
    bool counts_;   // and their votes: where nobody needs these, windows are elected faster
    bool counts_by_vectors_ = gathers_ && labels_fit_lanes<T> && vectors_;
    index_t lowest_inner_ = lowest_inner();
    std::array<bool, max_axes> irregular_ = irregular_axes();
    std::vector<electorate> whole_;
    electorate cut_;
    index_t element_ = 0;
    std::vector<index_box> box_;   // what the tile is at each mip
    std::vector<index_box> slab_;  // and the slab, up to the first with sets
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
