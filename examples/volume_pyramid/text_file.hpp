// SPDX-License-Identifier: BSL-1.0
// Small files of text that say what a volume is.
#pragma once

#include <filesystem>
#include <string>

namespace volumes {

// Throws bad_input where it cannot be read, or is no regular file.
std::string read_text(const std::filesystem::path& path);

// In one step, and on the disk when this returns. temporary: a folder on the same file system. A link stays
// one, and what it leads to is replaced, on whatever file system that is. Throws write_error.
void replace_durably(const std::filesystem::path& file, const std::string& text,
                     const std::filesystem::path& temporary);

}  // namespace volumes
