// SPDX-License-Identifier: BSL-1.0
// What tells files from others, whatever they are called and wherever and since when they lie.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace volumes {

// Gives the bytes from `at` on of one of the files to `use`.
using file_reader = std::function<void(std::size_t file, std::size_t at, std::size_t bytes,
                                       const std::function<void(std::span<const std::byte>)>& use)>;

// The lengths of the files, one after another, and a check sum of all of them, or of samples where they are
// large. May throw what `read` does.
std::string fingerprint_of(std::span<const std::size_t> lengths, const file_reader& read);

}  // namespace volumes
