// SPDX-License-Identifier: BSL-1.0
// What was read last is kept, as much of it as some bytes hold.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace formats {

// Any number of threads may use one.
template <class Key, class Index>
class kept_indices {
public:
    // The largest one is kept whatever it takes.
    explicit kept_indices(std::size_t most_bytes) : most_bytes_(most_bytes) {}

    // The index, or what read() returns, which is kept unless it is null: what is not there may come. Two
    // threads may read the same one; neither waits for the other's disk. bytes(index): what it takes.
    template <class Read, class Bytes>
    std::shared_ptr<const Index> get(const Key& of, Read&& read, Bytes&& bytes) {
        {
            const std::lock_guard locked(mutex_);
            if (const auto found = by_key_.find(of); found != by_key_.end()) {
                recent_.splice(recent_.begin(), recent_, found->second);
                return found->second->index;
            }
        }
        std::shared_ptr<const Index> index = read();
        if (index) keep(of, index, bytes(*index));
        return index;
    }

private:
    struct entry {
        Key of;
        std::shared_ptr<const Index> index;
        std::size_t bytes;
    };

    void keep(const Key& of, std::shared_ptr<const Index> index, std::size_t bytes) {
        const std::lock_guard locked(mutex_);
        if (by_key_.contains(of)) return;
        kept_bytes_ += bytes;
        recent_.push_front({of, std::move(index), bytes});
        by_key_.emplace(of, recent_.begin());
        while (kept_bytes_ > most_bytes_ && recent_.size() > 1) {
            kept_bytes_ -= recent_.back().bytes;
            by_key_.erase(recent_.back().of);
            recent_.pop_back();
        }
    }

    std::size_t most_bytes_;
    std::mutex mutex_;  // of what follows
    std::list<entry> recent_;
    std::map<Key, typename std::list<entry>::iterator> by_key_;
    std::size_t kept_bytes_ = 0;
};

}  // namespace formats
