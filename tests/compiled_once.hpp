// SPDX-License-Identifier: BSL-1.0
// What the library compiles for an element type, its vectors and traversals, is compiled in one place of the
// tests, type_test.cpp, and only declared here. Without this, hand_test.cpp alone would compile most of
// eleven types once more. Every public function, in all its forms, is still compiled where a test calls it,
// down to detail::run_method, below which nothing depends on the form.
#pragma once

#include <cstdint>
#include <tinybrain/tinybrain.hpp>

// Ranks 1 to 4 share one traversal, so a further rank costs next to nothing.
#define TINYBRAIN_TEST_METHOD(prefix, T, ...)                 \
    TINYBRAIN_TEST_METHOD_AND_RANK(prefix, T, 1, __VA_ARGS__) \
    TINYBRAIN_TEST_METHOD_AND_RANK(prefix, T, 2, __VA_ARGS__) \
    TINYBRAIN_TEST_METHOD_AND_RANK(prefix, T, 3, __VA_ARGS__)
#define TINYBRAIN_TEST_METHOD_AND_RANK(prefix, T, R, ...)                                    \
    prefix template void tinybrain::detail::run_method<T, R, __VA_ARGS__>(                   \
        const tinybrain::volume_view<const T, R>&, const tinybrain::detail::factor_list<R>&, \
        std::span<const tinybrain::volume_view<T, R>>, const __VA_ARGS__&);

#define TINYBRAIN_TEST_AVERAGES(prefix, T) TINYBRAIN_TEST_METHOD(prefix, T, tinybrain::detail::averaging<T>)
#define TINYBRAIN_TEST_ALL_BUT_AVERAGES(prefix, T)                                                  \
    TINYBRAIN_TEST_METHOD(prefix, T, tinybrain::detail::segmentation<T>)                            \
    TINYBRAIN_TEST_METHOD(prefix, T, tinybrain::detail::pooling<tinybrain::detail::min_pooling>)    \
    TINYBRAIN_TEST_METHOD(prefix, T, tinybrain::detail::pooling<tinybrain::detail::max_pooling>)    \
    TINYBRAIN_TEST_METHOD(prefix, T, tinybrain::detail::pooling<tinybrain::detail::median_pooling>) \
    TINYBRAIN_TEST_METHOD(prefix, T, tinybrain::detail::pooling<tinybrain::detail::striding>)
#define TINYBRAIN_TEST_DECLARE(T)      \
    TINYBRAIN_TEST_AVERAGES(extern, T) \
    TINYBRAIN_TEST_ALL_BUT_AVERAGES(extern, T)

// Those of TINYBRAIN_TEST_TYPES in CMakeLists.txt. Of another type a test compiles what it calls.
#ifdef TINYBRAIN_TEST_HAS_uint8_t
TINYBRAIN_TEST_DECLARE(std::uint8_t)
#endif
#ifdef TINYBRAIN_TEST_HAS_uint16_t
TINYBRAIN_TEST_DECLARE(std::uint16_t)
#endif
#ifdef TINYBRAIN_TEST_HAS_uint32_t
TINYBRAIN_TEST_DECLARE(std::uint32_t)
#endif
#ifdef TINYBRAIN_TEST_HAS_uint64_t
TINYBRAIN_TEST_DECLARE(std::uint64_t)
#endif
#ifdef TINYBRAIN_TEST_HAS_int8_t
TINYBRAIN_TEST_DECLARE(std::int8_t)
#endif
#ifdef TINYBRAIN_TEST_HAS_int16_t
TINYBRAIN_TEST_DECLARE(std::int16_t)
#endif
#ifdef TINYBRAIN_TEST_HAS_int32_t
TINYBRAIN_TEST_DECLARE(std::int32_t)
#endif
#ifdef TINYBRAIN_TEST_HAS_int64_t
TINYBRAIN_TEST_DECLARE(std::int64_t)
#endif
#ifdef TINYBRAIN_TEST_HAS_float
TINYBRAIN_TEST_DECLARE(float)
#endif
#ifdef TINYBRAIN_TEST_HAS_double
TINYBRAIN_TEST_DECLARE(double)
#endif
#ifdef TINYBRAIN_TEST_HAS_bool
TINYBRAIN_TEST_ALL_BUT_AVERAGES(extern, bool)
#endif
