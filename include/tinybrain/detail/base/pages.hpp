// Memory for volumes. Fresh pages cost more than most poolings: a page fault for each 4 KiB is three times
// what a mode of 64-bit labels takes. So large blocks are asked for in pages of 2 MiB, where the system has
// any.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <tinybrain/detail/base/config.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

#if defined(__linux__)

inline constexpr std::size_t large_page = std::size_t{2} << 20;
inline constexpr std::size_t worth_large_pages = std::size_t{4} << 20;

/// Throws std::bad_alloc.
inline void* allocate_pages(std::size_t bytes, std::size_t alignment) {
    const bool large = bytes >= worth_large_pages;
    if (large && alignment < large_page) alignment = large_page;
    void* memory = nullptr;
    if (::posix_memalign(&memory, alignment, bytes) != 0) {
#if TINYBRAIN_HAS_EXCEPTIONS
        throw std::bad_alloc();
#else
        std::abort();
#endif
    }
    // A wish: where it is not granted, the memory is as good.
    if (large) (void)::madvise(memory, bytes / large_page * large_page, MADV_HUGEPAGE);
    return memory;
}
inline void release_pages(void* memory) { std::free(memory); }

#else

inline void* allocate_pages(std::size_t bytes, std::size_t) {
    return ::operator new (bytes, std::align_val_t{64});
}
inline void release_pages(void* memory) { ::operator delete (memory, std::align_val_t{64}); }

#endif

}  // namespace detail
TINYBRAIN_NAMESPACE_END
