// SPDX-License-Identifier: BSL-1.0
#include <blosc.h>

#include "codecs.hpp"
#include "format_error.hpp"

namespace formats::codecs {

bool has_blosc(const std::string& cname) { return blosc_compname_to_compcode(cname.c_str()) >= 0; }

// The _ctx calls look at no variable of the environment, and share nothing between threads.
std::optional<std::size_t> unblosc(std::span<const std::byte> file, std::span<std::byte> data) {
    std::size_t bytes = 0;
    if (file.size() < BLOSC_MIN_HEADER_LENGTH ||
        blosc_cbuffer_validate(file.data(), file.size(), &bytes) != 0)
        throw format_error("the blosc buffer is damaged or cut off");
    if (bytes > data.size()) return std::nullopt;
    const int made = blosc_decompress_ctx(file.data(), data.data(), bytes, 1);
    if (made < 0 || static_cast<std::size_t>(made) != bytes) {
        const char* library = blosc_cbuffer_complib(file.data());
        if (library == nullptr) throw format_error("the blosc buffer names no compressor that there is");
        throw format_error("the blosc buffer, by " + std::string(library) + ", is damaged");
    }
    return bytes;
}

std::size_t blosc(std::span<const std::byte> data, const blosc_options& options, std::span<std::byte> file) {
    const int made =
        blosc_compress_ctx(options.level, options.shuffle, options.sample_bytes, data.size(), data.data(),
                           file.data(), file.size(), options.cname.c_str(), options.block_bytes, 1);
    if (made <= 0) throw format_error("blosc does not compress by " + options.cname);
    return static_cast<std::size_t>(made);
}

std::size_t blosc_bound(std::size_t bytes) { return bytes + BLOSC_MAX_OVERHEAD; }

}  // namespace formats::codecs
