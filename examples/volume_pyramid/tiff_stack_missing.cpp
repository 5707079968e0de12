// SPDX-License-Identifier: BSL-1.0
// Where libtiff was not found.
#include "bad_input.hpp"
#include "tiff_stack.hpp"

namespace volumes {

std::unique_ptr<voxel_array> open_tiff_stack(const std::filesystem::path& path) {
    throw bad_input(path.string() +
                    ": TIFF files are read by libtiff, and this "
                    "program was built without it: apt-get install libtiff-dev (brew install libtiff), and "
                    "configure and build it again");
}

}  // namespace volumes
