// Least coverage: of mips that are made already, the voxels with too little foreground under them become
// background. (Averages and medians know their counts, and do it at once.)
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/base/foreground.hpp>
#include <tinybrain/detail/base/wide.hpp>
#include <tinybrain/detail/drive/fold.hpp>
#include <tinybrain/detail/drive/op.hpp>
#include <tinybrain/detail/simd/foreground_lanes.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Counts of foreground. Their finish finds the voxels where it puts them.
template <class T>
class coverage final : public pooling {
public:
    /// Of footprints of so many voxels.
    coverage(const plan& p, const foreground_rules<T>& rules, index_t most_voxels)
        : plan_(p),
          rules_(rules),
          vectors_(fits_lanes && simd::has_vectors() &&
                   static_cast<wide>(most_voxels) <= std::numeric_limits<lane>::max()) {}

    state_form form(index_t) const override { return {count_bytes(), 1}; }
    bool sees_places() const override { return true; }
    void merge(const merge_rows& r) const override {
#if TINYBRAIN_HAS_VECTORS
        if constexpr (fits_lanes) {
            const simd::row_merge_arguments<T> a{r, 0, rules_.background};
            if (vectors_ && r.mip == 1) return simd::run<simd::merged_rows<lanes, simd::counted<T, lane>>>(a);
            if (vectors_) return simd::run<simd::merged_rows<lanes, simd::same_states<lanes>>>(a);
        }
#endif
        plain_.merge(r);
    }
    void fold(const fold_rows& r) const override {
#if TINYBRAIN_HAS_VECTORS
        if constexpr (fits_lanes) {
            if (vectors_) return simd::run<simd::folded_rows<lanes>>(r);
        }
#endif
        plain_.fold(r);
    }

    void finish(const finish_rows& r) const override {
        // Rows that are not contiguous are on their way to where they belong: here they come from there.
        if (!plan_.row_is_contiguous(r.mip)) {
            copy_rows(plan_, rows_of(plan_, plan_.level(r.mip), r.index),
                      {r.out.data, plan_.run, 1, r.out.pitch / plan_.voxel_bytes}, r.elements / plan_.run,
                      r.rows);
        }
        blank(r);
    }

    /// Blanks modes of windows of the previous mip by the voters of each.
    void blank_modes(const window_rows& w) const {
        const index_t most = at_once / (w.factor * w.run);
        for (index_t group = 0; group < w.groups; ++group) {
            for (index_t x = 0; x < w.windows; x += most) {
                blank_modes(w, group, x, std::min(most, w.windows - x));
            }
        }
    }

private:
    using wide = std::uint64_t;
    static constexpr bool fits_lanes = std::is_arithmetic_v<T> && sizeof(T) <= 8;
#if TINYBRAIN_HAS_VECTORS
    using lane = simd::count_of<std::conditional_t<fits_lanes, T, wide>>;
    using lanes = simd::sums<lane>;
#else
    using lane = wide;
#endif
    static constexpr index_t at_once = 1024;  // columns: of one window, at most

    struct counting {
        const foreground_rules<T>& rules;
        wide lift(const T& voxel) const { return rules.is_background(voxel) ? 0 : 1; }
        wide merge(wide a, wide b) const { return a + b; }
        T finish(wide, index_t) const { return rules.background; }
    };

    index_t count_bytes() const { return vectors_ ? index_t{sizeof(lane)} : index_t{sizeof(wide)}; }

    void blank_modes(const window_rows& w, index_t group, index_t x, index_t windows) const {
        const index_t offset = x * w.run * index_t{sizeof(T)};
        const index_t voxels = windows * w.factor;
        std::array<const std::byte*, most_rows_at_once> row;
        for (index_t k = 0; k < w.rows; ++k)
            row[static_cast<std::size_t>(k)] = w.row[k] + group * w.next + offset * w.factor;
        alignas(64) std::array<std::byte, at_once * sizeof(wide) + 16 * slack> columns, folded;
        merge({1, row.data(), w.rows, 0, 0, voxels * w.run, 1, false, {columns.data(), 0, 0}});
        const bool folds = w.factor > 1;
        if (folds)
            fold({1, {columns.data(), 0, 0}, voxels, w.factor, w.run, 1, false, {folded.data(), 0, 0}});
        const state_rows counts{folds ? folded.data() : columns.data(), 0, 0};
        const auto blank_in = [&](std::byte* rows, index_t pitch) {
            blank({1,
                   counts,
                   windows * w.run,
                   1,
                   w.rows * w.factor,
                   {rows + group * pitch + offset, 0, false},
                   {}});
        };
        blank_in(w.out.data, w.out.pitch);
        if (w.states.data != nullptr) blank_in(w.states.data, w.states.pitch);
    }

    void blank(const finish_rows& r) const {
        const index_t least = rules_.least(r.count);
#if TINYBRAIN_HAS_VECTORS
        if constexpr (fits_lanes) {
            if (vectors_) {
                const simd::blank_arguments<T> a{r, static_cast<lane>(least), rules_.background};
                return simd::run<simd::blanked_rows<T>>(a);
            }
        }
#endif
        for (index_t row = 0; row < r.rows; ++row) {
            const std::byte* counts = r.states.data + row * r.states.pitch;
            std::byte* out = r.out.data + row * r.out.pitch;
            for (index_t i = 0; i < r.elements; ++i) {
                wide foreground;
                std::memcpy(&foreground, counts + i * index_t{sizeof foreground}, sizeof foreground);
                if (static_cast<index_t>(foreground) < least)
                    std::memcpy(out + i * index_t{sizeof(T)}, &rules_.background, sizeof(T));
            }
        }
    }

    const plan& plan_;
    const foreground_rules<T>& rules_;
    counting counting_{rules_};
    op_pooling<counting, T> plain_{counting_};
    bool vectors_;
};

/// Blanks the mips of a plan, each by its footprints.
template <class T>
void blank_uncovered(const plan& p, const foreground_rules<T>& rules, const executor& run_on) {
    using lane = label_lane_of<T>;
    const auto rules_of_lanes = foreground_of<lane>(rules);
    const index_t most_voxels = product_from(p.level(p.depth()).footprint.size, 0);
    if (rules.least_coverage > 0) fold(p, coverage<lane>(p, rules_of_lanes, most_voxels), run_on);
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
