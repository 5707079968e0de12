// SPDX-License-Identifier: BSL-1.0
// A stage is a job from the first look at the volume to the new info. There are two: making the first scale
// from a .npy file, and adding mips. All processes go through a stage together, the leader deciding.
#pragma once

#include <functional>
#include <string>

#include "distribute.hpp"
#include "run_claim.hpp"
#include "settings.hpp"

namespace precomputed {

// Each returns the exit status, the same in every process, and prints what there is to say.
int create_volume(team& all, const settings& chosen);
int add_mips(team& all, const settings& chosen);

// ---- what both have in common

int complain(const std::string& what, int status);

// f(), or the exit status that its exception means: 2 for what was asked wrongly, 1 for what went wrong. The
// message is printed where this process speaks.
int status_of(bool speaks, const std::function<int()>& f);

// What the leader found out is what every process goes by: from another machine, a volume may look different
// for some seconds. `found` is empty where there is nothing to do but to end with `status`.
struct decision {
    std::string found;
    int status = 0;
};
decision decide(team& all, const std::function<std::string()>& leaders_part);

int threads_of(const settings& chosen, const team& all);

// Runs the job and commits it. claim: the leader's. new_info: what info is to be in the end. what: "made".
int carry_out(team& all, const job& work, const settings& chosen, run_claim* claim,
              const std::function<std::string()>& new_info, const std::string& what);

std::string shape_text(const index3& shape);

}  // namespace precomputed
