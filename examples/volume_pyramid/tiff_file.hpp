// SPDX-License-Identifier: BSL-1.0
// A TIFF file by libtiff. What is wrong is said with the file's name, and the page's where there are several.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "npy.hpp"
#include "scale.hpp"

typedef struct tiff TIFF;

namespace volumes {

// All that a page's voxels depend on. Pages are slices of one array where their voxels are alike.
struct tiff_page {
    npy::dtype type;
    index_t width = 0, height = 0, samples = 1;
    bool planar = false;                        // samples lie in planes of their own
    bool tiled = false;                         // else in strips
    index_t piece_width = 0, piece_height = 0;  // of a tile, or a strip
    bool packed = false;                        // compressed: no row can be skipped
    bool jpeg = false;
    double decoder_bytes = 0;  // about what libtiff keeps while it decodes a piece

    bool has_voxels_of(const tiff_page& other) const {
        return type.kind == other.type.kind && type.bytes == other.type.bytes && width == other.width &&
               height == other.height && samples == other.samples;
    }
    index_t planes() const { return planar ? samples : 1; }
    // Of a voxel, in the plane that it lies in.
    std::size_t voxel_bytes() const { return type.bytes * static_cast<std::size_t>(planar ? 1 : samples); }
    // Planes and tiles alike; strips may differ.
    bool lies_like(const tiff_page& other) const {
        return planar == other.planar && tiled == other.tiled &&
               (!tiled || (piece_width == other.piece_width && piece_height == other.piece_height));
    }
    std::string text() const;         // "100 x 80 voxels of uint8, 3 channels"
    std::string layout_text() const;  // "stored in tiles of 256 x 256"
};

class tiff_file {
public:
    // Stands at the first page. Throws bad_input for what is no TIFF.
    explicit tiff_file(std::shared_ptr<const npy::mapped_file> file);

    const std::shared_ptr<const npy::mapped_file>& file() const { return file_; }

    // Where the page begins that it is at.
    std::uint64_t page_offset() const;
    // False after the last one. Throws bad_input where it is not there, but should be.
    bool next_page();
    // Back to one that it was at; number: which one, from 0.
    void go_to_page(std::uint64_t offset, std::size_t number);

    // Throws bad_input, for what is not read and where bytes are missing.
    tiff_page look();
    // How many pages there are according to who wrote the file; 0 where that is not told. Throws bad_input
    // where they are not slices alone.
    std::size_t pages_told(const tiff_page& page) const;

    // Whole rows, or a whole tile, of the page that it is at, in this machine's byte order. Throws
    // std::runtime_error.
    void read_rows(const tiff_page& page, index_t plane, index_t first, std::span<std::byte> rows);
    void read_tile(const tiff_page& page, index_t plane, index_t x, index_t y, std::span<std::byte> tile);

private:
    struct bytes_read {
        std::span<const std::byte> all;
        std::size_t at = 0;
    };
    struct callbacks;
    struct closer {
        void operator()(TIFF* file) const;
    };

    template <class T>
    T number(std::uint32_t tag, T otherwise) const;
    [[noreturn]] void refuse(const std::string& what) const;
    [[noreturn]] void fail(const std::string& what) const;
    std::string where() const;

    void check_meaning() const;
    void check_compression() const;
    void check_colours(const tiff_page& page) const;
    void check_sizes(const tiff_page& page) const;
    void check_is_whole() const;
    // JPEG keeps colours in its own way, and is asked for them as they were.
    void ask_for_rgb();
    npy::dtype read_type() const;
    void read_row(const tiff_page& page, index_t plane, index_t row, std::byte* to);

    std::shared_ptr<const npy::mapped_file> file_;
    std::size_t number_ = 0;                  // of the page
    std::pair<index_t, index_t> next_row_{};  // plane and row, where the decoder stands
    std::unique_ptr<bytes_read> read_;        // which libtiff keeps a pointer to
    std::unique_ptr<TIFF, closer> tiff_;
};

}  // namespace volumes
