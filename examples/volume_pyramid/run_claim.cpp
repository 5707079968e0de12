// SPDX-License-Identifier: BSL-1.0
#include "run_claim.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <set>
#include <thread>
#include <utility>

#include "bad_input.hpp"
#include "files.hpp"
#include "info.hpp"
#include "json_file.hpp"
#include "signals.hpp"
#include "text_file.hpp"
#include "written_file.hpp"

namespace volumes {
namespace {

namespace fs = std::filesystem;

fs::path plan_file(const fs::path& volume) { return state_folder(volume) / "plan.json"; }

// The scales as info is to list them.
json scales_of(const std::vector<made_scale>& made) {
    json scales = json::array();
    for (const made_scale& s : made) scales.push_back(json::parse(json_text(s)));
    return scales;
}

// An object with `scales`, as info is to list them, and, where tasks are prepared, `prepared`. Where there is
// no plan, or one of version 0.1, nothing is in it.
json read_plan(const fs::path& volume) {
    const fs::path file = plan_file(volume);
    json plan;
    try {
        plan = parse_json(read_text(file), file.string());
    } catch (const bad_input&) {
        if (fs::exists(file)) throw;  // else whoever had the lock has removed it
    }
    if (!plan.is_object() || !plan.contains("scales") || !plan["scales"].is_array())
        plan = json{{"scales", json::array()}};
    return plan;
}

json planned_scales(const fs::path& volume) { return read_plan(volume)["scales"]; }

json prepared_plan(const fs::path& volume) {
    json plan = read_plan(volume);
    if (!plan.contains("prepared"))
        throw bad_input(
            volume.string() +
            " has no tasks that are prepared: --prepare begins, and --finish has ended what was begun");
    return plan;
}

json made_by(const json& entry) { return entry.is_object() ? entry.value("made_by", json()) : json(); }

// In which way the unfinished run is another one; empty: it is this one.
std::string difference(const json& now, const json& before) {
    if (before.empty()) return "it was begun by another version of this program";
    if (now.size() != before.size())
        return "it makes " + std::to_string(before.size()) + " scales, not " + std::to_string(now.size());
    for (std::size_t i = 0; i < now.size(); ++i) {
        // How it was made, member by member; and then what it is.
        json is = now[i], was = before[i];
        for (json* entry : {&is, &was})
            if (entry->is_object() && entry->contains("made_by")) entry->erase("made_by");
        const std::string how = differences(made_by(now[i]), made_by(before[i]));
        if (!how.empty()) return how;
        if (const std::string what = differences(is, was); !what.empty()) return what;
    }
    return {};
}

// In which way tasks that are prepared are others; the words in which they were asked for do not count.
std::string other_tasks(json now, json before) {
    for (json* prepared : {&now, &before})
        if (prepared->is_object()) prepared->erase("arguments");
    return differences(now, before);
}

bool has_files(const fs::path& scale_folder) {
    std::error_code problem;
    for (fs::directory_iterator entry(scale_folder, problem), end; !problem && entry != end;
         entry.increment(problem))
        if (entry->path() != temporary_folder_in(scale_folder)) return true;
    return false;
}

// Returns those that were made.
std::vector<fs::path> make_folder(const fs::path& path) {
    std::vector<fs::path> made;
    try {
        make_folders(path, made);
    } catch (const fs::filesystem_error& problem) {
        throw write_error(problem.path1().string() +
                          ": cannot be made: " + std::strerror(problem.code().value()));
    }
    return made;
}

}  // namespace

fs::path temporary_folder(const fs::path& volume, const std::string& name) {
    return state_folder(volume) / name;
}

fs::path state_folder(const fs::path& volume) { return volume / ".volume_pyramid"; }

void flush_to_disk(const std::vector<fs::path>& folders) {
    std::set<dev_t> done;
    for (const fs::path& path : folders) {
        const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct stat about {};
        bool good = folder >= 0 && ::fstat(folder, &about) == 0;
        if (good && done.insert(about.st_dev).second) {
#ifdef __linux__
            good = ::syncfs(folder) == 0;
#else
            ::sync();  // every file system; elsewhere there is nothing finer
#endif
        }
        const int problem = errno;
        if (folder >= 0) ::close(folder);
        if (!good)
            throw write_error(path.string() + ": cannot be brought to the disk: " + std::strerror(problem));
    }
}

std::string planned_scale(const fs::path& volume, const std::string& key) {
    if (!fs::exists(plan_file(volume))) return {};
    const json plan = planned_scales(volume);
    for (const json& s : plan)
        if (s.is_object() && s.value("key", json()) == key) return s.dump();
    return {};
}

bool is_prepared(const fs::path& volume) { return read_plan(volume).contains("prepared"); }

std::string prepared_run(const fs::path& volume) { return prepared_plan(volume)["prepared"].dump(); }

void check_is_planned(const fs::path& volume, const std::vector<made_scale>& made) {
    if (const std::string how = difference(scales_of(made), prepared_plan(volume)["scales"]); !how.empty())
        throw bad_input("the tasks in " + volume.string() +
                        " were prepared for another volume or info: " + how);
}

part_folder::part_folder(const fs::path& volume) : path_(state_folder(volume) / ("part-" + unused_name())) {
    if (::mkdir(path_.c_str(), 0777) != 0) fail_write(path_, errno);
}

part_folder::~part_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    // Who has finished the run meanwhile could not remove a folder that was in use.
    ::rmdir(path_.parent_path().c_str());
}

run_claim::run_claim(const fs::path& volume, std::unique_ptr<const volume_catalog> catalog)
    : volume_(volume),
      state_(state_folder(volume)),
      catalog_(std::move(catalog)),
      made_folders_(make_folder(volume)) {
    // A killed process goes on existing until the disk has answered it, and a rank whose mpirun was killed
    // may even finish its work.
    constexpr int patience_seconds = 20;
    for (int tries = 0; tries < 10 * patience_seconds; ++tries) {
        check_interrupted();
        if (tries > 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
        if (try_lock()) return;
    }
    throw bad_input("another run works in " + volume_.string() + "; wait for its end");
}

run_claim::~run_claim() {
    if (lock_ < 0) return;  // committed: whatever is there now is another run's
    try {
        clear_temporaries();
        forget_what_wrote_nothing();
        if (!is_unfinished()) remove_state();
    } catch (const std::exception&) {  // what cannot be read stays
    }
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

bool run_claim::is_unfinished() const { return fs::exists(plan_file(volume_)); }

// A run that was ended when it had written info, and nothing but that was left to do.
void run_claim::forget_what_is_listed() {
    if (!is_unfinished() || !catalog_->is_there()) return;
    const json plan = planned_scales(volume_);
    const info now(catalog_->read());
    const bool done = std::all_of(plan.begin(), plan.end(), [&](const json& s) {
        return s.is_object() && s.contains("resolution") && now.lists(s.dump());
    });
    if (done && !plan.empty()) fs::remove(plan_file(volume_));
}

// A run that failed before its first chunk binds nobody: it may have failed because it was asked wrongly.
void run_claim::forget_what_wrote_nothing() {
    if (!is_unfinished() || is_prepared(volume_)) return;
    const json plan = planned_scales(volume_);
    if (plan.empty()) return;
    for (const json& s : plan)
        if (!s.is_object() || !s.contains("key") || !s["key"].is_string() ||
            has_files(volume_ / s["key"].get<std::string>()))
            return;
    fs::remove(plan_file(volume_));
}

std::string run_claim::begin(const std::vector<made_scale>& made, bool resume, bool listed,
                             const std::string& prepared) {
    for (const made_scale& s : made) keys_.push_back(s.is.key);
    const json scales = scales_of(made);
    forget_what_is_listed();
    if (!listed) forget_what_wrote_nothing();
    const bool unfinished = is_unfinished();
    const std::string remedy = "; to begin anew, remove " + state_.string() +
                               " and the folders of the scales that info does not list";
    if (unfinished && !resume && !listed)
        throw bad_input(volume_.string() + " has an unfinished run, which --resume finishes" + remedy);
    if (unfinished && !listed)
        if (const std::string how = difference(scales, planned_scales(volume_)); !how.empty())
            throw bad_input("the unfinished run in " + volume_.string() +
                            " was begun with other options or another info: " + how + remedy);
    if (unfinished && !prepared.empty() && is_prepared(volume_))
        if (const std::string how = other_tasks(json::parse(prepared), json::parse(prepared_run(volume_)));
            !how.empty())
            throw bad_input("the tasks in " + volume_.string() + " were prepared otherwise: " + how + remedy);
    if (!unfinished && !listed) check_folders(made);
    clear_temporaries();
    if (!unfinished) clear_marks();
    // Each run has its own: what a rank of a killed one still has to say finds no place.
    temporary_ = state_ / ("tmp-" + unused_name());
    make_folder(temporary_);
    json plan{{"scales", scales}};
    if (!prepared.empty()) plan["prepared"] = json::parse(prepared);
    if (!listed && (!unfinished || !prepared.empty()))
        replace_durably(plan_file(volume_), plan.dump(2), temporary_);
    for (const std::string& key : keys_) make_folder(volume_ / key);
    mends_ = listed;
    return temporary_.filename().string();
}

void run_claim::check_folders(const std::vector<made_scale>& made) const {
    for (const made_scale& s : made) {
        const fs::path folder = volume_ / s.is.key;
        std::error_code ignored;
        if (fs::exists(folder, ignored) && !fs::is_directory(folder, ignored))
            throw bad_input(folder.string() + " is in the way: it is no folder");
        if (has_files(folder))
            throw bad_input(folder.string() +
                            " is in the way: it has files, though info lists no such scale; remove it");
    }
}

void run_claim::commit(const std::string& info_text) {
    catalog_->write(info_text, temporary_);
    clear_temporaries();
    // A run that only looked after what info lists leaves another that is unfinished as it is.
    if (!mends_ && is_unfinished()) fs::remove(plan_file(volume_));
    if (!is_unfinished()) remove_state();
    ::close(std::exchange(lock_, -1));
}

void run_claim::clear_temporaries() {
    std::error_code ignored;
    for (fs::directory_iterator entry(state_, ignored), end; !ignored && entry != end;
         entry.increment(ignored))
        if (entry->path().filename().string().starts_with("tmp")) fs::remove_all(entry->path(), ignored);
    for (const std::string& key : keys_) fs::remove_all(temporary_folder_in(volume_ / key), ignored);
}

// What tells of the tasks of another run.
void run_claim::clear_marks() {
    std::error_code ignored;
    for (fs::directory_iterator entry(state_, ignored), end; !ignored && entry != end;
         entry.increment(ignored))
        if (entry->path().filename().string().starts_with("done-")) fs::remove(entry->path(), ignored);
}

bool run_claim::remove_all_but_lock() {
    bool all = true;
    std::error_code problem, ignored;
    for (fs::directory_iterator entry(state_, problem), end; !problem && entry != end;
         entry.increment(problem)) {
        if (entry->path().filename() == "lock") continue;
        fs::remove_all(entry->path(), ignored);
        all = all && !fs::exists(fs::symlink_status(entry->path(), ignored));
    }
    return all && !problem;
}

// The lock goes last: from then on, another run may be making its own state here.
void run_claim::remove_state() {
    // Parts of a prepared run know nothing of its end, and may write into their folders meanwhile.
    constexpr int patience = 100;
    for (int tries = 0; tries < patience && !remove_all_but_lock(); ++tries)
        ;
    ::unlink((state_ / "lock").c_str());
    ::rmdir(state_.c_str());
    // Those that have something in them stay.
    for (auto p = made_folders_.rbegin(); p != made_folders_.rend(); ++p) ::rmdir(p->c_str());
}

}  // namespace volumes
