// SPDX-License-Identifier: BSL-1.0
// The limit that every case is held against: how fast this machine reads these bytes and writes those, doing
// nothing else. A straw man would flatter the library, so many forms of the loop compete for each pair of
// sizes (vector width, ordinary or non-temporal stores, how finely reads and writes alternate, software
// prefetch, one stream or several), and the fastest ones are timed along with the case.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bench {

inline constexpr std::size_t line_bytes = 64;
// From 0.5 to 4 KiB it made a difference of a few percent, without order.
inline constexpr std::size_t prefetch_distance = 1024;

// Reads or writes whole cache lines; `ahead` is how many bytes before its use a line is asked for, 0: never.
using read_lines = void (*)(const std::byte* in, std::size_t lines, std::size_t ahead);
using write_lines = void (*)(std::byte* out, std::size_t lines);

struct stream_kernels {
    read_lines read;
    std::size_t ahead;
    write_lines store;
    write_lines stream;  // past the caches
};

namespace kernels {

#if defined(__x86_64__)

// The compiler must load the value, and may do nothing with it.
#define BENCH_KEEP(vector) asm volatile("" : : "x"(vector))

template <bool prefetch>
void read_sse2(const std::byte* in, std::size_t lines, std::size_t ahead) {
    for (; lines > 0; --lines, in += line_bytes) {
        if constexpr (prefetch) __builtin_prefetch(in + ahead);
        const auto* line = reinterpret_cast<const __m128i*>(in);
        BENCH_KEEP(_mm_load_si128(line));
        BENCH_KEEP(_mm_load_si128(line + 1));
        BENCH_KEEP(_mm_load_si128(line + 2));
        BENCH_KEEP(_mm_load_si128(line + 3));
    }
}

template <bool prefetch>
__attribute__((target("avx2"))) void read_avx2(const std::byte* in, std::size_t lines, std::size_t ahead) {
    for (; lines >= 2; lines -= 2, in += 2 * line_bytes) {
        if constexpr (prefetch) {
            __builtin_prefetch(in + ahead);
            __builtin_prefetch(in + ahead + line_bytes);
        }
        const auto* line = reinterpret_cast<const __m256i*>(in);
        BENCH_KEEP(_mm256_load_si256(line));
        BENCH_KEEP(_mm256_load_si256(line + 1));
        BENCH_KEEP(_mm256_load_si256(line + 2));
        BENCH_KEEP(_mm256_load_si256(line + 3));
    }
    if (lines > 0) read_sse2<prefetch>(in, lines, ahead);
}

template <bool prefetch>
__attribute__((target("avx512f"))) void read_avx512(const std::byte* in, std::size_t lines,
                                                    std::size_t ahead) {
    for (; lines >= 4; lines -= 4, in += 4 * line_bytes) {
        if constexpr (prefetch) {
            __builtin_prefetch(in + ahead);
            __builtin_prefetch(in + ahead + line_bytes);
            __builtin_prefetch(in + ahead + 2 * line_bytes);
            __builtin_prefetch(in + ahead + 3 * line_bytes);
        }
        BENCH_KEEP(_mm512_load_si512(in));
        BENCH_KEEP(_mm512_load_si512(in + line_bytes));
        BENCH_KEEP(_mm512_load_si512(in + 2 * line_bytes));
        BENCH_KEEP(_mm512_load_si512(in + 3 * line_bytes));
    }
    for (; lines > 0; --lines, in += line_bytes) BENCH_KEEP(_mm512_load_si512(in));
}

#undef BENCH_KEEP

template <bool past_caches>
void write_sse2(std::byte* out, std::size_t lines) {
    const __m128i value = _mm_set1_epi8(1);
    for (; lines > 0; --lines, out += line_bytes) {
        auto* line = reinterpret_cast<__m128i*>(out);
        for (int i = 0; i < 4; ++i) {
            if constexpr (past_caches) {
                _mm_stream_si128(line + i, value);
            } else {
                _mm_store_si128(line + i, value);
                asm volatile("" : : : "memory");  // or the loop becomes a call of memset
            }
        }
    }
}

template <bool past_caches>
__attribute__((target("avx2"))) void write_avx2(std::byte* out, std::size_t lines) {
    const __m256i value = _mm256_set1_epi8(1);
    for (; lines > 0; --lines, out += line_bytes) {
        auto* line = reinterpret_cast<__m256i*>(out);
        if constexpr (past_caches) {
            _mm256_stream_si256(line, value);
            _mm256_stream_si256(line + 1, value);
        } else {
            _mm256_store_si256(line, value);
            _mm256_store_si256(line + 1, value);
            asm volatile("" : : : "memory");
        }
    }
}

template <bool past_caches>
__attribute__((target("avx512f"))) void write_avx512(std::byte* out, std::size_t lines) {
    const __m512i value = _mm512_set1_epi32(1);
    for (; lines > 0; --lines, out += line_bytes) {
        if constexpr (past_caches) {
            _mm512_stream_si512(reinterpret_cast<__m512i*>(out), value);
        } else {
            _mm512_store_si512(out, value);
            asm volatile("" : : : "memory");
        }
    }
}

inline std::vector<stream_kernels> all() {
    std::vector<stream_kernels> all;
    const auto add = [&all](read_lines plain, read_lines prefetching, write_lines store, write_lines stream) {
        all.push_back({plain, 0, store, stream});
        all.push_back({prefetching, prefetch_distance, store, stream});
    };
    if (__builtin_cpu_supports("avx512f")) {
        add(read_avx512<false>, read_avx512<true>, write_avx512<false>, write_avx512<true>);
    }
    if (__builtin_cpu_supports("avx2")) {
        add(read_avx2<false>, read_avx2<true>, write_avx2<false>, write_avx2<true>);
    } else {
        add(read_sse2<false>, read_sse2<true>, write_sse2<false>, write_sse2<true>);
    }
    return all;
}

inline void finish_stores() { _mm_sfence(); }

#else

typedef std::uint64_t half_line __attribute__((vector_size(16)));

template <bool prefetch>
void read_any(const std::byte* in, std::size_t lines, std::size_t ahead) {
    half_line sum[4] = {};
    for (; lines > 0; --lines, in += line_bytes) {
        if constexpr (prefetch) __builtin_prefetch(in + ahead);
        const auto* line = reinterpret_cast<const half_line*>(in);
        for (int i = 0; i < 4; ++i) sum[i] |= line[i];
    }
    const half_line any = sum[0] | sum[1] | sum[2] | sum[3];
    asm volatile("" : : "r"(any[0] | any[1]));
}

inline void write_any(std::byte* out, std::size_t lines) { std::memset(out, 1, lines * line_bytes); }

#if defined(__clang__)
inline void stream_any(std::byte* out, std::size_t lines) {
    for (; lines > 0; --lines, out += line_bytes) {
        auto* line = reinterpret_cast<half_line*>(out);
        for (int i = 0; i < 4; ++i) __builtin_nontemporal_store(half_line{1, 1}, line + i);
    }
}
#else
inline void stream_any(std::byte* out, std::size_t lines) { write_any(out, lines); }
#endif

inline std::vector<stream_kernels> all() {
    return {{read_any<false>, 0, write_any, stream_any},
            {read_any<true>, prefetch_distance, write_any, stream_any}};
}

inline void finish_stores() {}

#endif

}  // namespace kernels

// One way to stream.
struct stream_form {
    read_lines read;
    write_lines write;
    std::size_t ahead;    // bytes
    std::size_t block;    // bytes read before the writes have their turn
    std::size_t streams;  // equal parts, a block of each in turns
};

inline std::vector<stream_form> all_stream_forms() {
    std::vector<stream_form> forms;
    for (const stream_kernels& k : kernels::all()) {
        for (const write_lines write : {k.store, k.stream}) {
            for (const std::size_t block : {512u, 2048u, 8192u}) {
                for (const std::size_t streams : {1u, 4u, 8u}) {
                    forms.push_back({k.read, write, k.ahead, block, streams});
                }
            }
        }
    }
    return forms;
}

// Buffers to stream over, 64-byte aligned. What they end in beyond whole lines is left alone.
struct stream_buffers {
    const std::byte* in;
    std::size_t in_bytes;
    std::byte* out;
    std::size_t out_bytes;
};

class stream_plan {
public:
    stream_plan(const stream_buffers& buffers, const stream_form& form)
        : buffers_(buffers),
          form_(form),
          in_lines_(buffers.in_bytes / line_bytes),
          out_lines_(buffers.out_bytes / line_bytes),
          blocks_(std::max<std::size_t>(1, std::max(in_lines_, out_lines_) * line_bytes / form.block)),
          in_step_(step(in_lines_)),
          out_step_(step(out_lines_)) {}

    // Part `part` of `parts`, as a thread does it.
    void run(std::size_t part, std::size_t parts) const {
        const std::size_t begin = blocks_ * part / parts, end = blocks_ * (part + 1) / parts;
        const std::size_t length = (end - begin) / form_.streams;
        for (std::size_t i = 0; i < length; ++i) {
            for (std::size_t s = 0; s < form_.streams; ++s) run_block(begin + s * length + i);
        }
        for (std::size_t b = begin + form_.streams * length; b < end; ++b) run_block(b);
        kernels::finish_stores();
    }

private:
    static constexpr int fraction_bits = 32;

    // Rounded up, so that the last block reaches the end.
    std::size_t step(std::size_t lines) const { return ((lines << fraction_bits) + blocks_ - 1) / blocks_; }

    void run_block(std::size_t b) const {
        const auto at = [b](std::size_t step, std::size_t lines) {
            return std::pair(std::min(b * step >> fraction_bits, lines),
                             std::min((b + 1) * step >> fraction_bits, lines));
        };
        const auto [in_begin, in_end] = at(in_step_, in_lines_);
        const auto [out_begin, out_end] = at(out_step_, out_lines_);
        form_.read(buffers_.in + in_begin * line_bytes, in_end - in_begin, form_.ahead);
        form_.write(buffers_.out + out_begin * line_bytes, out_end - out_begin);
    }

    stream_buffers buffers_;
    stream_form form_;
    std::size_t in_lines_, out_lines_, blocks_;
    std::size_t in_step_, out_step_;
};

// The seconds that `calls` times over the buffers take, each thread with its own part of them. The threads
// exist before the clock starts, and wait for nobody between the calls.
inline double seconds_to_stream(const stream_buffers& buffers, const stream_form& form, int threads,
                                int calls) {
    using clock = std::chrono::steady_clock;
    const stream_plan plan(buffers, form);
    const auto parts = static_cast<std::size_t>(threads);
    std::atomic<int> ready{0};
    std::atomic<bool> go{false};
    const auto work = [&](std::size_t part) {
        for (int i = 0; i < calls; ++i) plan.run(part, parts);
    };
    std::vector<std::thread> helpers;
    for (std::size_t part = 1; part < parts; ++part) {
        helpers.emplace_back([&, part] {
            ready.fetch_add(1);
            while (!go.load(std::memory_order_acquire)) {
            }
            work(part);
        });
    }
    while (ready.load() < threads - 1) std::this_thread::yield();
    const auto start = clock::now();
    go.store(true, std::memory_order_release);
    work(0);
    for (std::thread& helper : helpers) helper.join();
    return std::chrono::duration<double>(clock::now() - start).count();
}

// The few forms that were fastest over these buffers in a short trial, fastest first.
inline std::vector<stream_form> fastest_stream_forms(const stream_buffers& buffers, int threads,
                                                     std::size_t how_many) {
    struct trial {
        double seconds;
        stream_form form;
    };
    std::vector<trial> trials;
    for (const stream_form& form : all_stream_forms()) trials.push_back({1e300, form});
    const std::size_t bytes = std::max<std::size_t>(1, buffers.in_bytes + buffers.out_bytes);
    const int calls = static_cast<int>(1 + (std::size_t{8} << 20) / bytes);
    for (std::size_t left : {trials.size(), 4 * how_many, 2 * how_many, how_many}) {
        trials.resize(std::min(left, trials.size()));
        for (trial& t : trials) {
            t.seconds = std::min(t.seconds, seconds_to_stream(buffers, t.form, threads, calls) / calls);
        }
        std::sort(trials.begin(), trials.end(),
                  [](const trial& a, const trial& b) { return a.seconds < b.seconds; });
    }
    std::vector<stream_form> fastest;
    for (const trial& t : trials) fastest.push_back(t.form);
    return fastest;
}

}  // namespace bench
