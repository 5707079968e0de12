// What the library tinybrain::compiled holds: declared where TINYBRAIN_COMPILED says that it is linked,
// defined in its own files (cmake/compiled_type.cpp.in), of which each does this for one type.
//
// A file with -m flags has an inline namespace of its own (config.hpp), whose functions are in no library: it
// compiles for itself what it calls.
#pragma once

#include <tinybrain/averaging.hpp>
#include <tinybrain/pooling.hpp>
#include <tinybrain/segmentation.hpp>

#define TINYBRAIN_LABEL_POOLINGS(prefix, T)                                                      \
    prefix template void segment_windows<T>(const plan&, const mode_rules<T>&, const executor&); \
    prefix template void segment_footprints<T>(const plan&, const mode_rules<T>&, const executor&);
#define TINYBRAIN_IMAGE_POOLINGS(prefix, T)                                                               \
    prefix template void blank_uncovered<T>(const plan&, const foreground_rules<T>&, const executor&);    \
    prefix template void average<T>(const plan&, mean_rules<T>, const executor&);                         \
    prefix template void extremes_of<T, false>(const plan&, const foreground_rules<T>&, const executor&); \
    prefix template void extremes_of<T, true>(const plan&, const foreground_rules<T>&, const executor&);  \
    prefix template void medians_of<T>(const plan&, const foreground_rules<T>&, const executor&);
#define TINYBRAIN_WITHOUT_TYPE(prefix)                                    \
    prefix template plan plan_of_call<>(const raw_call&, index_t);        \
    prefix template void check_input<>(const raw_call&);                  \
    prefix template void check_outputs<>(const raw_call&);                \
    prefix template void write_repeats<>(const plan&, const executor&);   \
    prefix template void run_tasks<>(const executor&, index_t, task_ref); \
    prefix template void stride<>(const plan&, const executor&);

#if defined(TINYBRAIN_COMPILED) && TINYBRAIN_HAS_PLAIN_FLAGS
TINYBRAIN_NAMESPACE_BEGIN
namespace detail {
TINYBRAIN_WITHOUT_TYPE(extern)
TINYBRAIN_LABEL_POOLINGS(extern, std::uint8_t)
TINYBRAIN_IMAGE_POOLINGS(extern, std::uint8_t)
TINYBRAIN_LABEL_POOLINGS(extern, std::uint16_t)
TINYBRAIN_IMAGE_POOLINGS(extern, std::uint16_t)
TINYBRAIN_LABEL_POOLINGS(extern, std::uint32_t)
TINYBRAIN_IMAGE_POOLINGS(extern, std::uint32_t)
TINYBRAIN_LABEL_POOLINGS(extern, std::uint64_t)
TINYBRAIN_IMAGE_POOLINGS(extern, std::uint64_t)
TINYBRAIN_IMAGE_POOLINGS(extern, std::int8_t)
TINYBRAIN_IMAGE_POOLINGS(extern, std::int16_t)
TINYBRAIN_IMAGE_POOLINGS(extern, std::int32_t)
TINYBRAIN_IMAGE_POOLINGS(extern, std::int64_t)
TINYBRAIN_LABEL_POOLINGS(extern, float)
TINYBRAIN_IMAGE_POOLINGS(extern, float)
TINYBRAIN_LABEL_POOLINGS(extern, double)
TINYBRAIN_IMAGE_POOLINGS(extern, double)
}  // namespace detail
TINYBRAIN_NAMESPACE_END
#endif
