// The driver of every pooling whose windows fold into states: a depth-first walk over tiles and mips.
//
// A tile is a block of rows of the last mip, along axes 0 and 1, and everything under it. To make rows of mip
// m, the walk first makes the rows of mip m - 1 that their windows need, each by the same rule, and hands
// them to the pooling together. So each voxel of the input is read once, each mip is written as soon as it is
// whole, and what is held between two mips is a few rows, whatever the number of mips and the size of the
// volume.
//
// Rows are merged into columns, columns are folded along the row into states, and states become voxels, in
// pieces that stay in L1. The order of merging is that of the window, from its start, wherever tiles and
// chunks end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <tinybrain/detail/base/scratch.hpp>
#include <tinybrain/detail/drive/plan.hpp>
#include <tinybrain/detail/drive/rows.hpp>
#include <tinybrain/detail/drive/walk.hpp>
#include <tinybrain/detail/simd/vec.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Where the states of a walk live, and how its tiles are cut.
class fold_layout {
public:
    struct level {
        index_t length = 0;  // voxels of a row segment
        index_t height = 1;  // rows along axis 1
        // Of these so many are made at a time, from all that is under them.
        index_t part_length = 0;
        index_t part_height = 1;
        bool gathers = true;  // all rows of a window are handed over together
        bool streams = false;
        state_form form{};
        index_t pitch = 0;
        index_t plane = 0;
        std::size_t offset = 0;
        std::size_t block_bytes = 0;  // of so many rows; there is one block for each row across axes 0 and 1
        std::size_t columns_offset = 0;
        index_t columns_plane = 0;
        std::size_t out_offset = 0;  // of voxels on their way to rows that are not contiguous
    };

    /// For mips base + 1 ... top. `keeps_top`: the states of the top are wanted too.
    fold_layout(const plan& p, const pooling& pool, index_t base, index_t top, bool keeps_top)
        : plan_(p), base_(base), top_(top), keeps_top_(keeps_top), levels_(p.mip.size()) {
        levels_[0].form = {p.voxel_bytes, 1};
        run_bytes_ = p.run * p.voxel_bytes;
        for (index_t m = 1; m <= top; ++m) {
            at(m).form = pool.form(m);
            run_bytes_ = std::max(run_bytes_, at(m).form.bytes() * p.run);
        }
        // Voxels that count twice must be there twice, in all rows of a window.
        side_by_side_bytes_ =
            std::max(column_bytes, (pool.replicates() ? 2 * most_rows_at_once : 1) * run_bytes_);
        for (index_t m = base + 1; m <= top; ++m) {
            // The rows of windows that go in order nest but once, axis 1 with another.
            const bool nests = pool.in_order() && nested_axes(p.level(m), 2) > 1;
            at(m).gathers = pool.only_pools() || (product_from(factor(m), 1) <= most_rows_at_once &&
                                                  factor(m)[0] <= longest_window && !nests);
        }
        input_is_large_ = bytes_of_box(p.mip[0].extent, p.run, p.voxel_bytes) >= large_bytes;
        // A few rows are cut in longer pieces, for a tile costs as much as a hundred voxels.
        const index_t rows = std::min(p.mip[0].extent[1], most_groups);
        index_t length = longest_row / p.run * (most_groups / rows);
        const index_t width = std::max<index_t>(1, std::min(length, p.mip[0].extent[0]));
        index_t height = std::min(most_rows, most_groups * std::max<index_t>(1, length / width));
        if (top == base + 1) height = saturated_product(height, factor(top)[1]);
        for (place(length, height); bytes_ > comfortable && (length > longest_window || height > 1);
             place(length, height)) {
            if (height > 8 || length <= longest_window) {
                height = std::max<index_t>(1, height / 2);
            } else {
                length /= 2;
            }
        }
        for (index_t m = base + 1; m <= top; ++m) at(m).streams = is_streamed(p, m);
    }

    /// How many axes a mip reduces, from one on.
    static std::size_t nested_axes(const plan_level& l, std::ptrdiff_t lowest) {
        return static_cast<std::size_t>(std::count_if(l.window.size.begin() + lowest, l.window.size.end(),
                                                      [](index_t n) { return n > 1; }));
    }
    std::size_t bytes() const { return bytes_; }
    index_t base() const { return base_; }
    index_t top() const { return top_; }
    /// Whether the input may not be in L2.
    bool input_is_large() const { return input_is_large_; }
    bool keeps_states(index_t m) const { return m < top_ || keeps_top_; }
    const level& operator[](index_t m) const { return levels_[static_cast<std::size_t>(m)]; }
    /// From row to row of voxels that do not go where they belong at once. An odd number of lines: columns
    /// are read from there, and those of a power of two would be in each other's way.
    index_t out_pitch(index_t width) const {
        const index_t voxel = plan_.run * plan_.voxel_bytes;
        return (width + ceil_quotient(64, voxel)) * voxel;
    }
    /// States that nobody needs.
    std::size_t temporary_offset() const { return temporary_offset_; }
    /// Rows, states and voxels of windows that are cut: three rooms of so many bytes, and what is left
    /// between and behind planes.
    index_t side_by_side_bytes() const { return side_by_side_bytes_; }
    static constexpr index_t slack_of_planes = 3 * 2 * slack;
    std::size_t side_by_side_offset() const { return side_by_side_offset_; }
    std::size_t shared_columns() const { return shared_columns_; }

    /// How many columns of mip m are held at a time, if a window is so many long: as many as stay in L1, in
    /// whole windows where there is room for one, and whole cache lines of them where there is room for
    /// those.
    index_t columns_at_once(index_t m, index_t factor) const {
        const index_t fit = column_bytes / ((*this)[m].form.bytes() * plan_.run);
        const index_t windows = fit / factor;
        return std::max<index_t>(1, windows < 64 ? windows : windows / 64 * 64) *
               std::min(factor, std::max<index_t>(fit, 1));
    }
    /// What a plane of so many bytes takes.
    static constexpr index_t plane_of(index_t bytes) { return (bytes + slack + 63) / 64 * 64; }

    /// Smaller tiles, to have more of them. False where they are small already.
    bool halve_tiles() {
        level& top = at(top_);
        index_t& size = top.height > 1 ? top.height : top.length;
        if (size <= 1 || (top.height <= 1 && size * plan_.level(top_).footprint.size[0] <= 512)) return false;
        size = (size + 1) / 2;
        return true;
    }

private:
    static constexpr index_t longest_row = 8192;            // voxels of mip 0
    static constexpr index_t most_groups = 128;             // rows of mip 0 in a tile, if they are so long
    static constexpr index_t most_rows = 4096;              // if they are short
    static constexpr index_t longest_window = 64;           // along a row; longer ones are folded in parts
    static constexpr index_t column_bytes = 8 * 1024;       // of columns that are held at a time
    static constexpr std::size_t comfortable = 320 * 1024;  // stays in L2
    // An input smaller than this is in L2, perhaps, where prefetching costs more than it gives.
    static constexpr index_t large_bytes = index_t{512} << 10;

    level& at(index_t m) { return levels_[static_cast<std::size_t>(m)]; }
    const axes& factor(index_t m) const { return plan_.level(m).window.size; }
    index_t extent(index_t m, std::size_t axis) const { return plan_.level(m).extent[axis]; }

    void place(index_t longest, index_t highest) {
        index_t across = 1;
        index_t down = 1;
        for (index_t m = base_ + 1; m <= top_; ++m) {
            across = saturated_product(across, factor(m)[0]);
            down = saturated_product(down, factor(m)[1]);
        }
        index_t length = std::min(std::max<index_t>(1, longest / across), extent(top_, 0));
        index_t height = std::min(std::max<index_t>(1, highest / down), extent(top_, 1));
        if (!at(top_).gathers) height = 1;
        bytes_ = 0;
        place_level(top_, length, height, 1, longest, highest);
        for (index_t m = top_; m > base_; --m) {
            const axes& f = factor(m);
            level& l = at(m);
            // Of its own: while some of the rows are here, more of those below them are made.
            if (!plan_.row_is_contiguous(m)) {
                l.out_offset = take(saturated_product(out_pitch(length), height));
            }
            if (!l.gathers) place_columns(l, m);
            length = l.gathers ? l.part_length * f[0]
                               : std::min(columns_at_once(m, f[0]), saturated_product(length, f[0]));
            length = std::min(length, extent(m - 1, 0));
            height = l.gathers ? std::min(l.part_height * f[1], extent(m - 1, 1)) : 1;
            place_level(m - 1, length, height, l.gathers ? product_from(f, 2) : 1, longest, highest);
        }
        temporary_offset_ = take(columns_bytes());
        side_by_side_offset_ = take(3 * (side_by_side_bytes_ + slack_of_planes));
        shared_columns_ = take(columns_bytes());
    }

    // Rows without end, seen at stride 0, are just too many.
    std::size_t take(index_t bytes) {
        const std::size_t offset = bytes_;
        constexpr auto too_many = static_cast<index_t>(scratch_limit);
        bytes_ += scratch_lines(static_cast<std::size_t>(std::min(bytes, too_many)));
        return offset;
    }

    void place_level(index_t m, index_t length, index_t height, index_t blocks, index_t longest,
                     index_t highest) {
        level& l = at(m);
        l.length = length;
        l.height = height;
        l.part_length = std::min(length, std::max<index_t>(1, longest / factor(m)[0]));
        l.part_height = std::min(height, std::max<index_t>(1, highest / factor(m)[1]));
        // The input is read where it lies, unless its rows are scattered, and so are states left by another
        // walk.
        const bool packs = m == base_ ? m == 0 && !plan_.row_is_contiguous(0) : keeps_states(m);
        if (!packs) return;
        // Short rows lie one after the other, so that they can be taken for one; long ones start lines. Where
        // parts end within a row, what is written past the end of a part must not be in the next row.
        const index_t row = length * plan_.run * l.form.lane_bytes;
        l.pitch = l.part_length < length ? plane_of(row) : row < 512 ? row : (row + 63) / 64 * 64;
        const index_t plane = saturated_product(l.pitch, height);
        l.plane = plane_of(std::min(plane, static_cast<index_t>(scratch_limit)));
        const index_t bytes = l.plane * l.form.planes;
        l.block_bytes = static_cast<std::size_t>(bytes);
        l.offset = take(saturated_product(bytes, blocks));
    }

    // Of all columns that are worked on at a time, or of as many states: one window at least. What is read
    // past its end, in vectors and in planes, is here too.
    index_t columns_bytes() const {
        return std::max(column_bytes, longest_window * run_bytes_) + slack_of_planes + 16 * slack;
    }

    // One row of columns for each axis that is nested.
    void place_columns(level& l, index_t m) {
        const auto nested = static_cast<index_t>(std::max<std::size_t>(1, nested_axes(plan_.level(m), 1)));
        l.columns_plane = plane_of(std::max(column_bytes, run_bytes_) / l.form.planes + 1);
        l.columns_offset = take(l.columns_plane * l.form.planes * nested);
    }

    const plan& plan_;
    index_t base_;
    index_t top_;
    bool keeps_top_;
    bool input_is_large_ = false;
    std::vector<level> levels_;
    index_t run_bytes_ = 0;  // of a voxel or its states, at most
    std::size_t bytes_ = 0;
    std::size_t temporary_offset_ = 0;
    std::size_t side_by_side_offset_ = 0;
    index_t side_by_side_bytes_ = 0;
    std::size_t shared_columns_ = 0;
};

/// All states of one mip, dense: what the tiles of a walk leave behind for a walk over the mips above.
struct state_volume {
    std::byte* data = nullptr;
    axes extent = unit_axes;
    index_t run = 1;
    state_form form{};
    index_t plane = 0;

    state_rows rows(const axes& index, index_t x) const {
        index_t offset = 0;
        for (std::size_t axis = max_axes; axis-- > 1;) offset = offset * extent[axis] + index[axis];
        const index_t element = (offset * extent[0] + x) * run;
        return {data + element * form.lane_bytes, extent[0] * run * form.lane_bytes, plane};
    }
};

/// The walk of one task.
class fold_walk {
public:
    fold_walk(const plan& p, const pooling& pool, const fold_layout& layout, const state_volume& below,
              const state_volume& above, std::byte* scratch)
        : plan_(p), pool_(pool), layout_(layout), below_(below), above_(above), scratch_(scratch) {}

    /// Makes the tile whose last mip starts at an index.
    void tile(const axes& index) {
        const index_t top = layout_.top();
        const index_t width = std::min(layout_[top].length, level(top).extent[0] - index[0]);
        const index_t height = std::min(layout_[top].height, level(top).extent[1] - index[1]);
        const state_rows states = make(top, index, width, height, 0);
        if (above_.data == nullptr) return;
        copy_states(states, above_.rows(index, index[0]), above_.form, height, width * plan_.run);
    }

private:
    const plan_level& level(index_t m) const { return plan_.level(m); }

    // Rows of mip m along axis 1 from an index on, made or found; `block` says which of the buffers they may
    // use.
    state_rows make(index_t m, const axes& index, index_t width, index_t height, index_t block) {
        if (m == 0) return input_rows(index, width, height, block);
        if (m == layout_.base()) return below_.rows(index, index[0]);
        const fold_layout::level& l = layout_[m];
        state_rows states;
        if (layout_.keeps_states(m)) {
            const auto before = static_cast<std::size_t>(block) * l.block_bytes;
            states = {scratch_ + l.offset + before, l.pitch, l.plane};
        }
        const voxel_rows out = output_rows(m, index, width);
        if (l.gathers) {
            gather_parts(m, index, width, height, states, out);
        } else {
            fold_large_rows(m, index, width, height, states, out);
        }
        if (plan_.row_is_contiguous(m)) return states;
        const row_block made{out.data, plan_.run, 1, layout_.out_pitch(width) / plan_.voxel_bytes};
        copy_rows(plan_, made, rows_of(plan_, level(m), index), width, height);
        return states;
    }

    state_rows input_rows(const axes& index, index_t width, index_t height, index_t block) const {
        const row_block rows = rows_of(plan_, level(0), index);
        const index_t pitch = rows.pitch * plan_.voxel_bytes;
        if (plan_.row_is_contiguous(0)) return {rows.data, pitch, 0};
        const fold_layout::level& l = layout_[0];
        std::byte* to = scratch_ + l.offset + static_cast<std::size_t>(block) * l.block_bytes;
        copy_rows(plan_, rows, {to, plan_.run, 1, l.pitch / plan_.voxel_bytes}, width, height);
        return {to, l.pitch, 0};
    }

    voxel_rows output_rows(index_t m, const axes& index, index_t width) const {
        if (!plan_.row_is_contiguous(m)) {
            return {scratch_ + layout_[m].out_offset, layout_.out_pitch(width), false};
        }
        const row_block rows = rows_of(plan_, level(m), index);
        return {rows.data, rows.pitch * plan_.voxel_bytes, layout_[m].streams};
    }

    // How often a window's voxels count, for edges::replicate: twice for each axis from `lowest` on along
    // which it finds but one. (An axis of extent 1 would double the whole volume alike, which changes no
    // mean.)
    index_t times(index_t m, const axes& index, std::size_t lowest) const {
        if (!pool_.replicates()) return 1;
        index_t result = 1;
        for (std::size_t axis = lowest; axis < max_axes; ++axis) {
            if (finds_one(m, axis, index[axis])) result *= 2;
        }
        return result;
    }
    bool finds_one(index_t m, std::size_t axis, index_t o) const {
        return level(m).window.size[axis] == 2 && level(m).window.count(axis, o) == 1;
    }
    // The same along the row: the window is alone then.
    bool counts_twice(const window_rows& w) const {
        return pool_.replicates() && finds_one(w.mip, 0, w.index[0]);
    }

    // The voxels of mip 0 under each window.
    index_t voxels_under(const window_rows& w) const {
        index_t count = 1;
        if (pool_.replicates()) {
            for (index_t i = 1; i <= w.mip; ++i) count *= product_from(level(i).window.size, 0);
        } else {
            const window_grid& grid = level(w.mip).footprint;
            for (std::size_t axis = 0; axis < plan_.rank; ++axis) count *= grid.count(axis, w.index[axis]);
        }
        return count;
    }

    // Windows along a row from an index on that are all alike.
    window_rows windows_along(index_t m, const axes& index, index_t width) const {
        window_rows w;
        w.mip = m;
        w.index = index;
        w.windows = width;
        w.voxels = level(m).window.count(0, index[0], width);
        w.factor = width == 1 ? w.voxels : level(m).window.size[0];
        w.run = plan_.run;
        w.from_memory = comes_from_memory(m);
        w.count = voxels_under(w);
        return w;
    }

    // Whether the rows under mip m lie in the input, which may not be in a cache.
    bool comes_from_memory(index_t m) const {
        return m == 1 && layout_.input_is_large() && plan_.row_is_contiguous(0);
    }

    // Bytes from voxel to voxel of the rows of mip m that windows are made of: the input, or states.
    index_t bytes_under(index_t m) const {
        return (m == 1 ? plan_.voxel_bytes : layout_[m - 1].form.lane_bytes) * plan_.run;
    }

    // What is written of windows some way along a row and some rows on.
    void move(window_rows& w, index_t x, index_t y) const {
        if (w.states.data != nullptr)
            w.states.data += y * w.states.pitch + x * plan_.run * layout_[w.mip].form.lane_bytes;
        w.out.data += y * w.out.pitch + x * plan_.run * plan_.voxel_bytes;
    }

    void gather_parts(index_t m, const axes& index, index_t width, index_t height, const state_rows& states,
                      const voxel_rows& out) {
        const fold_layout::level& l = layout_[m];
        for (index_t y = 0; y < height; y += l.part_height) {
            for (index_t x = 0; x < width; x += l.part_length) {
                axes here = index;
                here[0] += x;
                here[1] += y;
                gather(m, index, here, std::min(l.part_length, width - x),
                       std::min(l.part_height, height - y), states, out);
            }
        }
    }

    // Windows whose rows are handed over together: those with as many voxels under them at a time. `states`
    // and `out` begin at `corner`, the windows at `index`.
    void gather(index_t m, const axes& corner, const axes& index, index_t width, index_t height,
                const state_rows& states, const voxel_rows& out) {
        const window_grid& grid = level(m).window;
        axes first, across;
        box_of_window(grid, index, first, across, 0);
        across[0] = 1;
        std::array<state_rows, most_rows_at_once> block;
        const index_t voxels = grid.count(0, index[0], width);
        const index_t blocks = make_blocks(m, first, across, voxels, grid.count(1, index[1], height), block);
        // Those of a row that are cut go last: vectors write past the end of a row of states, into the next.
        const cut_ends cut = cut_ends_of(level(m).footprint, 0, index[0], width);
        struct {
            index_t x, windows;
        } const parts[] = {{index[0] + cut.first, width - cut.first - cut.last},
                           {index[0], cut.first},
                           {index[0] + width - 1, cut.last}};
        each_alike(level(m).footprint, 1, index[1], height, [&](index_t y, index_t groups) {
            across[1] = grid.count(1, y);
            for (const auto& part : parts) {
                if (part.windows == 0) continue;
                axes here = index;
                here[0] = part.x;
                here[1] = y;
                window_rows w = windows_along(m, here, part.windows);
                w.groups = groups;
                w.window = across;
                list_rows(w, block, blocks, here, across, grid.begin(1, y) - first[1],
                          (grid.begin(0, part.x) - first[0]) * bytes_under(m));
                w.next = block[0].pitch * grid.size[1];
                w.plane = block[0].plane;
                w.states = states;
                w.out = out;
                move(w, part.x - corner[0], y - corner[1]);
                if (&part == parts) {
                    pool_by_merging(w, pool_.pool(w));
                } else {
                    pool_cut(w);
                }
            }
        });
    }

    // The rows of mip m - 1 under windows, a block for each place across axes 0 and 1.
    index_t make_blocks(index_t m, const axes& first, axes across, index_t voxels, index_t under,
                        std::array<state_rows, most_rows_at_once>& block) {
        across[1] = 1;
        index_t blocks = 0;
        axes child = first;
        do {
            block[static_cast<std::size_t>(blocks)] = make(m - 1, child, voxels, under, blocks);
            ++blocks;
        } while (step(child, first, across, 2));
        return blocks;
    }

    // Axis 1 fastest for poolings that must see a window at once; for those that go in order the axis of the
    // larger stride. Those that edges::replicate counts twice are listed twice: then one axis at most has
    // several, and these come first, so that what counts twice is a whole sum.
    void list_rows(window_rows& w, const std::array<state_rows, most_rows_at_once>& block, index_t blocks,
                   const axes& index, const axes& across, index_t from, index_t offset) const {
        const bool axis_1_first = pool_.only_pools() || (pool_.in_order() && comes_before_others(w.mip));
        const index_t outer = axis_1_first ? blocks : across[1];
        const index_t inner = axis_1_first ? across[1] : blocks;
        const index_t again = times(w.mip, index, 1);
        w.rows = 0;
        w.inner = pool_.only_pools() ? 1 : again == 1 ? inner : std::max(outer * inner, again / 2);
        for (index_t k = 0; k < again; ++k) {
            for (index_t o = 0; o < outer; ++o) {
                for (index_t i = 0; i < inner; ++i) {
                    const state_rows& rows = block[static_cast<std::size_t>(axis_1_first ? o : i)];
                    w.row[w.rows++] = rows.data + (from + (axis_1_first ? i : o)) * rows.pitch + offset;
                }
            }
        }
    }
    // Whether axis 1 has a larger stride than the axis from 2 on that the mip reduces.
    bool comes_before_others(index_t m) const {
        const axes& size = level(m).window.size;
        return std::any_of(size.begin() + 2, size.begin() + static_cast<std::ptrdiff_t>(plan_.turned) + 1,
                           [](index_t n) { return n > 1; });
    }

    // Memory is asked for the next group's rows, but not where they would push out of the caches what is
    // being worked on. So many rows are merged a few after the other: the hardware follows no more than that.
    static constexpr index_t most_rows_ahead = 32;
    static constexpr index_t rows_followed = 8;
    static bool are_many(const window_rows& w) { return w.from_memory && w.rows > most_rows_ahead; }

    // What is left of a row of windows from one of them on.
    struct piece {
        index_t window;
        index_t windows;
    };
    static piece piece_of(const window_rows& w, index_t window, index_t most) {
        return {window, std::min(most, w.windows - window)};
    }

    // One window of each row, the first or the last, that is cut. By itself each would take as long as a few
    // hundred voxels, so those of many rows are made side by side, as one row of windows, and brought to
    // their places.
    void pool_cut(window_rows& w) {
        const state_form form = layout_[w.mip].form;
        const index_t planes = w.mip == 1 ? 1 : layout_[w.mip - 1].form.planes;
        const index_t copies = counts_twice(w) ? 2 : 1;
        const index_t bytes = w.voxels * bytes_under(w.mip);  // of a row, and plane
        const index_t state = w.run * form.lane_bytes;
        const index_t voxel = w.run * plan_.voxel_bytes;
        const index_t room = layout_.side_by_side_bytes();
        const index_t fit =
            std::min(room / (copies * bytes * planes * w.rows), room / std::max(state * form.planes, voxel));
        std::byte* const rows = scratch_ + layout_.side_by_side_offset();
        std::byte* const states = rows + room + fold_layout::slack_of_planes;
        std::byte* const voxels = states + room + fold_layout::slack_of_planes;
        std::array<const std::byte*, most_rows_at_once> from;
        std::copy(w.row, w.row + w.rows, from.begin());
        const index_t groups = std::exchange(w.groups, 1);
        const index_t next = std::exchange(w.next, 0);
        const index_t plane = w.plane;
        state_rows kept = w.states;
        voxel_rows out = std::exchange(w.out, {voxels, 0, false});
        w.factor = copies * w.voxels;
        w.from_memory = false;
        w.goes_down = pool_.sees_places();
        const auto bring_together = [&](const std::byte* row, std::byte* to) {
            for (index_t p = 0; p < planes; ++p) {
                for (index_t again = 0; again < copies; ++again) {
                    copy_blocks(row + p * plane, next, to + p * w.plane + again * bytes, copies * bytes,
                                bytes, w.windows);
                }
            }
        };
        for (index_t left = groups; left > 0; left -= w.windows) {
            w.windows = std::clamp<index_t>(fit, 1, left);
            w.voxels = w.windows * w.factor;
            const index_t row_bytes = w.windows * copies * bytes;
            if (fit > 0) w.plane = fold_layout::plane_of(w.rows * row_bytes);
            for (index_t k = 0; k < w.rows; ++k) {
                const std::byte*& row = from[static_cast<std::size_t>(k)];
                w.row[k] = fit > 0 ? rows + k * row_bytes : row;
                if (fit > 0) bring_together(row, rows + k * row_bytes);
                row += w.windows * next;
            }
            if (w.goes_down) w.out = {out.data, out.pitch, false};
            if (kept.data != nullptr) w.states = {states, state, fold_layout::plane_of(w.windows * state)};
            pool_by_merging(w, w.goes_down ? 0 : pool_.pool(w));
            if (!w.goes_down) copy_blocks(voxels, voxel, out.data, out.pitch, voxel, w.windows);
            if (kept.data != nullptr) copy_states(w.states, kept, form, w.windows, w.run);
            out.data += w.windows * out.pitch;
            kept.data += kept.data != nullptr ? w.windows * kept.pitch : 0;
            w.index[1] += w.windows;
        }
    }

    // Blocks of so many bytes, from places at one distance to places at another, and not a byte more.
    static void copy_blocks(const std::byte* from, index_t from_next, std::byte* to, index_t to_next,
                            index_t bytes, index_t n) {
        // Its first and its last so many, which may overlap: a length that is known is no call.
        const auto copy = [&]<std::size_t Size>() {
            const index_t last = bytes - index_t{Size};
            for (; n > 0; --n, from += from_next, to += to_next) {
                std::memcpy(to, from, Size);
                std::memcpy(to + last, from + last, Size);
            }
        };
        if (bytes == 1) return copy.template operator()<1>();
        if (bytes < 4) return copy.template operator()<2>();
        if (bytes < 8) return copy.template operator()<4>();
        if (bytes <= 16) return copy.template operator()<8>();
        for (; n > 0; --n, from += from_next, to += to_next)
            std::memcpy(to, from, static_cast<std::size_t>(bytes));
    }

    // Merges, folds and finishes the windows from one on, in pieces that stay in L1: several short rows, or
    // parts of a long one.
    void pool_by_merging(const window_rows& w, index_t done) {
        if (done == w.windows) return;
        const state_form form = layout_[w.mip].form;
        const index_t at_once = layout_.columns_at_once(w.mip, w.factor);
        const index_t windows = std::max<index_t>(1, at_once / w.factor);
        const index_t voxels = w.voxels - done * w.factor;
        const index_t groups = are_many(w) ? 1 : std::clamp<index_t>(at_once / voxels, 1, w.groups);
        for (index_t group = 0; group < w.groups; group += groups) {
            const index_t rows = std::min(groups, w.groups - group);
            for (index_t x = done; x < w.windows; x += windows) {
                merge_piece(w, form, group, rows, piece_of(w, x, windows));
            }
        }
    }

    void merge_piece(const window_rows& w, const state_form& form, index_t group, index_t rows,
                     const piece& part) {
        std::array<const std::byte*, most_rows_at_once> row;
        const index_t voxels = part.windows * w.factor;
        const index_t offset = part.window * w.factor * bytes_under(w.mip) + group * w.next;
        for (index_t k = 0; k < w.rows; ++k) row[static_cast<std::size_t>(k)] = w.row[k] + offset;
        const state_rows states = w.states.data != nullptr ? kept_states(w, form, group, part)
                                                           : temporary_states(w, form, rows, part);
        const bool folds = w.factor > 1;
        const index_t pitch = voxels * w.run * form.lane_bytes;
        const state_rows columns = folds ? state_rows{scratch_ + layout_.shared_columns(), pitch,
                                                      fold_layout::plane_of(rows * pitch)}
                                         : states;
        const bool many = are_many(w);
        const index_t some = many ? ceil_quotient(rows_followed, w.inner) * w.inner : w.rows;
        for (index_t k = 0; k < w.rows; k += some) {
            pool_.merge({w.mip, row.data() + k, std::min(some, w.rows - k), w.next, w.plane, voxels * w.run,
                         rows, k > 0, columns, w.inner, w.from_memory && !many ? w.next : 0});
        }
        if (folds) pool_.fold({w.mip, columns, voxels, w.factor, w.run, rows, false, states});
        finish(w, form, states, group, rows, part);
    }

    // Where the states of a piece go: those that are wanted, and others.
    static state_rows kept_states(const window_rows& w, const state_form& form, index_t group,
                                  const piece& part) {
        return {w.states.data + group * w.states.pitch + part.window * w.run * form.lane_bytes,
                w.states.pitch, w.states.plane};
    }
    state_rows temporary_states(const window_rows& w, const state_form& form, index_t rows,
                                const piece& part) const {
        const index_t pitch = part.windows * w.run * form.lane_bytes;
        return {scratch_ + layout_.temporary_offset(), pitch, fold_layout::plane_of(rows * pitch)};
    }
    // And not a byte more.
    static void copy_states(const state_rows& from, const state_rows& to, const state_form& form,
                            index_t rows, index_t elements) {
        for (index_t plane = 0; plane < form.planes; ++plane) {
            copy_blocks(from.data + plane * from.plane, from.pitch, to.data + plane * to.plane, to.pitch,
                        elements * form.lane_bytes, rows);
        }
    }

    // The voxels of states.
    void finish(const window_rows& w, const state_form& form, state_rows states, index_t group, index_t rows,
                const piece& part) const {
        voxel_rows out = w.out;
        axes index = w.index;
        if (w.goes_down) {
            states.pitch = w.run * form.lane_bytes;
            out.data += part.window * out.pitch;
            index[1] += part.window;
            return pool_.finish({w.mip, states, w.run, part.windows, w.count, out, index});
        }
        out.data += group * out.pitch + part.window * w.run * plan_.voxel_bytes;
        index[0] += part.window;
        index[1] += group;
        pool_.finish({w.mip, states, part.windows * w.run, rows, w.count, out, index});
    }

    // A row of windows too large to have all of their rows at once: what has been merged of them stays in
    // columns, what has been folded in states.
    void fold_large_rows(index_t m, const axes& index, index_t width, index_t height,
                         const state_rows& states, const voxel_rows& out) {
        for (index_t y = 0; y < height; ++y) {
            each_alike(level(m).footprint, 0, index[0], width, [&](index_t x, index_t windows) {
                axes here = index;
                here[0] = x;
                here[1] += y;
                window_rows w = windows_along(m, here, windows);
                w.states = states;
                w.out = out;
                move(w, x - index[0], y);
                fold_large(w);
            });
        }
    }

    void fold_large(const window_rows& w) {
        const fold_layout::level& l = layout_[w.mip];
        const state_rows columns{scratch_ + l.columns_offset, 0, l.columns_plane};
        const index_t at_once = layout_.columns_at_once(w.mip, w.factor);
        const index_t windows = std::max<index_t>(1, at_once / w.factor);
        const index_t first = level(w.mip).window.begin(0, w.index[0]);
        const index_t copies = counts_twice(w) ? 2 : 1;
        for (index_t x = 0; x < w.windows; x += windows) {
            const piece part = piece_of(w, x, windows);
            const state_rows states = w.states.data != nullptr ? kept_states(w, l.form, 0, part)
                                                               : temporary_states(w, l.form, 1, part);
            const index_t all = part.windows * w.factor;
            for (index_t done = 0; done < all; done += at_once) {
                const index_t voxels = std::min(at_once, all - done);
                const index_t from = first + x * w.factor + done;
                if (w.factor * copies == 1) {
                    merge_large(w.mip, w.index, from, voxels, states);
                    continue;
                }
                merge_large(w.mip, w.index, from, voxels, columns);
                if (copies == 2) {
                    state_rows again = columns;
                    again.data += w.run * l.form.lane_bytes;
                    copy_states(columns, again, l.form, 1, w.run);
                }
                pool_.fold({w.mip, columns, copies * voxels, copies * w.factor, w.run, 1, done > 0, states});
            }
            finish(w, l.form, states, 0, 1, part);
        }
    }

    // All rows under windows, from a place along axis 0 on, into one row of columns.
    void merge_large(index_t m, const axes& index, index_t from, index_t voxels, const state_rows& columns) {
        axes first, across;
        box_of_window(level(m).window, index, first, across, 1);
        first[0] = from;
        across[0] = 1;
        if (pool_.in_order()) {
            nest all{m, first, across, voxels, {}, 0};
            for (std::size_t place = 1; place < max_axes; ++place) {
                const std::size_t axis = axis_by_stride(place);
                if (across[axis] > 1) all.axis[all.depth++] = axis;
            }
            merge_nested(all, first, 0, columns);
            // Twice itself, once for each axis along which a window finds one voxel.
            for (index_t again = times(m, index, 1); again > 1; again /= 2)
                merge_columns(m, voxels, columns, columns);
            return;
        }
        axes child = first;
        bool more = false;
        bool left = true;
        // Of the input, and of the states that another walk left, all rows are there.
        const bool found = m - 1 == layout_.base() && (m > 1 || plan_.row_is_contiguous(0));
        const index_t at_once = comes_from_memory(m) ? rows_followed : most_rows_at_once;
        const index_t again = times(m, index, 1);
        while (left) {
            std::array<const std::byte*, most_rows_at_once> row;
            index_t rows = 0;
            index_t plane = 0;
            do {
                const state_rows made = make(m - 1, child, voxels, 1, 0);
                plane = made.plane;
                for (index_t i = 0; i < std::min<index_t>(again, 2); ++i)
                    row[static_cast<std::size_t>(rows++)] = made.data;
                left = step(child, first, across, 1);
            } while (found && left && rows + 2 <= at_once);
            for (index_t i = 0; i < std::max<index_t>(1, again / 2); ++i, more = true) {
                pool_.merge({m, row.data(), rows, 0, plane, voxels * plan_.run, 1, more, columns});
            }
        }
    }

    std::size_t axis_by_stride(std::size_t place) const {
        return place < plan_.turned ? place + 1 : place == plan_.turned ? 1 : place;
    }

    // The window across a row, for poolings that go in order: along the axis of the largest stride first.
    struct nest {
        index_t m;
        axes first;
        axes count;
        index_t voxels;
        std::array<std::size_t, max_axes> axis;  // those with something to merge, the smallest stride first
        std::size_t depth;
    };

    void merge_nested(const nest& n, axes child, std::size_t depth, const state_rows& columns) {
        const std::size_t axis = depth < n.depth ? n.axis[depth] : 1;
        const index_t count = depth < n.depth ? n.count[axis] : 1;
        const bool innermost = depth + 1 >= n.depth;
        const index_t next = comes_from_memory(n.m) ? level(0).stride[axis] * plan_.voxel_bytes : 0;
        for (index_t i = 0; i < count; ++i, ++child[axis]) {
            if (innermost) {
                const state_rows row = make(n.m - 1, child, n.voxels, 1, 0);
                const std::byte* data = row.data;
                pool_.merge({n.m, &data, 1, 0, row.plane, n.voxels * plan_.run, 1, i > 0, columns, 1, next});
            } else if (i == 0) {
                merge_nested(n, child, depth + 1, columns);
            } else {
                const fold_layout::level& l = layout_[n.m];
                const auto before = (depth + 1) * static_cast<std::size_t>(l.columns_plane * l.form.planes);
                const state_rows more{scratch_ + l.columns_offset + before, 0, l.columns_plane};
                merge_nested(n, child, depth + 1, more);
                merge_columns(n.m, n.voxels, more, columns);
            }
        }
    }
    // Columns of one mip: as the mips above the first merge states.
    void merge_columns(index_t m, index_t voxels, const state_rows& from, const state_rows& to) const {
        const std::byte* data = from.data;
        pool_.merge({std::max<index_t>(m, 2), &data, 1, 0, from.plane, voxels * plan_.run, 1, true, to});
    }

    const plan& plan_;
    const pooling& pool_;
    const fold_layout& layout_;
    const state_volume& below_;
    const state_volume& above_;
    std::byte* scratch_;
};

/// Runs the tiles of mips base + 1 ... top. `below` has the states of mip base, where that is not the input;
/// `above`, if it has memory, gets those of mip top.
inline void fold_tiles(const plan& p, const pooling& pool, const fold_layout& layout,
                       const state_volume& below, const state_volume& above, const executor& run_on) {
    const plan_level& top = p.level(layout.top());
    const fold_layout::level& size = layout[layout.top()];
    axes tiles = top.extent;
    tiles[0] = ceil_quotient(top.extent[0], size.length);
    tiles[1] = ceil_quotient(top.extent[1], size.height);
    const index_t count = product_from(tiles, 0);
    const index_t input_bytes = bytes_of_box(p.mip[0].extent, p.run, p.voxel_bytes);
    const index_t tiles_a_task =
        std::clamp<index_t>(pool.bytes_a_task() / std::max<index_t>(1, input_bytes / count), 1, count);
    scratch_pool scratches(layout.bytes());
    run_tasks<>(run_on, ceil_quotient(count, tiles_a_task), [&](index_t task) {
        const scratch_pool::lease scratch(scratches);
        fold_walk walk(p, pool, layout, below, above, scratch.data());
        axes tile = place_in(task * tiles_a_task, tiles);
        for (index_t n = std::min(tiles_a_task, count - task * tiles_a_task); n > 0; --n) {
            axes index = tile;
            index[0] *= size.length;
            index[1] *= size.height;
            walk.tile(index);
            step(tile, no_axes, tiles, 0);
        }
        simd::stream_fence();
    });
}

/// The mip at which a fold is cut in two: tiles up to it run as tasks and leave their states, the few mips
/// above it are folded from those by one. Without the cut, a pyramid that ends in a handful of voxels would
/// have as few tasks.
inline index_t mip_to_cut_at(const plan& p, const pooling& pool) {
    constexpr index_t enough_tiles = 64;
    constexpr index_t most_bytes = 48 * 1024;
    const auto voxels = [&](index_t m) { return product_from(p.level(m).extent, 0); };
    index_t cut = p.depth();
    while (cut > 1 && voxels(cut) < enough_tiles) {
        if (voxels(cut - 1) * p.run > most_bytes / pool.form(cut - 1).bytes()) break;
        --cut;
    }
    return cut;
}

/// Folds the whole plan.
inline void fold(const plan& p, const pooling& pool, const executor& run_on) {
    const index_t depth = p.depth();
    if (depth == 0) return;
    const index_t cut = run_on ? mip_to_cut_at(p, pool) : depth;
    fold_layout low(p, pool, 0, cut, cut < depth);
    if (run_on) {
        const plan_level& top = p.level(cut);
        const auto tiles = [&] {
            return product_from(top.extent, 2) * ceil_quotient(top.extent[0], low[cut].length) *
                   ceil_quotient(top.extent[1], low[cut].height);
        };
        // No more than there will be tasks: small tiles take longer.
        const index_t input_bytes = bytes_of_box(p.mip[0].extent, p.run, p.voxel_bytes);
        const index_t wanted = std::min<index_t>(64, input_bytes / pool.bytes_a_task());
        while (tiles() < wanted && low.halve_tiles()) {
        }
    }
    const state_volume none;
    if (cut == depth) return fold_tiles(p, pool, low, none, none, run_on);
    state_volume states;
    states.extent = p.level(cut).extent;
    states.run = p.run;
    states.form = pool.form(cut);
    const index_t elements = product_from(states.extent, 0) * p.run;
    states.plane = fold_layout::plane_of(elements * states.form.lane_bytes);
    const scratch_block memory(static_cast<std::size_t>(states.plane * states.form.planes));
    states.data = memory.data();
    fold_tiles(p, pool, low, none, states, run_on);
    fold_tiles(p, pool, fold_layout(p, pool, cut, depth, false), states, none, executor{});
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
