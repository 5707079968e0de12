// Minimum and maximum, and the first voxel of a window: states that are voxels.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include <tinybrain/detail/fold.hpp>
#include <tinybrain/detail/row_kernels.hpp>
#include <tinybrain/detail/simd/extreme_kernels.hpp>
#include <tinybrain/detail/small_windows.hpp>
#include <tinybrain/detail/voxel_states.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// The smaller (Max: the larger) of two. A NaN wins over any number, and -0 is below +0, so that the order of
/// merging never shows.
template <class T, bool Max>
struct extreme_of {
    TINYBRAIN_FORCE_INLINE constexpr T operator()(const T& a, const T& b) const {
        if constexpr (std::is_floating_point_v<T>) {
            if (a != a || b != b) return std::numeric_limits<T>::quiet_NaN();
            if (a == b) return std::signbit(a) == Max ? b : a;
        }
        return (Max ? b < a : a < b) ? a : b;
    }
};

template <class T>
struct canonical {
    TINYBRAIN_FORCE_INLINE constexpr T operator()(const T& value) const {
        if constexpr (std::is_floating_point_v<T>) {
            return value == value ? value : std::numeric_limits<T>::quiet_NaN();
        } else {
            return value;
        }
    }
};

template <class T, bool Max>
class extreme_reducer : public voxel_state_reducer<T> {
public:
    static constexpr bool first_row_only = false;
    static constexpr bool sums_columns = true;

    template <std::size_t N>
    explicit extreme_reducer(const plan<T, N>& p) {
        for (std::size_t m = 0; m < p.mip.size(); ++m) {
            gathers_.push_back(m > 0 && has_kernels && base::vectors() && has_small_windows(p, m));
        }
    }

    bool gathers(index_t m) const { return gathers_[static_cast<std::size_t>(m)]; }

    // Only where gathers(m).
    template <std::size_t N>
    void reduce(index_t, const window_rows<N>& in, state_rows states) const {
        fold_small(in, {}, {voxels(states), states.step, false});
    }
    template <std::size_t N>
    void reduce_to_voxels(index_t, const window_rows<N>& in, const voxel_counts&, voxel_rows<T> out) const {
        fold_small(in, {}, out);
    }
    bool writes(index_t m) const { return gathers(m); }
    template <std::size_t N>
    void reduce_and_write(index_t, const window_rows<N>& in, state_rows states, voxel_rows<T> out) const {
        fold_small(in, states, out);
    }

    void lift_rows(index_t, state_rows row, index_t rows, index_t step, index_t elements, state_rows columns,
                   bool more) const {
        T* to = voxels(columns);
        const T* from = voxels(row);
        if (!more) {
            for (index_t i = 0; i < elements; ++i) to[i] = canonical<T>{}(from[i]);
        }
        for (index_t k = more ? 0 : 1; k < rows; ++k) merge_row(from + k * step, elements, to);
    }
    void add_columns(index_t, state_rows more, index_t elements, state_rows columns) const {
        merge_row(voxels(more), elements, voxels(columns));
    }
    void fold_columns(index_t, state_rows columns, index_t n, index_t factor, index_t run, state_rows states,
                      bool more) const {
        fold_row<T>(voxels(columns), n, factor, run, voxels(states), more, extreme_of<T, Max>{});
    }

private:
    using base = voxel_state_reducer<T>;
    using base::voxels;
    static constexpr bool has_kernels = !std::is_same_v<T, bool>;
#if TINYBRAIN_HAS_VECTORS
    using kernels = simd::extremes<T, Max, extreme_of<T, Max>>;
#endif

    template <std::size_t N>
    void fold_small([[maybe_unused]] const window_rows<N>& in, [[maybe_unused]] state_rows states,
                    [[maybe_unused]] voxel_rows<T> out) const {
#if TINYBRAIN_HAS_VECTORS
        if constexpr (has_kernels) {
            simd::extreme_arguments<T> a{small_window_rows(in, in.value, in.value_step, sizeof(T), 0,
                                                           in.windows * in.run, out.data, out.step),
                                         voxels(states), states.step};
            a.stream = out.stream;
            run_small_windows<kernels::template of_rows>(base::at_level(), in, 0, sizeof(T), a);
        }
#endif
    }

    void merge_row(const T* row, index_t elements, T* to) const {
#if TINYBRAIN_HAS_VECTORS
        if constexpr (has_kernels) {
            if (base::vectors()) {
                const simd::columns_arguments<T, T> a{row, 1, 0, to, elements};
                simd::run<simd::once_kernel<typename kernels::with_row>>(base::at_level(), a);
                return;
            }
        }
#endif
        for (index_t i = 0; i < elements; ++i) to[i] = extreme_of<T, Max>{}(to[i], row[i]);
    }

    std::vector<bool> gathers_;
};

/// Striding: of each window, the voxel that comes first in scan order.
template <class T>
class stride_reducer : public voxel_state_reducer<T> {
public:
    static constexpr bool first_row_only = true;

    static constexpr bool sums_columns = false;
    bool gathers(index_t) const { return true; }

    template <std::size_t N>
    void reduce(index_t, const window_rows<N>& in, state_rows states) const {
        take_first(in, {this->voxels(states), states.step, false});
    }
    template <std::size_t N>
    void reduce_to_voxels(index_t, const window_rows<N>& in, const voxel_counts&, voxel_rows<T> out) const {
        take_first(in, out);
    }

private:
    template <std::size_t N>
    static void take_first(const window_rows<N>& in, voxel_rows<T> out) {
        for (index_t group = 0; group < in.groups; ++group) {
            const T* row = reinterpret_cast<const T*>(in.value[0] + group * in.value_step);
            T* to = out.data + group * out.step;
            for (index_t x = 0; x < in.voxels; x += in.factor, to += in.run) {
                for (index_t c = 0; c < in.run; ++c) to[c] = row[x * in.run + c];
            }
        }
    }
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
