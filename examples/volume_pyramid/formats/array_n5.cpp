// SPDX-License-Identifier: BSL-1.0
// `attributes.json` of an N5 dataset: https://github.com/saalfeldlab/n5
#include <set>

#include "array_parts.hpp"
#include "format_error.hpp"

namespace formats {
namespace arrays {
namespace {

packing packing_of(const json& how, sample_type type) {
    const std::string name = text_of(member(how, "type"), "compression's type");
    if (name == "raw") return packing({});
    if (name == "gzip") {
        const json zlib = how.value("useZlib", json(false));
        if (!zlib.is_boolean()) throw format_error("useZlib of gzip is " + zlib.dump());
        const compression kind = zlib.get<bool>() ? compression::zlib : compression::gzip;
        return packing({compression_step(kind, number_or(how, "level", -1), -1)});
    }
    if (name == "zstd") return packing({compression_step(compression::zstd, number_or(how, "level", 3), 0)});
    if (name == "bzip2")
        return packing({compression_step(compression::bzip2, number_or(how, "blockSize", 9), 0)});
    if (name == "xz") return packing({compression_step(compression::xz, number_or(how, "preset", 6), -1)});
    if (name == "blosc")
        return packing({blosc_step_of(how, static_cast<int>(number_or(how, "shuffle", 1)), bytes_of(type))});
    throw format_error("the compression is '" + name + "'; raw, gzip, zstd, bzip2, xz and blosc are read");
}

}  // namespace

void complete_n5(array_form& form) {
    const std::string name = text_of(member(form.storage, "dataType"), "dataType");
    static const std::set<std::string> known{"int8",   "int16",  "int32",  "int64",   "uint8",
                                             "uint16", "uint32", "uint64", "float32", "float64"};
    if (!known.contains(name))
        throw format_error("dataType is '" + name +
                           "'; integers of 8 to 64 bits, float32 and float64 are read");
    form.type = sample_type_of(name);
    form.is_bool = false;
    form.fill.assign(bytes_of(form.type), std::byte{});
}

details details_of_n5(const array_form& form) {
    details made;
    for (std::size_t axis = 0; axis < form.axes.size(); ++axis) made.order.push_back(axis);
    made.swapped = bytes_of(form.type) > 1;
    made.packed = packing_of(member(form.storage, "compression"), form.type);
    made.block_headers = true;
    return made;
}

json metadata_of_n5(const array_form& form) {
    json made = form.storage;
    made["dimensions"] = form.shape;
    made["blockSize"] = form.chunk;
    return made;
}

}  // namespace arrays

array_form parse_n5(const nlohmann::json& attributes, const std::string& axes) {
    using namespace arrays;
    array_form form;
    form.family = array_family::n5;
    form.axes = axes;
    form.shape = extents(member(attributes, "dimensions"), "dimensions");
    form.chunk = extents(member(attributes, "blockSize"), "blockSize");
    if (attributes.value("isLabelMultiset", json(false)) == true)
        throw format_error("holds label multisets (isLabelMultiset), which are not read");
    form.storage["dataType"] = member(attributes, "dataType");
    if (attributes.contains("compression"))
        form.storage["compression"] = attributes["compression"];
    else  // as very old files have it
        form.storage["compression"] = {{"type", member(attributes, "compressionType")}};
    return checked(std::move(form));
}

}  // namespace formats
