// SPDX-License-Identifier: BSL-1.0
#include "array_shard_store.hpp"

#include <algorithm>
#include <utility>

#include "chunk_files.hpp"

namespace volumes {

using formats::array_place;

array_shard_store::array_shard_store(std::unique_ptr<const scale_files> files, std::filesystem::path folder,
                                     const scale& stored, const voxel_format& format, const writing& how,
                                     const std::filesystem::path& temporary)
    : array_store(std::move(files), std::move(folder), stored, format, how, temporary),
      form_(chunks().shard_form()),
      cache_bytes_(std::size_t{temporary.empty() ? 32u : 1u} << 20),
      reader_(std::make_unique<formats::array_shard_reader>(this->files(), form_, cache_bytes_)) {}

std::string array_shard_store::file_of(const array_place& part) const {
    return chunks().name_of(chunks().shard_of(part));
}

std::string array_shard_store::text_of(const array_place& part) const {
    std::string text = array_store::text_of(part) + ": chunk ";
    for (std::size_t axis = 0; axis < part.size(); ++axis)
        text.append(axis == 0 ? "" : ",").append(std::to_string(part[axis]));
    return text;
}

bool array_shard_store::read_part(const array_place& part, std::span<std::byte> voxels, scratch& mine) const {
    try {
        const stopwatch timed(mine.spent.reading);
        if (!reader_->read(file_of(part), chunks().number_in_shard(part), chunks().largest_file(),
                           mine.unpacked))
            return false;
    } catch (const formats::format_error& problem) {  // which names the file
        throw chunk_error(problem.what());
    }
    const stopwatch timed(mine.spent.decoding);
    named(text_of(part), [&] { chunks().decode(part, mine.unpacked, voxels, mine.array); });
    return true;
}

std::shared_ptr<array_shard_store::shards::shard> array_shard_store::open(const array_place& shard) const {
    return open_.open(shard, [&] {
        return std::shared_ptr<shards::shard>(
            new shards::shard{{form_, placed().folder() / chunks().name_of(shard), placed().temporary()},
                              chunks().chunks_in(shard)});
    });
}

bool array_shard_store::write(const box3& chunk, std::span<const std::byte> voxels, scratch& mine) const {
    const bool skipped = is_skipped(voxels);
    for_each_part(chunk, [&](const array_place& part) {
        const array_place place = chunks().shard_of(part);
        const auto shard = open(place);
        try {
            if (!skipped) {
                std::span<const std::byte> bytes;
                {
                    const stopwatch timed(mine.spent.encoding);
                    bytes = chunks().encode(part, voxels, mine.array);
                }
                const stopwatch timed(mine.spent.writing);
                shard->writer.add(chunks().number_in_shard(part), bytes);
            }
            const stopwatch timed(mine.spent.writing);
            const auto whole = open_.one_less(place);
            if (whole && !whole->writer.is_empty()) placed().make_folders_of(file_of(part));
            if (whole) whole->writer.finish();
        } catch (const formats::format_error& problem) {
            throw write_error(text_of(part) + ": cannot be written: " + problem.what());
        }
    });
    return !skipped;
}

double array_shard_store::index_memory() const {
    return double(form_.chunks) * sizeof(formats::array_index::value_type);
}

double array_shard_store::memory_to_read() const {
    return chunks().memory_to_decode() + files().memory_to_read(chunks().largest_file()) + 2 * index_memory();
}

double array_shard_store::memory_to_write() const {
    constexpr double block = 1 << 20;  // in which a shard is put in order
    return block + chunks().memory_to_encode() + index_memory();
}

// 24 bytes a chunk, twice while a list of them grows, and once more while a shard is put in order.
double array_shard_store::memory_shared(double given) const {
    return std::max(double(cache_bytes_), index_memory() + 256) + 72 * given * double(chunks().parts());
}

}  // namespace volumes
