// SPDX-License-Identifier: BSL-1.0
#include "png.hpp"

#include <png.h>

#include <csetjmp>
#include <cstdint>
#include <cstring>
#include <string>

#include "format_error.hpp"
#include "planar.hpp"

namespace formats {
namespace {

constexpr std::size_t largest_side = 0x7fffffff;

// As with libjpeg: errors leave by longjmp, so that functions between setjmp and its return have only trivial
// variables, and throw nothing.
struct handler {
    std::jmp_buf leave;
    char text[200] = "";
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
    auto* to = static_cast<handler*>(png_get_error_ptr(png));
    std::strncpy(to->text, text, sizeof to->text - 1);
    std::longjmp(to->leave, 1);
}

// What libpng warns of may have cost voxels.
void on_warning(png_structp png, png_const_charp text) { on_error(png, text); }

struct source {
    std::span<const std::byte> left;
};

void read_bytes(png_structp png, png_bytep to, std::size_t n) {
    auto* from = static_cast<source*>(png_get_io_ptr(png));
    if (n > from->left.size()) png_error(png, "it is cut off");
    std::memcpy(to, from->left.data(), n);
    from->left = from->left.subspan(n);
}

class reader {
public:
    // Pictures with a side longer than `side` are refused before anything is allocated for them.
    reader(std::span<const std::byte> file, std::size_t side) : source_{file} {
        check(open(static_cast<png_uint_32>(std::min(side, largest_side))));
    }
    ~reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;

    std::size_t width() const { return png_get_image_width(png_, info_); }
    std::size_t height() const { return png_get_image_height(png_, info_); }
    std::size_t channels() const { return png_get_channels(png_, info_); }
    std::size_t bits() const { return png_get_bit_depth(png_, info_); }
    bool has_palette() const { return png_get_color_type(png_, info_) == PNG_COLOR_TYPE_PALETTE; }
    bool is_interlaced() const { return png_get_interlace_type(png_, info_) != PNG_INTERLACE_NONE; }

    void begin() { check(begin_rows()); }
    void read_row(std::byte* row) { check(read(row)); }
    // Throws where the picture does not end where the file does.
    void finish() {
        check(end());
        if (!source_.left.empty())
            throw format_error("the png picture has " + std::to_string(source_.left.size()) +
                               " bytes behind its end");
    }

private:
    void check(bool good) {
        if (good) return;
        const std::string text = handler_.text;
        png_destroy_read_struct(&png_, &info_, nullptr);
        throw format_error("the png picture is damaged: " + text);
    }

    bool open(png_uint_32 side) {
        if (setjmp(handler_.leave) != 0) return false;
        png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &handler_, on_error, on_warning);
        info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
        if (info_ == nullptr) {
            std::strcpy(handler_.text, "there is no memory for it");
            return false;
        }
        png_set_read_fn(png_, &source_, read_bytes);
        png_set_user_limits(png_, side, side);
        // Nothing but the picture: colour profiles, times and texts say nothing about voxels.
        png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
        png_read_info(png_, info_);
        return true;
    }
    bool begin_rows() {
        if (setjmp(handler_.leave) != 0) return false;
        if (bits() == 16) png_set_swap(png_);
        png_read_update_info(png_, info_);
        return true;
    }
    bool read(std::byte* row) {
        if (setjmp(handler_.leave) != 0) return false;
        png_read_row(png_, reinterpret_cast<png_bytep>(row), nullptr);
        return true;
    }
    bool end() {
        if (setjmp(handler_.leave) != 0) return false;
        png_read_end(png_, nullptr);
        return true;
    }

    handler handler_;
    source source_;
    png_structp png_ = nullptr;
    png_infop info_ = nullptr;
};

void write_bytes(png_structp png, png_bytep from, std::size_t n) {
    auto* to = static_cast<std::vector<std::byte>*>(png_get_io_ptr(png));
    // Its memory was reserved, which is what keeps an exception out of libpng.
    if (n > to->capacity() - to->size()) png_error(png, "it is longer than any png picture of its size");
    const auto* bytes = reinterpret_cast<const std::byte*>(from);
    to->insert(to->end(), bytes, bytes + n);
}

struct picture_writer {
    handler errors;
    png_structp png = nullptr;
    png_infop info = nullptr;

    ~picture_writer() { png_destroy_write_struct(&png, &info); }
};

constexpr int color_types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                               PNG_COLOR_TYPE_RGB_ALPHA};

template <class T>
void interleaved_row(const std::byte* voxels, const chunk_shape& shape, std::size_t y, std::byte* row) {
    const std::size_t width = shape.extent[0], plane = width * shape.extent[1] * shape.extent[2];
    from_planes(reinterpret_cast<const T*>(voxels) + y * width, plane, width, shape.channels,
                reinterpret_cast<T*>(row));
}

bool write_picture(picture_writer& writer, const chunk_shape& shape, int level, const std::byte* voxels,
                   std::byte* row, std::vector<std::byte>& file) {
    if (setjmp(writer.errors.leave) != 0) return false;
    writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer.errors, on_error, on_warning);
    writer.info = writer.png == nullptr ? nullptr : png_create_info_struct(writer.png);
    if (writer.info == nullptr) return false;
    const png_structp png = writer.png;
    const std::size_t height = shape.extent[1] * shape.extent[2], sample = bytes_of(shape.type);
    png_set_write_fn(png, &file, write_bytes, [](png_structp) {});
    png_set_user_limits(png, static_cast<png_uint_32>(largest_side), static_cast<png_uint_32>(largest_side));
    png_set_compression_level(png, level);
    png_set_IHDR(png, writer.info, static_cast<png_uint_32>(shape.extent[0]),
                 static_cast<png_uint_32>(height), static_cast<int>(sample) * 8,
                 color_types[shape.channels - 1], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, writer.info);
    if (sample == 2) png_set_swap(png);
    for (std::size_t y = 0; y < height; ++y) {
        const std::byte* from = voxels + y * shape.extent[0] * sample;
        if (shape.channels != 1) {
            if (sample == 1) interleaved_row<std::uint8_t>(voxels, shape, y, row);
            if (sample == 2) interleaved_row<std::uint16_t>(voxels, shape, y, row);
            from = row;
        }
        png_write_row(png, reinterpret_cast<png_const_bytep>(from));
    }
    png_write_end(png, writer.info);
    return true;
}

void check_samples(const chunk_shape& shape) {
    const bool good_type = shape.type == sample_type::uint8 || shape.type == sample_type::uint16;
    if (!good_type || shape.channels < 1 || shape.channels > 4)
        throw format_error("png holds uint8 or uint16 of 1 to 4 channels, not " + text_of(shape));
}

void check_picture(const reader& picture, const chunk_shape& shape) {
    if (picture.width() * picture.height() != voxels_of(shape))
        throw format_error("the png picture has " + std::to_string(picture.width()) + "x" +
                           std::to_string(picture.height()) + " pixels, but the chunk has " + text_of(shape));
    if (picture.has_palette()) throw format_error("the png picture has a palette");
    if (picture.is_interlaced()) throw format_error("the png picture is interlaced");
    if (picture.channels() != shape.channels || picture.bits() != 8 * bytes_of(shape.type))
        throw format_error("the png picture has " + std::to_string(picture.channels()) + " channels of " +
                           std::to_string(picture.bits()) + " bits, but the chunk has " + text_of(shape));
}

template <class T>
void row_to_planes(const std::byte* row, std::size_t width, std::size_t y, const chunk_shape& shape,
                   std::byte* voxels) {
    to_planes(reinterpret_cast<const T*>(row), width, shape.channels,
              reinterpret_cast<T*>(voxels) + y * width, voxels_of(shape));
}

}  // namespace

void check_png(const chunk_shape& shape) {
    check_samples(shape);
    voxels_of(shape);
    if (shape.extent[0] > largest_side || shape.extent[1] * shape.extent[2] > largest_side)
        throw format_error("a png picture has less than 2^31 rows and columns; the chunk has " +
                           text_of(shape));
}

void decode_png(std::span<const std::byte> file, const chunk_shape& shape, std::span<std::byte> voxels) {
    check_samples(shape);
    if (voxels.size() != bytes_of(shape)) throw format_error("the memory for a png chunk is of another size");
    reader picture(file, voxels_of(shape));
    check_picture(picture, shape);
    picture.begin();
    const std::size_t width = picture.width(), sample = bytes_of(shape.type);
    std::vector<std::byte> row(shape.channels == 1 ? 0 : width * shape.channels * sample);
    for (std::size_t y = 0; y < picture.height(); ++y) {
        if (shape.channels == 1) {
            picture.read_row(voxels.data() + y * width * sample);
            continue;
        }
        picture.read_row(row.data());
        if (sample == 1) row_to_planes<std::uint8_t>(row.data(), width, y, shape, voxels.data());
        if (sample == 2) row_to_planes<std::uint16_t>(row.data(), width, y, shape, voxels.data());
    }
    picture.finish();
}

void encode_png(std::span<const std::byte> voxels, const chunk_shape& shape, int level,
                std::vector<std::byte>& file) {
    check_png(shape);
    if (level < 0 || level > 9)
        throw format_error("the level of png is " + std::to_string(level) + ", but must be from 0 to 9");
    if (voxels.size() != bytes_of(shape)) throw format_error("the voxels of a png chunk are of another size");
    file.clear();
    file.reserve(png_bound(shape));
    const std::size_t row_bytes = shape.extent[0] * shape.channels * bytes_of(shape.type);
    std::vector<std::byte> row(shape.channels == 1 ? 0 : row_bytes);
    picture_writer writer;
    if (!write_picture(writer, shape, level, voxels.data(), row.data(), file))
        throw format_error(std::string("libpng does not compress the chunk: ") + writer.errors.text);
}

std::size_t png_bound(const chunk_shape& shape) {
    // A byte for the filter of each row; then deflateBound(), and 12 bytes for each of libpng's chunks of 8
    // KiB.
    const std::size_t rows = bytes_of(shape) + shape.extent[1] * shape.extent[2];
    const std::size_t deflated = rows + (rows >> 12) * 5 + (rows >> 14) + (rows >> 25) + 64;
    return deflated + (deflated / 8192 + 1) * 12 + 256;
}

}  // namespace formats
