// How a refusal is said: cold functions that build a message and throw it, or end the program where there are
// no exceptions. No other header of this library throws by itself.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>

#include <tinybrain/detail/base/config.hpp>
#include <tinybrain/detail/base/index_math.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// A part of a message: text, a number, or one for each axis, "(2, 2, 1)". It only refers to what it is made
/// of: strings that are added up wherever something may be refused cost every caller's compiler dear.
class words {
public:
    words(const char* text) : text_(text) {}
    words(const std::string& text) : text_(text.c_str()) {}
    template <std::integral Number>
    words(Number n)
        : text_(n < 0 ? "-" : ""),
          size_(n < 0 ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n)),
          kind_(kind::integer) {}
    words(double n) : real_(n), kind_(kind::real) {}
    words(std::span<const index_t> numbers) : numbers_(numbers), kind_(kind::integers) {}
    template <std::size_t Rank>
    words(const index_array<Rank>& numbers) : words(std::span<const index_t>(numbers)) {}

    void add_to(std::string& message) const {
        std::array<char, 32> digits{};
        if (kind_ == kind::integers) {
            message += "(";
            for (std::size_t axis = 0; axis < numbers_.size(); ++axis) {
                if (axis > 0) message += ", ";
                words(numbers_[axis]).add_to(message);
            }
            message += ")";
            return;
        }
        message += text_;
        if (kind_ == kind::real) std::snprintf(digits.data(), digits.size(), "%.17g", real_);
        if (kind_ == kind::integer) {
            std::snprintf(digits.data(), digits.size(), "%llu", static_cast<unsigned long long>(size_));
        }
        message += digits.data();
    }

private:
    enum class kind { text, integer, real, integers };

    const char* text_ = "";
    std::uint64_t size_ = 0;
    double real_ = 0;
    std::span<const index_t> numbers_{};
    kind kind_ = kind::text;
};

/// Parts of a message, one after the other.
TINYBRAIN_COLD inline std::string message_of(std::initializer_list<words> parts) {
    std::string message;
    for (const words& part : parts) part.add_to(message);
    return message;
}

template <class Error>
[[noreturn]] TINYBRAIN_COLD inline void fail(std::initializer_list<words> parts) {
    const std::string message = message_of({"tinybrain: ", message_of(parts)});
#if TINYBRAIN_HAS_EXCEPTIONS
    throw Error(message);
#else
    std::fprintf(stderr, "%s\n", message.c_str());
    std::abort();
#endif
}

/// A wrong argument: std::invalid_argument.
[[noreturn]] TINYBRAIN_COLD inline void refuse(std::initializer_list<words> parts) {
    fail<std::invalid_argument>(parts);
}

/// A number that no index can hold: std::length_error.
[[noreturn]] TINYBRAIN_COLD inline void refuse_length(std::initializer_list<words> parts) {
    fail<std::length_error>(parts);
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
