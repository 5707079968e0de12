// SPDX-License-Identifier: BSL-1.0
#include "mips_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>

#include "decimal.hpp"
#include "json_file.hpp"
#include "parse_value.hpp"
#include "stage.hpp"
#include "volume_source.hpp"
#include "volume_url.hpp"

namespace volumes {
namespace {

voxel_format format_of(const info& volume) {
    return {volume.type().bytes, volume.channels(), formats::sample_type_of(npy::name(volume.type()))};
}

index_t offset_of(double voxels) {
    if (!(std::abs(voxels) < double(largest_number))) throw bad_input("the volume lies beyond 2^48 voxels");
    return static_cast<index_t>(std::floor(voxels + 0.5));
}

// A length in the unit of an axis. What has no unit, or one that is no length, is taken for nanometers.
std::string in_nanometers(const std::string& length, const json& axes, std::size_t axis) {
    static const std::map<std::string, index_t> factors{{"nanometer", 1},
                                                        {"micrometer", 1000},
                                                        {"millimeter", 1000000},
                                                        {"centimeter", 10000000},
                                                        {"meter", 1000000000}};
    const std::string name(1, "xyz"[axis]);
    std::string unit;
    for (const json& one : axes)
        if (lower_case(one.value("name", "")) == name) unit = one.value("unit", "");
    if (unit == "angstrom") return tenth(length);
    const auto known = factors.find(unit);
    return multiplied(length, known == factors.end() ? 1 : known->second);
}

// The part of the scale that is read, as the target would list it: in its unit, and where it says that things
// are.
scale part_for(const settings& chosen, const listings& known) {
    const scale source = known.source.scale_of(chosen.from_mip);
    scale part = chosen.part_of(source);
    const bool to_array = known.target.family() != volume_family::precomputed;
    std::array<double, 3> edge = resolution_of(part), centre{};
    for (std::size_t axis = 0; axis < 3; ++axis)
        centre[axis] = part.translation.value_or(std::array<double, 3>{})[axis] +
                       double(part.voxel_offset[axis]) * edge[axis];
    if (to_array) {
        part.translation = centre;
        if (!chosen.global_grid) part.voxel_offset = {};
        return part;
    }
    if (!part.translation) return part;
    part.translation.reset();
    for (std::size_t axis = 0; axis < 3; ++axis) {
        part.voxel_offset[axis] = offset_of(centre[axis] / edge[axis]);
        part.resolution[axis] = in_nanometers(part.resolution[axis], known.source.axes(), axis);
    }
    return part;
}

// How the scales that are new in a volume are called, if it does not call them by their resolution: what is
// there, and a number more.
class level_names {
public:
    explicit level_names(const info& target) : target_(target) {
        prefix_ = target.family() == volume_family::n5 ? "s" : "";
        for (const std::string& key : target.keys()) {
            const std::size_t digits = key.find_last_not_of("0123456789") + 1;
            if (key.size() - digits > 9) continue;
            prefix_ = digits == key.size() ? key + "_" : key.substr(0, digits);
            const index_t number = digits == key.size() ? 0 : std::stoll(key.substr(digits));
            next_ = std::max(next_, number + 1);
        }
    }
    std::string name(const scale& s) {
        const std::string there = target_.key_of_same(s);
        return there.empty() ? prefix_ + std::to_string(next_++) : there;
    }

private:
    const info& target_;
    std::string prefix_;
    index_t next_ = 0;
};

geometry cut_up(const settings& chosen, const scale& part, const storage_choice& storage,
                const voxel_format& format) {
    const index3 chunk = chosen.chunk.value_or(part.chunk_size);
    const double chunk_bytes = double(format.bytes) * double(format.channels) * double(chunk[0]) *
                               double(chunk[1]) * double(chunk[2]);
    geometry cut(part, chosen.factors(part), chosen.origin_of(part), chunk, chosen.task,
                 storage.sharded ? std::max(double(storage.how.shard_bytes) / chunk_bytes, 1.0) : 0);
    for (int m = 1; m <= cut.num_mips(); ++m) {
        scale mip = cut.mip(m);
        mip.form = form_for(storage, mip, cut.chunks_of_task(m), format);
        cut.set_mip(m, mip);
    }
    return cut;
}

// The same, with all that the target lists of its scales.
geometry cut_up(const settings& chosen, const listings& known, const scale& part,
                const storage_choice& storage) {
    geometry cut = cut_up(chosen, part, storage, format_of(known.source));
    if (!part.translation) return cut;
    level_names names(known.target);
    const std::array<double, 3> edge = resolution_of(part);
    for (int m = 1; m <= cut.num_mips(); ++m) {
        scale mip = cut.mip(m);
        mip.translation = part.translation;
        for (std::size_t axis = 0; axis < 3; ++axis) {
            const double factor = double(cut.total_factor(m)[axis]);
            // Windows have their centres in the middle; voxels that are kept stay where they are.
            const double in_window = chosen.how.how == method::stride ? 0 : (factor - 1) / 2;
            const double first = factor * double(mip.voxel_offset[axis]) - double(part.voxel_offset[axis]);
            (*mip.translation)[axis] += edge[axis] * ((chosen.global_grid ? first : 0) + in_window);
        }
        mip.voxel_offset = {};
        mip.key = names.name(mip);
        cut.set_mip(m, mip);
    }
    return cut;
}

std::vector<std::byte> background_bytes(const npy::dtype& type, const std::string& text) {
    return npy::visit_type(type, [&]<class T>() {
        const T value = parse_value<T>("--background", text);
        const auto bytes = std::as_bytes(std::span(&value, 1));
        return std::vector<std::byte>(bytes.begin(), bytes.end());
    });
}

recipe recipe_for(const settings& chosen, const scale& part) {
    recipe how = chosen.how;
    for (const index3& f : chosen.factors(part)) how.factors.push_back({f[0], f[1], f[2], 1, 1, 1});
    return how;
}

void check_meaning(const settings& chosen, const info& volume) {
    if (volume.type().kind == 'f' && chosen.how.round != tb::rounding::toward_zero)
        throw bad_input("--rounding is for integers, and the volume is " + npy::name(volume.type()));
}

// The same value is the same text, however it was typed.
json background_value(const npy::dtype& type, const std::string& text) {
    // JSON has no numbers for these.
    if (is_no_plain_number(text)) return text;
    return npy::visit_type(type, [&]<class T>() { return json(parse_value<T>("--background", text)); });
}

// However it was spelled; without bytes that JSON does not hold.
std::string whole_name(const std::filesystem::path& volume) {
    const std::string text =
        json(from_anywhere(volume).string()).dump(-1, ' ', false, json::error_handler_t::replace);
    return json::parse(text).get<std::string>();
}

// Each mip with all that its voxels and its files depend on.
std::vector<made_scale> mips_of(const settings& chosen, const info& volume, const pyramid_job& work) {
    const recipe& how = work.settings().how;
    json made_by{{"program", "volume_pyramid"},
                 {"from", work.settings().source.key},
                 {"factors", json::array()},
                 {"method", name(how.how)},
                 {"sparse", how.sparse},
                 {"background", background_value(volume.type(), how.background)},
                 {"least_coverage", how.least_coverage},
                 {"rounding", name(how.round)},
                 {"edges", name(how.edge)},
                 {"ties", name(how.tie)},
                 {"votes", name(how.vote)},
                 {"missing", chosen.missing_is_background      ? "background"
                             : work.settings().missing.empty() ? "error"
                                                               : "fill"}};
    if (!chosen.dest.empty()) made_by["volume"] = whole_name(chosen.volume);
    if (chosen.global_grid) made_by["grid"] = "global";
    if (chosen.bounds) made_by["bounds"] = {chosen.bounds->begin, chosen.bounds->end};
    made_by.update(to_json(work.settings().written, work.cut().mip(1).form));
    std::vector<made_scale> mips;
    for (int m = 1; m <= work.cut().num_mips(); ++m) {
        const padded& factor = how.factors[static_cast<std::size_t>(m - 1)];
        made_by["factors"].push_back({factor[0], factor[1], factor[2]});
        mips.push_back({work.cut().mip(m), made_by.dump()});
    }
    return mips;
}

// As was asked; else as the mips are where they are listed or begun already; else as the source is.
storage_choice storage_for(const settings& chosen, const listings& known, const scale& part) {
    const scale source = known.source.scale_of(chosen.from_mip);
    const voxel_format format = format_of(known.source);
    const storage_choice otherwise =
        storage_of(source, open_source(chosen.volume, source, format, chosen.http)->compression(),
                   known.target.family(), known.target.axes(), format);
    const geometry cut = cut_up(chosen, known, part, otherwise);
    std::string begun;
    for (int m = 1; chosen.resume && begun.empty() && m <= cut.num_mips(); ++m)
        begun = known.target.entry_of(cut.mip(m).key);
    if (chosen.resume && begun.empty()) begun = planned_scale(chosen.target(), cut.mip(1).key);
    storage_choice storage = choose_storage(chosen, begun, otherwise);
    const bool labels = known.source.segmentation() || chosen.how.how == method::mode;
    check_storage(storage, format, extent(chunk_layout(cut.mip(1).size, cut.mip(1).chunk_size).box_of({})),
                  labels);
    return storage;
}

// An array that is no level of a group has no place for others beside it.
void check_takes_mips(const settings& chosen, const info& target) {
    if (target.keys() == std::vector<std::string>{"."})
        throw bad_input(chosen.volume.string() +
                        " is a single array, which has no place for mips; --dest names another volume for "
                        "them, and --convert puts the array there too");
}

// Whether info lists the mips already, which only --resume wants.
bool are_listed(const settings& chosen, const info& volume, const std::vector<made_scale>& mips) {
    std::size_t listed = 0;
    info trial = volume;
    for (const made_scale& mip : mips) {
        const auto there = volume.find(mip);
        if (there.is == info::presence::absent) {
            if (trial.find(mip).is != info::presence::absent)
                throw bad_input("two of the mips would be scale " + mip.is.key +
                                "; a factor of 1,1,1 makes none");
            trial.add(mip);  // refuses now what it would refuse in the end
            continue;
        }
        const std::string about =
            "scale " + mip.is.key + " is there already, and existing scales are left alone";
        if (!chosen.resume) throw bad_input(about + "; --resume looks after it, --from-mip adds to it");
        if (there.is == info::presence::different)
            throw bad_input(about + ": " + there.difference +
                            "; ask for what it is, or, to make it anew, remove it from info, and its folder");
        ++listed;
    }
    if (listed != 0 && listed != mips.size())
        throw bad_input("scale " + mips.front().is.key + " and " + std::to_string(listed - 1) +
                        " more of the mips are there already, and were not made by a run of these options; "
                        "--from-mip adds mips to the last of them");
    return listed != 0;
}

// temporary: empty as long as the job is only looked at.
pyramid_job make_job(const settings& chosen, const info& volume, const scale& part, const writing& how,
                     geometry cut, const std::string& temporary) {
    const scale source = volume.scale_of(chosen.from_mip), taken = chosen.part_of(source);
    pyramid_settings s{.volume = chosen.volume,
                       .target = chosen.target(),
                       .temporary = temporary_folder(chosen.target(), temporary),
                       .http = chosen.http,
                       .type = volume.type(),
                       .format = format_of(volume),
                       .source = source,
                       .part = part,
                       .begin = {},
                       .how = recipe_for(chosen, part),
                       .written = how,
                       .missing = {}};
    for (std::size_t axis = 0; axis < 3; ++axis)
        s.begin[axis] = taken.voxel_offset[axis] - source.voxel_offset[axis];
    if (chosen.missing_is_background) {
        s.missing = background_bytes(volume.type(), chosen.how.background);
    } else if (source.form.array && !chosen.missing_is_error) {
        s.missing = source.form.array->fill;
    }
    return {std::move(s), std::move(cut)};
}

double memory_of(const pyramid_job& work, int threads) {
    return work.memory_needed(threads) + program_itself;
}

// Where chunks make leaves large: chunks near to cubes that the factors divide, if they take far less.
std::string advice_on_chunks(const settings& chosen, const info& volume, const pyramid_job& work,
                             int threads) {
    const scale& part = work.settings().part;
    const double needed = memory_of(work, threads);
    if (needed < 4 * program_itself) return {};
    const index3 &last = work.cut().total_factor(work.cut().num_mips()), &first = work.cut().total_factor(1);
    settings other = chosen;
    other.task.reset();
    other.chunk = index3{64, 64, 64};
    for (std::size_t axis = 0; axis < 3; ++axis)
        if (const index_t unit = last[axis] / first[axis]; 64 % unit != 0 && unit <= 128)
            (*other.chunk)[axis] = std::max(64 / unit, index_t{1}) * unit;
    const storage_choice storage{work.cut().mip(1).form, work.cut().mip(1).form.is_sharded(),
                                 work.settings().written};
    geometry cut = cut_up(other, part, storage, format_of(volume));
    const double then = memory_of(make_job(other, volume, part, storage.how, std::move(cut), {}), threads);
    if (then > needed / 2) return {};
    const index3& c = *other.chunk;
    std::array<char, 160> text{};
    std::snprintf(text.data(), text.size(), "--chunk %td,%td,%td needs %.0f MiB", c[0], c[1], c[2],
                  then / (1 << 20));
    return text.data();
}

void print_storage(const settings& chosen, const pyramid_job& work) {
    const chunk_form& form = work.cut().mip(1).form;
    std::fprintf(told(chosen), "  chunks of %s, %s", shape_text(work.cut().mip(1).chunk_size).c_str(),
                 form.encoding.c_str());
    if (form.encoding == "jpeg")
        std::fprintf(told(chosen), " of quality %d", work.settings().written.quality);
    if (const std::string how = storage_text(form, work.settings().written); how != "none")
        std::fprintf(told(chosen), ", %s", how.c_str());
    std::fprintf(told(chosen), "\n");
    if (!form.is_sharded()) return;
    std::fprintf(told(chosen),
                 "  shards of at most %.3g MiB before compression, which lie inside of a task:\n",
                 double(work.settings().written.shard_bytes) / (1 << 20));
    for (int m = 1; m <= work.cut().num_mips(); ++m)
        std::fprintf(told(chosen), "    %s: %s\n", work.cut().mip(m).key.c_str(),
                     sharding_text(work.cut().mip(m)).c_str());
}

}  // namespace

std::unique_ptr<const volume_catalog> target_catalog(const settings& chosen) {
    return open_catalog(chosen.target(), chosen.target_as(), chosen.http);
}

listings read_listings(const settings& chosen) {
    const info source(open_catalog(chosen.volume, chosen.volume_as, chosen.http)->read());
    if (chosen.dest.empty()) return {source, source};
    const auto catalog = target_catalog(chosen);
    if (!catalog->is_there())
        return {source, info(catalog->family(), source.type(), source.channels(), source.segmentation(),
                             source.axes())};
    const info target(catalog->read());
    const bool same_kind = target.segmentation() == source.segmentation() ||
                           target.family() != volume_family::precomputed ||
                           source.family() != volume_family::precomputed;
    if (!target.same_voxels(source) || !same_kind)
        throw bad_input(chosen.dest.string() +
                        " is a volume already, and its type, data_type or num_channels are "
                        "not those of " +
                        chosen.volume.string());
    return {source, target};
}

planned_mips plan_mips(const settings& chosen, const listings& known) {
    check_meaning(chosen, known.source);
    if (chosen.dest.empty()) check_takes_mips(chosen, known.target);
    const scale part = part_for(chosen, known);
    const storage_choice storage = storage_for(chosen, known, part);
    pyramid_job work =
        make_job(chosen, known.source, part, storage.how, cut_up(chosen, known, part, storage), {});
    check_with_library(work.settings().how, known.source.type());
    const auto mips = mips_of(chosen, known.source, work);
    const bool listed = are_listed(chosen, known.target, mips);
    return {std::move(work), mips, listed};
}

std::string info_with(const settings& chosen, const info& before, const planned_mips& planned) {
    listings now = read_listings(chosen);
    const auto refuse = [&](const std::filesystem::path& volume, const std::string& what) {
        const auto& as = volume == chosen.volume ? chosen.volume_as : chosen.dest_as;
        throw std::runtime_error(open_catalog(volume, as, chosen.http)->name() + ": " + what +
                                 " meanwhile; it was left as it is. Mend it, and run again with --resume");
    };
    if (!now.source.same_voxels(before)) refuse(chosen.volume, "its data_type or num_channels were changed");
    if (!now.source.has(planned.work.settings().source))
        refuse(chosen.volume,
               "the source, scale " + planned.work.settings().source.key + ", was changed or removed");
    for (const made_scale& mip : planned.mips) {
        const auto there = now.target.find(mip);
        if (there.is == info::presence::different)
            refuse(chosen.target(),
                   "somebody else has listed scale " + mip.is.key + " as another (" + there.difference + ")");
        if (there.is == info::presence::absent) now.target.add(mip);
    }
    return now.target.text();
}

void check_memory_of(const team& all, const settings& chosen, const info& volume, const pyramid_job& work) {
    const int threads = threads_of(chosen, all);
    std::fprintf(told(chosen), "  a task is %s voxels, of which a thread reads %s at a time",
                 shape_text(work.cut().task_shape()).c_str(), shape_text(work.cut().leaf_shape()).c_str());
    check_memory(
        chosen, threads, [&](int n) { return memory_of(work, n); },
        advice_on_chunks(chosen, volume, work, threads));
    allow_open_files(work.files_needed(threads));
}

void print_headline(const settings& chosen, const info& volume, const pyramid_job& work, const team& all) {
    const geometry& cut = work.cut();
    const scale& source = work.settings().source;
    const int threads = threads_of(chosen, all);
    std::fprintf(told(chosen), "%s: adding %d mip%s to scale %s, %s voxels of %s, by %s%s\n",
                 chosen.target().c_str(), cut.num_mips(), cut.num_mips() == 1 ? "" : "s",
                 work.settings().source.key.c_str(), shape_text(work.settings().part.size).c_str(),
                 npy::name(volume.type()).c_str(), chosen.how.sparse ? "sparse " : "",
                 name(chosen.how.how).c_str());
    std::fprintf(told(chosen), "  %td task%s, %d process%s, %d thread%s each\n", cut.tasks(),
                 cut.tasks() == 1 ? "" : "s", all.size(), all.size() == 1 ? "" : "es", threads,
                 threads == 1 ? "" : "s");
    print_storage(chosen, work);
    if (chosen.from_mip > 0 && source.form.encoding == "jpeg")
        std::fprintf(
            stderr,
            "volume_pyramid: warning: scale %s is jpeg and was made of another: what its encoding "
            "changed goes into the new mips too; --from-mip 0 makes all of them of the finest scale\n",
            source.key.c_str());
    if (!chosen.global_grid && offset_is_rounded(work.settings().part, cut.total_factor(cut.num_mips())))
        std::fprintf(
            stderr,
            "volume_pyramid: warning: the factors do not divide voxel_offset; windows start at the "
            "volume's first voxel, and the offset of a mip is rounded down, so that it lies off by a part "
            "of its voxel; --grid global lets them start at multiples of the factors\n");
}

planned_mips plan_again(const settings& chosen, const info& source, const std::string& planned,
                        const std::string& temporary) {
    const json texts = json::parse(planned);
    const scale part = made_scale_of(texts["part"]).is;
    const storage_choice storage = choose_storage({}, texts["mips"][0], {});
    geometry cut = cut_up(chosen, part, storage, format_of(source));
    std::vector<made_scale> mips;
    for (const json& text : texts["mips"]) {
        mips.push_back(made_scale_of(text));
        cut.set_mip(static_cast<int>(mips.size()), mips.back().is);
    }
    return {make_job(chosen, source, part, storage.how, std::move(cut), temporary), std::move(mips), false};
}

std::string texts_of(const planned_mips& planned) {
    json all{{"part", json_text({planned.work.settings().part, {}})}, {"mips", json::array()}};
    for (const made_scale& mip : planned.mips) all["mips"].push_back(json_text(mip));
    return all.dump();
}

std::vector<std::filesystem::path> folders_of(const settings& chosen, const planned_mips& planned) {
    std::vector<std::filesystem::path> folders{chosen.target()};
    for (const made_scale& mip : planned.mips) folders.push_back(chosen.target() / mip.is.key);
    return folders;
}

}  // namespace volumes
