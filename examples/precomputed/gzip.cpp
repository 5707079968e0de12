// SPDX-License-Identifier: BSL-1.0
#include "gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>

namespace precomputed {
namespace {

constexpr int gzip_format = 15 + 16;  // the largest window, and a gzip header instead of zlib's

// zlib counts in 32 bits: what it is handed at once is bounded.
uInt portion(std::size_t left) {
    return static_cast<uInt>(std::min<std::size_t>(left, std::numeric_limits<uInt>::max()));
}

Bytef* bytes_of(const std::byte* p) {
    return reinterpret_cast<Bytef*>(const_cast<std::byte*>(p));  // zlib does not write to its input
}

void check_started(int status) {
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status != Z_OK) throw gzip_error("zlib does not start");
}

}  // namespace

void gunzip(std::span<const std::byte> file, std::span<std::byte> out) {
    z_stream stream{};
    check_started(inflateInit2(&stream, gzip_format));
    const auto end = [](z_stream* s) { inflateEnd(s); };
    const std::unique_ptr<z_stream, decltype(end)> ended(&stream, end);

    std::size_t read = 0, written = 0;
    while (true) {
        const uInt in = portion(file.size() - read), room = portion(out.size() - written);
        // One byte more than fits, so that a file which holds too much is found out.
        Bytef surplus = 0;
        stream.next_in = bytes_of(file.data() + read);
        stream.avail_in = in;
        stream.next_out = room == 0 ? &surplus : bytes_of(out.data() + written);
        stream.avail_out = room == 0 ? 1 : room;
        const uInt space = stream.avail_out;
        const int status = inflate(&stream, Z_NO_FLUSH);
        read += in - stream.avail_in;
        const std::size_t made = space - stream.avail_out;
        if (status == Z_MEM_ERROR) throw std::bad_alloc();
        if (room == 0 && made != 0)
            throw gzip_error("holds more than the " + std::to_string(out.size()) + " bytes of the chunk");
        written += made;
        if (status == Z_STREAM_END) {
            // Zeros may pad a gzip file: gzip(1) and Python pass over them.
            while (read < file.size() && file[read] == std::byte{0}) ++read;
            if (read == file.size()) break;
            // A gzip file may have several members, one after another.
            inflateReset(&stream);
            continue;
        }
        if (status == Z_BUF_ERROR || (status == Z_OK && in == 0 && made == 0))
            throw gzip_error("the gzip file is cut off");
        if (status != Z_OK)
            throw gzip_error(std::string("the gzip file is damaged") +
                             (stream.msg != nullptr ? std::string(": ") + stream.msg : ""));
    }
    if (written != out.size())
        throw gzip_error("holds " + std::to_string(written) + " bytes, but the chunk has " +
                         std::to_string(out.size()));
}

void gzip(std::span<const std::byte> data, int level, std::vector<std::byte>& file) {
    file.resize(gzip_bound(data.size()));
    z_stream stream{};
    check_started(deflateInit2(&stream, level, Z_DEFLATED, gzip_format, 8, Z_DEFAULT_STRATEGY));
    const auto end = [](z_stream* s) { deflateEnd(s); };
    const std::unique_ptr<z_stream, decltype(end)> ended(&stream, end);

    std::size_t read = 0, written = 0;
    for (int status = Z_OK; status != Z_STREAM_END;) {
        const uInt in = portion(data.size() - read), room = portion(file.size() - written);
        stream.next_in = bytes_of(data.data() + read);
        stream.avail_in = in;
        stream.next_out = bytes_of(file.data() + written);
        stream.avail_out = room;
        status = deflate(&stream, read + in == data.size() ? Z_FINISH : Z_NO_FLUSH);
        if (status == Z_STREAM_ERROR || room == 0) throw gzip_error("zlib does not compress");
        read += in - stream.avail_in;
        written += room - stream.avail_out;
    }
    file.resize(written);
}

std::size_t gzip_bound(std::size_t bytes) {
    // deflateBound() of zlib's defaults, the header and the check sums included.
    return bytes + (bytes >> 12) + (bytes >> 14) + (bytes >> 25) + 64;
}

}  // namespace precomputed
