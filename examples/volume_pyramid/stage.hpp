// SPDX-License-Identifier: BSL-1.0
// A stage is a job from the first look at the volume to the new info. There are two: making the first scale
// from a .npy file, and adding mips. All processes go through a stage together, the leader deciding.
#pragma once

#include <cstdio>
#include <functional>
#include <string>

#include "distribute.hpp"
#include "info.hpp"
#include "run_claim.hpp"
#include "settings.hpp"

namespace volumes {

// Each returns the exit status, the same in every process, and prints what there is to say.
int create_volume(team& all, const settings& chosen);
int add_mips(team& all, const settings& chosen);

// The same mips by tasks that any scheduler runs: the first of them writes the plan, any number of processes
// do parts of it, and the last checks all and lists the mips.
int prepare_tasks(team& all, const settings& chosen);
int do_part(team& all, const settings& given);
int finish_tasks(team& all, const settings& given);

// ---- what both have in common

int complain(const std::string& what, int status);

// f(), or the exit status that its exception means: 2 for what was asked wrongly, 1 for what went wrong, 128
// and more for a signal. The message is printed where this process speaks.
int status_of(bool speaks, const std::function<int()>& f);

// What the leader found out is what every process goes by: from another machine, a volume may look different
// for some seconds. `found` is empty where there is nothing to do but to end with `status`.
struct decision {
    std::string found;
    int status = 0;
};
decision decide(team& all, const std::function<std::string()>& leaders_part);

// Bytes of code, stacks, folders' names, and what MPI takes.
inline constexpr double program_itself = 48.0 * (1 << 20);

int threads_of(const settings& chosen, const team& all);

// Where lines about the run go: stdout, unless that is for something else.
std::FILE* told(const settings& chosen);

// Prints what a process may need, and refuses what is more than --memory. needed: bytes by the number of
// threads. advice: what would take less; or empty.
void check_memory(const settings& chosen, int threads, const std::function<double(int)>& needed,
                  const std::string& advice);

// So many files may be open at once, or bad_input is thrown.
void allow_open_files(double files);

// What is wrong with the mips that a volume is to get, before any of it is written. volume: as info lists it,
// or will. Throws bad_input, std::invalid_argument. Tells of them where this is all that is asked for.
void look_at_mips(const team& all, const settings& chosen, const info& volume);

// A job that was run to its end, or to what ended it.
struct job_done {
    report sum;
    double seconds = 0;
};
job_done run_job(team& all, const settings& chosen, const job& work,
                 const std::vector<std::filesystem::path>& folders);
void print_summary(const job_done& done, const std::string& what);
// Where lines are all that was asked for, they have to get somewhere: throws std::runtime_error.
void flush_lines();
// 1, or what a signal makes of it.
int interruption_status();

struct undertaking {
    const job& work;
    run_claim* claim;                            // the leader's
    std::vector<std::filesystem::path> folders;  // where it writes
    std::function<std::string()> new_info;       // what info is to be in the end
    std::string what;                            // "made"
    std::string remedy = "--resume goes on from here";
};
// Runs the job and commits it.
int carry_out(team& all, const settings& chosen, const undertaking& asked);

std::string shape_text(const index3& shape);

}  // namespace volumes
