// SPDX-License-Identifier: BSL-1.0
#include "strided_copy.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

#include "little_endian.hpp"

namespace formats {
namespace {

// Shifts, which compilers know for what they are.
std::uint8_t reversed(std::uint8_t value) { return value; }
std::uint16_t reversed(std::uint16_t value) { return static_cast<std::uint16_t>(value << 8 | value >> 8); }
std::uint32_t reversed(std::uint32_t value) {
    return value << 24 | (value << 8 & 0xff0000) | (value >> 8 & 0xff00) | value >> 24;
}
std::uint64_t reversed(std::uint64_t value) {
    return std::uint64_t{reversed(static_cast<std::uint32_t>(value))} << 32 |
           reversed(static_cast<std::uint32_t>(value >> 32));
}

template <class T, bool Swapped>
void copy_one(const std::byte* from, std::byte* to) {
    const T value = load<T>(from);
    store(to, Swapped ? reversed(value) : value);
}

template <class T, bool Swapped>
void copy_row(const std::byte* from, std::byte* to, const copy_axis& row) {
    if (!Swapped && row.from == 1 && row.to == 1) {
        std::memcpy(to, from, row.extent * sizeof(T));
        return;
    }
    for (std::size_t i = 0; i < row.extent; ++i)
        copy_one<T, Swapped>(from + i * row.from * sizeof(T), to + i * row.to * sizeof(T));
}

// Where one axis is fastest in the source and another in the target: tiles, so that what one row brings into
// the cache is there for the next ones.
template <class T, bool Swapped>
void copy_plane(const std::byte* from, std::byte* to, const copy_axis& row, const copy_axis& column) {
    constexpr std::size_t tile = 32;
    const std::size_t width = row.from == 1 ? row.extent : tile;
    for (std::size_t j = 0; j < column.extent; j += tile)
        for (std::size_t i = 0; i < row.extent; i += width)
            for (std::size_t k = j; k < std::min(j + tile, column.extent); ++k)
                copy_row<T, Swapped>(from + (i * row.from + k * column.from) * sizeof(T),
                                     to + (i * row.to + k * column.to) * sizeof(T),
                                     {std::min(width, row.extent - i), row.from, row.to});
}

template <class T, bool Swapped>
void copy_axes(const std::byte* from, std::byte* to, std::span<const copy_axis> axes) {
    if (axes.empty()) return copy_one<T, Swapped>(from, to);
    if (axes.size() == 1) return copy_row<T, Swapped>(from, to, axes[0]);
    if (axes.size() == 2) return copy_plane<T, Swapped>(from, to, axes[0], axes[1]);
    const copy_axis& slowest = axes.back();
    for (std::size_t i = 0; i < slowest.extent; ++i)
        copy_axes<T, Swapped>(from + i * slowest.from * sizeof(T), to + i * slowest.to * sizeof(T),
                              axes.first(axes.size() - 1));
}

template <class T>
void copy_typed(const std::byte* from, std::byte* to, std::span<const copy_axis> axes, bool swapped) {
    if (swapped) return copy_axes<T, true>(from, to, axes);
    copy_axes<T, false>(from, to, axes);
}

}  // namespace

std::vector<copy_axis> simplified(std::vector<copy_axis> axes) {
    std::erase_if(axes, [](const copy_axis& axis) { return axis.extent == 1; });
    std::sort(axes.begin(), axes.end(), [](const copy_axis& a, const copy_axis& b) { return a.to < b.to; });
    std::vector<copy_axis> simple;
    for (const copy_axis& axis : axes) {
        if (!simple.empty() && axis.from == simple.back().from * simple.back().extent &&
            axis.to == simple.back().to * simple.back().extent)
            simple.back().extent *= axis.extent;
        else
            simple.push_back(axis);
    }
    return simple;
}

bool is_one_run(const std::vector<copy_axis>& simple) {
    return simple.empty() || (simple.size() == 1 && simple[0].from == 1 && simple[0].to == 1);
}

void copy_elements(const std::byte* from, std::byte* to, const std::vector<copy_axis>& simple,
                   std::size_t element_bytes, bool swapped) {
    // The plane of the axes that are fastest in either is what is cut into tiles.
    std::vector<copy_axis> axes = simple;
    if (axes.size() > 2)
        std::iter_swap(axes.begin() + 1, std::min_element(axes.begin() + 1, axes.end(),
                                                          [](const copy_axis& a, const copy_axis& b) {
                                                              return a.from < b.from;
                                                          }));
    switch (element_bytes) {
        case 1:
            return copy_typed<std::uint8_t>(from, to, axes, false);
        case 2:
            return copy_typed<std::uint16_t>(from, to, axes, swapped);
        case 4:
            return copy_typed<std::uint32_t>(from, to, axes, swapped);
        default:
            return copy_typed<std::uint64_t>(from, to, axes, swapped);
    }
}

}  // namespace formats
