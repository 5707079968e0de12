// SPDX-License-Identifier: BSL-1.0
#include "array_form.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "array_parts.hpp"
#include "format_error.hpp"

namespace formats {
namespace {

using arrays::json;

constexpr std::array<const char*, 3> families{"zarr2", "zarr3", "n5"};

const char* name_of(array_family family) { return families[static_cast<std::size_t>(family)]; }

// "zstd:3" taken apart.
struct wish_text {
    std::string name;
    std::vector<std::string> words;
    std::string whole;
};

[[noreturn]] void refuse(const wish_text& text, const std::string& what) {
    throw format_error("the compression is '" + text.whole + "': " + what);
}

wish_text taken_apart(const std::string& whole) {
    wish_text text{{}, {}, whole};
    for (std::size_t begin = 0; begin <= whole.size();) {
        const std::size_t end = std::min(whole.find(':', begin), whole.size());
        text.words.push_back(whole.substr(begin, end - begin));
        begin = end + 1;
    }
    text.name = text.words.front();
    text.words.erase(text.words.begin());
    return text;
}

int level_in(const wish_text& text, std::size_t word, const level_range& levels) {
    if (text.words.size() <= word) return levels.usual;
    const std::string& digits = text.words[word];
    int level = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), level);
    if (problem != std::errc() || end != digits.data() + digits.size() || level < levels.lowest ||
        level > levels.highest)
        refuse(text, "its level must be from " + std::to_string(levels.lowest) + " to " +
                         std::to_string(levels.highest));
    return level;
}

int level_of(const wish_text& text, compression kind) {
    if (text.words.size() > 1) refuse(text, "there is no more than a level to be said");
    return level_in(text, 0, levels_of(kind));
}

json blosc_of(const wish_text& text, array_family family) {
    constexpr const char* shuffles[] = {"noshuffle", "shuffle", "bitshuffle"};
    const std::string word = text.words.size() > 2 ? text.words[2] : "shuffle";
    const auto shuffle = std::find(std::begin(shuffles), std::end(shuffles), word);
    if (shuffle == std::end(shuffles) || text.words.size() > 3)
        refuse(text, "blosc:CNAME:LEVEL:SHUFFLE is meant, SHUFFLE being noshuffle, shuffle or bitshuffle");
    json made{{"cname", text.words.empty() ? "lz4" : text.words[0]},
              {"clevel", level_in(text, 1, {0, 5, 9})},
              {"blocksize", 0}};
    if (family == array_family::zarr3)
        made["shuffle"] = *shuffle;
    else
        made["shuffle"] = shuffle - std::begin(shuffles);
    return made;
}

[[noreturn]] void refuse_family(const wish_text& text, array_family family) {
    constexpr const char* known[] = {"none, gzip, zlib, zstd, blosc, lz4, bzip2 and xz",
                                     "none, gzip, zstd and blosc",
                                     "none, gzip, zlib, zstd, blosc, bzip2 and xz"};
    refuse(text, std::string(name_of(family)) + " has " + known[static_cast<std::size_t>(family)]);
}

json zarr2_compressor(const wish_text& text) {
    const auto with = [&](const char* id, const char* level, compression kind) {
        return json{{"id", id}, {level, level_of(text, kind)}};
    };
    if (text.name == "none") return nullptr;
    if (text.name == "gzip") return with("gzip", "level", compression::gzip);
    if (text.name == "zlib") return with("zlib", "level", compression::zlib);
    if (text.name == "zstd") return with("zstd", "level", compression::zstd);
    if (text.name == "lz4") return with("lz4", "acceleration", compression::lz4);
    if (text.name == "bzip2") return with("bz2", "level", compression::bzip2);
    if (text.name == "xz")
        return {{"id", "lzma"},
                {"format", 1},
                {"check", -1},
                {"preset", level_of(text, compression::xz)},
                {"filters", nullptr}};
    if (text.name != "blosc") refuse_family(text, array_family::zarr2);
    json made = blosc_of(text, array_family::zarr2);
    made["id"] = "blosc";
    return made;
}

json zarr3_codec(const wish_text& text, sample_type type) {
    if (text.name == "gzip")
        return {{"name", "gzip"}, {"configuration", {{"level", level_of(text, compression::gzip)}}}};
    if (text.name == "zstd")
        return {{"name", "zstd"},
                {"configuration", {{"level", level_of(text, compression::zstd)}, {"checksum", true}}}};
    if (text.name != "blosc") refuse_family(text, array_family::zarr3);
    json made = blosc_of(text, array_family::zarr3);
    made["typesize"] = bytes_of(type);
    return {{"name", "blosc"}, {"configuration", made}};
}

json n5_compression(const wish_text& text) {
    const auto with = [&](const char* type, const char* level, compression kind) {
        return json{{"type", type}, {level, level_of(text, kind)}};
    };
    if (text.name == "none") return {{"type", "raw"}};
    if (text.name == "zstd") return with("zstd", "level", compression::zstd);
    if (text.name == "bzip2") return with("bzip2", "blockSize", compression::bzip2);
    if (text.name == "xz") return with("xz", "preset", compression::xz);
    if (text.name == "gzip" || text.name == "zlib") {
        const bool zlib = text.name == "zlib";
        json made = with("gzip", "level", zlib ? compression::zlib : compression::gzip);
        made["useZlib"] = zlib;
        return made;
    }
    if (text.name != "blosc") refuse_family(text, array_family::n5);
    json made = blosc_of(text, array_family::n5);
    made["type"] = "blosc";
    made["nthreads"] = 1;
    return made;
}

bool x_is_first(const std::string& axes) { return axes.find('x') < axes.find('y'); }

std::string dtype_of(sample_type type) {
    const std::string_view name = formats::name_of(type);
    const std::size_t bytes = bytes_of(type);
    std::string dtype{bytes == 1 ? '|' : '<', name[0]};
    return dtype.append(std::to_string(bytes));
}

json zarr3_codecs(const array_wish& wish) {
    json codecs = json::array();
    if (x_is_first(wish.axes)) {
        json order = json::array();
        for (std::size_t axis = wish.axes.size(); axis-- > 0;) order.push_back(axis);
        codecs.push_back({{"name", "transpose"}, {"configuration", {{"order", order}}}});
    }
    json bytes{{"name", "bytes"}, {"configuration", json::object()}};
    if (bytes_of(wish.type) > 1) bytes["configuration"]["endian"] = "little";
    codecs.push_back(bytes);
    const wish_text text = taken_apart(wish.compression);
    if (text.name != "none") codecs.push_back(zarr3_codec(text, wish.type));
    return codecs;
}

void add_index(json& storage) {
    storage["index_codecs"] = json::array({{{"name", "bytes"}, {"configuration", {{"endian", "little"}}}},
                                           {{"name", "crc32c"}, {"configuration", json::object()}}});
    storage["index_location"] = "end";
}

json storage_of(const array_wish& wish) {
    if (wish.family == array_family::zarr2)
        return {{"dtype", dtype_of(wish.type)},
                {"compressor", zarr2_compressor(taken_apart(wish.compression))},
                {"filters", nullptr},
                {"order", x_is_first(wish.axes) ? "F" : "C"},
                {"fill_value", 0},
                {"dimension_separator", "/"}};
    if (wish.family == array_family::n5)
        return {{"dataType", formats::name_of(wish.type)},
                {"compression", n5_compression(taken_apart(wish.compression))}};
    json storage{{"data_type", formats::name_of(wish.type)},
                 {"fill_value", 0},
                 {"chunk_key_encoding", {{"name", "default"}, {"configuration", {{"separator", "/"}}}}},
                 {"codecs", zarr3_codecs(wish)}};
    if (!wish.shard.empty()) add_index(storage);
    return storage;
}

}  // namespace

std::size_t axes_of(array_family family, const nlohmann::json& metadata) {
    const char* name = family == array_family::n5 ? "dimensions" : "shape";
    return arrays::extents(arrays::member(metadata, name), name).size();
}

nlohmann::json metadata_of(const array_form& form) {
    if (form.family == array_family::zarr2) return arrays::metadata_of_zarr2(form);
    return form.family == array_family::zarr3 ? arrays::metadata_of_zarr3(form)
                                              : arrays::metadata_of_n5(form);
}

nlohmann::json to_json(const array_form& form) {
    return {{"family", name_of(form.family)},
            {"axes", form.axes},
            {"shape", form.shape},
            {"chunk", form.chunk},
            {"shard", form.shard},
            {"storage", form.storage}};
}

array_form array_form_of(const nlohmann::json& text) {
    using namespace arrays;
    array_form form;
    const auto family =
        std::find(families.begin(), families.end(), text_of(member(text, "family"), "family"));
    if (family == families.end())
        throw format_error("family is " + text["family"].dump() + "; zarr2, zarr3 and n5 are known");
    form.family = static_cast<array_family>(family - families.begin());
    form.axes = text_of(member(text, "axes"), "axes");
    form.shape = extents(member(text, "shape"), "shape");
    form.chunk = extents(member(text, "chunk"), "chunk");
    if (const json& shard = member(text, "shard"); shard != json::array())
        form.shard = extents(shard, "shard");
    form.storage = member(text, "storage");
    return checked(std::move(form));
}

array_form new_array(const array_wish& wish) {
    array_form form;
    form.family = wish.family;
    form.axes = wish.axes;
    form.shape = wish.shape;
    form.chunk = wish.chunk;
    form.shard = wish.shard;
    form.storage = storage_of(wish);
    return arrays::checked(std::move(form));
}

array_form array_like(const array_form& like, std::vector<std::uint64_t> shape,
                      std::vector<std::uint64_t> chunk, std::vector<std::uint64_t> shard) {
    array_form form = like;
    form.shape = std::move(shape);
    form.chunk = std::move(chunk);
    if (shard.empty()) {
        form.storage.erase("index_codecs");
        form.storage.erase("index_location");
    } else if (like.shard.empty()) {
        add_index(form.storage);
    }
    form.shard = std::move(shard);
    return arrays::checked(std::move(form));
}

std::string compression_text(const array_form& form) { return arrays::details_of(form).packed.text(); }

}  // namespace formats
