// SPDX-License-Identifier: BSL-1.0
// Whatever is decoded comes back from what the encoder makes of it. Half of the inputs get right check sums
// first, or no other change of theirs would get past them.
#include <zlib.h>

#include "formats/format_error.hpp"
#include "formats/png.hpp"
#include "fuzz_input.hpp"

namespace {

std::uint32_t big_endian(const std::byte* p) {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(p[i]);
    return value;
}

// A chunk is its length, four letters, so many bytes, and the check sum of letters and bytes.
void correct_sums(std::vector<std::byte>& file) {
    for (std::size_t at = 8; file.size() - at >= 12 && at < file.size();) {
        const std::size_t bytes = big_endian(file.data() + at);
        if (bytes > file.size() - at - 12) return;
        const auto sum = static_cast<std::uint32_t>(
            crc32(0, reinterpret_cast<const Bytef*>(file.data() + at + 4), static_cast<uInt>(bytes + 4)));
        for (std::size_t i = 0; i < 4; ++i)
            file[at + 8 + bytes + i] = static_cast<std::byte>(sum >> (24 - 8 * i) & 255);
        at += bytes + 12;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in;
    if (!fuzz::input::parse(data, size, in)) return 0;
    const formats::chunk_shape shape = fuzz::png_shape_of(in);
    std::vector<std::byte> voxels(formats::bytes_of(shape)), again(voxels.size());
    std::vector<std::byte> file(in.file.begin(), in.file.end());
    if ((in.byte[3] & 8) == 0 && file.size() > 8) correct_sums(file);
    try {
        formats::decode_png(file, shape, voxels);
    } catch (const formats::format_error&) {
        return 0;
    }
    formats::encode_png(voxels, shape, static_cast<int>(in.byte[3] >> 4) * 9 / 15, file);
    fuzz::require(file.size() <= formats::png_bound(shape));
    formats::decode_png(file, shape, again);
    fuzz::require(voxels == again);
    return 0;
}
