// The driver of poolings that look at all voters of a window together, however many: medians, true modes,
// modes of windows too large to buffer. A window is a strided box in scan order; nothing is folded.
#pragma once

#include <algorithm>
#include <cstddef>

#include <tinybrain/detail/plan.hpp>
#include <tinybrain/detail/scratch.hpp>
#include <tinybrain/detail/walk.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// The voters of one window, in scan order: axis 0 of it is the caller's first.
template <class T, std::size_t N>
struct strided_window {
    const T* data = nullptr;
    index_array<N> count{};
    index_array<N> stride{};

    index_t size() const { return product_from(count, 0); }

    /// Calls visit(voxel) for each voter.
    template <class Visit>
    void each(const Visit& visit) const {
        find([&](const T& voter) {
            visit(voter);
            return false;
        });
    }

    /// The first voter that a test holds for, or null.
    template <class Test>
    const T* find(const Test& test) const {
        const index_array<N> none{};
        index_array<N> index{};
        do {
            const T* row = data;
            for (std::size_t axis = 1; axis < N; ++axis) row += index[axis] * stride[axis];
            for (index_t x = 0; x < count[0]; ++x) {
                if (test(row[x * stride[0]])) return row + x * stride[0];
            }
        } while (step(index, none, count, 1));
        return nullptr;
    }
};

/// Of the windows of some size that a mip is cut into, the one at an index.
template <class T, std::size_t N>
strided_window<T, N> window_at(const plan<T, N>& p, const plan_level<T, N>& from, const index_array<N>& size,
                               const index_array<N>& index) {
    index_array<N> first;
    for (std::size_t axis = 0; axis < N; ++axis) first[axis] = index[axis] * size[axis];
    strided_window<T, N> window;
    window.data = from.at(first);
    for (std::size_t i = 0; i < N; ++i) {
        const std::size_t axis = p.scan[i];
        window.count[i] = std::min(size[axis], from.extent[axis] - first[axis]);
        window.stride[i] = from.stride[axis];
    }
    return window;
}

/// Voxels [begin, end) of a mip.
template <std::size_t N>
struct index_box {
    index_array<N> begin{};
    index_array<N> end{};
};

/// Calls visit(index) for each index in a box.
template <std::size_t N, class Visit>
void each_index(const index_box<N>& box, const Visit& visit) {
    index_array<N> count;
    for (std::size_t axis = 0; axis < N; ++axis) count[axis] = box.end[axis] - box.begin[axis];
    index_array<N> index = box.begin;
    do {
        visit(index);
    } while (step(index, box.begin, count, 0));
}

/// Calls visit(piece) for the pieces that a box is cut into.
template <std::size_t N, class Visit>
void each_piece(const index_box<N>& box, const index_array<N>& size, const Visit& visit) {
    index_box<N> pieces;
    for (std::size_t axis = 0; axis < N; ++axis) {
        pieces.end[axis] = ceil_quotient(box.end[axis] - box.begin[axis], size[axis]);
    }
    each_index(pieces, [&](const index_array<N>& piece) {
        index_box<N> part;
        for (std::size_t axis = 0; axis < N; ++axis) {
            part.begin[axis] = box.begin[axis] + piece[axis] * size[axis];
            part.end[axis] = std::min(part.begin[axis] + size[axis], box.end[axis]);
        }
        visit(part);
    });
}

/// Computes the voxels of mips, each from its window. A reducer offers
///   from_input                       windows are footprints at mip 0, not windows at the previous mip
///   scratch_bytes()
///   pool(level, window, scratch)     the voxel of a window
template <class T, std::size_t N, class Reducer>
class window_walk {
public:
    window_walk(const plan<T, N>& p, const Reducer& reducer, std::byte* scratch)
        : plan_(p), reducer_(reducer), scratch_(scratch) {}

    /// All of mips lowest ... m under a box of mip m.
    void mips(index_t lowest, index_t m, const index_box<N>& box) {
        if (m > lowest) {
            index_box<N> under;
            for (std::size_t axis = 0; axis < N; ++axis) {
                under.begin[axis] = box.begin[axis] * level(m).factor[axis];
                under.end[axis] = std::min(box.end[axis] * level(m).factor[axis], level(m - 1).extent[axis]);
            }
            mips(lowest, m - 1, under);
        }
        one_mip(m, box);
    }

private:
    const plan_level<T, N>& level(index_t m) const { return plan_.mip[static_cast<std::size_t>(m)]; }

    void one_mip(index_t m, const index_box<N>& box) {
        index_array<N> count;
        for (std::size_t axis = 0; axis < N; ++axis) count[axis] = box.end[axis] - box.begin[axis];
        index_array<N> index = box.begin;
        do {
            strided_window<T, N> window = window_of(m, index);
            const T* data = window.data;
            T* out = level(m).at(index);
            for (index_t c = 0; c < plan_.run; ++c) {
                window.data = data + c * source(m).run_stride;
                out[c * level(m).run_stride] = reducer_.pool(level(m), window, scratch_);
            }
        } while (step(index, box.begin, count, 0));
    }

    const plan_level<T, N>& source(index_t m) const { return level(Reducer::from_input ? 0 : m - 1); }

    strided_window<T, N> window_of(index_t m, const index_array<N>& index) const {
        return Reducer::from_input ? window_at(plan_, level(0), level(m).footprint, index)
                                   : window_at(plan_, level(m - 1), level(m).factor, index);
    }

    const plan<T, N>& plan_;
    const Reducer& reducer_;
    std::byte* scratch_;
};

/// The highest mip up to which one task does all mips under its tile, so that the input is read from memory
/// once: as long as what lies under a voxel stays in the cache, and enough voxels are left to share out.
template <class T, std::size_t N>
index_t mip_of_tiles(const plan<T, N>& p) {
    constexpr index_t most_bytes = index_t{1} << 19;
    index_t m = p.depth();
    while (m > 1) {
        const auto& level = p.mip[static_cast<std::size_t>(m)];
        const index_t under = product_from(level.footprint, 0) * p.run;
        if (product_from(level.extent, 0) >= 64 && under <= most_bytes / index_t{sizeof(T)}) break;
        --m;
    }
    return m;
}

/// Computes mips lowest ... highest: tiles are row segments of the highest.
template <class T, std::size_t N, class Reducer>
void window_tiles(const plan<T, N>& p, const Reducer& reducer, index_t lowest, index_t highest,
                  const executor& run_on, scratch_pool& pool) {
    const auto& top = p.mip[static_cast<std::size_t>(highest)];
    const index_t bytes_a_voxel = bytes_of_box<T>(top.footprint, p.run);
    const index_t width = std::clamp<index_t>((index_t{1} << 16) / bytes_a_voxel, 1, top.extent[0]);
    index_array<N> tiles = top.extent;
    tiles[0] = ceil_quotient(top.extent[0], width);
    run_tasks(run_on, product_from(tiles, 0), [&](index_t task) {
        const scratch_pool::lease scratch(pool);
        index_box<N> box;
        index_t rest = task;
        for (std::size_t axis = 0; axis < N; ++axis) {
            const index_t size = axis == 0 ? width : 1;
            box.begin[axis] = rest % tiles[axis] * size;
            box.end[axis] = std::min(box.begin[axis] + size, top.extent[axis]);
            rest /= tiles[axis];
        }
        window_walk<T, N, Reducer>(p, reducer, scratch.data()).mips(lowest, highest, box);
    });
}

template <class T, std::size_t N, class Reducer>
void pool_windows(const plan<T, N>& p, const Reducer& reducer, const executor& run_on) {
    if (p.depth() == 0) return;
    scratch_pool pool(reducer.scratch_bytes());
    const index_t together = mip_of_tiles(p);
    window_tiles(p, reducer, 1, together, run_on, pool);
    for (index_t m = together + 1; m <= p.depth(); ++m) window_tiles(p, reducer, m, m, run_on, pool);
}

/// Striding where the rows of a window are too many to buffer.
template <class T>
struct first_of_windows {
    static constexpr bool from_input = true;
    std::size_t scratch_bytes() const { return 1; }
    template <std::size_t N>
    T pool(const plan_level<T, N>&, const strided_window<T, N>& window, std::byte*) const {
        return *window.data;
    }
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
