// SPDX-License-Identifier: BSL-1.0
// A multiscale of OME-Zarr: where the voxels of each of its arrays are.
#pragma once

#include <string>
#include <vector>

#include "array_catalog.hpp"

namespace volumes {

// Throws bad_input, which begins with `of`, for what is not read.
class ome_multiscale {
public:
    ome_multiscale(const json& text, const std::string& of);

    // As info has them, with the scale and translation of axes that are not space.
    json axes() const;
    std::vector<array_level> levels() const;

private:
    friend class ome_writer;

    struct placement {
        std::vector<json> scale;  // numbers as they were written
        std::vector<double> translation;
    };
    placement placement_of(const json& transformations, const std::string& of) const;
    array_level level_of(const json& dataset) const;
    std::size_t axis(char name) const;  // its number; axes_.size() where there is no such axis

    std::string of_;
    json axes_;
    json datasets_;
    placement whole_;
};

// A multiscale without datasets. axes: as info has them. version: empty where it is not said here.
json new_multiscale(const json& axes, const std::string& name, const std::string& version);

// The same with datasets for these scales as well, which info lists, in its order from fine to coarse; how
// they were made is said where nothing is said of it yet.
json with_datasets(json multiscale, const json& all_scales, const std::vector<json>& fresh, const json& axes,
                   const std::string& of);

}  // namespace volumes
