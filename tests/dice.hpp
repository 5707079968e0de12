// SPDX-License-Identifier: BSL-1.0
// Dice for the randomised tests: their throws come from a seed, or from bytes that a fuzzer chose.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <tinybrain/volume.hpp>

namespace testing {

using tinybrain::index_t;

class dice {
public:
    explicit dice(std::uint64_t seed) : state_(seed) {}

    // A throw takes no more bytes than its choices need, so that a fuzzer that changes one changes one
    // choice. When all bytes are thrown, a seed made of them goes on.
    explicit dice(std::span<const unsigned char> bytes) : bytes_(bytes) {
        for (const unsigned char b : bytes) state_ = (state_ ^ b) * 0x100000001b3u;
    }

    std::uint64_t bits() { return bytes_.empty() ? from_seed() : from_bytes(8); }
    index_t between(index_t low, index_t high) {  // both ends may come up
        const std::uint64_t choices = static_cast<std::uint64_t>(high - low) + 1;
        const std::uint64_t thrown = bytes_.empty() ? from_seed() : from_bytes(bytes_for(choices));
        return low + static_cast<index_t>(thrown % choices);
    }
    bool chance(int percent) { return between(0, 99) < percent; }
    template <class T>
    T one_of(std::initializer_list<T> choices) {
        return choices.begin()[between(0, static_cast<index_t>(choices.size()) - 1)];
    }

private:
    // splitmix64: the same throws with every standard library, unlike the distributions of <random>.
    std::uint64_t from_seed() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    std::uint64_t from_bytes(std::size_t count) {
        std::uint64_t thrown = 0;
        const auto taken = bytes_.first(std::min(count, bytes_.size()));
        for (const unsigned char b : taken) thrown = thrown << 8 | b;
        bytes_ = bytes_.subspan(taken.size());
        return thrown;
    }
    static std::size_t bytes_for(std::uint64_t choices) {
        std::size_t count = 0;
        for (std::uint64_t most = choices - 1; most > 0; most >>= 8) ++count;
        return count;
    }

    std::uint64_t state_ = 0;
    std::span<const unsigned char> bytes_;
};

inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b) { return dice(a ^ dice(b).bits()).bits(); }

// What a fuzzer might have thought of: a string of some length, the same for the same number.
inline std::vector<unsigned char> bytes_of_number(std::uint64_t number) {
    dice d(number);
    std::vector<unsigned char> bytes(
        static_cast<std::size_t>(d.between(0, d.one_of<index_t>({8, 60, 400, 4000}))));
    for (unsigned char& b : bytes) b = static_cast<unsigned char>(d.between(0, 255));
    return bytes;
}

inline std::uint64_t seed() {
    static const std::uint64_t chosen = [] {
        const char* text = std::getenv("TINYBRAIN_TEST_SEED");
        if (!text || !*text) return std::uint64_t{1};
        if (std::string(text) == "random") return std::uint64_t{std::random_device{}()};
        return static_cast<std::uint64_t>(std::strtoull(text, nullptr, 10));
    }();
    return chosen;
}

inline index_t cases(index_t standard) {
    const char* text = std::getenv("TINYBRAIN_TEST_CASES");
    return text && *text ? static_cast<index_t>(std::strtoll(text, nullptr, 10)) : standard;
}

}  // namespace testing
