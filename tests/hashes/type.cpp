// SPDX-License-Identifier: BSL-1.0
// The hashes of one element type, TINYBRAIN_TEST_TYPE: a source of its own for each, since they take long to
// compile.
#include "types.hpp"

#include "cases.hpp"

namespace {

using namespace testing::hashes;
using T = TINYBRAIN_TEST_TYPE;

std::vector<line> lines() {
    std::vector<line> all;
    for (const auto& s : all_settings<T>()) all.push_back({testing::name_of<T>(), s.name(), hash_of(s)});
    return all;
}

const bool known = (types().push_back(lines), true);

}  // namespace
