// SPDX-License-Identifier: BSL-1.0
#include "chunk_encoding.hpp"

#include <algorithm>
#include <cstring>

#include "format_error.hpp"
#ifdef FORMATS_WITH_JPEG
#include "jpeg.hpp"
#endif
#ifdef FORMATS_WITH_PNG
#include "png.hpp"
#endif

namespace formats {
namespace {

using bytes = std::span<const std::byte>;

class raw_encoding final : public chunk_encoding {
public:
    std::string_view name() const override { return "raw"; }
    void check(const chunk_shape& shape) const override { bytes_of(shape); }
    void decode(bytes file, const chunk_shape& shape, std::span<std::byte> voxels) const override {
        if (file.size() != bytes_of(shape) || file.size() != voxels.size())
            throw format_error("has " + std::to_string(file.size()) + " bytes, but the chunk has " +
                               std::to_string(bytes_of(shape)));
        std::memcpy(voxels.data(), file.data(), file.size());
    }
    void encode(bytes voxels, const chunk_shape& shape, std::vector<std::byte>& file) const override {
        if (voxels.size() != bytes_of(shape)) throw format_error("the voxels of a chunk are of another size");
        file.assign(voxels.begin(), voxels.end());
    }
    std::size_t bound(const chunk_shape& shape) const override { return bytes_of(shape); }
    std::size_t largest_file(const chunk_shape& shape) const override { return bytes_of(shape); }
};

class segmentation_encoding final : public chunk_encoding {
public:
    explicit segmentation_encoding(const block_extent& block) : block_(block) {}
    std::string_view name() const override { return "compressed_segmentation"; }
    void check(const chunk_shape& shape) const override { check_compressed_segmentation(shape, block_); }
    void decode(bytes file, const chunk_shape& shape, std::span<std::byte> voxels) const override {
        decode_compressed_segmentation(file, shape, block_, voxels);
    }
    void encode(bytes voxels, const chunk_shape& shape, std::vector<std::byte>& file) const override {
        encode_compressed_segmentation(voxels, shape, block_, file);
    }
    std::size_t bound(const chunk_shape& shape) const override {
        return compressed_segmentation_bound(shape, block_);
    }

private:
    block_extent block_;
};

#ifdef FORMATS_WITH_JPEG
class jpeg_encoding final : public chunk_encoding {
public:
    explicit jpeg_encoding(int quality) : quality_(quality) {}
    std::string_view name() const override { return "jpeg"; }
    bool is_lossy() const override { return true; }
    void check(const chunk_shape& shape) const override { check_jpeg(shape); }
    void decode(bytes file, const chunk_shape& shape, std::span<std::byte> voxels) const override {
        decode_jpeg(file, shape, voxels);
    }
    void encode(bytes voxels, const chunk_shape& shape, std::vector<std::byte>& file) const override {
        encode_jpeg(voxels, shape, quality_, file);
    }
    std::size_t bound(const chunk_shape& shape) const override { return jpeg_bound(shape); }

private:
    int quality_;
};
#endif

#ifdef FORMATS_WITH_PNG
class png_encoding final : public chunk_encoding {
public:
    explicit png_encoding(int level) : level_(level) {}
    std::string_view name() const override { return "png"; }
    void check(const chunk_shape& shape) const override { check_png(shape); }
    void decode(bytes file, const chunk_shape& shape, std::span<std::byte> voxels) const override {
        decode_png(file, shape, voxels);
    }
    void encode(bytes voxels, const chunk_shape& shape, std::vector<std::byte>& file) const override {
        encode_png(voxels, shape, level_, file);
    }
    std::size_t bound(const chunk_shape& shape) const override { return png_bound(shape); }

private:
    int level_;
};
#endif

void check_options(const encoding_options& options) {
    if (options.jpeg_quality < 0 || options.jpeg_quality > 100)
        throw format_error("the quality of jpeg is " + std::to_string(options.jpeg_quality) +
                           ", but must be from 0 to 100");
    if (options.png_level < 0 || options.png_level > 9)
        throw format_error("the level of png is " + std::to_string(options.png_level) +
                           ", but must be from 0 to 9");
    chunk_shape labels;
    labels.type = sample_type::uint32;
    check_compressed_segmentation(labels, options.block);
}

}  // namespace

std::unique_ptr<chunk_encoding> make_encoding(std::string_view name, const encoding_options& options) {
    check_options(options);
    std::string small(name);
    std::transform(small.begin(), small.end(), small.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (small == "raw") return std::make_unique<raw_encoding>();
    if (small == "compressed_segmentation") return std::make_unique<segmentation_encoding>(options.block);
#ifdef FORMATS_WITH_JPEG
    if (small == "jpeg") return std::make_unique<jpeg_encoding>(options.jpeg_quality);
#endif
#ifdef FORMATS_WITH_PNG
    if (small == "png") return std::make_unique<png_encoding>(options.png_level);
#endif
    if (small == "jpeg" || small == "png") throw format_error("this program was built without " + small);
    throw format_error("the encoding is '" + std::string(name) +
                       "'; raw, jpeg, png and compressed_segmentation are supported");
}

}  // namespace formats
