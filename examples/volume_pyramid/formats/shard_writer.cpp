// SPDX-License-Identifier: BSL-1.0
#include "shard_writer.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "format_error.hpp"
#include "little_endian.hpp"

namespace formats {

shard_writer::shard_writer(const shard_spec& spec, std::uint64_t shard, const std::filesystem::path& folder,
                           std::filesystem::path temporary, int gzip_level)
    : spec_(spec),
      shard_(shard),
      gzip_level_(gzip_level),
      gathered_(folder / spec.file_of(shard), std::move(temporary)) {}

void shard_writer::add(std::uint64_t chunk, std::span<const std::byte> bytes) {
    if (spec_.place_of(chunk).shard != shard_)
        throw format_error("chunk " + std::to_string(chunk) + " belongs to another shard than " +
                           spec_.file_of(shard_));
    std::vector<std::byte> packed;
    if (spec_.data_encoding != compression::none) {
        compress(spec_.data_encoding, gzip_level_, bytes, packed);
        bytes = packed;
    }
    gathered_.add(chunk, bytes);
}

void shard_writer::finish(bool durable) {
    gathered_.finish(durable, [&](std::vector<shard_entry> entries, gathered_file::output& to) {
        put_in_order(std::move(entries), to);
    });
}

void shard_writer::put_in_order(std::vector<shard_entry> entries, gathered_file::output& to) const {
    const auto minishard_of = [&](const shard_entry& e) { return spec_.place_of(e.chunk).minishard; };
    std::sort(entries.begin(), entries.end(), [&](const shard_entry& a, const shard_entry& b) {
        return std::pair{minishard_of(a), a.chunk} < std::pair{minishard_of(b), b.chunk};
    });
    // Minishards without a chunk stay 0, 0 in the index.
    std::uint64_t end = 0;
    for (auto first = entries.begin(); first != entries.end();) {
        const std::uint64_t minishard = minishard_of(*first);
        const auto last = std::find_if(first, entries.end(),
                                       [&](const shard_entry& e) { return minishard_of(e) != minishard; });
        const std::span<shard_entry> here(first, last);
        const std::uint64_t index_begin = copy_minishard(to, here, end);
        end = append_index(to, here, index_begin);
        std::byte range[16];
        store(range, index_begin);
        store(range + 8, end);
        to.write(range, minishard * sizeof range);
        first = last;
    }
}

// The data, and where each chunk is from now on; returns where it ends.
std::uint64_t shard_writer::copy_minishard(gathered_file::output& to, std::span<shard_entry> entries,
                                           std::uint64_t end) const {
    for (shard_entry& e : entries) {
        to.copy(e, spec_.index_bytes() + end);
        e.begin = end;
        end += e.bytes;
    }
    return end;
}

std::uint64_t shard_writer::append_index(gathered_file::output& to, std::span<const shard_entry> entries,
                                         std::uint64_t end) const {
    std::vector<std::byte> index = encode_minishard_index(entries), packed;
    if (spec_.index_encoding != compression::none) {
        compress(spec_.index_encoding, gzip_level_, index, packed);
        index.swap(packed);
    }
    to.write(index, spec_.index_bytes() + end);
    return end + index.size();
}

}  // namespace formats
