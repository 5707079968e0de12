// SPDX-License-Identifier: BSL-1.0
// The files that say what a volume is, in its folder here or on a server.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "http_client.hpp"
#include "json_file.hpp"

namespace volumes {

class url_files;

class metadata_files {
public:
    metadata_files(std::filesystem::path folder, const http_limits& limits);
    ~metadata_files();
    metadata_files(metadata_files&&) noexcept;

    const std::filesystem::path& folder() const { return folder_; }
    // A name, for messages.
    std::string text_of(const std::string& name) const;
    // Nothing only where it is certain that there is no such file. Throws bad_input where a file cannot be
    // read, and std::runtime_error where a server does not give it.
    std::optional<std::string> read(const std::string& name) const;
    bool has(const std::string& name) const;
    // The same, as JSON.
    std::optional<json> read_json(const std::string& name) const;

private:
    std::filesystem::path folder_;
    std::unique_ptr<const url_files> url_;  // where it is a server's, which is asked for each name once
    mutable std::map<std::string, std::optional<std::string>> answers_;
};

}  // namespace volumes
