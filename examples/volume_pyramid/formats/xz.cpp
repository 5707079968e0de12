// SPDX-License-Identifier: BSL-1.0
#include <lzma.h>

#include <algorithm>
#include <array>
#include <new>

#include "codecs.hpp"
#include "format_error.hpp"

namespace formats::codecs {
namespace {

const std::uint8_t* octets(const std::byte* p) { return reinterpret_cast<const std::uint8_t*>(p); }
std::uint8_t* octets(std::byte* p) { return reinterpret_cast<std::uint8_t*>(p); }

}  // namespace

std::optional<std::size_t> unxz(std::span<const std::byte> file, std::span<std::byte> data) {
    std::uint64_t memory = most_xz_memory;
    std::size_t read = 0, made = 0;
    switch (lzma_stream_buffer_decode(&memory, 0, nullptr, octets(file.data()), &read, file.size(),
                                      octets(data.data()), &made, data.size())) {
        case LZMA_OK:
            break;
        case LZMA_BUF_ERROR:
            return std::nullopt;
        case LZMA_MEM_ERROR:
            throw std::bad_alloc();
        case LZMA_MEMLIMIT_ERROR:
            throw format_error("the xz file wants " + std::to_string(memory >> 20) +
                               " MiB to be read, more than any level of xz does");
        default:
            throw format_error("the xz file is damaged or cut off");
    }
    if (read != file.size())
        throw format_error("the xz file has " + std::to_string(file.size() - read) + " bytes behind its end");
    return made;
}

std::size_t xz(std::span<const std::byte> data, int level, std::span<std::byte> file) {
    lzma_options_lzma options{};
    if (lzma_lzma_preset(&options, static_cast<std::uint32_t>(level)))
        throw format_error("xz does not start");
    // No window is larger than what it looks at; memory goes by it.
    options.dict_size = static_cast<std::uint32_t>(
        std::clamp<std::size_t>(data.size(), LZMA_DICT_SIZE_MIN, options.dict_size));
    std::array<lzma_filter, 2> filters{{{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}}};
    std::size_t made = 0;
    const lzma_ret status =
        lzma_stream_buffer_encode(filters.data(), LZMA_CHECK_CRC64, nullptr, octets(data.data()), data.size(),
                                  octets(file.data()), &made, file.size());
    if (status == LZMA_MEM_ERROR) throw std::bad_alloc();
    if (status != LZMA_OK) throw format_error("xz does not compress");
    return made;
}

std::size_t xz_bound(std::size_t bytes) { return lzma_stream_buffer_bound(bytes); }

}  // namespace formats::codecs
