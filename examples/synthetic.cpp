// SPDX-License-Identifier: BSL-1.0
#include "synthetic.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace {

using tinybrain::index_t;

std::uint32_t hash(std::uint32_t x, std::uint32_t y, std::uint32_t z, std::uint32_t purpose) {
    std::uint32_t h = x * 0x8da6b343u ^ y * 0xd8163841u ^ z * 0xcb1ab31fu ^ purpose * 0x9e3779b9u;
    h = (h ^ h >> 16) * 0x7feb352du;
    h = (h ^ h >> 15) * 0x846ca68bu;
    return h ^ h >> 16;
}

float unit(std::uint32_t h) { return float(h >> 8) * (1.0f / 16777216.0f); }

struct point {
    float x, y, z;
};

// Sections are four times as thick as a pixel is wide, as is usual.
constexpr float section = 4.0f;
constexpr float spacing = 54.0f;

struct seed {
    point place;
    float reach;           // thicker cells win more space
    std::uint32_t number;  // of the cell
};

// Cells are the Voronoi cells of one jittered seed in each cube of a lattice.
seed seed_of_cube(int cx, int cy, int cz) {
    const auto x = std::uint32_t(cx), y = std::uint32_t(cy), z = std::uint32_t(cz);
    const auto place = [&](std::uint32_t c, std::uint32_t axis) {
        return (float(std::int32_t(c)) + 0.08f + 0.84f * unit(hash(x, y, z, axis))) * spacing;
    };
    const float reach = 900.0f * unit(hash(x, y, z, 4));
    return {{place(x, 1), place(y, 2), place(z, 3)}, reach, hash(x, y, z, 5)};
}

// A slow swell bends the flat walls of the cells.
point bend(point p) {
    return {p.x + 7.0f * std::sin(p.y * 0.061f + p.z * 0.023f) + 3.0f * std::sin(p.y * 0.171f + 1.0f),
            p.y + 7.0f * std::sin(p.x * 0.053f - p.z * 0.031f + 2.0f) + 3.0f * std::sin(p.x * 0.157f),
            p.z + 4.0f * std::sin(p.x * 0.037f + p.y * 0.029f)};
}

struct neighbourhood {
    float wall;  // distance to the wall of the cell, in pixels
    seed nearest;
};

// The 27 cubes around a point hold every seed that can be nearest; they are kept from one voxel to the next.
class cell_finder {
public:
    neighbourhood find(point p) {
        gather(
            {int(std::floor(p.x / spacing)), int(std::floor(p.y / spacing)), int(std::floor(p.z / spacing))});
        float first = std::numeric_limits<float>::max(), second = first;
        const seed* nearest = seeds_.data();
        for (const seed& s : seeds_) {
            const float dx = p.x - s.place.x, dy = p.y - s.place.y, dz = p.z - s.place.z;
            const float d = dx * dx + dy * dy + dz * dz - s.reach;
            second = std::min(second, std::max(first, d));
            if (d < first) first = d, nearest = &s;
        }
        return {(second - first) / (2.0f * spacing), *nearest};
    }

private:
    void gather(const std::array<int, 3>& cube) {
        if (cube == cube_) return;
        cube_ = cube;
        std::size_t i = 0;
        for (int z = -1; z <= 1; ++z)
            for (int y = -1; y <= 1; ++y)
                for (int x = -1; x <= 1; ++x)
                    seeds_[i++] = seed_of_cube(cube[0] + x, cube[1] + y, cube[2] + z);
    }

    std::array<int, 3> cube_{std::numeric_limits<int>::max(), 0, 0};
    std::array<seed, 27> seeds_{};
};

// The block of tissue ends in a wavy edge; beyond it the image is black.
bool outside(point p, float width, float height) {
    const float u = p.x / width + 0.9f * p.y / height;
    return u + 0.03f * std::sin(p.x * 0.021f - p.y * 0.017f) + 0.004f * std::sin(p.x * 0.13f) +
               p.z / width * 0.1f <
           0.3f;
}

float darkness_of_organelle(point p, const seed& cell) {
    const float dx = p.x - cell.place.x, dy = p.y - cell.place.y, dz = p.z - cell.place.z;
    const float angle = 6.2832f * unit(cell.number), c = std::cos(angle), s = std::sin(angle);
    const float along = (c * dx + s * dy) / (9.0f + 7.0f * unit(cell.number * 7u)),
                across = (c * dy - s * dx) / 6.0f;
    const float r = along * along + across * across + dz * dz / 200.0f;
    if (r > 1.0f) return 0.0f;
    if (r > 0.72f) return 62.0f;  // its membrane
    return 34.0f + 14.0f * std::sin((c * dx + s * dy) * 1.1f);
}

std::uint8_t grey_of(point p, const neighbourhood& at, std::uint32_t noise) {
    const float bell = unit(noise) + unit(noise * 0x9e3779b1u) + unit(noise * 0x85ebca77u) - 1.5f;
    float grey = 168.0f + 26.0f * (unit(at.nearest.number * 3u) - 0.5f);
    grey += 5.0f * std::sin(p.x * 0.31f + float(at.nearest.number & 31u)) * std::sin(p.y * 0.27f);
    grey -= darkness_of_organelle(p, at.nearest);
    const float membrane = (at.wall - 1.3f) / 1.2f;
    grey -= 105.0f * std::exp(-membrane * membrane);
    return std::uint8_t(std::clamp(grey + 34.0f * bell, 1.0f, 255.0f));
}

void fill_section(synthetic_tissue& tissue, index_t z) {
    cell_finder cells;
    const float width = float(tissue.image.extent(0)), height = float(tissue.image.extent(1));
    for (index_t y = 0; y < tissue.image.extent(1); ++y)
        for (index_t x = 0; x < tissue.image.extent(0); ++x) {
            const point raw{float(x), float(y), float(z) * section};
            std::uint8_t& grey = tissue.image(x, y, z);
            std::uint32_t& label = tissue.labels(x, y, z);
            grey = 0;
            label = 0;
            if (outside(raw, width, height)) continue;
            const neighbourhood at = cells.find(bend(raw));
            grey = grey_of(raw, at, hash(std::uint32_t(x), std::uint32_t(y), std::uint32_t(z), 6));
            if (at.wall > 1.0f) label = at.nearest.number;
        }
}

}  // namespace

synthetic_tissue make_synthetic_tissue(const tinybrain::index_array<3>& shape,
                                       const tinybrain::executor& run_on) {
    synthetic_tissue tissue{tinybrain::volume<std::uint8_t, 3>(shape),
                            tinybrain::volume<std::uint32_t, 3>(shape)};
    run_on(shape[2], [&](index_t z) { fill_section(tissue, z); });
    return tissue;
}
