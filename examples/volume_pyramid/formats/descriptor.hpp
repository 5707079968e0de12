// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <unistd.h>

#include <utility>

namespace formats {

// An open file of POSIX, or none.
class descriptor {
public:
    explicit descriptor(int number = -1) : number_(number) {}
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor& operator=(descriptor&&) = delete;

    int get() const { return number_; }
    int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

}  // namespace formats
