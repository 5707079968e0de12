// Working memory: one block for each task that runs at the same time, handed on from a finished task to the
// next.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include <tinybrain/detail/base/config.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// What a thread may hold beyond inputs and outputs.
inline constexpr std::size_t scratch_limit = std::size_t{1} << 20;

class scratch_block {
public:
    /// Of no bytes: null.
    explicit scratch_block(std::size_t bytes) {
        if (bytes > 0) data_.reset(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{64})));
    }
    std::byte* data() const { return data_.get(); }

private:
    struct release {
        void operator()(std::byte* data) const { ::operator delete (data, std::align_val_t{64}); }
    };
    std::unique_ptr<std::byte, release> data_;
};

/// As many blocks as tasks ever ran at once, whatever threads an executor has.
class scratch_pool {
public:
    explicit scratch_pool(std::size_t bytes) : bytes_(bytes) {}

    class lease {
    public:
        explicit lease(scratch_pool& pool) : pool_(pool), block_(pool.take()) {}
        lease(const lease&) = delete;
        lease& operator=(const lease&) = delete;
        ~lease() { pool_.give_back(std::move(block_)); }
        std::byte* data() const { return block_.data(); }

    private:
        scratch_pool& pool_;
        scratch_block block_;
    };

private:
    scratch_block take() {
        if (bytes_ > 0) {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!free_.empty()) {
                scratch_block block = std::move(free_.back());
                free_.pop_back();
                return block;
            }
            // Room for every block there is, so that handing one back cannot fail.
            free_.reserve(++blocks_);
        }
        return scratch_block(bytes_);
    }
    void give_back(scratch_block block) {
        if (bytes_ == 0) return;
        const std::lock_guard<std::mutex> lock(mutex_);
        free_.push_back(std::move(block));
    }

    std::size_t bytes_;
    std::size_t blocks_ = 0;
    std::mutex mutex_;
    std::vector<scratch_block> free_;
};

/// So many bytes, rounded up to whole cache lines.
constexpr std::size_t scratch_lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace detail
TINYBRAIN_NAMESPACE_END
