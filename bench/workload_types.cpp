// SPDX-License-Identifier: BSL-1.0
#include "workload_type.hpp"

namespace bench {

#define BENCH_TYPE(T)                    \
    template <>                          \
    type_support support_of<T>() {       \
        return {fill<T>, downsample<T>}; \
    }
BENCH_TYPE(std::uint8_t)
BENCH_TYPE(std::uint16_t)
BENCH_TYPE(std::uint32_t)
BENCH_TYPE(std::uint64_t)
BENCH_TYPE(std::int8_t)
BENCH_TYPE(std::int16_t)
BENCH_TYPE(std::int32_t)
BENCH_TYPE(std::int64_t)
BENCH_TYPE(float)
BENCH_TYPE(double)

}  // namespace bench
