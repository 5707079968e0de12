// SPDX-License-Identifier: BSL-1.0
// Scales that are arrays of Zarr or N5: which of their axes are x, y and z, and what the others are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "boxes.hpp"
#include "json_file.hpp"
#include "volume_family.hpp"

namespace volumes {

using extents = std::vector<std::uint64_t>;

// What `list` has of x, y and z, 1 where there is no such axis; throws bad_input beyond 2^48.
index3 in_space(const formats::array_form& form, const extents& list);
// The list with these for x, y and z, and all else as it is.
extents with_space(const formats::array_form& form, extents list, const index3& of);
// How many voxels of all other axes there are; and how many chunks they are cut into.
index_t channels_of(const formats::array_form& form);
index_t channel_chunks_of(const formats::array_form& form);

// The letters of array_form::axes for axes as info has them, in the order of the family. Those of
// space are x, y and z, once each. Throws bad_input where there are more than letters.
std::string letters_of(const json& axes, volume_family family);

// An array in the words of a family, of the size and chunks of a scale of some other: its other axes and
// their extents are the source's.
formats::array_form new_array_for(volume_family family, const json& axes, const scale& source,
                                  const voxel_format& format);
// The same array, its chunks compressed otherwise. Throws bad_input.
formats::array_form compressed_otherwise(const formats::array_form& form, const std::string& compression);

// How many chunks a shard has along each axis; 1, 1, 1 where each has a file.
index3 chunks_of_shard(const scale& s);
// How many shards there are in a box of so many chunks of the scale, which begins with one; 0 where each
// chunk has a file.
double shards_in(const scale& s, const index3& chunks);
// The largest that chunks_of_task are whole multiples of, up to about so many bytes.
index3 shard_for(const index3& chunks_of_task, const index3& chunks, double chunk_bytes, double shard_bytes);

}  // namespace volumes
