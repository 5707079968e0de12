// A downsampling, normalised: axes of extent 1 dropped, the others sorted by stride, neighbours fused where
// no window can straddle them, so that everything behind it sees rows along axis 0 and never asks which axis
// that was. Nothing here knows a voxel type: voxels are so many bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <tinybrain/detail/base/index_math.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// The most axes that a volume may have. A plan has room for as many; those it does not use have extent 1.
inline constexpr std::size_t max_axes = 8;
using axes = index_array<max_axes>;

inline constexpr axes no_axes{};
inline constexpr axes unit_axes{1, 1, 1, 1, 1, 1, 1, 1};

/// A view of any rank and type. Strides count elements.
struct raw_view {
    std::byte* data = nullptr;  // of the image: read only
    axes shape{};
    axes stride{};
    axes origin{};  // of the image: where its first voxel lies on the grid of windows
};

/// The factor of each mip, one for all or one each: `rank` numbers each.
struct raw_factors {
    const index_t* first;
    std::size_t rank;
    index_t size;
    bool same;

    const index_t* operator[](index_t i) const { return first + (same ? 0 : i * static_cast<index_t>(rank)); }
    /// How many of them can differ: what a check has to look at.
    index_t distinct() const { return same ? std::min<index_t>(size, 1) : size; }
};

/// Copies n0 x n1 elements between two strided places, strides in elements.
struct block_copy {
    const std::byte* from;
    std::array<index_t, 2> from_stride;
    std::byte* to;
    std::array<index_t, 2> to_stride;
    std::array<index_t, 2> n;
};
using block_copier = void (*)(const block_copy&);

/// How windows cut an axis of a volume: `size` voxels each, but that the first, where the volume lies so on
/// the grid, is without its first `cut` voxels, and the last without what would be past the end. Sizes are no
/// larger than the volume, whatever the factor.
struct window_grid {
    axes size = unit_axes;
    axes cut{};
    axes extent = unit_axes;  // of the volume

    /// The first voxel of window o.
    index_t begin(std::size_t axis, index_t o) const { return o == 0 ? 0 : o * size[axis] - cut[axis]; }
    /// How many voxels there are in window o.
    index_t count(std::size_t axis, index_t o) const {
        return starts_cut(axis, o) ? size[axis] - cut[axis]
                                   : std::min(size[axis], extent[axis] - begin(axis, o));
    }
    /// And in windows o ... o + n - 1.
    index_t count(std::size_t axis, index_t o, index_t n) const {
        if (starts_cut(axis, o)) return count(axis, o) + (n > 1 ? count(axis, 1, n - 1) : 0);
        const index_t left = extent[axis] - begin(axis, o);
        return n > left / size[axis] ? left : n * size[axis];
    }
    /// The window that voxel i is in; of the voxel past the last, how many windows are whole at their end.
    index_t window_of(std::size_t axis, index_t i) const {
        return i / size[axis] + (i % size[axis] >= size[axis] - cut[axis] ? 1 : 0);
    }
    /// Whether window o is cut at its start.
    bool starts_cut(std::size_t axis, index_t o) const { return o == 0 && cut[axis] > 0; }

    /// The windows along an axis, `windows` of them, where the first has `first` voxels and those after it
    /// `factor`.
    void place(std::size_t axis, index_t windows, index_t first, index_t factor) {
        if (windows == 1) first = factor = extent[axis];
        if (windows == 2) factor = std::max(first, extent[axis] - first);
        size[axis] = factor;
        cut[axis] = factor - first;
    }
};

/// Mip m of a plan; mip 0 is the input.
struct plan_level {
    std::byte* data = nullptr;       // of mip 0: read only
    axes extent = unit_axes;         // at this mip
    axes stride{};                   // of this mip's voxels, in elements
    window_grid window;              // of the previous mip under a voxel
    window_grid footprint;           // of mip 0 under a voxel
    index_t run_stride = 1;          // between the elements of a run
    index_t number = 0;              // which of the caller's mips this is
    const index_t* asked = nullptr;  // the factor, as the caller gave it

    index_t offset_of(const axes& index) const {
        index_t offset = 0;
        for (std::size_t axis = 0; axis < max_axes; ++axis) offset += index[axis] * stride[axis];
        return offset;
    }
};

/// The voxel of a mip at an index.
template <class T>
T* voxel_at(const plan_level& level, const axes& index) {
    return reinterpret_cast<T*>(level.data) + level.offset_of(index);
}

struct plan {
    std::vector<plan_level> mip;  // the input, then each mip that is smaller than the one before
    // A mip that reduces nothing repeats the one before it, which is the input or an output.
    struct repeat {
        plan_level from, to;
    };
    std::vector<repeat> repeats;
    index_t voxel_bytes = 1;
    block_copier copy = nullptr;  // of voxels
    // A short innermost axis that no mip reduces (the channels of a picture) is no axis of the plan: each
    // voxel of a row is a run of that many elements.
    index_t run = 1;
    std::size_t rank = 1;  // axes that are used
    std::size_t asked_rank = 1;
    // By the size of its stride axis 1 would be this one, and axes 2 ... turned one before.
    std::size_t turned = 1;
    // The plan's axes in the caller's order: scan order is axis scan[0] fastest.
    std::array<std::size_t, max_axes> scan{};

    index_t depth() const { return static_cast<index_t>(mip.size()) - 1; }
    const plan_level& level(index_t m) const { return mip[static_cast<std::size_t>(m)]; }
    bool row_is_contiguous(index_t m) const {
        const plan_level& l = level(m);
        return (l.stride[0] == run || l.extent[0] <= 1) && (l.run_stride == 1 || run == 1);
    }
};

inline constexpr index_t longest_run = 16;

constexpr index_t magnitude(index_t stride) { return stride < 0 ? -stride : stride; }

/// Builds the plan of one call from views that were checked.
class planner {
public:
    planner(const raw_view& image, const raw_factors& factors, std::span<const raw_view> mips,
            index_t voxel_bytes, block_copier copy, index_t mips_never_copied)
        : image_(image), factors_(factors), mips_(mips), mips_never_copied_(mips_never_copied) {
        plan_.voxel_bytes = voxel_bytes;
        plan_.copy = copy;
        plan_.asked_rank = factors.rank;
    }

    plan make() {
        sort_axes();
        fuse_axes();
        place_run();
        put_an_output_row_next();
        place_scan();
        place_levels();
        return std::move(plan_);
    }

private:
    // An axis of the caller's volume while the plan is made.
    struct axis {
        std::size_t number;
        index_t stride;  // its magnitude
        index_t extent;
        bool reduced;  // by some mip
    };

    void sort_axes() {
        for (std::size_t number = 0; number < factors_.rank; ++number) {
            if (image_.shape[number] == 1) continue;
            bool reduced = false;
            for (index_t m = 0; m < factors_.distinct(); ++m) reduced = reduced || factors_[m][number] != 1;
            // A broadcast axis, of stride 0, goes last: nothing is gained by walking along it.
            const index_t stride = magnitude(image_.stride[number]);
            const axis added{number, stride == 0 ? index_max : stride, image_.shape[number], reduced};
            // Inserted one by one, as std::stable_sort takes memory.
            std::size_t place = count_++;
            for (; place > 0 && added.stride < axes_[place - 1].stride; --place)
                axes_[place] = axes_[place - 1];
            axes_[place] = added;
        }
    }

    // Two neighbours become one where memory runs on from one to the other, in every volume, and no window
    // reaches over the seam: where neither is reduced, or the inner one leaves nothing over at any mip.
    bool fusible(std::size_t inner) const {
        const axis& a = axes_[inner];
        const axis& b = axes_[inner + 1];
        if (b.reduced || image_.stride[b.number] != image_.stride[a.number] * a.extent) return false;
        index_t extent = a.extent;
        index_t origin = image_.origin[a.number];
        for (std::size_t m = 0; m < mips_.size(); ++m) {
            const index_t factor = a.reduced ? factors_[static_cast<index_t>(m)][a.number] : 1;
            if (extent % factor != 0 || origin % factor != 0) return false;
            extent /= factor;
            origin /= factor;
            if (mips_[m].stride[b.number] != mips_[m].stride[a.number] * extent) return false;
        }
        return true;
    }

    void fuse_axes() {
        for (std::size_t inner = 0; inner + 1 < count_;) {
            if (!fusible(inner)) {
                ++inner;
                continue;
            }
            axes_[inner].extent *= axes_[inner + 1].extent;
            for (std::size_t i = inner + 1; i + 1 < count_; ++i) axes_[i] = axes_[i + 1];
            --count_;
        }
    }

    void place_run() {
        const bool has_run = count_ >= 2 && !axes_[0].reduced && axes_[0].extent <= longest_run;
        first_ = has_run ? 1 : 0;
        plan_.run = has_run ? axes_[0].extent : 1;
        plan_.rank = std::max<std::size_t>(1, count_ - first_);
    }

    // Where the outputs have another order than the image, the axis that is contiguous there becomes axis 1,
    // so that tiles are as wide along it as along the image's rows.
    void put_an_output_row_next() {
        if (mips_.empty() || count_ < first_ + 3) return;
        // The stride along an axis of one voxel leads nowhere and may be any number.
        const auto stride_out = [&](std::size_t i) {
            const std::size_t number = axes_[i].number;
            return mips_[0].shape[number] == 1 ? index_max : magnitude(mips_[0].stride[number]);
        };
        std::size_t fastest = first_;
        for (std::size_t i = first_ + 1; i < count_; ++i) {
            if (stride_out(i) < stride_out(fastest)) fastest = i;
        }
        if (fastest <= first_ + 1) return;
        plan_.turned = fastest - first_;
        const axis next = axes_[fastest];
        for (std::size_t i = fastest; i > first_ + 1; --i) axes_[i] = axes_[i - 1];
        axes_[first_ + 1] = next;
    }

    void place_scan() {
        std::size_t placed = 0;
        for (std::size_t number = 0; number < factors_.rank; ++number) {
            for (std::size_t i = first_; i < count_; ++i) {
                if (axes_[i].number == number) plan_.scan[placed++] = i - first_;
            }
        }
        for (std::size_t i = placed; i < max_axes; ++i) plan_.scan[i] = i;
    }

    void place_levels() {
        plan_level input;
        input.data = image_.data;
        for (std::size_t i = first_; i < count_; ++i) {
            input.extent[i - first_] = axes_[i].extent;
            input.stride[i - first_] = image_.stride[axes_[i].number];
            if (axes_[i].reduced) origin_[i - first_] = image_.origin[axes_[i].number];
        }
        input.footprint.extent = input.extent;
        input.run_stride = first_ == 1 ? image_.stride[axes_[0].number] : 1;
        plan_.mip.reserve(static_cast<std::size_t>(std::min<index_t>(factors_.size, 62)) + 1);
        plan_.mip.push_back(input);
        plan_level previous = input;
        for (index_t m = 1; m <= factors_.size; ++m) {
            const plan_level level = next_level(previous, m);
            if (level.extent == previous.extent && m > mips_never_copied_) {
                plan_.repeats.push_back({previous, level});
            } else {
                plan_.mip.push_back(level);
            }
            previous = level;
        }
    }

    plan_level next_level(const plan_level& previous, index_t m) {
        const raw_view& mip = mips_[static_cast<std::size_t>(m) - 1];
        plan_level level;
        level.data = mip.data;
        level.number = m;
        level.asked = factors_[m - 1];
        level.window.extent = previous.extent;
        level.footprint.extent = previous.footprint.extent;
        for (std::size_t i = first_; i < count_; ++i) {
            const std::size_t to = i - first_;
            // A fused axis that is not reduced stands for several of the caller's.
            place_windows(previous, level, to, axes_[i].reduced ? level.asked[axes_[i].number] : 1);
            // The caller's stride along an axis of one voxel leads nowhere and may be any number.
            const index_t nowhere = to == 0 ? plan_.run : 0;
            level.stride[to] = level.extent[to] == 1 ? nowhere : mip.stride[axes_[i].number];
        }
        level.run_stride = first_ == 1 ? mip.stride[axes_[0].number] : 1;
        return level;
    }

    void place_windows(const plan_level& previous, plan_level& level, std::size_t to, index_t factor) {
        const index_t before = origin_[to];
        origin_[to] = floor_quotient(before, factor);
        const index_t n = mip_extent(before, previous.extent[to], factor);
        const index_t first = first_window(before, factor);
        level.extent[to] = n;
        level.window.place(to, n, first, factor);
        // Of three windows or more none is larger than the volume, nor were those of the mip before.
        const index_t of_mip_0 = n > 2 ? previous.footprint.size[to] * factor : 1;
        level.footprint.place(to, n, n > 1 ? previous.footprint.begin(to, first) : 1, of_mip_0);
    }

    const raw_view& image_;
    const raw_factors& factors_;
    std::span<const raw_view> mips_;
    index_t mips_never_copied_;
    plan plan_;
    std::array<axis, max_axes> axes_{};
    std::size_t count_ = 0;
    std::size_t first_ = 0;
    axes origin_{};  // of the mip that was placed last, along the plan's axes
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
