// SPDX-License-Identifier: BSL-1.0
// The processes of one run: a leader, and followers where MPI has started several. Only the thread that has
// called join_team() may talk.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "scale.hpp"

namespace volumes {

// This process alone, unless a class that derives from it says otherwise.
class team {
public:
    virtual ~team() = default;

    virtual bool leads() const { return true; }
    virtual int size() const { return 1; }

    // Hands every process what the leader has given; all call it.
    virtual std::string share(const std::string& from_leader) { return from_leader; }

    // The leader's ear and mouth. Neither waits.
    virtual std::optional<std::pair<int, std::string>> hear_follower() { return std::nullopt; }
    virtual void tell_follower(int, index_t) {}

    // A follower's.
    virtual void tell_leader(const std::string&) {}
    virtual std::optional<index_t> hear_leader() { return std::nullopt; }

    // Ends every other process, and this one, at once.
    virtual void abandon() {}
};

// Throws bad_input where several processes were started that cannot talk to each other.
std::unique_ptr<team> join_team(int& argc, char**& argv);

// How many processes were started together, as far as mpirun or srun tells in the environment; 0: it was
// neither of them. Without them MPI is not even started: that takes half a second and a daemon.
int started_together();

}  // namespace volumes
