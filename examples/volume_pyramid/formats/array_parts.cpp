// SPDX-License-Identifier: BSL-1.0
#include "array_parts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "format_error.hpp"
#include "little_endian.hpp"

namespace formats::arrays {
namespace {

constexpr std::uint64_t largest_extent = std::uint64_t{1} << 48;

[[noreturn]] void refuse_fill(const json& value, sample_type type) {
    throw format_error("fill_value is " + value.dump() + ", no " + std::string(name_of(type)));
}

template <class T>
std::vector<std::byte> bytes_of_one(T value) {
    std::vector<std::byte> bytes(sizeof value);
    store(bytes.data(), value);
    return bytes;
}

// Nothing for what is no whole number that T holds. Some writers have 0.0 for any type.
template <class T>
std::optional<T> integer_of(const json& value) {
    using limits = std::numeric_limits<T>;
    if (value.is_boolean()) return static_cast<T>(value.get<bool>());
    if (!value.is_number()) return std::nullopt;
    if (value.is_number_unsigned()) {
        const auto number = value.get<std::uint64_t>();
        if (number > static_cast<std::uint64_t>(limits::max())) return std::nullopt;
        return static_cast<T>(number);
    }
    constexpr double exact = 9007199254740992;
    const double number = value.get<double>();
    if (value.is_number_float() && (!(std::abs(number) <= exact) || number != std::floor(number)))
        return std::nullopt;
    const auto whole = value.get<std::int64_t>();
    // Positive numbers may be of signed type where no text was read.
    if (whole >= 0) return integer_of<T>(json(static_cast<std::uint64_t>(whole)));
    if (std::is_unsigned_v<T> || whole < static_cast<std::int64_t>(limits::min())) return std::nullopt;
    return static_cast<T>(whole);
}

template <class T>
std::vector<std::byte> integer_fill(const json& value, sample_type type) {
    const auto number = integer_of<T>(value);
    if (!number) refuse_fill(value, type);
    return bytes_of_one(*number);
}

template <class T, class Bits>
std::vector<std::byte> float_fill(const json& value, sample_type type, bool bits) {
    using limits = std::numeric_limits<T>;
    if (value.is_number()) {
        const double number = value.get<double>();
        if (std::abs(number) > double(limits::max())) refuse_fill(value, type);
        return bytes_of_one(static_cast<T>(number));
    }
    if (value == "NaN") return bytes_of_one(limits::quiet_NaN());
    if (value == "Infinity") return bytes_of_one(limits::infinity());
    if (value == "-Infinity") return bytes_of_one(-limits::infinity());
    const std::string text = value.is_string() ? value.get<std::string>() : std::string();
    if (!bits || text.size() != 2 + 2 * sizeof(T) || !text.starts_with("0x") ||
        text.find_first_not_of("0123456789abcdefABCDEF", 2) != text.npos)
        refuse_fill(value, type);
    return bytes_of_one(static_cast<Bits>(std::stoull(text.substr(2), nullptr, 16)));
}

void check_axes(const array_form& form) {
    const std::string& axes = form.axes;
    const std::string dimensions = std::to_string(form.shape.size()) + " dimensions";
    if (axes.size() != form.shape.size())
        throw format_error("the array has " + dimensions + ", not the " + std::to_string(axes.size()) +
                           " of '" + axes + "'");
    std::string sorted = axes;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end() ||
        axes.find_first_not_of("abcdefghijklmnopqrstuvwxyz") != axes.npos || axes.find('x') == axes.npos ||
        axes.find('y') == axes.npos)
        throw format_error("the axes are '" + axes +
                           "'; each has to be a small letter of its own, and x and y have to be there");
}

void check_extents(const array_form& form) {
    std::size_t bytes = bytes_of(form.type);
    for (const auto* list : {&form.shape, &form.chunk, &form.shard}) {
        if (list == &form.shard && list->empty()) break;
        if (list->size() != form.axes.size())
            throw format_error("chunks have " + std::to_string(list->size()) + " dimensions, the array " +
                               std::to_string(form.axes.size()));
        for (const std::uint64_t extent : *list)
            if (extent < 1 || extent > largest_extent)
                throw format_error("an extent is " + std::to_string(extent) + ", but must be from 1 to 2^48");
    }
    constexpr std::size_t most = std::size_t{1} << 40;
    for (std::size_t axis = 0; axis < form.axes.size(); ++axis) {
        if (form.chunk[axis] > most / bytes) throw format_error("a chunk has more than 2^40 bytes");
        bytes *= form.chunk[axis];
        if (!form.shard.empty() && form.shard[axis] % form.chunk[axis] != 0)
            throw format_error("shards of " + std::to_string(form.shard[axis]) + " along axis '" +
                               form.axes.substr(axis, 1) + "' are no multiple of chunks of " +
                               std::to_string(form.chunk[axis]));
    }
    double chunks = 1;
    for (std::size_t axis = 0; axis < form.shard.size(); ++axis)
        chunks *= double(form.shard[axis] / form.chunk[axis]);
    if (chunks > double(std::size_t{1} << 28)) throw format_error("a shard has more than 2^28 chunks");
}

}  // namespace

const json& member(const json& in, const char* name) {
    if (!in.is_object()) throw format_error("is no JSON object");
    const auto found = in.find(name);
    if (found == in.end()) throw format_error(std::string("has no member '") + name + "'");
    return *found;
}

std::string text_of(const json& value, const char* name) {
    if (!value.is_string()) throw format_error(std::string(name) + " is " + value.dump() + ", no text");
    return value.get<std::string>();
}

long long number_or(const json& in, const char* name, long long usual) {
    if (!in.contains(name) || in[name].is_null()) return usual;
    if (!in[name].is_number_integer())
        throw format_error(std::string(name) + " is " + in[name].dump() + ", no whole number");
    return in[name].get<long long>();
}

std::vector<std::uint64_t> extents(const json& list, const char* name) {
    const auto good = [](const json& n) { return n.is_number_integer() && n >= 1 && n <= largest_extent; };
    constexpr std::size_t most_axes = 26;
    if (!list.is_array() || list.empty() || list.size() > most_axes ||
        !std::all_of(list.begin(), list.end(), good))
        throw format_error(std::string(name) + " is " + list.dump() +
                           ", but must be a list of whole numbers from 1 to 2^48");
    return list.get<std::vector<std::uint64_t>>();
}

std::vector<std::byte> fill_of(const json& value, sample_type type, bool bits) {
    if (value.is_null()) return std::vector<std::byte>(bytes_of(type));
    switch (type) {
        case sample_type::uint8:
            return integer_fill<std::uint8_t>(value, type);
        case sample_type::int8:
            return integer_fill<std::int8_t>(value, type);
        case sample_type::uint16:
            return integer_fill<std::uint16_t>(value, type);
        case sample_type::int16:
            return integer_fill<std::int16_t>(value, type);
        case sample_type::uint32:
            return integer_fill<std::uint32_t>(value, type);
        case sample_type::int32:
            return integer_fill<std::int32_t>(value, type);
        case sample_type::uint64:
            return integer_fill<std::uint64_t>(value, type);
        case sample_type::int64:
            return integer_fill<std::int64_t>(value, type);
        case sample_type::float32:
            return float_fill<float, std::uint32_t>(value, type, bits);
        case sample_type::float64:
            return float_fill<double, std::uint64_t>(value, type, bits);
    }
    refuse_fill(value, type);
}

packing_step blosc_step_of(const json& options, int shuffle, std::size_t sample_bytes) {
    blosc_options made;
    if (options.contains("cname")) made.cname = text_of(options["cname"], "cname of blosc");
    const long long level = number_or(options, "clevel", made.level),
                    block = number_or(options, "blocksize", 0);
    if (level < 0 || level > 9)
        throw format_error("clevel of blosc is " + std::to_string(level) + ", but must be from 0 to 9");
    if (block < 0 || block > std::numeric_limits<int>::max())
        throw format_error("blocksize of blosc is " + std::to_string(block));
    if (shuffle < 0 || shuffle > 2)
        throw format_error("shuffle of blosc is " + std::to_string(shuffle) + "; 0, 1 and 2 are read");
    made.level = static_cast<int>(level);
    made.shuffle = shuffle;
    made.sample_bytes = sample_bytes;
    made.block_bytes = static_cast<std::size_t>(block);
    return blosc_step(made);
}

details details_of(const array_form& form) {
    if (form.family == array_family::zarr2) return details_of_zarr2(form);
    return form.family == array_family::zarr3 ? details_of_zarr3(form) : details_of_n5(form);
}

array_form checked(array_form form) {
    check_axes(form);
    if (form.family == array_family::zarr2) complete_zarr2(form);
    if (form.family == array_family::zarr3) complete_zarr3(form);
    if (form.family == array_family::n5) complete_n5(form);
    if (form.family != array_family::zarr3 && !form.shard.empty())
        throw format_error("shards are of Zarr 3 alone");
    check_extents(form);
    details_of(form);
    return form;
}

}  // namespace formats::arrays
