// SPDX-License-Identifier: BSL-1.0
#include "tiff_file.hpp"

#include <tiffio.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bad_input.hpp"

namespace volumes {
namespace {

// What libtiff says last, in this thread. Its handlers are the process's.
thread_local std::string last_error, last_warning;

void keep(std::string& in, const char* format, va_list arguments) {
    std::array<char, 256> text{};
    std::vsnprintf(text.data(), text.size(), format, arguments);
    in = text.data();
}
void on_error(thandle_t, const char*, const char* format, va_list arguments) {
    keep(last_error, format, arguments);
}
void on_warning(thandle_t, const char*, const char* format, va_list arguments) {
    keep(last_warning, format, arguments);
}

void listen() {
    static const bool once = [] {
        TIFFSetErrorHandler(nullptr);
        TIFFSetWarningHandler(nullptr);
        TIFFSetErrorHandlerExt(on_error);
        TIFFSetWarningHandlerExt(on_warning);
        return true;
    }();
    static_cast<void>(once);
    last_error.clear();
    last_warning.clear();
}

std::string error_or(const std::string& otherwise) { return last_error.empty() ? otherwise : last_error; }

// The number behind a name, such as images= or SizeZ="; 1 where there is none.
index_t number_after(const std::string& text, const std::string& name) {
    const std::size_t at = text.find(name);
    index_t number = 1;
    if (at != text.npos) std::from_chars(text.data() + at + name.size(), text.data() + text.size(), number);
    constexpr index_t most = 1000000000;
    return std::clamp(number, index_t{1}, most);
}

// The axes of pages, slowest first, as who wrote the file tells them.
struct told_pages {
    index_t channels = 1, times = 1, slices = 1;
    std::vector<index_t> unnamed;
};

told_pages read_description(const std::string& text, index_t samples, index_t width, index_t height) {
    told_pages told;
    if (text.starts_with("ImageJ=")) {
        told.channels = number_after(text, "\nchannels=");
        told.times = number_after(text, "\nframes=");
        told.slices = std::max(number_after(text, "\nslices="),
                               number_after(text, "\nimages=") / (told.channels * told.times));
    } else if (text.find("<OME") != std::string::npos) {
        told.channels = std::max(number_after(text, " SizeC=\"") / samples, index_t{1});
        told.times = number_after(text, " SizeT=\"");
        told.slices = number_after(text, " SizeZ=\"");
    } else if (text.starts_with("{\"shape\": [")) {
        const auto shape = nlohmann::json::parse(text, nullptr, false);
        if (shape.is_discarded() || !shape["shape"].is_array()) return told;
        index_t page = width * height * samples;
        std::vector<index_t> all;
        for (const auto& extent : shape["shape"])
            all.push_back(extent.is_number_integer() ? extent.get<index_t>() : 1);
        for (; page > 1 && !all.empty() && all.back() > 0; all.pop_back()) page /= all.back();
        for (const index_t extent : all)
            if (extent > 1) told.unnamed.push_back(extent);
    }
    return told;
}

}  // namespace

namespace {

// zstd and lzma look back up to 8 MiB, and what is not named here decodes a piece as a whole.
double decoder_bytes(std::uint16_t scheme, const tiff_page& page) {
    constexpr double tables = 1 << 18, window = 1 << 23;
    const double piece = double(page.piece_width) * double(page.piece_height) * double(page.voxel_bytes());
    switch (scheme) {
        case COMPRESSION_NONE:
        case COMPRESSION_LZW:
        case COMPRESSION_PACKBITS:
        case COMPRESSION_DEFLATE:
        case COMPRESSION_ADOBE_DEFLATE:
        case COMPRESSION_JPEG:
            return tables;
        case COMPRESSION_ZSTD:
        case COMPRESSION_LZMA:
            return tables + std::min(piece, window);
        default:
            return tables + 2 * piece;
    }
}

}  // namespace

std::string tiff_page::text() const {
    return std::to_string(width) + " x " + std::to_string(height) + " voxels of " + npy::name(type) + ", " +
           std::to_string(samples) + (samples == 1 ? " channel" : " channels");
}

std::string tiff_page::layout_text() const {
    return (tiled ? "stored in tiles of " + std::to_string(piece_width) + " x " + std::to_string(piece_height)
                  : std::string("stored in strips")) +
           (planar ? ", a plane for each channel" : "");
}

struct tiff_file::callbacks {
    static bytes_read& of(thandle_t handle) { return *static_cast<bytes_read*>(handle); }

    static tmsize_t read(thandle_t handle, void* to, tmsize_t count) {
        bytes_read& file = of(handle);
        const std::size_t left = file.all.size() - std::min(file.at, file.all.size());
        const std::size_t some = std::min(static_cast<std::size_t>(count), left);
        std::memcpy(to, file.all.data() + file.at, some);
        file.at += some;
        return static_cast<tmsize_t>(some);
    }
    static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }
    static toff_t seek(thandle_t handle, toff_t to, int whence) {
        bytes_read& file = of(handle);
        if (whence == SEEK_SET) file.at = to;
        if (whence == SEEK_CUR) file.at += to;
        if (whence == SEEK_END) file.at = file.all.size() + to;
        return file.at;
    }
    static int close(thandle_t) { return 0; }
    static toff_t size(thandle_t handle) { return of(handle).all.size(); }
    static int map(thandle_t handle, void** base, toff_t* count) {
        *base = const_cast<std::byte*>(of(handle).all.data());  // which libtiff only reads
        *count = of(handle).all.size();
        return 1;
    }
    static void unmap(thandle_t, void*, toff_t) {}
};

void tiff_file::closer::operator()(TIFF* file) const { TIFFClose(file); }

tiff_file::tiff_file(std::shared_ptr<const npy::mapped_file> file)
    : file_(std::move(file)), read_(new bytes_read{file_->bytes()}) {
    listen();
    if (read_->all.empty()) throw bad_input(file_->path().string() + ": an empty file");
    using c = callbacks;
    tiff_.reset(TIFFClientOpen(file_->path().c_str(), "r", read_.get(), c::read, c::write, c::seek, c::close,
                               c::size, c::map, c::unmap));
    if (tiff_ == nullptr) throw bad_input(file_->path().string() + ": " + error_or("not a TIFF file"));
    ask_for_rgb();
}

std::string tiff_file::where() const {
    const bool is_alone = number_ == 0 && TIFFLastDirectory(tiff_.get()) != 0;
    return file_->path().string() + (is_alone ? "" : ", page " + std::to_string(number_)) + ": ";
}
void tiff_file::refuse(const std::string& what) const { throw bad_input(where() + what); }
void tiff_file::fail(const std::string& what) const {
    file_->check_unchanged();
    throw std::runtime_error(where() + what);
}

template <class T>
T tiff_file::number(std::uint32_t tag, T otherwise) const {
    T value = otherwise;
    return TIFFGetFieldDefaulted(tiff_.get(), tag, &value) == 1 ? value : otherwise;
}

std::uint64_t tiff_file::page_offset() const { return TIFFCurrentDirOffset(tiff_.get()); }

bool tiff_file::next_page() {
    listen();
    if (TIFFLastDirectory(tiff_.get()) != 0) return false;
    if (TIFFReadDirectory(tiff_.get()) != 1)
        throw bad_input(file_->path().string() + ": damaged or cut off: the page after page " +
                        std::to_string(number_) + " cannot be read: " + error_or("it is not there"));
    ++number_;
    ask_for_rgb();
    return true;
}

void tiff_file::go_to_page(std::uint64_t offset, std::size_t number) {
    number_ = number;
    if (page_offset() == offset) return;
    listen();
    next_row_ = {};
    if (TIFFSetSubDirectory(tiff_.get(), offset) != 1) fail("cannot be read: " + error_or("it is not there"));
    ask_for_rgb();
}

void tiff_file::ask_for_rgb() {
    if (number<std::uint16_t>(TIFFTAG_COMPRESSION, 1) == COMPRESSION_JPEG &&
        number<std::uint16_t>(TIFFTAG_PHOTOMETRIC, 0) == PHOTOMETRIC_YCBCR)
        TIFFSetField(tiff_.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
}

npy::dtype tiff_file::read_type() const {
    const auto bits = number<std::uint16_t>(TIFFTAG_BITSPERSAMPLE, 1);
    const auto format = number<std::uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
    const char kind = format == SAMPLEFORMAT_UINT     ? 'u'
                      : format == SAMPLEFORMAT_INT    ? 'i'
                      : format == SAMPLEFORMAT_IEEEFP ? 'f'
                                                      : '?';
    if (kind == '?') refuse("its samples are neither integers nor floats");
    if (kind == 'f' ? bits != 32 && bits != 64 : bits != 8 && bits != 16 && bits != 32 && bits != 64)
        refuse("its samples are " + std::string(kind == 'f' ? "floats" : "integers") + " of " +
               std::to_string(bits) + " bits; integers of 8, 16, 32 and 64 bits and floats of 32 are read");
    return {kind, std::size_t{bits} / 8};
}

void tiff_file::check_meaning() const {
    const auto kind = number<std::uint32_t>(TIFFTAG_SUBFILETYPE, 0);
    if ((kind & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) != 0)
        refuse("is a smaller copy or a mask of another page, and no slice; leave it out");
    if (number<std::uint32_t>(TIFFTAG_IMAGEDEPTH, 1) != 1) refuse("holds more than one slice");
    const auto orientation = number<std::uint16_t>(TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    if (orientation != ORIENTATION_TOPLEFT)
        refuse("its orientation is " + std::to_string(orientation) +
               ", and pages are read that begin at the top left, 1; turn it, or set the tag to 1");
}

void tiff_file::check_compression() const {
    const auto scheme = number<std::uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    if (TIFFIsCODECConfigured(scheme) == 1) return;
    const TIFFCodec* codec = TIFFFindCODEC(scheme);
    refuse("its compression is " + std::to_string(scheme) +
           (codec == nullptr ? ", which libtiff does not know"
                             : std::string(", ") + codec->name + ", which libtiff was built without"));
}

void tiff_file::check_colours(const tiff_page& page) const {
    const auto photometric = number<std::uint16_t>(TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    switch (photometric) {
        case PHOTOMETRIC_MINISBLACK:
        case PHOTOMETRIC_RGB:
            return;
        case PHOTOMETRIC_YCBCR:
            if (page.jpeg && !page.planar && page.samples == 3) return;
            refuse("its colours are YCbCr; save it as RGB");
        case PHOTOMETRIC_MINISWHITE:
            refuse("0 is white in it; save it with 0 as black");
        case PHOTOMETRIC_PALETTE:
            refuse("its voxels are numbers of a palette; save it as grey or RGB");
        default:
            refuse("its photometric interpretation is " + std::to_string(photometric) +
                   "; grey and RGB are read");
    }
}

void tiff_file::check_sizes(const tiff_page& page) const {
    if (page.width < 1 || page.height < 1 || page.samples < 1 || page.piece_width < 1 ||
        page.piece_height < 1)
        refuse("has no voxels");
    const auto bytes = [&](index_t w, index_t h) {
        return double(w) * double(h) * double(page.voxel_bytes());
    };
    constexpr double most = 1e15;
    if (std::max(bytes(page.width, page.height), bytes(page.piece_width, page.piece_height)) *
            double(page.planes()) >
        most)
        refuse("is larger than any memory");
    const index_t row = page.width * static_cast<index_t>(page.voxel_bytes());
    const index_t tile = page.piece_width * page.piece_height * static_cast<index_t>(page.voxel_bytes());
    if (page.tiled ? TIFFTileSize64(tiff_.get()) != static_cast<std::uint64_t>(tile)
                   : TIFFScanlineSize64(tiff_.get()) != static_cast<std::uint64_t>(row))
        refuse("its rows or tiles are laid out in a way that is not read");
}

// Before anything is made of it: what is missing of a file that was cut off.
void tiff_file::check_is_whole() const {
    const bool tiled = TIFFIsTiled(tiff_.get()) != 0;
    const std::uint32_t count = tiled ? TIFFNumberOfTiles(tiff_.get()) : TIFFNumberOfStrips(tiff_.get());
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint64_t at = TIFFGetStrileOffset(tiff_.get(), i),
                            bytes = TIFFGetStrileByteCount(tiff_.get(), i), size = read_->all.size();
        if (bytes == 0 || at > size || bytes > size - at)
            refuse(std::string("damaged or cut off: ") + (tiled ? "tile " : "strip ") + std::to_string(i) +
                   " of " + std::to_string(count) + " is not in the file");
    }
}

tiff_page tiff_file::look() {
    listen();
    check_meaning();
    tiff_page page;
    page.type = read_type();
    page.width = number<std::uint32_t>(TIFFTAG_IMAGEWIDTH, 0);
    page.height = number<std::uint32_t>(TIFFTAG_IMAGELENGTH, 0);
    page.samples = number<std::uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1);
    page.planar = page.samples > 1 &&
                  number<std::uint16_t>(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
    page.tiled = TIFFIsTiled(tiff_.get()) != 0;
    page.piece_width = page.tiled ? index_t{number<std::uint32_t>(TIFFTAG_TILEWIDTH, 0)} : page.width;
    page.piece_height = page.tiled
                            ? index_t{number<std::uint32_t>(TIFFTAG_TILELENGTH, 0)}
                            : std::min(index_t{number<std::uint32_t>(TIFFTAG_ROWSPERSTRIP, 0)}, page.height);
    const auto scheme = number<std::uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    page.packed = scheme != COMPRESSION_NONE;
    page.jpeg = scheme == COMPRESSION_JPEG;
    page.decoder_bytes = decoder_bytes(scheme, page);
    check_compression();
    check_colours(page);
    check_sizes(page);
    check_is_whole();
    return page;
}

std::size_t tiff_file::pages_told(const tiff_page& page) const {
    char* text = nullptr;
    if (TIFFGetField(tiff_.get(), TIFFTAG_IMAGEDESCRIPTION, &text) != 1 || text == nullptr) return 0;
    const told_pages told = read_description(text, page.samples, page.width, page.height);
    const auto refuse_axes = [&](const std::string& what) {
        throw bad_input(file_->path().string() + ": its pages are " + what +
                        ", and not slices alone; save each of them as a file of its own");
    };
    if (told.channels > 1) refuse_axes(std::to_string(told.channels) + " channels");
    if (told.times > 1 && told.slices > 1) refuse_axes(std::to_string(told.times) + " points of time");
    if (told.unnamed.size() > 1) refuse_axes("of " + std::to_string(told.unnamed.size()) + " axes");
    const index_t unnamed = told.unnamed.empty() ? 1 : told.unnamed[0];
    return static_cast<std::size_t>(told.times * told.slices * unnamed);
}

namespace {

// JPEG fills up what is missing, and only warns.
bool is_whole(bool done, const tiff_page& page) { return done && !(page.jpeg && !last_warning.empty()); }

}  // namespace

void tiff_file::read_row(const tiff_page& page, index_t plane, index_t row, std::byte* to) {
    const bool done = TIFFReadScanline(tiff_.get(), to, static_cast<std::uint32_t>(row),
                                       static_cast<std::uint16_t>(plane)) == 1;
    if (!is_whole(done, page))
        fail("row " + std::to_string(row) + " cannot be decoded: " + error_or(last_warning));
    next_row_ = {plane, row + 1};
}

// What is compressed is decoded from the start of the strip on, or from where the last call has stopped.
void tiff_file::read_rows(const tiff_page& page, index_t plane, index_t first, std::span<std::byte> rows) {
    const std::size_t bytes = static_cast<std::size_t>(page.width) * page.voxel_bytes();
    listen();
    if (page.packed) {
        const index_t height = number<std::uint32_t>(TIFFTAG_ROWSPERSTRIP, 1),
                      strip = first / height * height;
        const auto [plane_there, row_there] = next_row_;
        const bool goes_on = plane == plane_there && row_there > strip && row_there <= first;
        for (index_t row = goes_on ? row_there : strip; row < first; ++row)
            read_row(page, plane, row, rows.data());
    }
    for (std::size_t at = 0; at < rows.size(); at += bytes, ++first)
        read_row(page, plane, first, rows.data() + at);
    file_->check_unchanged();
}

void tiff_file::read_tile(const tiff_page& page, index_t plane, index_t x, index_t y,
                          std::span<std::byte> tile) {
    listen();
    const bool done =
        TIFFReadTile(tiff_.get(), tile.data(), static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y),
                     0, static_cast<std::uint16_t>(plane)) == static_cast<tmsize_t>(tile.size());
    if (!is_whole(done, page))
        fail("the tile at " + std::to_string(x) + "," + std::to_string(y) +
             " cannot be decoded: " + error_or(last_warning));
    file_->check_unchanged();
}

}  // namespace volumes
