// SPDX-License-Identifier: BSL-1.0
// How far the work is: all the time on a terminal, one line a minute otherwise.
#pragma once

#include <chrono>
#include <string>

#include "workers.hpp"

namespace volumes {

class progress {
public:
    progress(index_t tasks, index_t voxels);
    ~progress();
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    void show(const report& sum);
    // A line that stays.
    void say(const std::string& line);

    double seconds() const;

private:
    using clock = std::chrono::steady_clock;

    std::string text(const report& sum) const;
    void clear();

    const index_t tasks_, voxels_;
    const bool on_terminal_;
    const clock::time_point start_ = clock::now();
    clock::time_point last_ = start_;
    bool shown_ = false;
};

std::string duration_text(double seconds);

}  // namespace volumes
