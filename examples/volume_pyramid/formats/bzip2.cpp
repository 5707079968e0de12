// SPDX-License-Identifier: BSL-1.0
#include <bzlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>

#include "codecs.hpp"
#include "format_error.hpp"

namespace formats::codecs {
namespace {

// bzip2 counts in 32 bits: what it is handed at once is bounded.
unsigned portion(std::size_t left) {
    return static_cast<unsigned>(std::min<std::size_t>(left, std::numeric_limits<unsigned>::max()));
}

char* chars_of(const std::byte* p) {
    return reinterpret_cast<char*>(const_cast<std::byte*>(p));  // bzip2 does not write to its input
}

void check_started(int status) {
    if (status == BZ_MEM_ERROR) throw std::bad_alloc();
    if (status != BZ_OK) throw format_error("bzip2 does not start");
}

}  // namespace

std::optional<std::size_t> unbzip2(std::span<const std::byte> file, std::span<std::byte> data) {
    bz_stream stream{};
    check_started(BZ2_bzDecompressInit(&stream, 0, 0));
    const auto end = [](bz_stream* s) { BZ2_bzDecompressEnd(s); };
    const std::unique_ptr<bz_stream, decltype(end)> ended(&stream, end);
    const std::size_t room_at_first = data.size();
    while (true) {
        const unsigned in = portion(file.size()), room = portion(data.size());
        char surplus = 0;  // a byte more than fits, which tells whether there is one
        stream.next_in = chars_of(file.data());
        stream.avail_in = in;
        stream.next_out = room == 0 ? &surplus : chars_of(data.data());
        stream.avail_out = room == 0 ? 1 : room;
        const unsigned space = stream.avail_out;
        const int status = BZ2_bzDecompress(&stream);
        const std::size_t read = in - stream.avail_in, made = space - stream.avail_out;
        if (status == BZ_MEM_ERROR) throw std::bad_alloc();
        if (room == 0 && made != 0) return std::nullopt;
        file = file.subspan(read);
        data = data.subspan(made);
        if (status == BZ_STREAM_END) break;
        if (status != BZ_OK || (read == 0 && made == 0))
            throw format_error("the bzip2 file is damaged or cut off");
    }
    if (!file.empty())
        throw format_error("the bzip2 file has " + std::to_string(file.size()) + " bytes behind its end");
    return room_at_first - data.size();
}

std::size_t bzip2(std::span<const std::byte> data, int level, std::span<std::byte> file) {
    bz_stream stream{};
    check_started(BZ2_bzCompressInit(&stream, level, 0, 0));
    const auto end = [](bz_stream* s) { BZ2_bzCompressEnd(s); };
    const std::unique_ptr<bz_stream, decltype(end)> ended(&stream, end);
    std::size_t read = 0, written = 0;
    for (int status = BZ_RUN_OK; status != BZ_STREAM_END;) {
        const unsigned in = portion(data.size() - read), room = portion(file.size() - written);
        stream.next_in = chars_of(data.data() + read);
        stream.avail_in = in;
        stream.next_out = chars_of(file.data() + written);
        stream.avail_out = room;
        status = BZ2_bzCompress(&stream, read + in == data.size() ? BZ_FINISH : BZ_RUN);
        if (status < 0 || room == 0) throw format_error("bzip2 does not compress");
        read += in - stream.avail_in;
        written += room - stream.avail_out;
    }
    return written;
}

// As its manual has it.
std::size_t bzip2_bound(std::size_t bytes) { return bytes + bytes / 100 + 601; }

}  // namespace formats::codecs
