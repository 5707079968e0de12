// Minimum and maximum: states that are voxels.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/drive/fold.hpp>
#include <tinybrain/detail/drive/op.hpp>
#include <tinybrain/detail/image/windows_in_registers.hpp>
#include <tinybrain/detail/simd/extreme_kernels.hpp>

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

template <class T, bool Max>
struct extreme_op {
    T lift(const T& voxel) const { return voxel == voxel ? voxel : std::numeric_limits<T>::quiet_NaN(); }
    T merge(const T& a, const T& b) const { return extreme_of<T, Max>{}(a, b); }
    T finish(const T& state, index_t) const { return state; }
};

#if TINYBRAIN_HAS_VECTORS

template <class T, bool Max>
class vector_extreme final : public pooling {
    using algebra = simd::extremes<T, Max>;

public:
    state_form form(index_t) const override { return {index_t{sizeof(T)}, 1}; }

    void merge(const merge_rows& r) const override {
        const simd::row_merge_arguments<T> a{r, 0, T{}};
        if (r.mip == 1) {
            simd::run<simd::merged_rows<algebra, typename algebra::voxels>>(a);
        } else {
            simd::run<simd::merged_rows<algebra, simd::same_states<algebra>>>(a);
        }
    }
    void fold(const fold_rows& r) const override { simd::run<simd::folded_rows<algebra>>(r); }
    void finish(const finish_rows& r) const override {
        simd::run<simd::finished_rows<typename algebra::finish>>(finish_arguments{r});
    }
    index_t pool(const window_rows& w) const override {
        if (!are_small_windows(w)) return 0;
        simd::window_arguments<T> a{};
        describe_windows<T>(w, a);
        return run_small_windows<false, algebra::template of_windows>(w, a);
    }

private:
    struct finish_arguments {
        finish_rows rows;
    };
};

#endif

/// Minima or maxima of a plan.
template <class T, bool Max>
void extremes_of(const plan& p, const executor& run_on) {
#if TINYBRAIN_HAS_VECTORS
    if (simd::has_vectors()) return fold(p, vector_extreme<T, Max>(), run_on);
#endif
    fold(p, op_pooling<extreme_op<T, Max>, T>(extreme_op<T, Max>{}), run_on);
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
