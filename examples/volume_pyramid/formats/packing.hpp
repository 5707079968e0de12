// SPDX-License-Identifier: BSL-1.0
// How the bytes of an array's chunk become those of its file: steps, each of which takes what the one before
// has made.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "compression.hpp"

namespace formats {

struct blosc_options {
    std::string cname = "lz4";
    int level = 5;                 // 0 to 9
    int shuffle = 1;               // 0 none, 1 of bytes, 2 of bits
    std::size_t sample_bytes = 1;  // what is shuffled
    std::size_t block_bytes = 0;   // 0: as blosc likes it
};
struct by_compression {
    compression kind;
    int level;
};
struct by_crc32c {};  // 4 bytes behind the others
using packing_step = std::variant<by_compression, blosc_options, by_crc32c>;

// A step of this level, or of the nearest that there is; `usual` stands for the usual one. Throws
// format_error where this program was built without it.
packing_step compression_step(compression kind, long long level, long long usual);
// Throws format_error where this program, or blosc itself, was built without it.
packing_step blosc_step(const blosc_options& options);

// What a thread keeps from chunk to chunk.
struct packing_work {
    std::vector<std::byte> one, other;
};

// Any number of threads may share one.
class packing {
public:
    explicit packing(std::vector<packing_step> steps) : steps_(std::move(steps)) {}

    bool is_plain() const { return steps_.empty(); }
    // Throws format_error for more bytes than a step takes.
    void check(std::size_t bytes) const;

    // The bytes are of `work`, or `data` where nothing is packed. Throws format_error for more than a step
    // can take.
    std::span<const std::byte> pack(std::span<const std::byte> data, packing_work& work) const;
    // Fills `data`. Throws format_error for a file that is damaged, cut off, or holds more or fewer bytes.
    void unpack(std::span<const std::byte> file, std::span<std::byte> data, packing_work& work) const;

    // The most that a file of so many bytes reasonably has, whoever wrote it: what is longer need not be
    // read.
    std::size_t largest_file(std::size_t bytes) const;
    // Bytes that a thread may need, those of packing_work included.
    double memory_to_unpack(std::size_t bytes) const;
    double memory_to_pack(std::size_t bytes) const;

    // "zstd 3, crc32c"; "none".
    std::string text() const;

private:
    std::vector<packing_step> steps_;
};

}  // namespace formats
