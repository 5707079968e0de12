// SPDX-License-Identifier: BSL-1.0
// Arrays of Zarr and N5 whose chunks are files of their own, written under a temporary name and renamed.
#pragma once

#include "array_store.hpp"

namespace volumes {

class array_file_store final : public array_store {
public:
    array_file_store(std::unique_ptr<const scale_files> files, std::filesystem::path folder,
                     const scale& stored, const voxel_format& format, const writing& how,
                     std::filesystem::path temporary)
        : array_store(std::move(files), std::move(folder), stored, format, how, std::move(temporary)) {}

    bool write(const box3& chunk, std::span<const std::byte> voxels, scratch& mine) const override;
    double memory_to_read() const override;
    double memory_to_write() const override { return chunks().memory_to_encode(); }

private:
    std::string file_of(const formats::array_place& part) const override { return chunks().name_of(part); }
    bool read_part(const formats::array_place& part, std::span<std::byte> voxels,
                   scratch& mine) const override;
    bool look_part(const formats::array_place& part, std::span<std::byte> voxels,
                   scratch& mine) const override;
};

}  // namespace volumes
