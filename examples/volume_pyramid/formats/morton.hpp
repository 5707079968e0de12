// SPDX-License-Identifier: BSL-1.0
// The number that a sharded volume gives to a chunk: the bits of its place in the grid of chunks, dealt in
// turn by x, y and z, each axis as long as it has bits ("compressed Morton code").
#pragma once

#include <array>
#include <cstdint>

namespace formats {

using grid_index = std::array<std::uint64_t, 3>;  // x, y, z

class morton_code {
public:
    // chunks: how many there are along each axis, from 1. Throws format_error where ids would have more than
    // 64 bits.
    explicit morton_code(const grid_index& chunks);

    const grid_index& chunks() const { return chunks_; }
    // How many chunks there are; throws format_error from 2^63 on.
    std::uint64_t count() const;
    // Bits of an id; 0 for one chunk.
    unsigned bits() const { return bits_[0] + bits_[1] + bits_[2]; }

    // place: inside of the grid, or format_error.
    std::uint64_t id_of(const grid_index& place) const;
    // The reverse. It may lie outside of the grid where an extent is no power of two.
    grid_index place_of(std::uint64_t id) const;
    bool is_inside(const grid_index& place) const;

    // The low bits of an id number the chunks of a box of 2^bits[0] x 2^bits[1] x 2^bits[2]: how many are
    // each axis's.
    std::array<unsigned, 3> deal(unsigned low_bits) const;

private:
    // f(axis, bit of that axis) for each bit of an id, from the lowest.
    template <class F>
    void for_each_bit(F&& f) const {
        for (unsigned i = 0; i < 64; ++i)
            for (std::size_t axis = 0; axis < 3; ++axis)
                if (i < bits_[axis]) f(axis, i);
    }

    grid_index chunks_;
    std::array<unsigned, 3> bits_{};
};

}  // namespace formats
