// SPDX-License-Identifier: BSL-1.0
// How a pyramid is cut up, so that every chunk it makes is written once, by one task, and memory stays small.
//
// A task is a box that holds whole chunks of every mip, the coarsest included. Within it the source comes
// through memory in leaves, depth first: a leaf is as much source as makes one chunk of mip 1 (of mip
// leaf_level, where the factors want more), read once and pooled to all mips at once. What it gives of a mip
// above leaf_level is part of a chunk, which stays in memory until its last leaf has come.
//
// Where the volume does not begin with a window of the last mip, everything is laid out from that window's
// first voxel on, `lead` voxels before the volume. A mip begins with its own first window, and so do its
// chunks, which is up to `lead` voxels later: a leaf reads so much beyond its end, and gives of each mip what
// lies in the chunks that are the leaf's by their number.
#pragma once

#include <optional>
#include <vector>

#include "boxes.hpp"

namespace volumes {

class geometry {
public:
    // factors: of each mip, from the one before. origin: where the source's first voxel lies on the grid of
    // windows. task: the wish for a task's shape; empty chooses one.
    // shard_chunks: of how many chunks a shard of mip 1 should be, since shards lie inside of tasks; 0: there
    // are none.
    // Throws bad_input where the wish does not fit, std::invalid_argument where the library refuses a factor.
    geometry(const scale& source, const std::vector<index3>& factors, const index3& origin,
             const index3& chunk, const std::optional<index3>& task, double shard_chunks = 0);

    int num_mips() const { return static_cast<int>(mips_.size()); }
    const scale& mip(int m) const { return mips_[static_cast<std::size_t>(m - 1)]; }
    // The same, with more that is known of it.
    void set_mip(int m, const scale& mip) { mips_[static_cast<std::size_t>(m - 1)] = mip; }
    const index3& total_factor(int m) const { return totals_[static_cast<std::size_t>(m)]; }
    int leaf_level() const { return leaf_level_; }
    const index3& leaf_shape() const { return leaf_shape_; }
    const index3& task_shape() const { return task_shape_; }
    const index3& lead() const { return lead_; }
    // What is read for a leaf has no larger extents.
    index3 largest_read() const;

    index_t tasks() const { return tasks_.size(); }
    // What is read for a task; and how many voxels of it are no other task's.
    box3 source_of_task(index_t task) const { return with_reach(tasks_.source(task)); }
    index_t voxels_of_task(index_t task) const { return volumes::voxels(tasks_.source(task)); }
    // Where a task's mip m lies: whole chunks, or none.
    box3 mip_of_task(index_t task, int m) const { return mip_of(tasks_, task_shape_, task, m); }

    box3 source_of_leaf(index_t leaf) const { return with_reach(leaves_.source(leaf)); }
    index_t voxels_of_leaf(index_t leaf) const { return volumes::voxels(leaves_.source(leaf)); }
    box3 mip_of_leaf(index_t leaf, int m) const { return mip_of(leaves_, leaf_shape_, leaf, m); }
    // What pooling a box of the source gives of a mip, cut windows too; and where the box lies on their grid.
    box3 pooled(const box3& source, int m) const;
    index3 origin_of(const box3& source) const;

    // How many chunks of mip m a task has along each axis.
    index3 chunks_of_task(int m) const;

    // Bytes of voxels that a thread has of its own, and that the chunks take which wait for their last leaf.
    double bytes_of_thread(const voxel_format& format) const;
    double bytes_of_open_chunks(const voxel_format& format, int threads) const;

private:
    friend class leaf_order;

    index3 task_unit() const;
    index3 fitting_task(const std::optional<index3>& wish, double shard_chunks) const;
    index3 task_for_shards(double shard_chunks) const;
    bool is_whole(const index3& shape) const;
    double voxels_in_volume(const index3& shape) const;
    box3 with_reach(box3 source) const;
    // The mip of a cell of a grid of such cells.
    box3 mip_of(const tb::chunk_grid<3>& grid, const index3& cell, index_t number, int m) const;

    scale source_;
    index3 chunk_;
    std::vector<index3> factors_;  // [m - 1] from mip m - 1 to mip m
    std::vector<index3> totals_;   // [m] from mip 0 to mip m
    std::vector<scale> mips_;
    index3 lead_{}, reach_{}, laid_{};  // laid_: the source's size and its lead
    int leaf_level_ = 1;
    index3 leaf_shape_{}, task_shape_{};
    tb::chunk_grid<3> leaves_, tasks_;  // for the source, from the window's first voxel on
};

// The leaves of a task, depth first: those under one chunk of any mip follow one another.
class leaf_order {
public:
    leaf_order(const geometry& all, index_t task);

    std::optional<index_t> next();

private:
    // The chunks of one mip that are still to be visited, below the chunk that stands at the level above.
    struct level {
        int mip;
        box3 places;
        index3 at;
    };
    box3 children(const level& parent) const;
    void descend();

    const geometry& all_;
    std::vector<level> stack_;
};

}  // namespace volumes
