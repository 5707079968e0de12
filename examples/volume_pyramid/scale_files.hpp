// SPDX-License-Identifier: BSL-1.0
// The files in the folder of a scale, wherever that is: on a disk here, or on a server elsewhere. Stores read
// through it, and do not know which it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/compression.hpp"
#include "formats/ranges.hpp"

namespace volumes {

// A chunk's file that is there.
struct chunk_file {
    std::string name;
    formats::compression compression = formats::compression::none;
    std::size_t bytes = 0;
    std::vector<std::byte> body;  // all of it, where finding it has brought it along
};

// Any number of threads may use one. text_of(), size_of() and read() of parts are range_source's.
class scale_files : public formats::range_source {
public:
    using range_source::read;

    // The file of a chunk: of this name, or of one with the suffix of a compression. Throws chunk_error,
    // which names it, for two of them, for what is no file, where it cannot be told, and where more than
    // `most` bytes would have to be brought along.
    virtual std::optional<chunk_file> find(const std::string& plain, std::size_t most) const = 0;
    // The file of this very name. Throws chunk_error as find() does.
    virtual std::optional<chunk_file> fetch(const std::string& name, std::size_t most) const = 0;
    // Fills `bytes` from `offset` on, or throws format_error.
    virtual void read(const chunk_file& file, std::uint64_t offset, std::span<std::byte> bytes) const = 0;

    // In which form a chunk lies there, as far as a look tells; nothing where it does not.
    virtual std::optional<formats::compression> compression_of(const std::string& plain) const = 0;
    // Whether there seems to be something of this name; false where it cannot be told.
    virtual bool seems_there(const std::string& name) const = 0;
    // In nanoseconds; nothing where that is not known. Throws chunk_error where a server does not answer.
    virtual std::optional<std::int64_t> modified(const std::string& name) const = 0;

    // f(name) for whatever is in the folder until f returns false; false, without a call of f, where nobody
    // lists it. Throws bad_input where the folder cannot be read.
    virtual bool for_each_name(const std::function<bool(const std::string&)>& f) const = 0;

    // Bytes that a thread may need to read a file of `most` bytes, beside those it reads into.
    virtual double memory_to_read(std::size_t most) const = 0;
};

class folder_files final : public scale_files {
public:
    explicit folder_files(std::filesystem::path folder) : folder_(folder), ranges_(std::move(folder)) {}

    std::string text_of(const std::string& name) const override { return ranges_.text_of(name); }
    std::optional<std::uint64_t> size_of(const std::string& name) const override {
        return ranges_.size_of(name);
    }
    void read(const std::string& name, std::uint64_t offset, std::span<std::byte> bytes) const override {
        ranges_.read(name, offset, bytes);
    }
    std::optional<chunk_file> find(const std::string& plain, std::size_t most) const override;
    std::optional<chunk_file> fetch(const std::string& name, std::size_t most) const override;
    void read(const chunk_file& file, std::uint64_t offset, std::span<std::byte> bytes) const override {
        ranges_.read(file.name, offset, bytes);
    }
    std::optional<formats::compression> compression_of(const std::string& plain) const override;
    bool seems_there(const std::string& name) const override;
    std::optional<std::int64_t> modified(const std::string& name) const override;
    bool for_each_name(const std::function<bool(const std::string&)>& f) const override;
    double memory_to_read(std::size_t /*most*/) const override { return 0; }

private:
    std::filesystem::path folder_;
    formats::folder_ranges ranges_;
};

}  // namespace volumes
