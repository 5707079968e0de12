// SPDX-License-Identifier: BSL-1.0
// Chunks that are files of their own, plain or compressed as a whole, written under a temporary name and
// renamed.
#pragma once

#include "chunk_codec.hpp"
#include "scale_files.hpp"
#include "written_file.hpp"

namespace volumes {

class flat_store final : public scale_store {
public:
    // files: of the folder of the scale, which is on a disk where something is to be written.
    flat_store(std::unique_ptr<const scale_files> files, std::filesystem::path folder, const scale& stored,
               const voxel_format& format, const writing& how, std::filesystem::path temporary);

    std::string name_of(const box3& chunk) const override;
    bool read(const box3& chunk, std::span<std::byte> voxels, scratch& mine) const override;
    presence look(const box3& chunk, scratch& mine) const override;
    std::optional<std::int64_t> modified(const box3& chunk) const override;
    bool write(const box3& chunk, std::span<const std::byte> voxels, scratch& mine) const override;
    void check_missing_are_missing() const override;
    formats::compression compression() const override;
    double memory_to_read() const override;
    double memory_to_write() const override;

private:
    // The names of files count voxel_offset in.
    std::string plain_name(const box3& chunk) const;
    std::optional<chunk_file> find(const box3& chunk) const;
    // More bytes than a file that is compressed so has.
    std::size_t most_bytes(const index3& chunk, formats::compression kind) const;
    void read_file(const chunk_file& file, const box3& chunk, std::span<std::byte> voxels,
                   scratch& mine) const;
    std::span<std::byte> read_bytes(const chunk_file& file, std::size_t most, buffer& into) const;
    // Whether a file in the folder is one of the scale's chunks.
    bool is_chunk_name(const std::string& name) const;
    std::optional<formats::compression> compression_of_any() const;
    std::string hint_for_missing(const box3& chunk) const override;

    std::unique_ptr<const scale_files> files_;
    placed_files placed_;
    writing how_;
    chunk_codec codec_;
};

}  // namespace volumes
