// Which instructions a kernel is compiled to, and whether this machine runs them.
//
// A kernel is a class with a force-inlined static function template run<Bytes>(arguments), Bytes the size of
// its vectors. Here it is inlined into a thin function, which alone carries the target attribute. There is
// one level of vectors an architecture, AVX2 or NEON; what has neither takes plain loops.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <tinybrain/detail/base/config.hpp>
#include <tinybrain/detail/simd/vec.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// Whether this machine runs what the kernels are compiled to. The environment variable
/// TINYBRAIN_LEVEL=portable says no: for tests, results are the same.
inline bool has_vectors() {
#if !TINYBRAIN_HAS_VECTORS
    return false;
#else
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2")) return false;
#endif
    const char* level = std::getenv("TINYBRAIN_LEVEL");
    return level == nullptr || std::strcmp(level, "portable") != 0;
#endif
}

#if TINYBRAIN_HAS_VECTORS

#if defined(__x86_64__)
inline constexpr std::size_t vector_bytes = 32;
#else
inline constexpr std::size_t vector_bytes = 16;
#endif

template <class Kernel, class Arguments>
TINYBRAIN_TARGET void run_vectors(const Arguments& arguments) {
    Kernel::template run<vector_bytes>(arguments);
}

/// Only where has_vectors().
template <class Kernel, class Arguments>
void run(const Arguments& arguments) {
    run_vectors<Kernel>(arguments);
}

#endif

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END
