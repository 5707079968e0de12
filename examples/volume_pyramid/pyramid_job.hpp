// SPDX-License-Identifier: BSL-1.0
// The job of adding mips to a volume.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "downsample.hpp"
#include "geometry.hpp"
#include "http_client.hpp"
#include "job.hpp"
#include "npy.hpp"
#include "skipped_chunks.hpp"

namespace volumes {

struct pyramid_settings {
    std::filesystem::path volume, target, temporary;  // mips go into the target
    http_limits http;                                 // where the volume is a url
    npy::dtype type;
    voxel_format format;
    scale source;
    scale part;    // of the source, which is taken for the volume, as the target would list it
    index3 begin;  // of the part, counted from the source's first voxel
    recipe how;    // its factors are the geometry's
    writing written;
    std::vector<std::byte> missing;  // what stands for a voxel of a chunk that is not there; empty: an error
};

class pyramid_job : public job {
public:
    pyramid_job(pyramid_settings settings, geometry cut);

    index_t tasks() const override { return cut_.tasks(); }
    index_t voxels_of(index_t task) const override { return cut_.voxels_of_task(task); }
    index_t voxels() const override { return volumes::voxels(settings_.part.size); }
    std::shared_ptr<task> open(index_t task) const override;
    bool is_done(index_t task, scratch& mine, const std::function<void()>& go_on) const override;

    const pyramid_settings& settings() const { return settings_; }
    const geometry& cut() const { return cut_; }
    const scale_store& source() const { return *source_; }
    const scale_store& mip(int m) const { return *mips_[static_cast<std::size_t>(m - 1)]; }

    // Bytes that a process may need.
    double memory_needed(int threads) const;
    // Files that a process may have open at once, for shards that wait for chunks.
    double files_needed(int threads) const;

    // A box of the part, counted from the source's first voxel.
    box3 in_source(box3 b) const;
    // How many chunks of the source a task keeps that reach over a leaf's end, for the leaves beside it.
    index_t kept_chunks() const;
    // Notes that the task was done, where chunks of it may be missing all the same, and which.
    void mark_done(index_t task, const skipped_chunks& skipped) const;

private:
    std::filesystem::path mark_of(index_t task) const;
    bool is_marked(index_t task, const skipped_chunks& skipped) const;

    pyramid_settings settings_;
    geometry cut_;
    std::unique_ptr<const scale_store> source_;
    std::vector<std::unique_ptr<const scale_store>> mips_;
};

}  // namespace volumes
