// SPDX-License-Identifier: BSL-1.0
#include "outputs.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <thread>

#include "files.hpp"
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

void check_replaceable(const fs::path& file) {
    std::error_code problem;
    const fs::file_status there = fs::status(file, problem);
    if (problem && there.type() != fs::file_type::not_found) fail(file, problem.value());
    if (fs::is_directory(there)) fail(file, EISDIR);
    const fs::path target = without_links(file);
    if (target != file && !fs::is_directory(target.parent_path(), problem)) fail(target, ENOENT);
    if (fs::exists(there) && !fs::is_regular_file(there))
        throw std::runtime_error(
            file.string() + ": is in the way: it is no regular file; remove it, or choose another --out");
}

// Two files swap their names. 0, or what went wrong; then nothing has changed.
int exchange(const fs::path& a, const fs::path& b) {
#ifdef RENAME_EXCHANGE
    if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
#endif
    // Some file systems do not know that.
    const fs::path aside = a.string() + ".old";
    if (::rename(b.c_str(), aside.c_str()) != 0) return errno;
    if (::rename(a.c_str(), b.c_str()) != 0) {
        const int problem = errno;
        ::rename(aside.c_str(), b.c_str());
        return problem;
    }
    return ::rename(aside.c_str(), a.c_str()) == 0 ? 0 : errno;
}

int rename_file(const fs::path& from, const fs::path& to) {
    return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

constexpr const char* workshop_prefix = ".pyramid-";

int open_folder(const fs::path& folder) { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

void remove_what_killed_runs_left(const fs::path& folder) {
    std::error_code problem, ignored;
    for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end;
         entry.increment(problem)) {
        if (!entry->path().filename().string().starts_with(workshop_prefix)) continue;
        if (!fs::is_directory(entry->symlink_status(ignored))) continue;
        const int lock = open_folder(entry->path());
        if (lock >= 0 && ::flock(lock, LOCK_EX | LOCK_NB) == 0) fs::remove_all(entry->path(), ignored);
        if (lock >= 0) ::close(lock);
    }
}

// No other run gives names to files in the folder meanwhile: each set of files stays together.
class naming_lock {
public:
    explicit naming_lock(const fs::path& folder) : folder_(open_folder(folder)) {}
    ~naming_lock() {
        if (folder_ >= 0) ::close(folder_);
    }
    naming_lock(const naming_lock&) = delete;
    naming_lock& operator=(const naming_lock&) = delete;

    void wait() const {
        while (folder_ >= 0 && ::flock(folder_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
            check_interrupted();
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }

private:
    int folder_;  // -1 where it may not be read: then there is no lock
};

}  // namespace

output_folder::output_folder(const fs::path& folder, const std::vector<std::string>& file_names)
    : folder_(folder) {
    for (const std::string& name : file_names) check_replaceable(folder_ / name);
    try {
        make_folders();
        remove_what_killed_runs_left(folder);
        make_workshop();
    } catch (...) {
        remove_what_was_made();
        throw;
    }
}

output_folder::~output_folder() {
    std::error_code ignored;
    // After a commit a temporary name stands for what had the final one before.
    for (const pending& file : pending_)
        if (!file.placed || file.replaces) fs::remove(file.temporary, ignored);
    remove_what_was_made();
}

void output_folder::make_folders() {
    try {
        ::make_folders(folder_, made_folders_);
    } catch (const fs::filesystem_error& problem) {
        fail(problem.path1(), problem.code().value());
    }
}

// Another run that fails removes the folder for as long as it is empty, and takes a workshop that is not
// locked yet for that of a killed one.
void output_folder::make_workshop() {
    int problem = ENOENT;
    for (int tries = 0; tries < 100 && problem == ENOENT; ++tries) {
        make_folders();
        workshop_ = folder_ / (workshop_prefix + unused_name());
        if (::mkdir(workshop_.c_str(), 0700) != 0) {
            problem = errno;
            continue;
        }
        if (workshop_lock_ >= 0) ::close(workshop_lock_);
        workshop_lock_ = open_folder(workshop_);
        const bool taken =
            workshop_lock_ >= 0 && ::flock(workshop_lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        if (workshop_lock_ >= 0 && !taken) return;
        problem = taken ? ENOENT : errno;
    }
    fail(folder_, problem);
}

// Folders that are not empty stay: after a commit all but the workshop are not.
void output_folder::remove_what_was_made() {
    if (!workshop_.empty()) ::rmdir(workshop_.c_str());
    if (workshop_lock_ >= 0) ::close(workshop_lock_);
    for (auto p = made_folders_.rbegin(); p != made_folders_.rend(); ++p) ::rmdir(p->c_str());
}

void output_folder::write(const std::string& file_name, std::span<const std::span<const std::byte>> pieces) {
    write(file_name, [&](std::FILE* file) {
        return std::all_of(pieces.begin(), pieces.end(),
                           [&](auto piece) { return write_in_steps(file, piece); });
    });
}

void output_folder::write(const std::string& file_name, const std::function<bool(std::FILE*)>& writer) {
    const fs::path name = folder_ / file_name, target = without_links(name);
    // A link's target may be on another file system, where the temporary file has to be too.
    pending next{target == name ? workshop_ / file_name
                                : target.parent_path() / (workshop_prefix + unused_name() + ".tmp"),
                 target};
    const auto close = [](std::FILE* f) { std::fclose(f); };
    std::unique_ptr<std::FILE, decltype(close)> file(open_temporary(next), close);
    pending_.push_back(next);
    errno = 0;
    if (!writer(file.get()) || std::fflush(file.get()) != 0) fail(target, errno != 0 ? errno : EIO);
    take_over_rights(::fileno(file.get()), target);
    if (std::fclose(file.release()) != 0) fail(target, errno);
}

std::FILE* output_folder::open_temporary(const pending& file) {
    std::FILE* opened = std::fopen(file.temporary.c_str(), "wbx");
    if (opened == nullptr) fail(file.final, errno);
    return opened;
}

void output_folder::commit() {
    const naming_lock alone(folder_);
    alone.wait();
    check_interrupted();
    for (const pending& file : pending_) check_replaceable(file.final);
    for (pending& file : pending_) {
        std::error_code ignored;
        file.replaces = fs::exists(file.final, ignored);
        const int problem =
            file.replaces ? exchange(file.temporary, file.final) : rename_file(file.temporary, file.final);
        if (problem != 0) {
            file.replaces = false;
            put_back();
            fail(file.final, problem);
        }
        file.placed = true;
    }
}

// None of the files has its name yet, though some had got it already.
void output_folder::put_back() {
    for (pending& file : pending_) {
        if (!file.placed) continue;
        if (file.replaces) {
            exchange(file.temporary, file.final);
        } else {
            rename_file(file.final, file.temporary);
        }
        file.placed = file.replaces = false;
    }
}
