// SPDX-License-Identifier: BSL-1.0
// How the voxels of a chunk become bytes, and bytes voxels: `encoding` of a precomputed scale.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chunk_shape.hpp"
#include "compressed_segmentation.hpp"

namespace formats {

// Stateless: any number of threads may share one.
class chunk_encoding {
public:
    virtual ~chunk_encoding() = default;

    // As info has it: raw, jpeg, png, compressed_segmentation.
    virtual std::string_view name() const = 0;
    virtual bool is_lossy() const { return false; }

    // Throws format_error, which says why and what would do, where such a chunk cannot be written.
    virtual void check(const chunk_shape& shape) const = 0;

    // voxels: bytes_of(shape) of them. Throws format_error for a file that is not exactly such a chunk; what
    // the voxels are is then undefined.
    virtual void decode(std::span<const std::byte> file, const chunk_shape& shape,
                        std::span<std::byte> voxels) const = 0;

    // Replaces `file`. The same voxels give the same bytes. Throws format_error as check() does.
    virtual void encode(std::span<const std::byte> voxels, const chunk_shape& shape,
                        std::vector<std::byte>& file) const = 0;

    // The most bytes that encode() makes of such a chunk.
    virtual std::size_t bound(const chunk_shape& shape) const = 0;
    // The most that a file of such a chunk may reasonably have, whoever wrote it: what is longer need not be
    // read.
    virtual std::size_t largest_file(const chunk_shape& shape) const { return 2 * bound(shape) + (1 << 20); }
};

struct encoding_options {
    int jpeg_quality = 75;        // 0 to 100
    int png_level = 6;            // 0 to 9
    block_extent block{8, 8, 8};  // of compressed_segmentation
};

// In any case of letters. Throws format_error for an encoding that is not known, or whose library was missing
// when this program was built, and for options out of range.
std::unique_ptr<chunk_encoding> make_encoding(std::string_view name, const encoding_options& options = {});

}  // namespace formats
