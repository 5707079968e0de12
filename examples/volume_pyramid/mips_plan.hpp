// SPDX-License-Identifier: BSL-1.0
// The mips that a run is to make: all that is decided before the first of them is written.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "info.hpp"
#include "pyramid_job.hpp"
#include "settings.hpp"
#include "storage_choice.hpp"
#include "team.hpp"
#include "volume_catalog.hpp"

namespace volumes {

// What info lists of the volume that is read, and of the one that gets the mips: the same one, as a rule.
struct listings {
    info source, target;
};
std::unique_ptr<const volume_catalog> target_catalog(const settings& chosen);
// Throws bad_input.
listings read_listings(const settings& chosen);

struct planned_mips {
    pyramid_job work;
    std::vector<made_scale> mips;
    bool listed = false;  // by info, already
};
// Throws bad_input and std::invalid_argument for all that is wrong with what was asked. Nothing of the job
// may be written yet.
planned_mips plan_mips(const settings& chosen, const listings& known);

// What was planned, again, by another process or with a folder for temporary files. planned: texts_of() it.
planned_mips plan_again(const settings& chosen, const info& source, const std::string& planned,
                        const std::string& temporary);
std::string texts_of(const planned_mips& planned);

// What info is to be in the end. It is read again, so that what others have changed meanwhile stays; where
// that is the source, or one of the scales, the mips are not what info would say: throws std::runtime_error.
// before: the source's when it was planned.
std::string info_with(const settings& chosen, const info& before, const planned_mips& planned);

// The folders that are written to.
std::vector<std::filesystem::path> folders_of(const settings& chosen, const planned_mips& planned);

// What is to be done, and what it takes; the second throws bad_input where that is too much.
void print_headline(const settings& chosen, const info& volume, const pyramid_job& work, const team& all);
void check_memory_of(const team& all, const settings& chosen, const info& volume, const pyramid_job& work);

}  // namespace volumes
