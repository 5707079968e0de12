// SPDX-License-Identifier: BSL-1.0
#include "metadata_files.hpp"

#include <utility>

#include "bad_input.hpp"
#include "text_file.hpp"
#include "url_files.hpp"
#include "volume_url.hpp"

namespace volumes {

metadata_files::metadata_files(std::filesystem::path folder, const http_limits& limits)
    : folder_(std::move(folder)) {
    if (is_url(folder_)) url_ = std::make_unique<url_files>(folder_, limits);
}

metadata_files::~metadata_files() = default;
metadata_files::metadata_files(metadata_files&&) noexcept = default;

std::string metadata_files::text_of(const std::string& name) const {
    return url_ ? url_->text_of(name) : (folder_ / name).string();
}

std::optional<std::string> metadata_files::read(const std::string& name) const {
    if (!url_) return has(name) ? std::optional(read_text(folder_ / name)) : std::nullopt;
    if (const auto known = answers_.find(name); known != answers_.end()) return known->second;
    constexpr std::size_t most = std::size_t{64} << 20;
    const auto file = url_->fetch(name, most);
    auto& answer = answers_[name];
    if (file) answer.emplace(reinterpret_cast<const char*>(file->body.data()), file->body.size());
    return answer;
}

bool metadata_files::has(const std::string& name) const {
    if (url_) return read(name).has_value();
    std::error_code problem;
    const bool there = std::filesystem::exists(folder_ / name, problem);
    if (problem) throw bad_input(text_of(name) + ": cannot be read: " + problem.message());
    return there;
}

std::optional<json> metadata_files::read_json(const std::string& name) const {
    const auto text = read(name);
    return text ? std::optional(parse_json(*text, text_of(name))) : std::nullopt;
}

}  // namespace volumes
