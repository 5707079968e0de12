// SPDX-License-Identifier: BSL-1.0
#include "url_files.hpp"

#include <algorithm>
#include <utility>

#include "chunk_files.hpp"
#include "volume_url.hpp"

namespace volumes {
namespace {

using formats::compression;

// Of shards, for each of which many chunks ask.
constexpr std::size_t most_kept = 10000;

compression encoding_of(const http_answer& answer) {
    const std::string& name = answer.content_encoding;
    if (name.empty()) return compression::none;
    try {
        return formats::compression_of(name == "x-gzip" ? "gzip" : name);
    } catch (const formats::format_error& problem) {
        throw formats::format_error(std::string("Content-Encoding: ") + problem.what());
    }
}

void undo(compression encoding, std::size_t most, std::vector<std::byte>& body) {
    std::vector<std::byte> unpacked;
    try {
        formats::decompress(encoding, body, most, unpacked);
    } catch (const formats::format_error& problem) {
        throw formats::format_error("Content-Encoding is " + std::string(name_of(encoding)) + ": " +
                                    problem.what());
    }
    body.swap(unpacked);
}

}  // namespace

url_files::url_files(std::filesystem::path folder, const http_limits& limits)
    : folder_(std::move(folder)), client_(limits) {}

std::string url_files::text_of(const std::string& name) const { return url_of(folder_, name); }

// One request tells whether the file is there, how long it is, and whether the server gives parts.
std::optional<std::uint64_t> url_files::size_of(const std::string& name) const {
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = sizes_.find(name); known != sizes_.end()) return known->second;
    }
    std::vector<std::byte> first;
    const http_answer answer = client_.get_part(text_of(name), {0, 1}, first);
    if (!answer.found) return std::nullopt;  // and it may come
    const std::lock_guard lock(mutex_);
    if (sizes_.size() >= most_kept) sizes_.clear();
    return sizes_[name] = answer.file_bytes;
}

void url_files::read(const std::string& name, std::uint64_t offset, std::span<std::byte> bytes) const {
    if (bytes.empty()) return;
    std::vector<std::byte> body;
    const http_answer answer = client_.get_part(text_of(name), {offset, offset + bytes.size()}, body);
    if (!answer.found) throw formats::format_error("was removed while it was read");
    if (body.size() != bytes.size()) throw formats::format_error("is cut off");
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = sizes_.find(name); known != sizes_.end() && known->second != answer.file_bytes)
            throw formats::format_error("has " + std::to_string(answer.file_bytes) + " bytes, and had " +
                                        std::to_string(known->second) + ": it changed while it was read");
    }
    std::copy(body.begin(), body.end(), bytes.begin());
}

std::optional<chunk_file> url_files::fetch(const std::string& name, std::size_t most) const {
    return named(text_of(name), [&]() -> std::optional<chunk_file> {
        chunk_file file{name, formats::compression_of_file(name), 0, {}};
        const http_answer answer = client_.get(text_of(name), most, file.body);
        if (!answer.found) return std::nullopt;
        const compression encoding = encoding_of(answer);
        if (encoding != compression::none) undo(encoding, most, file.body);
        // Of a .gz, servers say gzip of the file itself; and where they have packed it once more, its first
        // bytes still tell.
        if (encoding == file.compression) file.compression = compression::none;
        file.bytes = file.body.size();
        return file;
    });
}

std::optional<chunk_file> url_files::find(const std::string& plain, std::size_t most) const {
    if (auto file = fetch(plain, most)) return file;
    std::optional<chunk_file> found;
    compression first = compression::none;
    for (const compression kind : compressions) {
        if (kind == compression::none) continue;
        auto file = fetch(plain + std::string(suffix_of(kind)), most);
        if (file && found) fail_twice(text_of(plain), first, kind);
        if (!file) continue;
        found = std::move(file);
        first = kind;
    }
    return found;
}

void url_files::read(const chunk_file& file, std::uint64_t offset, std::span<std::byte> bytes) const {
    if (offset > file.body.size() || bytes.size() > file.body.size() - offset)
        throw formats::format_error("is cut off");
    std::copy_n(file.body.begin() + static_cast<std::ptrdiff_t>(offset), bytes.size(), bytes.begin());
}

std::optional<compression> url_files::compression_of(const std::string& plain) const {
    for (const compression kind : compressions) {
        const std::string name = plain + std::string(suffix_of(kind));
        const auto stored = named(text_of(name), [&]() -> std::optional<compression> {
            const http_answer answer = client_.look(text_of(name));
            if (!answer.found) return std::nullopt;
            return kind == compression::none ? encoding_of(answer) : kind;
        });
        if (stored) return stored;
    }
    return std::nullopt;
}

std::optional<std::int64_t> url_files::modified(const std::string& name) const {
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = times_.find(name); known != times_.end()) return known->second;
    }
    const http_answer answer = named(text_of(name), [&] { return client_.look(text_of(name)); });
    std::optional<std::int64_t> time;
    // Some moment in that second: the last, so that what was made in it is made again.
    if (answer.found && answer.modified) time = *answer.modified * 1'000'000'000 + 999'999'999;
    const std::lock_guard lock(mutex_);
    if (times_.size() >= most_kept) times_.clear();
    return times_[name] = time;
}

bool url_files::seems_there(const std::string& name) const {
    try {
        return client_.look(text_of(name)).found;
    } catch (const formats::format_error&) {
        return false;
    }
}

// What has come, what it is unpacked to, and the connection's own.
double url_files::memory_to_read(std::size_t most) const {
    // A body grows by doubling, as its length need not be known before.
    return 3 * double(most) + double(std::size_t{1} << 20);
}

}  // namespace volumes
