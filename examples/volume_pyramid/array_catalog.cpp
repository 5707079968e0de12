// SPDX-License-Identifier: BSL-1.0
#include "array_catalog.hpp"

#include <algorithm>

#include "array_scales.hpp"
#include "bad_input.hpp"
#include "formats/format_error.hpp"
#include "info.hpp"
#include "text_file.hpp"

namespace volumes {
namespace {

formats::array_form parsed(volume_family family, const json& metadata, const json& axes) {
    const std::string letters = letters_of(axes, family);
    const nlohmann::json known = nlohmann::json::parse(metadata.dump());
    switch (family) {
        case volume_family::zarr3:
            return formats::parse_zarr3(known, letters);
        case volume_family::n5:
            return formats::parse_n5(known, letters);
        default:
            return formats::parse_zarr2(known, letters);
    }
}

}  // namespace

// Members are asked for as what they should be, and json throws where they are something else.
std::string array_catalog::read() const {
    try {
        return read_levels();
    } catch (const json::exception&) {
        throw bad_input(name() + ": a member is not of the type that it should be");
    }
}

json array_catalog::entry_of(const json& axes, const array_level& level) const {
    json entry{{"key", level.key}, {"encoding", name_of(family())}};
    json resolution = json::array();
    for (const std::string& edge : level.resolution) resolution.push_back(json::parse(edge));
    entry["resolution"] = resolution;
    try {
        const auto metadata = metadata_of_array(level.key);
        if (!metadata) throw bad_input("it has no metadata");
        const formats::array_form form = parsed(family(), *metadata, axes);
        entry["size"] = in_space(form, form.shape);
        entry["voxel_offset"] = {0, 0, 0};
        entry["chunk_sizes"] = json::array({in_space(form, form.chunk)});
        entry["translation"] = level.translation;
        entry["array"] = json::parse(formats::to_json(form).dump());
        const json attributes = attributes_of_array(level.key);
        if (attributes.is_object() && attributes.contains("made_by"))
            entry["made_by"] = attributes["made_by"];
    } catch (const formats::format_error& problem) {
        entry["problem"] = problem.what();
    } catch (const bad_input& problem) {
        entry["problem"] = problem.what();
    } catch (const json::exception&) {
        entry["problem"] = "a member of its metadata is not of the type that it should be";
    }
    return entry;
}

std::string array_catalog::listing(const json& axes, const std::vector<array_level>& levels) const {
    json scales = json::array();
    std::optional<formats::array_form> first;
    std::string problem = "it has no levels";
    for (const array_level& level : levels) {
        json entry = entry_of(axes, level);
        if (entry.contains("array")) {
            const formats::array_form form = array_in(entry);
            if (!first) first = form;
            if (form.type != first->type || channels_of(form) != channels_of(*first))
                entry["problem"] =
                    "its type, or the extent of an axis that is not space, is not that of level " +
                    levels.front().key;
        } else if (!first) {
            problem = "level " + level.key + ": " + entry["problem"].get<std::string>();
        }
        scales.push_back(std::move(entry));
    }
    if (!first) throw bad_input(files().folder().string() + ": " + problem);
    return json{{"@type", name_of(family())},
                {"type", "image"},
                {"data_type", std::string(formats::name_of(first->type))},
                {"num_channels", channels_of(*first)},
                {"axes", axes},
                {"scales", scales}}
        .dump();
}

std::vector<json> array_catalog::new_entries(const std::string& text) const {
    std::vector<std::string> there;
    if (is_there()) there = info(read()).keys();
    std::vector<json> fresh;
    const json whole = json::parse(text);
    for (const json& entry : whole["scales"])
        if (std::find(there.begin(), there.end(), entry["key"]) == there.end()) fresh.push_back(entry);
    return fresh;
}

void array_catalog::write_json(const std::string& name, const json& what,
                               const std::filesystem::path& temporary) const {
    write_json_file(files().folder() / name, what, temporary);
}

void write_json_file(const std::filesystem::path& file, const json& what,
                     const std::filesystem::path& temporary) {
    replace_durably(file, what.dump(2) + "\n", temporary);
}

json metadata_of_entry(const json& entry) {
    return json::parse(formats::metadata_of(array_in(entry)).dump());
}

std::optional<json> axes_of_names(const json& names) {
    json axes = json::array();
    std::string space;
    if (!names.is_array()) return std::nullopt;
    for (const json& one : names) {
        if (!one.is_string()) return std::nullopt;
        const std::string name = one;
        const std::string type = axis_type_of(name);
        if (type == "space" && space.find(name) != space.npos) return std::nullopt;
        if (type == "space") space += name;
        axes.push_back({{"name", name}, {"type", type}});
    }
    if (space.find('x') == space.npos || space.find('y') == space.npos) return std::nullopt;
    return axes;
}

json usual_axes(std::size_t count) {
    static const std::array<const char*, 5> names{"t", "c", "z", "y", "x"};
    if (count < 2 || count > names.size())
        throw bad_input("an array of " + std::to_string(count) + " axes is not read; 2 to 5 are");
    json all = json::array();
    for (std::size_t i = names.size() - count; i < names.size(); ++i) all.push_back(names[i]);
    return *axes_of_names(all);
}

}  // namespace volumes
