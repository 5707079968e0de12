// SPDX-License-Identifier: BSL-1.0
// The job of making a volume's first scale from an array.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "chunk_codec.hpp"
#include "job.hpp"
#include "voxel_array.hpp"

namespace volumes {

class create_job : public job {
public:
    create_job(const voxel_array& from, std::unique_ptr<const scale_store> to, const writing& how);

    index_t tasks() const override;
    index_t voxels_of(index_t task) const override;
    index_t voxels() const override { return volumes::voxels(from_.size()); }
    std::shared_ptr<task> open(index_t task) const override;
    bool is_done(index_t task, scratch& mine, const std::function<void()>& go_on) const override;

    // A step is a chunk, a task a box of them: a shard, where there are shards.
    std::vector<box3> chunks_of(index_t task) const;
    const voxel_array& from() const { return from_; }
    const scale_store& to() const { return *to_; }

    copying copying_by(int threads) const;
    // Bytes that a process may need, and files that it may have open at once.
    double memory_needed(int threads) const;
    double files_needed(int threads) const;

private:
    // Of how many chunks a shard is along each axis; 1 where there are none.
    index3 task_shape() const;
    // What the voxels of the chunk become where the encoding changes them.
    void as_stored(const box3& chunk, std::span<std::byte> voxels, scratch& mine) const;

    const voxel_array& from_;
    std::unique_ptr<const scale_store> to_;
    std::unique_ptr<const chunk_codec> codec_;  // of what may change voxels: arrays do not
    writing how_;
    index3 task_shape_;
    tb::chunk_grid<3> tasks_;
};

}  // namespace volumes
