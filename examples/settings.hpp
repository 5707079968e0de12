// SPDX-License-Identifier: BSL-1.0
// The command line of pyramid.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "recipe_options.hpp"

struct settings {
    std::filesystem::path input;  // empty: the built-in volumes
    std::filesystem::path out = "pyramid-out";
    tb::index_array<3> built_in_shape{512, 512, 64};
    std::vector<std::vector<tb::index_t>> factors;  // one for all mips, or one for each; empty: 2,2,1
    mips_wanted mips;                               // not given: as many as factors, or 5
    int threads = 1;
    std::optional<method> how;  // only of the built-in volumes it may be left open
    recipe options;             // all but factors, how and run_on

    // The factor of each mip for a volume of this shape; throws bad_input where they do not fit together.
    std::vector<padded> factor_of_each_mip(const std::vector<tb::index_t>& shape) const;
};

// Nothing where the program has only to end with this status, --help being answered. Throws bad_input.
std::optional<settings> parse_command_line(int argc, char** argv);
