// Windows of 1, 2 or 2x2 rows, 1 or 2 voxels wide: what most pyramids are made of, and what the vector
// kernels take.
#pragma once

#include <algorithm>
#include <cstddef>

#include <tinybrain/detail/fold.hpp>
#include <tinybrain/detail/simd/dispatch.hpp>
#include <tinybrain/detail/simd/rows.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Whether all windows of a mip are that small. A row of runs is a row of single elements where its factor
/// is 1.
template <class T, std::size_t N>
bool has_small_windows(const plan<T, N>& p, std::size_t m) {
    const auto& factor = p.mip[m].factor;
    return std::all_of(factor.begin(), factor.end(), [](index_t f) { return f <= 2; }) &&
           product_from(factor, 1) <= 4 && (p.run == 1 || factor[0] == 1);
}

#if TINYBRAIN_HAS_VECTORS

/// The arguments of a kernel for n windows from `first` on, in each group.
template <class Out, std::size_t N>
simd::rows_arguments<Out> small_window_rows(const window_rows<N>& in, const std::byte* const* rows,
                                            index_t step, std::size_t element_bytes, index_t first, index_t n,
                                            Out* out, index_t out_step) {
    simd::rows_arguments<Out> a{};
    a.rows = in.rows;
    for (index_t k = 0; k < 4; ++k) {
        a.row[k] = rows[k < in.rows ? k : 0] + static_cast<std::size_t>(first * in.factor) * element_bytes;
    }
    a.row_bytes = n * in.factor * static_cast<index_t>(element_bytes);
    a.next = step;
    a.prefetch = in.from_memory;
    a.groups = in.groups;
    a.out = out;
    a.out_next = out_step;
    a.outputs = n;
    return a;
}

/// Runs Operation<Rows, Factor> on the a.outputs windows from `first` on; on one column where the last is cut
/// short.
template <template <int, int> class Operation, class Arguments, std::size_t N>
void run_small_windows(simd::level at, const window_rows<N>& in, index_t first, std::size_t element_bytes,
                       Arguments a) {
    if (in.factor == 1) {
        simd::run_groups<Operation<0, 1>>(at, a);
        return;
    }
    const index_t n = a.outputs;
    const bool cut = (first + n) * 2 > in.voxels;
    a.outputs = cut ? n - 1 : n;
    if (a.rows == 2) {
        simd::run_groups<Operation<2, 2>>(at, a);
    } else if (a.rows == 4) {
        simd::run_groups<Operation<4, 2>>(at, a);
    } else {
        simd::run_groups<Operation<0, 2>>(at, a);
    }
    if (!cut) return;
    for (auto& row : a.row) row += static_cast<std::size_t>(n - 1) * element_bytes;
    for (index_t group = 0; group < in.groups; ++group, a.step()) Operation<0, 1>::one(a, n - 1);
}

#endif

}  // namespace detail
TINYBRAIN_NAMESPACE_END
