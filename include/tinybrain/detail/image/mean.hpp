// The exact mean as a pooling: sums as narrow as exactness allows, with a count of voxels where some are left
// out.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include <tinybrain/detail/base/foreground.hpp>
#include <tinybrain/detail/base/wide.hpp>
#include <tinybrain/detail/drive/fold.hpp>
#include <tinybrain/detail/drive/op.hpp>
#include <tinybrain/detail/image/mean_rounding.hpp>
#include <tinybrain/detail/image/windows_in_registers.hpp>
#include <tinybrain/detail/simd/mean_kernels.hpp>
#include <tinybrain/options.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// What an average is to do, and for which plan.
template <class T>
struct mean_rules : foreground_rules<T> {
    rounding round = rounding::toward_zero;
    bool replicate = false;
    std::vector<index_t> most_voxels;  // counted as often as they count, under one voxel of each mip
};

inline bool is_finite(double v) { return v - v == 0; }

/// The mean of doubles whose sum is more than a double holds, from the footprint itself, scaled down.
class careful_mean {
public:
    careful_mean(const plan& p, const mean_rules<double>& rules) : plan_(p), rules_(rules) {}

    /// Looks at every voxel made that is no number, and makes it again where it should be one.
    void mend(const finish_rows& r) const {
        axes index = r.index;
        for (index_t row = 0; row < r.rows; ++row, ++index[1]) {
            for (index_t i = 0; i < r.elements; i += at_once) {
                std::byte* out = r.out.data + row * r.out.pitch;
                mend(r.mip, index, i, std::min(at_once, r.elements - i), out);
            }
        }
    }

private:
    static constexpr double scale = 0x1p-64;
    static constexpr index_t at_once = 256;

    // Elements [from, from + n) of a row. Those with a NaN beneath stay as they are, and are many, if any: it
    // is looked for in the mip before, which is mended, or where background is left out in the footprint.
    void mend(index_t m, const axes& index, index_t from, index_t n, std::byte* out) const {
        struct suspect {
            index_t element, first, voxels;
            bool nan;
        };
        std::array<suspect, at_once> all;
        suspect* end = all.data();
        const plan_level& below = plan_.level(rules_.sparse ? 0 : m - 1);
        const window_grid& grid = rules_.sparse ? plan_.level(m).footprint : plan_.level(m).window;
        for (index_t i = from; i < from + n; ++i) {
            end->element = i;
            end += is_finite(get(out, i)) ? 0 : 1;  // up to chance: no branch
        }
        if (end == all.data()) return;
        for (suspect* s = all.data(); s != end; ++s) {
            const index_t voxel = plan_.run == 1 ? s->element : s->element / plan_.run;
            const index_t x = index[0] + voxel;
            s->first =
                grid.begin(0, x) * below.stride[0] + (s->element - voxel * plan_.run) * below.run_stride;
            s->voxels = grid.count(0, x);
            s->nan = false;
        }
        axes first, count;
        box_of_window(grid, index, first, count, 1);
        first[0] = 0;
        axes place = first;
        bool open = !rules_.is_background(std::numeric_limits<double>::quiet_NaN());
        while (open) {
            const double* row = voxel_at<double>(below, place);
            open = false;
            for (suspect* s = all.data(); s != end; ++s) {
                const double* voxel = row + s->first;
                bool nan = s->nan;
                for (index_t k = 0; k < s->voxels; ++k, voxel += below.stride[0]) {
                    nan |= *voxel != *voxel;  // up to chance: no branch
                }
                s->nan = nan;
                open |= !nan;
            }
            open = open && step(place, first, count, 1);
        }
        for (const suspect* s = all.data(); s != end; ++s) {
            if (s->nan) continue;
            axes here = index;
            here[0] += s->element / plan_.run;
            double voxel;
            if (mean(m, here, s->element % plan_.run, voxel)) {
                std::memcpy(out + s->element * index_t{sizeof voxel}, &voxel, sizeof voxel);
            }
        }
    }
    static double get(const std::byte* row, index_t i) {
        double voxel;
        std::memcpy(&voxel, row + i * index_t{sizeof voxel}, sizeof voxel);
        return voxel;
    }

    // False where the voxel is background, or a voxel of the footprint NaN itself, or voxels are infinite
    // with either sign. One infinity alone may have met the other in a sum that overflowed.
    bool mean(index_t m, const axes& index, index_t element, double& voxel) const {
        const plan_level& input = plan_.level(0);
        axes first, count;
        box_of_window(plan_.level(m).footprint, index, first, count, 0);
        exact_sum total{0, 0};
        index_t voxels = 0;
        index_t left = 0;
        double infinite = 0;
        axes place = first;
        do {
            const double value = voxel_at<double>(input, place)[element * input.run_stride];
            const index_t times = weight(m, place);
            voxels += times;
            if (rules_.is_background(value)) continue;
            left += times;
            if (is_finite(value)) {
                total = total + exact_sum{value * scale * static_cast<double>(times), 0};
            } else {
                infinite += value;
                if (infinite != infinite) return false;
            }
        } while (step(place, first, count, 0));
        if (rules_.sparse && left < rules_.least(voxels)) return false;
        voxel = infinite != 0 ? infinite : total.mean(static_cast<double>(left)) / scale;
        return true;
    }

    // How often a voxel counts.
    index_t weight(index_t m, const axes& place) const {
        index_t result = 1;
        for (std::size_t axis = 0; axis < max_axes && rules_.replicate; ++axis) {
            index_t i = place[axis];
            for (index_t k = 1; k <= m; ++k) {
                const window_grid& grid = plan_.level(k).window;
                i = grid.window_of(axis, i);
                if (grid.size[axis] == 2 && grid.count(axis, i) == 1) result *= 2;
            }
        }
        return result;
    }

    const plan& plan_;
    const mean_rules<double>& rules_;
};

/// Sums as averages in plain loops take them: of integers, of floats in double, of doubles with their error.
template <class T, class Sum>
struct mean_op {
    struct state {
        Sum sum;
        index_t count;
    };
    const plan& p;
    const mean_rules<T>& rules;

    state lift(const T& voxel) const {
        if constexpr (std::is_floating_point_v<T>) {
            return rules.is_background(voxel) ? state{Sum(-0.0), 0} : state{Sum(voxel), 1};
        } else {
            return rules.is_background(voxel) ? state{Sum(T{0}), 0} : state{static_cast<Sum>(voxel), 1};
        }
    }
    state merge(const state& a, const state& b) const {
        return {static_cast<Sum>(a.sum + b.sum), a.count + b.count};
    }
    T finish(const state& s, index_t voxels) const {
        if (!rules.sparse) return mean_of<T>(s.sum, voxels, rules.round);
        return s.count < rules.least(voxels) ? rules.background : mean_of<T>(s.sum, s.count, rules.round);
    }
    /// What op_pooling does with the voxels made: sums of doubles may have overflowed.
    void mend(const finish_rows& r) const requires std::is_same_v<T, double> {
        careful_mean(p, rules).mend(r);
    }
};

#if TINYBRAIN_HAS_VECTORS

/// Averages by vectors. Sums are lanes of twice the voxel's size or more; those of 64-bit integers go in two
/// words of 32 bits, those of doubles with their error.
template <class T>
class vector_mean final : public pooling {
    static constexpr bool real = std::is_floating_point_v<T>;
    static constexpr bool exact = std::is_same_v<T, double>;
    static constexpr bool words = !real && sizeof(T) == 8;
    // The plane of counts is behind those of sums.
    static constexpr index_t sum_planes = exact || words ? 2 : 1;
    using lane2 = simd::lane_of_sums<T, 2>;
    using lane4 = simd::lane_of_sums<T, 4>;
    using lane8 = simd::lane_of_sums<T, 8>;

public:
    vector_mean(const plan& p, const mean_rules<T>& rules) : plan_(p), rules_(rules) {
        lane_bytes_.assign(rules.most_voxels.size(), 8);
        for (std::size_t m = lane_bytes_.size(); m-- > 0 && !real && !words;) {
            lane_bytes_[m] = narrowest_lane(rules.most_voxels[m]);
            // From one mip to the next a lane doubles at most: fewer kernels.
            if (m + 1 < lane_bytes_.size()) lane_bytes_[m] = std::max(lane_bytes_[m], lane_bytes_[m + 1] / 2);
        }
    }

    /// Whether sums of so many voxels fit.
    static bool holds(const std::vector<index_t>& most_voxels) {
        if constexpr (real) return true;
        // The sums of bytes become wider than 32 bits only from mip to mip: one kernel less.
        if (sizeof(T) == 1 && most_voxels.size() > 1 && most_voxels[1] > index_t{1} << 24) return false;
        // Words carry once, before they are divided.
        constexpr int bits = words ? 31 : 64 - static_cast<int>(8 * sizeof(T));
        return most_voxels.back() <= index_t{1} << std::min(bits, 62);
    }

    state_form form(index_t m) const override { return {lane_bytes_[static_cast<std::size_t>(m)], planes()}; }
    bool replicates() const override { return rules_.replicate; }
    bool sees_places() const override { return exact; }
    bool in_order() const override { return real; }

    void merge(const merge_rows& r) const override {
        with_lane(r.mip, [&]<class S>(S) {
            if constexpr (exact) {
                merge_exact(r);
            } else if constexpr (words) {
                merge_words(r);
            } else if (r.mip > 1) {
                merge_sums<S>(r);
            } else if constexpr (sizeof(S) < 8 * sizeof(T)) {
                merge_voxels<S>(r);
            }
        });
    }

    void fold(const fold_rows& r) const override {
        with_lane(r.mip, [&]<class S>(S) {
            // An addition of integers is the same for both signs.
            using lane = std::conditional_t<real, double, bits_of<sizeof(S)>>;
            if constexpr (exact) {
                simd::run<simd::folded_rows<simd::exact_sums>>(r);
                if (rules_.sparse) fold_plane<double>(r, 2);
            } else {
                for (index_t p = 0; p < planes(); ++p) fold_plane<lane>(r, p);
            }
        });
    }

    void finish(const finish_rows& r) const override {
        bool unusual = false;
        const simd::finish_arguments<T> a{
            r, rules_.sparse, rules_.background, rules_.least(r.count), rules_.round, &unusual};
        const index_t most = rules_.sparse ? rules_.most_voxels[static_cast<std::size_t>(r.mip)] : r.count;
        with_lane(r.mip, [&]<class S>(S) {
            if constexpr (real) {
                if (exact && most > index_t{1} << 26) return finish_one_by_one<S>(r);
                simd::run<simd::finished_rows<simd::means_of_reals<T>>>(a);
                if (unusual) mend(r);
            } else if constexpr (words) {
                if (most > index_t{1} << 18) return finish_one_by_one<S>(r);
                simd::run<simd::finished_rows<simd::means_of_half_words<T>>>(a);
            } else {
                finish_sums<S>(a, most);
            }
        });
    }

    index_t pool(const window_rows& w) const override {
        if (rules_.sparse) return pool_sparse(w);
        if (w.mip > 1) return pool_sums(w);
        if (!are_small_windows(w) || !is_shifted(w) || w.count != w.factor * w.rows) return 0;
        if (w.states.data != nullptr && !holds_small_sums(1)) return 0;
        simd::mean_window_arguments<T> a = arguments_of(w);
        bool unusual = false;
        a.unusual = &unusual;
        index_t done = 0;
        if (!real && !a.by.plain()) {
            done = run_small_windows<other_windows>(w, a);
        } else {
            done = run_pairs(w, a);
            if (done == 0) done = run_small_windows<plain_windows>(w, a);
        }
        if (unusual) mend({1, {}, a.outputs, w.groups, w.count, w.out, w.index});
        return done;
    }

private:
    // Whether kernels that divide by a shift add the voxels of a window as others do.
    static bool is_shifted(const window_rows& w) {
        return is_in_order(w) && std::has_single_bit(static_cast<std::uint64_t>(w.count));
    }
    // Whether sums of a mip are in the lanes that kernels of small windows have.
    bool holds_small_sums(index_t m) const {
        return lane_bytes_[static_cast<std::size_t>(m)] == simd::mean_windows<T>::lane_bytes;
    }
    simd::mean_window_arguments<T> arguments_of(const window_rows& w) const {
        simd::mean_window_arguments<T> a;
        describe_windows<T>(w, a);
        a.source_plane = w.plane;
        a.by = simd::shift_rounding(w.count, rules_.round, std::is_signed_v<T>);
        a.scale = 1.0 / static_cast<double>(w.count);
        return a;
    }

    // Windows of two sums of the mip before in each row. Not of doubles, whose means are corrected by what is
    // left over: their errors may be large.
    index_t pool_sums([[maybe_unused]] const window_rows& w) const {
        if constexpr (!exact) {
            if (w.rows > 4 || w.factor != 2 || w.run != 1 || !is_shifted(w)) return 0;
            if (!holds_small_sums(w.mip - 1) || !holds_small_sums(w.mip)) return 0;
            using windows = typename simd::mean_windows<T>::of_sums;
            const simd::mean_window_arguments<T> a = arguments_of(w);
            if (simd::run_groups<simd::means_of_windows<T, 0, 2, windows>>(a)) return a.outputs;
        }
        return 0;
    }

    index_t pool_sparse([[maybe_unused]] const window_rows& w) const {
        if (!are_small_windows(w)) return 0;
        simd::mean_window_arguments<T> a;
        describe_windows<T>(w, a);
        a.background = rules_.background;
        a.least = rules_.least(w.count);
        if constexpr (real) {
            if (!is_in_order(w) || w.count != w.factor * w.rows) return 0;
            a.left_out = simd::background_bits<T>(rules_.background);
            bool unusual = false;
            a.unusual = &unusual;
            const index_t done = run_small_windows<sparse_windows>(w, a);
            if (unusual) mend({1, {}, a.outputs, w.groups, w.count, w.out, w.index});
            return done;
        } else if constexpr (sizeof(T) <= 2) {
            const bool keeps = w.states.data != nullptr && lane_bytes_[1] != index_t{2 * sizeof(T)};
            if (w.factor != 2 || keeps || rules_.round != rounding::toward_zero) return 0;
            return simd::run_groups<simd::sparse_means_of_windows<T, 0, 2>>(a) ? a.outputs : 0;
        }
        return 0;
    }

    // Whether the kernels add the rows of a window as they are merged elsewhere.
    static bool is_in_order(const window_rows& w) {
        return !real || w.inner <= 1 || w.inner >= w.rows || w.rows == 4;
    }

    // Of any mip: columns of the first are merged as those of the second, which there may not be.
    index_t planes() const { return sum_planes + (rules_.sparse ? 1 : 0); }

    static index_t narrowest_lane(index_t voxels) {
        for (const index_t lane : {2, 4}) {
            const int room = static_cast<int>(8 * lane) - static_cast<int>(8 * sizeof(T));
            if (room > 0 && voxels <= index_t{1} << room) return lane;
        }
        return 8;
    }

    template <class Function>
    void with_lane(index_t m, const Function& function) const {
        if constexpr (real) return function(double{});
        if constexpr (words) return function(simd::bits64{});
        if constexpr (!real && !words) {
            const index_t lane = lane_bytes_[static_cast<std::size_t>(m)];
            if constexpr (sizeof(T) == 1) {
                if (lane == 2) return function(lane2{});
            }
            if constexpr (sizeof(T) <= 2) {
                if (lane == 4) return function(lane4{});
            }
            function(lane8{});
        }
    }

    template <class Algebra, class Lift>
    void run(const merge_rows& r, std::byte* columns, index_t source_plane = 0) const {
        merge_rows one = r;
        one.columns.data = columns;
        simd::row_merge_arguments<T> a{one, source_plane, rules_.background};
        simd::run<simd::merged_rows<Algebra, Lift>>(a);
    }

    template <class S>
    void merge_voxels(const merge_rows& r) const {
        if (rules_.sparse) {
            run<simd::sums<S>, simd::foreground<T, S>>(r, r.columns.data);
            run<simd::sums<S>, simd::counted<T, S>>(r, r.columns.data + r.columns.plane);
        } else {
            run<simd::sums<S>, simd::converted<T, S>>(r, r.columns.data);
        }
    }

    template <class S>
    void merge_sums(const merge_rows& r) const {
        using half = simd::half_lane<S>;
        const index_t below = lane_bytes_[static_cast<std::size_t>(r.mip) - 1];
        for (index_t p = 0; p < planes(); ++p) {
            std::byte* columns = r.columns.data + p * r.columns.plane;
            if constexpr (!real && sizeof(half) >= 2 * sizeof(T)) {
                if (below < index_t{sizeof(S)}) {
                    run<simd::sums<S>, simd::converted<half, S, true>>(r, columns, p * r.plane);
                    continue;
                }
            }
            using lane = std::conditional_t<real, double, bits_of<sizeof(S)>>;
            run<simd::sums<lane>, simd::converted<lane, lane, true>>(r, columns, p * r.plane);
        }
    }

    void merge_words(const merge_rows& r) const {
        if constexpr (words) {
            if (r.mip > 1) return merge_sums<simd::bits64>(r);
            using sums = simd::sums<simd::bits64>;
            std::byte* high = r.columns.data + r.columns.plane;
            if (rules_.sparse) {
                run<sums, simd::half_words<T, false, true>>(r, r.columns.data);
                run<sums, simd::half_words<T, true, true>>(r, high);
                run<sums, simd::counted<T, simd::bits64>>(r, high + r.columns.plane);
            } else {
                run<sums, simd::half_words<T, false, false>>(r, r.columns.data);
                run<sums, simd::half_words<T, true, false>>(r, high);
            }
        }
    }

    void merge_exact(const merge_rows& r) const {
        if constexpr (exact) {
            using counts = simd::sums<double>;
            std::byte* count = r.columns.data + 2 * r.columns.plane;
            if (r.mip > 1) {
                run<simd::exact_sums, simd::same_states<simd::exact_sums>>(r, r.columns.data);
                if (rules_.sparse) run<counts, simd::converted<double, double, true>>(r, count, 2 * r.plane);
            } else if (rules_.sparse) {
                run<simd::exact_sums, simd::exact_doubles<true>>(r, r.columns.data);
                run<counts, simd::counted<double, double>>(r, count);
            } else {
                run<simd::exact_sums, simd::exact_doubles<false>>(r, r.columns.data);
            }
        }
    }

    template <class Lane>
    static void fold_plane(const fold_rows& r, index_t plane) {
        fold_rows one = r;
        one.columns.data += plane * r.columns.plane;
        one.states.data += plane * r.states.plane;
        simd::run<simd::folded_rows<simd::sums<Lane>>>(one);
    }

    template <class S>
    void finish_sums(const simd::finish_arguments<T>& a, index_t most) const {
        const index_t largest = saturated_product(most, index_t{1} << 8 * sizeof(T));
        if (!rules_.sparse && std::has_single_bit(static_cast<std::uint64_t>(a.rows.count))) {
            const simd::shift_rounding by(a.rows.count, rules_.round, std::is_signed_v<T>);
            simd::run<simd::finished_rows<simd::means_by_shift<T, S>>>(simd::shift_arguments<T>{a, by});
            return;
        }
        if constexpr (sizeof(S) <= 4) {
            if (sizeof(S) == 2 || largest <= simd::real_lanes<float>::largest) {
                simd::run<simd::finished_rows<simd::means_by_division<T, S, float>>>(a);
                return;
            }
        }
        // Of narrower voxels there are so many under each of these sums that it does not matter how they are
        // divided.
        if constexpr (sizeof(T) > 1 && sizeof(S) == 2 * sizeof(T)) {
            if (largest <= simd::real_lanes<double>::largest) {
                simd::run<simd::finished_rows<simd::means_by_division<T, S, double>>>(a);
                return;
            }
        }
        finish_one_by_one<S>(a.rows);
    }

    // Sums of more voxels than vectors divide.
    template <class S>
    void finish_one_by_one(const finish_rows& r) const {
        const index_t least = rules_.least(r.count);
        for (index_t row = 0; row < r.rows; ++row) {
            const std::byte* states = r.states.data + row * r.states.pitch;
            std::byte* out = r.out.data + row * r.out.pitch;
            for (index_t i = 0; i < r.elements; ++i) {
                const auto plane = [&](index_t p, auto value) {
                    std::memcpy(&value, states + p * r.states.plane + i * index_t{sizeof value},
                                sizeof value);
                    return value;
                };
                index_t count = r.count;
                if (rules_.sparse)
                    count = static_cast<index_t>(
                        plane(sum_planes, std::conditional_t<real, double, bits_of<sizeof(S)>>{}));
                T voxel = rules_.background;
                if (!rules_.sparse || count >= least) {
                    if constexpr (exact) {
                        const exact_sum sum{plane(0, double{}), plane(1, double{})};
                        voxel = sum.mean(static_cast<double>(count));
                    } else if constexpr (words) {
                        const wide sum =
                            wide_of_words(plane(0, simd::bits64{}), plane(1, simd::bits64{}), count);
                        voxel = mean_of<T>(sum, count, rules_.round);
                    } else {
                        voxel = mean_of<T>(plane(0, S{}), count, rules_.round);
                    }
                }
                std::memcpy(out + i * index_t{sizeof(T)}, &voxel, sizeof voxel);
            }
        }
        mend(r);
    }
    // The sum of signed voxels was one of `count` numbers that are 2^63 larger.
    static wide wide_of_words(simd::bits64 low, simd::bits64 high, index_t count) {
        wide sum = wide_of(high >> 32, high << 32);
        sum += wide_of(0, low);
        const auto n = static_cast<simd::bits64>(std::is_signed_v<T> ? count : 0);
        const simd::bits64 below = n << 63;
        return sum + wide_of(~(n >> 1) + (below == 0 ? 1 : 0), ~below + 1);
    }

    template <int Rows, int Factor>
    using plain_windows =
        simd::means_of_windows<T, Rows, Factor, typename simd::mean_windows<T>::template of<true>>;
    // Of floating-point numbers there are no other roundings.
    template <int Rows, int Factor>
    using other_windows =
        simd::means_of_windows<T, Rows, Factor, typename simd::mean_windows<T>::template of<real>>;
    using kept_pairs =
        simd::means_of_windows<T, 2, 2, typename simd::mean_windows<T>::template of<true>, true>;

    // Two rows by themselves, with states or without, and four without: in the caches that is a fourth faster
    // for integers of 8 and 16 bits.
    static index_t run_pairs([[maybe_unused]] const window_rows& w,
                             [[maybe_unused]] const simd::mean_window_arguments<T>& a) {
        bool done = false;
        if constexpr (!real && sizeof(T) <= 2) {
            if (w.factor != 2) return 0;
            if (w.rows == 2 && a.states == nullptr) done = simd::run_groups<plain_windows<2, 2>>(a);
            if (w.rows == 4 && a.states == nullptr) done = simd::run_groups<plain_windows<4, 2>>(a);
            if (w.rows == 2 && a.states != nullptr) done = simd::run_groups<kept_pairs>(a);
        }
        return done ? a.outputs : 0;
    }

    template <int Rows, int Factor>
    using sparse_windows = simd::sparse_means_of_reals<T, Rows, Factor>;

    void mend([[maybe_unused]] const finish_rows& r) const {
        if constexpr (exact) careful_mean(plan_, rules_).mend(r);
    }

    const plan& plan_;
    const mean_rules<T>& rules_;
    std::vector<index_t> lane_bytes_;
};

#endif

/// Averages of a plan.
template <class T>
void average(const plan& p, mean_rules<T> rules, const executor& run_on) {
    // The x87 of 32-bit x86 rounds twice: the last bit of a mean would be another than everywhere else.
    static_assert(!std::is_floating_point_v<T> || FLT_EVAL_METHOD != 2,
                  "averages of float and double need arithmetic that is no wider than double: compile with "
                  "-msse2 -mfpmath=sse");
    // One mip of replicated edges has the means of clipped ones: all voxels of its windows count alike.
    rules.replicate = rules.replicate && p.depth() > 1;
    rules.most_voxels.assign(p.mip.size(), 1);
    for (std::size_t m = 1; m < p.mip.size(); ++m) {
        rules.most_voxels[m] = rules.replicate
                                   ? rules.most_voxels[m - 1] * product_from(p.mip[m].window.size, 0)
                                   : product_from(p.mip[m].footprint.size, 0);
    }
#if TINYBRAIN_HAS_VECTORS
    if (simd::has_vectors() && vector_mean<T>::holds(rules.most_voxels)) {
        return fold(p, vector_mean<T>(p, rules), run_on);
    }
#endif
    using sum = std::conditional_t<std::is_same_v<T, double>, exact_sum,
                                   std::conditional_t<std::is_floating_point_v<T>, double, wide>>;
    const mean_op<T, sum> op{p, rules};
    fold(p, op_pooling<mean_op<T, sum>, T>(op, rules.replicate), run_on);
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
