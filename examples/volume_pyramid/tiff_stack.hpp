// SPDX-License-Identifier: BSL-1.0
// A stack of TIFF files: pages are z, rows y, columns x, and samples channels.
#pragma once

#include <filesystem>
#include <memory>

#include "voxel_array.hpp"

namespace volumes {

bool has_tiff_name(const std::filesystem::path& path);

// A file of one page or several; or a folder of such files, taken in the order of the numbers in their names:
// z9.tif before z10.tif. Other names in it are passed over. Throws bad_input and npy::error, which name the
// file, for what is not read, for pages that are not alike, and where libtiff was missing.
std::unique_ptr<voxel_array> open_tiff_stack(const std::filesystem::path& path);

}  // namespace volumes
