// SPDX-License-Identifier: BSL-1.0
// The part of a command line that says how voxels become one: shared by every program that makes pyramids.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "downsample.hpp"
#include "npy.hpp"

namespace CLI {
class App;
}

// --method, --sparse, --background, --least-coverage, --rounding, --edges, --ties and --votes, as they were
// typed.
struct recipe_texts {
    std::string how, background = "0", least_coverage, rounding, edges, ties, votes;
    bool sparse = false;
};
void add_recipe_options(CLI::App& app, recipe_texts& texts);

// All of a recipe but factors and run_on; `how` stays as it is where no --method was given. Throws bad_input.
recipe make_recipe(const recipe_texts& texts);

// An option that would change nothing is a misunderstanding, and better said than passed over: throws
// bad_input. background_used: --background has a meaning without --sparse too.
void refuse_unused(const CLI::App& app, const std::optional<method>& how, bool background_used = false);

// As they are typed.
std::string name(method how);
std::string name(tb::rounding round);
std::string name(tb::edges edge);
std::string name(tb::ties tie);
std::string name(tb::votes vote);

// Asks the library for the mips of a single voxel, so that what it refuses for voxels of this type, it
// refuses before anything is written: throws std::invalid_argument. wanted: complete.
void check_with_library(const recipe& wanted, const npy::dtype& type);
