// SPDX-License-Identifier: BSL-1.0
// All cases of one element type, compiled once for each.
//   TINYBRAIN_TEST_TYPE, TINYBRAIN_TEST_NAME, TINYBRAIN_TEST_RANKS  as in type_test.cpp
#include "any_case.hpp"
#include "types.hpp"

namespace {

[[maybe_unused]] const bool added =
    (testing::element_types().push_back(
         {TINYBRAIN_TEST_NAME, testing::run_any_case<TINYBRAIN_TEST_TYPE, TINYBRAIN_TEST_RANKS>}),
     true);

}  // namespace
