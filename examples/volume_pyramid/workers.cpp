// SPDX-License-Identifier: BSL-1.0
#include "workers.hpp"

#include <algorithm>
#include <cstdio>
#include <new>
#include <utility>

namespace volumes {
namespace {

// Thrown where a thread is to leave its task.
struct stopped {};

}  // namespace

void report::add(const report& later) {
    voxels += later.voxels;
    tasks += later.tasks;
    voxels_found += later.voxels_found;
    tasks_found += later.tasks_found;
    failed.insert(failed.end(), later.failed.begin(), later.failed.end());
    if (fatal.empty()) fatal = later.fatal;
    spent += later.spent;
    peak_memory = std::max(peak_memory, later.peak_memory);
}

workers::workers(const job& all, int threads, bool resume) : all_(all), resume_(resume) {
    const lock_type lock(mutex_);
    try {
        threads_.reserve(static_cast<std::size_t>(threads));
        for (; alive_ < threads; ++alive_) threads_.emplace_back([this] { work(); });
    } catch (const std::exception& problem) {
        // No room for another, in memory or among the processes that a user may have.
        if (alive_ == 0)
            give_up(std::string("no thread can be started: ") + problem.what() +
                    "; a limit of ulimit -u or -v?");
        else
            std::fprintf(stderr, "volume_pyramid: warning: only %d of %d threads can be started\n", alive_,
                         threads);
    }
}

workers::~workers() {
    stop();
    for (std::thread& t : threads_) t.join();
}

bool workers::wants_task() {
    const std::lock_guard lock(mutex_);
    return hungry_ > 0 && given_.empty() && !no_more_ && !stopped_;
}

void workers::give(index_t task) {
    const std::lock_guard lock(mutex_);
    given_.push_back(task);
    for_threads_.notify_one();
}

void workers::no_more_tasks() {
    const std::lock_guard lock(mutex_);
    no_more_ = true;
    for_threads_.notify_all();
}

void workers::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for_threads_.notify_all();
}

report workers::take_report() {
    const std::lock_guard lock(mutex_);
    return std::exchange(since_, {});
}

bool workers::finished() {
    const std::lock_guard lock(mutex_);
    return alive_ == 0;
}

void workers::wait(std::chrono::milliseconds longest) {
    lock_type lock(mutex_);
    const bool now = alive_ == 0 || !since_.fatal.empty() || (hungry_ > 0 && given_.empty() && !no_more_);
    if (!now) for_main_.wait_for(lock, longest);
}

void workers::work() {
    lock_type lock(mutex_);
    try {
        work_until_the_end(lock);
    } catch (const std::exception& problem) {
        if (!lock.owns_lock()) lock.lock();
        give_up(std::string("a thread ended: ") + problem.what() + "; fewer --threads take less");
    }
    --alive_;
    for_main_.notify_all();
}

void workers::work_until_the_end(lock_type& lock) {
    scratch mine;
    while (!stopped_) {
        if (run_a_step(lock, mine)) continue;
        if (!given_.empty()) {
            open_a_task(lock, mine);
        } else if (no_more_) {
            break;
        } else {
            ++hungry_;
            for_main_.notify_all();
            for_threads_.wait(lock);
            --hungry_;
        }
    }
}

// The oldest task first, so that few are open at once.
bool workers::run_a_step(lock_type& lock, scratch& mine) {
    while (!open_.empty()) {
        const std::shared_ptr<running> in = open_.front();
        const auto step = in->failed ? std::nullopt : in->work->next();
        if (step) {
            run(*in, *step, lock, mine);
            return true;
        }
        in->exhausted = true;
        open_.pop_front();
        note_if_ended(*in, lock);
    }
    return false;
}

void workers::run(running& in, index_t step, lock_type& lock, scratch& mine) {
    ++in.steps_under_way;
    lock.unlock();
    index_t voxels = 0;
    std::string failure, fatal;
    try {
        voxels = in.work->run(step, mine);
    } catch (const chunk_error& problem) {
        failure = problem.what();
    } catch (const std::bad_alloc&) {
        fatal = "not enough memory; fewer --threads take less";
    } catch (const std::exception& problem) {
        fatal = problem.what();
    }
    lock.lock();
    --in.steps_under_way;
    since_.voxels += voxels;
    since_.spent += std::exchange(mine.spent, {});
    if (!fatal.empty()) give_up(fatal);
    // One chunk of a task is named; the rest of the task is not looked at.
    if (!failure.empty() && !std::exchange(in.failed, true)) since_.failed.push_back(failure);
    note_if_ended(in, lock);
}

void workers::open_a_task(lock_type& lock, scratch& mine) {
    const index_t number = given_.front();
    given_.pop_front();
    std::shared_ptr<running> opened;
    std::string fatal;
    bool left = false;
    // Looking through what an earlier run has left takes time, and is done beside the others.
    if (resume_) lock.unlock();
    try {
        const auto go_on = [&] {
            if (stopped_) throw stopped();
        };
        if (!resume_ || !all_.is_done(number, mine, go_on)) {
            opened = std::make_shared<running>();
            opened->work = all_.open(number);
        }
    } catch (const stopped&) {
        left = true;
    } catch (const std::bad_alloc&) {
        fatal = "not enough memory; fewer --threads take less";
    } catch (const std::exception& problem) {
        fatal = problem.what();
    }
    if (resume_) lock.lock();
    since_.spent += std::exchange(mine.spent, {});
    if (left) return;
    if (!fatal.empty()) return give_up(fatal);
    if (opened) {
        open_.push_back(std::move(opened));
        for_threads_.notify_all();
    } else {
        ++since_.tasks;
        ++since_.tasks_found;
        since_.voxels += all_.voxels_of(number);
        since_.voxels_found += all_.voxels_of(number);
    }
    for_main_.notify_all();
}

void workers::note_if_ended(running& in, lock_type& lock) {
    if (!in.exhausted || in.steps_under_way > 0 || in.failed) return;
    lock.unlock();
    std::string fatal;
    try {
        in.work->finish();
    } catch (const std::exception& problem) {
        fatal = problem.what();
    }
    lock.lock();
    if (!fatal.empty()) return give_up(fatal);
    ++since_.tasks;
    for_main_.notify_all();
}

void workers::give_up(const std::string& why) {
    if (since_.fatal.empty()) since_.fatal = why;
    stopped_ = true;
    for_threads_.notify_all();
    for_main_.notify_all();
}

}  // namespace volumes
