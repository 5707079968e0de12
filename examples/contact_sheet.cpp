// SPDX-License-Identifier: BSL-1.0
#include "contact_sheet.hpp"

#include <png.h>

#include <array>
#include <cmath>
#include <string_view>

namespace contact_sheet {
namespace {

constexpr index_t largest_panel = 512, smallest_panel = 256, thinnest_panel = 16;
constexpr index_t margin = 12, caption_height = 26, glyph_zoom = 2, glyph_step = 6 * glyph_zoom;
constexpr rgb paper{24, 26, 30}, ink{222, 226, 232};

struct glyph {
    char character;
    std::array<std::uint8_t, 7> rows;  // five bits each, the leftmost the highest
};
constexpr glyph glyphs[] = {
    {'0', {0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110}},
    {'1', {0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110}},
    {'2', {0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111}},
    {'3', {0b11110, 0b00001, 0b00001, 0b01110, 0b00001, 0b00001, 0b11110}},
    {'4', {0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010}},
    {'5', {0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110}},
    {'6', {0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110}},
    {'7', {0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000}},
    {'8', {0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110}},
    {'9', {0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100}},
    {'m', {0b00000, 0b00000, 0b11010, 0b10101, 0b10101, 0b10101, 0b10101}},
    {'i', {0b00100, 0b00000, 0b01100, 0b00100, 0b00100, 0b00100, 0b01110}},
    {'p', {0b00000, 0b00000, 0b11110, 0b10001, 0b11110, 0b10000, 0b10000}},
    {'x', {0b00000, 0b00000, 0b10001, 0b01010, 0b00100, 0b01010, 0b10001}},
};

void draw_text(picture& canvas, std::string_view text, index_t left, index_t top) {
    for (const char character : text) {
        for (const glyph& g : glyphs) {
            if (g.character != character) continue;
            for (index_t y = 0; y < 7 * glyph_zoom; ++y)
                for (index_t x = 0; x < 5 * glyph_zoom; ++x)
                    if (g.rows[std::size_t(y / glyph_zoom)] >> (4 - x / glyph_zoom) & 1)
                        canvas.at(left + x, top + y) = ink;
        }
        left += glyph_step;
    }
}

index_t ceil_div(index_t a, index_t b) { return a / b + (a % b != 0); }

}  // namespace

framing frame(std::size_t horizontal, std::size_t vertical, index_t voxels_across, index_t voxels_down) {
    const index_t longest = std::max(voxels_across, voxels_down);
    const auto pixels = [&](index_t voxels) {
        const index_t fitted = longest > largest_panel
                                   ? index_t(double(voxels) * double(largest_panel) / double(longest))
                                   : voxels * std::max(index_t{1}, smallest_panel / longest);
        return std::max(fitted, thinnest_panel);
    };
    return {horizontal, vertical, voxels_across, voxels_down, pixels(voxels_across), pixels(voxels_down)};
}

voxel_range shown(index_t pixel, index_t pixels, index_t voxels, index_t factor) {
    const index_t begin = pixel * voxels / pixels / factor;
    // Voxels of mip 0, when there are more of them than pixels, are shared out; a coarser mip has the same
    // places.
    const index_t end = std::max(begin + 1, (pixel + 1) * voxels / pixels / factor);
    return {begin, std::min(end, ceil_div(voxels, factor))};
}

rgb colour_of_label(std::uint64_t label) {
    if (label == 0) return {};
    // The finaliser of splitmix64 (Steele, Lea and Flood, 2014): neighbouring labels get unlike colours.
    label = (label ^ label >> 30) * 0xbf58476d1ce4e5b9u;
    label = (label ^ label >> 27) * 0x94d049bb133111ebu;
    label ^= label >> 31;
    const double hue = double(label & 0xffff) / 65536.0 * 6.0;
    const double value = 0.62 + 0.38 * double(label >> 16 & 0xff) / 255.0;
    const double saturation = 0.45 + 0.40 * double(label >> 24 & 0xff) / 255.0;
    const auto channel = [&](double offset) {
        const double k = std::fmod(offset + hue, 6.0);
        const double level = value - value * saturation * std::clamp(std::min(k, 4.0 - k), 0.0, 1.0);
        return static_cast<std::uint8_t>(std::lround(255.0 * level));
    };
    return {channel(5), channel(3), channel(1)};
}

rgb contrast::operator()(double value) const {
    const double level = std::isnan(value) ? 0.0 : std::clamp((value - low) / (high - low), 0.0, 1.0);
    const auto grey = static_cast<std::uint8_t>(std::lround(255.0 * level));
    return {grey, grey, grey};
}

contrast contrast_of(std::vector<double> values) {
    std::erase_if(values, [](double v) { return !std::isfinite(v); });
    if (values.empty()) return {};
    const std::ptrdiff_t tail = std::ssize(values) / 200;
    std::nth_element(values.begin(), values.begin() + tail, values.end());
    const double low = values[std::size_t(tail)];
    std::nth_element(values.begin(), values.end() - 1 - tail, values.end());
    const double high = *(values.end() - 1 - tail);
    return high > low ? contrast{low, high} : contrast{low - 0.5, low + 0.5};
}

picture arrange(const std::vector<std::pair<std::string, picture>>& panels) {
    const index_t count = std::ssize(panels);
    const index_t columns = index_t(std::ceil(std::sqrt(double(count))));
    const index_t rows = ceil_div(count, columns);
    index_t cell_width = 1, cell_height = 1;
    for (const auto& [caption, panel] : panels) {
        cell_width = std::max({cell_width, panel.width, std::ssize(caption) * glyph_step});
        cell_height = std::max(cell_height, panel.height + caption_height);
    }
    picture sheet(margin + columns * (cell_width + margin), margin + rows * (cell_height + margin), paper);
    for (index_t i = 0; i < count; ++i) {
        const auto& [caption, panel] = panels[std::size_t(i)];
        const index_t left = margin + i % columns * (cell_width + margin);
        const index_t top = margin + i / columns * (cell_height + margin);
        draw_text(sheet, caption, left, top);
        for (index_t y = 0; y < panel.height; ++y)
            std::copy_n(&panel.at(0, y), panel.width, &sheet.at(left, top + caption_height + y));
    }
    return sheet;
}

bool write_png(std::FILE* file, const picture& image) {
    const bool grey = std::all_of(image.pixels.begin(), image.pixels.end(), [](rgb p) {
        return std::max({p.red, p.green, p.blue}) - std::min({p.red, p.green, p.blue}) < 16;
    });
    std::vector<std::uint8_t> bytes;
    for (const rgb p : image.pixels) {
        bytes.push_back(p.red);
        if (!grey) bytes.insert(bytes.end(), {p.green, p.blue});
    }
    png_image png{};
    png.version = PNG_IMAGE_VERSION;
    png.width = static_cast<png_uint_32>(image.width);
    png.height = static_cast<png_uint_32>(image.height);
    png.format = grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    return png_image_write_to_stdio(&png, file, 0, bytes.data(), 0, nullptr) != 0;
}

}  // namespace contact_sheet
