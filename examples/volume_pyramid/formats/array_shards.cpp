// SPDX-License-Identifier: BSL-1.0
#include "array_shards.hpp"

#include <algorithm>
#include <memory>

#include "crc32c.hpp"
#include "format_error.hpp"
#include "little_endian.hpp"

namespace formats {
namespace {

constexpr std::uint64_t absent = ~std::uint64_t{0};

}  // namespace

array_index decode_array_index(std::span<const std::byte> index, const array_shard_form& form,
                               std::uint64_t file_bytes) {
    if (index.size() != form.index_bytes())
        throw format_error("an index of " + std::to_string(index.size()) + " bytes, not " +
                           std::to_string(form.index_bytes()));
    if (form.index_has_crc) {
        const auto numbers = index.first(index.size() - 4);
        if (crc32c(numbers) != load<std::uint32_t>(index.data() + numbers.size()))
            throw format_error("the index is damaged: its crc32c is another");
    }
    array_index ranges(form.chunks);
    for (std::size_t chunk = 0; chunk < ranges.size(); ++chunk) {
        const auto begin = load<std::uint64_t>(index.data() + 16 * chunk);
        const auto bytes = load<std::uint64_t>(index.data() + 16 * chunk + 8);
        if (begin == absent && bytes == absent) continue;
        if (begin > file_bytes || bytes > file_bytes - begin)
            throw format_error("chunk " + std::to_string(chunk) + " of " + std::to_string(bytes) +
                               " bytes at " + std::to_string(begin) + " lies outside of the file");
        ranges[chunk] = {begin, bytes};
    }
    return ranges;
}

std::vector<std::byte> encode_array_index(std::span<const shard_entry> chunks, const array_shard_form& form) {
    std::vector<std::byte> index(form.index_bytes(), std::byte{255});
    for (const shard_entry& e : chunks) {
        store(index.data() + 16 * e.chunk, e.begin);
        store(index.data() + 16 * e.chunk + 8, e.bytes);
    }
    if (form.index_has_crc) {
        std::byte* end = index.data() + index.size() - 4;
        store(end, crc32c({index.data(), end}));
    }
    return index;
}

bool array_shard_reader::read(const std::string& shard, std::uint64_t chunk, std::size_t most,
                              std::vector<std::byte>& bytes) {
    const auto index = kept_.get(
        shard, [&] { return read_index(shard); },
        [](const array_index& ranges) { return ranges.size() * sizeof ranges[0] + 256; });
    if (!index || !(*index)[chunk]) return false;
    const chunk_range range = *(*index)[chunk];
    return named(files_, shard, [&] {
        if (range.bytes > most)
            throw format_error("chunk " + std::to_string(chunk) + " has " + std::to_string(range.bytes) +
                               " bytes, more than the " + std::to_string(most) + " that are possible");
        bytes.resize(range.bytes);
        files_.read(shard, range.begin, bytes);
        return true;
    });
}

std::shared_ptr<const array_index> array_shard_reader::read_index(const std::string& shard) const {
    return named(files_, shard, [&]() -> std::shared_ptr<const array_index> {
        const auto file_bytes = files_.size_of(shard);
        if (!file_bytes) return nullptr;
        std::vector<std::byte> index(form_.index_bytes());
        if (*file_bytes < index.size())
            throw format_error("the file has " + std::to_string(*file_bytes) +
                               " bytes, fewer than the shard's index");
        files_.read(shard, form_.index_at_start ? 0 : *file_bytes - index.size(), index);
        return std::make_shared<const array_index>(decode_array_index(index, form_, *file_bytes));
    });
}

void array_shard_writer::finish() {
    gathered_.finish(false, [&](std::vector<shard_entry> chunks, gathered_file::output& to) {
        std::uint64_t end = form_.index_at_start ? form_.index_bytes() : 0;
        for (shard_entry& e : chunks) {
            to.copy(e, end);
            e.begin = end;
            end += e.bytes;
        }
        to.write(encode_array_index(chunks, form_), form_.index_at_start ? 0 : end);
    });
}

}  // namespace formats
