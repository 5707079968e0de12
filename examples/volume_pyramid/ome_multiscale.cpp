// SPDX-License-Identifier: BSL-1.0
#include "ome_multiscale.hpp"

#include <tinybrain/version.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "arguments.hpp"
#include "bad_input.hpp"

namespace volumes {
namespace {

constexpr std::size_t most_axes = 5;

json without(json object, const std::string& member) {
    object.erase(member);
    return object;
}

bool is_number_list(const json& list, std::size_t count) {
    return list.is_array() && list.size() == count &&
           std::all_of(list.begin(), list.end(), [](const json& n) { return n.is_number(); });
}

std::string version_text() {
    return std::to_string(TINYBRAIN_VERSION_MAJOR) + "." + std::to_string(TINYBRAIN_VERSION_MINOR) + "." +
           std::to_string(TINYBRAIN_VERSION_PATCH);
}

// What a method was told.
json options_of(const json& made_by) {
    json all = json::object();
    for (const char* option :
         {"sparse", "background", "least_coverage", "rounding", "edges", "ties", "votes", "missing"})
        if (made_by.contains(option)) all[option] = made_by[option];
    return all;
}

// By how much along each axis a level is coarser than the one that it was made of.
index3 total_factor(const json& entry) {
    index3 total{1, 1, 1};
    if (!entry.contains("made_by") || !entry["made_by"].contains("factors")) return total;
    for (const json& factor : entry["made_by"]["factors"])
        for (std::size_t axis = 0; axis < 3; ++axis) total[axis] *= factor[axis].get<index_t>();
    return total;
}

// What says how a level was made, where it is no copy.
json method_of(const json& entry) {
    if (!entry.contains("made_by") || !entry["made_by"].contains("method")) return nullptr;
    return total_factor(entry) == index3{1, 1, 1} ? json() : entry["made_by"]["method"];
}

}  // namespace

ome_multiscale::ome_multiscale(const json& text, const std::string& of) : of_(of) {
    const auto refuse = [&](const std::string& what) { throw bad_input(of_ + ": " + what); };
    if (!text.is_object()) refuse("a multiscale is no JSON object");
    if (text.contains("coordinateSystems")) refuse("it is of OME-Zarr 0.6, and 0.4 and 0.5 are read");
    const json version = text.value("version", json());
    if (!version.is_null() && version != "0.4" && version != "0.5")
        refuse("its version is " + version.dump() + ", and 0.4 and 0.5 are read");
    axes_ = text.value("axes", json());
    const bool good = axes_.is_array() && axes_.size() >= 2 && axes_.size() <= most_axes &&
                      std::all_of(axes_.begin(), axes_.end(), [](const json& axis) {
                          return axis.is_object() && axis.contains("name") && axis["name"].is_string() &&
                                 (!axis.contains("type") || axis["type"].is_string()) &&
                                 (!axis.contains("unit") || axis["unit"].is_string());
                      });
    if (!good) refuse("axes is no list of 2 to 5 objects with a name, as OME-Zarr 0.4 and 0.5 have it");
    std::string space;
    for (json& axis : axes_) {
        const std::string name = lower_case(axis["name"]);
        if (!axis.contains("type")) axis["type"] = axis_type_of(name);
        if (axis["type"] != "space") continue;
        if (axis_type_of(name) != "space" || space.find(name) != space.npos)
            refuse("axis '" + axis["name"].get<std::string>() +
                   "' is an axis of space, and only x, y and z are, once each");
        axis["name"] = name;
        space += name;
    }
    if (axis('x') == axes_.size() || axis('y') == axes_.size()) refuse("axes has no x, or no y");
    datasets_ = text.value("datasets", json());
    if (!datasets_.is_array() || datasets_.empty()) refuse("datasets is no list of them");
    whole_ = placement_of(text.value("coordinateTransformations", json()), "the multiscale");
}

std::size_t ome_multiscale::axis(char name) const {
    for (std::size_t i = 0; i < axes_.size(); ++i)
        if (axes_[i]["type"] == "space" && axes_[i]["name"] == std::string(1, name)) return i;
    return axes_.size();
}

ome_multiscale::placement ome_multiscale::placement_of(const json& transformations,
                                                       const std::string& of) const {
    placement found{std::vector<json>(axes_.size(), 1), std::vector<double>(axes_.size(), 0)};
    const auto refuse = [&](const std::string& what) {
        throw bad_input(of_ + ": coordinateTransformations of " + of + ": " + what);
    };
    if (transformations.is_null()) return found;
    if (!transformations.is_array()) refuse("is no list");
    bool scaled = false, moved = false;
    for (const json& one : transformations) {
        const std::string type = one.is_object() ? one.value("type", "") : "";
        if (type == "identity") continue;
        if (type != "scale" && type != "translation")
            refuse("a transformation of type '" + type + "' is not read; scale and translation are");
        if (!one.contains(type) || !is_number_list(one[type], axes_.size()))
            refuse(type + " is no list of " + std::to_string(axes_.size()) + " numbers");
        if ((type == "scale" && scaled) || moved)
            refuse("a scale and then a translation are read, once each");
        for (std::size_t i = 0; i < axes_.size(); ++i) {
            const double value = one[type][i];
            if (type == "scale") found.scale[i] = one[type][i];
            if (type == "scale" && !(value > 0 && std::isfinite(value))) refuse("scale is not above 0");
            if (type == "translation") found.translation[i] = value;
        }
        (type == "scale" ? scaled : moved) = true;
    }
    return found;
}

array_level ome_multiscale::level_of(const json& dataset) const {
    if (!dataset.is_object() || !dataset.contains("path") || !dataset["path"].is_string())
        throw bad_input(of_ + ": a dataset has no path");
    array_level level{dataset["path"], {"1", "1", "1"}, {}};
    const std::filesystem::path path(level.key);
    if (path.empty() || path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end())
        throw bad_input(of_ + ": the path of a dataset is '" + level.key + "', which leads out of the group");
    const placement own =
        placement_of(dataset.value("coordinateTransformations", json()), "dataset " + level.key);
    for (std::size_t k = 0; k < 3; ++k) {
        const std::size_t i = axis("xyz"[k]);
        if (i == axes_.size()) continue;
        const double edge = whole_.scale[i];
        level.resolution[k] =
            edge == 1 ? own.scale[i].dump() : json(edge * own.scale[i].get<double>()).dump();
        level.translation[k] = edge * own.translation[i] + whole_.translation[i];
    }
    return level;
}

std::vector<array_level> ome_multiscale::levels() const {
    std::vector<array_level> all;
    std::set<std::string> folders;
    for (const json& dataset : datasets_) {
        all.push_back(level_of(dataset));
        if (!folders.insert((std::filesystem::path(all.back().key) / "").lexically_normal().string()).second)
            throw bad_input(of_ + ": dataset " + all.back().key + " is listed twice");
    }
    return all;
}

json ome_multiscale::axes() const {
    json all = axes_;
    const placement first =
        placement_of(datasets_[0].value("coordinateTransformations", json()), "the first dataset");
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i]["type"] == "space") continue;
        all[i]["scale"] = first.scale[i];
        all[i]["translation"] = first.translation[i];
    }
    return all;
}

json new_multiscale(const json& axes, const std::string& name, const std::string& version) {
    json one = json::object();
    if (!version.empty()) one["version"] = version;
    one["name"] = name;
    one["axes"] = json::array();
    for (const json& axis : axes) one["axes"].push_back(without(without(axis, "scale"), "translation"));
    one["datasets"] = json::array();
    return one;
}

// Writes what the reader above reads: a dataset's own place, before what is said of the whole.
class ome_writer {
public:
    ome_writer(const json& multiscale, const json& axes, const std::string& of) : axes_(axes) {
        // The reader wants a dataset.
        json filled = multiscale;
        if (filled["datasets"].empty()) filled["datasets"].push_back({{"path", "."}});
        const ome_multiscale there(filled, of);
        whole_ = there.whole_;
    }

    json dataset(const json& entry) const {
        json scale = json::array(), translation = json::array();
        for (std::size_t i = 0; i < axes_.size(); ++i) {
            const json& axis = axes_[i];
            if (axis["type"] != "space") {
                scale.push_back(axis.value("scale", json(1.0)));
                translation.push_back(axis.value("translation", json(0.0)));
                continue;
            }
            const std::size_t k = std::string("xyz").find(axis["name"].get<std::string>());
            const double edge = whole_.scale[i];
            scale.push_back(edge == 1 ? entry["resolution"][k]
                                      : json(entry["resolution"][k].get<double>() / edge));
            translation.push_back((entry["translation"][k].get<double>() - whole_.translation[i]) / edge);
        }
        return {{"path", entry["key"]},
                {"coordinateTransformations",
                 {{{"type", "scale"}, {"scale", scale}},
                  {{"type", "translation"}, {"translation", translation}}}}};
    }

private:
    json axes_;
    ome_multiscale::placement whole_;
};

json with_datasets(json multiscale, const json& all_scales, const std::vector<json>& fresh, const json& axes,
                   const std::string& of) {
    const ome_writer writer(multiscale, axes, of);
    json ordered = json::array();
    for (const json& entry : all_scales) {
        const auto is_it = [&](const json& other) { return other["key"] == entry["key"]; };
        if (std::any_of(fresh.begin(), fresh.end(), is_it)) {
            ordered.push_back(writer.dataset(entry));
            continue;
        }
        for (const json& dataset : multiscale["datasets"])
            if (dataset["path"] == entry["key"]) ordered.push_back(dataset);
    }
    multiscale["datasets"] = ordered;
    for (const json& entry : fresh) {
        const json method = method_of(entry);
        if (method.is_null() || multiscale.contains("type")) continue;
        multiscale["type"] = method == "average" ? json("mean") : method;
        if (!multiscale.contains("metadata"))
            multiscale["metadata"] = {
                {"description", "each level is made of the finest one that it was asked of, in one step"},
                {"method", "tinybrain volume_pyramid --method " + method.get<std::string>()},
                {"version", version_text()},
                {"kwargs", options_of(entry["made_by"])}};
    }
    return multiscale;
}

}  // namespace volumes
