// SPDX-License-Identifier: BSL-1.0
// The files of a folder on a server.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "http_client.hpp"
#include "scale_files.hpp"

namespace volumes {

class url_files final : public scale_files {
public:
    // folder: a url, as http_url() has it. Throws bad_input as http_client does.
    url_files(std::filesystem::path folder, const http_limits& limits);

    std::string text_of(const std::string& name) const override;
    std::optional<std::uint64_t> size_of(const std::string& name) const override;
    void read(const std::string& name, std::uint64_t offset, std::span<std::byte> bytes) const override;

    // The plain name is what everybody asks a server for: where it is there, nothing else is looked for.
    std::optional<chunk_file> find(const std::string& plain, std::size_t most) const override;
    // With what the server's Content-Encoding says undone.
    std::optional<chunk_file> fetch(const std::string& name, std::size_t most) const override;
    void read(const chunk_file& file, std::uint64_t offset, std::span<std::byte> bytes) const override;
    std::optional<formats::compression> compression_of(const std::string& plain) const override;
    bool seems_there(const std::string& name) const override;
    // Throws chunk_error where it cannot be told.
    std::optional<std::int64_t> modified(const std::string& name) const override;
    bool for_each_name(const std::function<bool(const std::string&)>&) const override { return false; }
    double memory_to_read(std::size_t most) const override;

private:
    std::filesystem::path folder_;
    http_client client_;
    mutable std::mutex mutex_;  // of what follows
    mutable std::map<std::string, std::uint64_t> sizes_;
    mutable std::map<std::string, std::optional<std::int64_t>> times_;
};

}  // namespace volumes
