// SPDX-License-Identifier: BSL-1.0
#include "chunk_codec.hpp"

#include <algorithm>
#include <cstring>

namespace volumes {
namespace {

formats::encoding_options options_of(const chunk_form& form, int quality) {
    formats::encoding_options options;
    options.jpeg_quality = quality;
    options.block = form.block;
    return options;
}

// What the libraries allocate while they work on a chunk of so many bytes; measured, and rounded up.
double library_state(double bytes) { return 6 * bytes + double(std::size_t{2} << 20); }

}  // namespace

chunk_codec::chunk_codec(const chunk_form& form, const voxel_format& format, int quality)
    : format_(format),
      encoding_(formats::make_encoding(form.encoding, options_of(form, quality))),
      is_raw_(encoding_->name() == "raw") {}

formats::chunk_shape chunk_codec::shape_of(const index3& chunk) const {
    return {{static_cast<std::size_t>(chunk[0]), static_cast<std::size_t>(chunk[1]),
             static_cast<std::size_t>(chunk[2])},
            static_cast<std::size_t>(format_.channels),
            format_.type};
}

void chunk_codec::decode(std::span<const std::byte> file, formats::compression compression,
                         const index3& chunk, std::span<std::byte> voxels, scratch& mine) const {
    const bool packed = compression != formats::compression::none;
    if (packed && is_raw_) return formats::decompress_exactly(compression, file, voxels);
    if (packed) {
        formats::decompress(compression, file, largest_file(chunk), mine.unpacked);
        file = mine.unpacked;
    }
    encoding_->decode(file, shape_of(chunk), voxels);
}

std::span<const std::byte> chunk_codec::encode(std::span<const std::byte> voxels,
                                               formats::compression compression, int level,
                                               const index3& chunk, scratch& mine) const {
    if (!is_raw_) {
        encoding_->encode(voxels, shape_of(chunk), mine.encoded);
        voxels = mine.encoded;
    }
    if (compression == formats::compression::none) return voxels;
    formats::compress(compression, level, voxels, mine.compressed);
    return mine.compressed;
}

double chunk_codec::memory_to_read(const index3& chunk) const {
    const auto bytes = double(format_.bytes_of(voxels(chunk))), file = double(largest_file(chunk));
    // A file of the voxels themselves is read into their place, and may still turn out to be gzip.
    if (is_raw_) return 1.01 * file + 4096 + double(std::size_t{300} << 10);
    return 3.01 * file + library_state(bytes);
}

double chunk_codec::memory_to_write(const index3& chunk, formats::compression compression) const {
    const auto bytes = double(format_.bytes_of(voxels(chunk)));
    const std::size_t file = is_raw_ ? format_.bytes_of(voxels(chunk)) : encoding_->bound(shape_of(chunk));
    double needed = is_raw_ ? 0 : double(file) + library_state(bytes);
    if (compression != formats::compression::none)
        needed += double(formats::compressed_bound(compression, file));
    if (compression == formats::compression::gzip) needed += double(std::size_t{1} << 20);
    if (compression == formats::compression::brotli || compression == formats::compression::zstd)
        needed += library_state(4 * bytes) + double(std::size_t{16} << 20);
    return needed;
}

bool is_zero(std::span<const std::byte> voxels) {
    return voxels.empty() || (voxels[0] == std::byte{} &&
                              std::memcmp(voxels.data(), voxels.data() + 1, voxels.size() - 1) == 0);
}

}  // namespace volumes
