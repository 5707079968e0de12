// SPDX-License-Identifier: BSL-1.0
// What the fuzzers make of their bytes: four say what is expected, the others are the file. seeds.cpp writes
// such.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "formats/array_chunks.hpp"
#include "formats/chunk_shape.hpp"
#include "formats/compressed_segmentation.hpp"
#include "formats/shard_spec.hpp"

namespace fuzz {

struct input {
    unsigned byte[4];
    std::span<const std::byte> file;

    static bool parse(const std::uint8_t* data, std::size_t size, input& to) {
        if (size < 4) return false;
        for (std::size_t i = 0; i < 4; ++i) to.byte[i] = data[i];
        to.file = {reinterpret_cast<const std::byte*>(data) + 4, size - 4};
        return true;
    }
};

inline formats::chunk_shape shape_of(const input& in) {
    formats::chunk_shape shape;
    shape.extent = {1 + in.byte[0] % 20, 1 + in.byte[1] % 20, 1 + in.byte[2] % 6};
    return shape;
}

inline formats::chunk_shape label_shape_of(const input& in) {
    formats::chunk_shape shape = shape_of(in);
    shape.type = in.byte[3] & 1 ? formats::sample_type::uint64 : formats::sample_type::uint32;
    shape.channels = 1 + (in.byte[3] >> 1 & 1);
    return shape;
}

inline formats::block_extent block_of(const input& in) {
    constexpr formats::block_extent blocks[] = {{8, 8, 8}, {2, 2, 1}, {4, 3, 2}, {16, 16, 2}};
    return blocks[in.byte[3] >> 2 & 3];
}

inline formats::chunk_shape jpeg_shape_of(const input& in) {
    formats::chunk_shape shape = shape_of(in);
    shape.channels = in.byte[3] & 1 ? 3 : 1;
    return shape;
}

inline formats::chunk_shape png_shape_of(const input& in) {
    formats::chunk_shape shape = shape_of(in);
    shape.type = in.byte[3] & 1 ? formats::sample_type::uint16 : formats::sample_type::uint8;
    shape.channels = 1 + (in.byte[3] >> 1 & 3);
    return shape;
}

inline formats::morton_code grid_of(const input& in) {
    return formats::morton_code({1 + in.byte[0] % 9, 1 + in.byte[1] % 5, 1 + in.byte[2] % 5});
}

inline formats::shard_spec spec_of(const input& in) {
    formats::shard_spec spec;
    spec.hash = in.byte[3] & 1 ? formats::shard_hash::murmurhash3_x86_128 : formats::shard_hash::identity;
    spec.index_encoding = in.byte[3] & 2 ? formats::compression::gzip : formats::compression::none;
    spec.data_encoding = in.byte[3] & 4 ? formats::compression::gzip : formats::compression::none;
    spec.preshift_bits = in.byte[3] >> 3 & 3;
    spec.minishard_bits = in.byte[3] >> 5 & 3;
    spec.shard_bits = in.byte[3] >> 7;
    return spec;
}

inline formats::compression compression_of(const input& in) {
    constexpr formats::compression kinds[] = {formats::compression::gzip, formats::compression::brotli,
                                              formats::compression::zstd};
    const formats::compression kind = kinds[in.byte[0] % 3];
    return formats::is_available(kind) ? kind : formats::compression::gzip;
}

inline std::size_t most_unpacked(const input& in) { return in.byte[1] * 256 + in.byte[2]; }

// All that follows a shard's index.
inline std::uint64_t data_bytes_of(const input& in) {
    return (std::uint64_t{in.byte[0]} + 1) << in.byte[1] % 56;
}

inline formats::array_family family_of(const input& in) {
    return static_cast<formats::array_family>(in.byte[0] % 3);
}

inline std::string axes_of(const input& in) {
    constexpr const char* axes[] = {"zyx", "xyz", "yx", "czyx", "xyzc", "tczyx"};
    return axes[in.byte[1] % 6];
}

inline formats::array_form parse(formats::array_family family, const nlohmann::json& metadata,
                                 const std::string& axes) {
    if (family == formats::array_family::zarr2) return formats::parse_zarr2(metadata, axes);
    return family == formats::array_family::zarr3 ? formats::parse_zarr3(metadata, axes)
                                                  : formats::parse_n5(metadata, axes);
}

// A small array of two parts, each of which has half of the channels.
inline formats::array_form array_of(const input& in) {
    constexpr const char* packed[] = {"none",
                                      "gzip:1",
                                      "zlib:1",
                                      "zstd:1",
                                      "lz4",
                                      "bzip2:1",
                                      "xz:0",
                                      "blosc:lz4:1",
                                      "blosc:blosclz:1:bitshuffle",
                                      "blosc:lz4hc:1",
                                      "blosc:zlib:1",
                                      "blosc:zstd:1",
                                      "blosc:snappy:1:noshuffle"};
    formats::array_wish wish;
    wish.family = family_of(in);
    wish.axes = in.byte[3] & 1 ? "czyx" : "xyzc";
    for (const char axis : wish.axes) {
        wish.shape.push_back(axis == 'c' ? 4 : axis == 'z' ? 3 : 5 + in.byte[1] % 4);
        wish.chunk.push_back(axis == 'c' ? 2 : axis == 'z' ? 3 : 4);
    }
    wish.type = static_cast<formats::sample_type>(in.byte[1] / 4 % 10);
    wish.compression = packed[in.byte[2] % std::size(packed)];
    try {
        return formats::new_array(wish);
    } catch (const formats::format_error&) {  // which the family does not have
        wish.compression = "none";
        return formats::new_array(wish);
    }
}

inline formats::array_shard_form shard_form_of(const input& in) {
    return {1 + in.byte[3] / 2 % 40u, false, in.byte[3] % 2 != 0};
}

inline void require(bool good) {
    if (!good) std::abort();
}

}  // namespace fuzz
