// SPDX-License-Identifier: BSL-1.0
#include "volume_family.hpp"

#include <algorithm>
#include <utility>

#include "arguments.hpp"

namespace volumes {
namespace {

const std::vector<std::pair<std::string, volume_family>> families{{"precomputed", volume_family::precomputed},
                                                                  {"zarr2", volume_family::zarr2},
                                                                  {"zarr3", volume_family::zarr3},
                                                                  {"n5", volume_family::n5}};

}  // namespace

std::string name_of(volume_family family) {
    return std::find_if(families.begin(), families.end(),
                        [&](const auto& entry) { return entry.second == family; })
        ->first;
}

std::optional<volume_family> family_named(const std::string& name) {
    const auto found = std::find_if(families.begin(), families.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    return found == families.end() ? std::nullopt : std::optional(found->second);
}

std::optional<formats::array_family> array_family_of(volume_family family) {
    switch (family) {
        case volume_family::zarr2:
            return formats::array_family::zarr2;
        case volume_family::zarr3:
            return formats::array_family::zarr3;
        case volume_family::n5:
            return formats::array_family::n5;
        case volume_family::precomputed:
            break;
    }
    return std::nullopt;
}

volume_name volume_name_of(const std::string& text) {
    volume_name named{text, {}};
    const std::size_t scheme = text.find("://");
    const std::string before = scheme == text.npos ? "" : lower_case(text.substr(0, scheme));
    if (const auto family = family_named(before)) {
        named.as = {{*family}, *family};
    } else if (before == "zarr") {
        named.as = {{volume_family::zarr3, volume_family::zarr2}, volume_family::zarr2};
    } else {
        std::string bare = text;
        while (bare.size() > 1 && bare.ends_with('/')) bare.pop_back();
        if (bare.ends_with(".zarr")) named.as.fresh = volume_family::zarr2;
        if (bare.ends_with(".n5")) named.as.fresh = volume_family::n5;
        return named;
    }
    named.place = text.substr(scheme + 3);
    return named;
}

}  // namespace volumes
