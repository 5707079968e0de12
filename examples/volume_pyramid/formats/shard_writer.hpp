// SPDX-License-Identifier: BSL-1.0
// One shard, made of chunks that come in any order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "gathered_file.hpp"
#include "shard_spec.hpp"

namespace formats {

// As gathered_file. The same chunks give the same bytes, in whatever order they came.
class shard_writer {
public:
    // folder: of the scale, and there. temporary: a folder on the same file system.
    // gzip_level: of the data and the minishards' indices, where spec has them so.
    shard_writer(const shard_spec& spec, std::uint64_t shard, const std::filesystem::path& folder,
                 std::filesystem::path temporary, int gzip_level = 6);

    // bytes: the chunk as its encoding made it. Any thread may call this. Throws format_error for a chunk
    // that belongs to another shard, shard_write_error where it cannot be written.
    void add(std::uint64_t chunk, std::span<const std::byte> bytes);

    // Not while others add. durable: on the disk when this returns. Where no chunk came there is no file, and
    // one that was there before is removed. Throws format_error for a chunk that came twice.
    void finish(bool durable = false);

    const std::filesystem::path& file() const { return gathered_.file(); }

private:
    void put_in_order(std::vector<shard_entry> entries, gathered_file::output& to) const;
    std::uint64_t copy_minishard(gathered_file::output& to, std::span<shard_entry> entries,
                                 std::uint64_t end) const;
    std::uint64_t append_index(gathered_file::output& to, std::span<const shard_entry> entries,
                               std::uint64_t end) const;

    shard_spec spec_;
    std::uint64_t shard_;
    int gzip_level_;
    gathered_file gathered_;
};

}  // namespace formats
