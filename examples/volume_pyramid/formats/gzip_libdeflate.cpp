// SPDX-License-Identifier: BSL-1.0
// gzip and zlib streams by libdeflate, which is twice as fast as zlib. gzip_zlib.cpp is the other way.
#include <libdeflate.h>

#include <memory>
#include <new>

#include "codecs.hpp"
#include "format_error.hpp"

namespace formats::codecs {
namespace {

struct deleter {
    void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
    void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

template <class T>
std::unique_ptr<T, deleter> owned(T* made) {
    if (made == nullptr) throw std::bad_alloc();
    return std::unique_ptr<T, deleter>(made);
}

}  // namespace

std::optional<std::size_t> gunzip(std::span<const std::byte> file, std::span<std::byte> data) {
    const auto state = owned(libdeflate_alloc_decompressor());
    std::size_t written = 0;
    do {
        std::size_t read = 0, made = 0;
        const libdeflate_result result =
            libdeflate_gzip_decompress_ex(state.get(), file.data(), file.size(), data.data() + written,
                                          data.size() - written, &read, &made);
        if (result == LIBDEFLATE_INSUFFICIENT_SPACE) return std::nullopt;
        if (result != LIBDEFLATE_SUCCESS) throw format_error("the gzip file is damaged or cut off");
        written += made;
        file = file.subspan(read);
    } while (!is_padding(file));
    return written;
}

std::size_t gzip(std::span<const std::byte> data, int level, std::span<std::byte> file) {
    const auto state = owned(libdeflate_alloc_compressor(level));
    const std::size_t made =
        libdeflate_gzip_compress(state.get(), data.data(), data.size(), file.data(), file.size());
    if (made == 0) throw format_error("libdeflate does not compress");
    return made;
}

std::size_t gzip_bound(std::size_t bytes) { return libdeflate_gzip_compress_bound(nullptr, bytes); }

std::optional<std::size_t> unzlib(std::span<const std::byte> file, std::span<std::byte> data) {
    const auto state = owned(libdeflate_alloc_decompressor());
    std::size_t read = 0, made = 0;
    const libdeflate_result result = libdeflate_zlib_decompress_ex(state.get(), file.data(), file.size(),
                                                                   data.data(), data.size(), &read, &made);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) return std::nullopt;
    if (result != LIBDEFLATE_SUCCESS) throw format_error("the zlib stream is damaged or cut off");
    check_zlib_end(file.size() - read);
    return made;
}

std::size_t zlib(std::span<const std::byte> data, int level, std::span<std::byte> file) {
    const auto state = owned(libdeflate_alloc_compressor(level));
    const std::size_t made =
        libdeflate_zlib_compress(state.get(), data.data(), data.size(), file.data(), file.size());
    if (made == 0) throw format_error("libdeflate does not compress");
    return made;
}

std::size_t zlib_bound(std::size_t bytes) { return libdeflate_zlib_compress_bound(nullptr, bytes); }

}  // namespace formats::codecs
