// Striding: of each window the voxel that comes first in scan order. A mip is a strided copy of the one
// before.
#pragma once

#include <tinybrain/detail/drive/plan.hpp>
#include <tinybrain/detail/drive/walk.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Calls visit(o, n) for windows [o, o + n) along an axis: for the first of all by itself where it is cut, so
/// that the windows of each call begin at equal distances.
template <class Visit>
void each_regular(const window_grid& grid, std::size_t axis, index_t o, index_t n, const Visit& visit) {
    const index_t alone = grid.starts_cut(axis, o) ? 1 : 0;
    if (alone > 0) visit(o, alone);
    if (n > alone) visit(o + alone, n - alone);
}

template <class = void>
void stride(const plan& p, const executor& run_on) {
    for (index_t m = 1; m <= p.depth(); ++m) {
        const plan_level& from = p.level(m - 1);
        const plan_level& to = p.level(m);
        const index_t row_bytes = saturated_product(to.extent[0] * p.run, p.voxel_bytes);
        const index_t height = std::clamp<index_t>(bytes_a_task / row_bytes, 1, to.extent[1]);
        axes tiles = to.extent;
        tiles[0] = 1;
        tiles[1] = ceil_quotient(to.extent[1], height);
        run_tasks<>(run_on, product_from(tiles, 0), [&](index_t task) {
            axes index = place_in(task, tiles);
            index[1] *= height;
            const index_t rows = std::min(height, to.extent[1] - index[1]);
            each_regular(to.window, 1, index[1], rows, [&](index_t y, index_t n1) {
                each_regular(to.window, 0, 0, to.extent[0], [&](index_t x, index_t n0) {
                    index[0] = x;
                    index[1] = y;
                    axes first, count;
                    box_of_window(to.window, index, first, count, 0);
                    row_block in = rows_of(p, from, first);
                    in.stride *= to.window.size[0];
                    in.pitch *= to.window.size[1];
                    copy_rows(p, in, rows_of(p, to, index), n0, n1);
                });
            });
        });
    }
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
