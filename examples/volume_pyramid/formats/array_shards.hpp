// SPDX-License-Identifier: BSL-1.0
// Shards of Zarr 3: a file of many chunks, and where each of them is, at its begin or its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gathered_file.hpp"
#include "kept_indices.hpp"
#include "ranges.hpp"

namespace formats {

struct array_shard_form {
    std::uint64_t chunks = 1;  // of a whole shard, also where that sticks out of the array
    bool index_at_start = false, index_has_crc = true;

    std::size_t index_bytes() const { return chunks * 16 + (index_has_crc ? 4 : 0); }
};

// Where a chunk is in its file; nothing where there is none.
struct chunk_range {
    std::uint64_t begin = 0, bytes = 0;

    bool operator==(const chunk_range&) const = default;
};
using array_index = std::vector<std::optional<chunk_range>>;

// Chunks are counted in C order of the axes. Throws format_error for an index that is damaged, and for a
// chunk that ends behind `file_bytes`.
array_index decode_array_index(std::span<const std::byte> index, const array_shard_form& form,
                               std::uint64_t file_bytes);
// chunks: in ascending order; begin: in the file.
std::vector<std::byte> encode_array_index(std::span<const shard_entry> chunks, const array_shard_form& form);

// Any number of threads may read from one. Every message begins with the name of the shard's file.
class array_shard_reader {
public:
    // files: the shards by name; must outlive the reader. cache_bytes: what the indices that were read last
    // may take; the largest one is kept whatever it takes.
    array_shard_reader(const range_source& files, const array_shard_form& form, std::size_t cache_bytes)
        : files_(files), form_(form), kept_(cache_bytes) {}

    // Replaces `bytes` by the chunk as it is stored. False where there is no such chunk, or no such shard.
    // Throws format_error for a chunk of more than `most` bytes, and for an index that is damaged.
    bool read(const std::string& shard, std::uint64_t chunk, std::size_t most, std::vector<std::byte>& bytes);

private:
    std::shared_ptr<const array_index> read_index(const std::string& shard) const;

    const range_source& files_;
    array_shard_form form_;
    kept_indices<std::string, array_index> kept_;
};

// As gathered_file. The same chunks give the same bytes, in whatever order they came.
class array_shard_writer {
public:
    array_shard_writer(const array_shard_form& form, std::filesystem::path file,
                       std::filesystem::path temporary)
        : form_(form), gathered_(std::move(file), std::move(temporary)) {}

    void add(std::uint64_t chunk, std::span<const std::byte> bytes) { gathered_.add(chunk, bytes); }
    bool is_empty() const { return gathered_.is_empty(); }
    void finish();

private:
    array_shard_form form_;
    gathered_file gathered_;
};

}  // namespace formats
