// SPDX-License-Identifier: BSL-1.0
// Catch2 3 and 2.13 name their headers differently; the tests use only what both have.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
