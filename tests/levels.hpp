// SPDX-License-Identifier: BSL-1.0
// The same bits at every level of instructions and with any number of threads.
#pragma once

#include "catch.hpp"
#include "forced_level.hpp"
#include "random_case.hpp"

namespace testing {

template <class T, std::size_t R>
std::vector<std::vector<unsigned char>> bytes_of(const std::vector<strided<T, R>>& volumes) {
    std::vector<std::vector<unsigned char>> all;
    for (const auto& v : volumes) all.push_back(v.bytes());
    return all;
}

template <class T, std::size_t R>
void check_levels(method m, dice d) {
    const auto kind = d.one_of({content::few, content::many, content::blobs, content::extremes,
                                content::mostly_zero, content::special, content::overflow});
    auto opt = random_options<T>(d, kind);
    const index_t budget = d.one_of<index_t>({300, 5000, 60000});
    const strided<T, R> image(d, d.chance(60) ? layout::fortran : static_cast<layout>(d.between(0, 6)),
                              random_shape<R>(d, budget));
    fill(d, kind, image);
    const std::vector<index_array<R>> factors(
        static_cast<std::size_t>(d.between(1, 4)),
        random_factor(d, image.shape, m == method::average && opt.edge == oracle::edges::replicate));
    std::vector<strided<T, R>> outputs;
    std::vector<tb::volume_view<T, R>> views;
    for (const auto& shape : oracle::mip_shapes(image.shape, factors)) {
        outputs.emplace_back(d, d.chance(60) ? layout::fortran : static_cast<layout>(d.between(0, 4)), shape);
        views.push_back(outputs.back().view());
    }
    INFO(asked(m, image.describe(), kind, factors, opt));

    std::vector<std::vector<unsigned char>> expected;
    for (const char* level : all_levels) {
        const forced_level forced(level);
        for (const int n : {0, 1, 2, 5}) {
            for (const auto& o : outputs)
                if (o.size > 0)
                    std::memset(static_cast<void*>(o.memory.get()), o.pattern,
                                static_cast<std::size_t>(o.size) * sizeof(T));
            downsample_into<T, R>(m, image.view(), factors, true, views, opt,
                                  n == 0 ? tb::executor{} : tb::threads(n));
            if (expected.empty()) expected = bytes_of(outputs);
            INFO("level " << level << ", threads " << n);
            REQUIRE(bytes_of(outputs) == expected);
        }
    }
}

// Averages of floats within 2^20 of each other, of doubles within 2^40: the same bits whatever the layouts of
// image and outputs, the level and the threads.
template <class T, std::size_t R>
void check_layouts(dice d) {
    constexpr int range = sizeof(T) == 4 ? 20 : 40;
    constexpr index_t most_voxels = sizeof(T) == 4 ? 512 : 8192;
    const auto shape = random_shape<R>(d, d.one_of<index_t>({300, 3000, 20000}));
    auto opt = random_options<T>(d, content::few);
    std::vector<index_array<R>> factors;
    index_t footprint = 1;
    for (index_t mips = d.between(1, 3); mips > 0; --mips) {
        const auto factor = random_factor(d, shape, opt.edge == oracle::edges::replicate);
        for (const index_t f : factor) footprint = oracle::saturated_product(footprint, f);
        if (footprint <= most_voxels) factors.push_back(factor);
    }
    oracle::array<T, R> values(shape);
    for (T& v : values.values) {
        const T digits = 1 + static_cast<T>(d.bits() >> 11) * static_cast<T>(0x1p-53);
        v = std::ldexp(d.chance(50) ? digits : -digits, static_cast<int>(d.between(0, range - 2)));
        if (opt.sparse && d.chance(30)) v = opt.background;
    }
    std::vector<std::vector<T>> expected;
    for (const layout in : {layout::fortran, layout::c, layout::permuted, layout::reversed, layout::padded}) {
        const strided<T, R> image(d, in, shape);
        oracle::scan(oracle::whole(shape), [&](const index_array<R>& i) { image(i) = values(i); });
        std::vector<strided<T, R>> outputs;
        std::vector<tb::volume_view<T, R>> views;
        for (const auto& mip_shape : oracle::mip_shapes(shape, factors)) {
            outputs.emplace_back(d, d.chance(60) ? in : static_cast<layout>(d.between(0, 4)), mip_shape);
            views.push_back(outputs.back().view());
        }
        const forced_level forced(all_levels[static_cast<std::size_t>(d.between(0, 1))]);
        downsample_into<T, R>(method::average, image.view(), factors, false, views, opt,
                              executor_number(random_executor(d)));
        std::vector<std::vector<T>> got;
        for (const auto& o : outputs) {
            const auto mip = logical(o).values;
            got.emplace_back(std::begin(mip), std::end(mip));
        }
        if (expected.empty()) expected = got;
        INFO(asked(method::average, image.describe(), content::many, factors, opt));
        for (std::size_t k = 0; k < got.size(); ++k) {
            const auto bytes = got[k].size() * sizeof(T);
            REQUIRE((bytes == 0 || std::memcmp(got[k].data(), expected[k].data(), bytes) == 0));
        }
    }
}

// Mips so large that they are written around the caches: `streamed` of two. The oracle is too slow for the
// whole; it judges aligned crops, and the levels each other. All slices are one in memory.
template <class T>
void check_large(method m, dice d, index_t f, index_t width, const oracle::options<T>& opt, int streamed) {
    constexpr index_t bytes = index_t{8} << 20;
    constexpr index_t height = 1037;
    index_t slice = width * height * static_cast<index_t>(sizeof(T));
    for (int k = 0; k < streamed; ++k) slice /= f * f;
    const index_array<3> shape{width, height, bytes / slice + 1}, factor{f, f, 1};
    tb::volume<T, 3> memory({width, height, 1});
    for (index_t i = 0; i < memory.size(); ++i)
        memory.data()[i] = random_value<T>(d, content::blobs, d.bits() >> 40);
    const tb::volume_view<T, 3> image(memory.data(), shape, {1, width, 0});
    const std::vector<index_array<3>> factors(2, factor);

    std::vector<tb::volume<T, 3>> first;
    for (const char* level : all_levels) {
        const forced_level forced(level);
        auto mips = downsample<T, 3>(m, image, factors, true, opt, tb::threads(2));
        INFO(
            asked(m, "level " + std::string(level) + ", shape " + text(shape), content::blobs, factors, opt));
        if (first.empty()) first = std::move(mips);
        for (std::size_t k = 0; k < mips.size(); ++k)
            REQUIRE(std::memcmp(mips[k].data(), first[k].data(),
                                static_cast<std::size_t>(first[k].size()) * sizeof(T)) == 0);
    }
    for (int i = 0; i < 20; ++i) {
        // The last crops lie at the end of all axes.
        const index_t side = f == 2 ? 64 : f * f * f;
        index_array<3> at{d.between(0, (width - 1) / side) * side, d.between(0, (height - 1) / side) * side,
                          d.between(0, shape[2] - 1)};
        if (i > 16) at = {(width - 1) / side * side, (height - 1) / side * side, shape[2] - 1};
        oracle::array<T, 3> crop({std::min(side, width - at[0]), std::min(side, height - at[1]), 1});
        oracle::scan(oracle::whole(crop.shape),
                     [&](const index_array<3>& p) { crop(p) = image(at[0] + p[0], at[1] + p[1], at[2]); });
        const auto answers = ask_oracle<T, 3>(m, crop, factors, opt, true);
        index_t under = 1;
        for (std::size_t k = 0; k < answers.size(); ++k) {
            under *= f;
            const tb::volume_view<T, 3> got(&first[k](at[0] / under, at[1] / under, at[2]),
                                            answers[k].value.shape, first[k].strides());
            CHECK(first_difference(m, k + 1, answers[k], got) == "");
        }
    }
}

}  // namespace testing
