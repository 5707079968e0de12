// SPDX-License-Identifier: BSL-1.0
#include "packing.hpp"

#include <algorithm>
#include <cstring>

#include "codecs.hpp"
#include "crc32c.hpp"
#include "format_error.hpp"
#include "little_endian.hpp"

namespace formats {
namespace {

using bytes = std::span<const std::byte>;

constexpr std::size_t crc_bytes = 4;
constexpr double mebibyte = 1 << 20;

// The most bytes that a step makes of so many, as it makes them here.
std::size_t bound(const by_compression& step, std::size_t n) { return compressed_bound(step.kind, n); }
std::size_t bound(const by_crc32c&, std::size_t n) { return n + crc_bytes; }

void pack_step(const by_compression& step, bytes data, std::vector<std::byte>& file) {
    compress(step.kind, step.level, data, file);
}
void pack_step(const by_crc32c&, bytes data, std::vector<std::byte>& file) {
    file.resize(data.size() + crc_bytes);
    std::copy(data.begin(), data.end(), file.begin());
    store(file.data() + data.size(), crc32c(data));
}

// Nothing of `data` is more than `most`.
bytes unpack_step(const by_compression& step, bytes file, std::size_t most, std::vector<std::byte>& data) {
    decompress(step.kind, file, most, data);
    return data;
}
bytes unpack_step(const by_crc32c&, bytes file, std::size_t most, std::vector<std::byte>&) {
    if (file.size() < crc_bytes) throw format_error("is cut off: it ends before its crc32c");
    const bytes data = file.first(file.size() - crc_bytes);
    if (crc32c(data) != load<std::uint32_t>(file.data() + data.size()))
        throw format_error("is damaged or cut off: its crc32c is another");
    if (data.size() > most)
        throw format_error("holds " + std::to_string(data.size()) + " bytes, more than the " +
                           std::to_string(most) + " that are possible");
    return data;
}

// All of `data`.
void unpack_last(const by_compression& step, bytes file, std::span<std::byte> data) {
    decompress_exactly(step.kind, file, data);
}
void unpack_last(const by_crc32c& step, bytes file, std::span<std::byte> data) {
    std::vector<std::byte> none;
    decompress_exactly(compression::none, unpack_step(step, file, file.size(), none), data);
}

// What the libraries allocate while they work on so many bytes.
double state_to_unpack(const by_compression& step, std::size_t) {
    if (step.kind == compression::xz) return double(codecs::most_xz_memory);
    return (step.kind == compression::bzip2 ? 4 : 1) * mebibyte;
}
double state_to_unpack(const by_crc32c&, std::size_t) { return 0; }

double state_to_pack(const by_compression& step, std::size_t n) {
    switch (step.kind) {
        case compression::brotli:
        case compression::zstd:
            return 24 * double(n) + 18 * mebibyte;
        case compression::xz:  // whose window is no larger than the data
            return 13 * double(n) + 16 * mebibyte;
        case compression::bzip2:
            return 8 * mebibyte;
        default:
            return mebibyte;
    }
}
double state_to_pack(const by_crc32c&, std::size_t) { return 0; }

std::string text_of(const by_compression& step) {
    return std::string(name_of(step.kind)) + " " + std::to_string(step.level);
}
std::string text_of(const by_crc32c&) { return "crc32c"; }
std::string text_of(const blosc_options& step) {
    constexpr const char* shuffles[] = {"noshuffle", "shuffle", "bitshuffle"};
    return "blosc " + step.cname + " " + std::to_string(step.level) + " " + shuffles[step.shuffle];
}

#ifdef FORMATS_WITH_BLOSC
std::size_t bound(const blosc_options&, std::size_t n) { return codecs::blosc_bound(n); }
void pack_step(const blosc_options& step, bytes data, std::vector<std::byte>& file) {
    file.resize(codecs::blosc_bound(data.size()));
    file.resize(codecs::blosc(data, step, file));
}
bytes unpack_step(const blosc_options&, bytes file, std::size_t most, std::vector<std::byte>& data) {
    data.resize(most);
    const auto made = codecs::unblosc(file, data);
    if (!made) throw format_error("holds more than the " + std::to_string(most) + " bytes that are possible");
    data.resize(*made);
    return data;
}
void unpack_last(const blosc_options&, bytes file, std::span<std::byte> data) {
    codecs::check_filled(codecs::unblosc(file, data), data.size());
}
#else
// blosc_step() lets none come so far.
std::size_t bound(const blosc_options&, std::size_t n) { return n; }
void pack_step(const blosc_options& step, bytes, std::vector<std::byte>&) { blosc_step(step); }
bytes unpack_step(const blosc_options& step, bytes file, std::size_t, std::vector<std::byte>&) {
    blosc_step(step);
    return file;
}
void unpack_last(const blosc_options& step, bytes, std::span<std::byte>) { blosc_step(step); }
#endif
// Blocks, one of them shuffled, and what its compressor keeps.
double state_to_unpack(const blosc_options&, std::size_t n) { return 4 * double(n) + mebibyte; }
double state_to_pack(const blosc_options&, std::size_t n) { return 12 * double(n) + 18 * mebibyte; }

}  // namespace

packing_step compression_step(compression kind, long long level, long long usual) {
    if (!is_available(kind))
        throw format_error("this program was built without " + std::string(name_of(kind)));
    const level_range levels = levels_of(kind);
    const long long nearest = std::clamp<long long>(level, levels.lowest, levels.highest);
    return by_compression{kind, level == usual ? levels.usual : static_cast<int>(nearest)};
}

packing_step blosc_step(const blosc_options& options) {
#ifdef FORMATS_WITH_BLOSC
    if (!codecs::has_blosc(options.cname))
        throw format_error("blosc was built without '" + options.cname + "'");
    return options;
#else
    throw format_error("this program was built without blosc (" + options.cname + ")");
#endif
}

void packing::check(std::size_t bytes) const {
    constexpr std::size_t most_lz4 = 0x7e000000, most_blosc = 0x7fffffff - 16;
    for (const packing_step& step : steps_) {
        const auto* simple = std::get_if<by_compression>(&step);
        const bool is_blosc = std::holds_alternative<blosc_options>(step);
        const bool is_lz4 = simple != nullptr && simple->kind == compression::lz4;
        if ((is_blosc && bytes > most_blosc) || (is_lz4 && bytes > most_lz4))
            throw format_error("a chunk has " + std::to_string(bytes) + " bytes, and " +
                               (is_blosc ? "blosc" : "lz4") + " takes no more than " +
                               std::to_string(is_blosc ? most_blosc : most_lz4));
        bytes = packing({step}).largest_file(bytes);
    }
}

std::span<const std::byte> packing::pack(std::span<const std::byte> data, packing_work& work) const {
    for (const packing_step& step : steps_) {
        std::visit([&](const auto& s) { pack_step(s, data, work.one); }, step);
        work.one.swap(work.other);
        data = work.other;
    }
    return data;
}

void packing::unpack(std::span<const std::byte> file, std::span<std::byte> data, packing_work& work) const {
    if (is_plain()) return decompress_exactly(compression::none, file, data);
    for (std::size_t i = steps_.size(); i-- > 1;) {
        const std::size_t most = packing({steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(i)})
                                     .largest_file(data.size());
        file = std::visit([&](const auto& s) { return unpack_step(s, file, most, work.one); }, steps_[i]);
        if (file.data() == work.one.data()) work.one.swap(work.other);
    }
    std::visit([&](const auto& s) { unpack_last(s, file, data); }, steps_[0]);
}

std::size_t packing::largest_file(std::size_t n) const {
    for (const packing_step& step : steps_) {
        n = std::visit([&](const auto& s) { return bound(s, n); }, step);
        if (!std::holds_alternative<by_crc32c>(step)) n += n / 8 + (std::size_t{64} << 10);
    }
    return n;
}

double packing::memory_to_unpack(std::size_t n) const {
    double state = 0;
    for (const packing_step& step : steps_)
        state = std::max(state, std::visit([&](const auto& s) { return state_to_unpack(s, n); }, step));
    // The last step goes straight to where the data are wanted.
    return state + (steps_.size() > 1 ? 4 * double(largest_file(n)) : 0);
}

double packing::memory_to_pack(std::size_t n) const {
    double state = 0;
    for (const packing_step& step : steps_)
        state = std::max(state, std::visit([&](const auto& s) { return state_to_pack(s, n); }, step));
    // Two buffers, which may have been too small for a later step, and then grow by doubling.
    return state + (steps_.size() > 1 ? 4 : is_plain() ? 0 : 2) * double(largest_file(n));
}

std::string packing::text() const {
    std::string text;
    for (const packing_step& step : steps_)
        text.append(text.empty() ? "" : ", ")
            .append(std::visit([](const auto& s) { return text_of(s); }, step));
    return text.empty() ? "none" : text;
}

}  // namespace formats
