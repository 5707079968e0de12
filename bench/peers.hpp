// SPDX-License-Identifier: BSL-1.0
// Other libraries that average windows of voxels, where this machine has them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "workload.hpp"

namespace bench {

struct peer {
    std::string name;
    bool (*offers)(const bench_case& c);
    // A call of the peer for the case's input, into memory of its own, on one thread.
    std::function<void()> (*prepare)(const workload& w);
};

std::vector<peer> opencv_peers();
std::vector<peer> itk_peers();

}  // namespace bench
