// SPDX-License-Identifier: BSL-1.0
// How a run's new chunks are to be stored.
#pragma once

#include <string>

#include "boxes.hpp"
#include "json_file.hpp"
#include "scale.hpp"
#include "settings.hpp"
#include "volume_family.hpp"

namespace volumes {

struct storage_choice {
    chunk_form form;  // without `sharding`, and with the array of some scale: each has its own
    bool sharded = false;
    writing how;
};

// As the source is stored, whose chunks are compressed so; or, where the target is a volume of another
// format, in the words that most readers of that know. axes: the target's, as info has them.
storage_choice storage_of(const scale& source, formats::compression compression, volume_family target,
                          const json& axes, const voxel_format& format);

// What was asked for; else as the scale is that was begun or made already, `begun`: its entry as info or a
// plan lists it, empty where there is none; else `otherwise`. Throws bad_input for what does not go together.
storage_choice choose_storage(const settings& chosen, const std::string& begun, storage_choice otherwise);

// Throws bad_input where chunks of this shape and type cannot be stored so, or should not: labels as jpeg.
void check_storage(const storage_choice& storage, const voxel_format& format, const index3& chunk,
                   bool labels);

// The form of a scale of which a task makes boxes of so many chunks.
chunk_form form_for(const storage_choice& storage, const scale& s, const index3& chunks_of_task,
                    const voxel_format& format);

// "shards of 8 x 8 x 4 chunks (...)", or nothing.
std::string sharding_text(const scale& s);

}  // namespace volumes
