// The mode of windows of the previous mip, as a pooling of rows: its states are its voxels, and do not merge.
#pragma once

#include <cstddef>

#include <tinybrain/detail/drive/fold.hpp>
#include <tinybrain/detail/drive/plan.hpp>
#include <tinybrain/detail/image/coverage.hpp>
#include <tinybrain/detail/vote/mode.hpp>
#include <tinybrain/detail/vote/row_elections.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

template <class T>
class mode_of_rows final : public pooling {
public:
    mode_of_rows(const plan& p, const mode_rules<T>& rules) : plan_(p), rules_(rules), elections_(p, rules) {}

    /// Whether every window of the plan can be gathered.
    bool fits() const {
        for (const plan_level& level : plan_.mip) {
            if (!fits_rows(level.window.size)) return false;
        }
        return true;
    }

    state_form form(index_t) const override { return {index_t{sizeof(T)}, 1}; }
    bool only_pools() const override { return true; }
    index_t bytes_a_task() const override { return detail::bytes_a_task; }
    void merge(const merge_rows&) const override {}
    void fold(const fold_rows&) const override {}
    void finish(const finish_rows&) const override {}

    index_t pool(const window_rows& w) const override {
        axes window = w.window;
        window[0] = w.factor;
        const electorate voters = voters_of(
            plan_, window, rules_.tie == ties::countless && is_two_by_two(plan_, plan_.level(w.mip)));
        const bool blanks = rules_.least_coverage > 0;
        elections_.elect(w, voters, rows_of_labels(w.out.data, w.out.pitch, w.out.stream && !blanks),
                         rows_of_labels(w.states.data, w.states.pitch, false));
        if (blanks) coverage_.blank_modes(w);
        return w.windows;
    }

private:
    static label_rows<T> rows_of_labels(std::byte* data, index_t pitch, bool stream) {
        return {reinterpret_cast<T*>(data), pitch / index_t{sizeof(T)}, stream};
    }

    const plan& plan_;
    const mode_rules<T>& rules_;
    row_elections<T> elections_;
    coverage<T> coverage_{plan_, rules_, most_gathered_voters};
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
