// SPDX-License-Identifier: BSL-1.0
// Files that are whole under their name, or not there.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

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

// The files of a scale, each written under another name first. Any number of threads and processes may write
// into one folder.
class placed_files {
public:
    // folder: of the scale, and there. temporary: on the same file system, if it may be.
    placed_files(std::filesystem::path folder, std::filesystem::path temporary)
        : folder_(std::move(folder)), temporary_(std::move(temporary)) {}

    // Folders in `name` are made. Throw write_error.
    void write(const std::string& name, std::span<const std::byte> bytes) const;
    void remove(const std::string& name) const;  // where it is there
    void make_folders_of(const std::string& name) const;

    const std::filesystem::path& folder() const { return folder_; }
    // One on the file system of `folder`, for those who write by themselves.
    std::filesystem::path temporary() const;

private:
    int renamed(const std::filesystem::path& temporary, const std::string& name) const;
    std::filesystem::path make_nearby() const;

    std::filesystem::path folder_, temporary_;
    // Whether the scale's folder turned out to be on another file system than the volume's.
    mutable std::atomic<bool> elsewhere_ = false;
};

}  // namespace volumes
