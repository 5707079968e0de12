// SPDX-License-Identifier: BSL-1.0
// The list of a minishard's chunks as bytes: 3n numbers of 64 bits, ids, offsets and sizes, the first two as
// differences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace formats {

struct shard_entry {
    std::uint64_t chunk = 0;
    std::uint64_t begin = 0;  // counted from the end of the shard's index
    std::uint64_t bytes = 0;  // as stored

    bool operator==(const shard_entry&) const = default;
};

// In ascending order of chunks, whatever the order of the file. Throws format_error for a chunk that is there
// twice, and for one that ends behind `data_bytes`, all that follows the shard's index.
std::vector<shard_entry> decode_minishard_index(std::span<const std::byte> index, std::uint64_t data_bytes);

std::vector<std::byte> encode_minishard_index(std::span<const shard_entry> entries);

}  // namespace formats
