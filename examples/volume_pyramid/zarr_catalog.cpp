// SPDX-License-Identifier: BSL-1.0
#include "zarr_catalog.hpp"

#include <filesystem>
#include <functional>

#include "bad_input.hpp"
#include "ome_multiscale.hpp"
#include "text_file.hpp"

namespace volumes {
namespace {

namespace fs = std::filesystem;

json made_by(const json& entry) {
    return entry.contains("made_by") ? json{{"made_by", entry["made_by"]}} : json::object();
}

// f(folder, the way from there to the volume, with a slash behind it or empty) for the volume's folder and
// for those of the groups above it.
void for_each_group_above(const fs::path& volume, const std::string& group_file,
                          const std::function<void(const fs::path&, const std::string&)>& f) {
    std::error_code ignored;
    fs::path folder = fs::weakly_canonical(volume, ignored);
    for (std::string way; fs::exists(folder / group_file, ignored); folder = folder.parent_path()) {
        f(folder, way);
        way = folder.filename().string() + "/" + way;
        if (folder == folder.parent_path()) return;
    }
}

json read_json(const fs::path& file) { return parse_json(read_text(file), file.string()); }

}  // namespace

json zarr_catalog::multiscale_of(const json& attributes) const {
    json all = attributes;
    const json& at = place_of_multiscales(all);
    const json multiscales = at.is_object() ? at.value("multiscales", json()) : json();
    if (multiscales.is_array() && !multiscales.empty()) return multiscales[0];
    if (at.is_object() && at.contains("bioformats2raw.layout"))
        throw bad_input(files().folder().string() + " holds several images; name one of them, such as " +
                        (files().folder() / "0").string());
    throw bad_input(name() + " has no multiscales, as OME-Zarr has them; name an array in " +
                    files().folder().string() + ", with --dest");
}

std::string zarr_catalog::read_levels() const {
    if (!is_there()) throw bad_input(files().folder().string() + " is no Zarr volume; --create makes one");
    if (const auto array = metadata_of_array(".")) return read_array(*array);
    const ome_multiscale all(multiscale_of(attributes()), name());
    return listing(all.axes(), all.levels());
}

std::string zarr_catalog::read_array(const json& metadata) const {
    const json shape = metadata.value("shape", json());
    if (!shape.is_array()) throw bad_input(files().folder().string() + ": its shape is no list");
    const auto named = axes_of_names(names_in(metadata, attributes_of_array(".")));
    const json axes = named && named->size() == shape.size() ? *named : usual_axes(shape.size());
    return listing(axes, {{".", {"1", "1", "1"}, {}}});
}

void zarr_catalog::write(const std::string& text, const fs::path& temporary) const {
    const json wanted = json::parse(text);
    const std::vector<json> fresh = new_entries(text);
    if (fresh.empty()) return;
    json all = attributes();
    json& at = place_of_multiscales(all);
    if (family() == volume_family::zarr3 && !at.contains("version")) at["version"] = version();
    if (!at.contains("multiscales"))
        at["multiscales"] = json::array({new_multiscale(
            wanted["axes"], fs::absolute(files().folder() / ".").parent_path().filename().string(),
            family() == volume_family::zarr2 ? version() : std::string())});
    json& multiscale = at["multiscales"][0];
    multiscale = with_datasets(multiscale, wanted["scales"], fresh, wanted["axes"], name());
    json names = json::array();
    for (const json& axis : multiscale["axes"]) names.push_back(axis["name"]);
    std::vector<std::string> keys;
    for (const json& entry : fresh) {
        write_array(entry, names, temporary);
        keys.push_back(entry["key"]);
    }
    write_group(all, keys, temporary);
}

bool zarr2_catalog::is_there() const {
    return files().has(".zattrs") || files().has(".zgroup") || files().has(".zarray");
}

std::optional<json> zarr2_catalog::metadata_of_array(const std::string& key) const {
    return files().read_json(file_in(key, ".zarray"));
}

json zarr2_catalog::attributes_of_array(const std::string& key) const {
    return files().read_json(file_in(key, ".zattrs")).value_or(json::object());
}

// As xarray writes them.
json zarr2_catalog::names_in(const json&, const json& attributes) const {
    return attributes.is_object() ? attributes.value("_ARRAY_DIMENSIONS", json()) : json();
}

void zarr2_catalog::write_array(const json& entry, const json&, const fs::path& temporary) const {
    const std::string key = entry["key"];
    write_json(file_in(key, ".zattrs"), made_by(entry), temporary);
    write_json(file_in(key, ".zarray"), metadata_of_entry(entry), temporary);
}

void zarr2_catalog::write_group(const json& attributes, const std::vector<std::string>& keys,
                                const fs::path& temporary) const {
    if (!files().has(".zgroup")) write_json(".zgroup", {{"zarr_format", 2}}, temporary);
    write_json(".zattrs", attributes, temporary);
    for_each_group_above(files().folder(), ".zgroup", [&](const fs::path& folder, const std::string& way) {
        const fs::path file = folder / ".zmetadata";
        if (!fs::exists(file)) return;
        json all = read_json(file);
        json& known = all["metadata"];
        if (!known.is_object()) throw bad_input(file.string() + ": has no object 'metadata'");
        known[way + ".zattrs"] = attributes;
        for (const std::string& key : keys)
            for (const char* name : {".zarray", ".zattrs"})
                known[way + file_in(key, name)] = *files().read_json(file_in(key, name));
        write_json_file(file, all, temporary);
    });
}

json zarr3_catalog::attributes() const {
    const auto whole = files().read_json("zarr.json");
    return whole && whole->is_object() ? whole->value("attributes", json::object()) : json::object();
}

json& zarr3_catalog::place_of_multiscales(json& attributes) const {
    if (!attributes.is_object()) attributes = json::object();
    return attributes["ome"].is_null() ? attributes["ome"] = json::object() : attributes["ome"];
}

json zarr3_catalog::names_in(const json& metadata, const json&) const {
    return metadata.value("dimension_names", json());
}

std::optional<json> zarr3_catalog::metadata_of_array(const std::string& key) const {
    auto whole = files().read_json(file_in(key, "zarr.json"));
    if (whole && whole->is_object() && whole->value("node_type", "") != "array") return std::nullopt;
    return whole;
}

json zarr3_catalog::attributes_of_array(const std::string& key) const {
    const auto whole = metadata_of_array(key);
    return whole && whole->is_object() ? whole->value("attributes", json::object()) : json::object();
}

void zarr3_catalog::write_array(const json& entry, const json& names, const fs::path& temporary) const {
    json whole = metadata_of_entry(entry);
    whole["dimension_names"] = names;
    whole["attributes"] = made_by(entry);
    write_json(file_in(entry["key"], "zarr.json"), whole, temporary);
}

void zarr3_catalog::write_group(const json& attributes, const std::vector<std::string>& keys,
                                const fs::path& temporary) const {
    json whole = files().read_json("zarr.json").value_or(json{{"zarr_format", 3}, {"node_type", "group"}});
    whole["attributes"] = attributes;
    if (!files().has("zarr.json")) write_json("zarr.json", whole, temporary);
    for_each_group_above(files().folder(), "zarr.json", [&](const fs::path& folder, const std::string& way) {
        json group = way.empty() ? whole : read_json(folder / "zarr.json");
        const bool consolidated = group.contains("consolidated_metadata") &&
                                  group["consolidated_metadata"].is_object() &&
                                  group["consolidated_metadata"].contains("metadata");
        if (consolidated) {
            json& known = group["consolidated_metadata"]["metadata"];
            for (const std::string& key : keys)
                known[way + key] = *files().read_json(file_in(key, "zarr.json"));
            if (!way.empty()) known[way.substr(0, way.size() - 1)]["attributes"] = attributes;
        }
        if (consolidated || way.empty()) write_json_file(folder / "zarr.json", group, temporary);
    });
}

}  // namespace volumes
