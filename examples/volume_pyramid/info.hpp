// SPDX-License-Identifier: BSL-1.0
// What a volume says of itself: the file `info` of a Neuroglancer precomputed volume, and the same of other
// formats, as their catalogs put it together; and how scales join it.
// https://github.com/google/neuroglancer/blob/master/src/datasource/precomputed/volume.md
//
// Of other formats `@type` and `encoding` are the format's name, and there are besides: `axes`, in Zarr's
// order, each with `name`, `type`, `unit` and, where it is no axis of space, `scale` and `translation`; and
// of each scale `translation`, `array`, which is formats::to_json() of its form, or `problem`, the reason why
// it is not read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "json_file.hpp"
#include "npy.hpp"
#include "scale.hpp"
#include "volume_family.hpp"

namespace volumes {

class info {
public:
    // Throws bad_input, which says what is wrong, for what is no precomputed volume of a known data type.
    explicit info(const std::string& text);
    // A volume without a scale. axes: of what is not precomputed; else they do not count.
    info(volume_family family, const npy::dtype& type, index_t channels, bool segmentation, const json& axes);

    volume_family family() const { return family_; }
    // Of precomputed, those that it is taken for: c where there are several channels, and z, y, x in nm.
    json axes() const;
    const npy::dtype& type() const { return type_; }
    index_t channels() const { return channels_; }
    bool segmentation() const { return segmentation_; }
    bool same_voxels(const info& other) const {
        return type_.kind == other.type_.kind && type_.bytes == other.type_.bytes &&
               channels_ == other.channels_;
    }

    // Throws bad_input for a scale that is not there, or is stored in a way that this program does not read.
    scale scale_of(std::size_t mip) const;
    std::size_t scales() const;
    // Whether scale_of() any of them is this.
    bool has(const scale& wanted) const;

    // Whether there is a scale of this key or this resolution, and in which respect it is another than this:
    // everything that describes a scale counts, and how it was made.
    enum class presence { absent, same, different };
    struct found {
        presence is = presence::absent;
        std::string difference;  // in words
    };
    found find(const made_scale& wanted) const;
    // Whether it is listed as this text has it, which is one of json_text().
    bool lists(const std::string& made) const;

    // Of all scales, as they are listed.
    std::vector<std::string> keys() const;
    // Of the scale of this size and resolution; empty where there is none.
    std::string key_of_same(const scale& s) const;
    // The scale of this key as it is listed; empty where there is none.
    std::string entry_of(const std::string& key) const;

    // Puts it where the order from fine to coarse wants it; throws bad_input where there is no such place.
    // Everything else stays as it is, to the byte.
    void add(const made_scale& made);

    const std::string& text() const { return text_; }

private:
    found find_text(const std::string& made) const;

    volume_family family_ = volume_family::precomputed;
    npy::dtype type_;
    index_t channels_ = 1;
    bool segmentation_ = false;
    std::string text_;  // the file
};

// As info lists it, with how it was made where that is known; and back.
std::string json_text(const made_scale& made);
made_scale made_scale_of(const std::string& json_text);

// The array of a scale that has one.
formats::array_form array_in(const json& entry);

// How a scale is stored, of its entry in info, and what that tells of how it is written; throws bad_input.
chunk_form form_of(const json& entry);
writing writing_of(const json& entry);
// What a writer has to know, as made_by tells it.
json to_json(const writing& how, const chunk_form& form);

// "gzip:6", "none", "blosc lz4 5 shuffle".
std::string storage_text(const chunk_form& form, const writing& how);
// The reverse; the level may be left out. Throws bad_input.
void set_compression(writing& how, const std::string& text);

}  // namespace volumes
