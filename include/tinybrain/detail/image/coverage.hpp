// Least coverage: of mips that are made already, the voxels with too little foreground under them become
// background. (Averages and medians know their counts, and do it at once.)
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
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
    using count = std::uint64_t;

    coverage(const plan& p, const foreground_rules<T>& rules) : plan_(p), rules_(rules) {}

    state_form form(index_t) const override { return {index_t{sizeof(count)}, 1}; }
    bool sees_places() const override { return true; }
    void merge(const merge_rows& r) const override {
#if TINYBRAIN_HAS_VECTORS
        if constexpr (std::is_arithmetic_v<T> && sizeof(T) <= 8) {
            using counts = simd::sums<count>;
            const simd::row_merge_arguments<T> a{r, 0, rules_.background};
            if (vectors_ && r.mip == 1)
                return simd::run<simd::merged_rows<counts, simd::counted<T, count>>>(a);
        }
#endif
        plain_.merge(r);
    }
    void fold(const fold_rows& r) const override { plain_.fold(r); }

    void finish(const finish_rows& r) const override {
        // Rows that are not contiguous are on their way to where they belong: here they come from there.
        if (!plan_.row_is_contiguous(r.mip)) {
            copy_rows(plan_, rows_of(plan_, plan_.level(r.mip), r.index),
                      {r.out.data, plan_.run, 1, r.out.pitch / plan_.voxel_bytes}, r.elements / plan_.run,
                      r.rows);
        }
        const auto least = static_cast<count>(rules_.least(r.count));
        for (index_t row = 0; row < r.rows; ++row) {
            blank(r.states.data + row * r.states.pitch, r.elements, least, r.out.data + row * r.out.pitch);
        }
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
    static constexpr index_t at_once = 1024;  // columns: of one window, at most

    struct counting {
        const foreground_rules<T>& rules;
        count lift(const T& voxel) const { return rules.is_background(voxel) ? 0 : 1; }
        count merge(count a, count b) const { return a + b; }
        T finish(count, index_t) const { return rules.background; }
    };

    void blank_modes(const window_rows& w, index_t group, index_t x, index_t windows) const {
        constexpr index_t bytes = sizeof(T);
        const index_t offset = group * w.next + x * w.factor * w.run * bytes;
        const index_t voxels = windows * w.factor;
        std::array<const std::byte*, most_rows_at_once> row;
        for (index_t k = 0; k < w.rows; ++k) row[static_cast<std::size_t>(k)] = w.row[k] + offset;
        alignas(64) std::array<std::byte, at_once * sizeof(count) + slack> columns, counts;
        merge({1, row.data(), w.rows, 0, 0, voxels * w.run, 1, false, {columns.data(), 0, 0}});
        fold({1, {columns.data(), 0, 0}, voxels, w.factor, w.run, 1, false, {counts.data(), 0, 0}});
        const auto least = static_cast<count>(rules_.least(w.rows * w.factor));
        const auto blank_in = [&](std::byte* rows, index_t pitch) {
            blank(counts.data(), windows * w.run, least, rows + group * pitch + x * w.run * bytes);
        };
        blank_in(w.out.data, w.out.pitch);
        if (w.states.data != nullptr) blank_in(w.states.data, w.states.pitch);
    }

    void blank(const std::byte* counts, index_t n, count least, std::byte* out) const {
        for (index_t i = 0; i < n; ++i) {
            count foreground;
            std::memcpy(&foreground, counts + i * index_t{sizeof foreground}, sizeof foreground);
            if (foreground < least) std::memcpy(out + i * index_t{sizeof(T)}, &rules_.background, sizeof(T));
        }
    }

    const plan& plan_;
    const foreground_rules<T>& rules_;
    counting counting_{rules_};
    op_pooling<counting, T> plain_{counting_};
    bool vectors_ = simd::has_vectors();
};

/// Blanks the mips of a plan, each by its footprints.
template <class T>
void blank_uncovered(const plan& p, const foreground_rules<T>& rules, const executor& run_on) {
    using lane = label_lane_of<T>;
    const auto rules_of_lanes = foreground_of<lane>(rules);
    if (rules.least_coverage > 0) fold(p, coverage<lane>(p, rules_of_lanes), run_on);
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
