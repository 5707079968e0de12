// SPDX-License-Identifier: BSL-1.0
// What a chunk of voxels is: the description that every encoding is given, since few files hold it.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace formats {

enum class sample_type { uint8, int8, uint16, int16, uint32, int32, uint64, int64, float32, float64 };

std::size_t bytes_of(sample_type type);
std::string_view name_of(sample_type type);
// In any case of letters; throws format_error for another name.
sample_type sample_type_of(std::string_view name);

// Voxels are an array (x, y, z, channel), x fastest, channel slowest, without gaps, in this machine's byte
// order. A chunk at the volume's border has the extent that is left there.
struct chunk_shape {
    std::array<std::size_t, 3> extent{1, 1, 1};  // x, y, z: 1 and more
    std::size_t channels = 1;
    sample_type type = sample_type::uint8;

    bool operator==(const chunk_shape&) const = default;
};

// x * y * z. These two throw format_error for an extent of 0, and beyond 2^40 bytes.
std::size_t voxels_of(const chunk_shape& shape);
std::size_t bytes_of(const chunk_shape& shape);

// "64x64x16 voxels of 3 uint8", for messages.
std::string text_of(const chunk_shape& shape);

}  // namespace formats
