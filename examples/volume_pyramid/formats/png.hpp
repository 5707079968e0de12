// SPDX-License-Identifier: BSL-1.0
// Chunks as png pictures: uint8 or uint16, of 1 to 4 channels (grey, grey and alpha, RGB, RGBA).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "chunk_shape.hpp"

namespace formats {

// Throws format_error where no png picture holds such a chunk: other types and channels, x or y*z from 2^31
// on.
void check_png(const chunk_shape& shape);

// As decode_jpeg. Samples of another size than the chunk's are refused, and so are palettes and interlaced
// pictures, which nobody writes for chunks.
void decode_png(std::span<const std::byte> file, const chunk_shape& shape, std::span<std::byte> voxels);

// A picture of x times y*z pixels. level: 0 (stored) to 9 (small).
void encode_png(std::span<const std::byte> voxels, const chunk_shape& shape, int level,
                std::vector<std::byte>& file);

// The longest file that encode_png makes.
std::size_t png_bound(const chunk_shape& shape);

}  // namespace formats
