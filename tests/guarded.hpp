// SPDX-License-Identifier: BSL-1.0
// Memory between two pages that nobody may touch, where the system has such pages.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace testing {

class guarded_memory {
public:
    static constexpr unsigned char pattern = 0xa5;

#if defined(__unix__) || defined(__APPLE__)
    explicit guarded_memory(std::size_t bytes)
        : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))), size_((bytes + page_ - 1) / page_ * page_) {
        void* all = mmap(nullptr, size_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (all == MAP_FAILED) throw std::bad_alloc();
        begin_ = static_cast<unsigned char*>(all) + page_;
        if (mprotect(begin_, size_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    }
    ~guarded_memory() { munmap(begin_ - page_, size_ + 2 * page_); }
#else
    explicit guarded_memory(std::size_t bytes) : size_(bytes + 64), block_(size_ + 64) {
        void* at = block_.data();
        std::size_t room = block_.size();
        begin_ = static_cast<unsigned char*>(std::align(64, size_, at, room));
    }
    ~guarded_memory() = default;
#endif
    guarded_memory(const guarded_memory&) = delete;
    guarded_memory& operator=(const guarded_memory&) = delete;

    unsigned char* begin() const { return begin_; }
    unsigned char* end() const { return begin_ + size_; }

    void clear() const { std::memset(begin_, pattern, size_); }
    bool is_clear_outside(const unsigned char* from, const unsigned char* to) const {
        return is_clear(begin_, from) && is_clear(to, end());
    }

private:
    // Every byte is the one before it.
    static bool is_clear(const unsigned char* from, const unsigned char* to) {
        return from == to || (*from == pattern &&
                              std::memcmp(from, from + 1, static_cast<std::size_t>(to - from) - 1) == 0);
    }

#if defined(__unix__) || defined(__APPLE__)
    std::size_t page_;
    std::size_t size_;
#else
    std::size_t size_;
    std::vector<unsigned char> block_;
#endif
    unsigned char* begin_;
};

// Room for so many elements and no more: on the heap, where a sanitizer sees the first byte too far, or with
// its last or its first byte next to a page that nobody may touch.
enum class place { on_heap, below_guard, above_guard };

template <class T>
class tight_memory {
public:
    tight_memory() = default;
    tight_memory(place where, std::size_t size) : bytes_(size * sizeof(T)) {
        if (where == place::on_heap) {
            heap_.reset(new T[size]);
            data_ = heap_.get();
            std::memset(static_cast<void*>(data_), guarded_memory::pattern, bytes_);
        } else {
            pages_ = std::make_unique<guarded_memory>(bytes_);
            pages_->clear();
            unsigned char* begin = where == place::above_guard ? pages_->begin() : pages_->end() - bytes_;
            data_ = reinterpret_cast<T*>(begin);
        }
    }
    T* get() const { return data_; }
    T& operator[](std::size_t i) const { return data_[i]; }
    // What is left of the pages next to the elements must be as it was.
    bool is_clear_outside() const {
        if (!pages_) return true;
        const auto* begin = reinterpret_cast<const unsigned char*>(data_);
        return pages_->is_clear_outside(begin, begin + bytes_);
    }

private:
    std::size_t bytes_ = 0;
    std::unique_ptr<T[]> heap_;
    std::unique_ptr<guarded_memory> pages_;
    T* data_ = nullptr;
};

}  // namespace testing
