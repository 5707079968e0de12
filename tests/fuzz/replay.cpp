// SPDX-License-Identifier: BSL-1.0
// The fuzzer's cases without libFuzzer, the same each time: for any compiler, any sanitizer, and valgrind.
//   tinybrain_replay CASES [FIRST]
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "types.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s CASES [FIRST]\n", argv[0]);
        return 2;
    }
    const std::uint64_t cases = std::strtoull(argv[1], nullptr, 10);
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    std::printf("replay: seed %llu, types", static_cast<unsigned long long>(testing::seed()));
    for (const auto& type : testing::element_types()) std::printf(" %s", type.name);
    for (std::uint64_t i = first; i < first + cases; ++i) {
        // A case that ends the program is at or after the last of these.
        if (i % 100 == 0) std::printf("\nreplay: case %llu", static_cast<unsigned long long>(i));
        std::fflush(stdout);
        const auto bytes = testing::bytes_of_number(testing::mixed(testing::seed(), i));
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    std::printf("\nreplay: %llu cases, all as they should be\n", static_cast<unsigned long long>(cases));
}
