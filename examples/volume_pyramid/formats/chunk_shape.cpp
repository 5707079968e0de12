// SPDX-License-Identifier: BSL-1.0
#include "chunk_shape.hpp"

#include <algorithm>

#include "format_error.hpp"

namespace formats {
namespace {

struct entry {
    std::string_view name;
    std::size_t bytes;
};

// In the order of sample_type.
constexpr std::array<entry, 10> types{{{"uint8", 1},
                                       {"int8", 1},
                                       {"uint16", 2},
                                       {"int16", 2},
                                       {"uint32", 4},
                                       {"int32", 4},
                                       {"uint64", 8},
                                       {"int64", 8},
                                       {"float32", 4},
                                       {"float64", 8}}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr std::size_t most_bytes = std::size_t{1} << 40;

std::size_t product(std::size_t a, std::size_t b) {
    if (b == 0) throw format_error("a chunk has an extent of 0");
    if (a > most_bytes / b) throw format_error("a chunk has more than 2^40 bytes");
    return a * b;
}

}  // namespace

std::size_t bytes_of(sample_type type) { return types[static_cast<std::size_t>(type)].bytes; }

std::string_view name_of(sample_type type) { return types[static_cast<std::size_t>(type)].name; }

sample_type sample_type_of(std::string_view name) {
    std::string small(name);
    std::transform(small.begin(), small.end(), small.begin(), lower);
    for (std::size_t i = 0; i < types.size(); ++i)
        if (types[i].name == small) return static_cast<sample_type>(i);
    throw format_error("data_type is '" + std::string(name) +
                       "'; 8 to 64 bit integers, float32 and float64 are supported");
}

std::size_t voxels_of(const chunk_shape& shape) {
    return product(product(product(1, shape.extent[0]), shape.extent[1]), shape.extent[2]);
}

std::size_t bytes_of(const chunk_shape& shape) {
    return product(product(voxels_of(shape), shape.channels), bytes_of(shape.type));
}

std::string text_of(const chunk_shape& shape) {
    std::string text = std::to_string(shape.extent[0]);
    for (const std::size_t extent : {shape.extent[1], shape.extent[2]})
        text.append("x").append(std::to_string(extent));
    text.append(" voxels of ");
    if (shape.channels != 1) text.append(std::to_string(shape.channels)).append(" ");
    return text.append(name_of(shape.type));
}

}  // namespace formats
