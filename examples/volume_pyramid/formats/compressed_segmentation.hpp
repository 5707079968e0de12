// SPDX-License-Identifier: BSL-1.0
// Chunks of labels, uint32 or uint64, cut into small blocks of few labels each:
// https://github.com/google/neuroglancer/tree/master/src/sliceview/compressed_segmentation
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "chunk_shape.hpp"

namespace formats {

using block_extent = std::array<std::size_t, 3>;  // x, y, z

// Throws format_error for other types than uint32 and uint64, and for blocks with an extent of 0, of more
// than 65536, or of more than 2^24 voxels.
void check_compressed_segmentation(const chunk_shape& shape, const block_extent& block);

// Any order of tables and values, and tables that blocks share. Throws format_error, which names the channel
// and the block, for whatever lies outside of the file or of its channel, for numbers of bits that do not
// exist, and for words at the end of a channel that no block uses; what `voxels` holds is then undefined.
void decode_compressed_segmentation(std::span<const std::byte> file, const chunk_shape& shape,
                                    const block_extent& block, std::span<std::byte> voxels);

// All headers, then for each block its values and its table in ascending order, unless such a table is there.
// Throws format_error where the file would take 2^24 words, 64 MiB, or more: offsets of tables have 24 bits,
// and Neuroglancer cuts those of values to as many, counted from the file's start. (A block of more than
// 65536 labels, which takes a block of more voxels than that, is right, but Neuroglancer 2.41 reads it
// wrongly: its `1 << 32` is 1.)
void encode_compressed_segmentation(std::span<const std::byte> voxels, const chunk_shape& shape,
                                    const block_extent& block, std::vector<std::byte>& file);

// The longest file that any voxels of this shape may give.
std::size_t compressed_segmentation_bound(const chunk_shape& shape, const block_extent& block);

}  // namespace formats
