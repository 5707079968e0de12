// SPDX-License-Identifier: BSL-1.0
// Chunks of arrays of Zarr and N5: what stores of files and of shards have in common. A chunk here has all
// channels; where the array is cut along their axes as well, it is put together from several chunks of the
// array, its parts. It is missing where all of them are. Where some are, it is there, and they hold the
// array's fill value, as these formats have it.
#pragma once

#include "scale_files.hpp"
#include "scale_store.hpp"
#include "written_file.hpp"

namespace volumes {

class array_store : public scale_store {
public:
    std::string name_of(const box3& chunk) const override;
    bool read(const box3& chunk, std::span<std::byte> voxels, scratch& mine) const override;
    presence look(const box3& chunk, scratch& mine) const override;
    std::optional<std::int64_t> modified(const box3& chunk) const override;
    std::optional<std::int64_t> modified_first(const box3& chunk) const override;
    // Throws bad_input where the folder of the array is not there, or has chunks under names of another form.
    void check_missing_are_missing() const override;
    // Arrays have their own.
    formats::compression compression() const override { return formats::compression::none; }

protected:
    // files: of the folder of the array, which is on a disk where something is to be written. Throws
    // bad_input where the scale is another than its array.
    array_store(std::unique_ptr<const scale_files> files, std::filesystem::path folder, const scale& stored,
                const voxel_format& format, const writing& how, std::filesystem::path temporary);

    // The file of a part, in the folder; and what messages call it.
    virtual std::string file_of(const formats::array_place& part) const = 0;
    virtual std::string text_of(const formats::array_place& part) const;
    // As read(), of a part; the voxels are those of the whole chunk.
    virtual bool read_part(const formats::array_place& part, std::span<std::byte> voxels,
                           scratch& mine) const = 0;
    // The same, where only whether it would be read counts.
    virtual bool look_part(const formats::array_place& part, std::span<std::byte> voxels,
                           scratch& mine) const {
        return read_part(part, voxels, mine);
    }

    // f(part) for each.
    template <class F>
    void for_each_part(const box3& chunk, F&& f) const {
        const formats::grid_index place = place_of(chunk);
        for (std::uint64_t part = 0; part < chunks_.parts(); ++part) f(chunks_.place_of(place, part));
    }
    bool is_skipped(std::span<const std::byte> voxels) const {
        return how_.skip_zeros && chunks_.is_fill(voxels);
    }

    const scale_files& files() const { return *files_; }
    const placed_files& placed() const { return placed_; }
    const formats::array_chunks& chunks() const { return chunks_; }

private:
    formats::grid_index place_of(const box3& chunk) const;
    std::vector<std::int64_t> times_of(const box3& chunk) const;
    void check_replaceable(const formats::array_place& part) const;

    std::unique_ptr<const scale_files> files_;
    placed_files placed_;
    writing how_;
    formats::array_chunks chunks_;
};

}  // namespace volumes
