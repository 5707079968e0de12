// SPDX-License-Identifier: BSL-1.0
#include "signals.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace {

std::atomic<int> caught_signal{0};
static_assert(std::atomic<int>::is_always_lock_free);

void catch_unless_ignored(int signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) return;
    action = {};
    action.sa_handler = [](int received) { caught_signal = received; };
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(signal, &action, nullptr);
}

}  // namespace

std::string interrupted::text() const { return std::string("interrupted: ") + ::strsignal(signal); }

void catch_signals() {
    // The last four are how queues announce the end of a job's time.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGXCPU, SIGUSR1, SIGUSR2})
        catch_unless_ignored(signal);
    // A file-size limit is then an error of the write, like a full disk, instead of a sudden end; and a
    // reader of our lines who goes away (`pyramid | head -1`) does not end the work half done.
    std::signal(SIGXFSZ, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
}

void check_interrupted() {
    if (const int signal = caught_signal) throw interrupted{signal};
}

void keep_standard_streams() {
    int descriptor = 0;
    while (descriptor >= 0 && descriptor <= STDERR_FILENO) descriptor = ::open("/dev/null", O_RDWR);
    if (descriptor > STDERR_FILENO) ::close(descriptor);
}

std::string interruption() {
    try {
        check_interrupted();
        return {};
    } catch (const interrupted& by) {
        return by.text();
    }
}

int end_by(int signal) {
    std::fflush(nullptr);
    // What was begun is cleaned up: there is nothing to be found out from a core.
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    std::signal(signal, SIG_DFL);
    ::raise(signal);
    return 128 + signal;
}
