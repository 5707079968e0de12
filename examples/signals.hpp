// SPDX-License-Identifier: BSL-1.0
// Signals as exceptions, where the program asks for them; and the end that whoever started it expects.
#pragma once

#include <string>

// The signals that ask a program to end make check_interrupted() throw, so that what was begun is cleaned up.
// Those that were ignored from the start (nohup, a job in the background) stay ignored.
struct interrupted {
    int signal;

    std::string text() const;  // "interrupted: Terminated"
};
void catch_signals();
void check_interrupted();
// The same as a text, for where no exception may go; empty where there was none.
std::string interruption();

// What files are opened must not become stdout or stderr where those were closed: messages would be written
// into them. To be called first of all.
void keep_standard_streams();

// Dies of the signal, which a shell looks for before it goes on with its loop. Process 1 of a container does
// not die of signals; it gets the status that a shell gives them, which is returned.
int end_by(int signal);
