// SPDX-License-Identifier: BSL-1.0
#include "crc32c.hpp"

#include <array>

#include "little_endian.hpp"

namespace formats {
namespace {

using table = std::array<std::uint32_t, 256>;

// tables[k][b]: what a byte b leaves that has k more behind it.
constexpr std::array<table, 8> make_tables() {
    std::array<table, 8> tables{};
    for (std::uint32_t b = 0; b < 256; ++b) {
        std::uint32_t rest = b;
        for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? 0x82f63b78u : 0u);
        tables[0][b] = rest;
    }
    for (std::size_t k = 1; k < tables.size(); ++k)
        for (std::size_t b = 0; b < 256; ++b)
            tables[k][b] = (tables[k - 1][b] >> 8) ^ tables[0][tables[k - 1][b] & 255];
    return tables;
}

constexpr std::array<table, 8> tables = make_tables();

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes) {
    std::uint32_t rest = 0xffffffffu;
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
        const std::uint64_t next = load<std::uint64_t>(bytes.data()) ^ rest;
        rest = 0;
        for (std::size_t k = 0; k < 8; ++k) rest ^= tables[7 - k][next >> 8 * k & 255];
    }
    for (const std::byte b : bytes)
        rest = (rest >> 8) ^ tables[0][(rest ^ std::to_integer<std::uint32_t>(b)) & 255];
    return ~rest;
}

}  // namespace formats
