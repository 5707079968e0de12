// SPDX-License-Identifier: BSL-1.0
// The files of a stack, in their order, and the pages in them, one slice each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tiff_file.hpp"

namespace volumes {

class tiff_files {
public:
    // A file, or a folder of them. Looks at every page; throws bad_input and npy::error.
    explicit tiff_files(const std::filesystem::path& path);

    const tiff_page& page() const { return alike_; }  // as all of them are
    std::size_t pages() const { return pages_.size(); }

    // A file that stands at a page. Throws std::runtime_error where it is not what it was.
    std::unique_ptr<tiff_file> open(std::size_t page) const;
    // The same, of one that is open, where the page is in that.
    bool move(tiff_file& file, std::size_t from, std::size_t to) const;

    std::string fingerprint() const;
    void check_unchanged() const;
    const std::string& name() const { return name_; }

private:
    struct one_file {
        std::filesystem::path path;
        std::size_t bytes = 0;
        std::filesystem::file_time_type written;
        std::weak_ptr<const npy::mapped_file> mapped;  // one mapping for all who read it
    };
    struct one_page {
        std::size_t file = 0, number = 0;
        std::uint64_t offset = 0;
    };

    void find_files(const std::filesystem::path& folder);
    void warn_of_gap() const;
    // What is told of the file's pages where they are fewer.
    struct promise {
        std::size_t file = 0, told = 0, found = 0;
    };
    std::optional<promise> look_at(std::size_t file);
    void add_page(const tiff_page& page, const one_page& where);
    std::shared_ptr<const npy::mapped_file> map(std::size_t file) const;

    std::string name_;
    mutable std::mutex mutex_;  // of the mappings
    mutable std::vector<one_file> files_;
    std::vector<one_page> pages_;
    tiff_page alike_;
};

}  // namespace volumes
