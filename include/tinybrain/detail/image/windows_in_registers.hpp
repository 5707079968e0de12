// The windows of 2x2 and 2x2x2 that kernels make in registers, from the rows that the driver hands over.
#pragma once

#include <tinybrain/detail/drive/rows.hpp>
#include <tinybrain/detail/simd/row_kernels.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Whether these are windows of the input of one or two voxels in each of up to four rows.
inline bool are_small_windows(const window_rows& w) {
    return w.mip == 1 && w.rows <= 4 && (w.factor == 1 || (w.factor == 2 && w.run == 1));
}

template <class T, class Arguments>
void describe_windows(const window_rows& w, Arguments& a) {
    a.rows = w.rows;
    for (index_t k = 0; k < 4; ++k) a.row[k] = w.row[k < w.rows ? k : 0];
    a.outputs = w.voxels / w.factor * w.run;  // whole ones
    a.next = w.next;
    a.ahead = {w.from_memory, w.factor * a.outputs * index_t{sizeof(T)}, w.next, w.groups};
    a.groups = w.groups;
    a.out = reinterpret_cast<T*>(w.out.data);
    a.out_next = w.out.pitch / index_t{sizeof(T)};
    a.stream = w.out.stream;
    a.states = w.states.data;
    a.states_next = w.states.pitch;
    a.plane = w.states.plane;
    a.inner = w.inner;
}

/// Runs Operation<0, Factor> on such windows, of any number of rows, and says how many of each row it made.
template <template <int, int> class Operation, class Arguments>
index_t run_small_windows(const window_rows& w, const Arguments& a) {
    const bool done =
        w.factor == 1 ? simd::run_groups<Operation<0, 1>>(a) : simd::run_groups<Operation<0, 2>>(a);
    return done ? a.outputs / w.run : 0;
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END

#endif
