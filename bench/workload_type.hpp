// SPDX-License-Identifier: BSL-1.0
// The parts of a workload that know the voxel type.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "workload.hpp"

namespace bench {

// xorshift64*, by G. Marsaglia and S. Vigna: fast, and the same everywhere.
class random_bits {
public:
    std::uint64_t operator()() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545f4914f6cdd1d;
    }

private:
    std::uint64_t state_ = 0x9e3779b97f4a7c15;
};

template <class T>
T noise_of(std::uint64_t bits) {
    if constexpr (std::floating_point<T>) {
        return static_cast<T>(bits >> 40) * static_cast<T>(1.0 / 65536);
    } else {
        return static_cast<T>(bits);
    }
}

inline std::uint64_t mixed(std::uint64_t h) {
    h = (h ^ h >> 31) * 0x9e3779b97f4a7c15;
    h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9;
    return h ^ h >> 32;
}

// Cells of 61 x 47 x 19 voxels or so, their walls slanted and shaken a little from row to row.
template <class T>
void fill_with_blobs(const tb::index_array<3>& shape, T* voxels) {
    for (tb::index_t z = 0; z < shape[2]; ++z) {
        for (tb::index_t y = 0; y < shape[1]; ++y) {
            const auto shake =
                static_cast<tb::index_t>(mixed(static_cast<std::uint64_t>(y / 3 + 4096 * z)) % 3);
            const tb::index_t cell_y = (y + z) / 47, cell_z = (z + y / 16) / 19;
            const auto row = static_cast<std::uint64_t>(cell_y << 20 ^ cell_z << 40);
            for (tb::index_t x = 0; x < shape[0];) {
                const tb::index_t shifted = x + y / 2 + shake + 29 * cell_z, cell_x = shifted / 61;
                const tb::index_t end = std::min(shape[0], x + (cell_x + 1) * 61 - shifted);
                const std::uint64_t label = mixed(row ^ static_cast<std::uint64_t>(cell_x + 1));
                const T value = label % 8 == 0 ? T{} : static_cast<T>(label >> 3);
                for (; x < end; ++x) *voxels++ = value;
            }
        }
    }
}

template <class T>
void fill_with_labels(const tb::index_array<3>& shape, const label_volume& labels, T* voxels) {
    for (tb::index_t z = 0; z < shape[2]; ++z) {
        for (tb::index_t y = 0; y < shape[1]; ++y) {
            const std::uint64_t* row = &labels(0, y % labels.extent(1), z % labels.extent(2));
            for (tb::index_t x = 0; x < shape[0]; ++x) {
                *voxels++ = static_cast<T>(row[x % labels.extent(0)]);
            }
        }
    }
}

template <class T>
void fill_with_noise(tb::index_t n, T* voxels) {
    random_bits next;
    constexpr tb::index_t at_once = std::integral<T> ? tb::index_t{8 / sizeof(T)} : 1;
    for (tb::index_t i = 0; i < n; i += at_once) {
        std::uint64_t bits = next();
        for (tb::index_t k = i; k < std::min(n, i + at_once); ++k) {
            voxels[k] = noise_of<T>(bits);
            if constexpr (sizeof(T) < 8) bits >>= 8 * sizeof(T);
        }
    }
}

template <class T>
T background_of(contents data) {
    return data == contents::half_nan ? std::numeric_limits<T>::quiet_NaN() : T{};
}

template <class T>
void fill_half_with_noise(tb::index_t n, T* voxels, T background) {
    random_bits next;
    for (tb::index_t i = 0; i < n; ++i) {
        const std::uint64_t bits = next();
        voxels[i] = bits >> 63 ? noise_of<T>(bits) : background;
    }
}

// 65536 does not quite divide by 255; nobody will notice.
template <class T>
void fill_with_255_labels(tb::index_t n, T* voxels) {
    random_bits next;
    for (tb::index_t i = 0; i < n; i += 4) {
        std::uint64_t bits = next();
        for (tb::index_t k = i; k < std::min(n, i + 4); ++k, bits >>= 16) {
            voxels[k] = static_cast<T>((bits & 0xffff) * 255 >> 16);
        }
    }
}

template <class T>
void fill(contents data, const tb::index_array<3>& shape, const label_volume* real, std::byte* bytes) {
    T* voxels = reinterpret_cast<T*>(bytes);
    const tb::index_t n = shape[0] * shape[1] * shape[2];
    switch (data) {
        case contents::noise:
        case contents::random:
            fill_with_noise(n, voxels);
            return;
        case contents::half_background:
        case contents::half_nan:
            fill_half_with_noise(n, voxels, background_of<T>(data));
            return;
        case contents::random255:
            fill_with_255_labels(n, voxels);
            return;
        case contents::blobs:
            fill_with_blobs(shape, voxels);
            return;
        case contents::real:
            fill_with_labels(shape, *real, voxels);
            return;
    }
}

template <class T>
struct typed_outputs {
    std::vector<tb::volume_view<T, 3>> mips;

    typed_outputs(const bench_case& c, const output_layout& layout, std::byte* output) {
        for (int m = 1; m <= c.mips; ++m) {
            T* data = reinterpret_cast<T*>(output + layout.offset[static_cast<std::size_t>(m - 1)]);
            mips.push_back(in_order(c, data, tb::mip_shape(shape_of(c), c.factor, m, origin_of(c))));
        }
    }

    template <class U>
    static tb::volume_view<U, 3> in_order(const bench_case& c, U* data, const tb::index_array<3>& shape) {
        return c.order == arrangement::c_order ? tb::c_order(data, shape) : tb::fortran_order(data, shape);
    }
};

template <class T>
std::function<void()> downsample(const bench_case& c, const output_layout& layout, const std::byte* input,
                                 std::byte* output) {
    const auto image = tb::placed(
        typed_outputs<T>::in_order(c, reinterpret_cast<const T*>(input), shape_of(c)), origin_of(c));
    const auto mips = typed_outputs<T>(c, layout, output).mips;
    const auto run_on = c.threads > 1 ? tb::threads(c.threads) : tb::executor();
    const auto factor = c.factor;
    const auto pooling = tb::pooling_options<T>{c.sparse, background_of<T>(c.data), c.least_coverage, run_on};
    switch (c.what) {
        case method::average: {
            tb::averaging_options<T> options;
            options.sparse = c.sparse;
            options.background = pooling.background;
            options.least_coverage = c.least_coverage;
            options.round = c.round;
            options.run_on = run_on;
            return [=] { tb::downsample_with_averaging_into(image, factor, mips, options); };
        }
        case method::minimum:
            return [=] { tb::downsample_with_min_pooling_into(image, factor, mips, pooling); };
        case method::maximum:
            return [=] { tb::downsample_with_max_pooling_into(image, factor, mips, pooling); };
        case method::median:
            return [=] { tb::downsample_with_median_pooling_into(image, factor, mips, pooling); };
        case method::stride:
            return [=] { tb::downsample_with_striding_into(image, factor, mips, {.run_on = run_on}); };
        case method::mode: {
            tb::segmentation_options<T> options;
            options.sparse = c.sparse;
            options.background = pooling.background;
            options.least_coverage = c.least_coverage;
            options.tie = c.tie;
            options.vote = c.vote;
            options.run_on = run_on;
            return [=] { tb::downsample_segmentation_into(image, factor, mips, options); };
        }
    }
    return {};
}

}  // namespace bench
