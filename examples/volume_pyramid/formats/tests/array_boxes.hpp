// SPDX-License-Identifier: BSL-1.0
// Walks over arrays, for tests and for the program that writes and reads arrays of others.
#pragma once

#include "formats/array_chunks.hpp"

namespace cases {

// f(box) for each box of space.
template <class F>
void for_each_box(const formats::array_chunks& chunks, F&& f) {
    formats::grid_index count;
    for (std::size_t i = 0; i < 3; ++i)
        count[i] = (chunks.size()[i] + chunks.chunk_size()[i] - 1) / chunks.chunk_size()[i];
    formats::grid_index box;
    for (box[2] = 0; box[2] < count[2]; ++box[2])
        for (box[1] = 0; box[1] < count[1]; ++box[1])
            for (box[0] = 0; box[0] < count[0]; ++box[0]) f(box);
}

// f(byte in the box, byte in the whole array, how many) for each row along x.
template <class F>
void for_each_row(const formats::array_chunks& chunks, const formats::grid_index& box, F&& f) {
    const formats::chunk_shape shape = chunks.shape_of(box);
    const formats::grid_index all = chunks.size(), step = chunks.chunk_size();
    const auto& n = shape.extent;
    const std::size_t sample = formats::bytes_of(shape.type);
    for (std::size_t c = 0; c < shape.channels; ++c)
        for (std::size_t z = 0; z < n[2]; ++z)
            for (std::size_t y = 0; y < n[1]; ++y)
                f(n[0] * (y + n[1] * (z + n[2] * c)) * sample,
                  (box[0] * step[0] +
                   all[0] * (box[1] * step[1] + y + all[1] * (box[2] * step[2] + z + all[2] * c))) *
                      sample,
                  n[0] * sample);
}

}  // namespace cases
