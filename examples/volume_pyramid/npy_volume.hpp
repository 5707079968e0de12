// SPDX-License-Identifier: BSL-1.0
// A .npy file seen as x, y, z and channel.
#pragma once

#include <array>

#include "voxel_array.hpp"

namespace volumes {

// The file is mapped: its pages are the system's to keep or drop.
class npy_volume final : public voxel_array {
public:
    // axes: which of the array's axes is which, such as "xyz", "zyx", "xyzc" or "yx", of one slice; empty:
    // xyz, xyzc where there are four, xy where there are two. Throws bad_input, npy::error.
    npy_volume(const std::filesystem::path& path, std::string axes);

    npy::dtype type() const override { return head_.type; }
    index3 size() const override { return size_; }
    index_t channels() const override { return channels_; }

    void copy(const box3& b, std::span<std::byte> voxels) const override;

    std::string kind() const override { return "npy"; }
    std::string fingerprint() const override;
    std::string axes() const override { return axes_; }
    void check_unchanged() const override { file_.check_unchanged(); }
    std::string name() const override { return file_.path().string(); }

private:
    npy::mapped_file file_;
    npy::header head_;
    std::string axes_;
    const std::byte* data_ = nullptr;
    index3 size_{};
    index_t channels_ = 1;
    std::array<index_t, 4> strides_{};  // in bytes, of x, y, z and channel
};

}  // namespace volumes
