// SPDX-License-Identifier: BSL-1.0
// gzip files in memory.
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <vector>

namespace precomputed {

struct gzip_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Throws gzip_error for anything but a whole gzip file, its check sums right, that holds exactly out.size()
// bytes.
void gunzip(std::span<const std::byte> file, std::span<std::byte> out);

// The same bytes always give the same file: there is no time in it, and no name. level: 1 (fast) to 9
// (small).
void gzip(std::span<const std::byte> data, int level, std::vector<std::byte>& file);

// What gzip() may make of so many bytes, at most, and what zlib takes while at it.
std::size_t gzip_bound(std::size_t bytes);
constexpr std::size_t gzip_state = std::size_t{300} << 10;

}  // namespace precomputed
