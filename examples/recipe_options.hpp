// SPDX-License-Identifier: BSL-1.0
// The part of a command line that says how voxels become one: shared by every program that makes pyramids.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bad_input.hpp"
#include "downsample.hpp"

namespace CLI {
class App;
}

// --method, --sparse, --background, --rounding, --edges, --ties and --votes, as they were typed.
struct recipe_texts {
    std::string how, background = "0", rounding, edges, ties, votes;
    bool sparse = false;
};
void add_recipe_options(CLI::App& app, recipe_texts& texts);

// All of a recipe but factors and run_on; `how` stays as it is where no --method was given. Throws bad_input.
recipe make_recipe(const recipe_texts& texts);

// An option that would change nothing is a misunderstanding, and better said than passed over: throws
// bad_input. background_used: --background has a meaning without --sparse too.
void refuse_unused(const CLI::App& app, const std::optional<method>& how, bool background_used = false);

std::string name(method how);

// Whole numbers of at least `lowest`, such as 2,2,1; throws bad_input, which names the option.
std::vector<tb::index_t> parse_numbers(const std::string& option, const std::string& text,
                                       tb::index_t lowest = 1);

// One list of numbers, or one for each mip: 2,2,1;2,2,2.
std::vector<std::vector<tb::index_t>> parse_factors(const std::string& text);

std::string one_line(std::string text);
