// SPDX-License-Identifier: BSL-1.0
#include "workers.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace precomputed {

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

workers::workers(const job& all, int threads, bool resume) : all_(all), resume_(resume), alive_(threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
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
    scratch mine;
    lock_type lock(mutex_);
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
    --alive_;
    for_main_.notify_all();
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
        note_if_ended(*in);
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
    note_if_ended(in);
}

void workers::open_a_task(lock_type& lock, scratch& mine) {
    const index_t number = given_.front();
    given_.pop_front();
    std::shared_ptr<running> opened;
    std::string fatal;
    // Looking through what an earlier run has left takes time, and is done beside the others.
    if (resume_) lock.unlock();
    try {
        if (!resume_ || !all_.is_done(number, mine)) {
            opened = std::make_shared<running>();
            opened->work = all_.open(number);
        }
    } catch (const std::exception& problem) {
        fatal = problem.what();
    }
    if (resume_) lock.lock();
    since_.spent += std::exchange(mine.spent, {});
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

void workers::note_if_ended(running& in) {
    if (!in.exhausted || in.steps_under_way > 0 || in.failed) return;
    ++since_.tasks;
    for_main_.notify_all();
}

void workers::give_up(const std::string& why) {
    if (since_.fatal.empty()) since_.fatal = why;
    stopped_ = true;
    for_threads_.notify_all();
    for_main_.notify_all();
}

}  // namespace precomputed
