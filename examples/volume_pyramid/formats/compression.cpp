// SPDX-License-Identifier: BSL-1.0
#include "compression.hpp"

#include <algorithm>
#include <array>

#include "codecs.hpp"
#include "format_error.hpp"
#include "little_endian.hpp"

namespace formats {
namespace {

struct codec {
    std::string_view name, suffix;
    level_range levels;
    std::optional<std::size_t> (*decompress)(std::span<const std::byte>, std::span<std::byte>);
    std::size_t (*compress)(std::span<const std::byte>, int, std::span<std::byte>);
    std::size_t (*bound)(std::size_t);
};

// In the order of compression; those whose library is missing have no functions.
constexpr std::array<codec, 8> all{{
    {"none", "", {0, 0, 0}, nullptr, nullptr, nullptr},
    {"gzip", ".gz", {1, 6, 9}, codecs::gunzip, codecs::gzip, codecs::gzip_bound},
#ifdef FORMATS_WITH_BROTLI
    {"br", ".br", {0, 5, 11}, codecs::unbrotli, codecs::brotli, codecs::brotli_bound},
#else
    {"br", ".br", {0, 5, 11}, nullptr, nullptr, nullptr},
#endif
#ifdef FORMATS_WITH_ZSTD
    {"zstd", ".zstd", {1, 3, 19}, codecs::unzstd, codecs::zstd, codecs::zstd_bound},
#else
    {"zstd", ".zstd", {1, 3, 19}, nullptr, nullptr, nullptr},
#endif
    {"zlib", "", {1, 6, 9}, codecs::unzlib, codecs::zlib, codecs::zlib_bound},
#ifdef FORMATS_WITH_LZ4
    {"lz4", "", {1, 1, 65537}, codecs::unlz4, codecs::lz4, codecs::lz4_bound},
#else
    {"lz4", "", {1, 1, 65537}, nullptr, nullptr, nullptr},
#endif
#ifdef FORMATS_WITH_BZIP2
    {"bzip2", "", {1, 9, 9}, codecs::unbzip2, codecs::bzip2, codecs::bzip2_bound},
#else
    {"bzip2", "", {1, 9, 9}, nullptr, nullptr, nullptr},
#endif
#ifdef FORMATS_WITH_XZ
    {"xz", "", {0, 6, 9}, codecs::unxz, codecs::xz, codecs::xz_bound},
#else
    {"xz", "", {0, 6, 9}, nullptr, nullptr, nullptr},
#endif
}};
constexpr std::size_t of_whole_files = 4;  // the first of them

const codec& codec_of(compression kind) { return all[static_cast<std::size_t>(kind)]; }

const codec& available_codec(compression kind) {
    const codec& c = codec_of(kind);
    if (!is_available(kind)) throw format_error("this program was built without " + std::string(c.name));
    return c;
}

[[noreturn]] void fail_too_much(std::size_t most) {
    throw format_error("holds more than the " + std::to_string(most) + " bytes that are possible");
}

// deflate makes no more than 258 bytes of 2 bits.
constexpr std::size_t most_gzip_ratio = 1032;

// Where to begin: what a gzip file says of itself, which may be false, or a guess.
std::size_t first_size(compression kind, std::span<const std::byte> file, std::size_t most) {
    const std::size_t floor = std::min<std::size_t>(most, 4096);
    if (kind == compression::gzip && file.size() >= 18)
        return std::clamp<std::size_t>(
            std::min<std::size_t>(load<std::uint32_t>(file.data() + file.size() - 4),
                                  file.size() * most_gzip_ratio),
            floor, most);
    return std::clamp<std::size_t>(file.size() * 4, floor, most);
}

}  // namespace

compression compression_of(std::string_view name) {
    for (std::size_t i = 0; i < of_whole_files; ++i)
        if (all[i].name == name) return static_cast<compression>(i);
    throw format_error("the compression is '" + std::string(name) +
                       "'; none, gzip, br and zstd are supported");
}

std::string_view name_of(compression kind) { return codec_of(kind).name; }
std::string_view suffix_of(compression kind) { return codec_of(kind).suffix; }
level_range levels_of(compression kind) { return codec_of(kind).levels; }

compression compression_of_file(const std::filesystem::path& name) {
    const std::string end = name.extension().string();
    if (end == ".zst") return compression::zstd;
    for (std::size_t i = 1; i < of_whole_files; ++i)
        if (all[i].suffix == end) return static_cast<compression>(i);
    return compression::none;
}

bool looks_like_gzip(std::span<const std::byte> file) {
    return file.size() >= 3 && file[0] == std::byte{0x1f} && file[1] == std::byte{0x8b} &&
           file[2] == std::byte{8};
}

bool is_available(compression kind) {
    return kind == compression::none || codec_of(kind).decompress != nullptr;
}

void compress(compression kind, int level, std::span<const std::byte> data, std::vector<std::byte>& file) {
    const codec& c = available_codec(kind);
    if (level < c.levels.lowest || level > c.levels.highest)
        throw format_error("the level of " + std::string(c.name) + " is " + std::to_string(level) +
                           ", but must be from " + std::to_string(c.levels.lowest) + " to " +
                           std::to_string(c.levels.highest));
    if (kind == compression::none) {
        file.assign(data.begin(), data.end());
        return;
    }
    file.resize(c.bound(data.size()));
    file.resize(c.compress(data, level, file));
}

std::size_t compressed_bound(compression kind, std::size_t bytes) {
    return kind == compression::none ? bytes : available_codec(kind).bound(bytes);
}

void decompress(compression kind, std::span<const std::byte> file, std::size_t most,
                std::vector<std::byte>& data) {
    const codec& c = available_codec(kind);
    if (kind == compression::none) {
        if (file.size() > most) fail_too_much(most);
        data.assign(file.begin(), file.end());
        return;
    }
    for (std::size_t size = first_size(kind, file, most);; size = size > most / 2 ? most : size * 2) {
        data.resize(size);
        if (const auto made = c.decompress(file, data)) {
            data.resize(*made);
            return;
        }
        if (size == most) fail_too_much(most);
    }
}

void decompress_exactly(compression kind, std::span<const std::byte> file, std::span<std::byte> data) {
    const codec& c = available_codec(kind);
    std::optional<std::size_t> made = file.size();
    if (kind != compression::none) {
        made = c.decompress(file, data);
    } else if (file.size() == data.size()) {
        std::copy(file.begin(), file.end(), data.begin());
    }
    codecs::check_filled(made, data.size());
}

void codecs::check_filled(std::optional<std::size_t> made, std::size_t bytes) {
    if (!made || *made != bytes)
        throw format_error("holds " + (made ? std::to_string(*made) : "more than " + std::to_string(bytes)) +
                           " bytes, but the chunk has " + std::to_string(bytes));
}

void codecs::check_zlib_end(std::size_t bytes_behind) {
    if (bytes_behind != 0)
        throw format_error("the zlib stream has " + std::to_string(bytes_behind) + " bytes behind its end");
}

bool codecs::is_padding(std::span<const std::byte> bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{}; });
}

}  // namespace formats
