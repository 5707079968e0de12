// SPDX-License-Identifier: BSL-1.0
// Shards of which not all chunks have come yet.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace volumes {

// Any number of threads may use one.
template <class Key, class Writer>
class open_shards {
public:
    struct shard {
        Writer writer;
        std::uint64_t missing;  // chunks that have not come yet
    };

    // make(): a new one, as a shared_ptr, where the shard is not open.
    template <class F>
    std::shared_ptr<shard> open(const Key& of, F&& make) {
        const std::lock_guard lock(mutex_);
        const auto found = open_.find(of);
        return found != open_.end() ? found->second : open_.emplace(of, make()).first->second;
    }

    // The shard, if this was the last of its chunks.
    std::shared_ptr<shard> one_less(const Key& of) {
        const std::lock_guard lock(mutex_);
        const auto found = open_.find(of);
        if (--found->second->missing > 0) return nullptr;
        auto whole = std::move(found->second);
        open_.erase(found);
        return whole;
    }

private:
    std::mutex mutex_;  // of what follows
    std::map<Key, std::shared_ptr<shard>> open_;
};

}  // namespace volumes
