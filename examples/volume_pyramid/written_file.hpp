// SPDX-License-Identifier: BSL-1.0
// Files that are whole under their name, or not there.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>

namespace volumes {

// The disk takes no more. The run ends, and can be resumed.
struct write_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

[[noreturn]] void fail_write(const std::filesystem::path& shown, int problem);

// A whole file under a name that nobody else uses. It is to get the name `final`. durable: on the disk when
// this returns, with the mode and owner of what has that name. Throws write_error, which names `final`;
// nothing is left then.
std::filesystem::path write_temporary(const std::filesystem::path& folder, std::span<const std::byte> bytes,
                                      const std::filesystem::path& final, bool durable);
void rename_to(const std::filesystem::path& temporary, const std::filesystem::path& name);

// The folder of temporary files in the folder of a scale that is on another file system than the volume's.
std::filesystem::path temporary_folder_in(const std::filesystem::path& scale_folder);

}  // namespace volumes
