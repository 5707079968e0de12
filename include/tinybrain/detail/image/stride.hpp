// Striding: of each window the voxel that comes first in scan order. A mip is a strided copy of the one
// before.
#pragma once

#include <tinybrain/detail/drive/plan.hpp>
#include <tinybrain/detail/drive/walk.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

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
        run_tasks(run_on, product_from(tiles, 0), [&](index_t task) {
            axes index = place_in(task, tiles);
            index[1] *= height;
            const row_block out = rows_of(p, to, index);
            const index_t rows = std::min(height, to.extent[1] - index[1]);
            for (std::size_t axis = 1; axis < max_axes; ++axis) index[axis] *= to.factor[axis];
            row_block in = rows_of(p, from, index);
            in.stride *= to.factor[0];
            in.pitch *= to.factor[1];
            copy_rows(p, in, out, to.extent[0], rows);
        });
    }
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
