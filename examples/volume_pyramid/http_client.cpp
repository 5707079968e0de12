// SPDX-License-Identifier: BSL-1.0
#include "http_client.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <thread>
#include <utility>

#include "bad_input.hpp"
#include "formats/format_error.hpp"
#include "http_connection.hpp"
#include "signals.hpp"

namespace volumes {
namespace {

using seconds = std::chrono::duration<double>;

// For so long, or until this process is to end.
void pause(seconds time) {
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < time) {
        if (const std::string why = interruption(); !why.empty()) throw formats::format_error(why);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

// Growing, not the same in all threads, and as long as the server asks for, within reason.
seconds pause_before(int retry, long asked_for) {
    constexpr double longest = 60;
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    const double grown = 0.5 * std::exp2(retry) * (0.8 + 0.4 * double(now / 1000 % 1000) / 1000);
    return seconds(std::min(longest, std::max(grown, double(asked_for))));
}

}  // namespace

class http_client::connections {
public:
    explicit connections(const http_limits& limits) : limits_(limits) {
        static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
        if (ready != CURLE_OK) throw bad_input(std::string("libcurl: ") + curl_easy_strerror(ready));
    }

    http_answer request(const http_request& asked, std::vector<std::byte>& body) {
        for (int failures = 0;; ++failures) {
            const http_attempt made = try_once(asked, body);
            if (made.problem.empty()) return made.answer;
            if (failures == std::min(limits_.retries, made.retries))
                throw formats::format_error(
                    made.problem + (failures > 0 ? ", " + std::to_string(failures + 1) + " times" : ""));
            pause(pause_before(failures, made.asked_for));
        }
    }

private:
    // One that nobody else uses; one that failed is not used again.
    http_attempt try_once(const http_request& asked, std::vector<std::byte>& body) {
        auto connection = take();
        const http_attempt made = connection->request(asked, body);
        if (made.problem.empty()) {
            const std::lock_guard lock(mutex_);
            idle_.push_back(std::move(connection));
        }
        return made;
    }

    std::unique_ptr<http_connection> take() {
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                auto connection = std::move(idle_.back());
                idle_.pop_back();
                return connection;
            }
        }
        return std::make_unique<http_connection>(limits_);
    }

    http_limits limits_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<http_connection>> idle_;
};

http_client::http_client(const http_limits& limits) : connections_(std::make_unique<connections>(limits)) {}
http_client::~http_client() = default;

http_answer http_client::get(const std::string& url, std::size_t most, std::vector<std::byte>& body) const {
    return connections_->request({http_request::kind::whole, url, {0, 1}, most}, body);
}

http_answer http_client::get_part(const std::string& url, const byte_range& part,
                                  std::vector<std::byte>& body) const {
    return connections_->request({http_request::kind::part, url, part, part.end - part.begin}, body);
}

http_answer http_client::look(const std::string& url) const {
    std::vector<std::byte> nothing;
    return connections_->request({http_request::kind::headers, url, {0, 1}, 0}, nothing);
}

}  // namespace volumes
