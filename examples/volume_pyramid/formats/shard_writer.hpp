// SPDX-License-Identifier: BSL-1.0
// One shard, made of chunks that come in any order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <stdexcept>
#include <vector>

#include "descriptor.hpp"
#include "minishard_index.hpp"
#include "shard_spec.hpp"

namespace formats {

// The disk takes no more. The text begins with the name of the shard's file.
struct shard_write_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The file is there as a whole after finish(), or as it was before: chunks wait in a file without a name, and
// are put in order into another that is renamed. The same chunks give the same bytes, in whatever order they
// came. Memory: 48 bytes a chunk, and one chunk or 1 MiB. Disk: twice the shard's size.
class shard_writer {
public:
    // folder: of the scale, and there. temporary: a folder on the same file system.
    // gzip_level: of the data and the minishards' indices, where spec has them so.
    shard_writer(const shard_spec& spec, std::uint64_t shard, std::filesystem::path folder,
                 std::filesystem::path temporary, int gzip_level = 6);

    // bytes: the chunk as its encoding made it. Any thread may call this. Throws format_error for a chunk
    // that belongs to another shard, shard_write_error where it cannot be written.
    void add(std::uint64_t chunk, std::span<const std::byte> bytes);

    // Not while others add. durable: on the disk when this returns. Where no chunk came there is no file, and
    // one that was there before is removed. Throws format_error for a chunk that came twice.
    void finish(bool durable = false);

    std::filesystem::path file() const { return folder_ / spec_.file_of(shard_); }

private:
    void put_in_order(std::vector<shard_entry> entries, int to);
    std::uint64_t copy_minishard(int to, std::span<shard_entry> entries, std::uint64_t end);
    std::uint64_t append_index(int to, std::span<const shard_entry> entries, std::uint64_t end);
    void write_all(int to, std::span<const std::byte> bytes, std::uint64_t offset);
    void copy(int to, std::uint64_t from_offset, std::uint64_t to_offset, std::uint64_t bytes);
    [[noreturn]] void fail(int problem) const;

    shard_spec spec_;
    std::uint64_t shard_;
    std::filesystem::path folder_, temporary_;
    int gzip_level_;

    std::mutex mutex_;  // of what follows
    descriptor waiting_;
    std::uint64_t waiting_bytes_ = 0;
    std::vector<shard_entry> entries_;  // begin: in the file of those that wait
    std::vector<std::byte> block_;
};

}  // namespace formats
