// SPDX-License-Identifier: BSL-1.0
// The planner, overlaps and memory orders: what every call starts with, against plain loops over the caller's
// axes.
#include <tinybrain/detail/drive/call.hpp>
#include <tinybrain/detail/drive/overlap.hpp>
#include <tinybrain/detail/drive/plan.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "catch.hpp"
#include "strided.hpp"

namespace {

using namespace tinybrain::detail;
using testing::dice;
using testing::index_array;
using testing::index_t;

// A call on views of bytes, of which only the addresses matter.
template <std::size_t R>
struct planned {
    static constexpr index_t apart = index_t{1} << 40;  // far from one volume to the next

    index_array<R> shape;
    index_array<R> origin;
    std::vector<index_array<R>> factors;
    raw_view image;
    std::vector<raw_view> mips;
    plan result;

    static std::byte* base(index_t volume) {
        return reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>((volume + 1) * apart));
    }
    static raw_view view(index_t volume, const index_array<R>& shape, const index_array<R>& strides) {
        raw_view v;
        v.data = base(volume);
        std::copy(shape.begin(), shape.end(), v.shape.begin());
        std::copy(strides.begin(), strides.end(), v.stride.begin());
        return v;
    }

    // Outputs with these strides, or in Fortran order.
    planned(const index_array<R>& s, const index_array<R>& strides, const std::vector<index_array<R>>& f,
            const std::vector<index_array<R>>& output_strides = {}, index_t mips_never_copied = 0,
            const index_array<R>& at = {})
        : shape(s), origin(at), factors(f), image(view(0, s, strides)) {
        std::copy(at.begin(), at.end(), image.origin.begin());
        index_t volume = 1;
        for (const auto& mip_shape : oracle::mip_shapes<R>(shape, factors, origin)) {
            const auto number = static_cast<std::size_t>(volume - 1);
            mips.push_back(
                view(volume++, mip_shape,
                     number < output_strides.size() ? output_strides[number] : fortran_strides(mip_shape)));
        }
        const raw_factors all = each_factor<R>(std::span<const index_array<R>>(factors));
        result = planner(image, all, mips, 1, nullptr, mips_never_copied).make();
    }

    // The byte at an index of mip m, where 0 is the image.
    std::byte* at(std::size_t m, const index_array<R>& index) const {
        const raw_view& v = m == 0 ? image : mips[m - 1];
        index_t offset = 0;
        for (std::size_t r = 0; r < R; ++r) offset += index[r] == 0 ? 0 : index[r] * v.stride[r];
        return v.data + offset;
    }
    index_array<R> shape_of(std::size_t m) const {
        index_array<R> s;
        const raw_view& v = m == 0 ? image : mips[m - 1];
        std::copy_n(v.shape.begin(), R, s.begin());
        return s;
    }
};

axes axes_of(std::initializer_list<index_t> numbers, index_t rest) {
    axes all;
    all.fill(rest);
    std::copy(numbers.begin(), numbers.end(), all.begin());
    return all;
}
// The extents of a plan's axes, and 1 for those it does not use.
axes extents(std::initializer_list<index_t> numbers) { return axes_of(numbers, 1); }

template <std::size_t R>
index_array<R> product_of(const std::vector<index_array<R>>& factors, std::size_t mips) {
    return mips == 0 ? [] { index_array<R> ones; ones.fill(1); return ones; }()
                     : oracle::running_products(factors)[mips - 1];
}

// The windows of the mip before under a voxel have the footprint of the voxel, no more and no less, and each
// of them knows whose it is; a grid counts several windows as it does one after the other.
inline std::string wrong_windows(const plan& p, index_t k, const axes& index) {
    const plan_level& level = p.level(k);
    for (std::size_t axis = 0; axis < max_axes; ++axis) {
        const index_t o = index[axis];
        const index_t first = level.window.begin(axis, o), n = level.window.count(axis, o);
        const window_grid& below = p.level(k - 1).footprint;
        if (below.begin(axis, first) != level.footprint.begin(axis, o) ||
            below.count(axis, first, n) != level.footprint.count(axis, o))
            return "windows with another footprint";
        index_t voxels = 0;
        for (index_t i = first; i < first + n; ++i) {
            voxels += below.count(axis, i);
            if (level.window.window_of(axis, i) != o) return "a voxel that is not in its window";
        }
        if (voxels != level.footprint.count(axis, o)) return "windows that do not add up";
    }
    return "";
}

// Each voxel of each mip of a plan is one of the caller's; what the plan says is under it, in scan order, are
// the voxels of the caller's footprint in scan order; and all voxels of the caller's mips are made or
// repeated.
template <std::size_t R>
std::string wrong_voxels(const planned<R>& c) {
    const plan& p = c.result;
    std::vector<std::map<std::byte*, index_array<R>>> index_of(c.mips.size() + 1);
    for (std::size_t m = 1; m <= c.mips.size(); ++m) {
        oracle::scan(oracle::whole(c.shape_of(m)),
                     [&](const index_array<R>& i) { index_of[m][c.at(m, i)] = i; });
    }
    std::set<index_t> made;
    for (index_t k = 1; k <= p.depth(); ++k) {
        const plan_level& level = p.level(k);
        const plan_level& input = p.level(0);
        if (level.window.extent != p.level(k - 1).extent || level.footprint.extent != input.extent)
            return "windows of another volume";
        const auto m = static_cast<std::size_t>(level.number);
        if (!made.insert(level.number).second) return "a mip is made twice";
        const auto product = product_of(c.factors, m);
        std::size_t voxels = 0;
        std::string wrong;
        oracle::scan(oracle::whole(level.extent), [&](const axes& index) {
            for (index_t e = 0; e < p.run && wrong.empty(); ++e, ++voxels) {
                const auto at = index_of[m].find(level.data + level.offset_of(index) + e * level.run_stride);
                if (at == index_of[m].end()) {
                    wrong = "no voxel of the caller's mip";
                    return;
                }
                std::vector<std::byte*> want, got;
                oracle::scan(oracle::voxels_under(at->second, product, c.shape, c.origin),
                             [&](const index_array<R>& i) { want.push_back(c.at(0, i)); });
                // The plan's axes in the caller's order.
                oracle::region<max_axes> box;
                for (std::size_t i = 0; i < max_axes; ++i) {
                    const std::size_t axis = p.scan[i];
                    box.begin[i] = level.footprint.begin(axis, index[axis]);
                    box.end[i] = box.begin[i] + level.footprint.count(axis, index[axis]);
                }
                oracle::scan(box, [&](const axes& scanned) {
                    axes place{};
                    for (std::size_t i = 0; i < max_axes; ++i) place[p.scan[i]] = scanned[i];
                    got.push_back(input.data + input.offset_of(place) + e * input.run_stride);
                });
                if (got != want) wrong = "other voxels under a voxel";
                wrong += wrong_windows(p, k, index);
            }
        });
        if (!wrong.empty()) return wrong;
        if (voxels != index_of[m].size()) return "not all voxels of a mip";
    }
    for (const auto& repeat : p.repeats) {
        const auto from = static_cast<std::size_t>(repeat.from.number);
        const auto to = static_cast<std::size_t>(repeat.to.number);
        if (from >= to || repeat.from.extent != repeat.to.extent) return "a repeat of another shape";
        if (!made.insert(repeat.to.number).second) return "a mip is made and repeated";
        std::size_t voxels = 0;
        std::string wrong;
        oracle::scan(oracle::whole(repeat.to.extent), [&](const axes& index) {
            for (index_t e = 0; e < p.run; ++e, ++voxels) {
                const auto at =
                    index_of[to].find(repeat.to.data + repeat.to.offset_of(index) + e * repeat.to.run_stride);
                if (at == index_of[to].end() || c.at(from, at->second) != repeat.from.data +
                                                                              repeat.from.offset_of(index) +
                                                                              e * repeat.from.run_stride)
                    wrong = "a repeat of other voxels";
            }
        });
        if (!wrong.empty()) return wrong;
        if (voxels != index_of[to].size()) return "not all voxels of a repeated mip";
    }
    return made.size() == c.mips.size() ? "" : "not all mips";
}

template <std::size_t R>
void check_random_plan(dice d) {
    index_array<R> shape;
    for (index_t& extent : shape) extent = d.chance(20) ? 1 : d.between(1, R > 3 ? 4 : 8);
    const auto image_layout = static_cast<testing::layout>(d.between(0, 5));
    const auto strides = testing::random_strides<R>(d, image_layout, shape);
    std::vector<index_array<R>> factors(static_cast<std::size_t>(d.between(1, 3)));
    const bool same = d.chance(50);
    for (std::size_t k = 0; k < factors.size(); ++k) {
        for (index_t& f : factors[k]) f = d.one_of<index_t>({1, 1, 1, 2, 2, 3, 4, 100});
        if (same) factors[k] = factors[0];
    }
    index_array<R> origin{};
    if (d.chance(60))
        for (index_t& at : origin) at = d.between(-9, 9) * d.one_of<index_t>({0, 1, 1, 1, 100});
    std::vector<index_array<R>> outputs;
    for (const auto& mip_shape : oracle::mip_shapes<R>(shape, factors, origin)) {
        outputs.push_back(testing::random_strides<R>(
            d,
            d.chance(60) ? image_layout == testing::layout::c ? testing::layout::c : testing::layout::fortran
                         : static_cast<testing::layout>(d.between(0, 4)),
            mip_shape));
    }
    const planned<R> c(shape, strides, factors, outputs, d.chance(30) ? d.between(1, 2) : 0, origin);
    INFO("shape " << testing::text(shape) << ", origin " << testing::text(origin) << ", strides "
                  << testing::text(strides) << ", factors " << testing::text(factors) << ", outputs "
                  << testing::text(outputs));
    REQUIRE(wrong_voxels(c) == "");
}

using index3 = index_array<3>;

}  // namespace

TEST_CASE("plan: any shape, strides, factors and outputs") {
    for (std::uint64_t i = 0; i < 3000; ++i) {
        INFO("TINYBRAIN_TEST_SEED=" << testing::seed() << ", plan " << i);
        const dice d(testing::mixed(testing::seed(), i));
        check_random_plan<1>(d);
        check_random_plan<2>(d);
        check_random_plan<3>(d);
        check_random_plan<4>(d);
        if (i % 8 == 0) check_random_plan<5>(d);
        if (i % 32 == 0) check_random_plan<8>(d);
    }
}

TEST_CASE("plan: axes are sorted by the size of their strides") {
    const planned<3> fortran({20, 30, 40}, {1, 20, 600}, {{2, 3, 4}});
    CHECK(fortran.result.level(0).extent == extents({20, 30, 40}));
    CHECK(fortran.result.level(1).window.size == extents({2, 3, 4}));
    CHECK(fortran.result.rank == 3);
    const planned<3> c({20, 30, 40}, {1200, 40, 1}, {{2, 3, 4}}, {{100, 10, 1}});
    CHECK(c.result.level(0).extent == extents({40, 30, 20}));
    CHECK(c.result.level(1).window.size == extents({4, 3, 2}));
    CHECK(c.result.level(0).stride == axes_of({1, 40, 1200}, 0));
    // Backwards.
    const planned<3> reversed({20, 30, 40}, {-40, 1200, -1}, {{2, 3, 4}});
    CHECK(reversed.result.level(0).extent == extents({40, 20, 30}));
    CHECK(reversed.result.level(0).stride == axes_of({-1, -40, 1200}, 0));
    // Axes of one voxel are none; a broadcast axis is the last.
    const planned<4> broadcast({20, 1, 30, 40}, {0, 7, 1, 30}, {{2, 2, 2, 2}}, {{300, 0, 1, 15}});
    CHECK(broadcast.result.level(0).extent == extents({30, 40, 20}));
    const planned<2> one({1, 1}, {5, 5}, {{2, 2}});
    CHECK(one.result.level(0).extent == extents({}));
    CHECK(one.result.rank == 1);
    CHECK(one.result.repeats.size() == 1);
}

TEST_CASE("plan: neighbours become one axis where memory runs on and no window reaches over the seam") {
    const auto extents_of = [](const auto& c) { return c.result.level(0).extent; };
    // Neither is reduced.
    CHECK(extents_of(planned<3>({20, 30, 40}, {1, 20, 600}, {{2, 1, 1}})) == extents({20 * 30 * 40}));
    CHECK(extents_of(planned<3>({21, 30, 40}, {1, 21, 630}, {{2, 1, 1}})) == extents({21, 30 * 40}));
    CHECK(extents_of(planned<3>({20, 30, 40}, {1, 20, 600}, {{1, 1, 2}})) == extents({20 * 30, 40}));
    // The inner one is, and leaves nothing over: at the first mip, but not at the second.
    CHECK(extents_of(planned<2>({20, 30}, {1, 20}, {{2, 1}})) == extents({600}));
    CHECK(extents_of(planned<2>({20, 30}, {1, 20}, {{2, 1}, {2, 1}})) == extents({600}));
    CHECK(extents_of(planned<2>({20, 30}, {1, 20}, {{2, 1}, {2, 1}, {2, 1}})) == extents({20, 30}));
    CHECK(extents_of(planned<2>({21, 30}, {1, 21}, {{2, 1}})) == extents({21, 30}));
    CHECK(extents_of(planned<2>({20, 30}, {1, 20}, {{20, 1}})) == extents({600}));
    CHECK(extents_of(planned<2>({20, 30}, {1, 20}, {{40, 1}})) == extents({20, 30}));
    const planned<2> fused({20, 30}, {1, 20}, {{2, 1}, {5, 1}});
    CHECK(fused.result.level(1).extent == extents({300}));
    CHECK(fused.result.level(2).extent == extents({60}));
    CHECK(fused.result.level(2).footprint.size == extents({10}));
    // The outer one is.
    CHECK(extents_of(planned<2>({20, 30}, {1, 20}, {{1, 2}})) == extents({20, 30}));
    CHECK(extents_of(planned<2>({20, 30}, {1, 20}, {{2, 2}})) == extents({20, 30}));
    CHECK(extents_of(planned<2>({20, 30}, {1, 20}, {{2, 1}, {1, 2}})) == extents({20, 30}));
    // Memory does not run on: in the image, or in an output.
    CHECK(extents_of(planned<2>({20, 30}, {1, 21}, {{2, 1}})) == extents({20, 30}));
    CHECK(extents_of(planned<2>({20, 30}, {1, 20}, {{2, 1}}, {{1, 11}})) == extents({20, 30}));
    CHECK(extents_of(planned<2>({20, 30}, {1, 20}, {{2, 1}, {2, 1}}, {{1, 10}, {1, 6}})) ==
          extents({20, 30}));
    CHECK(extents_of(planned<2>({20, 30}, {1, 20}, {{2, 1}}, {{30, 1}})) == extents({20, 30}));
    // Backwards it runs on too.
    CHECK(extents_of(planned<2>({20, 30}, {-1, -20}, {{2, 1}}, {{-1, -10}})) == extents({600}));
    CHECK(extents_of(planned<2>({20, 30}, {-1, 20}, {{2, 1}})) == extents({20, 30}));
}

TEST_CASE("plan: a short inner axis that no mip reduces is a run") {
    const planned<3> picture({3, 640, 480}, {1, 3, 1920}, {{1, 2, 2}});
    CHECK(picture.result.run == 3);
    CHECK(picture.result.rank == 2);
    CHECK(picture.result.level(0).extent == extents({640, 480}));
    CHECK(picture.result.level(0).run_stride == 1);
    CHECK(picture.result.row_is_contiguous(0));
    CHECK(picture.result.row_is_contiguous(1));
    CHECK(planned<2>({16, 30}, {1, 16}, {{1, 2}}).result.run == 16);
    CHECK(planned<2>({17, 30}, {1, 17}, {{1, 2}}).result.run == 1);
    CHECK(planned<2>({3, 30}, {1, 3}, {{2, 2}}).result.run == 1);
    CHECK(planned<2>({3, 30}, {1, 3}, {{1, 2}, {2, 2}}).result.run == 1);
    CHECK(planned<1>({3}, {1}, {{1}}).result.run == 1);
    // Channels backwards, and pixels with a gap: no row to read at once.
    CHECK(!planned<3>({3, 640, 480}, {-1, 3, 1920}, {{1, 2, 2}}).result.row_is_contiguous(0));
    CHECK(!planned<3>({3, 640, 480}, {1, 4, 2560}, {{1, 2, 2}}).result.row_is_contiguous(0));
    CHECK(!planned<2>({20, 30}, {2, 40}, {{2, 2}}).result.row_is_contiguous(0));
    CHECK(!planned<2>({20, 30}, {-1, 20}, {{2, 2}}).result.row_is_contiguous(0));
    // With a step between the elements of a voxel; in an output in planes.
    const planned<3> stepped({3, 640, 480}, {2, 6, 3840}, {{1, 2, 2}}, {{320 * 240, 1, 320}});
    CHECK(stepped.result.run == 3);
    CHECK(stepped.result.level(0).run_stride == 2);
    CHECK(!stepped.result.row_is_contiguous(0));
    CHECK(stepped.result.level(1).run_stride == 320 * 240);
    CHECK(!stepped.result.row_is_contiguous(1));
}

TEST_CASE("plan: the axis that is contiguous in the outputs comes next to the rows") {
    const planned<3> same({20, 30, 40}, {1, 20, 600}, {{2, 2, 2}});
    CHECK(same.result.level(0).extent == extents({20, 30, 40}));
    const planned<3> turned({20, 30, 40}, {1, 20, 600}, {{2, 2, 2}}, {{300, 20, 1}});
    CHECK(turned.result.level(0).extent == extents({20, 40, 30}));
    CHECK(turned.result.scan[0] == 0);
    CHECK(turned.result.scan[1] == 2);
    CHECK(turned.result.scan[2] == 1);
    const planned<4> four({20, 30, 40, 50}, {1, 20, 600, 24000}, {{2, 2, 2, 2}},
                          {{25 * 20 * 15, 25 * 20, 25, 1}});
    CHECK(four.result.level(0).extent == extents({20, 50, 30, 40}));
    // It is next already.
    const planned<3> second({20, 30, 40}, {1, 20, 600}, {{2, 2, 2}}, {{15, 1, 150}});
    CHECK(second.result.level(0).extent == extents({20, 30, 40}));
}

TEST_CASE("plan: a mip that reduces nothing repeats the one before it") {
    using factors = std::vector<index_array<2>>;
    const factors nothing_in_the_middle{{2, 2}, {1, 1}, {2, 2}};
    const planned<2> middle({20, 30}, {1, 20}, nothing_in_the_middle);
    CHECK(middle.result.depth() == 2);
    CHECK(middle.result.level(1).number == 1);
    CHECK(middle.result.level(2).number == 3);
    REQUIRE(middle.result.repeats.size() == 1);
    CHECK(middle.result.repeats[0].from.number == 1);
    CHECK(middle.result.repeats[0].to.number == 2);
    // Of modes mip 2 may differ from mip 1 all the same.
    const planned<2> never({20, 30}, {1, 20}, nothing_in_the_middle, {}, 2);
    CHECK(never.result.depth() == 3);
    CHECK(never.result.repeats.empty());
    // From the input; and what has reached one voxel.
    const planned<2> first({20, 30}, {1, 20}, factors{{1, 1}, {32, 32}, {2, 2}, {2, 2}});
    CHECK(first.result.depth() == 1);
    REQUIRE(first.result.repeats.size() == 3);
    CHECK(first.result.repeats[0].from.number == 0);
    CHECK(first.result.repeats[1].from.number == 2);
    CHECK(first.result.repeats[2].from.number == 3);
    CHECK(first.result.level(1).number == 2);
}

TEST_CASE("plan: strides of one voxel lead nowhere, factors and footprints end with the volume") {
    constexpr index_t most = std::numeric_limits<index_t>::max();
    const planned<3> c({5, 30, 40}, {1, 5, 150}, {{2, 2, most}, {2, 2, most}, {2, 2, 2}},
                       {{1, 3, most}, {1, 2, -7}, {most, 1, most}});
    CHECK(c.result.level(1).extent == extents({3, 15, 1}));
    CHECK(c.result.level(1).stride == axes_of({1, 3, 0}, 0));
    CHECK(c.result.level(1).window.size == extents({2, 2, 40}));
    CHECK(c.result.level(2).stride == axes_of({1, 2, 0}, 0));
    CHECK(c.result.level(2).window.size == extents({2, 2, 1}));
    CHECK(c.result.level(3).extent == extents({1, 4, 1}));
    // A row of one voxel is contiguous.
    CHECK(c.result.level(3).stride == axes_of({1, 1, 0}, 0));
    CHECK(c.result.row_is_contiguous(3));
    CHECK(c.result.level(1).footprint.size == extents({2, 2, 40}));
    CHECK(c.result.level(2).footprint.size == extents({4, 4, 40}));
    CHECK(c.result.level(3).footprint.size == extents({5, 8, 40}));
}

// ---- overlaps

namespace {

struct small_view {
    index3 shape, strides;
    index_t first;  // byte
};

small_view random_view(dice& d, index_t longest) {
    small_view v{};
    for (std::size_t r = 0; r < 3; ++r) {
        v.shape[r] = d.chance(30) ? 1 : d.between(1, longest);
        v.strides[r] = d.chance(50) ? d.between(-5, 5) : d.between(-20, 20);
        if (v.shape[r] == 1 && d.chance(30)) v.strides[r] = std::numeric_limits<index_t>::max();
    }
    v.first = 4096 + d.between(0, 60);
    return v;
}

raw_view raw_of(const small_view& v) {
    raw_view raw;
    raw.data = reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(v.first));
    std::copy(v.shape.begin(), v.shape.end(), raw.shape.begin());
    std::copy(v.strides.begin(), v.strides.end(), raw.stride.begin());
    return raw;
}

// The bytes of a view, each as often as voxels have it.
std::vector<index_t> bytes(const small_view& v, index_t voxel) {
    std::vector<index_t> all;
    oracle::scan(oracle::whole(v.shape), [&](const index3& i) {
        index_t at = v.first;
        for (std::size_t r = 0; r < 3; ++r) at += i[r] == 0 ? 0 : i[r] * v.strides[r] * voxel;
        for (index_t b = 0; b < voxel; ++b) all.push_back(at + b);
    });
    std::sort(all.begin(), all.end());
    return all;
}

}  // namespace

TEST_CASE("overlap: every pair of small views, byte by byte") {
    index_t shared = 0, apart = 0;
    for (std::uint64_t i = 0; i < 20000; ++i) {
        dice d(testing::mixed(testing::seed(), i));
        const index_t voxel = d.one_of<index_t>({1, 2, 3, 4, 8});
        const small_view a = random_view(d, 4), b = random_view(d, 4);
        const auto bytes_a = bytes(a, voxel), bytes_b = bytes(b, voxel);
        std::vector<index_t> both;
        std::set_intersection(bytes_a.begin(), bytes_a.end(), bytes_b.begin(), bytes_b.end(),
                              std::back_inserter(both));
        INFO("TINYBRAIN_TEST_SEED=" << testing::seed() << ", pair " << i << ": shapes "
                                    << testing::text(a.shape) << ", " << testing::text(b.shape)
                                    << ", strides " << testing::text(a.strides) << ", "
                                    << testing::text(b.strides) << ", voxels of " << voxel << ", "
                                    << b.first - a.first << " bytes apart");
        REQUIRE(overlap(raw_of(a), raw_of(b), 3, voxel) == !both.empty());
        REQUIRE(overlap(raw_of(b), raw_of(a), 3, voxel) == !both.empty());
        ++(both.empty() ? apart : shared);
        REQUIRE(overlaps_itself(raw_of(a), 3) ==
                (std::adjacent_find(bytes_a.begin(), bytes_a.end()) != bytes_a.end()));
    }
    // Both happen often.
    CHECK(shared > 2000);
    CHECK(apart > 2000);
}

TEST_CASE("overlap: channels of one buffer, tiles of one image") {
    const auto view = [](index_t first, const index3& shape, const index3& strides) {
        return raw_of({shape, strides, first});
    };
    // Three channels of 1000 x 1000 float voxels.
    const auto red = view(4096, {1000, 1000, 1}, {3, 3000, 0}),
               green = view(4100, {1000, 1000, 1}, {3, 3000, 0});
    CHECK(!overlap(red, green, 3, 4));
    CHECK(overlap(red, view(4102, {1000, 1000, 1}, {3, 3000, 0}), 3, 4));
    CHECK(overlap(red, red, 3, 4));
    CHECK(!overlaps_itself(red, 3));
    // The left and the right half of an image, and one column more.
    const auto left = view(4096, {500, 1000, 1}, {1, 1000, 0});
    CHECK(!overlap(left, view(4096 + 500, {500, 1000, 1}, {1, 1000, 0}), 3, 1));
    CHECK(overlap(left, view(4096 + 499, {500, 1000, 1}, {1, 1000, 0}), 3, 1));
    CHECK(!overlap(left, view(4096 + 999, {500, 1000, 1}, {-1, 1000, 0}), 3, 1));
    CHECK(overlap(left, view(4096 + 998, {500, 1000, 1}, {-1, 1000, 0}), 3, 1));
    // Rows that run into the next.
    CHECK(overlaps_itself(view(4096, {1001, 1000, 1}, {1, 1000, 0}), 3));
    CHECK(!overlaps_itself(view(4096, {1000, 1000, 1}, {1, 1000, 0}), 3));
    CHECK(overlaps_itself(view(4096, {2, 1, 1}, {0, 0, 0}), 3));
}

// ---- memory orders

namespace {

using order3 = std::array<std::size_t, 3>;

order3 order_of(const index3& shape, const index3& strides) {
    return memory_order<3>(planned<3>::view(0, shape, strides));
}

}  // namespace

TEST_CASE("memory order: by strides, and where there are none by number") {
    CHECK(order_of({5, 6, 7}, {1, 5, 30}) == order3{0, 1, 2});
    CHECK(order_of({5, 6, 7}, {42, 7, 1}) == order3{2, 1, 0});
    CHECK(order_of({5, 6, 7}, {6, 1, 30}) == order3{1, 0, 2});
    CHECK(order_of({5, 6, 7}, {-7, 35, -1}) == order3{2, 0, 1});
    // One voxel: as in C order if the others are, else as in Fortran order; whatever its stride.
    for (const index_t any : {index_t{0}, index_t{1}, index_t{1000}, std::numeric_limits<index_t>::min()}) {
        CHECK(order_of({5, 1, 7}, {1, any, 5}) == order3{0, 1, 2});
        CHECK(order_of({1, 6, 7}, {any, 1, 6}) == order3{0, 1, 2});
        CHECK(order_of({5, 6, 1}, {1, 5, any}) == order3{0, 1, 2});
        CHECK(order_of({5, 1, 7}, {7, any, 1}) == order3{2, 1, 0});
        CHECK(order_of({1, 6, 7}, {any, 7, 1}) == order3{2, 1, 0});
        CHECK(order_of({5, 6, 1}, {6, 1, any}) == order3{2, 1, 0});
        // One axis alone tells no order.
        CHECK(order_of({1, 6, 1}, {any, 1, any}) == order3{0, 1, 2});
        CHECK(order_of({1, 1, 1}, {any, any, any}) == order3{0, 1, 2});
    }
    // A broadcast axis is one of those.
    CHECK(order_of({5, 6, 7}, {0, 1, 6}) == order3{0, 1, 2});
    CHECK(order_of({5, 6, 7}, {0, 7, 1}) == order3{2, 1, 0});
    CHECK(order_of({5, 6, 7}, {0, 0, 0}) == order3{0, 1, 2});
    // C order is that of all axes, not of some.
    CHECK(memory_order<4>(planned<4>::view(0, {5, 6, 7, 1}, {1, 35, 5, 0})) ==
          std::array<std::size_t, 4>{0, 2, 1, 3});
    CHECK(memory_order<4>(planned<4>::view(0, {5, 6, 7, 1}, {7, 35, 1, 0})) ==
          std::array<std::size_t, 4>{2, 0, 1, 3});
    // Equal strides keep the order of numbers.
    CHECK(order_of({5, 6, 7}, {1, 1, 1}) == order3{0, 1, 2});
}

TEST_CASE("memory order: each axis once, and strides ascend") {
    for (std::uint64_t i = 0; i < 5000; ++i) {
        dice d(testing::mixed(testing::seed(), i));
        index_array<5> shape, strides;
        for (std::size_t r = 0; r < 5; ++r) {
            shape[r] = d.between(1, 3);
            strides[r] = d.between(-4, 4);
        }
        const auto order = memory_order<5>(planned<5>::view(0, shape, strides));
        auto sorted = order;
        std::sort(sorted.begin(), sorted.end());
        std::array<std::size_t, 5> all;
        std::iota(all.begin(), all.end(), std::size_t{0});
        INFO("shape " << testing::text(shape) << ", strides " << testing::text(strides));
        REQUIRE(sorted == all);
        index_t last = 0;
        for (const std::size_t axis : order) {
            if (shape[axis] == 1 || strides[axis] == 0) continue;
            REQUIRE(std::abs(strides[axis]) >= last);
            last = std::abs(strides[axis]);
        }
    }
}
