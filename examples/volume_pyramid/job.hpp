// SPDX-License-Identifier: BSL-1.0
// Work that is cut into tasks, which any process may do, and tasks into steps, which its threads share.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "scale_store.hpp"

namespace volumes {

class task {
public:
    virtual ~task() = default;

    // The next step to run, and nothing after the last. Called by one thread at a time.
    virtual std::optional<index_t> next() = 0;
    // By several threads at once, each with a step of its own. Returns how many voxels that were.
    virtual index_t run(index_t step, scratch& mine) = 0;
    // After the last step, where none has failed.
    virtual void finish() {}
};

class job {
public:
    virtual ~job() = default;

    virtual index_t tasks() const = 0;
    virtual index_t voxels_of(index_t task) const = 0;
    virtual index_t voxels() const = 0;
    virtual std::shared_ptr<task> open(index_t task) const = 0;
    // Whether every chunk of the task is there, whole, and of what the source is now; reads them. Throws
    // chunk_error where one is not to be replaced. go_on: called now and then, and may throw.
    virtual bool is_done(index_t task, scratch& mine, const std::function<void()>& go_on) const = 0;
};

}  // namespace volumes
