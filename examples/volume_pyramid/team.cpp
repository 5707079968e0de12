// SPDX-License-Identifier: BSL-1.0
#include "team.hpp"

#include <cstdlib>

#include "bad_input.hpp"

namespace volumes {

int started_together() {
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
        if (const char* count = std::getenv(name)) return std::atoi(count);
    // PMIx tells each process its number; how many there are it tells SLURM's processes by another name.
    if (std::getenv("PMIX_RANK") == nullptr) return 0;
    const char* count = std::getenv("SLURM_NTASKS");
    return count != nullptr ? std::atoi(count) : 1;
}

#ifndef VOLUME_PYRAMID_WITH_MPI
std::unique_ptr<team> join_team(int&, char**&) {
    if (started_together() > 1)
        throw bad_input(
            "several processes were started, but this program was built without MPI: "
            "install it (apt-get install libopenmpi-dev) and build again");
    return std::make_unique<team>();
}
#endif

}  // namespace volumes
