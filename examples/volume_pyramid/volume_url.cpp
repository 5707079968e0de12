// SPDX-License-Identifier: BSL-1.0
#include "volume_url.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "arguments.hpp"
#include "bad_input.hpp"

namespace volumes {
namespace {

constexpr std::string_view after_scheme = "://";

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string encoded(const std::string& name) {
    std::string text;
    for (const char c : name) {
        if (is_letter_or_digit(c) || std::string_view("-._~/").find(c) != std::string_view::npos) {
            text += c;
            continue;
        }
        std::array<char, 4> code{};
        std::snprintf(code.data(), code.size(), "%%%02X",
                      static_cast<unsigned>(static_cast<unsigned char>(c)));
        text += code.data();
    }
    return text;
}

// What follows the scheme of a bucket: its name, and the path in it.
std::string bucket_url(const std::string& scheme, const std::string& rest) {
    const std::string bucket = rest.substr(0, rest.find('/')), path = encoded(rest.substr(bucket.size()));
    if (scheme == "gs") return "https://storage.googleapis.com/" + bucket + path;
    // Certificates are for one name in front of the domain, and not for two.
    if (bucket.find('.') != bucket.npos) return "https://s3.amazonaws.com/" + bucket + path;
    return "https://" + bucket + ".s3.amazonaws.com" + path;
}

void check_plain(const std::string& url, const std::string& rest) {
    const auto refuse = [&](const std::string& what) { throw bad_input(url + ": " + what); };
    if (std::any_of(rest.begin(), rest.end(), [](char c) { return c <= ' ' || c > '~'; }))
        refuse("a url has no spaces and no letters beyond ASCII; %20 and the like stand for them");
    if (rest.find_first_of("?#") != rest.npos)
        refuse("names of files are put behind it, and so it can have no ? and no #");
    if (rest.substr(0, rest.find('/')).find('@') != rest.npos)
        refuse("names and passwords are not sent; only what everybody may read is read");
}

}  // namespace

bool is_url(const std::filesystem::path& volume) {
    const std::string text = volume.string();
    const std::size_t at = text.find(after_scheme);
    return at != text.npos && at > 0 &&
           std::all_of(text.begin(), text.begin() + std::ptrdiff_t(at),
                       [](char c) { return is_letter_or_digit(c) || c == '+' || c == '-' || c == '.'; });
}

std::string http_url(const std::string& url) {
    std::string rest = url;
    const auto take_scheme = [&] {
        const std::size_t at = rest.find(after_scheme);
        const std::string scheme = at == rest.npos ? "" : lower_case(rest.substr(0, at));
        if (at != rest.npos) rest.erase(0, at + after_scheme.size());
        return scheme;
    };
    std::string scheme = take_scheme();
    if (scheme == "precomputed") scheme = take_scheme();
    while (rest.ends_with('/')) rest.pop_back();
    const bool is_bucket = scheme == "gs" || scheme == "s3";
    if (!is_bucket && scheme != "http" && scheme != "https")
        throw bad_input(url +
                        ": is no folder and no http://, https://, gs:// or s3:// url, with precomputed:// "
                        "before it or without");
    if (rest.empty() || rest.starts_with('/')) throw bad_input(url + ": names no server");
    if (is_bucket) return bucket_url(scheme, rest);
    check_plain(url, rest);
    return scheme + "://" + rest;
}

std::string url_of(const std::filesystem::path& volume, const std::string& name) {
    return volume.string() + "/" + encoded(name);
}

std::filesystem::path from_anywhere(const std::filesystem::path& volume) {
    if (is_url(volume)) return volume;
    std::error_code problem;
    const std::filesystem::path whole = std::filesystem::weakly_canonical(volume, problem);
    return problem ? volume : whole;
}

}  // namespace volumes
