// SPDX-License-Identifier: BSL-1.0
#include "array_file_store.hpp"

#include "chunk_files.hpp"

namespace volumes {

using formats::array_place;

bool array_file_store::read_part(const array_place& part, std::span<std::byte> voxels, scratch& mine) const {
    std::span<std::byte> bytes;
    const std::string text = text_of(part);
    {
        const stopwatch timed(mine.spent.reading);
        const std::size_t most = chunks().largest_file();
        const auto file = files().fetch(file_of(part), most);
        if (!file) return false;
        if (file->bytes > most)
            throw chunk_error(text + ": has " + std::to_string(file->bytes) +
                              " bytes, far more than the chunk can need");
        bytes = mine.file.of_size(file->bytes);
        named(text, [&] { files().read(*file, 0, bytes); });
    }
    const stopwatch timed(mine.spent.decoding);
    named(text, [&] { chunks().decode(part, bytes, voxels, mine.array); });
    return true;
}

bool array_file_store::look_part(const array_place& part, std::span<std::byte> voxels, scratch& mine) const {
    const auto always = chunks().size_of_files();
    if (!always) return read_part(part, voxels, mine);
    const auto file = files().fetch(file_of(part), chunks().largest_file());
    if (file && file->bytes != *always)
        throw chunk_error(text_of(part) + ": has " + std::to_string(file->bytes) +
                          " bytes, but the chunk has " + std::to_string(*always));
    return file.has_value();
}

bool array_file_store::write(const box3& chunk, std::span<const std::byte> voxels, scratch& mine) const {
    const bool skipped = is_skipped(voxels);
    for_each_part(chunk, [&](const array_place& part) {
        std::span<const std::byte> bytes;
        if (!skipped) {
            const stopwatch timed(mine.spent.encoding);
            try {
                bytes = chunks().encode(part, voxels, mine.array);
            } catch (const formats::format_error& problem) {
                throw write_error(text_of(part) + ": cannot be written: " + problem.what());
            }
        }
        const stopwatch timed(mine.spent.writing);
        if (skipped)
            placed().remove(file_of(part));
        else
            placed().write(file_of(part), bytes);
    });
    return !skipped;
}

double array_file_store::memory_to_read() const {
    return chunks().memory_to_decode() + files().memory_to_read(chunks().largest_file());
}

}  // namespace volumes
