// The driver of every pooling whose windows fold into states: a depth-first walk over tiles and mips.
//
// A tile is one row segment of the last mip and everything under it. To make a row of mip m, the walk first
// makes the rows of mip m - 1 that its windows need, each by the same rule, and hands them to the reducer
// together. So each voxel of the input is read once, each mip is written as soon as it is whole, and what is
// held between two mips is a few rows, whatever the number of mips and the size of the volume.
//
// The driver knows about axes, tiles, mips and tasks; a reducer knows what a state is. A reducer offers, for
// mips m >= 1 of the plan,
//   value_bytes(m), count_bytes(m)    of a state: two planes, the second may be empty
//   first_row_only                    whether only the first row of a window matters
//   replicates()                      whether edges count double, and then double_states(m, states, elements)
//   finish(m, states, rows, n, run, counts, out)   turns rows of n states into voxels
// and one of two ways to make states, or both and gathers(m) to choose:
//   reduce(m, windows, states), reduce_to_voxels(m, windows, counts, out), and where writes(m) both at once,
//   reduce_and_write(m, windows, states, out)   get all rows of windows at once;
//   lift_rows, add_columns, fold_columns   get them one by one (sums_columns): columns are summed up first
// The second takes windows of any size. Its order of summation is part of the result where addition rounds:
// along the axis of the largest stride first, along the row last, each from its start. So it does not matter
// which axes are there at all, where tiles and chunks end, or which of the two ways is taken.
//
// Rows are handed on several at a time along axis 1, so that the cost of a call is shared: in the caches a
// call a row costs as much as the row.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tinybrain/detail/plan.hpp>
#include <tinybrain/detail/scratch.hpp>
#include <tinybrain/detail/simd/vec.hpp>
#include <tinybrain/detail/walk.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Rows of states, one after the other along axis 1: values, and where states count their voxels, counts.
struct state_rows {
    std::byte* value;
    std::byte* count;
    index_t step;  // elements from a row to the next
};

/// Where voxels go: as state_rows.
template <class T>
struct voxel_rows {
    T* data = nullptr;
    index_t step = 0;
    bool stream = false;  // past the caches, for they have better to hold
};

inline constexpr index_t most_rows_at_once = 64;

/// Windows along axis 1 that are handed on together.
inline constexpr index_t most_groups = 128;

/// Windows that are longer than this along a row are folded in blocks of this many voxels, which bounds the
/// buffers.
inline constexpr index_t longest_block = 64;

/// The sums of columns that are made at the same time, in bytes: they stay in L1.
inline constexpr index_t most_column_bytes = index_t{16} << 10;

/// How many voxels of mip 0 each state stands for: all but the last of a volume's row, and the last, where it
/// differs.
struct voxel_counts {
    index_t each = 1;
    index_t last = 1;
    bool has_last = false;
};

/// What a reducer gets that gathers: the rows of the previous mip under a window across the row, axis 1
/// fastest; then the same again for the next window along axis 1, and so on. Each window takes `factor`
/// voxels of every row, the last one what is left.
template <std::size_t N>
struct window_rows {
    const std::byte* value[most_rows_at_once];
    const std::byte* count[most_rows_at_once];
    index_t rows = 0;
    index_t voxels = 0;   // in each row
    index_t windows = 0;  // along each row
    index_t factor = 1;
    index_t run = 1;
    index_array<N> window{};  // extents of the window across the row, clipped; axis 0 is 0
    index_t groups = 1;       // windows along axis 1
    index_t value_step = 0;   // bytes from one group's rows to the next one's
    index_t count_step = 0;
    bool from_memory = false;  // not from a cache
    voxel_counts counts;       // only where voxels are made
};

/// Where the states of a walk live, and how its tiles are cut.
template <class T, std::size_t N, class Reducer>
class fold_layout {
public:
    struct level {
        index_t length = 0;  // voxels of a row segment
        index_t height = 1;  // rows along axis 1
        index_t blocks = 1;  // of so many rows, held at the same time
        index_t step = 0;    // elements from a row to the next
        std::size_t offset = 0;
        std::size_t count_offset = 0;  // from a block's values to its counts
        std::size_t block_bytes = 0;
        std::size_t columns_offset = 0;  // sums of the columns under this mip's windows
        std::size_t columns_count_offset = 0;
        std::size_t columns_bytes = 0;
        bool streams = false;
    };

    /// For mips base + 1 ... top. fits() is false where no cut keeps within the limit.
    fold_layout(const plan<T, N>& p, const Reducer& reducer, index_t base, index_t top)
        : plan_(p), reducer_(reducer), base_(base), top_(top), levels_(p.mip.size()) {
        voxels_only_ =
            top == p.depth() && reducer.gathers(top) && p.row_is_contiguous(top) && !reducer.replicates();
        input_is_large_ = bytes_of_box<T>(p.mip[0].extent, p.run) >= large_bytes;
        index_t length = longest_row / p.run;
        index_t height =
            voxels_only_ && top == base + 1 ? saturated_product(most_groups, factor(top)[1]) : most_groups;
        for (place(length, height); bytes_ > comfortable && (length > longest_block || height > 1);
             place(length, height)) {
            if (height > 8 || length <= longest_block) {
                height = std::max<index_t>(1, height / 2);
            } else {
                length /= 2;
            }
        }
        for (index_t m = base + 1; m <= top; ++m) {
            const auto& mip = p.mip[static_cast<std::size_t>(m)];
            levels_[static_cast<std::size_t>(m)].streams =
                product_from(mip.extent, 0) * p.run * index_t{sizeof(T)} >= streaming_bytes &&
                rows_are_lines(m);
        }
    }

    bool fits() const { return bytes_ <= scratch_limit; }
    std::size_t bytes() const { return bytes_; }
    index_t base() const { return base_; }
    index_t top() const { return top_; }
    /// Whether the input may not be in L2.
    bool input_is_large() const { return input_is_large_; }
    /// Whether only voxels are made of mip m: nobody needs the states of the last.
    bool voxels_only(index_t m) const { return m == top_ && voxels_only_; }
    index_t tile_width() const { return levels_[static_cast<std::size_t>(top_)].length; }
    index_t tile_height() const { return levels_[static_cast<std::size_t>(top_)].height; }
    const level& operator[](index_t m) const { return levels_[static_cast<std::size_t>(m)]; }
    std::size_t out_offset() const { return out_offset_; }

    /// Smaller tiles, to have more of them. False where they are small already.
    bool halve_tiles() {
        level& top = levels_[static_cast<std::size_t>(top_)];
        index_t& size = top.height > 1 ? top.height : top.length;
        if (size <= 1 ||
            (top.height <= 1 && size * plan_.mip[static_cast<std::size_t>(top_)].footprint[0] <= 512)) {
            return false;
        }
        size = (size + 1) / 2;
        return true;
    }

    /// The bytes of one state of a row of mip m (of one voxel where that is the input).
    std::size_t value_bytes(index_t m) const { return m == 0 ? sizeof(T) : reducer_.value_bytes(m); }
    std::size_t count_bytes(index_t m) const { return m == 0 ? 0 : reducer_.count_bytes(m); }

private:
    static constexpr index_t longest_row = 8192;            // voxels of mip 0
    static constexpr std::size_t comfortable = 320 * 1024;  // stays in L2
    // An input smaller than this is in L2, perhaps, where prefetching costs more than it gives.
    static constexpr index_t large_bytes = index_t{512} << 10;
    // A mip larger than this had better not push everything else out of the caches.
    static constexpr index_t streaming_bytes = index_t{8} << 20;

    // Whether all rows of mip m start and end with a cache line. A line that is streamed in part costs as
    // much as a dozen.
    bool rows_are_lines(index_t m) const {
        constexpr index_t line = 64;
        const auto& mip = plan_.mip[static_cast<std::size_t>(m)];
        bool aligned = reinterpret_cast<std::uintptr_t>(mip.data) % line == 0 &&
                       mip.extent[0] * plan_.run * index_t{sizeof(T)} % line == 0;
        for (std::size_t axis = 1; axis < N; ++axis) {
            aligned = aligned && (mip.extent[axis] == 1 || mip.stride[axis] * index_t{sizeof(T)} % line == 0);
        }
        return aligned;
    }

    const index_array<N>& factor(index_t m) const { return plan_.mip[static_cast<std::size_t>(m)].factor; }
    index_t extent(index_t m, std::size_t axis) const {
        return plan_.mip[static_cast<std::size_t>(m)].extent[axis];
    }

    void place(index_t longest, index_t highest) {
        index_t across = 1;
        index_t down = 1;
        for (index_t m = base_ + 1; m <= top_; ++m) {
            across = saturated_product(across, factor(m)[0]);
            down = saturated_product(down, factor(m)[1]);
        }
        index_t length = std::min(std::max<index_t>(1, longest / across), extent(top_, 0));
        index_t height = std::min(std::max<index_t>(1, highest / down), extent(top_, 1));
        if (!reducer_.gathers(top_)) height = 1;
        bytes_ = 0;
        place_level(top_, length, height, 1);
        for (index_t m = top_; m > base_; --m) {
            const index_array<N>& f = factor(m);
            const bool gathers = reducer_.gathers(m);
            const auto column_bytes = plan_.run * static_cast<index_t>(value_bytes(m));
            const index_t most = gathers ? longest : std::min(longest, most_column_bytes / column_bytes);
            length = std::min(length_under(length, f[0], most), extent(m - 1, 0));
            height = gathers ? std::min(std::min(height, std::max<index_t>(1, highest / f[1])) * f[1],
                                        extent(m - 1, 1))
                             : 1;
            const index_t blocks = !gathers ? 1 : Reducer::first_row_only ? 2 : product_from(f, 2);
            if (!gathers) place_columns(m, length);
            place_level(m - 1, length, height, blocks);
        }
        index_t longest_output = 0;
        for (index_t m = base_ + 1; m <= top_; ++m) {
            if (!plan_.row_is_contiguous(m)) longest_output = std::max(longest_output, (*this)[m].length);
        }
        out_offset_ = bytes_;
        bytes_ += scratch_cutter::round_up(static_cast<std::size_t>(longest_output * plan_.run) * sizeof(T));
    }

    void place_level(index_t m, index_t length, index_t height, index_t blocks) {
        level& l = levels_[static_cast<std::size_t>(m)];
        l.length = length;
        l.height = height;
        l.blocks = blocks;
        l.step = (length * plan_.run + 63) / 64 * 64;
        l.offset = bytes_;
        // The input is read where it lies, unless its rows are scattered, and so are states left by another
        // walk.
        if (voxels_only(m) || (m == base_ && (m > 0 || plan_.row_is_contiguous(0)))) return;
        // Rows without end, seen at stride 0, are just too many.
        constexpr auto too_many = static_cast<index_t>(scratch_limit) + 1;
        const auto elements = static_cast<std::size_t>(std::min(saturated_product(l.step, height), too_many));
        l.count_offset = elements * value_bytes(m);
        l.block_bytes = l.count_offset + elements * count_bytes(m);
        bytes_ += l.block_bytes * static_cast<std::size_t>(blocks);
    }

    // One row of sums for each axis across the row along which there is something to add up.
    void place_columns(index_t m, index_t length) {
        level& l = levels_[static_cast<std::size_t>(m)];
        const auto axes = static_cast<std::size_t>(std::max<index_t>(
            1, std::count_if(factor(m).begin() + 1, factor(m).end(), [](index_t f) { return f > 1; })));
        const auto elements = static_cast<std::size_t>(length * plan_.run);
        l.columns_offset = bytes_;
        l.columns_count_offset = scratch_cutter::round_up(elements * value_bytes(m));
        l.columns_bytes = l.columns_count_offset + scratch_cutter::round_up(elements * count_bytes(m));
        bytes_ += l.columns_bytes * axes;
    }

    // How long the rows under a segment of `length` windows are, when none may be longer than `longest`.
    static index_t length_under(index_t length, index_t factor, index_t longest) {
        if (factor > longest_block) return longest_block;
        return std::min(length, std::max<index_t>(1, longest / factor)) * factor;
    }

    const plan<T, N>& plan_;
    const Reducer& reducer_;
    index_t base_;
    index_t top_;
    bool voxels_only_ = false;
    bool input_is_large_;
    std::vector<level> levels_;
    std::size_t bytes_ = 0;
    std::size_t out_offset_ = 0;
};

/// All states of one mip, dense: what the tiles of a walk leave behind for a walk over the mips above.
template <std::size_t N>
struct state_volume {
    std::byte* value = nullptr;
    std::byte* count = nullptr;
    std::size_t value_bytes = 0;
    std::size_t count_bytes = 0;
    index_array<N> extent{};
    index_t run = 1;

    state_rows rows(const index_array<N>& index, index_t x) const {
        index_t offset = 0;
        for (std::size_t axis = N; axis-- > 1;) offset = offset * extent[axis] + index[axis];
        const auto element = static_cast<std::size_t>((offset * extent[0] + x) * run);
        return {value + element * value_bytes, count + element * count_bytes, extent[0] * run};
    }
};

/// The walk of one task.
template <class T, std::size_t N, class Reducer>
class fold_walk {
public:
    fold_walk(const plan<T, N>& p, const Reducer& reducer, const fold_layout<T, N, Reducer>& layout,
              const state_volume<N>& below, const state_volume<N>& above, std::byte* scratch)
        : plan_(p), reducer_(reducer), layout_(layout), below_(below), above_(above), scratch_(scratch) {}

    /// Makes the tile whose last mip starts at an index.
    void tile(const index_array<N>& index) {
        const index_t top = layout_.top();
        const index_t width = std::min(layout_.tile_width(), level(top).extent[0] - index[0]);
        const index_t height = std::min(layout_.tile_height(), level(top).extent[1] - index[1]);
        const state_rows states = above_.value == nullptr ? buffer(top, 0) : above_.rows(index, index[0]);
        make_states(top, index, index[0], width, height, states);
    }

private:
    const plan_level<T, N>& level(index_t m) const { return plan_.mip[static_cast<std::size_t>(m)]; }

    state_rows buffer(index_t m, index_t block) const {
        const auto& l = layout_[m];
        std::byte* value = scratch_ + l.offset + static_cast<std::size_t>(block) * l.block_bytes;
        return {value, value + l.count_offset, l.step};
    }

    // The same rows from a voxel and a row on.
    state_rows advance(state_rows rows, index_t m, index_t voxels, index_t down) const {
        if (layout_.voxels_only(m)) return rows;  // there are none
        const index_t elements = voxels * plan_.run + down * rows.step;
        return {rows.value + elements * static_cast<index_t>(layout_.value_bytes(m)),
                rows.count + elements * static_cast<index_t>(layout_.count_bytes(m)), rows.step};
    }

    // The states of mip m at [x, x + width) of `height` rows along axis 1 from `index` on, and everything
    // under them.
    void make_states(index_t m, const index_array<N>& index, index_t x, index_t width, index_t height,
                     state_rows states) {
        const index_t factor = level(m).factor[0];
        const index_t windows =
            factor > longest_block ? 1 : std::max<index_t>(1, layout_[m - 1].length / factor);
        const index_t rows = std::max<index_t>(1, layout_[m - 1].height / level(m).factor[1]);
        index_array<N> place = index;
        // Both lowest mips at once, where all their windows are whole; the columns and rows left of them are
        // folded mip by mip.
        index_t done_along = 0;
        index_t done_down = 0;
        if (m == 2 && writes_two()) {
            done_along = std::clamp<index_t>(level(0).extent[0] / 4 - x, 0, width);
            done_down = std::clamp<index_t>(level(0).extent[1] / 4 - index[1], 0, height);
            if (done_along > 0 && done_down > 0) fold_two(index, x, done_along, done_down, states);
        }
        for (index_t down = 0; down < height;) {
            const bool beside = down < done_down;
            const index_t n = std::min(rows, (beside ? done_down : height) - down);
            place[1] = index[1] + down;
            for (index_t along = beside ? done_along : 0; along < width; along += windows) {
                fold_piece(m, place, x + along, std::min(windows, width - along), n,
                           advance(states, m, along, down));
            }
            down += n;
        }
        replicate_edges(m, index, x, width, height, states);
        if (!writes_at_once(m)) write(m, index, x, width, height, states);
    }

    bool writes_two() const {
        if constexpr (requires { reducer_.writes_two(); }) {
            return reducer_.writes_two() && layout_.base() == 0 && plan_.row_is_contiguous(0) &&
                   writes_at_once(1) && writes_at_once(2);
        } else {
            return false;
        }
    }

    // Whole windows of mip 2, and those of mip 1 under them.
    void fold_two(index_array<N> index, index_t x, index_t width, index_t height, state_rows states) {
        if constexpr (requires { reducer_.writes_two(); }) {
            index[0] = x;
            const auto rows_of = [&](index_t m, index_t factor) {
                index_array<N> at = index;
                at[0] *= factor;
                at[1] *= factor;
                return voxel_rows<T>{level(m).at(at), level(m).stride[1], layout_[m].streams};
            };
            const voxel_rows<T> input = rows_of(0, 4);
            voxel_rows<T> first = rows_of(1, 2);
            voxel_rows<T> second = rows_of(2, 1);
            // Streaming goes by the second's vectors, and takes the first's along.
            constexpr std::uintptr_t vector = 32;
            if ((reinterpret_cast<std::uintptr_t>(first.data) |
                 reinterpret_cast<std::uintptr_t>(second.data) |
                 static_cast<std::uintptr_t>(second.step) * sizeof(T)) %
                    vector !=
                0)
                first.stream = false;
            window_rows<N> windows;
            windows.rows = 4;
            for (index_t k = 0; k < 4; ++k) {
                windows.value[k] = reinterpret_cast<const std::byte*>(input.data + k * input.step);
                windows.count[k] = nullptr;
            }
            windows.voxels = 4 * width;
            windows.windows = width;
            windows.factor = 4;
            windows.groups = height;
            windows.value_step = 4 * input.step * index_t{sizeof(T)};
            windows.from_memory = layout_.input_is_large();
            reducer_.reduce_two(windows, states, first, second);
        }
    }

    // A piece of make_states so small that what it needs of the mip below fits the buffers.
    void fold_piece(index_t m, const index_array<N>& index, index_t x, index_t width, index_t height,
                    state_rows states) {
        const index_t factor = level(m).factor[0];
        const index_t begin = x * factor;
        const index_t end = std::min(begin + width * factor, level(m - 1).extent[0]);
        if (reducer_.gathers(m)) {
            // Only striding gathers windows longer than a block: it takes their first voxels, but all must be
            // made.
            const index_t block_length = factor <= longest_block ? end - begin : longest_block;
            for (index_t block = begin; block < end; block += block_length) {
                gather(m, index, block, std::min(block + block_length, end), height,
                       [&](window_rows<N>& rows, index_t down) {
                           if (block > begin) return;
                           index_array<N> first = index;
                           first[0] = x;
                           first[1] += down;
                           take_windows(m, first, rows, advance(states, m, 0, down));
                       });
            }
            return;
        }
        if constexpr (Reducer::sums_columns) {
            index_array<N> place = index;
            for (index_t down = 0; down < height; ++down, ++place[1]) {
                const state_rows row = advance(states, m, 0, down);
                if (factor <= longest_block) {
                    fold_columns(m, place, begin, end, factor, row, false);
                    continue;
                }
                for (index_t block = begin; block < end; block += longest_block) {
                    fold_columns(m, place, block, std::min(block + longest_block, end), longest_block, row,
                                 block > begin);
                }
            }
        }
    }

    bool writes_at_once(index_t m) const {
        return layout_.voxels_only(m) || (reducer_.writes(m) && plan_.row_is_contiguous(m));
    }

    // Makes states of the windows from an index on; and their voxels at once where that can be: while they
    // are made, memory is busy with the next rows.
    void take_windows(index_t m, index_array<N> index, window_rows<N>& windows, state_rows states) {
        if (!writes_at_once(m)) return reducer_.reduce(m, windows, states);
        // The last ones of the volume may stand for fewer voxels than the others.
        const index_t groups = windows.groups;
        const bool cut = (index[1] + groups) * level(m).footprint[1] > level(0).extent[1];
        windows.groups = cut ? groups - 1 : groups;
        if (windows.groups > 0) write_windows(m, index, windows, states);
        if (!cut) return;
        for (index_t k = 0; k < windows.rows; ++k) {
            windows.value[k] += windows.groups * windows.value_step;
            windows.count[k] += windows.groups * windows.count_step;
        }
        index[1] += windows.groups;
        states = advance(states, m, 0, windows.groups);
        windows.groups = 1;
        write_windows(m, index, windows, states);
    }

    void write_windows(index_t m, const index_array<N>& index, window_rows<N>& windows, state_rows states) {
        windows.counts = counts(m, index, index[0], windows.windows);
        const voxel_rows<T> out{level(m).at(index), level(m).stride[1], layout_[m].streams};
        if (layout_.voxels_only(m)) {
            reducer_.reduce_to_voxels(m, windows, windows.counts, out);
        } else {
            reducer_.reduce_and_write(m, windows, states, out);
        }
    }

    // Makes or finds the rows of mip m - 1 under `height` rows of windows, and hands them to use(windows,
    // down): those of whole windows along axis 1 together, and of one that is cut short, `down` rows on, by
    // itself.
    template <class Use>
    void gather(index_t m, const index_array<N>& index, index_t begin, index_t end, index_t height,
                const Use& use) {
        const plan_level<T, N>& above = level(m);
        const plan_level<T, N>& under = level(m - 1);
        window_rows<N> windows;
        index_array<N> child{};
        window_under(above, under, index, child, windows.window, 2);
        windows.window[0] = 0;
        windows.voxels = end - begin;
        windows.factor = above.factor[0];
        windows.windows = ceil_quotient(windows.voxels, windows.factor);
        windows.run = plan_.run;
        windows.from_memory = m == 1 && layout_.input_is_large();
        const index_t down = above.factor[1];
        child[1] = index[1] * down;
        const index_t rows = std::min(height * down, under.extent[1] - child[1]);
        state_rows blocks[most_rows_at_once];
        const index_t count = make_blocks(m - 1, child, begin, windows, rows, blocks);
        const auto hand_on = [&](index_t first, index_t across, index_t groups) {
            windows.groups = groups;
            windows.window[1] = across;
            take_rows(m - 1, blocks, count, first * down, across, windows);
            windows.value_step = down * blocks[0].step * static_cast<index_t>(layout_.value_bytes(m - 1));
            windows.count_step = down * blocks[0].step * static_cast<index_t>(layout_.count_bytes(m - 1));
            use(windows, first);
        };
        const index_t whole = rows / down;
        if (whole > 0) hand_on(0, down, whole);
        if (rows > whole * down) hand_on(whole, rows - whole * down, 1);
    }

    // A block of rows for each place of the window along the axes from 2 on.
    index_t make_blocks(index_t m, index_array<N> child, index_t x, const window_rows<N>& windows,
                        index_t rows, state_rows* blocks) {
        const index_array<N> first = child;
        index_t count = 0;
        do {
            // Where only the first row matters, the others still have to be made, for their own mip's sake.
            const bool idle = Reducer::first_row_only && count == 1;
            const state_rows block = make_block(m, child, x, windows.voxels, rows, idle ? 1 : count);
            if (!idle) blocks[count++] = block;
        } while (!(Reducer::first_row_only && m == layout_.base()) && step(child, first, windows.window, 2));
        return count;
    }

    void take_rows(index_t m, const state_rows* blocks, index_t count, index_t first, index_t across,
                   window_rows<N>& windows) const {
        windows.rows = 0;
        for (index_t block = 0; block < count; ++block) {
            for (index_t i = 0; i < (Reducer::first_row_only ? 1 : across); ++i) {
                const state_rows row = advance(blocks[block], m, 0, first + i);
                windows.value[windows.rows] = row.value;
                windows.count[windows.rows] = row.count;
                ++windows.rows;
            }
        }
    }

    // Rows of mip m along axis 1, made or found; `block` says which of the buffers they may use.
    state_rows make_block(index_t m, const index_array<N>& index, index_t x, index_t voxels, index_t height,
                          index_t block) {
        if (m > layout_.base()) {
            const state_rows states = buffer(m, block);
            make_states(m, index, x, voxels, height, states);
            return states;
        }
        if (m > 0) return below_.rows(index, x);
        return input_rows(index, x, voxels, height, block);
    }

    state_rows input_rows(index_array<N> index, index_t x, index_t voxels, index_t height,
                          index_t block) const {
        const plan_level<T, N>& input = level(0);
        index[0] = x;
        T* source = input.at(index);
        if (plan_.row_is_contiguous(0))
            return {reinterpret_cast<std::byte*>(source), nullptr, input.stride[1]};
        const state_rows packed = buffer(0, block);
        T* row = reinterpret_cast<T*>(packed.value);
        for (index_t i = 0; i < height; ++i) {
            copy_row<T>(source + i * input.stride[1], input.stride[0], input.run_stride,
                        row + i * packed.step, plan_.run, 1, voxels, plan_.run);
        }
        return {packed.value, nullptr, packed.step};
    }

    // The window across a row, while its columns are summed up.
    struct column_nest {
        index_t m;
        index_t begin;  // of the row segment, at mip m - 1
        index_t voxels;
        index_array<N> first{};
        index_array<N> count{};
        index_array<N> child{};
        std::array<std::size_t, N> axes{};  // those with something to add up, smallest stride first
        std::size_t depth = 0;
    };

    void fold_columns(index_t m, const index_array<N>& index, index_t begin, index_t end, index_t factor,
                      state_rows states, bool more) {
        column_nest nest{m, begin, end - begin};
        window_under(level(m), level(m - 1), index, nest.first, nest.count, 1);
        nest.child = nest.first;
        for (std::size_t axis = 1; axis < N; ++axis) {
            if (nest.count[axis] > 1) nest.axes[nest.depth++] = axis;
        }
        if (factor == 1) {
            sum_columns(nest, 0, states);
            return;
        }
        const state_rows columns = column_row(m, 0);
        sum_columns(nest, 0, columns);
        reducer_.fold_columns(m, columns, nest.voxels, factor, plan_.run, states, more);
    }

    state_rows column_row(index_t m, std::size_t row) const {
        const auto& l = layout_[m];
        std::byte* value = scratch_ + l.columns_offset + row * l.columns_bytes;
        return {value, value + l.columns_count_offset, 0};
    }

    // The sum along axes[depth] of the sums along the axes of larger strides.
    void sum_columns(column_nest& nest, std::size_t depth, state_rows sum) {
        const index_t elements = nest.voxels * plan_.run;
        if (depth + 1 >= nest.depth) {
            sum_rows(nest, sum);
            return;
        }
        const std::size_t axis = nest.axes[depth];
        const index_t first = nest.first[axis];
        for (index_t i = first; i < first + nest.count[axis]; ++i) {
            nest.child[axis] = i;
            if (i == first) {
                sum_columns(nest, depth + 1, sum);
            } else {
                const state_rows term = column_row(nest.m, depth + 1);
                sum_columns(nest, depth + 1, term);
                reducer_.add_columns(nest.m, term, elements, sum);
            }
        }
        nest.child[axis] = first;
    }

    // The sum along the last of the axes: of rows, that is. Those of the input are all there.
    void sum_rows(column_nest& nest, state_rows sum) {
        const index_t elements = nest.voxels * plan_.run;
        const std::size_t axis = nest.depth == 0 ? 1 : nest.axes[nest.depth - 1];
        const index_t first = nest.first[axis];
        const index_t count = nest.depth == 0 ? 1 : nest.count[axis];
        if (nest.m == 1 && plan_.row_is_contiguous(0)) {
            const state_rows rows = input_rows(nest.child, nest.begin, nest.voxels, 1, 0);
            const index_t stride = level(0).stride[axis];
            lift_input_rows(rows, count, stride, elements, sum);
            return;
        }
        for (index_t i = first; i < first + count; ++i) {
            nest.child[axis] = i;
            const state_rows row = make_block(nest.m - 1, nest.child, nest.begin, nest.voxels, 1, 0);
            reducer_.lift_rows(nest.m, row, 1, 0, elements, sum, i > first);
        }
        nest.child[axis] = first;
    }

    // Rows of the input in memory are lifted in pieces, and between them the rows after these are asked for.
    void lift_input_rows(state_rows rows, index_t count, index_t stride, index_t elements, state_rows sum) {
        if (!layout_.input_is_large())
            return reducer_.lift_rows(1, rows, count, stride, elements, sum, false);
        constexpr index_t bytes_at_once = 2048;
        const index_t piece = std::max<index_t>(64, bytes_at_once / (count * index_t{sizeof(T)}) / 64 * 64);
        const index_t row_bytes = elements * index_t{sizeof(T)};
        const std::byte* ahead = rows.value + count * stride * index_t{sizeof(T)};
        index_t left = row_bytes;  // of the row that is being asked for
        for (index_t done = 0; done < elements; done += piece) {
            const index_t n = std::min(piece, elements - done);
            for (index_t ask = n * count * index_t{sizeof(T)}; ask > 0;) {
                const index_t bytes = std::min(ask, left);
                simd::prefetch_rows(ahead, 0, 1, bytes);
                ahead += bytes;
                ask -= bytes;
                left -= bytes;
                if (left > 0) continue;
                ahead += stride * index_t{sizeof(T)} - row_bytes;
                left = row_bytes;
            }
            reducer_.lift_rows(1, rows, count, stride, n, sum, false);
            rows.value += n * index_t{sizeof(T)};
            sum.value += n * static_cast<index_t>(layout_.value_bytes(1));
            sum.count += n * static_cast<index_t>(layout_.count_bytes(1));
        }
    }

    // edges::replicate: an axis on which a window of factor 2 finds one voxel counts it twice. An axis of
    // extent 1 would double the whole volume alike, which changes no mean.
    void replicate_edges(index_t m, const index_array<N>& index, index_t x, index_t width, index_t height,
                         state_rows states) const {
        if (!reducer_.replicates()) return;
        const auto finds_one = [&](std::size_t axis, index_t o) {
            return level(m).factor[axis] == 2 && level(m - 1).extent[axis] == 2 * o + 1;
        };
        for (index_t down = 0; down < height; ++down) {
            const state_rows row = advance(states, m, 0, down);
            if (finds_one(1, index[1] + down)) reducer_.double_states(m, row, width * plan_.run);
            for (std::size_t axis = 2; axis < N; ++axis) {
                if (finds_one(axis, index[axis])) reducer_.double_states(m, row, width * plan_.run);
            }
            if (finds_one(0, x + width - 1))
                reducer_.double_states(m, advance(row, m, width - 1, 0), plan_.run);
        }
    }

    voxel_counts counts(index_t m, const index_array<N>& index, index_t x, index_t width) const {
        const auto& l = level(m);
        voxel_counts result;
        if (reducer_.replicates()) {
            for (index_t i = 1; i <= m; ++i) result.each *= product_from(level(i).factor, 0);
            return result;
        }
        index_t across = 1;
        for (std::size_t axis = 1; axis < N; ++axis) {
            across *= std::min(l.footprint[axis], level(0).extent[axis] - index[axis] * l.footprint[axis]);
        }
        result.each = across * l.footprint[0];
        result.last = across * (level(0).extent[0] - (l.extent[0] - 1) * l.footprint[0]);
        result.has_last = x + width == l.extent[0] && result.last != result.each;
        return result;
    }

    // The voxels of states. All rows have as many voxels under them but, perhaps, the last of the volume.
    void write(index_t m, const index_array<N>& index, index_t x, index_t width, index_t height,
               state_rows states) const {
        const bool ends = index[1] + height == level(m).extent[1];
        const index_t alike = ends ? height - 1 : height;
        if (alike > 0) write_alike(m, index, x, width, alike, states);
        if (!ends) return;
        index_array<N> last = index;
        last[1] += alike;
        write_alike(m, last, x, width, 1, advance(states, m, 0, alike));
    }

    void write_alike(index_t m, index_array<N> index, index_t x, index_t width, index_t height,
                     state_rows states) const {
        const voxel_counts voxels = counts(m, index, x, width);
        index[0] = x;
        const plan_level<T, N>& l = level(m);
        T* out = l.at(index);
        if (plan_.row_is_contiguous(m)) {
            const voxel_rows<T> rows{out, l.stride[1], layout_[m].streams};
            reducer_.finish(m, states, height, width, plan_.run, voxels, rows);
            return;
        }
        T* row = reinterpret_cast<T*>(scratch_ + layout_.out_offset());
        for (index_t down = 0; down < height; ++down) {
            reducer_.finish(m, advance(states, m, 0, down), 1, width, plan_.run, voxels,
                            voxel_rows<T>{row, 0, false});
            copy_row<T>(row, plan_.run, 1, out + down * l.stride[1], l.stride[0], l.run_stride, width,
                        plan_.run);
        }
    }

    const plan<T, N>& plan_;
    const Reducer& reducer_;
    const fold_layout<T, N, Reducer>& layout_;
    const state_volume<N>& below_;
    const state_volume<N>& above_;
    std::byte* scratch_;
};

/// Runs the tiles of mips base + 1 ... top. `below` has the states of mip base, where that is not the input;
/// `above`, if it has memory, gets those of mip top.
template <class T, std::size_t N, class Reducer>
void fold_tiles(const plan<T, N>& p, const Reducer& reducer, const fold_layout<T, N, Reducer>& layout,
                const state_volume<N>& below, const state_volume<N>& above, const executor& run_on) {
    const auto& top = p.mip[static_cast<std::size_t>(layout.top())];
    index_array<N> tiles = top.extent;
    tiles[0] = ceil_quotient(top.extent[0], layout.tile_width());
    tiles[1] = ceil_quotient(top.extent[1], layout.tile_height());
    const index_t count = product_from(tiles, 0);
    const index_t input_bytes = bytes_of_box<T>(p.mip[0].extent, p.run);
    constexpr index_t bytes_a_task = index_t{1} << 18;
    const index_t tiles_a_task =
        std::clamp<index_t>(bytes_a_task / std::max<index_t>(1, input_bytes / count), 1, count);
    scratch_pool pool(layout.bytes());
    run_tasks(run_on, ceil_quotient(count, tiles_a_task), [&](index_t task) {
        const scratch_pool::lease scratch(pool);
        fold_walk<T, N, Reducer> walk(p, reducer, layout, below, above, scratch.data());
        index_array<N> tile{};
        index_t rest = task * tiles_a_task;
        for (std::size_t axis = 0; axis < N; ++axis) {
            tile[axis] = rest % tiles[axis];
            rest /= tiles[axis];
        }
        const index_array<N> none{};
        for (index_t n = std::min(tiles_a_task, count - task * tiles_a_task); n > 0; --n) {
            index_array<N> index = tile;
            index[0] *= layout.tile_width();
            index[1] *= layout.tile_height();
            walk.tile(index);
            step(tile, none, tiles, 0);
        }
        simd::stream_fence();
    });
}

/// The mip at which a fold is cut in two: tiles up to it run as tasks and leave their states, the few mips
/// above it are folded from those by one. Without the cut, a pyramid that ends in a handful of voxels would
/// have as few tasks.
template <class T, std::size_t N, class Reducer>
index_t mip_to_cut_at(const plan<T, N>& p, const Reducer& reducer) {
    constexpr index_t enough_tiles = 64;
    constexpr std::size_t most_bytes = 48 * 1024;
    const auto voxels = [&](index_t m) { return product_from(p.mip[static_cast<std::size_t>(m)].extent, 0); };
    index_t cut = p.depth();
    while (cut > 1 && voxels(cut) < enough_tiles) {
        const index_t under = cut - 1;
        const index_t elements = voxels(under) * p.run;
        const auto bytes = static_cast<index_t>(reducer.value_bytes(under) + reducer.count_bytes(under));
        if (elements > index_t{most_bytes} / bytes) break;
        cut = under;
    }
    return cut;
}

/// Folds the whole plan. False, and nothing done, where a window is too large for this driver's buffers.
template <class T, std::size_t N, class Reducer>
bool fold(const plan<T, N>& p, const Reducer& reducer, const executor& run_on) {
    const index_t depth = p.depth();
    if (depth == 0) return true;
    const index_t cut = run_on ? mip_to_cut_at(p, reducer) : depth;
    fold_layout<T, N, Reducer> low(p, reducer, 0, cut);
    if (!low.fits()) return false;
    if (run_on) {
        const auto& top = p.mip[static_cast<std::size_t>(cut)];
        const auto tiles = [&] {
            return product_from(top.extent, 2) * ceil_quotient(top.extent[0], low.tile_width()) *
                   ceil_quotient(top.extent[1], low.tile_height());
        };
        while (tiles() < 64 && low.halve_tiles()) {
        }
    }
    const state_volume<N> none;
    if (cut == depth) {
        fold_tiles(p, reducer, low, none, none, run_on);
        return true;
    }
    const fold_layout<T, N, Reducer> high(p, reducer, cut, depth);
    if (!high.fits()) return false;
    state_volume<N> states;
    states.extent = p.mip[static_cast<std::size_t>(cut)].extent;
    states.run = p.run;
    states.value_bytes = reducer.value_bytes(cut);
    states.count_bytes = reducer.count_bytes(cut);
    const auto elements = static_cast<std::size_t>(product_from(states.extent, 0) * p.run);
    const std::size_t values = scratch_cutter::round_up(elements * states.value_bytes);
    const scratch_block memory(values + elements * states.count_bytes);
    states.value = memory.data();
    states.count = memory.data() + values;
    fold_tiles(p, reducer, low, none, states, run_on);
    fold_tiles(p, reducer, high, states, none, executor{});
    return true;
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
