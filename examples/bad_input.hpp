// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>

// What the user gave is wrong: one line on stderr, exit status 2.
struct bad_input : std::runtime_error {
    using std::runtime_error::runtime_error;
};
