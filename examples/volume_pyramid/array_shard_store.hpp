// SPDX-License-Identifier: BSL-1.0
// Arrays of Zarr 3 whose chunks are in shards. A shard is written when the last of its chunks has been given,
// and all of them have to come from one task: then a task that is done twice writes the same files.
#pragma once

#include "array_store.hpp"
#include "formats/array_shards.hpp"
#include "open_shards.hpp"

namespace volumes {

class array_shard_store final : public array_store {
public:
    array_shard_store(std::unique_ptr<const scale_files> files, std::filesystem::path folder,
                      const scale& stored, const voxel_format& format, const writing& how,
                      const std::filesystem::path& temporary);

    bool write(const box3& chunk, std::span<const std::byte> voxels, scratch& mine) const override;
    double memory_to_read() const override;
    double memory_to_write() const override;
    double memory_shared(double chunks) const override;

private:
    using shards = open_shards<formats::array_place, formats::array_shard_writer>;

    std::string file_of(const formats::array_place& part) const override;
    std::string text_of(const formats::array_place& part) const override;
    bool read_part(const formats::array_place& part, std::span<std::byte> voxels,
                   scratch& mine) const override;
    std::shared_ptr<shards::shard> open(const formats::array_place& shard) const;
    double index_memory() const;

    formats::array_shard_form form_;
    // Of indices. An array that is written is read only to see whether it is whole, in order.
    std::size_t cache_bytes_;
    std::unique_ptr<formats::array_shard_reader> reader_;
    mutable shards open_;
};

}  // namespace volumes
