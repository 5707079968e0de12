// The windows of 2x2 and 2x2x2 that kernels make in registers, from the rows that the driver hands over.
#pragma once

#include <tinybrain/detail/drive/rows.hpp>
#include <tinybrain/detail/simd/row_kernels.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Whether these are windows of two voxels in each of two or four rows of the input.
inline bool are_small_windows(const window_rows& w) {
    return w.mip == 1 && w.factor == 2 && w.run == 1 && (w.rows == 2 || w.rows == 4);
}

template <class T, class Arguments>
void describe_windows(const window_rows& w, Arguments& a) {
    a.rows = w.rows;
    for (index_t k = 0; k < 4; ++k) a.row[k] = w.row[k < w.rows ? k : 0];
    a.outputs = w.voxels / w.factor;  // whole ones
    a.row_bytes = 2 * a.outputs * index_t{sizeof(T)};
    a.next = w.next;
    a.prefetch = w.from_memory;
    a.groups = w.groups;
    a.out = reinterpret_cast<T*>(w.out.data);
    a.out_next = w.out.pitch / index_t{sizeof(T)};
    a.stream = w.out.stream;
    a.states = w.states.data;
    a.states_next = w.states.pitch;
    a.plane = w.states.plane;
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END

#endif
