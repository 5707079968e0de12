// SPDX-License-Identifier: BSL-1.0
// The stage that adds mips to a volume.
#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <memory>

#include "info.hpp"
#include "parse_value.hpp"
#include "pyramid_job.hpp"
#include "stage.hpp"

namespace precomputed {
namespace {

using json = nlohmann::ordered_json;

// Code, stacks, folders' names, and what MPI takes.
constexpr double program_itself = 48.0 * (1 << 20);

std::vector<scale> mips_of(const geometry& cut) {
    std::vector<scale> mips;
    for (int m = 1; m <= cut.num_mips(); ++m) mips.push_back(cut.mip(m));
    return mips;
}

geometry cut_up(const settings& chosen, const scale& source) {
    return {source, chosen.factors(source), chosen.chunk.value_or(source.chunk_size), chosen.task};
}

std::vector<std::byte> background_bytes(const npy::dtype& type, const std::string& text) {
    return npy::visit_type(type, [&]<class T>() {
        const T value = parse_value<T>("--background", text);
        const auto bytes = std::as_bytes(std::span(&value, 1));
        return std::vector<std::byte>(bytes.begin(), bytes.end());
    });
}

recipe recipe_for(const settings& chosen, const scale& source) {
    recipe how = chosen.how;
    for (const index3& f : chosen.factors(source)) how.factors.push_back({f[0], f[1], f[2], 1, 1, 1});
    return how;
}

pyramid_job make_job(const settings& chosen, const info& volume, int gzip) {
    const scale source = volume.raw_scale(chosen.from_mip);
    pyramid_settings s{.volume = chosen.volume,
                       .temporary = temporary_folder(chosen.volume),
                       .type = volume.type(),
                       .format = {volume.type().bytes, volume.channels()},
                       .source = source,
                       .how = recipe_for(chosen, source),
                       .gzip_level = gzip,
                       .missing = background_bytes(volume.type(), chosen.how.background)};
    if (!chosen.missing_is_background) s.missing.clear();
    return {std::move(s), cut_up(chosen, source)};
}

// Whether info lists the mips already, which only --resume wants.
bool are_listed(const settings& chosen, const info& volume, const geometry& cut) {
    int listed = 0;
    info trial = volume;
    for (const scale& mip : mips_of(cut)) {
        const auto there = volume.find(mip);
        if (there == info::presence::absent) {
            trial.add(mip);  // refuses now what it would refuse in the end
            continue;
        }
        if (there == info::presence::different || !chosen.resume)
            throw bad_input("scale " + mip.key + " is there already, and existing scales are left alone");
        ++listed;
    }
    if (listed != 0 && listed != cut.num_mips())
        throw bad_input("some of the mips are there already, and were not made by a run of these options");
    return listed != 0;
}

void check_memory(const settings& chosen, const geometry& cut, const voxel_format& format, int threads) {
    const auto needed = [&](int n) {
        return n * cut.bytes_of_thread(format) + cut.bytes_of_open_chunks(format, n) + program_itself;
    };
    constexpr double mebi = 1 << 20;
    std::printf(
        "  a task is %s voxels, of which a thread reads %s at a time: at most %.0f MiB in each process\n",
        shape_text(cut.task_shape()).c_str(), shape_text(cut.leaf_shape()).c_str(), needed(threads) / mebi);
    if (!chosen.memory || needed(threads) <= double(*chosen.memory)) return;
    int fitting = threads;
    while (fitting > 0 && needed(fitting) > double(*chosen.memory)) --fitting;
    std::array<char, 160> text{};
    std::snprintf(text.data(), text.size(), "--memory is %.0f MiB, and %.0f MiB may be needed; ",
                  double(*chosen.memory) / mebi, needed(threads) / mebi);
    throw bad_input(text.data() + (fitting > 0 ? "--threads " + std::to_string(fitting) + " fits"
                                               : std::string("smaller chunks or fewer mips need less")));
}

json plan_of(const settings& chosen, const pyramid_job& work, const info& volume) {
    json mips = json::array();
    for (const scale& mip : mips_of(work.cut())) mips.push_back(json_text(mip));
    const recipe& how = chosen.how;
    return {{"source", json_text(work.settings().source)},
            {"data_type", npy::name(volume.type())},
            {"num_channels", volume.channels()},
            {"mips", mips},
            {"method", name(how.how)},
            {"sparse", how.sparse},
            {"background", how.background},
            {"rounding", static_cast<int>(how.round)},
            {"edges", static_cast<int>(how.edge)},
            {"ties", static_cast<int>(how.tie)},
            {"votes", static_cast<int>(how.vote)},
            {"missing", chosen.missing_is_background},
            {"gzip", work.settings().gzip_level}};
}

void print_headline(const settings& chosen, const info& volume, const pyramid_job& work, const team& all) {
    const geometry& cut = work.cut();
    const int threads = threads_of(chosen, all);
    std::printf("%s: adding %d mip%s to scale %s, %s voxels of %s, by %s%s\n", chosen.volume.c_str(),
                cut.num_mips(), cut.num_mips() == 1 ? "" : "s", work.settings().source.key.c_str(),
                shape_text(work.settings().source.size).c_str(), npy::name(volume.type()).c_str(),
                chosen.how.sparse ? "sparse " : "", name(chosen.how.how).c_str());
    std::printf("  %td task%s, %d process%s, %d thread%s each\n", cut.tasks(), cut.tasks() == 1 ? "" : "s",
                all.size(), all.size() == 1 ? "" : "es", threads, threads == 1 ? "" : "s");
    if (offset_is_rounded(work.settings().source, cut.total_factor(cut.num_mips())))
        std::fprintf(
            stderr,
            "precomputed_pyramid: warning: the factors do not divide voxel_offset; windows start at the "
            "volume's first voxel, and the offset of a mip is rounded down, so that it lies off by a part "
            "of its voxel\n");
}

void check_meaning(const settings& chosen, const info& volume) {
    if (volume.type().kind == 'f' && chosen.how.round != tb::rounding::toward_zero)
        throw bad_input("--rounding is for integers, and the volume is " + npy::name(volume.type()));
}

}  // namespace

int add_mips(team& all, const settings& chosen) {
    std::unique_ptr<run_claim> claim;
    const decision made = decide(all, [&]() -> std::string {
        std::string text = read_info(chosen.volume);
        if (!chosen.dry_run) {
            claim = std::make_unique<run_claim>(chosen.volume);
            text = read_info(chosen.volume);
        }
        const info volume(text);
        check_meaning(chosen, volume);
        int gzip = chosen.gzip_level.value_or(0);
        const pyramid_job looked_at = make_job(chosen, volume, gzip);
        if (!chosen.gzip_level && is_gzip(looked_at.source())) gzip = 6;
        const pyramid_job work = make_job(chosen, volume, gzip);
        const bool listed = are_listed(chosen, volume, work.cut());
        print_headline(chosen, volume, work, all);
        check_memory(chosen, work.cut(), work.settings().format, threads_of(chosen, all));
        if (chosen.dry_run) return {};
        claim->begin(plan_of(chosen, work, volume).dump(2), mips_of(work.cut()), chosen.resume, listed);
        return json{{"info", text}, {"gzip", gzip}}.dump();
    });
    if (made.found.empty()) return made.status;
    const json found = json::parse(made.found);
    const pyramid_job work = make_job(chosen, info(found["info"].get<std::string>()), found["gzip"]);
    // Read again, so that what others have changed meanwhile stays.
    const auto new_info = [&] {
        info now(read_info(chosen.volume));
        for (const scale& mip : mips_of(work.cut()))
            if (now.find(mip) == info::presence::absent) now.add(mip);
        return now.text();
    };
    return carry_out(all, work, chosen, claim.get(), new_info, "added");
}

}  // namespace precomputed
