// The macros of this library: its namespace, its inlining, and whether exceptions exist.
#pragma once

#include <tinybrain/version.hpp>

#if defined(_MSVC_LANG)
#define TINYBRAIN_CPLUSPLUS _MSVC_LANG
#else
#define TINYBRAIN_CPLUSPLUS __cplusplus
#endif
#if TINYBRAIN_CPLUSPLUS < 201709L
#error "tinybrain needs C++20: compile with -std=c++20 (GCC, clang) or /std:c++20 (MSVC)"
// Ends the compiler here, for what follows would be hundreds of errors more.
#include <tinybrain_needs_cpp20>
#endif

// An inline function compiled with -mavx2 in one translation unit and without it in another is one function
// to the linker, which keeps either; a machine without AVX2 may then run the wrong one. So every name of this
// library lives in an inline namespace that spells the version and each code generation flag that matters:
// what differs never merges.
#define TINYBRAIN_PASTE_(a, b) a##b
#define TINYBRAIN_PASTE(a, b) TINYBRAIN_PASTE_(a, b)

#if defined(__SSE3__) || defined(__ARM_FEATURE_ATOMICS)
#define TINYBRAIN_FLAG_A 1
#else
#define TINYBRAIN_FLAG_A 0
#endif
#if defined(__SSSE3__) || defined(__ARM_FEATURE_SVE)
#define TINYBRAIN_FLAG_B 1
#else
#define TINYBRAIN_FLAG_B 0
#endif
#if defined(__SSE4_1__) || defined(__ARM_FEATURE_SVE2)
#define TINYBRAIN_FLAG_C 1
#else
#define TINYBRAIN_FLAG_C 0
#endif
#if defined(__SSE4_2__) || defined(__POPCNT__)
#define TINYBRAIN_FLAG_D 1
#else
#define TINYBRAIN_FLAG_D 0
#endif
#if defined(__AVX__)
#define TINYBRAIN_FLAG_E 1
#else
#define TINYBRAIN_FLAG_E 0
#endif
#if defined(__AVX2__)
#define TINYBRAIN_FLAG_F 1
#else
#define TINYBRAIN_FLAG_F 0
#endif
#if defined(__BMI__) || defined(__BMI2__) || defined(__LZCNT__) || defined(__MOVBE__)
#define TINYBRAIN_FLAG_G 1
#else
#define TINYBRAIN_FLAG_G 0
#endif
#if defined(__FMA__) || defined(__F16C__)
#define TINYBRAIN_FLAG_H 1
#else
#define TINYBRAIN_FLAG_H 0
#endif
#if defined(__AVX512F__)
#define TINYBRAIN_FLAG_I 1
#else
#define TINYBRAIN_FLAG_I 0
#endif
#if defined(__AVX512BW__) || defined(__AVX512VL__) || defined(__AVX512DQ__) || defined(__AVX512CD__)
#define TINYBRAIN_FLAG_J 1
#else
#define TINYBRAIN_FLAG_J 0
#endif
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define TINYBRAIN_HAS_EXCEPTIONS 1
#else
#define TINYBRAIN_HAS_EXCEPTIONS 0
#endif
#define TINYBRAIN_FLAG_L _

// Whether no flag of this file changes the namespace: what tinybrain::compiled is compiled with.
#if TINYBRAIN_FLAG_A || TINYBRAIN_FLAG_B || TINYBRAIN_FLAG_C || TINYBRAIN_FLAG_D || TINYBRAIN_FLAG_E || \
    TINYBRAIN_FLAG_F || TINYBRAIN_FLAG_G || TINYBRAIN_FLAG_H || TINYBRAIN_FLAG_I || TINYBRAIN_FLAG_J || \
    !TINYBRAIN_HAS_EXCEPTIONS
#define TINYBRAIN_HAS_PLAIN_FLAGS 0
#else
#define TINYBRAIN_HAS_PLAIN_FLAGS 1
#endif

#define TINYBRAIN_ABI_VERSION                                                    \
    TINYBRAIN_PASTE(TINYBRAIN_PASTE(v, TINYBRAIN_VERSION_MAJOR),                 \
                    TINYBRAIN_PASTE(TINYBRAIN_PASTE(_, TINYBRAIN_VERSION_MINOR), \
                                    TINYBRAIN_PASTE(_, TINYBRAIN_VERSION_PATCH)))
#define TINYBRAIN_ABI_SIMD_1                                             \
    TINYBRAIN_PASTE(TINYBRAIN_PASTE(TINYBRAIN_FLAG_A, TINYBRAIN_FLAG_B), \
                    TINYBRAIN_PASTE(TINYBRAIN_FLAG_C, TINYBRAIN_FLAG_D))
#define TINYBRAIN_ABI_SIMD_2                                             \
    TINYBRAIN_PASTE(TINYBRAIN_PASTE(TINYBRAIN_FLAG_E, TINYBRAIN_FLAG_F), \
                    TINYBRAIN_PASTE(TINYBRAIN_FLAG_G, TINYBRAIN_FLAG_H))
#define TINYBRAIN_ABI_SIMD_3                                             \
    TINYBRAIN_PASTE(TINYBRAIN_PASTE(TINYBRAIN_FLAG_I, TINYBRAIN_FLAG_J), \
                    TINYBRAIN_PASTE(TINYBRAIN_HAS_EXCEPTIONS, TINYBRAIN_FLAG_L))
#define TINYBRAIN_ABI_FLAGS \
    TINYBRAIN_PASTE(TINYBRAIN_ABI_SIMD_1, TINYBRAIN_PASTE(TINYBRAIN_ABI_SIMD_2, TINYBRAIN_ABI_SIMD_3))

// clang-format off
#define TINYBRAIN_NAMESPACE_BEGIN \
    namespace tinybrain { inline namespace TINYBRAIN_PASTE(TINYBRAIN_PASTE(TINYBRAIN_ABI_VERSION, _), TINYBRAIN_ABI_FLAGS) {
#define TINYBRAIN_NAMESPACE_END }}
// clang-format on

#if defined(_MSC_VER) && !defined(__clang__)
#define TINYBRAIN_FORCE_INLINE __forceinline
#define TINYBRAIN_COLD __declspec(noinline)
#define TINYBRAIN_RESTRICT __restrict
#else
#define TINYBRAIN_FORCE_INLINE inline __attribute__((always_inline))
#define TINYBRAIN_COLD __attribute__((noinline, cold))
#define TINYBRAIN_RESTRICT __restrict__
#endif
