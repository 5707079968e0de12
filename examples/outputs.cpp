// SPDX-License-Identifier: BSL-1.0
#include "outputs.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "signals.hpp"

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, int problem) {
    throw std::runtime_error(path.string() + ": cannot be written: " + std::strerror(problem));
}

// A few MiB at a time, so that a signal is seen soon.
bool write_in_steps(std::FILE* file, std::span<const std::byte> bytes) {
    constexpr std::size_t step = std::size_t{4} << 20;
    while (!bytes.empty()) {
        check_interrupted();
        const std::size_t now = std::min(step, bytes.size());
        if (std::fwrite(bytes.data(), 1, now, file) != now) return false;
        bytes = bytes.subspan(now);
    }
    return true;
}

}  // namespace

output_folder::output_folder(const fs::path& folder) : folder_(folder) {
    std::vector<fs::path> missing;
    for (fs::path p = fs::absolute(folder).lexically_normal(); !fs::exists(p); p = p.parent_path())
        if (p.has_filename()) missing.push_back(p);
    std::error_code problem;
    for (auto p = missing.rbegin(); p != missing.rend() && !problem; ++p) {
        if (fs::create_directory(*p, problem)) made_folders_.push_back(*p);
    }
    if (!problem && !fs::is_directory(folder)) problem = std::make_error_code(std::errc::not_a_directory);
    if (problem) {
        for (auto p = made_folders_.rbegin(); p != made_folders_.rend(); ++p) ::rmdir(p->c_str());
        fail(folder, problem.value());
    }
}

output_folder::~output_folder() {
    std::error_code ignored;
    for (const pending& file : pending_) fs::remove(file.temporary, ignored);
    // Not empty after a commit, and then left alone.
    for (auto p = made_folders_.rbegin(); p != made_folders_.rend(); ++p) ::rmdir(p->c_str());
}

void output_folder::write(const std::string& file_name, std::span<const std::span<const std::byte>> pieces) {
    write(file_name, [&](std::FILE* file) {
        return std::all_of(pieces.begin(), pieces.end(),
                           [&](auto piece) { return write_in_steps(file, piece); });
    });
}

void output_folder::write(const std::string& file_name, const std::function<bool(std::FILE*)>& writer) {
    const fs::path final = path_of(file_name);
    const fs::path temporary = path_of("." + file_name + "." + std::to_string(::getpid()) + ".tmp");
    const auto close = [](std::FILE* f) { std::fclose(f); };
    std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(temporary.c_str(), "wbx"), close);
    if (!file) fail(final, errno);
    pending_.push_back({temporary, final});
    errno = 0;
    if (!writer(file.get()) || std::fflush(file.get()) != 0) fail(final, errno != 0 ? errno : EIO);
    if (std::fclose(file.release()) != 0) fail(final, errno);
}

void output_folder::commit() {
    check_interrupted();
    for (const pending& file : pending_)
        if (fs::is_directory(file.final)) fail(file.final, EISDIR);
    for (const pending& file : pending_) {
        std::error_code problem;
        fs::rename(file.temporary, file.final, problem);
        if (problem) fail(file.final, problem.value());
    }
    pending_.clear();
}
