// SPDX-License-Identifier: BSL-1.0
#include "run_claim.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <thread>
#include <utility>

#include "bad_input.hpp"
#include "chunk_store.hpp"

namespace precomputed {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void make_folder(const fs::path& path) {
    std::error_code problem;
    fs::create_directories(path, problem);
    if (problem) throw write_error(path.string() + ": cannot be made: " + problem.message());
}

void replace_durably(const fs::path& file, const std::string& text, const fs::path& temporary) {
    rename_to(write_temporary(temporary, std::as_bytes(std::span(text)), file, true), file);
    // The name is on the disk once its folder is.
    const int folder = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return;
    ::fsync(folder);  // some file systems do not know it for folders, and do it anyway
    ::close(folder);
}

}  // namespace

fs::path state_folder(const fs::path& volume) { return volume / ".precomputed_pyramid"; }
fs::path temporary_folder(const fs::path& volume) { return state_folder(volume) / "tmp"; }

bool has_info(const fs::path& volume) { return fs::exists(volume / "info"); }

std::string read_info(const fs::path& volume) {
    if (!has_info(volume))
        throw bad_input(volume.string() +
                        " is no precomputed volume: it has no file info; --create makes one");
    return read_text(volume / "info");
}

void flush_to_disk(const fs::path& volume) {
    const int folder = ::open(volume.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool good = folder >= 0 && ::syncfs(folder) == 0;
    const int problem = errno;
    if (folder >= 0) ::close(folder);
    if (!good)
        throw write_error(volume.string() + ": cannot be brought to the disk: " + std::strerror(problem));
}

run_claim::run_claim(const fs::path& volume, const std::string& plan, const std::vector<scale>& made,
                     bool resume, bool listed)
    : volume_(volume), state_(state_folder(volume)) {
    make_folder(state_);
    lock();
    try {
        const bool begun = check_plan(plan, made, resume, listed);
        // What a killed run left half written.
        fs::remove_all(temporary_folder(volume));
        make_folder(temporary_folder(volume));
        if (!begun) replace_durably(state_ / "plan.json", plan, temporary_folder(volume));
        for (const scale& s : made) make_folder(volume / s.key);
    } catch (...) {
        if (!fs::exists(state_ / "plan.json")) remove_state();
        ::close(lock_);
        throw;
    }
}

run_claim::~run_claim() {
    if (lock_ >= 0) ::close(lock_);
}

void run_claim::lock() {
    const fs::path path = state_ / "lock";
    lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock_ < 0) throw write_error(path.string() + ": cannot be opened: " + std::strerror(errno));
    // A killed process goes on existing until the disk has answered it.
    constexpr int patience_seconds = 20;
    int problem = EWOULDBLOCK;
    for (int tries = 0; tries < 10 * patience_seconds && problem == EWOULDBLOCK; ++tries) {
        if (tries > 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
        if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
        problem = errno;
    }
    ::close(std::exchange(lock_, -1));
    if (problem == EWOULDBLOCK)
        throw bad_input("another run works in " + volume_.string() + "; wait for its end");
    throw write_error(path.string() + ": cannot be locked: " + std::strerror(problem));
}

// Whether an unfinished run goes on here.
bool run_claim::check_plan(const std::string& plan, const std::vector<scale>& made, bool resume,
                           bool listed) const {
    const fs::path path = state_ / "plan.json";
    if (fs::exists(path)) {
        if (!resume)
            throw bad_input(volume_.string() +
                            " has an unfinished run, which --resume finishes; to begin anew, remove " +
                            state_.string() + " and the folders of the scales that info does not list");
        const std::string begun = read_text(path);
        if (begun != plan)
            throw bad_input("the unfinished run in " + volume_.string() +
                            " was begun with other options or another info; they are in " + path.string());
        return true;
    }
    for (const scale& s : made) {
        const fs::path folder = volume_ / s.key;
        if (!listed && fs::exists(folder) && !fs::is_empty(folder))
            throw bad_input(folder.string() +
                            " is in the way: it has files, though info lists no such scale");
    }
    return false;
}

void run_claim::commit(const std::string& info_text) {
    replace_durably(volume_ / "info", info_text, temporary_folder(volume_));
    remove_state();
}

void run_claim::remove_state() {
    std::error_code ignored;
    // The plan last but one: as long as it is there, the run can be resumed.
    fs::remove_all(temporary_folder(volume_), ignored);
    fs::remove(state_ / "plan.json", ignored);
    fs::remove_all(state_, ignored);
}

}  // namespace precomputed
