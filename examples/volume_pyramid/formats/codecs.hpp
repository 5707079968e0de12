// SPDX-License-Identifier: BSL-1.0
// What compression.cpp asks of each library. Theirs is to fill memory that is there; how large it is to be is
// not.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace formats::codecs {

// The bytes of `data` that the file fills, or nothing where it holds more. Throw format_error for what is no
// such file.
std::optional<std::size_t> gunzip(std::span<const std::byte> file, std::span<std::byte> data);
std::optional<std::size_t> unbrotli(std::span<const std::byte> file, std::span<std::byte> data);
std::optional<std::size_t> unzstd(std::span<const std::byte> file, std::span<std::byte> data);

// `file` has the bytes of the bound; returned are those that were used.
std::size_t gzip(std::span<const std::byte> data, int level, std::span<std::byte> file);
std::size_t brotli(std::span<const std::byte> data, int level, std::span<std::byte> file);
std::size_t zstd(std::span<const std::byte> data, int level, std::span<std::byte> file);

std::size_t gzip_bound(std::size_t bytes);
std::size_t brotli_bound(std::size_t bytes);
std::size_t zstd_bound(std::size_t bytes);

// What may follow the last member of a gzip file: nothing, or zeros, as tapes leave them.
bool is_padding(std::span<const std::byte> bytes);

}  // namespace formats::codecs
