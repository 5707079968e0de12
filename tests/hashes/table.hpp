// SPDX-License-Identifier: BSL-1.0
// What the hashes must be. table.inc is what `hashes --print` prints on the machine where the oracle agreed
// with every voxel (the tests named "hashes").
#pragma once

#include <cstdint>
#include <string>

namespace testing::hashes {

struct entry {
    const char* type;
    const char* setting;
    std::uint64_t hash;
};
inline constexpr entry table[] = {
#include "table.inc"
};

/// How a hash differs from the table's, in words; empty if it does not.
inline std::string difference(const std::string& type, const std::string& setting, std::uint64_t hash) {
    for (const entry& e : table) {
        if (type != e.type || setting != e.setting) continue;
        return e.hash == hash ? "" : type + ", " + setting + ": not the hash of the table\n";
    }
    return type + ", " + setting + ": not in the table\n";
}

}  // namespace testing::hashes
