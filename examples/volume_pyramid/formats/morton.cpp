// SPDX-License-Identifier: BSL-1.0
#include "morton.hpp"

#include <bit>
#include <cstddef>
#include <string>

#include "format_error.hpp"

namespace formats {

morton_code::morton_code(const grid_index& chunks) : chunks_(chunks) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
        if (chunks[axis] == 0) throw format_error("a grid of chunks has an extent of 0");
        bits_[axis] = static_cast<unsigned>(std::bit_width(chunks[axis] - 1));
    }
    if (bits() > 64) throw format_error("the numbers of so many chunks have more than 64 bits");
}

std::uint64_t morton_code::count() const {
    std::uint64_t n = 1;
    for (const std::uint64_t extent : chunks_) {
        if (n > (std::uint64_t{1} << 63) / extent) throw format_error("there are more than 2^63 chunks");
        n *= extent;
    }
    return n;
}

std::uint64_t morton_code::id_of(const grid_index& place) const {
    if (!is_inside(place)) throw format_error("a chunk lies outside of the volume");
    std::uint64_t id = 0;
    unsigned next = 0;
    for_each_bit([&](std::size_t axis, unsigned bit) { id |= (place[axis] >> bit & 1) << next++; });
    return id;
}

grid_index morton_code::place_of(std::uint64_t id) const {
    grid_index place{};
    unsigned next = 0;
    for_each_bit([&](std::size_t axis, unsigned bit) { place[axis] |= (id >> next++ & 1) << bit; });
    return place;
}

bool morton_code::is_inside(const grid_index& place) const {
    return place[0] < chunks_[0] && place[1] < chunks_[1] && place[2] < chunks_[2];
}

std::array<unsigned, 3> morton_code::deal(unsigned low_bits) const {
    std::array<unsigned, 3> of{};
    for_each_bit([&](std::size_t axis, unsigned) {
        if (low_bits == 0) return;
        --low_bits;
        ++of[axis];
    });
    return of;
}

}  // namespace formats
