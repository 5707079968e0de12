// SPDX-License-Identifier: BSL-1.0
#include "array_store.hpp"

#include <algorithm>
#include <regex>
#include <utility>

#include "bad_input.hpp"
#include "chunk_files.hpp"

namespace volumes {
namespace {

namespace fs = std::filesystem;
using formats::array_place;

formats::array_chunks chunks_of(const scale_files& files, const scale& stored) {
    try {
        return formats::array_chunks(*stored.form.array);
    } catch (const formats::format_error& problem) {
        throw bad_input(files.text_of("") + ": " + problem.what());
    }
}

bool same(const formats::grid_index& a, const index3& b) {
    return std::equal(a.begin(), a.end(), b.begin(), [](std::uint64_t one, index_t other) {
        return one == static_cast<std::uint64_t>(other);
    });
}

}  // namespace

array_store::array_store(std::unique_ptr<const scale_files> files, fs::path folder, const scale& stored,
                         const voxel_format& format, const writing& how, fs::path temporary)
    : scale_store(stored, format),
      files_(std::move(files)),
      placed_(std::move(folder), std::move(temporary)),
      how_(how),
      chunks_(chunks_of(*files_, stored)) {
    if (!same(chunks_.size(), stored.size) || !same(chunks_.chunk_size(), stored.chunk_size) ||
        chunks_.channels() != static_cast<std::uint64_t>(format.channels) ||
        chunks_.form().type != format.type)
        throw bad_input(files_->text_of("") + ": the scale is another than its array");
}

formats::grid_index array_store::place_of(const box3& chunk) const {
    const index3 at = layout().place_of(chunk.begin);
    return {static_cast<std::uint64_t>(at[0]), static_cast<std::uint64_t>(at[1]),
            static_cast<std::uint64_t>(at[2])};
}

std::string array_store::text_of(const array_place& part) const { return files_->text_of(file_of(part)); }

std::string array_store::name_of(const box3& chunk) const {
    std::string text = text_of(chunks_.place_of(place_of(chunk), 0));
    if (chunks_.parts() > 1)
        text += " and " + std::to_string(chunks_.parts() - 1) + " more, of other channels";
    return text;
}

bool array_store::read(const box3& chunk, std::span<std::byte> voxels, scratch& mine) const {
    std::vector<array_place> missing;
    for_each_part(chunk, [&](const array_place& part) {
        if (!read_part(part, voxels, mine)) missing.push_back(part);
    });
    if (missing.size() == chunks_.parts()) return false;
    for (const array_place& part : missing) chunks_.fill(part, voxels);
    return true;
}

void array_store::check_replaceable(const array_place& part) const {
    const fs::path file = placed_.folder() / file_of(part);
    std::error_code ignored;
    if (fs::exists(fs::symlink_status(file, ignored)) && !fs::is_regular_file(file, ignored))
        throw chunk_error(file.string() + ": is no regular file; remove it");
}

scale_store::presence array_store::look(const box3& chunk, scratch& mine) const {
    const auto voxels = mine.chunk.of_size(format().bytes_of(chunk));
    std::uint64_t whole = 0, broken = 0;
    for_each_part(chunk, [&](const array_place& part) {
        check_replaceable(part);
        try {
            if (look_part(part, voxels, mine)) ++whole;
        } catch (const chunk_error&) {
            ++broken;
        }
    });
    if (whole == chunks_.parts()) return presence::whole;
    return whole + broken == 0 ? presence::missing : presence::broken;
}

// Of the files that are there.
std::vector<std::int64_t> array_store::times_of(const box3& chunk) const {
    std::vector<std::int64_t> times;
    for_each_part(chunk, [&](const array_place& part) {
        if (const auto time = files_->modified(file_of(part))) times.push_back(*time);
    });
    return times;
}

std::optional<std::int64_t> array_store::modified(const box3& chunk) const {
    const auto times = times_of(chunk);
    if (times.empty()) return std::nullopt;
    return *std::max_element(times.begin(), times.end());
}

std::optional<std::int64_t> array_store::modified_first(const box3& chunk) const {
    const auto times = times_of(chunk);
    if (times.empty()) return std::nullopt;
    return *std::min_element(times.begin(), times.end());
}

void array_store::check_missing_are_missing() const {
    static const std::regex chunk_like("c|(c\\.)?[0-9]{1,19}(\\.[0-9]{1,19})*");
    const std::string own = file_of(chunks_.place_of({}, 0));
    // What is in the folder itself of such a name.
    const std::string first = own.substr(0, own.find('/'));
    std::string form = std::regex_replace(first, std::regex("\\."), "\\.");
    form = std::regex_replace(form, std::regex("[0-9]+"), "[0-9]{1,19}");
    const std::regex ours(form);
    files_->for_each_name([&](const std::string& name) {
        if (name.size() <= longest_chunk_name && std::regex_match(name, chunk_like) &&
            !std::regex_match(name, ours))
            throw bad_input(files_->text_of(name) + ": is no name that a chunk of this array has, such as " +
                            own + ", so that --missing background would lose it");
        return true;
    });
}

}  // namespace volumes
