// The driver of poolings that look at all voters of a window together, however many: medians, true modes,
// modes of windows too large to buffer. A window is a strided box in scan order; nothing is folded.
#pragma once

#include <algorithm>
#include <cstddef>

#include <tinybrain/detail/base/scratch.hpp>
#include <tinybrain/detail/drive/plan.hpp>
#include <tinybrain/detail/drive/walk.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// The voters of one window, in scan order: axis 0 of it is the caller's first.
template <class T>
struct strided_window {
    const T* data = nullptr;
    axes count{};
    axes stride{};

    index_t size() const { return product_from(count, 0); }

    /// Calls visit(voxel) for each voter.
    template <class Visit>
    void each(const Visit& visit) const {
        find([&](const T& voter) {
            visit(voter);
            return false;
        });
    }

    /// Calls visit(row) for its rows, until that says false; then false.
    template <class Visit>
    bool each_row(const Visit& visit) const {
        const axes none{};
        axes index{};
        do {
            const T* row = data;
            for (std::size_t axis = 2; axis < max_axes; ++axis) row += index[axis] * stride[axis];
            for (index_t y = 0; y < count[1]; ++y, row += stride[1]) {
                if (!visit(row)) return false;
            }
        } while (step(index, none, count, 2));
        return true;
    }

    /// The first voter that a test holds for, or null.
    template <class Test>
    const T* find(const Test& test) const {
        const T* found = nullptr;
        each_row([&](const T* row) {
            for (index_t x = 0; x < count[0]; ++x, row += stride[0]) {
                if (!test(*row)) continue;
                found = row;
                return false;
            }
            return true;
        });
        return found;
    }
};

/// Of the windows that a mip is cut into, the one at an index.
template <class T>
strided_window<T> window_at(const plan& p, const plan_level& from, const window_grid& grid,
                            const axes& index) {
    axes first, count;
    box_of_window(grid, index, first, count, 0);
    strided_window<T> window;
    window.data = voxel_at<T>(from, first);
    for (std::size_t i = 0; i < max_axes; ++i) {
        const std::size_t axis = p.scan[i];
        window.count[i] = count[axis];
        window.stride[i] = from.stride[axis];
    }
    return window;
}

/// Voxels [begin, end) of a mip.
struct index_box {
    axes begin{};
    axes end{};

    axes extent() const {
        axes result;
        for (std::size_t axis = 0; axis < max_axes; ++axis) result[axis] = end[axis] - begin[axis];
        return result;
    }
    /// The number of a voxel, axis 0 fastest.
    index_t number_of(const axes& index) const {
        index_t number = 0;
        for (std::size_t axis = max_axes; axis-- > 0;)
            number = number * (end[axis] - begin[axis]) + index[axis] - begin[axis];
        return number;
    }
};

/// What lies under a box of windows.
inline index_box box_under(const window_grid& grid, const index_box& box) {
    index_box below;
    for (std::size_t axis = 0; axis < max_axes; ++axis) {
        below.begin[axis] = grid.begin(axis, box.begin[axis]);
        below.end[axis] =
            below.begin[axis] + grid.count(axis, box.begin[axis], box.end[axis] - box.begin[axis]);
    }
    return below;
}

/// Calls visit(index) for each index in a box.
template <class Visit>
void each_index(const index_box& box, const Visit& visit) {
    const axes count = box.extent();
    axes index = box.begin;
    do {
        visit(index);
    } while (step(index, box.begin, count, 0));
}

/// Calls visit(piece) for the pieces that a box is cut into.
template <class Visit>
void each_piece(const index_box& box, const axes& size, const Visit& visit) {
    index_box pieces;
    for (std::size_t axis = 0; axis < max_axes; ++axis) {
        pieces.end[axis] = ceil_quotient(box.end[axis] - box.begin[axis], size[axis]);
    }
    each_index(pieces, [&](const axes& piece) {
        index_box part;
        for (std::size_t axis = 0; axis < max_axes; ++axis) {
            part.begin[axis] = box.begin[axis] + piece[axis] * size[axis];
            part.end[axis] = std::min(part.begin[axis] + size[axis], box.end[axis]);
        }
        visit(part);
    });
}

/// Makes n voxels of a row of mip m from an index on: each, and each element of its run, is what
/// pool(window) says of its window of `from`.
template <class T, class Pool>
void each_window(const plan& p, const plan_level& from, const window_grid& grid, index_t m, axes index,
                 index_t n, const Pool& pool) {
    const plan_level& to = p.level(m);
    for (; n > 0; --n, ++index[0]) {
        strided_window<T> window = window_at<T>(p, from, grid, index);
        T* out = voxel_at<T>(to, index);
        for (index_t element = 0; element < p.run; ++element, window.data += from.run_stride) {
            out[element * to.run_stride] = pool(window);
        }
    }
}

/// What makes voxels of mips, each from its window.
class window_pooling {
public:
    virtual std::size_t scratch_bytes() const = 0;
    /// Makes n voxels of a row of mip m from an index on.
    virtual void row(const plan& p, index_t m, const axes& index, index_t n, std::byte* scratch) const = 0;

protected:
    ~window_pooling() = default;
};

class window_walk {
public:
    window_walk(const plan& p, const window_pooling& pooling, std::byte* scratch)
        : plan_(p), pooling_(pooling), scratch_(scratch) {}

    /// All of mips lowest ... m under a box of mip m.
    void mips(index_t lowest, index_t m, const index_box& box) {
        if (m > lowest) mips(lowest, m - 1, box_under(plan_.level(m).window, box));
        const axes count = box.extent();
        axes index = box.begin;
        do {
            pooling_.row(plan_, m, index, count[0], scratch_);
        } while (step(index, box.begin, count, 1));
    }

private:
    const plan& plan_;
    const window_pooling& pooling_;
    std::byte* scratch_;
};

/// The highest mip up to which one task does all mips under its tile, so that the input is read from memory
/// once: as long as what lies under a voxel stays in the cache, and enough voxels are left to share out.
inline index_t mip_of_tiles(const plan& p) {
    constexpr index_t most_bytes = index_t{1} << 19;
    index_t m = p.depth();
    while (m > 1) {
        const plan_level& level = p.level(m);
        const index_t under = product_from(level.footprint.size, 0) * p.run;
        if (product_from(level.extent, 0) >= 64 && under <= most_bytes / p.voxel_bytes) break;
        --m;
    }
    return m;
}

/// Computes mips lowest ... highest: tiles are row segments of the highest.
inline void window_tiles(const plan& p, const window_pooling& pooling, index_t lowest, index_t highest,
                         const executor& run_on, scratch_pool& scratches) {
    const plan_level& top = p.level(highest);
    const index_t bytes_a_voxel = bytes_of_box(top.footprint.size, p.run, p.voxel_bytes);
    axes tiles = top.extent;
    const index_t width = std::clamp<index_t>((index_t{1} << 16) / bytes_a_voxel, 1, top.extent[0]);
    tiles[0] = ceil_quotient(top.extent[0], width);
    // Short rows together.
    const index_t height =
        std::clamp<index_t>((index_t{1} << 16) / saturated_product(bytes_a_voxel, width), 1, top.extent[1]);
    tiles[1] = ceil_quotient(top.extent[1], height);
    run_tasks<>(run_on, product_from(tiles, 0), [&](index_t task) {
        const scratch_pool::lease scratch(scratches);
        const axes tile = place_in(task, tiles);
        index_box box;
        for (std::size_t axis = 0; axis < max_axes; ++axis) {
            const index_t size = axis == 0 ? width : axis == 1 ? height : 1;
            box.begin[axis] = tile[axis] * size;
            box.end[axis] = std::min(box.begin[axis] + size, top.extent[axis]);
        }
        window_walk(p, pooling, scratch.data()).mips(lowest, highest, box);
    });
}

inline void pool_windows(const plan& p, const window_pooling& pooling, const executor& run_on) {
    if (p.depth() == 0) return;
    scratch_pool scratches(pooling.scratch_bytes());
    const index_t together = mip_of_tiles(p);
    window_tiles(p, pooling, 1, together, run_on, scratches);
    for (index_t m = together + 1; m <= p.depth(); ++m) window_tiles(p, pooling, m, m, run_on, scratches);
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
