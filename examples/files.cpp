// SPDX-License-Identifier: BSL-1.0
#include "files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <random>
#include <system_error>

namespace fs = std::filesystem;

std::string unused_name() {
    static const std::string process = [] {
        std::random_device device;
        return std::to_string(device()) + "-" + std::to_string(device());
    }();
    static std::atomic<std::uint64_t> count{0};
    return process + "-" + std::to_string(count.fetch_add(1));
}

void make_folders(const fs::path& folder, std::vector<fs::path>& made) {
    fs::path so_far;
    for (const fs::path& part : folder) {
        so_far /= part;
        if (::mkdir(so_far.c_str(), 0777) == 0) {
            made.push_back(so_far);
            continue;
        }
        const int problem = errno == EEXIST ? ENOTDIR : errno;
        std::error_code ignored;
        if (!fs::is_directory(so_far, ignored))
            throw fs::filesystem_error("mkdir", so_far, {problem, std::generic_category()});
    }
}

fs::path without_links(const fs::path& path) {
    constexpr int most_links = 40;  // as the system itself has it
    std::error_code problem;
    fs::path target = path;
    for (int i = 0; i < most_links && fs::is_symlink(fs::symlink_status(target, problem)); ++i) {
        const fs::path next = fs::read_symlink(target, problem);
        if (problem) break;
        target = target.parent_path() / next;  // an absolute one replaces all before it
    }
    return target;
}

void take_over_rights(int descriptor, const fs::path& from) {
    struct stat old {};
    if (::stat(from.c_str(), &old) != 0) return;
    // Only root may give files away; for all others they stay their own.
    [[maybe_unused]] const int ignored = ::fchown(descriptor, old.st_uid, old.st_gid);
    [[maybe_unused]] const int also_ignored = ::fchmod(descriptor, old.st_mode & 07777);
}
