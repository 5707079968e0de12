// SPDX-License-Identifier: BSL-1.0
#include <lz4.h>

#include <cstdint>
#include <limits>

#include "codecs.hpp"
#include "format_error.hpp"
#include "little_endian.hpp"

namespace formats::codecs {
namespace {

constexpr std::size_t length_bytes = 4;  // of the data, in front of the block

const char* chars_of(const std::byte* p) { return reinterpret_cast<const char*>(p); }

}  // namespace

std::optional<std::size_t> unlz4(std::span<const std::byte> file, std::span<std::byte> data) {
    if (file.size() < length_bytes) throw format_error("the lz4 file is cut off");
    const std::size_t bytes = load<std::uint32_t>(file.data());
    if (bytes > data.size()) return std::nullopt;
    const auto block = file.subspan(length_bytes);
    if (block.size() > std::size_t{std::numeric_limits<int>::max()} || bytes > LZ4_MAX_INPUT_SIZE)
        throw format_error("the lz4 file is larger than lz4 makes any");
    const int made = LZ4_decompress_safe(chars_of(block.data()), reinterpret_cast<char*>(data.data()),
                                         static_cast<int>(block.size()), static_cast<int>(bytes));
    if (made < 0 || static_cast<std::size_t>(made) != bytes)
        throw format_error("the lz4 file is damaged or cut off");
    return bytes;
}

std::size_t lz4(std::span<const std::byte> data, int level, std::span<std::byte> file) {
    store(file.data(), static_cast<std::uint32_t>(data.size()));
    const auto room = file.subspan(length_bytes);
    const int made = LZ4_compress_fast(chars_of(data.data()), reinterpret_cast<char*>(room.data()),
                                       static_cast<int>(data.size()), static_cast<int>(room.size()), level);
    if (made <= 0) throw format_error("lz4 does not compress");
    return length_bytes + static_cast<std::size_t>(made);
}

// LZ4_compressBound(), which counts in 31 bits.
std::size_t lz4_bound(std::size_t bytes) { return length_bytes + bytes + bytes / 255 + 16; }

}  // namespace formats::codecs
