// SPDX-License-Identifier: BSL-1.0
// Decimal numbers as text: three times 9.8 is 29.4.
#pragma once

#include <string>

#include "scale.hpp"

namespace volumes {

// number: above 0, as JSON writes it. The result has no exponent; 4 stays whole, and 4.0 does not.
std::string multiplied(const std::string& number, index_t factor);
// A tenth.
std::string tenth(const std::string& number);

}  // namespace volumes
