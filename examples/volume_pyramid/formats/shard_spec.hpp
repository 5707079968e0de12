// SPDX-License-Identifier: BSL-1.0
// `sharding` of a precomputed scale: which file holds a chunk, and where in it.
// https://github.com/google/neuroglancer/blob/master/src/datasource/precomputed/sharded.md
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "compression.hpp"
#include "morton.hpp"

namespace formats {

enum class shard_hash { identity, murmurhash3_x86_128 };

// The low 8 bytes of MurmurHash3_x86_128, seed 0, of the 8 bytes of a number.
std::uint64_t murmurhash3_x86_128(std::uint64_t number);

struct shard_place {
    std::uint64_t shard = 0, minishard = 0;

    bool operator==(const shard_place&) const = default;
};

struct shard_spec {
    shard_hash hash = shard_hash::identity;
    unsigned preshift_bits = 0;                      // 0 to 64
    unsigned minishard_bits = 0;                     // 0 to 32
    unsigned shard_bits = 0;                         // and no more than 64 with minishard_bits
    compression index_encoding = compression::none;  // or gzip
    compression data_encoding = compression::none;   // or gzip

    bool operator==(const shard_spec&) const = default;

    shard_place place_of(std::uint64_t chunk) const;
    // "0a.shard": hexadecimal, with as many digits as shard_bits take.
    std::string file_of(std::uint64_t shard) const;
    std::uint64_t minishards() const { return std::uint64_t{1} << minishard_bits; }
    // Of the index at a shard's begin: 16 for each minishard.
    std::uint64_t index_bytes() const { return minishards() * 16; }
};

// Throws format_error, which names the member, for what is no such object, and for other numbers than those
// above.
shard_spec parse_sharding(const nlohmann::ordered_json& sharding);
nlohmann::ordered_json to_json(const shard_spec& spec);

// How a grid of chunks is to be cut into shards.
struct shard_wish {
    std::uint64_t chunk_bytes = 0;    // of one chunk, uncompressed; from 1
    std::uint64_t shard_bytes = 0;    // about so many of a shard, and no more unless a chunk has more
    grid_index task_chunks{1, 1, 1};  // a task makes boxes of so many chunks, the first at chunk 0
    compression index_encoding = compression::gzip;
    compression data_encoding = compression::none;
};

struct shard_choice {
    shard_spec spec;
    // Each shard is a box of so many chunks, cut at the grid's end, the first at chunk 0.
    grid_index chunks{1, 1, 1};
};

// The largest shards that keep the wish, each of which lies inside of one task's box. hash is identity.
shard_choice choose_sharding(const morton_code& grid, const shard_wish& wish);

// The chunks of a shard where a shard is a box: hash identity, and no bits of an id above those of the shard.
// Throws format_error where it is none. What is returned may stick out of the grid, or lie outside
// altogether.
struct chunk_box {
    grid_index begin{}, end{};
};
chunk_box box_of_shard(const morton_code& grid, const shard_spec& spec, std::uint64_t shard);

}  // namespace formats
