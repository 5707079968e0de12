// A downsampling, normalised: axes of extent 1 dropped, the others sorted by stride, neighbours that no mip
// reduces fused, so that everything behind it sees rows along axis 0 and never asks which axis that was.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <tinybrain/detail/index_math.hpp>
#include <tinybrain/volume.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// The factor of each mip: one for all, or one each.
template <std::size_t Rank>
class factor_list {
public:
    factor_list(const index_array<Rank>& same, int num_mips) : same_(&same), size_(num_mips) {}
    explicit factor_list(std::span<const index_array<Rank>> each)
        : each_(each.data()), size_(static_cast<index_t>(each.size())) {}

    index_t size() const { return size_; }
    const index_array<Rank>& operator[](index_t i) const { return same_ != nullptr ? *same_ : each_[i]; }
    /// How many of them can differ: what a check has to look at.
    index_t distinct() const { return same_ != nullptr ? 1 : size_; }
    bool one_for_all() const { return same_ != nullptr; }

private:
    const index_array<Rank>* same_ = nullptr;
    const index_array<Rank>* each_ = nullptr;
    index_t size_ = 0;
};

template <std::size_t Rank>
index_array<Rank> next_shape(const index_array<Rank>& shape, const index_array<Rank>& factor) {
    index_array<Rank> next{};
    for (std::size_t axis = 0; axis < Rank; ++axis) next[axis] = ceil_quotient(shape[axis], factor[axis]);
    return next;
}

// A plan has room for more axes than its volume has, the rest of extent 1, so that one traversal is compiled
// for all of the usual ranks.
constexpr std::size_t plan_rank(std::size_t rank) { return rank <= 4 ? 4 : rank; }

/// Mip m of a plan; mip 0 is the input.
template <class T, std::size_t N>
struct plan_level {
    T* data = nullptr;           // of mip 0: read only
    index_array<N> extent{};     // at this mip
    index_array<N> stride{};     // of this mip's voxels, in elements
    index_array<N> factor{};     // from the previous mip, no more than its extent
    index_array<N> footprint{};  // voxels of mip 0 along an axis under one voxel, no more than there are
    index_t run_stride = 1;      // between the elements of a run
    index_t number = 0;          // which of the caller's mips this is
    bool countless = false;  // the factor, as the caller gave it, is 2 on exactly two axes and 1 on the rest

    T* at(const index_array<N>& index) const {
        index_t offset = 0;
        for (std::size_t axis = 0; axis < N; ++axis) offset += index[axis] * stride[axis];
        return data + offset;
    }
};

template <class T, std::size_t N>
struct plan {
    std::vector<plan_level<T, N>> mip;  // the input, then each mip that is smaller than the one before
    // A mip that reduces nothing repeats the one before it, which is the input or an output.
    struct repeat {
        plan_level<T, N> from, to;
    };
    std::vector<repeat> repeats;
    // A short innermost axis that no mip reduces (the channels of a picture) is no axis of the plan: each
    // voxel of a row is a run of that many elements.
    index_t run = 1;
    // The plan's axes in the caller's order: scan order is axis scan[0] fastest.
    std::array<std::size_t, N> scan{};

    index_t depth() const { return static_cast<index_t>(mip.size()) - 1; }
    bool row_is_contiguous(index_t m) const {
        const auto& level = mip[static_cast<std::size_t>(m)];
        return (level.stride[0] == run || level.extent[0] <= 1) && (level.run_stride == 1 || run == 1);
    }
};

inline constexpr index_t longest_run = 16;

constexpr index_t magnitude(index_t stride) { return stride < 0 ? -stride : stride; }

// An axis of the caller's volume while the plan is made.
struct axis_order {
    std::size_t axis;
    index_t stride;
    bool reduced;  // by some mip
};

// Builds the plan of one call from views that were checked.
template <class T, std::size_t Rank>
class planner {
    static constexpr std::size_t N = plan_rank(Rank);

public:
    planner(const volume_view<const T, Rank>& image, const factor_list<Rank>& factors,
            std::span<const volume_view<T, Rank>> mips, bool mip_2_never_repeats)
        : image_(image), factors_(factors), mips_(mips), mip_2_never_repeats_(mip_2_never_repeats) {}

    plan<T, N> make() {
        sort_axes();
        fuse_axes();
        plan<T, N> result;
        place_run(result);
        place_levels(result);
        return result;
    }

private:
    void sort_axes() {
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            if (image_.extent(axis) == 1) continue;
            bool reduced = false;
            for (index_t m = 0; m < factors_.distinct(); ++m) reduced = reduced || factors_[m][axis] != 1;
            axes_[count_++] = {axis, magnitude(image_.stride(axis)), reduced};
        }
        // A broadcast axis, of stride 0, goes last: nothing is gained by walking along it.
        const auto rank_of_stride = [](const axis_order& a) { return a.stride == 0 ? index_max : a.stride; };
        // Inserted one by one, as std::stable_sort takes memory.
        for (std::size_t i = 1; i < count_; ++i) {
            for (std::size_t j = i; j > 0 && rank_of_stride(axes_[j]) < rank_of_stride(axes_[j - 1]); --j) {
                std::swap(axes_[j], axes_[j - 1]);
            }
        }
        for (std::size_t i = 0; i < count_; ++i) extent_[i] = image_.extent(axes_[i].axis);
    }

    // Two neighbours become one where no mip reduces them and memory runs on from one to the other, in every
    // volume.
    bool fusible(std::size_t inner) const {
        const axis_order& a = axes_[inner];
        const axis_order& b = axes_[inner + 1];
        if (a.reduced || b.reduced) return false;
        if (image_.stride(b.axis) != image_.stride(a.axis) * extent_[inner]) return false;
        return std::all_of(mips_.begin(), mips_.end(), [&](const volume_view<T, Rank>& mip) {
            return mip.stride(b.axis) == mip.stride(a.axis) * extent_[inner];
        });
    }

    void fuse_axes() {
        for (std::size_t inner = 0; inner + 1 < count_;) {
            if (!fusible(inner)) {
                ++inner;
                continue;
            }
            extent_[inner] *= extent_[inner + 1];
            for (std::size_t i = inner + 1; i + 1 < count_; ++i) {
                axes_[i] = axes_[i + 1];
                extent_[i] = extent_[i + 1];
            }
            --count_;
        }
    }

    void place_run(plan<T, N>& result) {
        const bool has_run = count_ >= 2 && !axes_[0].reduced && extent_[0] <= longest_run;
        first_ = has_run ? 1 : 0;
        result.run = extent_of_run();
        std::size_t placed = 0;
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            for (std::size_t i = first_; i < count_; ++i) {
                if (axes_[i].axis == axis) result.scan[placed++] = i - first_;
            }
        }
        for (std::size_t i = placed; i < N; ++i) result.scan[i] = i;
    }

    index_t extent_of_run() const { return first_ == 1 ? extent_[0] : 1; }

    void place_levels(plan<T, N>& result) const {
        plan_level<T, N> input;
        input.data = const_cast<T*>(image_.data());
        input.extent.fill(1);
        input.footprint.fill(1);
        input.factor.fill(1);
        for (std::size_t i = first_; i < count_; ++i) {
            input.extent[i - first_] = extent_[i];
            input.stride[i - first_] = image_.stride(axes_[i].axis);
        }
        input.run_stride = first_ == 1 ? image_.stride(axes_[0].axis) : 1;
        result.mip.reserve(static_cast<std::size_t>(factors_.size()) + 1);
        result.mip.push_back(input);
        plan_level<T, N> previous = input;
        for (index_t m = 1; m <= factors_.size(); ++m) {
            plan_level<T, N> level = next_level(result.mip.back(), m);
            if (level.extent == previous.extent && !(m == 2 && mip_2_never_repeats_)) {
                result.repeats.push_back({previous, level});
            } else {
                result.mip.push_back(level);
            }
            previous = level;
        }
    }

    plan_level<T, N> next_level(const plan_level<T, N>& previous, index_t m) const {
        const index_array<Rank>& factor = factors_[m - 1];
        const volume_view<T, Rank>& mip = mips_[static_cast<std::size_t>(m) - 1];
        plan_level<T, N> level;
        level.data = mip.data();
        level.extent.fill(1);
        level.footprint.fill(1);
        level.factor.fill(1);
        level.number = m;
        for (std::size_t i = first_; i < count_; ++i) {
            const std::size_t axis = i - first_;
            // A fused axis stands for several of the caller's, none of them reduced.
            level.factor[axis] =
                axes_[i].reduced ? std::min(factor[axes_[i].axis], previous.extent[axis]) : 1;
            level.extent[axis] = ceil_quotient(previous.extent[axis], level.factor[axis]);
            // The caller's stride along an axis of one voxel leads nowhere and may be any number.
            const index_t nowhere = axis == 0 ? extent_of_run() : 0;
            level.stride[axis] = level.extent[axis] == 1 ? nowhere : mip.stride(axes_[i].axis);
            level.footprint[axis] =
                std::min(saturated_product(previous.footprint[axis], level.factor[axis]), extent_[i]);
        }
        level.run_stride = first_ == 1 ? mip.stride(axes_[0].axis) : 1;
        level.countless =
            std::count(factor.begin(), factor.end(), 2) == 2 &&
            std::count(factor.begin(), factor.end(), 1) == static_cast<std::ptrdiff_t>(Rank) - 2;
        return level;
    }

    const volume_view<const T, Rank>& image_;
    const factor_list<Rank>& factors_;
    std::span<const volume_view<T, Rank>> mips_;
    bool mip_2_never_repeats_;
    std::array<axis_order, Rank> axes_{};
    index_array<Rank> extent_{};
    std::size_t count_ = 0;
    std::size_t first_ = 0;
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
