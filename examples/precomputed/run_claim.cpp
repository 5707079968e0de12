// SPDX-License-Identifier: BSL-1.0
#include "run_claim.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
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
#ifdef __linux__
    const bool good = folder >= 0 && ::syncfs(folder) == 0;
#else
    ::sync();  // every file system; elsewhere there is nothing finer
    const bool good = folder >= 0;
#endif
    const int problem = errno;
    if (folder >= 0) ::close(folder);
    if (!good)
        throw write_error(volume.string() + ": cannot be brought to the disk: " + std::strerror(problem));
}

run_claim::run_claim(const fs::path& volume)
    : volume_(volume), state_(state_folder(volume)), made_volume_(!fs::exists(volume)) {
    // A killed process goes on existing until the disk has answered it, and a rank whose mpirun was killed
    // may even finish its work.
    constexpr int patience_seconds = 20;
    for (int tries = 0; tries < 10 * patience_seconds; ++tries) {
        if (tries > 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
        if (try_lock()) return;
    }
    throw bad_input("another run works in " + volume_.string() + "; wait for its end");
}

run_claim::~run_claim() {
    if (lock_ < 0) return;  // committed: whatever is there now is another run's
    if (!is_unfinished()) remove_state();
    ::close(lock_);
}

bool run_claim::try_lock() {
    make_folder(state_);
    const fs::path path = state_ / "lock";
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0 && errno == ENOENT) return false;  // the other run has just removed the folder
    if (file < 0) throw write_error(path.string() + ": cannot be opened: " + std::strerror(errno));
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        const int problem = errno;
        ::close(file);
        if (problem == EWOULDBLOCK) return false;
        throw write_error(path.string() + ": cannot be locked: " + std::strerror(problem));
    }
    // The other run may have removed the file between our opening it and our locking it.
    struct stat locked {
    }, there{};
    if (::fstat(file, &locked) != 0 || ::stat(path.c_str(), &there) != 0 || locked.st_ino != there.st_ino) {
        ::close(file);
        return false;
    }
    lock_ = file;
    return true;
}

bool run_claim::is_unfinished() const { return fs::exists(state_ / "plan.json"); }

bool run_claim::is_of_another_plan(const std::string& plan) const {
    return is_unfinished() && read_text(state_ / "plan.json") != plan;
}

void run_claim::begin(const std::string& plan, const std::vector<scale>& made, bool resume, bool listed) {
    const fs::path path = state_ / "plan.json";
    const bool unfinished = is_unfinished();
    if (unfinished && !resume)
        throw bad_input(volume_.string() +
                        " has an unfinished run, which --resume finishes; to begin anew, remove " +
                        state_.string() + " and the folders of the scales that info does not list");
    if (is_of_another_plan(plan))
        throw bad_input("the unfinished run in " + volume_.string() +
                        " was begun with other options or another info; they are in " + path.string());
    if (!unfinished && !listed) check_folders(made);
    // What a killed run left half written. A rank of it that still lives may add to it, and does no harm.
    std::error_code ignored;
    fs::remove_all(temporary_folder(volume_), ignored);
    make_folder(temporary_folder(volume_));
    if (!unfinished) replace_durably(path, plan, temporary_folder(volume_));
    for (const scale& s : made) make_folder(volume_ / s.key);
}

void run_claim::check_folders(const std::vector<scale>& made) const {
    for (const scale& s : made) {
        const fs::path folder = volume_ / s.key;
        if (fs::exists(folder) && !fs::is_empty(folder))
            throw bad_input(folder.string() +
                            " is in the way: it has files, though info lists no such scale");
    }
}

void run_claim::commit(const std::string& info_text) {
    replace_durably(volume_ / "info", info_text, temporary_folder(volume_));
    remove_state();
    ::close(std::exchange(lock_, -1));
}

void run_claim::remove_state() {
    std::error_code ignored;
    // The plan last but one: as long as it is there, the run can be resumed.
    fs::remove_all(temporary_folder(volume_), ignored);
    fs::remove(state_ / "plan.json", ignored);
    fs::remove_all(state_, ignored);
    if (made_volume_) fs::remove(volume_, ignored);  // fails where there is something in it
}

}  // namespace precomputed
