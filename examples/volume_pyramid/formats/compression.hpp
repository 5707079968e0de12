// SPDX-License-Identifier: BSL-1.0
// Compression of whole files, on top of what a chunk's encoding makes of its voxels; and of the chunks of
// arrays, which do with some more.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace formats {

// zlib: a stream. lz4: a block behind the length of its data, as numcodecs has it. These and what follows
// them are of the chunks of arrays alone.
enum class compression { none, gzip, brotli, zstd, zlib, lz4, bzip2, xz };

// As --compress has it: none, gzip, br, zstd. Throws format_error for another name.
compression compression_of(std::string_view name);
std::string_view name_of(compression kind);

// What CloudVolume puts behind a file's name: "", ".gz", ".br", ".zstd". The reverse goes by the end of the
// name, and knows .zst too; none for every other end.
std::string_view suffix_of(compression kind);
compression compression_of_file(const std::filesystem::path& name);
// Whether bytes begin as a gzip file does, whatever its name. Raw voxels may do so by chance.
bool looks_like_gzip(std::span<const std::byte> file);

// Whether the library was there when this program was built; without it, the functions below throw.
bool is_available(compression kind);

struct level_range {
    int lowest, usual, highest;
};
// gzip and zlib 1 6 9, br 0 5 11, zstd 1 3 19, bzip2 1 9 9, xz 0 6 9; of lz4 more is faster: 1 1 65537
level_range levels_of(compression kind);

// Replaces `file`. The same bytes and level give the same file, as long as the library is the same. Throws
// format_error for a level out of range.
void compress(compression kind, int level, std::span<const std::byte> data, std::vector<std::byte>& file);

// The most bytes that compress() makes of so many.
std::size_t compressed_bound(compression kind, std::size_t bytes);

// Replaces `data`, which is never given more than `most` bytes, whatever the file says. Throws format_error
// for a file that is cut off, damaged (check sums included), that has other bytes behind its end, or that
// holds more. A gzip file may have several members, and zero bytes behind the last, as for gzip(1); a zstd
// file several frames.
void decompress(compression kind, std::span<const std::byte> file, std::size_t most,
                std::vector<std::byte>& data);

// The same into memory that it has to fill exactly.
void decompress_exactly(compression kind, std::span<const std::byte> file, std::span<std::byte> data);

}  // namespace formats
