// SPDX-License-Identifier: BSL-1.0
// The stage that makes a volume from a .npy file.
#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>

#include "create_job.hpp"
#include "info.hpp"
#include "stage.hpp"

namespace precomputed {
namespace {

scale first_scale(const settings& chosen, const index3& size) {
    // A coarser scale by factors of 1: it gets its key the same way.
    scale s;
    s.size = size;
    s.resolution = chosen.resolution;
    s.voxel_offset = chosen.offset;
    return coarser(s, {1, 1, 1}, chosen.chunk.value_or(index3{64, 64, 64}));
}

info new_volume(const settings& chosen, const npy_volume& from) {
    if (chosen.segmentation && from.channels() != 1)
        throw bad_input("a segmentation has one channel, and " + chosen.create_from.string() + " has " +
                        std::to_string(from.channels()));
    info made(from.type(), from.channels(), chosen.segmentation);
    made.add(first_scale(chosen, from.size()));
    return made;
}

// True where a run that has made the volume already is to be looked after: mips may have joined since.
bool is_made(const settings& chosen, const info& wanted) {
    if (!has_info(chosen.volume)) return false;
    const info there(read_info(chosen.volume));
    const bool same = there.find(wanted.raw_scale(0)) == info::presence::same && there.same_voxels(wanted);
    if (chosen.resume && same) return true;
    throw bad_input(chosen.volume.string() + " is a precomputed volume already; --create makes a new one" +
                    (chosen.resume ? ", and what --resume is to finish was another" : ""));
}

}  // namespace

int create_volume(team& all, const settings& chosen) {
    std::unique_ptr<run_claim> claim;
    std::unique_ptr<npy_volume> from;
    const int gzip = chosen.gzip_level.value_or(0);
    const decision made = decide(all, [&]() -> std::string {
        from = std::make_unique<npy_volume>(chosen.create_from, chosen.axes);
        const info wanted = new_volume(chosen, *from);
        if (!chosen.dry_run) claim = std::make_unique<run_claim>(chosen.volume);
        const bool listed = is_made(chosen, wanted);
        std::printf("%s: making %s voxels of %s, %td channel%s, from %s\n", chosen.volume.c_str(),
                    shape_text(from->size()).c_str(), npy::name(from->type()).c_str(), from->channels(),
                    from->channels() == 1 ? "" : "s", chosen.create_from.c_str());
        if (chosen.dry_run) return {};
        const nlohmann::ordered_json plan{{"create", std::filesystem::absolute(chosen.create_from).string()},
                                          {"axes", chosen.axes},
                                          {"info", wanted.text()},
                                          {"gzip", gzip}};
        if (listed && claim->is_of_another_plan(plan.dump(2))) {
            std::printf("  made already; what was begun after it is unfinished\n");
            return {};
        }
        claim->begin(plan.dump(2), {wanted.raw_scale(0)}, chosen.resume, listed);
        return listed ? "made already" : "new";
    });
    if (made.found.empty()) return made.status;
    if (!from) from = std::make_unique<npy_volume>(chosen.create_from, chosen.axes);
    const voxel_format format{from->type().bytes, from->channels()};
    const create_job work(*from, chunk_store(chosen.volume, first_scale(chosen, from->size()), format, gzip,
                                             temporary_folder(chosen.volume)));
    const auto new_info = [&] {
        return made.found == "made already" ? read_info(chosen.volume) : new_volume(chosen, *from).text();
    };
    return carry_out(all, work, chosen, claim.get(), new_info, "made");
}

}  // namespace precomputed
