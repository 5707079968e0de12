// SPDX-License-Identifier: BSL-1.0
// A file made of chunks that come in any order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <span>
#include <stdexcept>
#include <vector>

#include "descriptor.hpp"
#include "minishard_index.hpp"

namespace formats {

// The disk takes no more. The text begins with the name of the file.
struct shard_write_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The file is there as a whole after finish(), or as it was before: chunks wait in a file without a name, and
// are put in order into another that is renamed. Memory: 48 bytes a chunk, and 1 MiB. Disk: twice the file's
// size.
class gathered_file {
public:
    // file: in a folder that is there by finish(). temporary: a folder on the same file system.
    gathered_file(std::filesystem::path file, std::filesystem::path temporary);

    // Any thread may call this. Throws shard_write_error.
    void add(std::uint64_t chunk, std::span<const std::byte> bytes);
    bool is_empty() const { return entries_.empty(); }

    // What the file is made by.
    class output {
    public:
        output(gathered_file& from, int to) : from_(from), to_(to) {}
        void write(std::span<const std::byte> bytes, std::uint64_t offset);
        // A chunk as it was added, whose entry tells where it waits.
        void copy(const shard_entry& chunk, std::uint64_t offset);

    private:
        gathered_file& from_;
        int to_;
    };

    // Not while others add. fill: is given the chunks in ascending order; parts of the file that it does not
    // write are 0. durable: on the disk when this returns. Where no chunk came there is no file, and one that
    // was there before is removed. Throws format_error for a chunk that came twice, and shard_write_error.
    void finish(bool durable, const std::function<void(std::vector<shard_entry>, output&)>& fill);

    const std::filesystem::path& file() const { return file_; }

private:
    std::vector<shard_entry> sorted() const;
    void write_all(int to, std::span<const std::byte> bytes, std::uint64_t offset) const;
    [[noreturn]] void fail(int problem) const;

    std::filesystem::path file_, temporary_;

    std::mutex mutex_;  // of what follows
    descriptor waiting_;
    std::uint64_t waiting_bytes_ = 0;
    std::vector<shard_entry> entries_;  // begin: in the file of those that wait
    std::vector<std::byte> block_;
};

}  // namespace formats
