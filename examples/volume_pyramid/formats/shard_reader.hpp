// SPDX-License-Identifier: BSL-1.0
// The chunks of a sharded scale, read one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "kept_indices.hpp"
#include "minishard_index.hpp"
#include "morton.hpp"
#include "ranges.hpp"
#include "shard_spec.hpp"

namespace formats {

// Any number of threads may read from one. Every message begins with the name of the shard's file.
class shard_reader {
public:
    // files: the shards by name; must outlive the reader. cache_bytes: what the indices of minishards that
    // were read last may take; the largest one is kept whatever it takes.
    shard_reader(const range_source& files, const shard_spec& spec, const morton_code& grid,
                 std::size_t cache_bytes = std::size_t{32} << 20);

    // Replaces `bytes` by the chunk as it was encoded, gzip of the shard undone. False where there is no such
    // chunk, or no such shard. Throws format_error for a chunk of more than `most` bytes, and for a shard
    // that is damaged: every offset is checked, also that the chunks of a minishard belong there.
    bool read(std::uint64_t chunk, std::size_t most, std::vector<std::byte>& bytes);
    bool has(std::uint64_t chunk) { return find(chunk).has_value(); }

    const shard_spec& spec() const { return spec_; }

private:
    using entries = std::vector<shard_entry>;
    using key = std::pair<std::uint64_t, std::uint64_t>;  // shard, minishard

    std::optional<shard_entry> find(std::uint64_t chunk);
    std::shared_ptr<const entries> index_of(const shard_place& place);
    std::shared_ptr<const entries> read_index(const shard_place& place) const;
    entries parse_index(const shard_place& place, std::uint64_t file_bytes) const;
    void check_belong(const entries& index, const shard_place& place) const;
    std::uint64_t most_entries() const;

    const range_source& files_;
    shard_spec spec_;
    morton_code grid_;
    kept_indices<key, entries> kept_;
};

}  // namespace formats
