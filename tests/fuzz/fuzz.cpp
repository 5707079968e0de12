// SPDX-License-Identifier: BSL-1.0
// What libFuzzer calls, and replay.cpp where there is no libFuzzer: the first byte chooses the element type,
// the others are the throws of the dice.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "types.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const unsigned char> bytes(data, size);
    if (bytes.empty()) return 0;
    const auto& types = testing::element_types();
    const std::string wrong = types[bytes[0] % types.size()].run(testing::dice(bytes.subspan(1)));
    if (wrong.empty()) return 0;
    std::fputs(wrong.c_str(), stderr);
    std::abort();
}
