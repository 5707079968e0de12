// SPDX-License-Identifier: BSL-1.0
#include "shard_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "format_error.hpp"
#include "little_endian.hpp"

namespace formats {
namespace {

// What an index takes in the cache, the containers' share included.
std::size_t memory_of(std::size_t entries) { return entries * sizeof(shard_entry) + 256; }

constexpr std::uint64_t index_entry_bytes = 24;

}  // namespace

shard_reader::shard_reader(const range_source& files, const shard_spec& spec, const morton_code& grid,
                           std::size_t cache_bytes)
    : files_(files), spec_(spec), grid_(grid), kept_(cache_bytes) {}

bool shard_reader::read(std::uint64_t chunk, std::size_t most, std::vector<std::byte>& bytes) {
    const auto entry = find(chunk);
    if (!entry) return false;
    const std::string name = spec_.file_of(spec_.place_of(chunk).shard);
    named(files_, name, [&] {
        const bool packed = spec_.data_encoding != compression::none;
        const std::uint64_t most_stored = packed ? compressed_bound(spec_.data_encoding, most) + 4096 : most;
        if (entry->bytes > most_stored)
            throw format_error("chunk " + std::to_string(chunk) + " has " + std::to_string(entry->bytes) +
                               " bytes, more than the " + std::to_string(most_stored) + " that are possible");
        std::vector<std::byte> stored(entry->bytes);
        files_.read(name, spec_.index_bytes() + entry->begin, stored);
        if (!packed) {
            bytes.swap(stored);
            return;
        }
        try {
            decompress(spec_.data_encoding, stored, most, bytes);
        } catch (const format_error& problem) {
            throw format_error("chunk " + std::to_string(chunk) + ": " + problem.what());
        }
    });
    return true;
}

std::optional<shard_entry> shard_reader::find(std::uint64_t chunk) {
    const std::shared_ptr<const entries> index = index_of(spec_.place_of(chunk));
    if (!index) return std::nullopt;
    const auto found = std::lower_bound(index->begin(), index->end(), chunk,
                                        [](const shard_entry& e, std::uint64_t id) { return e.chunk < id; });
    if (found == index->end() || found->chunk != chunk) return std::nullopt;
    return *found;
}

std::shared_ptr<const shard_reader::entries> shard_reader::index_of(const shard_place& place) {
    return kept_.get(
        {place.shard, place.minishard}, [&] { return read_index(place); },
        [](const entries& index) { return memory_of(index.size()); });
}

std::shared_ptr<const shard_reader::entries> shard_reader::read_index(const shard_place& place) const {
    const std::string name = spec_.file_of(place.shard);
    return named(files_, name, [&]() -> std::shared_ptr<const entries> {
        const std::optional<std::uint64_t> file_bytes = files_.size_of(name);
        if (!file_bytes) return nullptr;
        try {
            return std::make_shared<const entries>(parse_index(place, *file_bytes));
        } catch (const format_error& problem) {
            throw format_error("minishard " + std::to_string(place.minishard) + ": " + problem.what());
        }
    });
}

shard_reader::entries shard_reader::parse_index(const shard_place& place, std::uint64_t file_bytes) const {
    const std::string name = spec_.file_of(place.shard);
    if (file_bytes < spec_.index_bytes())
        throw format_error("the file has " + std::to_string(file_bytes) +
                           " bytes, fewer than the shard's index");
    const std::uint64_t data_bytes = file_bytes - spec_.index_bytes();
    std::array<std::byte, 16> range;
    files_.read(name, place.minishard * range.size(), range);
    const auto begin = load<std::uint64_t>(range.data()), end = load<std::uint64_t>(range.data() + 8);
    if (begin == end) return {};
    if (begin > end || end > data_bytes)
        throw format_error("its index, bytes " + std::to_string(begin) + " to " + std::to_string(end) +
                           ", lies outside of the file");
    const std::uint64_t most = most_entries() * index_entry_bytes;
    const bool packed = spec_.index_encoding != compression::none;
    const std::uint64_t most_stored = packed ? compressed_bound(spec_.index_encoding, most) + 4096 : most;
    if (end - begin > most_stored)
        throw format_error("its index of " + std::to_string(end - begin) +
                           " bytes has more chunks than a minishard can");
    std::vector<std::byte> index(end - begin), unpacked;
    files_.read(name, spec_.index_bytes() + begin, index);
    if (packed) {
        decompress(spec_.index_encoding, index, most, unpacked);
        index.swap(unpacked);
    }
    entries parsed = decode_minishard_index(index, data_bytes);
    check_belong(parsed, place);
    return parsed;
}

// A hash may put all chunks into one minishard; without, those whose bits above and below the places' are
// free.
std::uint64_t shard_reader::most_entries() const {
    const std::uint64_t all = std::min(grid_.count(), std::uint64_t{1} << 50);
    if (spec_.hash != shard_hash::identity) return all;
    const unsigned below = std::min(spec_.preshift_bits, grid_.bits());
    const unsigned of_place = spec_.minishard_bits + spec_.shard_bits;
    const unsigned above = grid_.bits() - below > of_place ? grid_.bits() - below - of_place : 0;
    return below + above > 50 ? all : std::min(all, std::uint64_t{1} << (below + above));
}

void shard_reader::check_belong(const entries& index, const shard_place& place) const {
    for (const shard_entry& e : index) {
        const bool is_id = grid_.bits() > 63 || e.chunk >> grid_.bits() == 0;
        if (!is_id || !grid_.is_inside(grid_.place_of(e.chunk)) || spec_.place_of(e.chunk) != place)
            throw format_error("chunk " + std::to_string(e.chunk) + " does not belong there");
    }
}

}  // namespace formats
