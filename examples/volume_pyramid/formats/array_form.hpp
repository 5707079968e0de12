// SPDX-License-Identifier: BSL-1.0
// How an array of Zarr or N5 is stored: all that the bytes of its chunks and the names of their files depend
// on, as its metadata has it.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "chunk_shape.hpp"

namespace formats {

enum class array_family { zarr2, zarr3, n5 };

// Lists are in the order of the metadata's own: Zarr's as its shape is, N5's first axis fastest.
struct array_form {
    array_family family = array_family::zarr2;
    // A letter an axis: x, y and z (z may be missing) are space; every other letter is an axis that is never
    // pooled. Voxels of all those together are the channels of a chunk_shape: the last of them in Zarr's
    // order (the first in N5's) is counted fastest.
    std::string axes;
    std::vector<std::uint64_t> shape;
    std::vector<std::uint64_t> chunk;  // what is encoded as one: the inner chunk, where there are shards
    std::vector<std::uint64_t> shard;  // of Zarr 3's sharding_indexed; empty: each chunk has a file
    sample_type type = sample_type::uint8;
    bool is_bool = false;         // a type of its own in the metadata; uint8 in memory
    std::vector<std::byte> fill;  // one voxel in this machine's order: what a chunk that is missing holds
    // What is left of the metadata, in its own words, checked and without what does not matter: Zarr 2's
    // dtype, compressor, filters, order, fill_value, dimension_separator; Zarr 3's data_type,
    // chunk_key_encoding, codecs, fill_value (with the sharding codec taken apart: `codecs` are the inner
    // ones, index_codecs and index_location beside them); N5's dataType and compression.
    nlohmann::json storage = nlohmann::json::object();

    bool operator==(const array_form&) const = default;
};

// Of `.zarray`, of `zarr.json` or of `attributes.json`. axes: as above; as many as the array has. Throw
// format_error, which says why, for what is not read: by name, never guessed.
array_form parse_zarr2(const nlohmann::json& zarray, const std::string& axes);
array_form parse_zarr3(const nlohmann::json& zarr_json, const std::string& axes);
array_form parse_n5(const nlohmann::json& attributes, const std::string& axes);
// How many axes such metadata has, before they have names.
std::size_t axes_of(array_family family, const nlohmann::json& metadata);

// The metadata of an array that is stored so: what a file holds, without attributes and dimension_names.
// parse_...() of it gives the same form.
nlohmann::json metadata_of(const array_form& form);

// A form and the text it has in a plan: an object of all members but those that follow from `storage`.
nlohmann::json to_json(const array_form& form);
array_form array_form_of(const nlohmann::json& text);  // throws format_error

// What a new array is to be.
struct array_wish {
    array_family family = array_family::zarr2;
    std::string axes;                  // as in array_form
    std::vector<std::uint64_t> shape;  // by axis
    std::vector<std::uint64_t> chunk;
    std::vector<std::uint64_t> shard;  // empty: none
    sample_type type = sample_type::uint8;
    // none, gzip:L, zstd:L, blosc (lz4, 5, shuffle), blosc:CNAME:L[:SHUFFLE]; zlib:L, bzip2:L, xz:L (zarr2,
    // n5); lz4 (zarr2). L may be left out.
    std::string compression = "zstd:3";
};
// In the words that most readers know: "/" between indices, C order where x is last and F where x is first,
// (Zarr 3: transpose, where x is first), little endian, fill 0, crc32c behind indices of shards. Throws
// format_error for what the family does not have.
array_form new_array(const array_wish& wish);
// As `like` is stored, with another shape, other chunks and shards; of another type of the same bytes never.
array_form array_like(const array_form& like, std::vector<std::uint64_t> shape,
                      std::vector<std::uint64_t> chunk, std::vector<std::uint64_t> shard);
// "blosc lz4 5 shuffle", "zstd 3, crc32c", for messages.
std::string compression_text(const array_form& form);

}  // namespace formats
