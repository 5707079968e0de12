// SPDX-License-Identifier: BSL-1.0
// The six methods of the library alike: options<T>(call), mips(image, ...) and into(image, ...).
#pragma once

#include <tinybrain/tinybrain.hpp>

#include "call.hpp"

namespace tinybrain_python {

template <class T>
T background_of(const call& wanted) {
    return wanted.background.cast<T>();
}

#define TINYBRAIN_PYTHON_METHOD(function)             \
    template <class... Arguments>                     \
    static auto mips(const Arguments&... arguments) { \
        return tb::function(arguments...);            \
    }                                                 \
    template <class... Arguments>                     \
    static void into(const Arguments&... arguments) { \
        tb::function##_into(arguments...);            \
    }

struct averaging {
    template <class T>
    static tb::averaging_options<T> options(const call& wanted) {
        return {.sparse = wanted.sparse,
                .background = background_of<T>(wanted),
                .least_coverage = wanted.least_coverage,
                .round = wanted.round,
                .edge = wanted.edge,
                .run_on = wanted.run_on};
    }
    TINYBRAIN_PYTHON_METHOD(downsample_with_averaging)
};

struct segmentation {
    template <class T>
    static tb::segmentation_options<T> options(const call& wanted) {
        return {.sparse = wanted.sparse,
                .background = background_of<T>(wanted),
                .least_coverage = wanted.least_coverage,
                .tie = wanted.tie,
                .vote = wanted.vote,
                .run_on = wanted.run_on};
    }
    TINYBRAIN_PYTHON_METHOD(downsample_segmentation)
};

struct pooling {
    template <class T>
    static tb::pooling_options<T> options(const call& wanted) {
        return {.sparse = wanted.sparse,
                .background = background_of<T>(wanted),
                .least_coverage = wanted.least_coverage,
                .run_on = wanted.run_on};
    }
};
struct min_pooling : pooling {
    TINYBRAIN_PYTHON_METHOD(downsample_with_min_pooling)
};
struct max_pooling : pooling {
    TINYBRAIN_PYTHON_METHOD(downsample_with_max_pooling)
};
struct median_pooling : pooling {
    TINYBRAIN_PYTHON_METHOD(downsample_with_median_pooling)
};

struct striding {
    template <class T>
    static tb::run_options options(const call& wanted) {
        return {.run_on = wanted.run_on};
    }
    TINYBRAIN_PYTHON_METHOD(downsample_with_striding)
};

#undef TINYBRAIN_PYTHON_METHOD

}  // namespace tinybrain_python
