// SPDX-License-Identifier: BSL-1.0
// The element types this program was built for: each is compiled on its own (type.cpp) and adds itself.
#pragma once

#include <string>
#include <vector>

#include "dice.hpp"

namespace testing {

struct element_type {
    const char* name;
    std::string (*run)(dice);
};

inline std::vector<element_type>& element_types() {
    static std::vector<element_type> all;
    return all;
}

}  // namespace testing
