// SPDX-License-Identifier: BSL-1.0
#include "http_connection.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <string_view>
#include <tinybrain/version.hpp>

#include "arguments.hpp"
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

// As it lies there, wherever this program can unpack it.
std::string accepted_encodings() {
    std::string all;
    for (const auto kind :
         {formats::compression::gzip, formats::compression::brotli, formats::compression::zstd})
        if (formats::is_available(kind)) all.append(all.empty() ? "" : ", ").append(formats::name_of(kind));
    return "Accept-Encoding: " + all;
}

// One request, and what has come of it so far.
struct exchange {
    CURL* handle;
    const http_request& asked;
    std::vector<std::byte>& body;
    std::string encoding, range;  // headers: Content-Encoding and Content-Range
    bool too_long = false, out_of_memory = false;

    bool is_part() const { return asked.what == http_request::kind::part; }
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
    bool is_wanted() const { return status() == (is_part() ? 206 : 200); }
};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.back() <= ' ')) text.remove_suffix(1);
    while (!text.empty() && (text.front() <= ' ')) text.remove_prefix(1);
    return text;
}

// What libcurl calls must not throw; 0 bytes taken end the transfer.
template <class F>
std::size_t without_throwing(exchange& in, F&& f) {
    try {
        return f();
    } catch (const std::bad_alloc&) {
        in.out_of_memory = true;
        return 0;
    }
}

std::size_t note_header(exchange& in, const char* data, std::size_t bytes) {
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

std::size_t note_body(exchange& in, const char* data, std::size_t bytes) {
    constexpr std::size_t none = 0;
    // A whole shard is not what was asked for; pages that explain an error are short, and nobody reads them.
    if (!in.is_wanted()) return in.status() == 200 ? none : bytes;
    if (in.body.empty()) in.body.reserve(std::min(in.asked.most, in.length()));
    in.too_long = bytes > in.asked.most - in.body.size();
    if (in.too_long) return none;
    const auto* begin = reinterpret_cast<const std::byte*>(data);
    in.body.insert(in.body.end(), begin, begin + bytes);
    return bytes;
}

std::size_t take_header(const char* data, std::size_t, std::size_t bytes, void* to) {
    auto& in = *static_cast<exchange*>(to);
    return without_throwing(in, [&] { return note_header(in, data, bytes); });
}

std::size_t take_body(const char* data, std::size_t, std::size_t bytes, void* to) {
    auto& in = *static_cast<exchange*>(to);
    return without_throwing(in, [&] { return note_body(in, data, bytes); });
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

void set_request(CURL* handle, const http_request& asked) {
    curl_easy_setopt(handle, CURLOPT_URL, asked.url.c_str());
    curl_easy_setopt(handle, CURLOPT_USERAGENT, user_agent);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_FILETIME, 1L);
    curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 256L << 10);
    if (asked.what == http_request::kind::headers) curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    const std::string range = std::to_string(asked.part.begin) + "-" + std::to_string(asked.part.end - 1);
    if (asked.what == http_request::kind::part) curl_easy_setopt(handle, CURLOPT_RANGE, range.c_str());
}

http_attempt transfer_failed(CURLcode ended, const std::string& why, int retries) {
    if (!may_pass(ended)) throw formats::format_error("cannot be read: " + why);
    // A name that nobody knows is a wrong one more often than not.
    return {{}, "cannot be read: " + why, ended == CURLE_COULDNT_RESOLVE_HOST ? 2 : retries, 0};
}

http_attempt judged_part(const exchange& in, http_answer answer, int retries) {
    if (!answer.content_encoding.empty())
        throw formats::format_error("Content-Encoding is " + in.encoding +
                                    ", and parts of what is compressed as a whole are nothing");
    answer.file_bytes = file_bytes_of(in.range, in.asked.part);
    if (in.body.size() < in.asked.part.end - in.asked.part.begin)
        return {{}, "the answer was cut off", retries, 0};
    return {answer, {}, 0, 0};
}

[[noreturn]] void refuse_status(const exchange& in) {
    if (in.is_part() && in.status() == 416)
        throw formats::format_error("is cut off: it has no bytes " + std::to_string(in.asked.part.begin) +
                                    " to " + std::to_string(in.asked.part.end - 1));
    if (in.is_part() && in.status() == 200)
        throw formats::format_error(
            "the server gives whole files only, whatever part is asked for (no Range requests); shards "
            "are read in parts");
    throw formats::format_error(text_of_status(in.status()));
}

[[noreturn]] void refuse_length(const exchange& in) {
    if (in.is_part()) throw formats::format_error("the server gives more than the part that was asked for");
    throw formats::format_error("has more than " + std::to_string(in.asked.most) +
                                " bytes, far more than the chunk can need");
}

http_attempt judged(const exchange& in, int retries) {
    const long status = in.status();
    if (may_pass(status)) {
        curl_off_t seconds = 0;
        curl_easy_getinfo(in.handle, CURLINFO_RETRY_AFTER, &seconds);
        return {{}, text_of_status(status), retries, static_cast<long>(seconds)};
    }
    if (status == 404) return {};
    http_answer answer;
    answer.found = true;
    answer.modified = in.modified();
    if (in.is_part() && status == 416 && in.range == "bytes */0") return {answer, {}, 0, 0};
    if (!in.is_wanted()) refuse_status(in);
    if (in.too_long) refuse_length(in);
    if (in.encoding != "identity") answer.content_encoding = in.encoding;
    return in.is_part() ? judged_part(in, answer, retries) : http_attempt{answer, {}, 0, 0};
}

}  // namespace

http_connection::http_connection(const http_limits& limits)
    : limits_(limits),
      handle_(curl_easy_init()),
      any_encoding_(curl_slist_append(nullptr, accepted_encodings().c_str())),
      no_encoding_(curl_slist_append(nullptr, "Accept-Encoding: identity")) {
    if (handle_ == nullptr || any_encoding_ == nullptr || no_encoding_ == nullptr) throw std::bad_alloc();
}

http_connection::~http_connection() {
    curl_easy_cleanup(handle_);
    curl_slist_free_all(any_encoding_);
    curl_slist_free_all(no_encoding_);
}

http_attempt http_connection::request(const http_request& asked, std::vector<std::byte>& body) {
    body.clear();
    exchange in{handle_, asked, body, {}, {}};
    std::array<char, CURL_ERROR_SIZE> problem{};
    curl_easy_reset(handle_);  // the connection stays
    set_protocols(handle_);
    set_limits(handle_, limits_);
    set_request(handle_, asked);
    set_callbacks(handle_, in, problem.data());
    // Parts are of the bytes that lie there.
    curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, in.is_part() ? no_encoding_ : any_encoding_);
    const CURLcode ended = curl_easy_perform(handle_);
    if (in.out_of_memory) throw std::bad_alloc();
    if (const std::string why = interruption(); ended != CURLE_OK && !why.empty())
        throw formats::format_error(why);
    // What this program itself has ended is told by what it had seen till then.
    if (ended != CURLE_OK && ended != CURLE_WRITE_ERROR)
        return transfer_failed(ended, problem[0] != 0 ? problem.data() : curl_easy_strerror(ended),
                               limits_.retries);
    return judged(in, limits_.retries);
}

}  // namespace volumes
