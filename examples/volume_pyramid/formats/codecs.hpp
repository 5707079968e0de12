// SPDX-License-Identifier: BSL-1.0
// What compression.cpp asks of each library. Theirs is to fill memory that is there; how large it is to be is
// not.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "packing.hpp"

namespace formats::codecs {

// The bytes of `data` that the file fills, or nothing where it holds more. Throw format_error for what is no
// such file.
std::optional<std::size_t> gunzip(std::span<const std::byte> file, std::span<std::byte> data);
std::optional<std::size_t> unbrotli(std::span<const std::byte> file, std::span<std::byte> data);
std::optional<std::size_t> unzstd(std::span<const std::byte> file, std::span<std::byte> data);
std::optional<std::size_t> unzlib(std::span<const std::byte> file, std::span<std::byte> data);
std::optional<std::size_t> unlz4(std::span<const std::byte> file, std::span<std::byte> data);
std::optional<std::size_t> unbzip2(std::span<const std::byte> file, std::span<std::byte> data);
std::optional<std::size_t> unxz(std::span<const std::byte> file, std::span<std::byte> data);
std::optional<std::size_t> unblosc(std::span<const std::byte> file, std::span<std::byte> data);

// `file` has the bytes of the bound; returned are those that were used.
std::size_t gzip(std::span<const std::byte> data, int level, std::span<std::byte> file);
std::size_t brotli(std::span<const std::byte> data, int level, std::span<std::byte> file);
std::size_t zstd(std::span<const std::byte> data, int level, std::span<std::byte> file);
std::size_t zlib(std::span<const std::byte> data, int level, std::span<std::byte> file);
std::size_t lz4(std::span<const std::byte> data, int level, std::span<std::byte> file);
std::size_t bzip2(std::span<const std::byte> data, int level, std::span<std::byte> file);
std::size_t xz(std::span<const std::byte> data, int level, std::span<std::byte> file);
std::size_t blosc(std::span<const std::byte> data, const blosc_options& options, std::span<std::byte> file);

std::size_t gzip_bound(std::size_t bytes);
std::size_t brotli_bound(std::size_t bytes);
std::size_t zstd_bound(std::size_t bytes);
std::size_t zlib_bound(std::size_t bytes);
std::size_t lz4_bound(std::size_t bytes);
std::size_t bzip2_bound(std::size_t bytes);
std::size_t xz_bound(std::size_t bytes);
std::size_t blosc_bound(std::size_t bytes);

// Whether blosc was built with this compressor.
bool has_blosc(const std::string& cname);

// What reading a file of xz's highest level takes, and no file may take more.
inline constexpr std::size_t most_xz_memory = std::size_t{66} << 20;

// What may follow the last member of a gzip file: nothing, or zeros, as tapes leave them.
bool is_padding(std::span<const std::byte> bytes);
// These throw format_error: nothing may follow a zlib stream, and a chunk has to be filled.
void check_zlib_end(std::size_t bytes_behind);
void check_filled(std::optional<std::size_t> made, std::size_t bytes);

}  // namespace formats::codecs
