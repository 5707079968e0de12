// SPDX-License-Identifier: BSL-1.0
// The threads of one process: they work on the tasks they are given, and say what became of them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "job.hpp"

namespace volumes {

// What has happened since the last report.
struct report {
    index_t voxels = 0, tasks = 0;              // done
    index_t voxels_found = 0, tasks_found = 0;  // of them, those that an earlier run had done
    std::vector<std::string> failed;            // one text for each task that failed
    std::string fatal;                          // why nothing goes on any more; empty: it does
    phases spent;
    index_t peak_memory = 0;  // bytes, of the process that had the most

    bool says_nothing() const { return voxels == 0 && tasks == 0 && failed.empty() && fatal.empty(); }
    void add(const report& later);
};

class workers {
public:
    // resume: a task whose chunks are all there is not done again. Where the machine refuses a thread, those
    // there are do the work.
    workers(const job& all, int threads, bool resume);
    ~workers();
    workers(const workers&) = delete;
    workers& operator=(const workers&) = delete;

    bool wants_task();
    void give(index_t task);
    void no_more_tasks();
    // After the steps that are being run.
    void stop();

    report take_report();
    bool finished();
    // Until something may have changed, or this long.
    void wait(std::chrono::milliseconds longest);

private:
    struct running {
        std::shared_ptr<task> work;
        index_t steps_under_way = 0;
        bool exhausted = false, failed = false;
    };
    using lock_type = std::unique_lock<std::mutex>;

    void work();
    void work_until_the_end(lock_type& lock);
    bool run_a_step(lock_type& lock, scratch& mine);
    void open_a_task(lock_type& lock, scratch& mine);
    void run(running& in, index_t step, lock_type& lock, scratch& mine);
    void note_if_ended(running& in, lock_type& lock);
    void give_up(const std::string& why);

    const job& all_;
    const bool resume_;

    std::mutex mutex_;
    std::condition_variable for_threads_, for_main_;
    std::deque<index_t> given_;
    std::list<std::shared_ptr<running>> open_;
    report since_;
    int hungry_ = 0, alive_ = 0;
    bool no_more_ = false;
    std::atomic<bool> stopped_ = false;  // written under the mutex

    std::vector<std::thread> threads_;  // last: they end before the rest does
};

}  // namespace volumes
