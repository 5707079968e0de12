// SPDX-License-Identifier: BSL-1.0
// The formats in which a volume's metadata may be written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/array_form.hpp"

namespace volumes {

enum class volume_family { precomputed, zarr2, zarr3, n5 };

// As they are named before a volume: precomputed, zarr2, zarr3, n5.
std::string name_of(volume_family family);
// Nothing for precomputed, whose scales are no arrays.
std::optional<formats::array_family> array_family_of(volume_family family);
// Nothing for another name.
std::optional<volume_family> family_named(const std::string& name);

// Which formats a volume may have, and which one it gets where there is none yet.
struct family_wish {
    std::vector<volume_family> looked_for{volume_family::precomputed, volume_family::zarr3,
                                          volume_family::zarr2, volume_family::n5};
    volume_family fresh = volume_family::precomputed;
};

// A volume as a command line names it: a folder or a url, with precomputed://, zarr://, zarr2://, zarr3:// or
// n5:// before it or without. A new one is what that says, or its suffix (.zarr, .n5), or precomputed;
// zarr:// takes what is there, and makes Zarr 2.
struct volume_name {
    std::string place;
    family_wish as;
};
volume_name volume_name_of(const std::string& text);

}  // namespace volumes
