// SPDX-License-Identifier: BSL-1.0
// The files in the folder of a scale, whatever they hold: what all stores ask of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "formats/compression.hpp"
#include "formats/format_error.hpp"
#include "scale_store.hpp"

namespace volumes {

inline constexpr std::size_t longest_chunk_name = 255;

// In which a chunk's file may be there.
inline constexpr std::array compressions{formats::compression::none, formats::compression::gzip,
                                         formats::compression::brotli, formats::compression::zstd};
// A chunk is there in two forms.
[[noreturn]] void fail_twice(const std::string& plain, formats::compression one, formats::compression other);

// A chunk's box, whatever comes after it; or a file of many chunks.
bool looks_like_chunk(const std::string& name);

// Chunks from all over a scale: all of them, or 100.
std::vector<box3> spread_chunks(const chunk_layout& layout);

// Where nobody lists the files of a scale: throws bad_input where none of its spread_chunks is there, as then
// the scale may well be somewhere else.
void check_some_are_there(const scale_store& store, const std::function<bool(const box3&)>& is_there);

std::optional<std::int64_t> modified_at(const std::filesystem::path& file);

// f(); what is wrong with a file's bytes is thrown as a chunk_error that begins with its name.
template <class F>
decltype(auto) named(const std::string& name, F&& f) {
    try {
        return f();
    } catch (const formats::format_error& problem) {
        throw chunk_error(name + ": " + problem.what());
    }
}

}  // namespace volumes
