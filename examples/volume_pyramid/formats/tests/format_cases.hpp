// SPDX-License-Identifier: BSL-1.0
// What the tests of the formats share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "catch.hpp"
#include "formats/chunk_shape.hpp"
#include "formats/format_error.hpp"

namespace cases {

using bytes = std::vector<std::byte>;

// f() throws format_error with these words in its text.
template <class F>
void check_refused(F&& f, const std::string& words) {
    std::string text = "nothing was thrown";
    try {
        f();
    } catch (const formats::format_error& problem) {
        text = problem.what();
    }
    INFO("expected: " << words << "\nthe text: " << text);
    CHECK(text.find(words) != std::string::npos);
}

// Neither a fault nor another exception; whether it was accepted.
template <class F>
bool accepts(F&& f) {
    try {
        f();
    } catch (const formats::format_error&) {
        return false;
    }
    return true;
}

template <class T>
bytes bytes_of(const std::vector<T>& values) {
    bytes result(values.size() * sizeof(T));
    if (!values.empty()) std::memcpy(result.data(), values.data(), result.size());
    return result;
}

inline bytes numbers(std::initializer_list<unsigned> values) {
    bytes result;
    for (const unsigned value : values) result.push_back(static_cast<std::byte>(value));
    return result;
}

inline bytes joined(std::initializer_list<bytes> parts) {
    bytes result;
    for (const bytes& part : parts) result.insert(result.end(), part.begin(), part.end());
    return result;
}

inline std::mt19937_64& random_bits() {
    static std::mt19937_64 engine(20261126);
    return engine;
}

inline bytes noise(std::size_t n) {
    bytes result(n);
    for (std::byte& b : result) b = static_cast<std::byte>(random_bits()());
    return result;
}

// Values 0 ... 255 that change slowly along all axes, as pictures do.
inline bytes smooth(const formats::chunk_shape& shape) {
    bytes result;
    for (std::size_t c = 0; c < shape.channels; ++c)
        for (std::size_t z = 0; z < shape.extent[2]; ++z)
            for (std::size_t y = 0; y < shape.extent[1]; ++y)
                for (std::size_t x = 0; x < shape.extent[0]; ++x)
                    result.push_back(static_cast<std::byte>((x + 2 * y + z + 40 * c) % 200));
    return result;
}

// `count` labels, each of them there where there is room, in any order.
template <class T>
std::vector<T> labels(std::size_t voxels, std::size_t count, T first) {
    std::vector<T> result(voxels);
    for (std::size_t i = 0; i < voxels; ++i)
        result[i] = static_cast<T>(first + 3 * (i < count ? i : random_bits()() % count));
    std::shuffle(result.begin(), result.end(), random_bits());
    return result;
}

}  // namespace cases
