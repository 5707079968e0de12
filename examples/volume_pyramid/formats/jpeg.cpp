// SPDX-License-Identifier: BSL-1.0
#include "jpeg.hpp"

#include <csetjmp>
#include <cstdint>
#include <cstdio>  // jpeglib.h needs it before
#include <memory>
#include <string>

#include <jpeglib.h>

#include "format_error.hpp"
#include "planar.hpp"

namespace formats {
namespace {

constexpr std::size_t largest_side = 65500;  // JPEG_MAX_DIMENSION of libjpeg
// A progressive picture may repeat its scans at a few bytes each, and every one costs a walk over the
// picture.
constexpr int most_scans = 200;

// libjpeg is C, and leaves on errors by longjmp: the functions that call it have only trivial variables
// between setjmp and its return, and those that throw call none of it.
struct error_handler : jpeg_error_mgr {
    std::jmp_buf leave;
    char text[JMSG_LENGTH_MAX];
};

[[noreturn]] void on_error(j_common_ptr picture) {
    auto* handler = static_cast<error_handler*>(picture->err);
    handler->format_message(picture, handler->text);
    std::longjmp(handler->leave, 1);
}

// Level -1 is a warning: libjpeg makes up the voxels that are damaged or missing.
void on_message(j_common_ptr picture, int level) {
    if (level < 0) on_error(picture);
}

void no_output(j_common_ptr) {}

void start(error_handler& handler) {
    jpeg_std_error(&handler);
    handler.error_exit = on_error;
    handler.emit_message = on_message;
    handler.output_message = no_output;
    handler.text[0] = 0;
}

class reader {
public:
    explicit reader(std::span<const std::byte> file) : file_(file) {
        start(handler_);
        picture_.err = &handler_;
        progress_.progress_monitor = [](j_common_ptr picture) {
            if (reinterpret_cast<j_decompress_ptr>(picture)->input_scan_number > most_scans) {
                auto* handler = static_cast<error_handler*>(picture->err);
                std::snprintf(handler->text, sizeof handler->text, "more than %d scans", most_scans);
                std::longjmp(handler->leave, 1);
            }
        };
        check(open());
    }
    ~reader() { jpeg_destroy_decompress(&picture_); }
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;

    std::size_t width() const { return picture_.image_width; }
    std::size_t height() const { return picture_.image_height; }
    std::size_t channels() const { return static_cast<std::size_t>(picture_.num_components); }

    void begin() { check(begin_picture()); }
    void read_row(JSAMPLE* row) { check(read_rows(row, 1)); }
    void read_all(JSAMPLE* voxels) { check(read_rows(voxels, picture_.output_height)); }
    // Throws where the picture does not end where the file does.
    void finish() {
        check(finish_picture());
        if (picture_.src->bytes_in_buffer != 0)
            throw format_error("the jpeg picture has " + std::to_string(picture_.src->bytes_in_buffer) +
                               " bytes behind its end");
    }

private:
    void check(bool good) {
        if (good) return;
        jpeg_destroy_decompress(&picture_);  // no destructor runs where the constructor throws
        throw format_error(std::string("the jpeg picture is damaged: ") + handler_.text);
    }

    bool open() {
        if (setjmp(handler_.leave) != 0) return false;
        jpeg_create_decompress(&picture_);
        picture_.progress = &progress_;
        jpeg_mem_src(&picture_, reinterpret_cast<const unsigned char*>(file_.data()),
                     static_cast<unsigned long>(file_.size()));
        jpeg_read_header(&picture_, TRUE);
        return true;
    }
    bool begin_picture() {
        if (setjmp(handler_.leave) != 0) return false;
        picture_.out_color_space = picture_.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
        jpeg_start_decompress(&picture_);
        return true;
    }
    bool read_rows(JSAMPLE* to, JDIMENSION rows) {
        if (setjmp(handler_.leave) != 0) return false;
        const std::size_t step =
            std::size_t{picture_.output_width} * static_cast<std::size_t>(picture_.output_components);
        for (JDIMENSION y = 0; y < rows; ++y) {
            JSAMPROW row = to + y * step;
            jpeg_read_scanlines(&picture_, &row, 1);
        }
        return true;
    }
    bool finish_picture() {
        if (setjmp(handler_.leave) != 0) return false;
        jpeg_finish_decompress(&picture_);
        return true;
    }

    std::span<const std::byte> file_;
    error_handler handler_{};
    jpeg_progress_mgr progress_{};
    jpeg_decompress_struct picture_{};
};

// Writes into memory that is there already, and is enough.
struct memory_destination : jpeg_destination_mgr {
    std::size_t capacity = 0;
};

struct picture_writer {
    error_handler handler{};
    memory_destination destination{};
    jpeg_compress_struct picture{};

    ~picture_writer() { jpeg_destroy_compress(&picture); }
};

void direct_to(memory_destination& destination, std::vector<std::byte>& file) {
    destination.next_output_byte = reinterpret_cast<JOCTET*>(file.data());
    destination.free_in_buffer = destination.capacity = file.size();
    destination.init_destination = [](j_compress_ptr) {};
    destination.term_destination = [](j_compress_ptr) {};
    destination.empty_output_buffer = [](j_compress_ptr picture) -> boolean {
        auto* handler = static_cast<error_handler*>(picture->err);
        std::snprintf(handler->text, sizeof handler->text, "it is longer than any jpeg picture of its size");
        std::longjmp(handler->leave, 1);
    };
}

// `row` has place for the samples of one row where there are several channels.
bool write_picture(picture_writer& writer, const chunk_shape& shape, int quality, const JSAMPLE* voxels,
                   JSAMPLE* row) {
    if (setjmp(writer.handler.leave) != 0) return false;
    jpeg_compress_struct& picture = writer.picture;
    jpeg_create_compress(&picture);
    picture.dest = &writer.destination;
    picture.image_width = static_cast<JDIMENSION>(shape.extent[0]);
    picture.image_height = static_cast<JDIMENSION>(shape.extent[1] * shape.extent[2]);
    picture.input_components = static_cast<int>(shape.channels);
    picture.in_color_space = shape.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&picture);
    jpeg_set_quality(&picture, quality, TRUE);
    // Rows below one another may be of two sections: their colours are not to be averaged.
    for (int c = 0; c < picture.num_components; ++c)
        picture.comp_info[c].h_samp_factor = picture.comp_info[c].v_samp_factor = 1;
    jpeg_start_compress(&picture, TRUE);
    const std::size_t width = shape.extent[0], plane = width * picture.image_height;
    for (std::size_t y = 0; y < picture.image_height; ++y) {
        const JSAMPLE* from = voxels + y * width;
        if (shape.channels != 1) from_planes(from, plane, width, shape.channels, row);
        JSAMPROW samples = shape.channels == 1 ? const_cast<JSAMPROW>(from) : row;
        jpeg_write_scanlines(&picture, &samples, 1);
    }
    jpeg_finish_compress(&picture);
    return true;
}

void check_samples(const chunk_shape& shape) {
    if (shape.type != sample_type::uint8 || (shape.channels != 1 && shape.channels != 3))
        throw format_error("jpeg holds uint8 of 1 or 3 channels, not " + text_of(shape));
}

}  // namespace

void check_jpeg(const chunk_shape& shape) {
    check_samples(shape);
    voxels_of(shape);
    if (shape.extent[0] > largest_side || shape.extent[1] * shape.extent[2] > largest_side)
        throw format_error("a jpeg picture has at most 65500 rows and columns, but the chunk of " +
                           text_of(shape) + " has " + std::to_string(shape.extent[1] * shape.extent[2]) +
                           " rows (y * z) of " + std::to_string(shape.extent[0]) + "; use smaller chunks");
}

void decode_jpeg(std::span<const std::byte> file, const chunk_shape& shape, std::span<std::byte> voxels) {
    check_samples(shape);
    const std::size_t pixels = voxels_of(shape);
    if (voxels.size() != bytes_of(shape))
        throw format_error("the memory for a jpeg chunk is of another size");
    reader picture(file);
    if (picture.width() * picture.height() != pixels)
        throw format_error("the jpeg picture has " + std::to_string(picture.width()) + "x" +
                           std::to_string(picture.height()) + " pixels, but the chunk has " + text_of(shape));
    if (picture.channels() != shape.channels)
        throw format_error("the jpeg picture has " + std::to_string(picture.channels()) +
                           " channels, but the chunk has " + text_of(shape));
    picture.begin();
    auto* to = reinterpret_cast<JSAMPLE*>(voxels.data());
    if (shape.channels == 1) {
        picture.read_all(to);
    } else {
        std::vector<JSAMPLE> row(picture.width() * shape.channels);
        for (std::size_t y = 0; y < picture.height(); ++y) {
            picture.read_row(row.data());
            to_planes(row.data(), picture.width(), shape.channels, to + y * picture.width(), pixels);
        }
    }
    picture.finish();
}

void encode_jpeg(std::span<const std::byte> voxels, const chunk_shape& shape, int quality,
                 std::vector<std::byte>& file) {
    check_jpeg(shape);
    if (quality < 0 || quality > 100)
        throw format_error("the quality of jpeg is " + std::to_string(quality) +
                           ", but must be from 0 to 100");
    if (voxels.size() != bytes_of(shape))
        throw format_error("the voxels of a jpeg chunk are of another size");
    file.resize(jpeg_bound(shape));
    std::vector<JSAMPLE> row(shape.channels == 1 ? 0 : shape.extent[0] * shape.channels);
    picture_writer writer;
    start(writer.handler);
    writer.picture.err = &writer.handler;
    direct_to(writer.destination, file);
    if (!write_picture(writer, shape, quality, reinterpret_cast<const JSAMPLE*>(voxels.data()), row.data()))
        throw format_error(std::string("libjpeg does not compress the chunk: ") + writer.handler.text);
    file.resize(writer.destination.capacity - writer.destination.free_in_buffer);
}

std::size_t jpeg_bound(const chunk_shape& shape) {
    // libjpeg-turbo's own bound (tjBufSize). Blocks are of 8 x 8.
    const std::size_t width = (shape.extent[0] + 7) / 8 * 8;
    const std::size_t height = (shape.extent[1] * shape.extent[2] + 7) / 8 * 8;
    return width * height * shape.channels * 2 + 2048;
}

}  // namespace formats
