// SPDX-License-Identifier: BSL-1.0
// The files in the folder of a scale, whatever they hold: what all stores ask of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "formats/format_error.hpp"
#include "scale_store.hpp"

namespace volumes {

inline constexpr std::size_t longest_chunk_name = 255;

// A chunk's box, whatever comes after it; or a file of many chunks.
bool looks_like_chunk(const std::string& name);

// f(name) for whatever is in the folder of a scale. Throws bad_input where that cannot be read.
void for_each_name(const std::filesystem::path& folder, const std::function<void(const std::string&)>& f);

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
