// The exact mean as a state: a sum as narrow as exactness allows, with a count of voxels where some are left
// out.
#pragma once

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include <tinybrain/detail/fold.hpp>
#include <tinybrain/detail/mean_rounding.hpp>
#include <tinybrain/detail/row_kernels.hpp>
#include <tinybrain/detail/simd/mean_kernels.hpp>
#include <tinybrain/detail/small_windows.hpp>
#include <tinybrain/detail/wide.hpp>
#include <tinybrain/options.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// The types a sum of voxels of type T can have, from narrow to wide.
enum class sum_width { bits16, bits32, bits64, bits128, binary64 };

template <class T, sum_width Width>
struct sum_of {
    using type = std::conditional_t<
        Width == sum_width::bits16, std::conditional_t<std::is_signed_v<T>, std::int16_t, std::uint16_t>,
        std::conditional_t<
            Width == sum_width::bits32, std::conditional_t<std::is_signed_v<T>, std::int32_t, std::uint32_t>,
            std::conditional_t<Width == sum_width::bits64,
                               std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>,
                               std::conditional_t<Width == sum_width::bits128, wide, double>>>>;
    // Counts are as wide as sums, to travel in the same vectors, but never need more than 64 bits.
    using count =
        std::conditional_t<Width == sum_width::bits16, std::uint16_t,
                           std::conditional_t<Width == sum_width::bits32, std::uint32_t, std::uint64_t>>;
};

/// The narrowest sum that holds any `count` voxels of type T.
template <class T>
constexpr sum_width width_for([[maybe_unused]] index_t count) {
    if constexpr (std::is_floating_point_v<T>) {
        return sum_width::binary64;
    } else {
        const int bits =
            int{8 * sizeof(T)} + static_cast<int>(std::bit_width(static_cast<std::uint64_t>(count) - 1));
        if (sizeof(T) < 2 && bits <= 16) return sum_width::bits16;
        if (sizeof(T) < 4 && bits <= 32) return sum_width::bits32;
        if (sizeof(T) < 8 && bits <= 64) return sum_width::bits64;
        return sum_width::bits128;
    }
}

struct add {
    template <class Sum>
    TINYBRAIN_FORCE_INLINE constexpr Sum operator()(const Sum& a, const Sum& b) const {
        return static_cast<Sum>(a + b);
    }
};

template <class Sum>
struct widen {
    template <class Source>
    TINYBRAIN_FORCE_INLINE constexpr Sum operator()(const Source& value) const {
        return static_cast<Sum>(value);
    }
};

/// In a sparse sum background adds nothing: zero, which among floating-point numbers is -0.
template <class Sum, class T>
struct widen_foreground {
    T background;
    TINYBRAIN_FORCE_INLINE constexpr Sum operator()(const T& value) const {
        if constexpr (std::is_floating_point_v<T>) {
            return value == background ? Sum{-0.0} : static_cast<Sum>(value);
        } else {
            return static_cast<Sum>(value == background ? T{0} : value);
        }
    }
};

template <class Count, class T>
struct count_foreground {
    T background;
    TINYBRAIN_FORCE_INLINE constexpr Count operator()(const T& value) const {
        return value == background ? Count{0} : Count{1};
    }
};

/// Calls function with a value-initialised sum and count of the width asked for, among those that T can need.
template <class T, class Function>
void with_sum(sum_width width, const Function& function) {
    const auto call = [&]<sum_width W>() {
        function(typename sum_of<T, W>::type{}, typename sum_of<T, W>::count{});
    };
    if constexpr (std::is_floating_point_v<T>) {
        call.template operator()<sum_width::binary64>();
    } else {
        if constexpr (sizeof(T) < 2) {
            if (width == sum_width::bits16) return call.template operator()<sum_width::bits16>();
        }
        if constexpr (sizeof(T) < 4) {
            if (width == sum_width::bits32) return call.template operator()<sum_width::bits32>();
        }
        if constexpr (sizeof(T) < 8) {
            if (width == sum_width::bits64) return call.template operator()<sum_width::bits64>();
        }
        if constexpr (sizeof(T) >= 4) call.template operator()<sum_width::bits128>();
    }
}

/// The reducer of averages (see fold.hpp for what a reducer offers).
template <class T>
class mean_reducer {
    // The x87 of 32-bit x86 rounds twice: the last bit of a mean would be another than everywhere else.
    static_assert(!std::is_floating_point_v<T> || FLT_EVAL_METHOD != 2,
                  "averages of float and double need arithmetic that is no wider than double: compile with "
                  "-msse2 -mfpmath=sse");

public:
    static constexpr bool first_row_only = false;
    static constexpr bool sums_columns = true;

    /// most_voxels[m]: the most voxels, counted as often as they count, under one voxel of mip m.
    template <std::size_t N>
    mean_reducer(const plan<T, N>& p, bool sparse, const T& background, rounding round, bool replicate,
                 const std::vector<index_t>& most_voxels)
        : sparse_(sparse), background_(background), round_(round), replicate_(replicate) {
        levels_.reserve(most_voxels.size());
        for (std::size_t m = 0; m < most_voxels.size(); ++m) {
            level entry;
            entry.most_voxels = most_voxels[m];
            entry.width = width_for<T>(most_voxels[m]);
            with_sum<T>(entry.width, [&](auto sum, auto counter) {
                entry.value_bytes = sizeof(sum);
                entry.count_bytes = sizeof(counter);
            });
            levels_.push_back(entry);
            if (m > 0) levels_[m].gathers = has_fast_windows(p, m);
        }
        writes_two_ = has_two_mips_kernel && !sparse_ && p.depth() >= 2 && writes(1) && writes(2) &&
                      is_square(p, 1) && is_square(p, 2);
    }

    std::size_t value_bytes(index_t m) const { return at(m).value_bytes; }
    std::size_t count_bytes(index_t m) const { return sparse_ ? at(m).count_bytes : 0; }
    bool gathers(index_t m) const { return at(m).gathers; }
    bool replicates() const { return replicate_; }

    // Only where gathers(m): small windows.
    template <std::size_t N>
    void reduce(index_t m, const window_rows<N>& in, state_rows states) const {
        reduce_part(m, in, 0, in.windows * in.run, states);
    }

    /// Whether reduce_and_write does mip m: where a shift, or a multiplication, gives the mean.
    bool writes(index_t m) const {
        if (m < 1 || !at(m).gathers || replicate_) return false;
        if (sparse_) return m == 1 && makes_sparse_voxels();
        return makes_voxels(m) && std::has_single_bit(static_cast<std::uint64_t>(at(m).most_voxels));
    }
    /// reduce(), and the voxels at once.
    template <std::size_t N>
    void reduce_and_write(index_t m, const window_rows<N>& in, state_rows states, voxel_rows<T> out) const {
        const index_t whole = in.windows * in.run - (in.counts.has_last ? in.run : 0);
        const bool done = sparse_ ? sparse_means_of_windows(m, in, whole, states, out)
                                  : means_of_windows(m, in, whole, states, out);
        if (!done) {
            reduce(m, in, states);
            finish(m, states, in.groups, in.windows, in.run, in.counts, out);
        } else if (in.counts.has_last) {
            states.value += static_cast<std::size_t>(whole) * value_bytes(m);
            states.count += static_cast<std::size_t>(whole) * count_bytes(m);
            last_windows(m, in, whole, states, out);
        }
    }

    /// Whether reduce_two makes mips 1 and 2 at once.
    bool writes_two() const { return writes_two_; }
    /// Both mips' voxels and the states of mip 2, from `in.groups` times four rows of voxels under
    /// in.windows whole windows.
    template <std::size_t N>
    void reduce_two([[maybe_unused]] const window_rows<N>& in, [[maybe_unused]] state_rows states,
                    [[maybe_unused]] voxel_rows<T> first, [[maybe_unused]] voxel_rows<T> out) const {
#if TINYBRAIN_HAS_VECTORS
        if constexpr (has_two_mips_kernel) {
            simd::two_mips_arguments<T, simd_sum> a{
                small_window_rows(in, in.value, in.value_step, sizeof(T), 0, in.windows, out.data, out.step),
                first.data,
                first.step,
                first.stream,
                out.stream,
                reinterpret_cast<simd_sum*>(states.value),
                states.step};
            a.stream = first.stream || out.stream;
            simd::run_groups<simd::two_mips_of_rows<T, simd_sum>>(simd_, a);
        }
#endif
    }

    template <std::size_t N>
    void reduce_to_voxels(index_t m, const window_rows<N>& in, const voxel_counts& voxels,
                          voxel_rows<T> out) const {
        if constexpr (has_kernels) {
            const index_t whole = in.windows * in.run - (voxels.has_last ? in.run : 0);
            const bool done = sparse_ ? sparse_means_of_windows(m, in, whole, {}, out)
                                      : means_of_windows(m, in, whole, {}, out);
            if (!done) reduce_by_parts(m, in, whole, voxels.each, out);
            if (!voxels.has_last) return;
            alignas(64) std::byte sums[most_groups * longest_run * most_sum_bytes];
            alignas(64) std::byte counts[most_groups * longest_run * 8];
            if (!sparse_) counts[0] = {};
            last_windows(m, in, whole, {sums, counts, in.run}, out);
        }
    }

    // Sums of columns: of `rows` rows, `step` elements apart, set or added.
    void lift_rows(index_t m, state_rows row, index_t rows, index_t step, index_t elements,
                   state_rows columns, bool more) const {
        each_source(m, row, columns, [&](auto* source, auto* sums, const auto& lift) {
            if (fast_columns(source, rows, step, elements, sums, more, lift)) return;
            if (!more) {
                for (index_t i = 0; i < elements; ++i) sums[i] = lift(source[i]);
            }
            for (index_t k = more ? 0 : 1; k < rows; ++k) {
                const auto* next = source + k * step;
                for (index_t i = 0; i < elements; ++i) sums[i] = add{}(sums[i], lift(next[i]));
            }
        });
    }

    void add_columns(index_t m, state_rows more, index_t elements, state_rows columns) const {
        each_plane(m, more, columns, [&](const auto* terms, auto* sums) {
            for (index_t i = 0; i < elements; ++i) sums[i] = add{}(sums[i], terms[i]);
        });
    }

    void fold_columns(index_t m, state_rows columns, index_t voxels, index_t factor, index_t run,
                      state_rows states, bool more) const {
        each_plane(m, columns, states, [&](const auto* sums, auto* out) {
            const bool plain = run == 1 && !more;
            index_t done = 0;
            if (plain && factor == 3) done = fold_neighbours<3>(sums, voxels, out);
            if (plain && factor == 4) done = fold_neighbours<4>(sums, voxels, out);
            fold_row(sums + done * factor, voxels - done * factor, factor, run, out + done, more, add{});
        });
    }

    void double_states(index_t m, state_rows states, index_t elements) const {
        each_plane(m, states, states, [&](const auto* terms, auto* sums) {
            for (index_t i = 0; i < elements; ++i) sums[i] = add{}(sums[i], terms[i]);
        });
    }

    void finish(index_t m, state_rows states, index_t rows, index_t n, index_t run,
                const voxel_counts& voxels, voxel_rows<T> out) const {
        const index_t elements = n * run;
        const index_t whole = voxels.has_last ? elements - run : elements;
        if (whole > 0) finish_part(m, states, rows, whole, voxels.each, out);
        if (whole == elements) return;
        states.value += static_cast<std::size_t>(whole) * value_bytes(m);
        states.count += static_cast<std::size_t>(whole) * count_bytes(m);
        out.data += whole;
        out.stream = false;
        finish_part(m, states, rows, run, voxels.last, out);
    }

private:
    // Sums of this many windows stay in L1 on their way to voxels.
    static constexpr index_t part_elements = 1024;

    // Whether there are any of small windows.
    static constexpr bool has_kernels = TINYBRAIN_HAS_VECTORS != 0;

    // 64-bit integers have sums of 128 bits.
    static constexpr std::size_t most_sum_bytes = std::is_integral_v<T> && sizeof(T) == 8 ? 16 : 8;

    struct level {
        sum_width width = sum_width::binary64;
        std::size_t value_bytes = 0;
        std::size_t count_bytes = 0;
        index_t most_voxels = 1;
        bool gathers = false;
    };

    const level& at(index_t m) const { return levels_[static_cast<std::size_t>(m)]; }

    // Whether mip m's windows and sums are such as the kernels of small windows take.
    template <std::size_t N>
    bool has_fast_windows(const plan<T, N>& p, std::size_t m) const {
        if (!has_kernels || simd_ == simd::level::portable) return false;
        if (!detail::has_small_windows(p, m)) return false;
        const std::size_t under = m == 1 ? sizeof(T) : levels_[m - 1].value_bytes;
        const std::size_t here = levels_[m].value_bytes;
        // Of the pairs of widths only these are compiled: what is wider stands for so many voxels that it is
        // rare.
        return std::is_floating_point_v<T> || (m == 1 ? here == 2 * under : takes_states(under, here));
    }

    // Whether windows are 2 x 2 voxels, along axes 0 and 1.
    template <std::size_t N>
    static bool is_square(const plan<T, N>& p, std::size_t m) {
        const auto& f = p.mip[m].factor;
        return p.run == 1 && f[0] == 2 && f[1] == 2 && product_from(f, 2) == 1;
    }
    static constexpr bool has_two_mips_kernel = has_kernels && sizeof(T) <= 2;

    // Whether sums of one width are folded into sums of another by vectors.
    static constexpr bool takes_states(std::size_t from, std::size_t to) {
        constexpr std::size_t first = 2 * sizeof(T);
        return from == first && (to == first || (to == 2 * first && sizeof(T) == 1));
    }

#if TINYBRAIN_HAS_VECTORS
    // The kernels of small windows, from rows of Source to sums, or to voxels.
    template <class Source, class Sum>
    struct kernels {
        template <int Rows, int Factor>
        using sums = simd::sums_of_rows<Source, Sum, std::is_same_v<Source, T> ? Rows : 0, Factor>;
        template <int Rows, int Factor>
        using sparse_sums = simd::sparse_sums_of_rows<Source, Sum, 0, Factor>;
        template <int Rows, int Factor>
        using means = simd::means_of_rows<T, Source, Sum, std::is_same_v<Source, T> ? Rows : 0, Factor>;
        template <int Rows, int Factor>
        using long_means = simd::long_means_of_rows<T, Rows, Factor>;
    };
#endif

    // Voxels of the first n windows of `count` voxels each, their sums and counts kept in L1 on the way.
    template <std::size_t N>
    void reduce_by_parts(index_t m, const window_rows<N>& in, index_t n, index_t count,
                         voxel_rows<T> out) const {
        alignas(64) std::byte sums[part_elements * most_sum_bytes];
        alignas(64) std::byte counts[part_elements * 8];
        if (!sparse_) counts[0] = {};
        const state_rows part{sums, counts, 0};
        window_rows<N> group = in;
        group.groups = 1;
        for (index_t g = 0; g < in.groups; ++g) {
            for (index_t done = 0; done < n; done += part_elements) {
                const index_t elements = std::min(part_elements, n - done);
                reduce_part(m, group, done, elements, part);
                finish_part(m, part, 1, elements, count, {out.data + done, 0, out.stream});
            }
            for (index_t k = 0; k < in.rows; ++k) {
                group.value[k] += in.value_step;
                group.count[k] += in.count_step;
            }
            out.data += out.step;
        }
    }

    // States and voxels of the last window of each group, which starts at element `first`.
    template <std::size_t N>
    void last_windows(index_t m, const window_rows<N>& in, index_t first, state_rows states,
                      voxel_rows<T> out) const {
        reduce_part(m, in, first, in.run, states);
        out.data += first;
        out.stream = false;
        finish_part(m, states, in.groups, in.run, in.counts.last, out);
    }

    // States of `n` windows from `first` on.
    template <std::size_t N>
    void reduce_part([[maybe_unused]] index_t m, [[maybe_unused]] const window_rows<N>& in,
                     [[maybe_unused]] index_t first, [[maybe_unused]] index_t n,
                     [[maybe_unused]] state_rows states) const {
#if TINYBRAIN_HAS_VECTORS
        with_sum<T>(at(m).width, [&](auto sum, auto counter) {
            auto* sums = reinterpret_cast<decltype(sum)*>(states.value);
            auto* counts = reinterpret_cast<decltype(counter)*>(states.count);
            if (m == 1) {
                reduce_voxels(in, first, n, sums, counts, states.step);
            } else {
                reduce_states(m, in, first, n, sums, counts, states.step);
            }
        });
#endif
    }

#if TINYBRAIN_HAS_VECTORS
    template <std::size_t N, class Sum, class Count>
    void reduce_voxels(const window_rows<N>& in, index_t first, index_t n, Sum* sums, Count* counts,
                       index_t step) const {
        if constexpr (std::is_same_v<Sum, simd_sum>) {
            if (sparse_) {
                simd::sparse_arguments<T, Sum> a{
                    small_window_rows(in, in.value, in.value_step, sizeof(T), first, n, sums, step), counts,
                    background_};
                run_small_windows<kernels<T, Sum>::template sparse_sums>(simd_, in, first, sizeof(T), a);
                return;
            }
            run_small_windows<kernels<T, Sum>::template sums>(
                simd_, in, first, sizeof(T),
                small_window_rows(in, in.value, in.value_step, sizeof(T), first, n, sums, step));
        }
    }

    template <std::size_t N, class Sum, class Count>
    void reduce_states(index_t m, const window_rows<N>& in, index_t first, index_t n, Sum* sums,
                       Count* counts, index_t step) const {
        with_sum<T>(at(m - 1).width, [&](auto sum, auto counter) {
            using Source = decltype(sum);
            using SourceCount = decltype(counter);
            if constexpr (std::is_floating_point_v<T> || takes_states(sizeof(Source), sizeof(Sum))) {
                run_small_windows<kernels<Source, Sum>::template sums>(
                    simd_, in, first, sizeof(Source),
                    small_window_rows(in, in.value, in.value_step, sizeof(Source), first, n, sums, step));
                if (!sparse_) return;
                run_small_windows<kernels<SourceCount, Count>::template sums>(
                    simd_, in, first, sizeof(SourceCount),
                    small_window_rows(in, in.count, in.count_step, sizeof(SourceCount), first, n, counts,
                                      step));
            }
        });
    }
#endif

    // Sums of voxels that the kernels of small windows work on.
    using simd_sum = std::conditional_t<std::is_floating_point_v<T>, double,
                                        typename sum_of<T, sizeof(T) == 1   ? sum_width::bits16
                                                           : sizeof(T) == 2 ? sum_width::bits32
                                                           : sizeof(T) == 4 ? sum_width::bits64
                                                                            : sum_width::bits128>::type>;

    // Whether there is a kernel from windows of mip m to their means.
    bool makes_voxels(index_t m) const {
        if (std::is_floating_point_v<T>) return true;
        return sizeof(T) <= 4 && round_ == rounding::toward_zero && at(m).value_bytes == sizeof(simd_sum) &&
               (m == 1 || at(m - 1).value_bytes == sizeof(simd_sum));
    }

    // Voxels of the first n windows of mip m, and their sums if there is a place for them; false, and nothing
    // done, where no kernel does that.
    template <std::size_t N>
    bool means_of_windows([[maybe_unused]] index_t m, [[maybe_unused]] const window_rows<N>& in,
                          [[maybe_unused]] index_t n, [[maybe_unused]] state_rows states,
                          [[maybe_unused]] voxel_rows<T> out) const {
#if TINYBRAIN_HAS_VECTORS
        if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
            const auto count = static_cast<std::uint64_t>(in.counts.each);
            if (m != 1 || states.value != nullptr) return false;
            simd::long_means_arguments<T> a{
                {small_window_rows(in, in.value, in.value_step, 8, 0, n, out.data, out.step),
                 std::countr_zero(count), 0, in.counts.each},
                round_};
            a.stream = out.stream;
            run_small_windows<kernels<T, simd_sum>::template long_means>(simd_, in, 0, 8, a);
            return true;
        } else if constexpr (has_kernels) {
            const auto count = static_cast<std::uint64_t>(in.counts.each);
            if (!makes_voxels(m) || !std::has_single_bit(count)) return false;
            const std::size_t size = m == 1 ? sizeof(T) : sizeof(simd_sum);
            simd::scaled_arguments<T> a{
                small_window_rows(in, in.value, in.value_step, size, 0, n, out.data, out.step),
                std::countr_zero(count), 1.0 / static_cast<double>(count), in.counts.each};
            a.stream = out.stream;
            const simd::keeping_arguments<T, simd_sum> keeping{a, reinterpret_cast<simd_sum*>(states.value),
                                                               states.step};
            if (m > 1) {
                run_small_windows<kernels<simd_sum, simd_sum>::template means>(simd_, in, 0, size, keeping);
            } else if (states.value != nullptr) {
                run_small_windows<kernels<T, simd_sum>::template means>(simd_, in, 0, size, keeping);
            } else {
                run_small_windows<kernels<T, simd_sum>::template means>(simd_, in, 0, size, a);
            }
            return true;
        }
#endif
        return false;
    }

    bool makes_sparse_voxels() const {
        return std::is_same_v<T, std::uint8_t> && round_ == rounding::toward_zero;
    }

    // The same for sparse windows of voxels; their counts can be anything.
    template <std::size_t N>
    bool sparse_means_of_windows([[maybe_unused]] index_t m, [[maybe_unused]] const window_rows<N>& in,
                                 [[maybe_unused]] index_t n, [[maybe_unused]] state_rows states,
                                 [[maybe_unused]] voxel_rows<T> out) const {
#if TINYBRAIN_HAS_VECTORS
        if constexpr (std::is_same_v<T, std::uint8_t>) {
            if (m != 1 || !makes_sparse_voxels()) return false;
            simd::sparse_means_arguments a{
                small_window_rows(in, in.value, in.value_step, 1, 0, n, out.data, out.step), background_,
                reinterpret_cast<std::uint16_t*>(states.value),
                reinterpret_cast<std::uint16_t*>(states.count), states.step};
            a.stream = out.stream;
            run_small_windows<simd::sparse_means_of_rows>(simd_, in, 0, 1, a);
            return true;
        }
#endif
        return false;
    }

    // n states, each of `count` voxels unless they say themselves, to voxels.
    void finish_part(index_t m, state_rows states, index_t rows, index_t n, index_t count,
                     voxel_rows<T> out) const {
        with_sum<T>(at(m).width, [&](auto sum, auto counter) {
            const auto* sums = reinterpret_cast<const decltype(sum)*>(states.value);
            const auto* counts = sparse_ ? reinterpret_cast<const decltype(counter)*>(states.count) : nullptr;
            if (finish_fast(m, sums, counts, states.step, rows, n, count, out)) return;
            for (index_t row = 0; row < rows; ++row) {
                T* voxel = out.data + row * out.step;
                for (index_t i = 0; i < n; ++i) {
                    const index_t at = row * states.step + i;
                    const index_t voxels = sparse_ ? static_cast<index_t>(counts[at]) : count;
                    voxel[i] = voxels == 0 ? background_ : mean_of<T>(sums[at], voxels, round_);
                }
            }
        });
    }

    template <class Sum, class Count>
    bool finish_fast([[maybe_unused]] index_t m, [[maybe_unused]] const Sum* sums,
                     [[maybe_unused]] const Count* counts, [[maybe_unused]] index_t step,
                     [[maybe_unused]] index_t rows, [[maybe_unused]] index_t n,
                     [[maybe_unused]] index_t count, [[maybe_unused]] voxel_rows<T> out) const {
#if TINYBRAIN_HAS_VECTORS
        if (simd_ == simd::level::portable) return false;
        if constexpr (!std::is_same_v<Sum, wide>) {
            simd::finish_arguments<T, Sum> a{sums,        counts,   step,     count, 0, 0.0,       round_,
                                             background_, out.data, out.step, rows,  n, out.stream};
            const auto voxels = static_cast<std::uint64_t>(count);
            const bool power_of_two = std::has_single_bit(voxels);
            if constexpr (std::is_floating_point_v<T> || sizeof(Sum) == 2 * sizeof(T)) {
                if (!sparse_ &&
                    (std::is_floating_point_v<T> || (power_of_two && round_ == rounding::toward_zero))) {
                    a.shift = std::countr_zero(voxels);
                    a.scale = 1.0 / static_cast<double>(count);
                    if (power_of_two) {
                        simd::run_groups<simd::means_of_sums<T, Sum>>(simd_, a);
                    } else {
                        simd::run_groups<simd::means_of_sums<T, Sum, false>>(simd_, a);
                    }
                    return true;
                }
            }
            if constexpr (std::is_same_v<T, std::uint8_t> && sizeof(Sum) == 2) {
                if (!sparse_ && round_ == rounding::toward_zero && count <= simd::most_for_short_quotient) {
                    simd::run_groups<simd::short_quotients_of_sums>(simd_, a);
                    return true;
                }
            }
            if constexpr (sizeof(Sum) <= 4 && sizeof(T) <= 2) {
                const index_t most = at(m).most_voxels;
                // Twice the largest sum, and the count.
                if (most * (2 * (index_t{1} << 8 * sizeof(T)) + 1) < simd::most_for_float_quotient) {
                    a.stream = false;
                    simd::run_groups<simd::quotients_of_sums<T, Sum>>(simd_, a);
                    return true;
                }
            }
            if constexpr (sizeof(T) >= 4 || (sizeof(T) == 2 && sizeof(Sum) == 4)) {
                if (fits_double_quotient(at(m).most_voxels)) {
                    a.stream = false;
                    simd::run_groups<simd::long_quotients_of_sums<T, Sum>>(simd_, a);
                    return true;
                }
            }
        }
#endif
        return false;
    }

#if TINYBRAIN_HAS_VECTORS
    // Whether the quotients of sums of so many voxels come out exact in double.
    static constexpr bool fits_double_quotient(index_t most) {
        if constexpr (std::is_floating_point_v<T>) return most < simd::most_for_double_quotient;
        // Twice the largest sum, and the count.
        constexpr index_t each = 2 * (index_t{1} << std::min<std::size_t>(8 * sizeof(T), 32)) + 1;
        return most < simd::most_for_double_quotient / each;
    }
#endif

    template <class Source, class Sum, class Lift>
    bool fast_columns([[maybe_unused]] const Source* source, [[maybe_unused]] index_t rows,
                      [[maybe_unused]] index_t step, [[maybe_unused]] index_t n, [[maybe_unused]] Sum* sums,
                      [[maybe_unused]] bool more, const Lift&) const {
#if TINYBRAIN_HAS_VECTORS
        if constexpr (std::is_same_v<Lift, widen<Sum>> && std::is_same_v<Source, T> &&
                      !std::is_same_v<Sum, wide>) {
            if (simd_ == simd::level::portable) return false;
            const simd::columns_arguments<Source, Sum> a{source, rows, step, sums, n};
            if (more) {
                simd::run<simd::once_kernel<simd::columns_of_rows<Source, Sum, true>>>(simd_, a);
            } else {
                simd::run_row<simd::columns_of_rows<Source, Sum, false>>(simd_, a);
            }
            return true;
        }
#endif
        return false;
    }

    // The first of the n / Factor windows: how many they are.
    template <int Factor, class Sum>
    index_t fold_neighbours([[maybe_unused]] const Sum* sums, [[maybe_unused]] index_t n,
                            [[maybe_unused]] Sum* out) const {
#if TINYBRAIN_HAS_VECTORS
        if constexpr (!std::is_same_v<Sum, wide>) {
            // Of three neighbours the kernel looks two elements ahead.
            const index_t windows = Factor == 3 ? n / 3 - 1 : n / Factor;
            if (simd_ == simd::level::portable || windows < 1) return 0;
            const simd::columns_arguments<Sum, Sum> a{sums, 1, 0, out, windows};
            simd::run<simd::once_kernel<simd::sums_of_neighbours<Sum, Factor>>>(simd_, a);
            return windows;
        }
#endif
        return 0;
    }

    // Calls function(source, sums, lift) for the values of a row of mip m - 1 and the sums of mip m that they
    // go to, and in sparse mode again for the counts.
    template <class Function>
    void each_source(index_t m, state_rows row, state_rows columns, const Function& function) const {
        with_sum<T>(at(m).width, [&](auto sum, auto counter) {
            auto* sums = reinterpret_cast<decltype(sum)*>(columns.value);
            auto* counts = reinterpret_cast<decltype(counter)*>(columns.count);
            if (m == 1) {
                each_input_plane(reinterpret_cast<const T*>(row.value), sums, counts, function);
            } else {
                each_state_plane(m, row, sums, counts, function);
            }
        });
    }

    template <class Sum, class Count, class Function>
    void each_input_plane(const T* row, Sum* sums, Count* counts, const Function& function) const {
        if (sparse_) {
            function(row, sums, widen_foreground<Sum, T>{background_});
            function(row, counts, count_foreground<Count, T>{background_});
        } else {
            function(row, sums, widen<Sum>{});
        }
    }

    template <class Sum, class Count, class Function>
    void each_state_plane(index_t m, state_rows row, Sum* sums, Count* counts,
                          const Function& function) const {
        with_sum<T>(at(m - 1).width, [&](auto sum, auto counter) {
            if constexpr (sizeof(sum) <= sizeof(Sum)) {
                function(reinterpret_cast<const decltype(sum)*>(row.value), sums, widen<Sum>{});
                if (sparse_)
                    function(reinterpret_cast<const decltype(counter)*>(row.count), counts, widen<Count>{});
            }
        });
    }

    // Calls function(from, to) for the sums, and in sparse mode for the counts, of two rows of mip m.
    template <class Function>
    void each_plane(index_t m, state_rows from, state_rows to, const Function& function) const {
        with_sum<T>(at(m).width, [&](auto sum, auto counter) {
            using Sum = decltype(sum);
            using Count = decltype(counter);
            function(reinterpret_cast<const Sum*>(from.value), reinterpret_cast<Sum*>(to.value));
            if (!sparse_) return;
            function(reinterpret_cast<const Count*>(from.count), reinterpret_cast<Count*>(to.count));
        });
    }

    bool sparse_;
    T background_;
    rounding round_;
    bool replicate_;
    bool writes_two_ = false;
    simd::level simd_ = simd::current_level();
    std::vector<level> levels_;
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
