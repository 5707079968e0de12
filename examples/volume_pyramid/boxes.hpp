// SPDX-License-Identifier: BSL-1.0
// Boxes of voxels and the bytes in them. A buffer holds its box in Fortran order, channel after channel.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "formats/chunk_shape.hpp"
#include "scale.hpp"

namespace volumes {

inline index3 extent(const box3& b) {
    return {b.end[0] - b.begin[0], b.end[1] - b.begin[1], b.end[2] - b.begin[2]};
}

inline index_t voxels(const index3& shape) { return shape[0] * shape[1] * shape[2]; }
inline index_t voxels(const box3& b) { return voxels(extent(b)); }

struct voxel_format {
    std::size_t bytes = 1;  // of a voxel of one channel
    index_t channels = 1;
    formats::sample_type type = formats::sample_type::uint8;

    std::size_t bytes_of(index_t voxel_count) const {
        return static_cast<std::size_t>(voxel_count * channels) * bytes;
    }
    std::size_t bytes_of(const box3& b) const { return bytes_of(voxels(b)); }
};

inline box3 shared_part(const box3& a, const box3& b) {
    box3 result;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        result.begin[axis] = std::max(a.begin[axis], b.begin[axis]);
        result.end[axis] = std::max(result.begin[axis], std::min(a.end[axis], b.end[axis]));
    }
    return result;
}

// Copies the voxels that lie in both boxes. bytes: of a voxel of one channel.
inline void copy_shared(const box3& from_box, const std::byte* from, const box3& to_box, std::byte* to,
                        std::size_t bytes, index_t channels) {
    const box3 both = shared_part(from_box, to_box);
    const index3 count = extent(both), from_shape = extent(from_box), to_shape = extent(to_box);
    if (voxels(both) == 0) return;
    const auto offset = [&](const box3& in, const index3& shape, index_t y, index_t z, index_t c) {
        const index_t plane = (both.begin[2] + z - in.begin[2]) + shape[2] * c;
        const index_t row = (both.begin[1] + y - in.begin[1]) + shape[1] * plane;
        return static_cast<std::size_t>((both.begin[0] - in.begin[0]) + shape[0] * row) * bytes;
    };
    const std::size_t row_bytes = static_cast<std::size_t>(count[0]) * bytes;
    for (index_t c = 0; c < channels; ++c)
        for (index_t z = 0; z < count[2]; ++z)
            for (index_t y = 0; y < count[1]; ++y)
                std::memcpy(to + offset(to_box, to_shape, y, z, c),
                            from + offset(from_box, from_shape, y, z, c), row_bytes);
}

// A volume cut into chunks, the last along each axis clipped.
class chunk_layout {
public:
    chunk_layout(const index3& size, const index3& chunk) : size_(size), chunk_(chunk) {
        for (std::size_t axis = 0; axis < 3; ++axis)
            count_[axis] = (size[axis] + chunk[axis] - 1) / chunk[axis];
    }

    const index3& count() const { return count_; }
    box3 box_of(const index3& place) const {
        box3 b;
        for (std::size_t axis = 0; axis < 3; ++axis) {
            b.begin[axis] = place[axis] * chunk_[axis];
            b.end[axis] = std::min(b.begin[axis] + chunk_[axis], size_[axis]);
        }
        return b;
    }
    index3 place_of(const index3& voxel) const {
        return {voxel[0] / chunk_[0], voxel[1] / chunk_[1], voxel[2] / chunk_[2]};
    }

    // f(box of a chunk) for every chunk with voxels in the box, x fastest.
    template <class F>
    void for_each_in(const box3& b, F&& f) const {
        if (voxels(b) == 0) return;
        const index3 first = place_of(b.begin), last = place_of({b.end[0] - 1, b.end[1] - 1, b.end[2] - 1});
        for (index_t z = first[2]; z <= last[2]; ++z)
            for (index_t y = first[1]; y <= last[1]; ++y)
                for (index_t x = first[0]; x <= last[0]; ++x) f(box_of({x, y, z}));
    }

private:
    index3 size_, chunk_, count_{};
};

}  // namespace volumes
