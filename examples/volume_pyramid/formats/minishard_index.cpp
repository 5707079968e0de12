// SPDX-License-Identifier: BSL-1.0
#include "minishard_index.hpp"

#include <algorithm>
#include <string>

#include "format_error.hpp"
#include "little_endian.hpp"

namespace formats {
namespace {

constexpr std::size_t number_bytes = 8, entry_bytes = 3 * number_bytes;

}  // namespace

std::vector<shard_entry> decode_minishard_index(std::span<const std::byte> index, std::uint64_t data_bytes) {
    if (index.size() % entry_bytes != 0)
        throw format_error("an index of " + std::to_string(index.size()) + " bytes, no multiple of 24");
    const std::size_t n = index.size() / entry_bytes;
    std::vector<shard_entry> entries(n);
    const auto number = [&](std::size_t i) { return load<std::uint64_t>(index.data() + i * number_bytes); };
    std::uint64_t chunk = 0, end = 0;  // which wrap around, as in other readers
    for (std::size_t i = 0; i < n; ++i) {
        chunk += number(i);
        const std::uint64_t begin = end + number(n + i), bytes = number(2 * n + i);
        if (begin > data_bytes || bytes > data_bytes - begin)
            throw format_error("chunk " + std::to_string(chunk) + " of " + std::to_string(bytes) +
                               " bytes at " + std::to_string(begin) + " lies outside of the file");
        entries[i] = {chunk, begin, bytes};
        end = begin + bytes;
    }
    const auto before = [](const shard_entry& a, const shard_entry& b) { return a.chunk < b.chunk; };
    if (!std::is_sorted(entries.begin(), entries.end(), before))
        std::sort(entries.begin(), entries.end(), before);
    const auto twice = std::adjacent_find(entries.begin(), entries.end(),
                                          [](const auto& a, const auto& b) { return a.chunk == b.chunk; });
    if (twice != entries.end())
        throw format_error("chunk " + std::to_string(twice->chunk) + " is there twice");
    return entries;
}

std::vector<std::byte> encode_minishard_index(std::span<const shard_entry> entries) {
    const std::size_t n = entries.size();
    std::vector<std::byte> index(n * entry_bytes);
    std::uint64_t chunk = 0, end = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const shard_entry& e = entries[i];
        store(index.data() + i * number_bytes, e.chunk - chunk);
        store(index.data() + (n + i) * number_bytes, e.begin - end);
        store(index.data() + (2 * n + i) * number_bytes, e.bytes);
        chunk = e.chunk;
        end = e.begin + e.bytes;
    }
    return index;
}

}  // namespace formats
