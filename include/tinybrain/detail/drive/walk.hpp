// Loops over the axes of a plan, copies between strides, and handing tasks to an executor.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

#include <tinybrain/detail/base/fail.hpp>
#include <tinybrain/detail/base/index_math.hpp>
#include <tinybrain/detail/drive/plan.hpp>
#include <tinybrain/detail/simd/copy_kernels.hpp>
#include <tinybrain/options.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Steps an index through the box [first, first + count) along the axes from `lowest` on, the lowest fastest.
/// False when it has come round to the first again.
TINYBRAIN_FORCE_INLINE bool step(axes& index, const axes& first, const axes& count, std::size_t lowest) {
    for (std::size_t axis = lowest; axis < max_axes; ++axis) {
        if (++index[axis] < first[axis] + count[axis]) return true;
        index[axis] = first[axis];
    }
    return false;
}

/// The product of an array's numbers from an axis on.
constexpr index_t product_from(const axes& numbers, std::size_t lowest) {
    index_t product = 1;
    for (std::size_t axis = lowest; axis < max_axes; ++axis) product *= numbers[axis];
    return product;
}

/// Place number `number` of a box of so many places, axis 0 fastest.
constexpr axes place_in(index_t number, const axes& count) {
    axes place{};
    for (std::size_t axis = 0; axis < max_axes; ++axis) {
        place[axis] = number % count[axis];
        number /= count[axis];
    }
    return place;
}

/// The bytes of a box of voxels, at most index_max: a view may see the same voxels more often than that.
constexpr index_t bytes_of_box(const axes& extent, index_t run, index_t voxel_bytes) {
    return saturated_product(product_from(extent, 0) * run, voxel_bytes);
}

/// Whether a mip is so large that it had better not push everything else out of the caches.
inline bool is_streamed(const plan& p, index_t m) {
    constexpr index_t large = index_t{8} << 20;
    return p.row_is_contiguous(m) && bytes_of_box(p.level(m).extent, p.run, p.voxel_bytes) >= large;
}

/// The box of voxels in a window, along the axes from `lowest` on.
inline void box_of_window(const window_grid& grid, const axes& index, axes& first, axes& count,
                          std::size_t lowest) {
    for (std::size_t axis = lowest; axis < max_axes; ++axis) {
        first[axis] = grid.begin(axis, index[axis]);
        count[axis] = grid.count(axis, index[axis]);
    }
}

/// How many windows of [o, o + n) along an axis have less under them than those between, at the start and at
/// the end: none or one.
struct cut_ends {
    index_t first, last;
};
inline cut_ends cut_ends_of(const window_grid& grid, std::size_t axis, index_t o, index_t n) {
    const index_t first = grid.starts_cut(axis, o) ? 1 : 0;
    return {first, n > first && grid.count(axis, o + n - 1) < grid.size[axis] ? 1 : 0};
}
/// Calls visit(o, n) for windows [o, o + n) along an axis: those that are cut by themselves.
template <class Visit>
void each_alike(const window_grid& grid, std::size_t axis, index_t o, index_t n, const Visit& visit) {
    const cut_ends cut = cut_ends_of(grid, axis, o, n);
    for (const index_t part : {cut.first, n - cut.first - cut.last, cut.last}) {
        if (part > 0) visit(o, part);
        o += part;
    }
}

/// A function of a task's number, by reference: one type for all of them.
class task_ref {
public:
    template <class Function>
    requires(!std::is_same_v<Function, task_ref>) task_ref(const Function& function)
        : function_(&function),
          call_([](const void* f, index_t i) { (*static_cast<const Function*>(f))(i); }) {}
    void operator()(index_t i) const { call_(function_, i); }

private:
    const void* function_;
    void (*call_)(const void*, index_t);
};

/// What an executor of somebody else's has done of the tasks it was given. An executor may go back on its
/// word and return before all have run: whoever comes later finds the book closed, and runs nothing.
class task_book {
public:
    explicit task_book(index_t count) : run_(static_cast<std::size_t>(ceil_quotient(count, 64))) {}

    void run(index_t i, task_ref task) {
        const visit here(*this);
        const std::uint64_t bit = std::uint64_t{1} << i % 64;
        if (closed_ || (run_[static_cast<std::size_t>(i / 64)].fetch_or(bit) & bit) != 0) return;
        task(i);
        ++done_;
    }
    /// Returns when nobody runs a task any more, how many are done.
    index_t close() {
        closed_ = true;
        while (inside_ != 0) std::this_thread::yield();
        return done_;
    }

private:
    struct visit {
        explicit visit(task_book& b) : book(b) { ++book.inside_; }
        ~visit() { --book.inside_; }
        visit(const visit&) = delete;
        visit& operator=(const visit&) = delete;
        task_book& book;
    };

    std::vector<std::atomic<std::uint64_t>> run_;  // a bit for each that has begun
    std::atomic<index_t> done_{0};
    std::atomic<index_t> inside_{0};
    std::atomic<bool> closed_{false};
};

/// Runs task(0) ... task(count - 1) here where the executor is empty. Else has it run each once, and refuses
/// one that did not.
template <class = void>
void run_tasks(const executor& run_on, index_t count, task_ref task) {
    if (!run_on || count == 0) {
        for (index_t i = 0; i < count; ++i) task(i);
        return;
    }
    const auto book = std::make_shared<task_book>(count);
    struct closes {
        ~closes() { book.close(); }
        task_book& book;
    } const at_the_end{*book};
    run_on(count, [book, task](index_t i) { book->run(i, task); });
    const index_t done = book->close();
    if (done != count) {
        fail<std::logic_error>({"the executor returned when it had run ", done, " of ", count,
                                " tasks; it must run each once, and wait for all"});
    }
}

/// Bytes of input that are worth a task.
inline constexpr index_t bytes_a_task = index_t{1} << 18;

template <std::size_t Bytes>
void copy_row(const std::byte* from, index_t from_stride, std::byte* to, index_t to_stride, index_t n) {
    constexpr auto size = static_cast<index_t>(Bytes);
    if (from_stride == 1 && to_stride == 1) {
        std::memcpy(to, from, static_cast<std::size_t>(n) * Bytes);
        return;
    }
    index_t i = to_stride == 1 ? simd::copy_strided<Bytes>(from, from_stride, to, n) : 0;
    for (; i < n; ++i) std::memcpy(to + i * to_stride * size, from + i * from_stride * size, Bytes);
}

/// Copies elements of so many bytes: along rows where both places have them in the same order, else in
/// squares whose lines stay in L1, each written along its line.
template <std::size_t Bytes>
void copy_block(const block_copy& c) {
    constexpr auto size = static_cast<index_t>(Bytes);
    const auto turns = [](const std::array<index_t, 2>& stride) {
        return magnitude(stride[1]) < magnitude(stride[0]);
    };
    const bool one_row = c.n[0] == 1 || c.n[1] == 1;
    const bool turned = !one_row && turns(c.to_stride);
    const std::size_t inner = (turned || c.n[0] == 1) ? 1 : 0;
    const std::size_t outer = 1 - inner;
    constexpr index_t square = 64;
    const bool in_order = one_row || turned == turns(c.from_stride);
    const index_t width = in_order ? c.n[inner] : square;
    const index_t height = in_order ? c.n[outer] : square;
    for (index_t y0 = 0; y0 < c.n[outer]; y0 += height) {
        for (index_t x0 = 0; x0 < c.n[inner]; x0 += width) {
            const index_t n = std::min(width, c.n[inner] - x0);
            for (index_t y = y0; y < std::min(c.n[outer], y0 + height); ++y) {
                copy_row<Bytes>(c.from + (y * c.from_stride[outer] + x0 * c.from_stride[inner]) * size,
                                c.from_stride[inner],
                                c.to + (y * c.to_stride[outer] + x0 * c.to_stride[inner]) * size,
                                c.to_stride[inner], n);
            }
        }
    }
}

/// Where a box of rows lies: `run` elements a voxel, strides in elements.
struct row_block {
    std::byte* data;
    index_t stride;      // from voxel to voxel
    index_t run_stride;  // between the elements of a voxel
    index_t pitch;       // from row to row
};

/// Copies rows of n voxels.
inline void copy_rows(const plan& p, const row_block& from, const row_block& to, index_t n, index_t rows) {
    const bool dense = (from.stride == p.run || n == 1) && (to.stride == p.run || n == 1) &&
                       (p.run == 1 || (from.run_stride == 1 && to.run_stride == 1));
    if (dense) {
        p.copy({from.data, {1, from.pitch}, to.data, {1, to.pitch}, {n * p.run, rows}});
        return;
    }
    for (index_t i = 0; i < p.run; ++i) {
        p.copy({from.data + i * from.run_stride * p.voxel_bytes,
                {from.stride, from.pitch},
                to.data + i * to.run_stride * p.voxel_bytes,
                {to.stride, to.pitch},
                {n, rows}});
    }
}

inline row_block rows_of(const plan& p, const plan_level& level, const axes& index) {
    return {level.data + level.offset_of(index) * p.voxel_bytes, level.stride[0], level.run_stride,
            level.stride[1]};
}

/// Writes the mips that repeat the one before them.
template <class = void>
void write_repeats(const plan& p, const executor& run_on) {
    for (const plan::repeat& repeat : p.repeats) {
        const axes& extent = repeat.from.extent;
        axes tiles = extent;
        const index_t row_bytes = extent[0] * p.run * p.voxel_bytes;
        const index_t height = std::clamp<index_t>(bytes_a_task / row_bytes, 1, extent[1]);
        tiles[0] = 1;
        tiles[1] = ceil_quotient(extent[1], height);
        run_tasks<>(run_on, product_from(tiles, 0), [&](index_t task) {
            axes index = place_in(task, tiles);
            index[1] *= height;
            copy_rows(p, rows_of(p, repeat.from, index), rows_of(p, repeat.to, index), extent[0],
                      std::min(height, extent[1] - index[1]));
        });
    }
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
