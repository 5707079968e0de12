// SPDX-License-Identifier: BSL-1.0
// The job of making a volume's first scale from a .npy file.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "chunk_codec.hpp"
#include "job.hpp"
#include "npy.hpp"

namespace volumes {

// A .npy file seen as x, y, z and channel. The file is mapped: its pages are the system's to keep or drop.
class npy_volume {
public:
    // axes: which of the array's axes is which, such as "xyz", "zyx", "xyzc" or "yx", of one slice; empty:
    // xyz, xyzc where there are four, xy where there are two. Throws bad_input, npy::error.
    npy_volume(const std::filesystem::path& path, std::string axes);

    const npy::dtype& type() const { return head_.type; }
    const index3& size() const { return size_; }
    index_t channels() const { return channels_; }

    // Into a buffer in Fortran order and in this machine's byte order. Throws std::runtime_error where the
    // file was written to meanwhile.
    void copy(const box3& b, std::span<std::byte> voxels) const;

    // What tells this file from others, wherever it lies and however it is called: its length, and a check
    // sum of all of it, or of samples where it is large.
    std::string fingerprint() const;
    // The axes in their order, also where they were not given.
    const std::string& axes() const { return axes_; }
    void check_unchanged() const { file_.check_unchanged(); }
    std::string name() const { return file_.path().string(); }

private:
    npy::mapped_file file_;
    npy::header head_;
    std::string axes_;
    const std::byte* data_ = nullptr;
    index3 size_{};
    index_t channels_ = 1;
    std::array<index_t, 4> strides_{};  // in bytes, of x, y, z and channel
};

class create_job : public job {
public:
    create_job(const npy_volume& from, std::unique_ptr<const scale_store> to, const writing& how);

    index_t tasks() const override;
    index_t voxels_of(index_t task) const override;
    index_t voxels() const override { return volumes::voxels(from_.size()); }
    std::shared_ptr<task> open(index_t task) const override;
    bool is_done(index_t task, scratch& mine, const std::function<void()>& go_on) const override;

    // A step is a chunk, a task a box of them: a shard, where there are shards.
    std::vector<box3> chunks_of(index_t task) const;
    const npy_volume& from() const { return from_; }
    const scale_store& to() const { return *to_; }

private:
    index3 task_shape() const;
    // What the voxels of the chunk become where the encoding changes them.
    void as_stored(const box3& chunk, std::span<std::byte> voxels, scratch& mine) const;

    const npy_volume& from_;
    std::unique_ptr<const scale_store> to_;
    chunk_codec codec_;
    writing how_;
    tb::chunk_grid<3> tasks_;
};

}  // namespace volumes
