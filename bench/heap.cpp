// SPDX-License-Identifier: BSL-1.0
// How much heap a call holds at its peak beyond its input and outputs, which are there before it. Exit status
// 1 where that is more than 1 MiB a thread and 64 KiB.
#include <tinybrain/tinybrain.hpp>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace heap {

std::atomic<std::ptrdiff_t> held{0}, peak{0};

[[maybe_unused]] static void* taken(void* memory) {
#if defined(__GLIBC__)
    if (memory == nullptr) return memory;
    const std::ptrdiff_t now = held += static_cast<std::ptrdiff_t>(malloc_usable_size(memory));
    std::ptrdiff_t highest = peak;
    while (highest < now && !peak.compare_exchange_weak(highest, now)) {
    }
#endif
    return memory;
}

[[maybe_unused]] static void given_back(void* memory) {
#if defined(__GLIBC__)
    if (memory != nullptr) held -= static_cast<std::ptrdiff_t>(malloc_usable_size(memory));
#else
    (void)memory;
#endif
}

}  // namespace heap

#if defined(__GLIBC__)
// Standing in for the C library's own, so that nothing escapes: operator new comes here too.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t bytes) { return heap::taken(__libc_malloc(bytes)); }
void* calloc(std::size_t count, std::size_t bytes) { return heap::taken(__libc_calloc(count, bytes)); }
void* memalign(std::size_t alignment, std::size_t bytes) {
    return heap::taken(__libc_memalign(alignment, bytes));
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
    *memory = memalign(alignment, bytes);
    return *memory == nullptr ? ENOMEM : 0;
}
void* realloc(void* memory, std::size_t bytes) {
    heap::given_back(memory);
    return heap::taken(__libc_realloc(memory, bytes));
}
void free(void* memory) {
    heap::given_back(memory);
    __libc_free(memory);
}
}
#endif

namespace {

namespace tb = tinybrain;

template <class T>
struct pyramid {
    tb::volume<T, 3> image{{1000, 700, 40}};
    std::vector<tb::volume<T, 3>> mips;
    std::vector<tb::volume_view<T, 3>> views;

    pyramid() {
        for (int m = 1; m <= 5; ++m) mips.emplace_back(tb::mip_shape(image.shape(), {2, 2, 2}, m));
        for (tb::volume<T, 3>& mip : mips) views.push_back(mip.view());
    }
};

template <class T>
void fill_at_random(tb::volume<T, 3>& image) {
    std::uint64_t state = 1;
    for (tb::index_t i = 0; i < image.size(); ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        image.data()[i] = static_cast<T>((state ^ state >> 32) * 0x9e3779b97f4a7c15);
    }
}

template <class T>
void fill_with_blocks(tb::volume<T, 3>& image) {
    T* voxel = image.data();
    for (tb::index_t z = 0; z < image.extent(2); ++z) {
        for (tb::index_t y = 0; y < image.extent(1); ++y) {
            for (tb::index_t x = 0; x < image.extent(0); ++x) {
                *voxel++ = static_cast<T>((x + y / 2) / 61 + 17 * ((y + z) / 47) + 289 * (z / 19));
            }
        }
    }
}

bool all_within = true;

void measure(const char* name, int threads, const std::function<void(const tb::executor&)>& call) {
    const tb::executor run_on = threads > 1 ? tb::threads(threads) : tb::executor();
    const std::ptrdiff_t before = heap::held;
    heap::peak = before;
    call(run_on);
    const std::ptrdiff_t beyond = heap::peak - before, bound = threads * 1048576 + 65536;
    const bool within = beyond <= bound;
    all_within = all_within && within;
    std::printf("%-40s %d thread%s %10td bytes of at most %td%s\n", name, threads, threads == 1 ? " " : "s",
                beyond, bound, within ? "" : "  TOO MUCH");
    std::fflush(stdout);
}

template <class T>
void measure_averages(pyramid<T>& p, const char* name) {
    for (const bool sparse : {false, true}) {
        for (const int threads : {1, 4}) {
            const std::string label = std::string(name) + (sparse ? ", sparse average" : ", average");
            measure(label.c_str(), threads, [&](const tb::executor& run_on) {
                tb::averaging_options<T> options;
                options.sparse = sparse;
                options.run_on = run_on;
                tb::downsample_with_averaging_into(p.image, {2, 2, 2}, p.views, options);
            });
        }
    }
    for (const int threads : {1, 4}) {
        measure((std::string(name) + ", min").c_str(), threads, [&](const tb::executor& run_on) {
            tb::downsample_with_min_pooling_into(p.image, {2, 2, 2}, p.views, {.run_on = run_on});
        });
    }
}

template <class T>
void measure_modes(pyramid<T>& p, const char* name) {
    for (const tb::votes vote : {tb::votes::previous_mip, tb::votes::footprint}) {
        for (const int threads : {1, 4}) {
            const std::string label =
                std::string(name) + (vote == tb::votes::footprint ? ", footprint mode" : ", mode");
            measure(label.c_str(), threads, [&](const tb::executor& run_on) {
                tb::segmentation_options<T> options;
                options.vote = vote;
                options.run_on = run_on;
                tb::downsample_segmentation_into(p.image, {2, 2, 2}, p.views, options);
            });
        }
    }
}

template <class T>
void measure_all(const std::string& type) {
    pyramid<T> p;
    fill_at_random(p.image);
    if (sizeof(T) == 2) measure_averages(p, type.c_str());
    measure_modes(p, (type + " random").c_str());
    fill_with_blocks(p.image);
    measure_modes(p, (type + " blocks").c_str());
}

}  // namespace

int main() {
#if !defined(__GLIBC__)
    std::puts("heap: only glibc lets a program count its heap this way");
    return 0;
#endif
    std::puts("Heap beyond input and outputs, 5 mips of 2x2x2, 1000x700x40 voxels");
    measure_all<std::uint16_t>("uint16");
    measure_all<std::uint64_t>("uint64");
    return all_within ? 0 : 1;
}
