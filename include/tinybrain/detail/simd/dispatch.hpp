// Which instructions a kernel is compiled to, and which of those this machine runs.
//
// A kernel is a class with a force-inlined static function template run<Bytes>(arguments), Bytes the size of
// its vectors. Here it is inlined into one thin function for each level, which alone carries the target
// attribute.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <tinybrain/detail/config.hpp>
#include <tinybrain/detail/simd/vec.hpp>

// GCC for Windows takes its stack for a multiple of 32 bytes where it keeps 32-byte vectors there, and it is
// one of 16 (GCC bug 54412): it crashes, unless patched as Debian's is, and no macro tells.
#if TINYBRAIN_HAS_VECTORS && defined(__x86_64__) && (!defined(_WIN32) || defined(__clang__))
#define TINYBRAIN_HAS_AVX2 1
#else
#define TINYBRAIN_HAS_AVX2 0
#endif

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// Portable: no vectors. Baseline: 16-byte vectors of what the compiler may use anyway (SSE2, NEON).
/// No AVX-512: nobody has measured that it pays or run it here, and memory limits what AVX2 does too.
enum class level { portable, baseline, avx2 };

inline level best_level() {
#if !TINYBRAIN_HAS_VECTORS
    return level::portable;
#elif TINYBRAIN_HAS_AVX2
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") ? level::avx2 : level::baseline;
#else
    return level::baseline;
#endif
}

/// The best level of this machine, or a lower one that the environment variable TINYBRAIN_LEVEL names:
/// portable, baseline (also sse2 or neon), avx2. For tests: results are the same at every level.
inline level current_level() {
    const level best = best_level();
    const char* name = std::getenv("TINYBRAIN_LEVEL");
    if (name == nullptr) return best;
    const auto is = [name](const char* other) { return std::strcmp(name, other) == 0; };
    level asked = best;
    if (is("portable")) asked = level::portable;
    if (is("baseline") || is("sse2") || is("neon")) asked = level::baseline;
    if (is("avx2")) asked = level::avx2;
    return asked < best ? asked : best;
}

#if TINYBRAIN_HAS_VECTORS

template <class Kernel, class Arguments>
void run_baseline(const Arguments& arguments) {
    Kernel::template run<16>(arguments);
}

#if TINYBRAIN_HAS_AVX2
template <class Kernel, class Arguments>
__attribute__((target("avx2"))) void run_avx2(const Arguments& arguments) {
    Kernel::template run<32>(arguments);
}
#endif

template <class Kernel, class Arguments>
void run([[maybe_unused]] level at, const Arguments& arguments) {
#if TINYBRAIN_HAS_AVX2
    if (at == level::avx2) return run_avx2<Kernel>(arguments);
#endif
    run_baseline<Kernel>(arguments);
}

#endif

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END
