// Modes of a plan, by whichever way counts their votes.
#pragma once

#include <type_traits>

#include <tinybrain/detail/image/coverage.hpp>
#include <tinybrain/detail/vote/footprint_votes.hpp>
#include <tinybrain/detail/vote/mode.hpp>
#include <tinybrain/detail/vote/mode_of_rows.hpp>
#include <tinybrain/options.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

template <class T>
void segment_windows(const plan& p, const mode_rules<T>& rules, const executor& run_on) {
    const mode_of_rows<T> rows(p, rules);
    if (rows.fits()) return fold(p, rows, run_on);
    pool_windows(p, mode_of_windows<T>(rules, false), run_on);
}

template <class T>
void segment_footprints(const plan& p, const mode_rules<T>& rules, const executor& run_on) {
    // The footprints of mip 1 are its windows.
    if (p.depth() == 1 && p.mip[1].number == 1) return segment_windows(p, rules, run_on);
    if constexpr (labels_fit_lanes<T>) {
        if (count_footprints(p, rules, run_on)) return blank_uncovered<T>(p, rules, run_on);
    }
    pool_windows(p, mode_of_windows<T>(rules, true), run_on);
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
