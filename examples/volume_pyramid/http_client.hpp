// SPDX-License-Identifier: BSL-1.0
// Reading from servers by http and https: what can pass is tried again, and everything else is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace volumes {

struct http_limits {
    int timeout = 60;  // seconds in which nothing comes; a request takes no more than ten times as long
    int retries = 6;   // of a request, after 0.5, 1, 2, 4 ... seconds
};

struct byte_range {
    std::uint64_t begin, end;
};

struct http_answer {
    bool found = false;                    // else the server says that there is no such file (404)
    std::string content_encoding;          // in small letters; empty where there is none
    std::uint64_t file_bytes = 0;          // of the whole file, where a range was asked for
    std::optional<std::int64_t> modified;  // seconds since 1970, where the server tells
};

// Any number of threads may use one; each request in hand has a connection of its own, which the next one
// goes on with. Credentials are neither looked for nor sent.
class http_client {
public:
    // Throws bad_input where this program was built without libcurl.
    explicit http_client(const http_limits& limits);
    ~http_client();

    // Replaces `body` by the file's bytes, still encoded as the answer says. Throws formats::format_error,
    // with the status or what else went wrong and without the url, where it cannot be read, has more than
    // `most` bytes, or this process is to end (signals.hpp).
    http_answer get(const std::string& url, std::size_t most, std::vector<std::byte>& body) const;
    // The same for a part, which lies inside of the file, or is the first byte of it. Throws as well for a
    // server that does not give parts. A file of no bytes is found, and has no first one.
    http_answer get_part(const std::string& url, const byte_range& part, std::vector<std::byte>& body) const;
    // All but the body.
    http_answer look(const std::string& url) const;

private:
    class connections;
    std::unique_ptr<connections> connections_;
};

}  // namespace volumes
