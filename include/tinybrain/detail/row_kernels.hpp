// Folding along a row, for any element types: plain loops that every faster kernel must agree with, bit for
// bit.
#pragma once

#include <algorithm>
#include <cstddef>

#include <tinybrain/detail/index_math.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// fold_row for windows of just so many single elements: the compiler unrolls it.
template <int Factor, class State, class Merge>
void fold_whole_windows(const State* TINYBRAIN_RESTRICT row, index_t windows,
                        State* TINYBRAIN_RESTRICT states, const Merge& merge) {
    for (index_t x = 0; x < windows; ++x, row += Factor) {
        State state = row[0];
        for (int i = 1; i < Factor; ++i) state = merge(state, row[i]);
        states[x] = state;
    }
}

/// Folds windows of `factor` voxels, of `run` elements each, into states: from the first voxel on, or from
/// what a state holds already, if `more`.
template <class State, class Merge>
void fold_row(const State* row, index_t voxels, index_t factor, index_t run, State* states, bool more,
              const Merge& merge) {
    if (run == 1 && !more) {
        const index_t whole = voxels / factor;
        if (factor == 2) fold_whole_windows<2>(row, whole, states, merge);
        if (factor == 3) fold_whole_windows<3>(row, whole, states, merge);
        if (factor == 4) fold_whole_windows<4>(row, whole, states, merge);
        if (factor >= 2 && factor <= 4) {
            row += whole * factor;
            voxels -= whole * factor;
            states += whole;
        }
    }
    for (index_t x = 0; x < voxels; x += factor, states += run) {
        const index_t width = std::min(factor, voxels - x);
        const State* window = row + x * run;
        for (index_t c = 0; c < run; ++c) {
            State state = more ? merge(states[c], window[c]) : window[c];
            for (index_t i = 1; i < width; ++i) state = merge(state, window[i * run + c]);
            states[c] = state;
        }
    }
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
