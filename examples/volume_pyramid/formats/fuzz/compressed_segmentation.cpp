// SPDX-License-Identifier: BSL-1.0
// Whatever is decoded is what plain loops after the specification's words say, and comes back from what the
// encoder makes of it.
#include <cstring>

#include "formats/format_error.hpp"
#include "fuzz_input.hpp"

namespace {

// A voxel of a channel that was accepted. Words outside of the channel end the process.
std::uint64_t label_at(const std::vector<std::uint32_t>& words, const formats::chunk_shape& shape,
                       const formats::block_extent& block, const formats::block_extent& place) {
    std::size_t number = 0, position = 0, blocks = 1, voxels = 1;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        number += blocks * (place[axis] / block[axis]);
        position += voxels * (place[axis] % block[axis]);
        blocks *= (shape.extent[axis] + block[axis] - 1) / block[axis];
        voxels *= block[axis];
    }
    const std::size_t table = words.at(2 * number) & 0xffffff, bits = words.at(2 * number) >> 24;
    std::size_t value = 0;
    for (std::size_t bit = 0; bit < bits; ++bit) {
        const std::size_t at = position * bits + bit;
        value |= std::size_t{words.at(words.at(2 * number + 1) + at / 32) >> at % 32 & 1} << bit;
    }
    if (shape.type == formats::sample_type::uint32) return words.at(table + value);
    return words.at(table + 2 * value) | std::uint64_t{words.at(table + 2 * value + 1)} << 32;
}

void check_voxels(std::span<const std::byte> file, const formats::chunk_shape& shape,
                  const formats::block_extent& block, const std::vector<std::byte>& voxels) {
    std::vector<std::uint32_t> words(file.size() / 4);
    std::memcpy(words.data(), file.data(), words.size() * 4);
    const std::byte* next = voxels.data();
    for (std::size_t c = 0; c < shape.channels; ++c) {
        const std::size_t end = c + 1 < shape.channels ? words.at(c + 1) : words.size();
        const std::vector<std::uint32_t> channel(words.begin() + words.at(c),
                                                 words.begin() + static_cast<std::ptrdiff_t>(end));
        for (std::size_t z = 0; z < shape.extent[2]; ++z)
            for (std::size_t y = 0; y < shape.extent[1]; ++y)
                for (std::size_t x = 0; x < shape.extent[0]; ++x, next += bytes_of(shape.type)) {
                    const std::uint64_t label = label_at(channel, shape, block, {x, y, z});
                    fuzz::require(std::memcmp(next, &label, bytes_of(shape.type)) == 0);
                }
    }
}

}  // namespace

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
    check_voxels(in.file, shape, block, voxels);
    formats::encode_compressed_segmentation(voxels, shape, block, file);
    fuzz::require(file.size() <= formats::compressed_segmentation_bound(shape, block));
    formats::decode_compressed_segmentation(file, shape, block, again);
    fuzz::require(voxels == again);
    return 0;
}
