// SPDX-License-Identifier: BSL-1.0
// A voxel's value as it is typed on a command line.
#pragma once

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <locale>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

// A floating-point number, and nothing but that; nothing where the text is none, or T cannot be so large.
template <class T>
std::optional<T> real_in(const std::string& text) {
    // Not std::from_chars, whose floating-point half some standard libraries still lack.
    std::istringstream stream(text);
    stream.imbue(std::locale::classic());
    T value{};
    if (!(stream >> value) || stream.peek() != std::istringstream::traits_type::eof()) return std::nullopt;
    return value;
}

// nan, inf or -inf.
inline bool is_no_plain_number(const std::string& text) {
    return text == "nan" || text == "inf" || text == "-inf";
}

// A decimal number as its digits, without zeros before or behind them, and the power of ten that a point
// before the first of them is multiplied by.
inline std::pair<std::string, long> digits_of(const std::string& text) {
    std::string digits;
    long power = 0;
    bool behind_point = false;
    std::size_t i = text[0] == '-' ? 1 : 0;
    for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
        if (text[i] == '.') {
            behind_point = true;
        } else if (!digits.empty() || text[i] != '0') {
            digits += text[i];
            power += behind_point ? 0 : 1;
        } else {
            power -= behind_point ? 1 : 0;
        }
    }
    if (i < text.size()) power += std::strtol(text.c_str() + i + 1, nullptr, 10);
    while (!digits.empty() && digits.back() == '0') digits.pop_back();
    return {digits, digits.empty() ? 0 : power};
}

// All digits of a floating-point number.
inline std::string exact_text(double value) {
    std::vector<char> text(1200);
    std::snprintf(text.data(), text.size(), "%.1100e", value);
    std::string plain = text.data();
    for (char& c : plain)
        if (c == ',') c = '.';
    return plain;
}

// Throws std::invalid_argument for what T does not hold: a number that is rounded would equal no voxel, or
// another one's.
template <class T>
T parse_value(const std::string& option, const std::string& text) {
    T value{};
    bool whole = false;
    if constexpr (std::is_floating_point_v<T>) {
        using limits = std::numeric_limits<T>;
        if (text == "nan") return limits::quiet_NaN();
        if (text == "inf") return limits::infinity();
        if (text == "-inf") return -limits::infinity();
        const std::optional<T> real = real_in<T>(text);
        whole = real && digits_of(text) == digits_of(exact_text(static_cast<double>(*real)));
        value = real.value_or(T{});
    } else {
        const char* end = text.data() + text.size();
        const auto [stop, problem] = std::from_chars(text.data(), end, value);
        whole = problem == std::errc() && stop == end;
    }
    if (!whole) throw std::invalid_argument(option + ": '" + text + "' is not a value of the volume's type");
    return value;
}
