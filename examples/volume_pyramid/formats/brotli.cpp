// SPDX-License-Identifier: BSL-1.0
#include <brotli/decode.h>
#include <brotli/encode.h>

#include <cstdint>
#include <memory>
#include <new>

#include "codecs.hpp"
#include "format_error.hpp"

namespace formats::codecs {

std::optional<std::size_t> unbrotli(std::span<const std::byte> file, std::span<std::byte> data) {
    const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state(
        BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
    if (!state) throw std::bad_alloc();
    std::size_t left = file.size(), room = data.size();
    const auto* in = reinterpret_cast<const std::uint8_t*>(file.data());
    auto* out = reinterpret_cast<std::uint8_t*>(data.data());
    switch (BrotliDecoderDecompressStream(state.get(), &left, &in, &room, &out, nullptr)) {
        case BROTLI_DECODER_RESULT_SUCCESS:
            if (left != 0)
                throw format_error("the br file has " + std::to_string(left) + " bytes behind its end");
            return data.size() - room;
        case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
            return std::nullopt;
        case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
            throw format_error("the br file is cut off");
        default:
            throw format_error(std::string("the br file is damaged: ") +
                               BrotliDecoderErrorString(BrotliDecoderGetErrorCode(state.get())));
    }
}

std::size_t brotli(std::span<const std::byte> data, int level, std::span<std::byte> file) {
    std::size_t made = file.size();
    if (BrotliEncoderCompress(level, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, data.size(),
                              reinterpret_cast<const std::uint8_t*>(data.data()), &made,
                              reinterpret_cast<std::uint8_t*>(file.data())) != BROTLI_TRUE)
        throw format_error("brotli does not compress");
    return made;
}

std::size_t brotli_bound(std::size_t bytes) { return BrotliEncoderMaxCompressedSize(bytes) + 16; }

}  // namespace formats::codecs
