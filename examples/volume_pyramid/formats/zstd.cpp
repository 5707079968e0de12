// SPDX-License-Identifier: BSL-1.0
#include <zstd.h>
#include <zstd_errors.h>

#include <memory>
#include <new>

#include "codecs.hpp"
#include "format_error.hpp"

namespace formats::codecs {

std::optional<std::size_t> unzstd(std::span<const std::byte> file, std::span<std::byte> data) {
    // To ZSTD_decompress, no bytes are a whole file.
    if (file.empty()) throw format_error("the zstd file is cut off");
    const std::size_t made = ZSTD_decompress(data.data(), data.size(), file.data(), file.size());
    if (!ZSTD_isError(made)) return made;
    if (ZSTD_getErrorCode(made) == ZSTD_error_dstSize_tooSmall) return std::nullopt;
    throw format_error(std::string("the zstd file is damaged or cut off: ") + ZSTD_getErrorName(made));
}

std::size_t zstd(std::span<const std::byte> data, int level, std::span<std::byte> file) {
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> state(ZSTD_createCCtx(), ZSTD_freeCCtx);
    if (!state) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(state.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(state.get(), ZSTD_c_checksumFlag, 1);
    const std::size_t made = ZSTD_compress2(state.get(), file.data(), file.size(), data.data(), data.size());
    if (ZSTD_isError(made))
        throw format_error(std::string("zstd does not compress: ") + ZSTD_getErrorName(made));
    return made;
}

std::size_t zstd_bound(std::size_t bytes) { return ZSTD_compressBound(bytes); }

}  // namespace formats::codecs
