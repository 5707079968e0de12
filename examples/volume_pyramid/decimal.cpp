// SPDX-License-Identifier: BSL-1.0
#include "decimal.hpp"

#include <algorithm>
#include <cstdint>

namespace volumes {
namespace {

// digits * 10^exponent
struct decimal {
    std::string digits;
    int exponent = 0;
    bool whole = true;  // written without a point
};

decimal parse(const std::string& text) {
    decimal d;
    const std::size_t e = std::min(text.find_first_of("eE"), text.size());
    const std::size_t point = std::min(text.find('.'), e);
    d.digits = text.substr(0, point);
    if (point < e) d.digits += text.substr(point + 1, e - point - 1);
    d.exponent = (e < text.size() ? std::stoi(text.substr(e + 1)) : 0) -
                 static_cast<int>(point < e ? e - point - 1 : 0);
    d.whole = point == e && e == text.size();
    return d;
}

std::string product(std::string digits, index_t factor) {
    std::uint64_t carry = 0;  // below the factor, which is at most 2^48
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
        carry += static_cast<std::uint64_t>(*digit - '0') * static_cast<std::uint64_t>(factor);
        *digit = static_cast<char>('0' + carry % 10);
        carry /= 10;
    }
    digits = std::to_string(carry) + digits;
    return digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1));
}

std::string text_of(const decimal& d) {
    if (d.exponent >= 0)
        return d.digits + std::string(static_cast<std::size_t>(d.exponent), '0') + (d.whole ? "" : ".0");
    const auto places = static_cast<std::size_t>(-d.exponent);
    std::string digits = d.digits;
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    std::string fraction = digits.substr(digits.size() - places);
    fraction.resize(std::max(fraction.find_last_not_of('0') + 1, std::size_t{1}));
    return digits.substr(0, digits.size() - places) + "." + fraction;
}

}  // namespace

std::string multiplied(const std::string& number, index_t factor) {
    decimal d = parse(number);
    d.digits = product(d.digits, factor);
    return text_of(d);
}

std::string tenth(const std::string& number) {
    decimal d = parse(number);
    --d.exponent;
    d.whole = false;
    return text_of(d);
}

}  // namespace volumes
