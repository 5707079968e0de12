// SPDX-License-Identifier: BSL-1.0
// One mip as it is stored.
#pragma once

#include <tinybrain/chunks.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "formats/array_form.hpp"
#include "formats/compressed_segmentation.hpp"
#include "formats/shard_spec.hpp"

namespace volumes {

namespace tb = tinybrain;
using tb::index_t;
using index3 = tb::index_array<3>;
using box3 = tb::box<3>;

// What a reader has to know of how chunks become files.
struct chunk_form {
    std::string encoding = "raw";          // in small letters
    formats::block_extent block{8, 8, 8};  // of compressed_segmentation; the same for all others
    std::optional<formats::shard_spec> sharding;
    std::optional<formats::array_form> array;  // of Zarr and N5, whose encoding is the family's name

    bool is_sharded() const { return sharding || (array && !array->shard.empty()); }

    friend bool operator==(const chunk_form&, const chunk_form&) = default;
};

// What only a writer has to know.
struct writing {
    int quality = 75;  // of jpeg
    formats::compression compression = formats::compression::none;
    int level = 0;
    std::uint64_t shard_bytes = std::uint64_t{1} << 30;  // about so many of a shard, uncompressed
    bool skip_zeros = false;                             // chunks of nothing but zeros get no file
};

struct scale {
    std::string key;  // its folder
    index3 size{};
    std::array<std::string, 3> resolution;  // numbers as they were written: 4 stays 4, and 4.0 stays 4.0
    index3 voxel_offset{};
    // Where the centre of the first voxel is, in the unit of the resolution, for formats that say so.
    std::optional<std::array<double, 3>> translation;
    index3 chunk_size{};
    chunk_form form;

    friend bool operator==(const scale&, const scale&) = default;
};

// A scale, and how it was made: all that its voxels and files depend on, as JSON that info lists with it.
// What resumes a run or mends a scale goes by that.
struct made_scale {
    scale is;
    std::string made_by;
};

// The scale that `factor` makes of one: its windows counted, voxel_offset rounded down, resolution
// multiplied, one file for each chunk. origin: where the first voxel lies on the grid of windows. Throws
// bad_input where a resolution overflows, or makes a key that is too long for a folder.
scale coarser(const scale& fine, const index3& factor, const index3& chunk_size, const index3& origin = {});

// True where an offset is no multiple of its factor: the mip then lies off by part of a voxel.
bool offset_is_rounded(const scale& fine, const index3& total_factor);

std::array<double, 3> resolution_of(const scale& s);

}  // namespace volumes
