// SPDX-License-Identifier: BSL-1.0
// The stage that makes a volume from an array: a .npy file, or what else open_array() knows.
#include <algorithm>
#include <bit>
#include <cstdio>
#include <memory>

#include "array_scales.hpp"
#include "create_job.hpp"
#include "info.hpp"
#include "json_file.hpp"
#include "mips_plan.hpp"
#include "stage.hpp"
#include "storage_choice.hpp"

namespace volumes {
namespace {

voxel_format format_of(const voxel_array& from) {
    return {from.type().bytes, from.channels(), formats::sample_type_of(npy::name(from.type()))};
}

scale first_scale(const settings& chosen, const index3& size, volume_family family) {
    // A coarser scale by factors of 1: it gets its key the same way.
    scale s;
    s.size = size;
    s.resolution = chosen.resolution;
    s.voxel_offset = chosen.offset;
    s = coarser(s, {1, 1, 1}, chosen.chunk.value_or(index3{64, 64, 64}));
    if (family == volume_family::precomputed) return s;
    s.key = family == volume_family::n5 ? "s0" : "0";
    s.translation.emplace();
    for (std::size_t axis = 0; axis < 3; ++axis)
        (*s.translation)[axis] = double(s.voxel_offset[axis]) * resolution_of(s)[axis];
    s.voxel_offset = {};
    return s;
}

// Shards of an array may have any number of chunks: the grid as if it were one that is halved to the end.
index3 chunks_for_shards(const scale& s, volume_family family) {
    index3 count = chunk_layout(s.size, s.chunk_size).count();
    if (family != volume_family::precomputed)
        for (index_t& n : count) n = static_cast<index_t>(std::bit_ceil(static_cast<std::uint64_t>(n)));
    return count;
}

// What the volume is to be, before anything of it is there.
struct new_volume {
    info listing;  // without a scale
    made_scale first;
    writing how;

    std::string text() const {
        info whole = listing;
        whole.add(first);
        return whole.text();
    }
};

// What was not asked for is as the volume has it, of which a run has made a part already.
new_volume plan_volume(const settings& chosen, const voxel_array& from) {
    const auto catalog = target_catalog(chosen);
    const volume_family family = catalog->family();
    scale first = first_scale(chosen, from.size(), family);
    std::string begun;
    bool segmentation = chosen.segmentation;
    if (chosen.resume && catalog->is_there()) {
        const info there(catalog->read());
        begun = there.entry_of(first.key);
        if (!chosen.type_given) segmentation = there.segmentation();
    } else if (chosen.resume) {
        begun = planned_scale(chosen.volume, first.key);
    }
    const json axes = info(volume_family::precomputed, {'u', 1}, from.channels(), false, {}).axes();
    const info listing(family, from.type(), from.channels(), segmentation, axes);  // refuses types
    storage_choice otherwise;
    if (family != volume_family::precomputed)
        otherwise = storage_of(first, {}, family, axes, format_of(from));
    const storage_choice storage = choose_storage(chosen, begun, otherwise);
    const chunk_layout layout(first.size, first.chunk_size);
    check_storage(storage, format_of(from), extent(layout.box_of({})), segmentation);
    first.form = form_for(storage, first, chunks_for_shards(first, family), format_of(from));
    if (segmentation && from.channels() != 1)
        throw bad_input("a segmentation has one channel, and " + from.name() + " has " +
                        std::to_string(from.channels()));
    json made_by{{"program", "volume_pyramid"},
                 {from.kind(), from.fingerprint()},
                 {"axes", from.axes()},
                 {"type", segmentation ? "segmentation" : "image"}};
    made_by.update(to_json(storage.how, first.form));
    return {listing, {first, made_by.dump()}, storage.how};
}

// True where a run that has made the volume already is to be looked after: mips may have joined since.
bool is_made(const settings& chosen, const new_volume& wanted) {
    const auto catalog = target_catalog(chosen);
    if (!catalog->is_there()) return false;
    const info there(catalog->read());
    const std::string name = chosen.volume.string(), kind = name_of(catalog->family());
    if (!chosen.resume) throw bad_input(name + " is a " + kind + " volume already; --create makes a new one");
    const auto found = there.find(wanted.first);
    const std::string why = !there.same_voxels(wanted.listing)   ? "its voxels are of another type"
                            : found.is == info::presence::absent ? "it has no scale " + wanted.first.is.key
                                                                 : found.difference;
    if (!why.empty())
        throw bad_input(name + " is a " + kind +
                        " volume already, and not the one that --resume is to finish: " + why +
                        "; choose another folder, or, to add mips to it, leave --create out");
    if (there.scale_of(0).key != wanted.first.is.key)
        throw bad_input(name + ": scale " + wanted.first.is.key +
                        " is not the first any more; leave --create out");
    return true;
}

// temporary: empty as long as the job is only looked at.
create_job make_job(const settings& chosen, const voxel_array& from, const scale& first, const writing& how,
                    const std::string& temporary) {
    return {
        from,
        open_scale(chosen.volume, first, format_of(from), how, temporary_folder(chosen.volume, temporary)),
        how};
}

void check_memory_of(const team& all, const settings& chosen, const create_job& work) {
    const int threads = threads_of(chosen, all);
    check_memory(chosen, threads, [&](int n) { return work.memory_needed(n) + program_itself; }, {});
    allow_open_files(work.files_needed(threads));
}

void print_headline(const settings& chosen, const voxel_array& from) {
    std::printf("%s: making %s voxels of %s, %td channel%s, from %s\n", chosen.volume.c_str(),
                shape_text(from.size()).c_str(), npy::name(from.type()).c_str(), from.channels(),
                from.channels() == 1 ? "" : "s", from.name().c_str());
}

void warn_of_type(const npy::dtype& type, const info& listing) {
    const std::string name = npy::name(type);
    const bool segmentation = listing.segmentation();
    if (listing.family() != volume_family::precomputed) return;
    if (type.kind == 'u' || (type.kind == 'f' && !segmentation)) return;
    const std::string what = type.kind == 'f' ? "segmentations of " + name : name;
    std::fprintf(
        stderr,
        "volume_pyramid: warning: the format knows no %s: this program and CloudVolume read it, "
        "Neuroglancer and others may not; its types are uint8, uint16, uint32, uint64 and, for images, "
        "float32\n",
        what.c_str());
}

}  // namespace

int create_volume(team& all, const settings& chosen) {
    std::unique_ptr<run_claim> claim;
    std::unique_ptr<voxel_array> from;
    const decision made = decide(all, [&]() -> std::string {
        from = open_array(chosen.create_from, chosen.axes);
        const auto look = [&](const new_volume& planned, bool listed) {
            const info coming(listed ? target_catalog(chosen)->read() : planned.text());
            print_headline(chosen, *from);
            std::printf("  in chunks of %s, %s, %s%s%s", shape_text(planned.first.is.chunk_size).c_str(),
                        planned.first.is.form.encoding.c_str(),
                        storage_text(planned.first.is.form, planned.how).c_str(),
                        planned.first.is.form.is_sharded() ? ", " : "",
                        sharding_text(planned.first.is).c_str());
            check_memory_of(all, chosen, make_job(chosen, *from, planned.first.is, planned.how, {}));
            if (chosen.mips.given()) look_at_mips(all, chosen, coming);
        };
        if (chosen.dry_run) {
            const new_volume planned = plan_volume(chosen, *from);
            look(planned, is_made(chosen, planned));
            warn_of_type(from->type(), planned.listing);
            return {};
        }
        claim = std::make_unique<run_claim>(chosen.volume, target_catalog(chosen));
        const new_volume planned = plan_volume(chosen, *from);
        const bool listed = is_made(chosen, planned);
        look(planned, listed);
        if (!listed) warn_of_type(from->type(), planned.listing);
        const std::string temporary = claim->begin({planned.first}, chosen.resume, listed);
        return json{{"temporary", temporary},
                    {"scale", json_text(planned.first)},
                    {"info", listed ? std::string() : planned.text()}}
            .dump();
    });
    if (made.found.empty()) return made.status;
    const json found = json::parse(made.found);
    if (!from) from = open_array(chosen.create_from, chosen.axes);
    const json planned = json::parse(found["scale"].get<std::string>());
    const scale first = made_scale_of(found["scale"]).is;
    const create_job work = make_job(chosen, *from, first, writing_of(planned), found["temporary"]);
    from->expect(work.copying_by(threads_of(chosen, all)));
    const auto new_info = [&] {
        from->check_unchanged();
        const std::string text = found["info"];
        const auto catalog = target_catalog(chosen);
        if (text.empty()) return catalog->read();
        if (catalog->is_there())
            throw std::runtime_error(catalog->name() +
                                     ": somebody else has written it meanwhile; it was left as it is");
        return text;
    };
    return carry_out(all, chosen,
                     {work, claim.get(), {chosen.volume, chosen.volume / first.key}, new_info, "made"});
}

}  // namespace volumes
