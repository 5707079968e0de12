// SPDX-License-Identifier: BSL-1.0
#include "downsample.hpp"

#include <cstdint>

#include "parse_value.hpp"

template <class T>
void downsample(const recipe& wanted, const tb::volume_view<const T, padded_rank>& image,
                std::span<const tb::volume_view<T, padded_rank>> mips) {
    const std::span<const padded> factors(wanted.factors);
    const T background = parse_value<T>("--background", wanted.background);
    const tb::pooling_options<T> pooling{.sparse = wanted.sparse,
                                         .background = background,
                                         .least_coverage = wanted.least_coverage,
                                         .run_on = wanted.run_on};
    switch (wanted.how) {
        case method::average: {
            const tb::averaging_options<T> options{.sparse = wanted.sparse,
                                                   .background = background,
                                                   .least_coverage = wanted.least_coverage,
                                                   .round = wanted.round,
                                                   .edge = wanted.edge,
                                                   .run_on = wanted.run_on};
            return tb::downsample_with_averaging_into(image, factors, mips, options);
        }
        case method::mode: {
            const tb::segmentation_options<T> options{.sparse = wanted.sparse,
                                                      .background = background,
                                                      .least_coverage = wanted.least_coverage,
                                                      .tie = wanted.tie,
                                                      .vote = wanted.vote,
                                                      .run_on = wanted.run_on};
            return tb::downsample_segmentation_into(image, factors, mips, options);
        }
        case method::min:
            return tb::downsample_with_min_pooling_into(image, factors, mips, pooling);
        case method::max:
            return tb::downsample_with_max_pooling_into(image, factors, mips, pooling);
        case method::median:
            return tb::downsample_with_median_pooling_into(image, factors, mips, pooling);
        case method::stride:
            return tb::downsample_with_striding_into(image, factors, mips, {.run_on = wanted.run_on});
    }
}

#define EXAMPLES_DOWNSAMPLE(T)                                                            \
    template void downsample(const recipe&, const tb::volume_view<const T, padded_rank>&, \
                             std::span<const tb::volume_view<T, padded_rank>>);
EXAMPLES_DOWNSAMPLE(std::uint8_t)
EXAMPLES_DOWNSAMPLE(std::uint16_t)
EXAMPLES_DOWNSAMPLE(std::uint32_t)
EXAMPLES_DOWNSAMPLE(std::uint64_t)
EXAMPLES_DOWNSAMPLE(std::int8_t)
EXAMPLES_DOWNSAMPLE(std::int16_t)
EXAMPLES_DOWNSAMPLE(std::int32_t)
EXAMPLES_DOWNSAMPLE(std::int64_t)
EXAMPLES_DOWNSAMPLE(float)
EXAMPLES_DOWNSAMPLE(double)
