// SPDX-License-Identifier: BSL-1.0
// Voxels to the bytes of a file and back, as a scale's encoding and compression have it.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "formats/chunk_encoding.hpp"
#include "formats/compression.hpp"
#include "scale_store.hpp"

namespace volumes {

class chunk_codec {
public:
    // Throws formats::format_error for an encoding that is not known, and for options out of range.
    chunk_codec(const chunk_form& form, const voxel_format& format, int quality);

    bool is_raw() const { return is_raw_; }
    bool is_lossy() const { return encoding_->is_lossy(); }
    // Throws formats::format_error where chunks of this shape cannot be written, or voxels of this type not
    // be read.
    void check_writable(const index3& chunk) const { encoding_->check(shape_of(chunk)); }
    void check_type() const { encoding_->check(shape_of({1, 1, 1})); }

    // The most bytes that a file of a chunk may have before it is compressed.
    std::size_t largest_file(const index3& chunk) const { return encoding_->largest_file(shape_of(chunk)); }

    // Throws formats::format_error for a file that is not exactly such a chunk.
    void decode(std::span<const std::byte> file, formats::compression compression, const index3& chunk,
                std::span<std::byte> voxels, scratch& mine) const;

    // Nothing is copied where the file is nothing but the voxels. The bytes are the scratch's, or `voxels`.
    // Throws formats::format_error.
    std::span<const std::byte> encode(std::span<const std::byte> voxels, formats::compression compression,
                                      int level, const index3& chunk, scratch& mine) const;

    // What a thread may need for a chunk beside its voxels, the file included.
    double memory_to_read(const index3& chunk) const;
    double memory_to_write(const index3& chunk, formats::compression compression) const;

private:
    formats::chunk_shape shape_of(const index3& chunk) const;

    voxel_format format_;
    std::unique_ptr<const formats::chunk_encoding> encoding_;
    bool is_raw_;
};

// Whether a chunk is nothing but zero bytes, which is what readers take a missing one for.
bool is_zero(std::span<const std::byte> voxels);

}  // namespace volumes
