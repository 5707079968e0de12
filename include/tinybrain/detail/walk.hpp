// Loops over the axes of a plan, and handing tasks to an executor.
#pragma once

#include <cstddef>
#include <cstring>

#include <tinybrain/detail/index_math.hpp>
#include <tinybrain/detail/plan.hpp>
#include <tinybrain/options.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Steps an index through the box [first, first + count) along the axes from `lowest` on, the lowest fastest.
/// False when it has come round to the first again.
template <std::size_t N>
TINYBRAIN_FORCE_INLINE bool step(index_array<N>& index, const index_array<N>& first,
                                 const index_array<N>& count, std::size_t lowest) {
    for (std::size_t axis = lowest; axis < N; ++axis) {
        if (++index[axis] < first[axis] + count[axis]) return true;
        index[axis] = first[axis];
    }
    return false;
}

/// The product of an array's numbers from an axis on.
template <std::size_t N>
constexpr index_t product_from(const index_array<N>& numbers, std::size_t lowest) {
    index_t product = 1;
    for (std::size_t axis = lowest; axis < N; ++axis) product *= numbers[axis];
    return product;
}

/// The bytes of a box of voxels, at most index_max: a view may see the same voxels more often than that.
template <class T, std::size_t N>
constexpr index_t bytes_of_box(const index_array<N>& extent, index_t run) {
    return saturated_product(product_from(extent, 0) * run, index_t{sizeof(T)});
}

/// The box of the previous mip under a voxel of this one; along axis 0 left alone.
template <class T, std::size_t N>
TINYBRAIN_FORCE_INLINE void window_under(const plan_level<T, N>& level, const plan_level<T, N>& previous,
                                         const index_array<N>& index, index_array<N>& first,
                                         index_array<N>& count, std::size_t lowest) {
    for (std::size_t axis = lowest; axis < N; ++axis) {
        first[axis] = index[axis] * level.factor[axis];
        count[axis] = std::min(level.factor[axis], previous.extent[axis] - first[axis]);
    }
}

/// Runs function(0) ... function(count - 1) on the executor, or here where it is empty.
template <class Function>
void run_tasks(const executor& run_on, index_t count, const Function& function) {
    if (run_on) {
        if (count > 0) run_on(count, function);
    } else {
        for (index_t i = 0; i < count; ++i) function(i);
    }
}

/// Copies n voxels of `run` elements each between rows of any strides.
template <class T>
void copy_row(const T* from, index_t from_stride, index_t from_run_stride, T* to, index_t to_stride,
              index_t to_run_stride, index_t n, index_t run) {
    const bool from_dense = (from_stride == run || n == 1) && (from_run_stride == 1 || run == 1);
    const bool to_dense = (to_stride == run || n == 1) && (to_run_stride == 1 || run == 1);
    if (from_dense && to_dense) {
        std::memcpy(to, from, static_cast<std::size_t>(n * run) * sizeof(T));
        return;
    }
    for (index_t c = 0; c < run; ++c) {
        const T* source = from + c * from_run_stride;
        T* target = to + c * to_run_stride;
        for (index_t x = 0; x < n; ++x) target[x * to_stride] = source[x * from_stride];
    }
}

/// Writes the mips that repeat the one before them.
template <class T, std::size_t N>
void write_repeats(const plan<T, N>& p, const executor& run_on) {
    for (const auto& repeat : p.repeats) {
        const index_array<N>& extent = repeat.from.extent;
        const index_t rows = product_from(extent, 1);
        const index_t rows_a_task =
            std::max<index_t>(1, (index_t{1} << 18) / (extent[0] * p.run * index_t{sizeof(T)}) + 1);
        run_tasks(run_on, ceil_quotient(rows, rows_a_task), [&](index_t task) {
            for (index_t row = task * rows_a_task; row < std::min(rows, (task + 1) * rows_a_task); ++row) {
                index_array<N> index{};
                index_t rest = row;
                for (std::size_t axis = 1; axis < N; ++axis) {
                    index[axis] = rest % extent[axis];
                    rest /= extent[axis];
                }
                copy_row<T>(repeat.from.at(index), repeat.from.stride[0], repeat.from.run_stride,
                            repeat.to.at(index), repeat.to.stride[0], repeat.to.run_stride, extent[0], p.run);
            }
        });
    }
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
