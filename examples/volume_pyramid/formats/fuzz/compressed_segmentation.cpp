// SPDX-License-Identifier: BSL-1.0
// Whatever is decoded comes back from what the encoder makes of it.
#include "formats/format_error.hpp"
#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in;
    if (!fuzz::input::parse(data, size, in)) return 0;
    const formats::chunk_shape shape = fuzz::label_shape_of(in);
    const formats::block_extent block = fuzz::block_of(in);
    std::vector<std::byte> voxels(formats::bytes_of(shape)), file, again(voxels.size());
    try {
        formats::decode_compressed_segmentation(in.file, shape, block, voxels);
    } catch (const formats::format_error&) {
        return 0;
    }
    formats::encode_compressed_segmentation(voxels, shape, block, file);
    fuzz::require(file.size() <= formats::compressed_segmentation_bound(shape, block));
    formats::decode_compressed_segmentation(file, shape, block, again);
    fuzz::require(voxels == again);
    return 0;
}
