// SPDX-License-Identifier: BSL-1.0
// `zarr.json`: https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html
#include <algorithm>
#include <numeric>
#include <set>

#include "array_parts.hpp"
#include "format_error.hpp"

namespace formats {
namespace arrays {
namespace {

constexpr const char* sharding_name = "sharding_indexed";

// Every member that is not among these is refused, as what it means is not known.
void check_members(const json& object, const std::set<std::string>& known, const std::string& of) {
    if (!object.is_object()) throw format_error(of + " is " + object.dump() + ", no object");
    for (const auto& [name, value] : object.items()) {
        const bool may_be_left = value.is_object() && value.value("must_understand", json(true)) == false;
        if (!known.contains(name) && !may_be_left)
            throw format_error(of + " has a member '" + name + "' that is not read");
    }
}

// A name and a configuration, which may be a name alone.
json extension(const json& value, const std::string& of) {
    if (value.is_string()) return {{"name", value}, {"configuration", json::object()}};
    check_members(value, {"name", "configuration", "must_understand"}, of);
    json configuration = value.value("configuration", json::object());
    if (!configuration.is_object())
        throw format_error("configuration of " + of + " is " + configuration.dump() + ", no object");
    return {{"name", text_of(member(value, "name"), ("name of " + of).c_str())},
            {"configuration", std::move(configuration)}};
}

json extensions(const json& list, const std::string& of) {
    if (!list.is_array()) throw format_error(of + " is " + list.dump() + ", no list");
    json made = json::array();
    for (const json& one : list) made.push_back(extension(one, "a codec of " + of));
    return made;
}

sample_type type_of(const json& data_type, bool& is_bool) {
    is_bool = data_type == "bool";
    if (is_bool) return sample_type::uint8;
    static const std::set<std::string> known{"int8",   "int16",  "int32",  "int64",   "uint8",
                                             "uint16", "uint32", "uint64", "float32", "float64"};
    if (!data_type.is_string() || !known.contains(data_type.get<std::string>()))
        throw format_error("data_type is " + data_type.dump() +
                           "; bool, integers of 8 to 64 bits, float32 and float64 are read");
    return sample_type_of(data_type.get<std::string>());
}

// The file holds axes in `axes` order, the slowest first; what transpose makes of that.
std::vector<std::size_t> transposed(const std::vector<std::size_t>& axes, const json& configuration) {
    check_members(configuration, {"order"}, "transpose");
    const json& order = member(configuration, "order");
    std::vector<std::size_t> made;
    if (order.is_array() && order.size() == axes.size())
        for (const json& from : order)
            if (from.is_number_integer() && from >= 0 && from < static_cast<int>(axes.size()))
                made.push_back(axes[from.get<std::size_t>()]);
    if (std::set<std::size_t>(made.begin(), made.end()).size() != axes.size())
        throw format_error("order of transpose is " + order.dump() + ", no order of " +
                           std::to_string(axes.size()) + " axes");
    return made;
}

bool is_big_endian(const json& configuration, std::size_t bytes) {
    check_members(configuration, {"endian"}, "codec 'bytes'");
    const json endian = configuration.value("endian", json());
    if (bytes == 1 && endian.is_null()) return false;
    if (endian != "little" && endian != "big")
        throw format_error("endian of codec 'bytes' is " + endian.dump() + ", neither little nor big");
    return endian == "big";
}

packing_step blosc_of(const json& configuration, std::size_t bytes) {
    check_members(configuration, {"cname", "clevel", "shuffle", "typesize", "blocksize"}, "blosc");
    constexpr const char* shuffles[] = {"noshuffle", "shuffle", "bitshuffle"};
    const json named = configuration.value("shuffle", json("noshuffle"));
    const auto shuffle = std::find(std::begin(shuffles), std::end(shuffles), named);
    if (shuffle == std::end(shuffles))
        throw format_error("shuffle of blosc is " + named.dump() +
                           "; noshuffle, shuffle and bitshuffle are read");
    const long long size = number_or(configuration, "typesize", static_cast<long long>(bytes));
    if (size < 1 || size > 255)
        throw format_error("typesize of blosc is " + std::to_string(size) + ", but must be from 1 to 255");
    return blosc_step_of(configuration, static_cast<int>(shuffle - std::begin(shuffles)),
                         static_cast<std::size_t>(size));
}

packing_step step_of(const std::string& name, const json& configuration, std::size_t bytes) {
    if (name == "gzip") {
        check_members(configuration, {"level"}, "gzip");
        return compression_step(compression::gzip, number_or(configuration, "level", 6), -1);
    }
    if (name == "zstd") {
        check_members(configuration, {"level", "checksum"}, "zstd");
        return compression_step(compression::zstd, number_or(configuration, "level", 0), 0);
    }
    if (name == "blosc") return blosc_of(configuration, bytes);
    if (name == "crc32c") {
        check_members(configuration, {}, "crc32c");
        return by_crc32c{};
    }
    throw format_error("a codec is '" + name +
                       "'; transpose, bytes, gzip, zstd, blosc, crc32c and sharding_indexed are read");
}

// Of a chunk, which is not sharded any further.
void take_codecs(const json& codecs, const array_form& form, details& made) {
    std::vector<std::size_t> axes(form.axes.size());
    std::iota(axes.begin(), axes.end(), std::size_t{0});
    const std::size_t bytes = bytes_of(form.type);
    std::vector<packing_step> steps;
    bool has_bytes = false;
    for (const json& codec : codecs) {
        const std::string name = codec["name"];
        const json& configuration = codec["configuration"];
        if (name == sharding_name) throw format_error("shards inside of shards are not read");
        if ((name == "transpose" || name == "bytes") && has_bytes)
            throw format_error("codec '" + name + "' comes after codec 'bytes'");
        if (name == "transpose") {
            axes = transposed(axes, configuration);
        } else if (name == "bytes") {
            made.swapped = is_big_endian(configuration, bytes) && bytes > 1;
            has_bytes = true;
        } else {
            steps.push_back(step_of(name, configuration, bytes));
            if (!has_bytes) throw format_error("codec '" + name + "' comes before codec 'bytes'");
        }
    }
    if (!has_bytes) throw format_error("there is no codec 'bytes'");
    made.order.assign(axes.rbegin(), axes.rend());
    made.packed = packing(std::move(steps));
}

void take_index(const json& storage, details& made) {
    const json codecs = extensions(member(storage, "index_codecs"), "index_codecs");
    const bool good = !codecs.empty() && codecs[0]["name"] == "bytes" &&
                      codecs[0]["configuration"].value("endian", json()) == "little" &&
                      (codecs.size() == 1 || (codecs.size() == 2 && codecs[1]["name"] == "crc32c"));
    if (!good)
        throw format_error("index_codecs are " + codecs.dump() +
                           "; bytes, little endian, with or without crc32c are read");
    made.index_has_crc = codecs.size() == 2;
    const json& location = member(storage, "index_location");
    if (location != "start" && location != "end")
        throw format_error("index_location is " + location.dump() + ", neither start nor end");
    made.index_at_start = location == "start";
}

void take_keys(const json& storage, details& made) {
    const json& encoding = member(storage, "chunk_key_encoding");
    const std::string name = text_of(member(encoding, "name"), "name of chunk_key_encoding");
    if (name != "default" && name != "v2")
        throw format_error("chunk_key_encoding is '" + name + "'; default and v2 are read");
    const json& configuration = member(encoding, "configuration");
    check_members(configuration, {"separator"}, "chunk_key_encoding");
    const json separator = configuration.value("separator", json(name == "v2" ? "." : "/"));
    if (separator != "." && separator != "/")
        throw format_error("separator of chunk_key_encoding is " + separator.dump() +
                           ", neither '.' nor '/'");
    made.separator = separator.get<std::string>()[0];
    if (name == "default") made.prefix = std::string("c") + made.separator;
}

// chunk_shape and codecs, and those of the index, in the place of those of the array.
void take_shards_apart(const json& configuration, array_form& form) {
    check_members(configuration, {"chunk_shape", "codecs", "index_codecs", "index_location"}, sharding_name);
    form.shard = form.chunk;
    form.chunk = extents(member(configuration, "chunk_shape"), "chunk_shape of sharding_indexed");
    form.storage["codecs"] = extensions(member(configuration, "codecs"), "sharding_indexed");
    form.storage["index_codecs"] = extensions(member(configuration, "index_codecs"), "index_codecs");
    form.storage["index_location"] = configuration.value("index_location", json("end"));
}

void check_kind(const json& zarr_json) {
    if (const json& version = member(zarr_json, "zarr_format"); version != 3)
        throw format_error("zarr_format is " + version.dump() + ", not 3");
    if (const json& node = member(zarr_json, "node_type"); node != "array")
        throw format_error("node_type is " + node.dump() + ", not \"array\"");
    if (zarr_json.contains("storage_transformers") && zarr_json["storage_transformers"] != json::array())
        throw format_error("has storage_transformers, which are not read");
    check_members(zarr_json,
                  {"zarr_format", "node_type", "shape", "data_type", "chunk_grid", "chunk_key_encoding",
                   "fill_value", "codecs", "attributes", "dimension_names", "storage_transformers"},
                  "zarr.json");
}

}  // namespace

void complete_zarr3(array_form& form) {
    form.type = type_of(member(form.storage, "data_type"), form.is_bool);
    const json& fill = member(form.storage, "fill_value");
    if (fill.is_null()) throw format_error("fill_value is null");
    form.fill = fill_of(fill, form.type, true);
    for (const char* name : {"index_codecs", "index_location"})
        if (form.storage.contains(name) == form.shard.empty())
            throw format_error(std::string("shards and ") + name + " come together");
}

details details_of_zarr3(const array_form& form) {
    details made;
    take_codecs(extensions(member(form.storage, "codecs"), "the array"), form, made);
    if (!form.shard.empty()) take_index(form.storage, made);
    take_keys(form.storage, made);
    return made;
}

json metadata_of_zarr3(const array_form& form) {
    json made{{"zarr_format", 3},
              {"node_type", "array"},
              {"shape", form.shape},
              {"data_type", form.storage["data_type"]},
              {"chunk_key_encoding", form.storage["chunk_key_encoding"]},
              {"fill_value", form.storage["fill_value"]},
              {"codecs", form.storage["codecs"]}};
    const auto& grid = form.shard.empty() ? form.chunk : form.shard;
    made["chunk_grid"] = {{"name", "regular"}, {"configuration", {{"chunk_shape", grid}}}};
    if (!form.shard.empty())
        made["codecs"] = json::array({{{"name", sharding_name},
                                       {"configuration",
                                        {{"chunk_shape", form.chunk},
                                         {"codecs", form.storage["codecs"]},
                                         {"index_codecs", form.storage["index_codecs"]},
                                         {"index_location", form.storage["index_location"]}}}}});
    return made;
}

}  // namespace arrays

array_form parse_zarr3(const nlohmann::json& zarr_json, const std::string& axes) {
    using namespace arrays;
    check_kind(zarr_json);
    array_form form;
    form.family = array_family::zarr3;
    form.axes = axes;
    form.shape = extents(member(zarr_json, "shape"), "shape");
    const json grid = extension(member(zarr_json, "chunk_grid"), "chunk_grid");
    if (grid["name"] != "regular")
        throw format_error("chunk_grid is " + grid["name"].dump() + "; regular ones are read");
    check_members(grid["configuration"], {"chunk_shape"}, "chunk_grid");
    form.chunk = extents(member(grid["configuration"], "chunk_shape"), "chunk_shape");
    form.storage["data_type"] = member(zarr_json, "data_type");
    form.storage["fill_value"] = member(zarr_json, "fill_value");
    form.storage["chunk_key_encoding"] =
        extension(member(zarr_json, "chunk_key_encoding"), "chunk_key_encoding");
    const json codecs = extensions(member(zarr_json, "codecs"), "the array");
    const auto sharding = std::find_if(codecs.begin(), codecs.end(),
                                       [](const json& codec) { return codec["name"] == sharding_name; });
    if (sharding == codecs.end()) {
        form.storage["codecs"] = codecs;
    } else {
        if (codecs.size() != 1)
            throw format_error("there are codecs beside sharding_indexed, which are not read: " +
                               codecs[sharding == codecs.begin() ? 1 : 0]["name"].dump());
        take_shards_apart((*sharding)["configuration"], form);
    }
    return checked(std::move(form));
}

}  // namespace formats
