// SPDX-License-Identifier: BSL-1.0
// The chunks of an array as a volume of x, y, z and channels has them: their names, and their voxels as bytes
// and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "array_form.hpp"
#include "array_shards.hpp"
#include "morton.hpp"
#include "packing.hpp"

namespace formats {

namespace arrays {
struct details;
}

// By axis of the array, counted in chunks.
using array_place = std::vector<std::uint64_t>;

struct array_work {
    std::vector<std::byte> elements;  // in the order of the file
    packing_work packed;
};

// Any number of threads may share one. A box of space is a chunk's extent along x, y and z, with all
// channels: where the array is cut along axes of channels too, it has several parts, each of them a chunk of
// the array. Voxels of a box are those of a chunk_shape.
class array_chunks {
public:
    // Throws format_error for a form that parse_...() would not have given.
    explicit array_chunks(const array_form& form);
    ~array_chunks();

    const array_form& form() const { return form_; }

    grid_index size() const { return of_space(form_.shape); }
    grid_index chunk_size() const { return of_space(form_.chunk); }
    std::uint64_t channels() const;
    // Of box `box` of space, cut at the array's end. Throws format_error beyond 2^40 bytes.
    chunk_shape shape_of(const grid_index& box) const;

    std::uint64_t parts() const { return parts_; }
    // The last axis of channels in Zarr's order, the first in N5's, is counted fastest.
    array_place place_of(const grid_index& box, std::uint64_t part) const;
    // "0/4/7", "c.0.4.7": in the folder of the array. Where there are shards, the place is that of one.
    std::string name_of(const array_place& place) const;

    // Where there are shards, whose places are counted in them: the one that holds a chunk, the chunk's
    // number in it, and how many of a shard's chunks lie in the array.
    array_place shard_of(const array_place& place) const;
    std::uint64_t number_in_shard(const array_place& place) const;
    std::uint64_t chunks_in(const array_place& shard) const;
    array_shard_form shard_form() const;

    // Of a box's voxels those that this part has. Throws format_error for a file that is not exactly such a
    // chunk; what the voxels are is then undefined.
    void decode(const array_place& place, std::span<const std::byte> file, std::span<std::byte> voxels,
                array_work& work) const;
    // The file is `work`'s. What sticks out of the array is fill. The same voxels give the same bytes.
    std::span<const std::byte> encode(const array_place& place, std::span<const std::byte> voxels,
                                      array_work& work) const;
    // What a chunk that is missing holds.
    void fill(const array_place& place, std::span<std::byte> voxels) const;
    bool is_fill(std::span<const std::byte> voxels) const;

    // The size of every file, where it is always the same and tells that a chunk is whole.
    std::optional<std::size_t> size_of_files() const;
    // More than any file of a chunk has.
    std::size_t largest_file() const;
    // What a thread may need for a chunk beside its voxels, the file included.
    double memory_to_decode() const;
    double memory_to_encode() const;

private:
    struct part_copy;

    grid_index of_space(const std::vector<std::uint64_t>& list) const;
    std::size_t header_bytes() const;
    // Extents of a block, which its header tells; `file` becomes what is behind it.
    std::vector<std::uint64_t> take_header(const array_place& place, std::span<const std::byte>& file) const;
    std::vector<std::byte> header_of(const std::vector<std::uint64_t>& extents) const;
    // A voxel of fill, in the order of the file's bytes.
    std::vector<std::byte> stored_fill() const;
    std::span<std::byte> elements_in(array_work& work, std::size_t bytes) const;
    std::vector<std::uint64_t> inside(const array_place& place) const;
    part_copy copy_of(const array_place& place, const std::vector<std::uint64_t>& extents) const;

    array_form form_;
    std::unique_ptr<const arrays::details> how_;
    std::vector<std::size_t> channel_axes_;  // the one that is counted fastest first
    std::uint64_t parts_ = 1;
    std::size_t sample_bytes_, full_bytes_;
};

}  // namespace formats
