// SPDX-License-Identifier: BSL-1.0
// The element types that the program is linked with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace testing::hashes {

struct line {
    std::string type;
    std::string setting;
    std::uint64_t hash;
};

/// One function for each type.
inline std::vector<std::vector<line> (*)()>& types() {
    static std::vector<std::vector<line> (*)()> all;
    return all;
}

}  // namespace testing::hashes
