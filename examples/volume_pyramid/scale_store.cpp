// SPDX-License-Identifier: BSL-1.0
#include "scale_store.hpp"

#include <algorithm>
#include <utility>

#include "array_file_store.hpp"
#include "array_shard_store.hpp"
#include "flat_store.hpp"
#include "shard_store.hpp"

namespace volumes {
namespace {

void fill(std::span<std::byte> voxels, std::span<const std::byte> value) {
    for (std::size_t i = 0; i < voxels.size(); i += value.size())
        std::copy(value.begin(), value.end(), voxels.begin() + static_cast<std::ptrdiff_t>(i));
}

}  // namespace

phases& phases::operator+=(const phases& other) {
    reading += other.reading;
    decoding += other.decoding;
    pooling += other.pooling;
    encoding += other.encoding;
    writing += other.writing;
    return *this;
}

void scale_store::read_box(const box3& wanted, std::span<std::byte> voxels,
                           std::span<const std::byte> missing, scratch& mine) const {
    layout_.for_each_in(wanted, [&](const box3& chunk) {
        const bool whole_box = chunk == wanted;
        const std::span<std::byte> bytes = whole_box ? voxels : mine.chunk.of_size(format_.bytes_of(chunk));
        if (!read(chunk, bytes, mine)) {
            if (missing.empty()) {
                const std::string hint = hint_for_missing(chunk);
                throw chunk_error(hint.empty() ? name_of(chunk) +
                                                     ": is missing; --missing background would "
                                                     "take it for background"
                                               : hint);
            }
            fill(bytes, missing);
        }
        const stopwatch timed(mine.spent.reading);
        if (!whole_box)
            copy_shared(chunk, bytes.data(), wanted, voxels.data(), format_.bytes, format_.channels);
    });
}

std::unique_ptr<const scale_store> make_store(std::unique_ptr<const scale_files> files,
                                              const std::filesystem::path& folder, const scale& stored,
                                              const voxel_format& format, const writing& how,
                                              const std::filesystem::path& temporary) {
    if (stored.form.array && !stored.form.array->shard.empty())
        return std::make_unique<array_shard_store>(std::move(files), folder, stored, format, how, temporary);
    if (stored.form.array)
        return std::make_unique<array_file_store>(std::move(files), folder, stored, format, how, temporary);
    if (stored.form.sharding)
        return std::make_unique<shard_store>(std::move(files), folder, stored, format, how, temporary);
    return std::make_unique<flat_store>(std::move(files), folder, stored, format, how, temporary);
}

std::unique_ptr<const scale_store> open_scale(const std::filesystem::path& volume, const scale& stored,
                                              const voxel_format& format, const writing& how,
                                              const std::filesystem::path& temporary) {
    const auto folder = volume / stored.key;
    return make_store(std::make_unique<folder_files>(folder), folder, stored, format, how, temporary);
}

}  // namespace volumes
