// SPDX-License-Identifier: BSL-1.0
#include "formats/jpeg.hpp"
#include "formats/format_error.hpp"
#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in;
    if (!fuzz::input::parse(data, size, in)) return 0;
    const formats::chunk_shape shape = fuzz::jpeg_shape_of(in);
    std::vector<std::byte> voxels(formats::bytes_of(shape)), file;
    try {
        formats::decode_jpeg(in.file, shape, voxels);
    } catch (const formats::format_error&) {
        return 0;
    }
    formats::encode_jpeg(voxels, shape, static_cast<int>(in.byte[3] >> 1) * 100 / 127, file);
    fuzz::require(file.size() <= formats::jpeg_bound(shape));
    formats::decode_jpeg(file, shape, voxels);
    return 0;
}
