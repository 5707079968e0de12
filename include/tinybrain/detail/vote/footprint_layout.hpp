// How the footprints of a volume are cut into tiles, and where a tile keeps what it knows of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tinybrain/detail/base/scratch.hpp>
#include <tinybrain/detail/drive/plan.hpp>
#include <tinybrain/detail/drive/walk.hpp>
#include <tinybrain/detail/drive/window_state.hpp>
#include <tinybrain/detail/drive/windows.hpp>
#include <tinybrain/detail/vote/vote_set.hpp>
#include <tinybrain/detail/vote/window_counter.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

static_assert(most_votes <= 0xffff);

/// How tiles are cut, and where in the scratch things are.
template <class T>
class footprint_layout {
public:
    static constexpr index_t most_rows = 512;     // of the previous mip under a row
    static constexpr index_t longest_row = 4096;  // voxels of mip 0

    /// What is kept of all windows of a mip in a tile, as offsets.
    struct arrays {
        std::size_t labels;
        std::size_t states;
    };

    /// For tasks that end at mip `top`.
    footprint_layout(const plan& p, index_t top) : plan_(p), arrays_(p.mip.size()) {
        while (base_ < top && fits_tile(base_ + 1)) ++base_;
        if (base_ == 0) return;
        while (first_sets_ < base_ && voxels_under(first_sets_ + 1) <= most_counted_at_once) ++first_sets_;
        limit_ = base_ < top ? level(base_ + 1).window.size : level(base_).extent;
        safe_tile_ = grown(static_cast<index_t>(most_votes));
        tile_ = grown(widest_tile);
        place();
    }

    /// The mip of the tiles; 0 where not even a window of mip 1 is small enough.
    index_t base() const { return base_; }
    /// The first mip whose windows have sets, counted from their voxels. Below it, where windows are small
    /// and many, there are only modes, of these voxels too.
    index_t first_sets() const { return first_sets_; }
    /// The largest tile, in voxels of that mip.
    const axes& tile() const { return tile_; }
    /// One whose sets fit the arena, whatever the labels.
    const axes& safe_tile() const { return safe_tile_; }

    bool halve_tiles() {
        for (std::size_t axis = max_axes; axis-- > 0;) {
            if (tile_[axis] == 1) continue;
            tile_[axis] = (tile_[axis] + 1) / 2;
            safe_tile_[axis] = std::min(safe_tile_[axis], tile_[axis]);
            return true;
        }
        return false;
    }

    // Also what an unknown window is counted in.
    std::size_t arenas() const { return 0; }
    std::size_t stack() const { return arenas() + std::max(2 * votes_bytes, window_counter<T>::bytes); }
    std::size_t slots(std::size_t set) const { return stack() + votes_bytes + set * slots_bytes; }
    std::size_t rows() const { return slots(2); }
    std::size_t voxel_rows() const { return rows() + most_rows * sizeof(window_row<T>); }
    std::size_t row_buffer() const { return voxel_rows() + most_rows * sizeof(const T*); }
    std::size_t voxels() const { return row_buffer() + longest_row * sizeof(T); }
    /// Whether voxels are copied first, since they do not lie one beside the other.
    bool copies() const { return level(0).stride[0] != 1 && level(0).extent[0] > 1; }
    /// Rows of windows of the first mip with sets that are made together.
    index_t slab_rows() const { return slab_rows_; }
    bool streams(index_t m) const { return plan_.run == 1 && is_streamed(plan_, m); }
    /// Voxels of mip 0 under one of mip m.
    index_t voxels_under(index_t m) const {
        index_t voxels = 1;
        for (const index_t n : level(m).footprint.size) voxels = saturated_product(voxels, n);
        return voxels;
    }
    const arrays& mip(index_t m) const { return arrays_[static_cast<std::size_t>(m)]; }
    std::size_t bytes() const { return bytes_; }

private:
    // In voxels of mip 0.
    static constexpr index_t widest_tile = 262144;
    static constexpr index_t widest_slab = 32768;  // the second cache holds it
    // Merging sets is dearer than counting the voters afresh, until windows are so large that few are alike.
    static constexpr index_t most_counted_at_once = 64;
    static constexpr std::size_t most_level_bytes = 176 * 1024;
    static constexpr std::size_t votes_bytes = most_votes * sizeof(label_votes<T>);
    static constexpr std::size_t slots_bytes = 2 * most_votes * sizeof(std::uint16_t);
    static std::size_t round_up(std::size_t bytes) { return scratch_lines(bytes); }
    const plan_level& level(index_t m) const { return plan_.mip[static_cast<std::size_t>(m)]; }

    bool fits_tile(index_t m) const {
        return voxels_under(m) <= static_cast<index_t>(most_votes) &&
               level(m).footprint.size[0] <= longest_row &&
               product_from(level(m).window.size, 1) <= most_rows;
    }

    // The widest tile of so many voxels, axis by axis.
    axes grown(index_t most_voxels) {
        tile_.fill(1);
        for (std::size_t axis = 0; axis < max_axes; ++axis) {
            while (tile_[axis] < limit_[axis]) {
                const axes smaller = tile_;
                tile_[axis] = std::min(2 * tile_[axis], limit_[axis]);
                if (fits(most_voxels)) continue;
                tile_ = smaller;
                break;
            }
        }
        return tile_;
    }
    bool fits(index_t most_voxels) const {
        index_t voxels = 1;
        for (std::size_t axis = 0; axis < max_axes; ++axis) {
            voxels = saturated_product(voxels, tile_[axis] * level(base_).footprint.size[axis]);
        }
        if (voxels > most_voxels || tile_[0] * level(base_).footprint.size[0] > longest_row) return false;
        if (voxels_of_slab_row() > widest_slab) return false;
        std::size_t bytes = 0;
        for (index_t m = first_sets_; m <= base_; ++m)
            bytes += windows(m) * (sizeof(T) + sizeof(window_state));
        return bytes <= most_level_bytes;
    }

    // Windows of mip m in a tile.
    std::size_t windows(index_t m) const {
        index_t n = 1;
        for (std::size_t axis = 0; axis < max_axes; ++axis) {
            const window_grid& grid = level(m).footprint;
            const index_t within = ceil_quotient(level(base_).footprint.size[axis], grid.size[axis]);
            // The first window of the tiles may begin, and end, within one of these.
            const index_t cut = grid.cut[axis] > 0 ? 1 : 0;
            n *= std::min(level(m).extent[axis], tile_[axis] * within + cut);
        }
        return static_cast<std::size_t>(n);
    }

    // Voxels of mip 0 under a row of windows of the first mip with sets.
    index_t voxels_of_slab_row() const {
        const index_t length = std::min(tile_[0] * level(base_).footprint.size[0], level(0).extent[0]);
        return length * product_from(level(first_sets_).footprint.size, 1);
    }

    void place() {
        const index_t row = voxels_of_slab_row();
        slab_rows_ = std::max<index_t>(1, widest_slab / row);
        bytes_ = voxels() + (copies() ? round_up(static_cast<std::size_t>(slab_rows_ * row) * sizeof(T)) : 0);
        for (index_t m = first_sets_; m <= base_; ++m) {
            arrays& a = arrays_[static_cast<std::size_t>(m)];
            a.labels = bytes_;
            a.states = a.labels + round_up(windows(m) * sizeof(T));
            bytes_ = a.states + round_up(windows(m) * sizeof(window_state));
        }
    }

    const plan& plan_;
    index_t base_ = 0;
    index_t first_sets_ = 1;
    index_t slab_rows_ = 1;
    axes limit_{};
    axes tile_{};
    axes safe_tile_{};
    std::vector<arrays> arrays_;
    std::size_t bytes_ = 0;
};

/// What lies under a voxel of mip m, of one element of a run.
template <class T>
strided_window<T> footprint_of(const plan& p, index_t m, const axes& index, index_t element) {
    strided_window<T> window = window_at<T>(p, p.mip[0], p.mip[static_cast<std::size_t>(m)].footprint, index);
    window.data += element * p.mip[0].run_stride;
    return window;
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
