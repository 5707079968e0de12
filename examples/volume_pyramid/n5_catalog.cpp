// SPDX-License-Identifier: BSL-1.0
#include "n5_catalog.hpp"

#include <algorithm>
#include <cmath>

#include "arguments.hpp"
#include "bad_input.hpp"
#include "decimal.hpp"

namespace volumes {
namespace {

constexpr std::array<const char*, 3> xyz{"x", "y", "z"};

constexpr const char* attributes_file = "attributes.json";

std::string key_of(std::size_t level) { return std::string("s").append(std::to_string(level)); }

bool is_dataset(const json& attributes) { return attributes.contains("dimensions"); }

bool is_list_of_lists(const json& in, const char* member) {
    return in.contains(member) && in[member].is_array() && !in[member].empty() && in[member][0].is_array();
}

std::string long_unit(const std::string& unit) {
    if (unit == "nm") return "nanometer";
    if (unit == "um" || unit == "\u00b5m" || unit == "\u03bcm") return "micrometer";
    if (unit == "mm") return "millimeter";
    return unit;
}

std::string short_unit(const std::string& unit) {
    if (unit == "nanometer") return "nm";
    if (unit == "micrometer") return "um";
    if (unit == "millimeter") return "mm";
    return unit;
}

bool is_place(const json& transform, std::size_t axes) {
    const auto list = [&](const char* member) {
        return transform.contains(member) && transform[member].is_array() && transform[member].size() == axes;
    };
    return transform.is_object() && list("axes") && list("scale") && list("translate");
}

std::string unit_of(const json& axes, const char* name) {
    for (const json& axis : axes)
        if (axis["name"] == name) return axis.value("unit", "");
    return {};
}

// In N5's order, first axis fastest.
json names_of(const json& axes) {
    json names = json::array();
    for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) names.push_back((*axis)["name"]);
    return names;
}

// As N5 has them: x first, and 1 for what is no axis of space.
json factors_of(const json& axes, const index3& factor) {
    json all = json::array();
    for (const json& name : names_of(axes)) {
        const auto at = std::find(xyz.begin(), xyz.end(), name.get<std::string>());
        all.push_back(at == xyz.end() ? 1 : factor[static_cast<std::size_t>(at - xyz.begin())]);
    }
    return all;
}

// CellMap's, in Zarr's order.
json transform_of(const json& axes, const json& entry) {
    json all{{"axes", json::array()},
             {"scale", json::array()},
             {"translate", json::array()},
             {"units", json::array()}};
    for (const json& axis : axes) {
        const auto at = std::find(xyz.begin(), xyz.end(), axis["name"].get<std::string>());
        const auto k = static_cast<std::size_t>(at - xyz.begin());
        const bool in_space = at != xyz.end();
        all["axes"].push_back(axis["name"]);
        all["scale"].push_back(in_space ? entry["resolution"][k] : json(1));
        all["translate"].push_back(in_space ? entry["translation"][k] : json(0));
        all["units"].push_back(short_unit(axis.value("unit", "")));
    }
    return all;
}

index3 factor_between(const json& fine, const json& coarse) {
    index3 factor;
    for (std::size_t axis = 0; axis < 3; ++axis)
        factor[axis] = static_cast<index_t>(
            std::lround(coarse["resolution"][axis].get<double>() / fine["resolution"][axis].get<double>()));
    return factor;
}

}  // namespace

std::optional<json> n5_catalog::metadata_of_array(const std::string& key) const {
    auto attributes = files().read_json(file_in(key, attributes_file));
    if (attributes && (!attributes->is_object() || !is_dataset(*attributes))) return std::nullopt;
    return attributes;
}

json n5_catalog::attributes_of_array(const std::string& key) const {
    return files().read_json(file_in(key, attributes_file)).value_or(json::object());
}

std::vector<std::string> n5_catalog::level_keys() const {
    std::vector<std::string> keys;
    while (files().has(file_in(key_of(keys.size()), attributes_file))) keys.push_back(key_of(keys.size()));
    return keys;
}

json n5_catalog::axes_of(const json& attributes, const std::string& unit) const {
    const std::size_t count = attributes["dimensions"].size();
    json names = attributes.value("axes", json());
    if (names.is_array()) std::reverse(names.begin(), names.end());
    const auto named = axes_of_names(names);
    json axes = named && named->size() == count ? *named : usual_axes(count);
    for (json& axis : axes)
        if (axis["type"] == "space" && !unit.empty()) axis["unit"] = unit;
    return axes;
}

n5_catalog::base n5_catalog::base_of(const json& group, const json& first) const {
    base found;
    const json& transform = first.value("transform", json());
    if (is_place(transform, first["dimensions"].size())) {
        for (std::size_t i = 0; i < transform["axes"].size(); ++i) {
            const auto at = std::find(xyz.begin(), xyz.end(), transform["axes"][i].get<std::string>());
            if (at == xyz.end()) continue;
            const auto k = static_cast<std::size_t>(at - xyz.begin());
            found.resolution[k] = transform["scale"][i].dump();
            found.translation[k] = transform["translate"][i].get<double>();
            if (transform.contains("units") && transform["units"].is_array() && transform["units"].size() > i)
                found.unit = long_unit(transform["units"][i].get<std::string>());
        }
        return found;
    }
    for (const json* in : {&first, &group}) {
        const json pixel = in->value("pixelResolution", json());
        const json edges = pixel.is_object()            ? pixel.value("dimensions", json())
                           : in->contains("resolution") ? (*in)["resolution"]
                                                        : pixel;
        if (!edges.is_array() || edges.empty()) continue;
        for (std::size_t k = 0; k < 3 && k < edges.size(); ++k)
            if (edges[k].is_number() && edges[k].get<double>() > 0) found.resolution[k] = edges[k].dump();
        if (pixel.is_object()) found.unit = long_unit(pixel.value("unit", ""));
        const json units = in->value("units", json());
        if (units.is_array() && !units.empty() && units[0].is_string())
            found.unit = long_unit(units[0].get<std::string>());
        return found;
    }
    return found;
}

index3 n5_catalog::factor_of(const json& group, std::size_t level, const json& attributes,
                             const std::string& key) const {
    json list;
    for (const char* member : {"scales", "downsamplingFactors"})
        if (list.is_null() && is_list_of_lists(group, member) && group[member].size() > level)
            list = group[member][level];
    if (list.is_null()) list = attributes.value("downsamplingFactors", json());
    if (list.is_null() && level == 0) return {1, 1, 1};
    index3 factor{1, 1, 1};
    const bool good =
        list.is_array() && list.size() >= 2 && std::all_of(list.begin(), list.end(), [](const json& n) {
            return n.is_number() && n.get<double>() >= 1 && n.get<double>() <= double(largest_number) &&
                   n.get<double>() == std::floor(n.get<double>());
        });
    if (!good)
        throw bad_input(files().text_of(file_in(key, attributes_file)) +
                        ": downsamplingFactors, or scales of the group, does not tell how coarse it is");
    for (std::size_t k = 0; k < 3 && k < list.size(); ++k)
        factor[k] = static_cast<index_t>(list[k].get<double>());
    return factor;
}

std::string n5_catalog::read_levels() const {
    if (!is_there()) throw bad_input(files().folder().string() + " is no N5 volume; --create makes one");
    const json group = attributes_of_array(".");
    if (!group.is_object()) throw bad_input(name() + ": no JSON object");
    const bool alone = is_dataset(group);
    const std::vector<std::string> keys = alone ? std::vector<std::string>{"."} : level_keys();
    if (keys.empty())
        throw bad_input(files().folder().string() +
                        " has no levels s0, s1 ...; name a group that has, or, with --dest, a dataset");
    const json first = attributes_of_array(keys[0]);
    if (!first.is_object() || !is_dataset(first) || !first["dimensions"].is_array())
        throw bad_input(files().text_of(file_in(keys[0], attributes_file)) + ": is no dataset");
    const base origin = base_of(group, first);
    const json axes = axes_of(first, origin.unit);
    std::vector<array_level> levels;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const json attributes = attributes_of_array(keys[i]);
        const index3 factor = alone ? index3{1, 1, 1} : factor_of(group, i, attributes, keys[i]);
        array_level level{keys[i], {}, origin.translation};
        const base own = is_place(attributes.value("transform", json()), axes.size())
                             ? base_of(json::object(), attributes)
                             : origin;
        for (std::size_t k = 0; k < 3; ++k) {
            level.resolution[k] =
                factor[k] == 1 ? origin.resolution[k] : multiplied(origin.resolution[k], factor[k]);
            const double edge = json::parse(origin.resolution[k]).get<double>();
            level.translation[k] = &own == &origin || !attributes.contains("transform")
                                       ? origin.translation[k] + edge * double(factor[k] - 1) / 2
                                       : own.translation[k];
        }
        levels.push_back(level);
    }
    return listing(axes, levels);
}

void n5_catalog::write(const std::string& text, const std::filesystem::path& temporary) const {
    const json wanted = json::parse(text);
    const std::vector<json> fresh = new_entries(text);
    if (fresh.empty()) return;
    const bool begins = !is_there();
    const json &axes = wanted["axes"], &finest = wanted["scales"][0];
    json group = files().read_json(attributes_file).value_or(json::object());
    if (begins) {
        json pixel = json::array();
        for (std::size_t k = 0; k < 3; ++k) pixel.push_back(finest["resolution"][k]);
        group = {{"n5", "4.0.0"},
                 {"axes", names_of(axes)},
                 {"pixelResolution", {{"dimensions", pixel}, {"unit", short_unit(unit_of(axes, "x"))}}},
                 {"scales", json::array()}};
    }
    const bool places = begins || attributes_of_array("s0").contains("transform");
    for (const json& entry : fresh) {
        const std::string key = entry["key"];
        const index3 factor = factor_between(finest, entry);
        json attributes = metadata_of_entry(entry);
        attributes["axes"] = names_of(axes);
        attributes["downsamplingFactors"] = factors_of(axes, factor);
        bool centred = true;
        for (std::size_t k = 0; k < 3; ++k)
            centred =
                centred &&
                std::abs(entry["translation"][k].get<double>() - finest["translation"][k].get<double>() -
                         finest["resolution"][k].get<double>() * double(factor[k] - 1) / 2) <=
                    1e-6 * finest["resolution"][k].get<double>();
        if (places || !centred) attributes["transform"] = transform_of(axes, entry);
        if (entry.contains("made_by")) attributes["made_by"] = entry["made_by"];
        write_json(file_in(key, attributes_file), attributes, temporary);
        for (const char* member : {"scales", "downsamplingFactors"})
            if ((begins && group.contains(member)) || is_list_of_lists(group, member))
                group[member].push_back(factors_of(axes, factor));
    }
    write_json(attributes_file, group, temporary);
}

}  // namespace volumes
