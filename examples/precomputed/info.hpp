// SPDX-License-Identifier: BSL-1.0
// The file `info` of a Neuroglancer precomputed volume: what this program needs of it, and how scales join
// it. https://github.com/google/neuroglancer/blob/master/src/datasource/precomputed/volume.md
#pragma once

#include <nlohmann/json.hpp>
#include <tinybrain/tinybrain.hpp>

#include <array>
#include <string>
#include <vector>

#include "npy.hpp"

namespace precomputed {

namespace tb = tinybrain;
using tb::index_t;
using index3 = tb::index_array<3>;
using box3 = tb::box<3>;
using json = nlohmann::ordered_json;  // members keep the order they have in the file

// One mip as it is stored.
struct scale {
    std::string key;  // its folder
    index3 size{};
    json resolution;  // three numbers, as they were written: 4 stays 4, and 4.0 stays 4.0
    index3 voxel_offset{};
    index3 chunk_size{};

    friend bool operator==(const scale&, const scale&) = default;
};

// The scale that `factor` makes of one: size rounded up, voxel_offset rounded down, resolution multiplied.
// Throws bad_input where a resolution overflows.
scale coarser(const scale& fine, const index3& factor, const index3& chunk_size);

// True where an offset is no multiple of its factor: the mip then lies off by part of a voxel.
bool offset_is_rounded(const scale& fine, const index3& total_factor);

std::array<double, 3> resolution_of(const scale& s);

class info {
public:
    // Throws bad_input, which says what is wrong, for what is no precomputed volume of a known data type.
    explicit info(const std::string& text);
    // A volume without a scale.
    info(const npy::dtype& type, index_t channels, bool segmentation);

    const npy::dtype& type() const { return type_; }
    index_t channels() const { return channels_; }
    bool segmentation() const { return segmentation_; }
    bool same_voxels(const info& other) const {
        return type_.kind == other.type_.kind && type_.bytes == other.type_.bytes &&
               channels_ == other.channels_;
    }

    // Throws bad_input for a scale that is not there, or is stored in a way this program does not read: an
    // encoding other than raw, shards.
    scale raw_scale(std::size_t mip) const;

    enum class presence { absent, same, different };
    // Whether there is a scale of this key or this resolution, and whether it is the same in every respect.
    presence find(const scale& wanted) const;

    // Puts it where the order from fine to coarse wants it; throws bad_input where there is no such place.
    // Everything else stays as it is.
    void add(const scale& made);

    std::string text() const;

private:
    npy::dtype type_;
    index_t channels_ = 1;
    bool segmentation_ = false;
    json whole_;
};

json to_json(const scale& s);

}  // namespace precomputed
