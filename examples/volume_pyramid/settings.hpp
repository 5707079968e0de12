// SPDX-License-Identifier: BSL-1.0
// The command line of volume_pyramid.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "http_client.hpp"
#include "recipe_options.hpp"
#include "scale.hpp"
#include "volume_family.hpp"

namespace volumes {

enum class step { whole, prepare, part, finish };

struct settings {
    step what = step::whole;
    bool list = false;                                 // the tasks that are prepared
    std::pair<index_t, index_t> part{1, 1};            // the first of so many, from 1
    std::optional<std::pair<index_t, index_t>> tasks;  // from, to and with; instead of a part
    std::vector<std::string> arguments;                // all that were given, but for what says which step

    std::filesystem::path volume, dest;  // dest empty: the mips join the volume itself
    family_wish volume_as, dest_as;      // which formats they are in
    http_limits http;                    // where the volume is a url

    const std::filesystem::path& target() const { return dest.empty() ? volume : dest; }
    const family_wish& target_as() const { return dest.empty() ? volume_as : dest_as; }

    std::filesystem::path create_from;                     // a .npy; empty: the volume is there
    std::array<std::string, 3> resolution{"1", "1", "1"};  // numbers as info is to show them
    index3 offset{};
    std::string axes;
    bool segmentation = false, type_given = false;

    std::size_t from_mip = 0;
    std::optional<box3> bounds;         // of the scale, voxel_offset counted in
    std::vector<index3> given_factors;  // one for all mips, or one for each; empty: 2,2,1
    mips_wanted mips;
    bool isotropic = false;
    bool convert = false;      // the scale itself goes into `dest` too
    bool global_grid = false;  // windows begin at multiples of the factors, where voxel_offset counts
    recipe how;                // all but factors and run_on

    std::optional<index3> chunk, task;
    // How new chunks are stored; what is not said is as it is begun, or as the source is.
    std::optional<std::string> encoding, compression;  // jpeg; gzip:6
    std::optional<int> quality;
    std::optional<index3> block;
    std::optional<bool> sharded;
    std::optional<std::uint64_t> shard_bytes;
    bool skip_background = false;

    bool missing_is_background = false, missing_is_error = false;
    bool resume = false;
    bool dry_run = false;
    std::optional<int> threads;
    std::optional<std::uint64_t> memory;  // bytes, of one process

    // The part of a scale that is taken; throws bad_input where that lies outside of it.
    scale part_of(const scale& source) const;
    // Where its first voxel lies on the grid of windows.
    index3 origin_of(const scale& source) const { return global_grid ? source.voxel_offset : index3{}; }
    // The factor of each mip above a scale; 1,1,1 first where that is converted.
    std::vector<index3> factors(const scale& source) const;
};

// Nothing where the program has only to end with status 0, --help being answered. Throws bad_input. `speaks`:
// this process is the one that prints.
std::optional<settings> parse_command_line(int argc, char** argv, bool speaks);
// Of arguments that settings has kept.
settings parse_again(const std::vector<std::string>& arguments);

}  // namespace volumes
