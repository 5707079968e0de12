// SPDX-License-Identifier: BSL-1.0
#include "signals.hpp"

#include <atomic>
#include <csignal>

namespace {

std::atomic<int> caught_signal{0};
static_assert(std::atomic<int>::is_always_lock_free);

}  // namespace

void catch_signals() {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        std::signal(signal, [](int received) { caught_signal = received; });
    // A file-size limit is then an error of the write, like a full disk, instead of a sudden end; and a
    // reader of our lines who goes away (`pyramid | head -1`) does not end the work half done.
    std::signal(SIGXFSZ, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
}

void check_interrupted() {
    if (const int signal = caught_signal) throw interrupted{signal};
}
