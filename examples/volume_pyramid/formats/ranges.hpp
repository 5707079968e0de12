// SPDX-License-Identifier: BSL-1.0
// Files of which parts are read: of a folder here, of a server elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "format_error.hpp"

namespace formats {

// Any number of threads may use one.
class range_source {
public:
    virtual ~range_source() = default;

    // A name, for messages.
    virtual std::string text_of(const std::string& name) const = 0;
    // Nothing only where it is certain that there is no such file; throws format_error where it cannot be
    // told.
    virtual std::optional<std::uint64_t> size_of(const std::string& name) const = 0;
    // Fills `bytes` from `offset` on, or throws format_error.
    virtual void read(const std::string& name, std::uint64_t offset, std::span<std::byte> bytes) const = 0;
};

// f(), with the file's name in front of what it throws.
template <class F>
auto named(const range_source& files, const std::string& name, F&& f) {
    try {
        return f();
    } catch (const format_error& problem) {
        throw format_error(files.text_of(name) + ": " + problem.what());
    }
}

class folder_ranges final : public range_source {
public:
    explicit folder_ranges(std::filesystem::path folder) : folder_(std::move(folder)) {}

    std::string text_of(const std::string& name) const override { return (folder_ / name).string(); }
    std::optional<std::uint64_t> size_of(const std::string& name) const override;
    void read(const std::string& name, std::uint64_t offset, std::span<std::byte> bytes) const override;

private:
    std::filesystem::path folder_;
};

}  // namespace formats
