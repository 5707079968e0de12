// SPDX-License-Identifier: BSL-1.0
// `.zarray`: https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html
#include <algorithm>

#include "array_parts.hpp"
#include "format_error.hpp"

namespace formats {
namespace arrays {
namespace {

struct zarr2_type {
    sample_type type = sample_type::uint8;
    bool is_bool = false, swapped = false;
};

zarr2_type type_of(const json& dtype) {
    if (dtype.is_array()) throw format_error("dtype is " + dtype.dump() + ": structured voxels are not read");
    const std::string text = text_of(dtype, "dtype");
    constexpr const char* numbers = "; integers of 1 to 8 bytes, floats of 4 and 8 and bool are read";
    const auto refuse = [&](const std::string& what) {
        throw format_error("dtype is '" + text + "'" + what + numbers);
    };
    if (text.size() < 3) refuse("");
    const char order = text[0], kind = text[1];
    const std::string bytes = text.substr(2);
    if (kind == 'c') refuse(", complex numbers");
    if (kind == 'O') refuse(", objects");
    if (kind == 'S' || kind == 'U' || kind == 'V' || kind == 'M' || kind == 'm') refuse(", no numbers");
    std::string name = kind == 'u' ? "uint" : kind == 'i' ? "int" : kind == 'f' ? "float" : "";
    const bool is_bool = kind == 'b' && bytes == "1";
    const bool known =
        is_bool || (kind == 'f' ? bytes == "4" || bytes == "8"
                                : bytes == "1" || bytes == "2" || bytes == "4" || bytes == "8");
    if ((name.empty() && !is_bool) || !known) refuse("");
    if ((order != '<' && order != '>' && order != '|') || (order == '|' && bytes != "1"))
        refuse(", without an order of bytes");
    name = is_bool ? "uint8" : name + std::to_string(8 * (bytes[0] - '0'));
    return {sample_type_of(name), is_bool, order == '>' && bytes != "1"};
}

// xz is the container, of the filter that every preset has.
packing_step lzma_step(const json& how) {
    if (number_or(how, "format", 1) != 1 || (how.contains("filters") && !how["filters"].is_null()))
        throw format_error("the compressor is " + how.dump() + "; of lzma, format 1 without filters is read");
    return compression_step(compression::xz, number_or(how, "preset", 6), -1);
}

packing packing_of(const json& how, sample_type type) {
    if (how.is_null()) return packing({});
    const std::string id = text_of(member(how, "id"), "the compressor's id");
    const std::size_t bytes = bytes_of(type);
    if (id == "blosc") {
        const long long shuffle = number_or(how, "shuffle", 1);
        const bool chosen = shuffle != -1;
        if (chosen && (shuffle < 0 || shuffle > 2))
            throw format_error("shuffle of blosc is " + std::to_string(shuffle) +
                               ", but must be from -1 to 2");
        return packing({blosc_step_of(how, chosen ? static_cast<int>(shuffle) : bytes == 1 ? 2 : 1, bytes)});
    }
    if (id == "zstd") return packing({compression_step(compression::zstd, number_or(how, "level", 1), 0)});
    if (id == "zlib") return packing({compression_step(compression::zlib, number_or(how, "level", 1), -1)});
    if (id == "gzip") return packing({compression_step(compression::gzip, number_or(how, "level", 1), -1)});
    if (id == "lz4")
        return packing({compression_step(compression::lz4, number_or(how, "acceleration", 1), 0)});
    if (id == "bz2") return packing({compression_step(compression::bzip2, number_or(how, "level", 1), 0)});
    if (id == "lzma") return packing({lzma_step(how)});
    throw format_error("the compressor is '" + id +
                       "'; blosc, zstd, zlib, gzip, lz4, bz2, lzma and none (null) are read");
}

void check_no_filters(const json& filters) {
    if (filters.is_null() || (filters.is_array() && filters.empty())) return;
    std::string id;
    if (filters.is_array() && filters[0].is_object() && filters[0].contains("id"))
        id = " (" + filters[0]["id"].dump() + ")";
    throw format_error("chunks have filters" + id + ", which are not read");
}

bool is_fortran(const json& order) {
    if (order != "C" && order != "F") throw format_error("order is " + order.dump() + ", neither C nor F");
    return order == "F";
}

}  // namespace

void complete_zarr2(array_form& form) {
    const zarr2_type type = type_of(member(form.storage, "dtype"));
    form.type = type.type;
    form.is_bool = type.is_bool;
    form.fill = fill_of(member(form.storage, "fill_value"), type.type, false);
}

details details_of_zarr2(const array_form& form) {
    const json& storage = form.storage;
    details made;
    for (std::size_t axis = 0; axis < form.axes.size(); ++axis) made.order.push_back(axis);
    if (!is_fortran(member(storage, "order"))) std::reverse(made.order.begin(), made.order.end());
    made.swapped = type_of(member(storage, "dtype")).swapped;
    check_no_filters(member(storage, "filters"));
    made.packed = packing_of(member(storage, "compressor"), form.type);
    const std::string separator = text_of(member(storage, "dimension_separator"), "dimension_separator");
    if (separator != "." && separator != "/")
        throw format_error("dimension_separator is '" + separator + "', neither '.' nor '/'");
    made.separator = separator[0];
    return made;
}

json metadata_of_zarr2(const array_form& form) {
    json made = form.storage;
    made["zarr_format"] = 2;
    made["shape"] = form.shape;
    made["chunks"] = form.chunk;
    return made;
}

}  // namespace arrays

array_form parse_zarr2(const nlohmann::json& zarray, const std::string& axes) {
    using namespace arrays;
    if (const json& version = member(zarray, "zarr_format"); version != 2)
        throw format_error("zarr_format is " + version.dump() + ", not 2");
    array_form form;
    form.family = array_family::zarr2;
    form.axes = axes;
    form.shape = extents(member(zarray, "shape"), "shape");
    form.chunk = extents(member(zarray, "chunks"), "chunks");
    for (const char* name : {"dtype", "compressor", "fill_value", "order"})
        form.storage[name] = member(zarray, name);
    form.storage["filters"] =
        zarray.value("filters", json()) == json::array() ? json() : zarray.value("filters", json());
    form.storage["dimension_separator"] = zarray.value("dimension_separator", json("."));
    return checked(std::move(form));
}

}  // namespace formats
