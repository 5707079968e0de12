// SPDX-License-Identifier: BSL-1.0
#include "scale_files.hpp"

#include <system_error>

#include "bad_input.hpp"
#include "chunk_files.hpp"

namespace volumes {

namespace fs = std::filesystem;

std::optional<chunk_file> folder_files::find(const std::string& plain, std::size_t most) const {
    std::optional<chunk_file> found;
    for (const formats::compression kind : compressions) {
        auto file = fetch(plain + std::string(suffix_of(kind)), most);
        if (file && found) fail_twice(text_of(plain), found->compression, kind);
        if (file) found = std::move(file);
    }
    return found;
}

std::optional<chunk_file> folder_files::fetch(const std::string& name, std::size_t /*most*/) const {
    const auto bytes = named(text_of(name), [&] { return size_of(name); });
    if (!bytes) return std::nullopt;
    return chunk_file{name, formats::compression_of_file(name), *bytes, {}};
}

std::optional<formats::compression> folder_files::compression_of(const std::string& plain) const {
    for (const formats::compression kind : compressions)
        if (seems_there(plain + std::string(suffix_of(kind)))) return kind;
    return std::nullopt;
}

bool folder_files::seems_there(const std::string& name) const {
    std::error_code ignored;
    return fs::exists(folder_ / name, ignored);
}

std::optional<std::int64_t> folder_files::modified(const std::string& name) const {
    return modified_at(folder_ / name);
}

bool folder_files::for_each_name(const std::function<bool(const std::string&)>& f) const {
    std::error_code problem;
    fs::directory_iterator entry(folder_, problem);
    for (const fs::directory_iterator end; !problem && entry != end; entry.increment(problem))
        if (!f(entry->path().filename().string())) return true;
    if (problem) throw bad_input(folder_.string() + ": cannot be read: " + problem.message());
    return true;
}

}  // namespace volumes
