// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>

namespace formats {

// Bytes that are not what they should be, or voxels that a format cannot hold. The text says what is wrong;
// whoever knows the file puts its name in front.
struct format_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace formats
