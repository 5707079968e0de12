// SPDX-License-Identifier: BSL-1.0
// A run's hold on a volume, from its first file to the new info: what makes it safe to kill, and to resume.
//
// While a run is under way or unfinished, the volume has a folder .precomputed_pyramid with the run's plan
// and its temporary files. The info that lists the new scales is written last, and then the folder goes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scale.hpp"

namespace precomputed {

std::filesystem::path state_folder(const std::filesystem::path& volume);
std::filesystem::path temporary_folder(const std::filesystem::path& volume);

// Throws bad_input where it cannot be read.
std::string read_info(const std::filesystem::path& volume);
bool has_info(const std::filesystem::path& volume);

// Everything that was written to the file system of the volume, from this machine, is on the disk when this
// returns. Throws write_error.
void flush_to_disk(const std::filesystem::path& volume);

class run_claim {
public:
    // Waits a moment where another run is about to end; then throws bad_input, or write_error. What is known
    // of the volume from before may be out of date.
    explicit run_claim(const std::filesystem::path& volume);
    // Leaves what a later run needs to go on, or nothing.
    ~run_claim();
    run_claim(const run_claim&) = delete;
    run_claim& operator=(const run_claim&) = delete;

    // Whether an unfinished run was begun by a plan, and by another one than this.
    bool is_of_another_plan(const std::string& plan) const;

    // plan: all that the bytes of the result depend on. made: the scales that the run makes;
    // listed: info has them already, and the run is to see whether all of them is there.
    // Throws bad_input where an unfinished run is to be resumed, or was begun by another plan, and where the
    // folder of a scale is in the way; write_error.
    void begin(const std::string& plan, const std::vector<scale>& made, bool resume, bool listed);

    // The end: info replaced in one step, and on the disk; the folder removed.
    void commit(const std::string& info_text);

private:
    bool is_unfinished() const;
    bool try_lock();
    void check_folders(const std::vector<scale>& made) const;
    void remove_state();

    std::filesystem::path volume_, state_;
    bool made_volume_ = false;
    int lock_ = -1;
};

}  // namespace precomputed
