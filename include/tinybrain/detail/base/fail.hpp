// How a refusal is said: cold functions that build a message and throw it, or end the program where there are
// no exceptions. No other header of this library throws by itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>

#include <tinybrain/detail/base/config.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

template <class Error>
[[noreturn]] TINYBRAIN_COLD inline void fail(const std::string& message) {
#if TINYBRAIN_HAS_EXCEPTIONS
    throw Error("tinybrain: " + message);
#else
    std::fprintf(stderr, "tinybrain: %s\n", message.c_str());
    std::abort();
#endif
}

/// A wrong argument: std::invalid_argument.
[[noreturn]] TINYBRAIN_COLD inline void refuse(const std::string& message) {
    fail<std::invalid_argument>(message);
}

/// A number that no index can hold: std::length_error.
[[noreturn]] TINYBRAIN_COLD inline void refuse_length(const std::string& message) {
    fail<std::length_error>(message);
}

/// "(2, 2, 1)"
template <class Number>
TINYBRAIN_COLD std::string describe(std::span<const Number> numbers) {
    std::string text = "(";
    for (std::size_t axis = 0; axis < numbers.size(); ++axis) {
        text += (axis == 0 ? "" : ", ") + std::to_string(numbers[axis]);
    }
    return text + ")";
}
template <class Number, std::size_t Rank>
std::string describe(const std::array<Number, Rank>& numbers) {
    return describe(std::span<const Number>(numbers));
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
