// SPDX-License-Identifier: BSL-1.0
// The library's functions behind one name, the method a matter of run time: what asks the oracle, compares
// and describes is then compiled once for all six.
#pragma once

#include <span>
#include <stdexcept>
#include <utility>

#include "strided.hpp"

namespace testing {

enum class method { average, mode, minimum, maximum, median, stride };

inline constexpr std::array<method, 6> all_methods{method::average, method::mode,   method::minimum,
                                                   method::maximum, method::median, method::stride};

inline const char* name_of(method m) {
    constexpr std::array<const char*, 6> names{"averaging",   "segmentation",   "min_pooling",
                                               "max_pooling", "median_pooling", "striding"};
    return names[static_cast<std::size_t>(m)];
}

template <class T>
constexpr bool offers(method m) {
    return m != method::average || !std::is_same_v<T, bool>;
}

template <class T>
tb::averaging_options<T> averaging_options(const oracle::options<T>& o, tb::executor run_on) {
    tb::averaging_options<T> opt;
    opt.sparse = o.sparse, opt.background = o.background, opt.least_coverage = o.least_coverage;
    opt.run_on = std::move(run_on);
    if (o.round == oracle::rounding::half_up) opt.round = tb::rounding::half_up;
    if (o.round == oracle::rounding::half_even) opt.round = tb::rounding::half_even;
    if (o.edge == oracle::edges::replicate) opt.edge = tb::edges::replicate;
    return opt;
}

template <class T>
tb::segmentation_options<T> segmentation_options(const oracle::options<T>& o, tb::executor run_on) {
    tb::segmentation_options<T> opt;
    opt.sparse = o.sparse, opt.background = o.background, opt.least_coverage = o.least_coverage;
    opt.run_on = std::move(run_on);
    if (o.tie == oracle::ties::first) opt.tie = tb::ties::first;
    if (o.tie == oracle::ties::lowest) opt.tie = tb::ties::lowest;
    if (o.vote == oracle::votes::footprint) opt.vote = tb::votes::footprint;
    return opt;
}

template <class T>
tb::pooling_options<T> pooling_options(const oracle::options<T>& o, tb::executor run_on) {
    return {o.sparse, o.background, o.least_coverage, std::move(run_on)};
}

template <class T, class Image, class... Where>
auto call(method m, const oracle::options<T>& o, tb::executor run_on, const Image& image,
          const Where&... where) {
    const auto opt = pooling_options(o, run_on);
    switch (m) {
        case method::average:
            if constexpr (offers<T>(method::average))
                return tb::downsample_with_averaging(image, where..., averaging_options(o, run_on));
            throw std::logic_error("no average of bool");
        case method::mode:
            return tb::downsample_segmentation(image, where..., segmentation_options(o, run_on));
        case method::minimum:
            return tb::downsample_with_min_pooling(image, where..., opt);
        case method::maximum:
            return tb::downsample_with_max_pooling(image, where..., opt);
        case method::median:
            return tb::downsample_with_median_pooling(image, where..., opt);
        case method::stride:
            break;
    }
    return tb::downsample_with_striding(image, where..., {.run_on = run_on});
}

template <class T, class Image, class... Where>
void call_into(method m, const oracle::options<T>& o, tb::executor run_on, const Image& image,
               const Where&... where) {
    const auto opt = pooling_options(o, run_on);
    switch (m) {
        case method::average:
            if constexpr (offers<T>(method::average))
                return tb::downsample_with_averaging_into(image, where..., averaging_options(o, run_on));
            throw std::logic_error("no average of bool");
        case method::mode:
            return tb::downsample_segmentation_into(image, where..., segmentation_options(o, run_on));
        case method::minimum:
            return tb::downsample_with_min_pooling_into(image, where..., opt);
        case method::maximum:
            return tb::downsample_with_max_pooling_into(image, where..., opt);
        case method::median:
            return tb::downsample_with_median_pooling_into(image, where..., opt);
        case method::stride:
            break;
    }
    tb::downsample_with_striding_into(image, where..., {.run_on = run_on});
}

// `single`: all factors are the same, and handed over as one and a number of mips.
template <class T, std::size_t R>
std::vector<tb::volume<T, R>> downsample(method m, const tb::volume_view<T, R>& image,
                                         const std::vector<index_array<R>>& factors, bool single,
                                         const oracle::options<T>& o, const tb::executor& run_on = {}) {
    if (single && !factors.empty())
        return call(m, o, run_on, image, factors[0], static_cast<int>(factors.size()));
    return call(m, o, run_on, image, std::span<const index_array<R>>(factors));
}

template <class T, std::size_t R>
void downsample_into(method m, const tb::volume_view<T, R>& image, const std::vector<index_array<R>>& factors,
                     bool single, const std::vector<tb::volume_view<T, R>>& outputs,
                     const oracle::options<T>& o, const tb::executor& run_on = {}) {
    const std::span<const tb::volume_view<T, R>> mips(outputs);
    if (single && !factors.empty()) return call_into(m, o, run_on, image, factors[0], mips);
    call_into(m, o, run_on, image, std::span<const index_array<R>>(factors), mips);
}

template <class T>
std::string text(method m, const oracle::options<T>& o) {
    constexpr std::array<const char*, 3> rounds{"toward_zero", "half_up", "half_even"},
        ties{"countless", "first", "lowest"};
    if (m == method::stride) return "none";
    std::string all = std::string("sparse ") + (o.sparse ? "1" : "0") + ", background " + text(o.background) +
                      ", least coverage " + text(o.least_coverage);
    if (m != method::average && m != method::mode) return all;
    if (m == method::average)
        return all + ", round " + rounds[static_cast<std::size_t>(o.round)] + ", edge " +
               (o.edge == oracle::edges::clip ? "clip" : "replicate");
    return all + ", tie " + ties[static_cast<std::size_t>(o.tie)] + ", vote " +
           (o.vote == oracle::votes::previous_mip ? "previous_mip" : "footprint");
}

}  // namespace testing
