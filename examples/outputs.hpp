// SPDX-License-Identifier: BSL-1.0
// Files that appear together or not at all.
#pragma once

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

// Everything is written under temporary names, and takes its own name in commit(). Without a commit the
// destructor removes what was written, and the folders that were made for it.
class output_folder {
public:
    // file_names: all that will be written. Throws std::runtime_error where one of them stands for something
    // that no file can replace, and where the folder cannot be made.
    output_folder(const std::filesystem::path& folder, const std::vector<std::string>& file_names);
    ~output_folder();
    output_folder(const output_folder&) = delete;
    output_folder& operator=(const output_folder&) = delete;

    // Both throw std::runtime_error, which names the file, where it cannot be written whole.
    void write(const std::string& file_name, std::span<const std::span<const std::byte>> pieces);
    void write(const std::string& file_name, const std::function<bool(std::FILE*)>& writer);

    // Throws std::runtime_error where a file cannot take its name; then none has.
    void commit();

private:
    struct pending {
        std::filesystem::path temporary, final;
        bool replaces = false, placed = false;
    };
    void make_folders();
    void make_workshop();
    void remove_what_was_made();
    static std::FILE* open_temporary(const pending& file);
    void put_back();

    std::filesystem::path folder_;
    std::vector<std::filesystem::path> made_folders_;
    // A folder for the temporary files. It is locked while the run lives: what a killed one left is removed
    // by the next.
    std::filesystem::path workshop_;
    int workshop_lock_ = -1;
    std::vector<pending> pending_;
};
