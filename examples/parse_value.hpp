// SPDX-License-Identifier: BSL-1.0
// A voxel's value as it is typed on a command line.
#pragma once

#include <charconv>
#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>

// Throws std::invalid_argument for what T does not hold.
template <class T>
T parse_value(const std::string& option, const std::string& text) {
    T value{};
    bool whole = false;
    if constexpr (std::is_floating_point_v<T>) {
        // Not std::from_chars, whose floating-point half some standard libraries still lack.
        std::istringstream stream(text);
        stream.imbue(std::locale::classic());
        whole = stream >> value && stream.peek() == std::istringstream::traits_type::eof();
    } else {
        const char* end = text.data() + text.size();
        const auto [stop, problem] = std::from_chars(text.data(), end, value);
        whole = problem == std::errc() && stop == end;
    }
    if (!whole) throw std::invalid_argument(option + ": '" + text + "' is not a value of the volume's type");
    return value;
}
