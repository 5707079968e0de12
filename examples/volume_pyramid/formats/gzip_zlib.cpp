// SPDX-License-Identifier: BSL-1.0
// gzip and zlib streams by zlib, where libdeflate is missing.
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>

#include "codecs.hpp"
#include "format_error.hpp"

namespace formats::codecs {
namespace {

constexpr int zlib_format = 15;                // the largest window
constexpr int gzip_format = zlib_format + 16;  // and a gzip header instead of zlib's

// zlib counts in 32 bits: what it is handed at once is bounded.
uInt portion(std::size_t left) {
    return static_cast<uInt>(std::min<std::size_t>(left, std::numeric_limits<uInt>::max()));
}

Bytef* bytes_of(const std::byte* p) {
    return reinterpret_cast<Bytef*>(const_cast<std::byte*>(p));  // zlib does not write to its input
}

void check_started(int status) {
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status != Z_OK) throw format_error("zlib does not start");
}

// One member. Both spans become what is left of them; false where the member holds more than `data`.
bool inflate_member(z_stream& stream, std::span<const std::byte>& file, std::span<std::byte>& data,
                    const char* what) {
    while (true) {
        const uInt in = portion(file.size()), room = portion(data.size());
        Bytef surplus = 0;  // a byte more than fits, which tells whether there is one
        stream.next_in = bytes_of(file.data());
        stream.avail_in = in;
        stream.next_out = room == 0 ? &surplus : bytes_of(data.data());
        stream.avail_out = room == 0 ? 1 : room;
        const uInt space = stream.avail_out;
        const int status = inflate(&stream, Z_NO_FLUSH);
        const std::size_t read = in - stream.avail_in, made = space - stream.avail_out;
        if (status == Z_MEM_ERROR) throw std::bad_alloc();
        file = file.subspan(read);
        if (room == 0 && made != 0) return false;
        data = data.subspan(made);
        if (status == Z_STREAM_END) return true;
        if ((status != Z_OK && status != Z_BUF_ERROR) || (read == 0 && made == 0))
            throw format_error(std::string("the ") + what + " is damaged or cut off");
    }
}

struct inflater {
    explicit inflater(int format) { check_started(inflateInit2(&stream, format)); }
    ~inflater() { inflateEnd(&stream); }
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;

    z_stream stream{};
};

std::size_t deflated(std::span<const std::byte> data, int level, std::span<std::byte> file, int format) {
    z_stream stream{};
    check_started(deflateInit2(&stream, level, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY));
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
        if (status == Z_STREAM_ERROR || room == 0) throw format_error("zlib does not compress");
        read += in - stream.avail_in;
        written += room - stream.avail_out;
    }
    return written;
}

}  // namespace

std::optional<std::size_t> gunzip(std::span<const std::byte> file, std::span<std::byte> data) {
    inflater state(gzip_format);
    const std::size_t room = data.size();
    do {
        if (!inflate_member(state.stream, file, data, "gzip file")) return std::nullopt;
        inflateReset(&state.stream);
    } while (!is_padding(file));
    return room - data.size();
}

std::size_t gzip(std::span<const std::byte> data, int level, std::span<std::byte> file) {
    return deflated(data, level, file, gzip_format);
}

std::optional<std::size_t> unzlib(std::span<const std::byte> file, std::span<std::byte> data) {
    inflater state(zlib_format);
    const std::size_t room = data.size();
    if (!inflate_member(state.stream, file, data, "zlib stream")) return std::nullopt;
    check_zlib_end(file.size());
    return room - data.size();
}

std::size_t zlib(std::span<const std::byte> data, int level, std::span<std::byte> file) {
    return deflated(data, level, file, zlib_format);
}

std::size_t zlib_bound(std::size_t bytes) { return gzip_bound(bytes); }

std::size_t gzip_bound(std::size_t bytes) {
    // deflateBound() of zlib's defaults, the header and the check sums included.
    return bytes + (bytes >> 12) + (bytes >> 14) + (bytes >> 25) + 64;
}

}  // namespace formats::codecs
