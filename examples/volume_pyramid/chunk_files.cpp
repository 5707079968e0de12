// SPDX-License-Identifier: BSL-1.0
#include "chunk_files.hpp"

#include <sys/stat.h>

#include <regex>

#include "bad_input.hpp"

namespace volumes {

namespace fs = std::filesystem;

bool looks_like_chunk(const std::string& name) {
    static const std::regex form("-?[0-9]+-+[0-9]+_-?[0-9]+-+[0-9]+_-?[0-9]+-+[0-9]+(\\..*)?|.*\\.shard",
                                 std::regex::icase);
    return name.size() <= longest_chunk_name && std::regex_match(name, form);
}

void for_each_name(const fs::path& folder, const std::function<void(const std::string&)>& f) {
    std::error_code problem;
    fs::directory_iterator entry(folder, problem);
    for (const fs::directory_iterator end; !problem && entry != end; entry.increment(problem))
        f(entry->path().filename().string());
    if (problem) throw bad_input(folder.string() + ": cannot be read: " + problem.message());
}

std::optional<std::int64_t> modified_at(const fs::path& file) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) return std::nullopt;
#ifdef __APPLE__
    const timespec time = found.st_mtimespec;
#else
    const timespec time = found.st_mtim;
#endif
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace volumes
