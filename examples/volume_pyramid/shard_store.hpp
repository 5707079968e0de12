// SPDX-License-Identifier: BSL-1.0
// Chunks in shards. A shard is written when the last of its chunks has been given, and all of them have to
// come from one task: then a task that is done twice writes the same files.
#pragma once

#include "chunk_codec.hpp"
#include "formats/shard_reader.hpp"
#include "formats/shard_writer.hpp"
#include "open_shards.hpp"
#include "scale_files.hpp"
#include "written_file.hpp"

namespace volumes {

class shard_store final : public scale_store {
public:
    // files: of the folder of the scale, which is on a disk where something is to be written.
    shard_store(std::unique_ptr<const scale_files> files, std::filesystem::path folder, const scale& stored,
                const voxel_format& format, const writing& how, const std::filesystem::path& temporary);

    std::string name_of(const box3& chunk) const override;
    bool read(const box3& chunk, std::span<std::byte> voxels, scratch& mine) const override;
    presence look(const box3& chunk, scratch& mine) const override;
    std::optional<std::int64_t> modified(const box3& chunk) const override;
    bool write(const box3& chunk, std::span<const std::byte> voxels, scratch& mine) const override;
    void check_missing_are_missing() const override;
    formats::compression compression() const override;
    double memory_to_read() const override;
    double memory_to_write() const override;
    double memory_shared(double chunks) const override;

private:
    using shards = open_shards<std::uint64_t, formats::shard_writer>;
    std::uint64_t id_of(const box3& chunk) const;
    std::shared_ptr<shards::shard> open(std::uint64_t shard) const;
    std::uint64_t chunks_in(std::uint64_t shard) const;
    index3 largest_chunk() const { return extent(layout().box_of({})); }
    // Of indices of minishards. A scale that is written is read only to see whether it is whole, in order.
    std::size_t cache_bytes() const { return std::size_t{is_read_ ? 32u : 1u} << 20; }

    std::unique_ptr<const scale_files> files_;
    placed_files placed_;
    bool is_read_;
    writing how_;
    chunk_codec codec_;
    formats::shard_spec spec_;
    formats::morton_code grid_;
    std::unique_ptr<formats::shard_reader> reader_;
    mutable shards open_;
};

formats::morton_code morton_of(const chunk_layout& layout);

}  // namespace volumes
