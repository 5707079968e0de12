// SPDX-License-Identifier: BSL-1.0
// Compares the hashes of this machine, compiler and TINYBRAIN_LEVEL with the table:
//   hashes            says how many are equal; which are not; 1 if any is not
//   hashes --print    prints the lines of the table instead
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "table.hpp"
#include "types.hpp"

int main(int argc, char** argv) {
    const bool print = argc == 2 && std::strcmp(argv[1], "--print") == 0;
    int equal = 0, different = 0;
    for (const auto lines : testing::hashes::types()) {
        for (const auto& [type, setting, hash] : lines()) {
            if (print) {
                std::printf("{\"%s\", \"%s\", 0x%016" PRIx64 "},\n", type.c_str(), setting.c_str(), hash);
                continue;
            }
            const std::string wrong = testing::hashes::difference(type, setting, hash);
            std::fputs(wrong.c_str(), stdout);
            ++(wrong.empty() ? equal : different);
        }
    }
    if (!print) std::printf("%d hashes equal, %d different\n", equal, different);
    return different > 0 || (!print && equal == 0) ? 1 : 0;
}
