// Minimum and maximum.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/base/foreground.hpp>
#include <tinybrain/detail/drive/fold.hpp>
#include <tinybrain/detail/drive/op.hpp>
#include <tinybrain/detail/image/coverage.hpp>
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
    struct state {
        T extreme;
        bool found;
    };
    const foreground_rules<T>& rules;

    state lift(const T& voxel) const {
        const T one_nan = voxel == voxel ? voxel : std::numeric_limits<T>::quiet_NaN();
        return {one_nan, !rules.is_background(voxel)};
    }
    state merge(const state& a, const state& b) const {
        if (!a.found || !b.found) return a.found ? a : b;
        return {extreme_of<T, Max>{}(a.extreme, b.extreme), true};
    }
    T finish(const state& s, index_t) const { return s.found ? s.extreme : rules.background; }
};

#if TINYBRAIN_HAS_VECTORS

template <class T, bool Max>
class vector_extreme final : public pooling {
    using algebra = simd::extremes<T, Max>;
    using key = typename algebra::key;
    using minima = simd::minima<key>;

public:
    explicit vector_extreme(const foreground_rules<T>& rules) : rules_(rules) {}

    state_form form(index_t) const override { return {index_t{sizeof(T)}, 1}; }

    void merge(const merge_rows& r) const override {
        if (r.mip > 1) {
            simd::run<simd::merged_rows<minima, simd::same_states<minima>>>(
                simd::row_merge_arguments<key>{r, 0, key{}});
        } else if (rules_.sparse) {
            merge_voxels<true>(r);
        } else {
            merge_voxels<false>(r);
        }
    }
    void fold(const fold_rows& r) const override { simd::run<simd::folded_rows<minima>>(r); }
    void finish(const finish_rows& r) const override {
        simd::run<simd::finished_rows<typename algebra::finish>>(
            simd::extreme_finish_arguments<T>{r, rules_.sparse, rules_.background});
    }
    index_t pool(const window_rows& w) const override {
        if (!are_small_windows(w)) return 0;
        simd::extreme_window_arguments<T> a{};
        describe_windows<T>(w, a);
        a.sparse = rules_.sparse;
        a.background = rules_.background;
        return a.sparse ? run_small_windows<algebra::template sparse_windows>(w, a)
                        : run_small_windows<algebra::template dense_windows>(w, a);
    }

private:
    template <bool Sparse>
    void merge_voxels(const merge_rows& r) const {
        simd::run<simd::merged_rows<algebra, typename algebra::template voxels<Sparse>>>(
            simd::row_merge_arguments<T>{r, 0, rules_.background});
    }

    const foreground_rules<T>& rules_;
};

#endif

/// Minima or maxima of a plan.
template <class T, bool Max>
void extremes_of(const plan& p, const foreground_rules<T>& rules, const executor& run_on) {
    const extreme_op<T, Max> op{rules};
    const op_pooling<extreme_op<T, Max>, T> plain(op);
#if TINYBRAIN_HAS_VECTORS
    const vector_extreme<T, Max> vectors(rules);
    fold(p, simd::has_vectors() ? static_cast<const pooling&>(vectors) : plain, run_on);
#else
    fold(p, plain, run_on);
#endif
    blank_uncovered(p, rules, run_on);
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
