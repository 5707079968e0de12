// SPDX-License-Identifier: BSL-1.0
// One connection of libcurl, and one request at a time over it.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <string>
#include <vector>

#include "http_client.hpp"

namespace volumes {

struct http_request {
    enum class kind { whole, part, headers };
    kind what;
    const std::string& url;
    byte_range part;   // of a part
    std::size_t most;  // bytes of the body
};

// What came of a request.
struct http_attempt {
    http_answer answer;
    std::string problem;  // which may pass; what does not is thrown
    int retries = 0;      // that make sense then
    long asked_for = 0;   // seconds to wait before, as the server says
};

class http_connection {
public:
    explicit http_connection(const http_limits& limits);
    ~http_connection();
    http_connection(const http_connection&) = delete;
    http_connection& operator=(const http_connection&) = delete;

    // Replaces `body`. Throws formats::format_error for what will not pass.
    http_attempt request(const http_request& asked, std::vector<std::byte>& body);

private:
    http_limits limits_;
    CURL* handle_;
    curl_slist *any_encoding_, *no_encoding_;
};

}  // namespace volumes
