// SPDX-License-Identifier: BSL-1.0
#include "voxel_array.hpp"

#include "arguments.hpp"
#include "npy_volume.hpp"
#include "tiff_stack.hpp"

namespace volumes {

bool has_tiff_name(const std::filesystem::path& path) {
    const std::string suffix = lower_case(path.extension().string());
    return suffix == ".tif" || suffix == ".tiff";
}

std::unique_ptr<voxel_array> open_array(const std::filesystem::path& path, const std::string& axes) {
    if (!std::filesystem::is_directory(path) && !has_tiff_name(path))
        return std::make_unique<npy_volume>(path, axes);
    if (!axes.empty())
        throw bad_input("--axes tells of a .npy file, and " + path.string() +
                        " is TIFF: its pages are z, rows y, columns x, and samples channels");
    return open_tiff_stack(path);
}

}  // namespace volumes
