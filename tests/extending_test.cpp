// SPDX-License-Identifier: BSL-1.0
// A pooling of one's own, added as CONTRIBUTING.md tells: it quotes what lies between the two marks, and
// .ci/layers compares the quote.
#include <tinybrain/pooling.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <type_traits>
#include <vector>

#include "catch.hpp"
#include "random_case.hpp"

// [quote begins]
TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// The midrange of a footprint: half way from its smallest voxel to its largest. A state is the two.
template <class T>
class midrange_reducer {
public:
    static constexpr bool first_row_only = false;
    static constexpr bool sums_columns = true;
    static bool gathers(index_t) { return false; }
    static bool replicates() { return false; }
    static bool writes(index_t) { return false; }

    static std::size_t value_bytes(index_t) { return sizeof(state); }
    static std::size_t count_bytes(index_t) { return 0; }

    // Rows of mip m - 1 become states, or are merged with the states there, if `more`. Mip 0 has voxels.
    void lift_rows(index_t m, state_rows row, index_t rows, index_t step, index_t elements,
                   state_rows columns, bool more) const {
        const auto voxel = [](T v) { return state{v, v}; };
        const auto same = [](const state& s) { return s; };
        for (index_t k = 0; k < rows; ++k, more = true) {
            if (m == 1) {
                merge_row(reinterpret_cast<const T*>(row.value) + k * step, voxel, elements, columns, more);
            } else {
                merge_row(states(row) + k * step, same, elements, columns, more);
            }
        }
    }
    void add_columns(index_t, state_rows terms, index_t elements, state_rows columns) const {
        merge_row(
            states(terms), [](const state& s) { return s; }, elements, columns, true);
    }
    // The states of a row's windows, from those of its columns.
    void fold_columns(index_t, state_rows columns, index_t voxels, index_t factor, index_t run,
                      state_rows out, bool more) const {
        fold_row(states(columns), voxels, factor, run, states(out), more, merge);
    }
    void finish(index_t, state_rows from, index_t rows, index_t n, index_t run, const voxel_counts&,
                voxel_rows<T> out) const {
        for (index_t k = 0; k < rows; ++k) {
            const state* row = states(from) + k * from.step;
            for (index_t i = 0; i < n * run; ++i)
                out.data[k * out.step + i] = std::midpoint(row[i].smallest, row[i].largest);
        }
    }

    // The driver names these, but calls them only where gathers(m), writes(m) or replicates().
    template <std::size_t N>
    void reduce(index_t, const window_rows<N>&, state_rows) const {}
    template <std::size_t N>
    void reduce_to_voxels(index_t, const window_rows<N>&, const voxel_counts&, voxel_rows<T>) const {}
    template <std::size_t N>
    void reduce_and_write(index_t, const window_rows<N>&, state_rows, voxel_rows<T>) const {}
    void double_states(index_t, state_rows, index_t) const {}

private:
    struct state {
        T smallest, largest;
    };

    static state merge(const state& a, const state& b) {
        return {std::min(a.smallest, b.smallest), std::max(a.largest, b.largest)};
    }
    static state* states(state_rows rows) { return reinterpret_cast<state*>(rows.value); }

    template <class Source, class Lift>
    static void merge_row(const Source* row, const Lift& lift, index_t elements, state_rows to, bool more) {
        state* all = states(to);
        for (index_t i = 0; i < elements; ++i) all[i] = more ? merge(all[i], lift(row[i])) : lift(row[i]);
    }
};

struct midrange_pooling {
    template <class T, std::size_t N>
    static void run(const plan<T, N>& p, const executor& run_on) {
        fold(p, midrange_reducer<T>(), run_on);
    }
};

}  // namespace detail

/// Mips 1 ... num_mips of an image of integers, each voxel half way from the smallest of its footprint at mip
/// 0 to the largest, rounded down. All else as downsample_with_min_pooling.
template <voxels_are_numbers V>
requires std::is_integral_v<voxel_of<V>> detail::mips_of<V> downsample_with_midrange_pooling(
    const V& image, const one_factor_for_each_axis<rank_of<V>>& factor, int num_mips = 1,
    const pooling_options& options = {}) {
    return detail::pool<detail::midrange_pooling>(image, factor.array(), num_mips, options);
}

TINYBRAIN_NAMESPACE_END
// [quote ends]

namespace {

using namespace testing;

// For types that an int holds, and for unsigned ones.
template <class T>
T midrange_of(std::vector<T>& values) {
    const auto [smallest, largest] = std::minmax_element(values.begin(), values.end());
    return static_cast<T>(*smallest + (*largest - *smallest) / 2);
}

// Any layout, shape, factor and executor.
template <class T>
void check_midrange(dice d) {
    const strided<T, 3> image(d, static_cast<layout>(d.between(0, 6)),
                              random_shape<3>(d, d.one_of<index_t>({20, 400, 4000})));
    fill(d, static_cast<content>(d.between(0, 6)), image);
    const auto factor = random_factor(d, image.shape, false);
    const index_t num_mips = d.between(1, 5);
    const std::vector<index_array<3>> factors(static_cast<std::size_t>(num_mips), factor);
    const auto expected = oracle::of_footprints<T, 3>(logical(image), factors, midrange_of<T>);

    const tb::pooling_options options{.run_on = d.chance(50) ? tb::executor{} : tb::threads(3)};
    const auto mips =
        tb::downsample_with_midrange_pooling(image.view(), factor, static_cast<int>(num_mips), options);

    INFO(image.describe() << ", " << num_mips << " mips of factor " << text(factor));
    REQUIRE(mips.size() == expected.size());
    for (std::size_t m = 0; m < mips.size(); ++m) {
        REQUIRE(mips[m].shape() == expected[m].shape);
        REQUIRE(first_difference(method::maximum, m + 1, answer<T, 3>{expected[m], {}}, mips[m].view()) ==
                "");
    }
}

}  // namespace

TEST_CASE("a pooling of one's own") {
    for (std::uint64_t i = 0; i < 1000; ++i) {
        INFO("TINYBRAIN_TEST_SEED=" << seed() << ", case " << i);
        check_midrange<std::uint8_t>(dice(mixed(seed(), i)));
        check_midrange<std::int16_t>(dice(mixed(seed(), i)));
        check_midrange<std::uint64_t>(dice(mixed(seed(), i)));
    }
}
