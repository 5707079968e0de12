// SPDX-License-Identifier: BSL-1.0
#include "shard_spec.hpp"

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>

#include "format_error.hpp"

namespace formats {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* sharding_type = "neuroglancer_uint64_sharded_v1";

[[noreturn]] void refuse(const std::string& what) { throw format_error("sharding: " + what); }

const json& member(const json& in, const char* name) {
    const auto found = in.find(name);
    if (found == in.end()) refuse(std::string("there is no member '") + name + "'");
    return *found;
}

unsigned bits_member(const json& in, const char* name, unsigned most) {
    const json& value = member(in, name);
    if (!value.is_number_integer() || value < 0 || value > most)
        refuse(std::string(name) + " is " + value.dump() + ", but must be from 0 to " + std::to_string(most));
    return value.get<unsigned>();
}

compression encoding_member(const json& in, const char* name) {
    const auto found = in.find(name);
    if (found == in.end() || *found == "raw") return compression::none;
    if (*found == "gzip") return compression::gzip;
    refuse(std::string(name) + " is " + found->dump() + ", neither \"raw\" nor \"gzip\"");
}

shard_hash hash_member(const json& in) {
    const json& value = member(in, "hash");
    if (value == "identity") return shard_hash::identity;
    if (value == "murmurhash3_x86_128") return shard_hash::murmurhash3_x86_128;
    refuse("hash is " + value.dump() + ", neither \"identity\" nor \"murmurhash3_x86_128\"");
}

const char* name_of_encoding(compression kind) { return kind == compression::gzip ? "gzip" : "raw"; }

// Shifts by 64 and more give 0.
std::uint64_t shifted_right(std::uint64_t value, unsigned bits) { return bits > 63 ? 0 : value >> bits; }
std::uint64_t shifted_left(std::uint64_t value, unsigned bits) { return bits > 63 ? 0 : value << bits; }
std::uint64_t low_bits(std::uint64_t value, unsigned bits) {
    return bits > 63 ? value : value & ((std::uint64_t{1} << bits) - 1);
}

std::uint32_t mixed(std::uint32_t h) {
    h ^= h >> 16;
    h *= 0x85ebca6b;
    h ^= h >> 13;
    h *= 0xc2b2ae35;
    return h ^ (h >> 16);
}

// Shards of `bits` bits of an id: whether each lies inside of one task's box, and is no larger than was
// asked.
bool suits(const morton_code& grid, const shard_wish& wish, unsigned bits) {
    const std::array<unsigned, 3> of = grid.deal(bits);
    std::uint64_t most_chunks = std::max<std::uint64_t>(wish.shard_bytes / wish.chunk_bytes, 1);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const std::uint64_t chunks = of[axis] > 63 ? 0 : std::uint64_t{1} << of[axis];
        const bool whole_axis = wish.task_chunks[axis] >= grid.chunks()[axis];
        if (chunks == 0 || (!whole_axis && wish.task_chunks[axis] % chunks != 0)) return false;
        most_chunks /= std::min(chunks, grid.chunks()[axis]);
    }
    return most_chunks > 0;
}

}  // namespace

std::uint64_t murmurhash3_x86_128(std::uint64_t number) {
    constexpr std::uint32_t c1 = 0x239b961b, c2 = 0xab0e9789, c3 = 0x38b34ae5;
    const auto low = static_cast<std::uint32_t>(number), high = static_cast<std::uint32_t>(number >> 32);
    std::uint32_t h1 = std::rotl(low * c1, 15) * c2, h2 = std::rotl(high * c2, 16) * c3, h3 = 0, h4 = 0;
    for (std::uint32_t* h : {&h1, &h2, &h3, &h4}) *h ^= 8;  // the number's bytes
    h1 += h2 + h3 + h4;
    for (std::uint32_t* h : {&h2, &h3, &h4}) *h += h1;
    for (std::uint32_t* h : {&h1, &h2, &h3, &h4}) *h = mixed(*h);
    h1 += h2 + h3 + h4;
    h2 += h1;
    return std::uint64_t{h2} << 32 | h1;
}

shard_place shard_spec::place_of(std::uint64_t chunk) const {
    const std::uint64_t shifted = shifted_right(chunk, preshift_bits);
    const std::uint64_t hashed = hash == shard_hash::identity ? shifted : murmurhash3_x86_128(shifted);
    return {low_bits(shifted_right(hashed, minishard_bits), shard_bits), low_bits(hashed, minishard_bits)};
}

std::string shard_spec::file_of(std::uint64_t shard) const {
    const std::size_t digits = std::max<std::size_t>((shard_bits + 3) / 4, 1);
    std::string name(digits, '0');
    for (std::size_t i = digits; i-- > 0; shard >>= 4) name[i] = "0123456789abcdef"[shard & 15];
    return name + ".shard";
}

shard_spec parse_sharding(const json& sharding) {
    if (!sharding.is_object()) refuse("is no object");
    if (member(sharding, "@type") != sharding_type)
        refuse("'@type' is " + sharding["@type"].dump() + ", not \"" + sharding_type + "\"");
    shard_spec spec;
    spec.hash = hash_member(sharding);
    spec.preshift_bits = bits_member(sharding, "preshift_bits", 64);
    spec.minishard_bits = bits_member(sharding, "minishard_bits", 32);
    spec.shard_bits = bits_member(sharding, "shard_bits", 64);
    if (spec.minishard_bits + spec.shard_bits > 64) refuse("minishard_bits and shard_bits are more than 64");
    spec.index_encoding = encoding_member(sharding, "minishard_index_encoding");
    spec.data_encoding = encoding_member(sharding, "data_encoding");
    return spec;
}

json to_json(const shard_spec& spec) {
    return {{"@type", sharding_type},
            {"hash", spec.hash == shard_hash::identity ? "identity" : "murmurhash3_x86_128"},
            {"preshift_bits", spec.preshift_bits},
            {"minishard_bits", spec.minishard_bits},
            {"shard_bits", spec.shard_bits},
            {"minishard_index_encoding", name_of_encoding(spec.index_encoding)},
            {"data_encoding", name_of_encoding(spec.data_encoding)}};
}

shard_choice choose_sharding(const morton_code& grid, const shard_wish& wish) {
    if (wish.chunk_bytes == 0) refuse("a chunk of no bytes");
    unsigned bits = 0;
    // A larger box may suit where a smaller one does not: an axis that a task covers wholly may be passed by.
    for (unsigned more = 1; more <= grid.bits(); ++more)
        if (suits(grid, wish, more)) bits = more;
    shard_choice choice;
    // As TensorStore, 512 chunks a minishard; more only where the shard's index would pass 128 KiB.
    choice.spec.minishard_bits = std::min(bits - std::min(bits, 9u), 13u);
    choice.spec.preshift_bits = bits - choice.spec.minishard_bits;
    choice.spec.shard_bits = grid.bits() - bits;
    choice.spec.index_encoding = wish.index_encoding;
    choice.spec.data_encoding = wish.data_encoding;
    const std::array<unsigned, 3> of = grid.deal(bits);
    for (std::size_t axis = 0; axis < 3; ++axis)
        choice.chunks[axis] = std::min(std::uint64_t{1} << of[axis], grid.chunks()[axis]);
    return choice;
}

chunk_box box_of_shard(const morton_code& grid, const shard_spec& spec, std::uint64_t shard) {
    const unsigned bits = spec.preshift_bits + spec.minishard_bits;
    if (spec.hash != shard_hash::identity || bits + spec.shard_bits < grid.bits())
        refuse("its shards are no boxes of chunks");
    if (shifted_right(shard, spec.shard_bits) != 0) refuse("there is no shard " + std::to_string(shard));
    // A shard whose number has bits above those of all ids holds none.
    if (shifted_right(shard, grid.bits() > bits ? grid.bits() - bits : 0) != 0) return {};
    const std::array<unsigned, 3> of = grid.deal(bits);
    chunk_box box;
    box.begin = grid.place_of(shifted_left(shard, bits));
    for (std::size_t axis = 0; axis < 3; ++axis)
        box.end[axis] = box.begin[axis] + (std::uint64_t{1} << std::min(of[axis], 63u));
    return box;
}

}  // namespace formats
