// SPDX-License-Identifier: BSL-1.0
#include "voxel_array.hpp"

#include "npy_volume.hpp"

namespace volumes {

std::unique_ptr<voxel_array> open_array(const std::filesystem::path& path, const std::string& axes) {
    return std::make_unique<npy_volume>(path, axes);
}

}  // namespace volumes
