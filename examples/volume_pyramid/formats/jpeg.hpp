// SPDX-License-Identifier: BSL-1.0
// Chunks as jpeg pictures: uint8 of 1 channel (grey) or 3 (red, green, blue). Lossy.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "chunk_shape.hpp"

namespace formats {

// Throws format_error where no jpeg picture holds such a chunk: other types and channels, x or y*z beyond
// 65500.
void check_jpeg(const chunk_shape& shape);

// The picture's pixels, row by row, are the voxels in order: any width and height whose product is the number
// of voxels will do. voxels: bytes_of(shape). Throws format_error for a picture of another size or number of
// channels, a damaged one (what libjpeg only warns of included), a cut one, and one with bytes behind it;
// what `voxels` holds is then undefined.
void decode_jpeg(std::span<const std::byte> file, const chunk_shape& shape, std::span<std::byte> voxels);

// A picture of x times y*z pixels; baseline, colours at full resolution. quality: 0 to 100. The same voxels
// give the same file.
void encode_jpeg(std::span<const std::byte> voxels, const chunk_shape& shape, int quality,
                 std::vector<std::byte>& file);

// The longest file that encode_jpeg makes.
std::size_t jpeg_bound(const chunk_shape& shape);

}  // namespace formats
