// SPDX-License-Identifier: BSL-1.0
// Signals as exceptions, where the program asks for them.
#pragma once

// SIGINT, SIGTERM and SIGHUP make check_interrupted() throw, so that what was begun is cleaned up.
struct interrupted {
    int signal;
};
void catch_signals();
void check_interrupted();
