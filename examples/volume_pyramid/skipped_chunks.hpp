// SPDX-License-Identifier: BSL-1.0
// Which chunks of a task were not written, as they are background: one number, the sum of a hash of each, so
// that it does not depend on their order. A chunk that was lost makes it another.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "scale.hpp"

namespace volumes {

class skipped_chunks {
public:
    // Of mip m, that begins at this voxel. By any number of threads.
    void add(int m, const index3& begin) {
        std::uint64_t hash = mixed(static_cast<std::uint64_t>(m));
        for (const index_t at : begin) hash = mixed(hash + static_cast<std::uint64_t>(at));
        sum_ += hash;
    }

    std::string text() const { return std::to_string(sum_.load()); }

private:
    // The finalizer of splitmix64, after its step.
    static std::uint64_t mixed(std::uint64_t x) {
        x += 0x9e3779b97f4a7c15u;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        return x ^ (x >> 31);
    }

    std::atomic<std::uint64_t> sum_ = 0;
};

}  // namespace volumes
