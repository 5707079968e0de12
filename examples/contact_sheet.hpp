// SPDX-License-Identifier: BSL-1.0
// The middle slice of every mip, side by side and all of one size, as a PNG.
#pragma once

#include <tinybrain/tinybrain.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace contact_sheet {

using index_t = tinybrain::index_t;

struct rgb {
    std::uint8_t red = 0, green = 0, blue = 0;
};

struct picture {
    index_t width = 0, height = 0;
    std::vector<rgb> pixels;  // rows from the top

    picture(index_t w, index_t h, rgb fill = {}) : width(w), height(h), pixels(std::size_t(w * h), fill) {}
    rgb& at(index_t x, index_t y) { return pixels[std::size_t(y * width + x)]; }
    const rgb& at(index_t x, index_t y) const { return pixels[std::size_t(y * width + x)]; }
};

// Where a pixel of a panel looks: the panel covers the same part of the specimen at every mip.
struct framing {
    std::size_t horizontal = 0, vertical = 1;    // axes of the volume
    index_t voxels_across = 1, voxels_down = 1;  // of mip 0
    index_t panel_width = 1, panel_height = 1;   // pixels
};
framing frame(std::size_t horizontal, std::size_t vertical, index_t voxels_across, index_t voxels_down);

// The voxels of a mip, `factor` times coarser than mip 0, that pixel `pixel` of `pixels` shows: one, or more
// where a panel has fewer pixels than the mip has voxels.
struct voxel_range {
    index_t begin, end;
};
voxel_range shown(index_t pixel, index_t pixels, index_t voxels, index_t factor);

rgb colour_of_label(std::uint64_t label);  // 0 is black

// Grey levels from `low` (black) to `high` (white).
struct contrast {
    double low = 0, high = 255;
    rgb operator()(double value) const;
};
contrast contrast_of(std::vector<double> values);  // all but the extreme half per cent on either side

// The panels with their captions, in rows.
picture arrange(const std::vector<std::pair<std::string, picture>>& panels);
bool write_png(std::FILE* file, const picture& image);

template <class T, std::size_t Rank>
tinybrain::volume_view<const T, 2> middle_slice(const tinybrain::volume_view<const T, Rank>& volume,
                                                const framing& f) {
    const T* origin = volume.data();
    for (std::size_t axis = 0; axis < Rank; ++axis)
        if (axis != f.horizontal && axis != f.vertical)
            origin += volume.extent(axis) / 2 * volume.stride(axis);
    return {origin,
            {volume.extent(f.horizontal), volume.extent(f.vertical)},
            {volume.stride(f.horizontal), volume.stride(f.vertical)}};
}

// One value for each pixel of a panel: the mean of the voxels it shows.
template <class T>
std::vector<double> image_values(const tinybrain::volume_view<const T, 2>& slice, const framing& f,
                                 index_t factor_across, index_t factor_down) {
    std::vector<double> values;
    for (index_t py = 0; py < f.panel_height; ++py) {
        const voxel_range rows = shown(py, f.panel_height, f.voxels_down, factor_down);
        for (index_t px = 0; px < f.panel_width; ++px) {
            const voxel_range columns = shown(px, f.panel_width, f.voxels_across, factor_across);
            double sum = 0;
            for (index_t y = rows.begin; y < rows.end; ++y)
                for (index_t x = columns.begin; x < columns.end; ++x) sum += static_cast<double>(slice(x, y));
            values.push_back(sum / double((rows.end - rows.begin) * (columns.end - columns.begin)));
        }
    }
    return values;
}

template <class T>
picture label_picture(const tinybrain::volume_view<const T, 2>& slice, const framing& f,
                      index_t factor_across, index_t factor_down) {
    picture panel(f.panel_width, f.panel_height);
    for (index_t py = 0; py < f.panel_height; ++py)
        for (index_t px = 0; px < f.panel_width; ++px) {
            const T label = slice(shown(px, f.panel_width, f.voxels_across, factor_across).begin,
                                  shown(py, f.panel_height, f.voxels_down, factor_down).begin);
            std::uint64_t bits = 0;
            std::memcpy(&bits, &label, sizeof label);
            panel.at(px, py) = colour_of_label(bits);
        }
    return panel;
}

}  // namespace contact_sheet
