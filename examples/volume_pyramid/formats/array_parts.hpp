// SPDX-License-Identifier: BSL-1.0
// What the metadata of Zarr and N5 have in common, and what `storage` of an array_form says, taken apart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "array_form.hpp"
#include "packing.hpp"

namespace formats::arrays {

using json = nlohmann::json;

// These throw format_error, which names the member.
const json& member(const json& in, const char* name);
std::string text_of(const json& value, const char* name);
// A whole number, or `usual` where there is none.
long long number_or(const json& in, const char* name, long long usual);
// Of as many axes as the array has, each from 1 to 2^48.
std::vector<std::uint64_t> extents(const json& list, const char* name);
// A voxel in this machine's order: a number that the type holds, false and true, "NaN", "Infinity" and
// "-Infinity", null for 0, and with `bits` also "0x7fc00000".
std::vector<std::byte> fill_of(const json& value, sample_type type, bool bits);

// cname, clevel, shuffle and blocksize, as all three families have them; shuffle: what they make of it.
packing_step blosc_step_of(const json& options, int shuffle, std::size_t sample_bytes);

// How the bytes of a chunk lie, and where.
struct details {
    std::vector<std::size_t> order;  // axes of the array, the one that is fastest in a chunk first
    bool swapped = false;            // elements have their bytes in another order than this machine's
    packing packed{{}};
    std::string prefix;  // of the name of a chunk, before its indices
    char separator = '/';
    bool block_headers = false;  // N5's
    bool index_at_start = false, index_has_crc = false;
};

// Of a form whose storage may be anything yet: type, is_bool and fill are set by it. Throw format_error.
void complete_zarr2(array_form& form);
void complete_zarr3(array_form& form);
void complete_n5(array_form& form);
details details_of_zarr2(const array_form& form);
details details_of_zarr3(const array_form& form);
details details_of_n5(const array_form& form);
json metadata_of_zarr2(const array_form& form);
json metadata_of_zarr3(const array_form& form);
json metadata_of_n5(const array_form& form);

details details_of(const array_form& form);
// The form itself, complete and checked.
array_form checked(array_form form);

}  // namespace formats::arrays
