// The mode of windows of the previous mip, as a reducer of rows: see fold.hpp for what a reducer offers.
#pragma once

#include <algorithm>
#include <cstddef>

#include <tinybrain/detail/fold.hpp>
#include <tinybrain/detail/mode.hpp>
#include <tinybrain/detail/plan.hpp>
#include <tinybrain/detail/row_elections.hpp>
#include <tinybrain/detail/voxel_states.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

template <class T, std::size_t N>
class mode_reducer : public voxel_state_reducer<T> {
public:
    static constexpr bool first_row_only = false;

    mode_reducer(const plan<T, N>& p, const mode_rules<T>& rules) : plan_(p), elections_(p, rules) {}

    /// Whether every window of the plan can be gathered.
    bool fits() const {
        return std::all_of(plan_.mip.begin(), plan_.mip.end(), [](const plan_level<T, N>& level) {
            return row_elections<T, N>::fits(level.factor);
        });
    }

    // Modes do not merge.
    static constexpr bool sums_columns = false;
    bool gathers(index_t) const { return true; }

    void reduce(index_t m, const window_rows<N>& in, state_rows states) const {
        elect(m, in, {this->voxels(states), states.step, false}, {});
    }
    void reduce_to_voxels(index_t m, const window_rows<N>& in, const voxel_counts&, voxel_rows<T> out) const {
        elect(m, in, out, {});
    }
    bool writes(index_t) const { return true; }
    void reduce_and_write(index_t m, const window_rows<N>& in, state_rows states, voxel_rows<T> out) const {
        elect(m, in, out, {this->voxels(states), states.step, false});
    }

private:
    // The labels go to `out` and, if that is somewhere, to `kept`.
    void elect(index_t m, const window_rows<N>& in, voxel_rows<T> out, voxel_rows<T> kept) const {
        index_array<N> window = in.window;
        window[0] = in.factor;
        const bool countless = plan_.mip[static_cast<std::size_t>(m)].countless;
        elections_.elect(in, elections_.voters_of(window, countless), out, kept);
    }

    const plan<T, N>& plan_;
    row_elections<T, N> elections_;
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
