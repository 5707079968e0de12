// SPDX-License-Identifier: BSL-1.0
// A run's hold on a volume, from its first file to the new info: what makes it safe to kill, and to resume.
//
// While a run is under way or unfinished, the volume has a folder .volume_pyramid with the run's plan
// and its temporary files. The info that lists the new scales is written last, and then the folder goes.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scale.hpp"
#include "volume_catalog.hpp"
#include "written_file.hpp"

namespace volumes {

std::filesystem::path state_folder(const std::filesystem::path& volume);
// name: what run_claim::begin() has returned.
std::filesystem::path temporary_folder(const std::filesystem::path& volume, const std::string& name);

// Everything that was written to the file systems of these folders, from this machine, is on the disk when
// this returns. Throws write_error.
void flush_to_disk(const std::vector<std::filesystem::path>& folders);

class run_claim {
public:
    // Waits a moment where another run is about to end; then throws bad_input, or write_error, or
    // interrupted. What is known of the volume from before may be out of date.
    run_claim(const std::filesystem::path& volume, std::unique_ptr<const volume_catalog> catalog);
    // Leaves what a later run needs to go on, or nothing.
    ~run_claim();
    run_claim(const run_claim&) = delete;
    run_claim& operator=(const run_claim&) = delete;

    // made: the scales that the run makes, which with their made_by are all that the bytes of the result
    // depend on. listed: info has them already, and the run is to see whether all of them is there.
    // Returns the name of the folder for temporary files. Throws bad_input where an unfinished run is to be
    // resumed, or is another one, and where the folder of a scale is in the way; write_error.
    // prepared: JSON that the plan keeps for those who do parts of it, and which has to be the same, but for
    // its `arguments`, where it is there already; a run that is prepared stays, whether or not it has written
    // anything.
    std::string begin(const std::vector<made_scale>& made, bool resume, bool listed,
                      const std::string& prepared = {});

    // The end: the volume lists its new scales, on the disk; the folder is removed.
    void commit(const std::string& info_text);

private:
    bool is_unfinished() const;
    bool try_lock();
    void forget_what_is_listed();
    void forget_what_wrote_nothing();
    void check_folders(const std::vector<made_scale>& made) const;
    void clear_temporaries();
    void clear_marks();
    bool remove_all_but_lock();
    void remove_state();

    std::filesystem::path volume_, state_, temporary_;
    std::unique_ptr<const volume_catalog> catalog_;
    std::vector<std::filesystem::path> made_folders_;  // the volume's, and those above it
    std::vector<std::string> keys_;                    // of the scales that are made
    bool mends_ = false;
    int lock_ = -1;
};

// What begin() was given for the run that is prepared in a volume; throws bad_input where there is none.
std::string prepared_run(const std::filesystem::path& volume);
bool is_prepared(const std::filesystem::path& volume);
// Throws bad_input where the plan is to make other scales, or there is none any more.
void check_is_planned(const std::filesystem::path& volume, const std::vector<made_scale>& made);

// A folder for temporary files of a process that works on a prepared run, without a lock. What a killed one
// leaves is removed at the end of the run.
class part_folder {
public:
    explicit part_folder(const std::filesystem::path& volume);
    ~part_folder();
    part_folder(const part_folder&) = delete;
    part_folder& operator=(const part_folder&) = delete;

    std::string name() const { return path_.filename().string(); }

private:
    std::filesystem::path path_;
};

// The scale of this key as the plan of a volume's unfinished run has it; empty where there is none.
std::string planned_scale(const std::filesystem::path& volume, const std::string& key);

}  // namespace volumes
