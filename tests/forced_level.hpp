// SPDX-License-Identifier: BSL-1.0
// Holding the library to a level of instructions.
#pragma once

#include <array>
#include <cstdlib>
#include <string>

namespace testing {

inline constexpr std::array<const char*, 2> all_levels{"portable", "vectors"};

// Holds the library to a level, or to a lower one if the machine has no such instructions.
class forced_level {
public:
    explicit forced_level(const char* level) {
        if (const char* before = std::getenv(name)) before_ = before;
        set(level);
    }
    ~forced_level() { set(before_.c_str()); }
    forced_level(const forced_level&) = delete;
    forced_level& operator=(const forced_level&) = delete;

private:
    static constexpr const char* name = "TINYBRAIN_LEVEL";
    static void set(const char* level) {
#ifdef _WIN32
        _putenv_s(name, level);
#else
        if (*level)
            setenv(name, level, 1);
        else
            unsetenv(name);
#endif
    }
    std::string before_;
};

}  // namespace testing
