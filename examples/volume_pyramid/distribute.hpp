// SPDX-License-Identifier: BSL-1.0
// Who does which task. The leader gives a task to whoever has nothing left to do, itself included, so that a
// slow process does not hold the others up.
#pragma once

#include <functional>

#include "progress.hpp"
#include "team.hpp"
#include "workers.hpp"

namespace volumes {

// Does all tasks of a job; every process calls it. at_end: what each process does after its last task; may
// throw. Returns, in the leader, all that was reported, and elsewhere nothing.
report distribute(team& all, const job& work, int threads, bool resume, const std::function<void()>& at_end,
                  progress& shown);

}  // namespace volumes
