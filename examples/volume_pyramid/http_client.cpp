// SPDX-License-Identifier: BSL-1.0
#include "http_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <mutex>
#include <string_view>
#include <thread>
#include <tinybrain/version.hpp>
#include <utility>

#include "arguments.hpp"
#include "bad_input.hpp"
#include "formats/compression.hpp"
#include "formats/format_error.hpp"
#include "signals.hpp"

namespace volumes {
namespace {

#define VOLUME_PYRAMID_TEXT_OF(number) #number
#define VOLUME_PYRAMID_TEXT(number) VOLUME_PYRAMID_TEXT_OF(number)
constexpr const char* user_agent =
    "tinybrain-volume_pyramid/" VOLUME_PYRAMID_TEXT(TINYBRAIN_VERSION_MAJOR) "." VOLUME_PYRAMID_TEXT(
        TINYBRAIN_VERSION_MINOR) "." VOLUME_PYRAMID_TEXT(TINYBRAIN_VERSION_PATCH);

// Interruptions are the leader's to tell; here they only end what would take long.
std::string interruption() {
    try {
        check_interrupted();
        return {};
    } catch (const interrupted& by) {
        return by.text();
    }
}

// As it lies there, wherever this program can unpack it.
std::string accepted_encodings() {
    std::string all;
    for (const auto kind :
         {formats::compression::gzip, formats::compression::brotli, formats::compression::zstd})
        if (formats::is_available(kind)) all.append(all.empty() ? "" : ", ").append(formats::name_of(kind));
    return "Accept-Encoding: " + all;
}

enum class wanted { whole, part, headers };

// One request, and what has come of it so far.
struct exchange {
    CURL* handle;
    wanted what;
    std::size_t most;
    std::vector<std::byte>& body;
    std::string encoding, range;  // headers: Content-Encoding and Content-Range
    bool too_long = false;

    long status() const {
        long code = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
        return code;
    }
    // As the server says; 0 where it does not.
    std::size_t length() const {
        curl_off_t bytes = 0;
        curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &bytes);
        return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
    }
    std::optional<std::int64_t> modified() const {
        curl_off_t seconds = -1;
        curl_easy_getinfo(handle, CURLINFO_FILETIME_T, &seconds);
        return seconds < 0 ? std::nullopt : std::optional<std::int64_t>(seconds);
    }
    bool is_wanted() const { return status() == (what == wanted::part ? 206 : 200); }
};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.back() <= ' ')) text.remove_suffix(1);
    while (!text.empty() && (text.front() <= ' ')) text.remove_prefix(1);
    return text;
}

std::size_t take_header(const char* data, std::size_t, std::size_t bytes, void* to) {
    auto& in = *static_cast<exchange*>(to);
    const std::string_view line(data, bytes);
    if (line.starts_with("HTTP/")) {  // the answer to a redirected request begins
        in.encoding.clear();
        in.range.clear();
    }
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return bytes;
    const std::string name = lower_case(std::string(line.substr(0, colon)));
    const std::string value = lower_case(std::string(trimmed(line.substr(colon + 1))));
    // A header that comes twice is a list.
    if (name == "content-encoding") in.encoding += (in.encoding.empty() ? "" : ", ") + value;
    if (name == "content-range") in.range = value;
    return bytes;
}

std::size_t take_body(const char* data, std::size_t, std::size_t bytes, void* to) {
    auto& in = *static_cast<exchange*>(to);
    constexpr std::size_t none = 0;  // which ends the transfer
    // A whole shard is not what was asked for; pages that explain an error are short, and nobody reads them.
    if (!in.is_wanted()) return in.status() == 200 ? none : bytes;
    if (in.body.empty()) in.body.reserve(std::min(in.most, in.length()));
    in.too_long = bytes > in.most - in.body.size();
    if (in.too_long) return none;
    const auto* begin = reinterpret_cast<const std::byte*>(data);
    in.body.insert(in.body.end(), begin, begin + bytes);
    return bytes;
}

int look_around(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return interruption().empty() ? 0 : 1;
}

bool may_pass(CURLcode problem) {
    switch (problem) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_CONNECT:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_OPERATION_TIMEDOUT:
        case CURLE_PARTIAL_FILE:
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
            return true;
        default:
            return false;
    }
}

bool may_pass(long status) {
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

std::string text_of_status(long status) {
    const std::string text = "the server answers with status " + std::to_string(status);
    if (status == 401 || status == 403)
        return text +
               ": it does not let everybody read this. A bucket that may not be listed says so of what is "
               "missing, too; it is not taken for missing";
    return text;
}

// "bytes 0-15/1000": the file's 1000. Throws format_error where these are other bytes.
std::uint64_t file_bytes_of(const std::string& range, const byte_range& wanted) {
    const std::string begin = "bytes " + std::to_string(wanted.begin) + "-", slash = "/";
    const std::string whole = begin + std::to_string(wanted.end - 1) + slash;
    std::uint64_t bytes = 0;
    const char *from = range.data() + std::min(whole.size(), range.size()), *to = range.data() + range.size();
    const auto [end, problem] = std::from_chars(from, to, bytes);
    if (range.starts_with(whole) && problem == std::errc() && end == to && bytes >= wanted.end) return bytes;
    if (range.starts_with(begin))
        throw formats::format_error("is cut off: of bytes " + std::to_string(wanted.begin) + " to " +
                                    std::to_string(wanted.end - 1) + " it has " + range);
    throw formats::format_error("the server gives another part than was asked for: '" + range + "'");
}

class easy_handle {
public:
    easy_handle() : handle_(curl_easy_init()) {
        if (handle_ == nullptr) throw std::bad_alloc();
    }
    ~easy_handle() { curl_easy_cleanup(handle_); }
    easy_handle(const easy_handle&) = delete;
    easy_handle& operator=(const easy_handle&) = delete;
    CURL* get() const { return handle_; }

private:
    CURL* handle_;
};

class header_list {
public:
    explicit header_list(const std::string& line) : list_(curl_slist_append(nullptr, line.c_str())) {
        if (list_ == nullptr) throw std::bad_alloc();
    }
    ~header_list() { curl_slist_free_all(list_); }
    header_list(const header_list&) = delete;
    header_list& operator=(const header_list&) = delete;
    curl_slist* get() const { return list_; }

private:
    curl_slist* list_;
};

void set_limits(CURL* handle, const http_limits& limits) {
    const long timeout = limits.timeout;
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, timeout);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, timeout);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT, 10 * timeout);
}

void set_protocols(CURL* handle) {
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 5L);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS, long{CURLPROTO_HTTP | CURLPROTO_HTTPS});
    curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS, long{CURLPROTO_HTTP | CURLPROTO_HTTPS});
#endif
}

void set_callbacks(CURL* handle, exchange& in, char* problem) {
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, problem);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &in);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &in);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, look_around);
}

// Until then, or until this process is to end.
void sleep_until(std::chrono::steady_clock::time_point then) {
    using namespace std::chrono_literals;
    while (std::chrono::steady_clock::now() < then) {
        if (const std::string why = interruption(); !why.empty()) throw formats::format_error(why);
        std::this_thread::sleep_for(50ms);
    }
}

// Growing, not the same in all threads, and as long as the server asks for, within reason.
std::chrono::duration<double> pause_before(int retry, long asked_for) {
    constexpr double longest = 60;
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    const double grown = 0.5 * std::exp2(retry) * (0.8 + 0.4 * double(now / 1000 % 1000) / 1000);
    return std::chrono::duration<double>(std::min(longest, std::max(grown, double(asked_for))));
}

}  // namespace

class http_client::connections {
public:
    explicit connections(const http_limits& limits)
        : limits_(limits), compressed_(accepted_encodings()), plain_("Accept-Encoding: identity") {
        static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
        if (ready != CURLE_OK) throw bad_input(std::string("libcurl: ") + curl_easy_strerror(ready));
    }

    http_answer request(const std::string& url, wanted what, const byte_range& part, std::size_t most,
                        std::vector<std::byte>& body) const {
        for (int failures = 0;; ++failures) {
            const attempt made = try_once(url, what, part, most, body);
            if (made.problem.empty()) return made.answer;
            if (failures == std::min(limits_.retries, made.retries))
                throw formats::format_error(
                    made.problem + (failures > 0 ? ", " + std::to_string(failures + 1) + " times" : ""));
            sleep_until(std::chrono::steady_clock::now() +
                        std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                            pause_before(failures, made.asked_for)));
        }
    }

private:
    struct attempt {
        http_answer answer;
        std::string problem;  // which may pass; what does not is thrown
        int retries = 0;      // at most
        long asked_for = 0;   // seconds to wait before
    };

    // A connection that nobody else uses.
    class borrowed {
    public:
        explicit borrowed(const connections& from) : from_(from), handle_(from.take()) {}
        ~borrowed() { from_.give_back(std::move(handle_)); }
        borrowed(const borrowed&) = delete;
        borrowed& operator=(const borrowed&) = delete;
        CURL* get() const { return handle_->get(); }

    private:
        const connections& from_;
        std::unique_ptr<easy_handle> handle_;
    };

    std::unique_ptr<easy_handle> take() const {
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                auto handle = std::move(idle_.back());
                idle_.pop_back();
                return handle;
            }
        }
        return std::make_unique<easy_handle>();
    }

    void give_back(std::unique_ptr<easy_handle> handle) const {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(handle));
    }

    void set_up(exchange& in, const std::string& url, const byte_range& part, char* problem) const {
        curl_easy_reset(in.handle);  // the connection stays
        curl_easy_setopt(in.handle, CURLOPT_URL, url.c_str());
        curl_easy_setopt(in.handle, CURLOPT_USERAGENT, user_agent);
        curl_easy_setopt(in.handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(in.handle, CURLOPT_FILETIME, 1L);
        curl_easy_setopt(in.handle, CURLOPT_BUFFERSIZE, 256L << 10);
        // Parts are of the bytes that lie there.
        const header_list& accepted = in.what == wanted::part ? plain_ : compressed_;
        curl_easy_setopt(in.handle, CURLOPT_HTTPHEADER, accepted.get());
        if (in.what == wanted::headers) curl_easy_setopt(in.handle, CURLOPT_NOBODY, 1L);
        const std::string range = std::to_string(part.begin) + "-" + std::to_string(part.end - 1);
        if (in.what == wanted::part) curl_easy_setopt(in.handle, CURLOPT_RANGE, range.c_str());
        set_protocols(in.handle);
        set_limits(in.handle, limits_);
        set_callbacks(in.handle, in, problem);
    }

    attempt try_once(const std::string& url, wanted what, const byte_range& part, std::size_t most,
                     std::vector<std::byte>& body) const {
        const borrowed connection(*this);
        body.clear();
        exchange in{connection.get(), what, most, body, {}, {}};
        std::array<char, CURL_ERROR_SIZE> problem{};
        set_up(in, url, part, problem.data());
        const CURLcode ended = curl_easy_perform(in.handle);
        if (const std::string why = interruption(); ended != CURLE_OK && !why.empty())
            throw formats::format_error(why);
        // What this program itself has ended is told by what it had seen till then.
        if (ended != CURLE_OK && ended != CURLE_WRITE_ERROR)
            return transfer_failed(ended, problem[0] != 0 ? problem.data() : curl_easy_strerror(ended));
        return judged(in, part);
    }

    attempt transfer_failed(CURLcode ended, const std::string& why) const {
        if (!may_pass(ended)) throw formats::format_error("cannot be read: " + why);
        // A name that nobody knows is a wrong one more often than not.
        return {{}, "cannot be read: " + why, ended == CURLE_COULDNT_RESOLVE_HOST ? 2 : limits_.retries, 0};
    }

    attempt judged(const exchange& in, const byte_range& part) const {
        const long status = in.status();
        if (may_pass(status)) {
            curl_off_t seconds = 0;
            curl_easy_getinfo(in.handle, CURLINFO_RETRY_AFTER, &seconds);
            return {{}, text_of_status(status), limits_.retries, static_cast<long>(seconds)};
        }
        if (status == 404) return {};
        http_answer answer;
        answer.found = true;
        answer.modified = in.modified();
        if (in.what == wanted::part && status == 416 && in.range == "bytes */0") return {answer, {}, 0, 0};
        if (in.what == wanted::part && status == 416)
            throw formats::format_error("is cut off: it has no bytes " + std::to_string(part.begin) + " to " +
                                        std::to_string(part.end - 1));
        if (in.what == wanted::part && status == 200)
            throw formats::format_error(
                "the server gives whole files only, whatever part is asked for (no Range requests); shards "
                "are read in parts");
        if (!in.is_wanted()) throw formats::format_error(text_of_status(status));
        if (in.too_long && in.what == wanted::part)
            throw formats::format_error("the server gives more than the part that was asked for");
        if (in.too_long)
            throw formats::format_error("has more than " + std::to_string(in.most) +
                                        " bytes, far more than the chunk can need");
        if (in.encoding != "identity") answer.content_encoding = in.encoding;
        return in.what == wanted::part ? judged_part(in, part, answer) : attempt{answer, {}, 0, 0};
    }

    attempt judged_part(const exchange& in, const byte_range& part, http_answer answer) const {
        if (!answer.content_encoding.empty())
            throw formats::format_error("Content-Encoding is " + in.encoding +
                                        ", and parts of what is compressed as a whole are nothing");
        answer.file_bytes = file_bytes_of(in.range, part);
        if (in.body.size() < part.end - part.begin) return {{}, "the answer was cut off", limits_.retries, 0};
        return {answer, {}, 0, 0};
    }

    http_limits limits_;
    header_list compressed_, plain_;
    mutable std::mutex mutex_;
    mutable std::vector<std::unique_ptr<easy_handle>> idle_;
};

http_client::http_client(const http_limits& limits) : connections_(std::make_unique<connections>(limits)) {}
http_client::~http_client() = default;

http_answer http_client::get(const std::string& url, std::size_t most, std::vector<std::byte>& body) const {
    return connections_->request(url, wanted::whole, {0, 1}, most, body);
}

http_answer http_client::get_part(const std::string& url, const byte_range& part,
                                  std::vector<std::byte>& body) const {
    return connections_->request(url, wanted::part, part, part.end - part.begin, body);
}

http_answer http_client::look(const std::string& url) const {
    std::vector<std::byte> nothing;
    return connections_->request(url, wanted::headers, {0, 1}, 0, nothing);
}

}  // namespace volumes
