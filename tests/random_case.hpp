// SPDX-License-Identifier: BSL-1.0
// One randomised case: throw dice for everything a caller may choose, ask library and oracle, compare.
#pragma once

#include <cstdlib>
#include <utility>

#include "forced_level.hpp"
#include "library.hpp"

namespace testing {

template <std::size_t R>
index_array<R> random_shape(dice& d, index_t budget) {
    index_array<R> shape;
    shape.fill(1);
    index_t left = budget;
    std::size_t remaining = R;
    const std::size_t first = static_cast<std::size_t>(d.between(0, R - 1));
    const bool long_row = d.chance(40);
    for (std::size_t k = 0; k < R; ++k, --remaining) {
        const std::size_t r = (first + k) % R;
        const double even_share = std::pow(static_cast<double>(left), 1.0 / static_cast<double>(remaining));
        const index_t most = long_row ? (k == 0 ? left : std::min<index_t>(left, 5))
                                      : std::min(left, static_cast<index_t>(2 * even_share));
        shape[r] = d.between(1, std::max<index_t>(most, 1));
        if (!long_row && d.chance(15))
            shape[r] = std::min(left, d.one_of<index_t>({2, 3, 5, 7, 11, 13, 17, 31, 37, 61}));
        shape[r] = std::max<index_t>(shape[r], 1);
        left /= shape[r];
    }
    if (d.chance(2)) shape[static_cast<std::size_t>(d.between(0, R - 1))] = 0;
    return shape;
}

template <std::size_t R>
index_array<R> random_factor(dice& d, const index_array<R>& shape, bool only_ones_and_twos) {
    index_array<R> f;
    f.fill(1);
    if (d.chance(40)) {  // the everyday ones, on the first or the last axes
        const std::size_t twos = std::min<std::size_t>(R, static_cast<std::size_t>(d.between(1, 3)));
        const bool last = d.chance(30);
        for (std::size_t r = 0; r < twos; ++r) f[last ? R - 1 - r : r] = 2;
        return f;
    }
    for (std::size_t r = 0; r < R; ++r) {
        f[r] = only_ones_and_twos ? d.between(1, 2) : d.one_of<index_t>({1, 1, 2, 2, 2, 3, 4, 5, 7});
        if (only_ones_and_twos) continue;
        if (d.chance(4)) f[r] = std::max<index_t>(shape[r], 1) + d.between(0, 3);
        if (d.chance(2))
            f[r] = d.one_of<index_t>({1000, index_t{1} << 40, std::numeric_limits<index_t>::max()});
    }
    return f;
}

template <std::size_t R>
index_array<R> random_origin(dice& d) {
    index_array<R> origin;
    for (index_t& at : origin) {
        at = d.between(-40, 40);
        if (d.chance(20)) at += d.one_of<index_t>({-1000000, index_t{1} << 40, -(index_t{1} << 60)});
        if (d.chance(20)) at = 0;
    }
    return origin;
}

template <class T>
oracle::options<T> random_options(dice& d, content kind) {
    oracle::options<T> o;
    o.sparse = d.chance(40);
    o.background = d.chance(60) ? T{} : random_value<T>(d, kind, d.bits() >> 40 & 3);
    if constexpr (std::is_floating_point_v<T>)
        if (d.chance(20)) o.background = std::numeric_limits<T>::quiet_NaN();
    if (o.sparse && d.chance(40))
        o.least_coverage =
            d.one_of({1.0, 0.5, 0.25, 0.51, 1.0 / 3, 0.1 + 0.2, static_cast<double>(d.between(1, 99)) / 100});
    o.round = static_cast<oracle::rounding>(d.between(0, 2));
    o.edge = d.chance(30) ? oracle::edges::replicate : oracle::edges::clip;
    o.tie = static_cast<oracle::ties>(d.between(0, 2));
    o.vote = static_cast<oracle::votes>(d.between(0, 1));
    return o;
}

// What the oracle says, with the room a float average has.
template <class T, std::size_t R>
struct answer {
    oracle::array<T, R> value;
    oracle::array<double, R> slack;
};

template <class T, std::size_t R>
std::vector<answer<T, R>> ask_oracle(method m, const oracle::array<T, R>& image,
                                     const std::vector<index_array<R>>& factors, const oracle::options<T>& o,
                                     bool exact_sums) {
    std::vector<answer<T, R>> answers;
    if (m == method::average) {
        if constexpr (!std::is_same_v<T, bool>) {
            for (auto& mean : oracle::averages(image, factors, o)) {
                if (exact_sums) mean.slack.values = 0;
                answers.push_back({mean.value, mean.slack});
            }
        }
        return answers;
    }
    std::vector<oracle::array<T, R>> mips;
    if (m == method::mode) mips = oracle::modes(image, factors, o);
    if (m == method::minimum) mips = oracle::minima(image, factors, o);
    if (m == method::maximum) mips = oracle::maxima(image, factors, o);
    if (m == method::median) mips = oracle::medians(image, factors, o);
    if (m == method::stride) mips = oracle::strided(image, factors);
    for (auto& mip : mips) answers.push_back({mip, {}});
    return answers;
}

template <class T>
bool agrees(method m, const T& want, const T& got, double slack) {
    if constexpr (!std::is_floating_point_v<T>) {
        return want == got;
    } else {
        if (m == method::stride) return same_bits(want, got);
        if (oracle::is_nan(want)) return oracle::is_nan(got);
        if (want == got) return m == method::average || m == method::mode || same_bits(want, got);
        if (m != method::average || slack == 0 || !std::isfinite(static_cast<double>(want))) return false;
        // Of doubles the nearest, or one next to it.
        if constexpr (std::is_same_v<T, double>)
            return std::abs(got - want) <= slack || got == std::nextafter(want, got);
        const double w = static_cast<double>(want),
                     eps = static_cast<double>(std::numeric_limits<T>::epsilon());
        return std::abs(static_cast<double>(got) - w) <=
               slack + eps * std::abs(w) + static_cast<double>(std::numeric_limits<T>::denorm_min());
    }
}

// The first voxel at which a mip is wrong, in words; empty if none is.
template <class T, std::size_t R>
std::string first_difference(method m, std::size_t mip, const answer<T, R>& want,
                             const std::type_identity_t<tb::volume_view<const T, R>>& got_mip) {
    if (got_mip.shape() != want.value.shape)
        return "  mip " + std::to_string(mip) + " has shape " + text(got_mip.shape()) + "\n";
    std::string wrong;
    oracle::scan(oracle::whole(want.value.shape), [&](const index_array<R>& i) {
        const T w = want.value(i), g = got_mip(i);
        const double slack = want.slack.values.size() == 0 ? 0 : want.slack(i);
        if (!wrong.empty() || agrees(m, w, g, slack)) return;
        wrong = "  mip " + std::to_string(mip) + " at " + text(i) + ": expected " + text(w) + ", got " +
                text(g) + "\n";
    });
    return wrong;
}

// What was asked for, and how to ask for it again.
template <class T, std::size_t R>
std::string asked(method m, const std::string& image, content kind,
                  const std::vector<index_array<R>>& factors, const oracle::options<T>& o) {
    return "  TINYBRAIN_TEST_SEED=" + std::to_string(seed()) + ", " + name_of(m) + ", " + name_of<T>() +
           ", " + image + ", values " + name_of(kind) + ", factors " + text(factors) + ", options " +
           text(m, o) + "\n";
}

// How many of a hundred cases have room for work in several tasks.
inline int percent_large() {
    static const char* text = std::getenv("TINYBRAIN_TEST_LARGE");
    return text && *text ? std::atoi(text) : 1;
}

template <class T>
method random_method(dice& d) {
    method m;
    do
        m = d.one_of({method::average, method::average, method::mode, method::mode, method::minimum,
                      method::maximum, method::median, method::stride});
    while (!offers<T>(m));
    return m;
}

// Everything is chosen before the first value: what a fuzzer has to say is not spent on values then.
template <class T, std::size_t R>
class random_case {
public:
    random_case(method m, dice d)
        : m_(m),
          d_(d),
          budget_(d_.chance(percent_large()) ? 100000 : d_.one_of<index_t>({20, 100, 400, 1500, 4000})),
          kind_(static_cast<content>(d_.between(0, last_content))),
          opt_(random_options<T>(d_, kind_)),
          level_(d_.chance(50) ? "" : all_levels[static_cast<std::size_t>(d_.between(0, 1))]),
          image_(d_, static_cast<layout>(d_.between(0, 6)), random_shape<R>(d_, budget_)),
          executor_(d_.chance(60) ? 0 : random_executor(d_)),
          other_executor_(d_.chance(15) ? random_executor(d_) : executor_),
          single_(d_.chance(50)),
          into_(d_.chance(60)) {
        if (d_.chance(35)) image_.placed_at = random_origin<R>(d_);
        const index_t mips =
            single_ && budget_ <= 400 && d_.chance(5) ? 70 : d_.between(0, d_.chance(10) ? 12 : 6);
        const bool twos = m_ == method::average && opt_.edge == oracle::edges::replicate;
        for (index_t k = 0; k < mips; ++k)
            factors_.push_back(single_ && k > 0 ? factors_[0] : random_factor(d_, image_.shape, twos));
        if (into_)
            for (const auto& shape : oracle::mip_shapes(image_.shape, factors_, image_.placed_at))
                outputs_.emplace_back(d_, static_cast<layout>(d_.between(0, 4)), shape);
        fill(d_, kind_, image_);
    }

    // What went wrong, with all it takes to do it again; empty if nothing did.
    std::string run() const {
        const forced_level forced(level_);
        const auto before = image_.bytes();
        std::string wrong;
        try {
            const auto answers = ask_oracle(m_, logical(image_), factors_, opt_, has_exact_sums(kind_));
            wrong = into_ ? run_into(answers) : run_returning(answers);
        } catch (const std::exception& e) {
            wrong = std::string("  unexpected exception: ") + e.what() + "\n";
        }
        if (image_.bytes() != before) wrong += "  the input was written to\n";
        return wrong.empty() ? wrong : wrong + describe();
    }

private:
    std::string run_returning(const std::vector<answer<T, R>>& answers) const {
        const auto mips =
            downsample<T, R>(m_, image_.view(), factors_, single_, opt_, executor_number(executor_));
        if (mips.size() != answers.size()) return "  " + std::to_string(mips.size()) + " mips returned\n";
        std::string wrong;
        for (std::size_t m = 0; m < mips.size() && wrong.empty(); ++m) {
            if (reinterpret_cast<std::uintptr_t>(mips[m].data()) % 64 != 0)
                wrong += "  a mip is not 64-byte aligned\n";
            if (mips[m].origin() != answers[m].value.origin)
                wrong += "  mip " + std::to_string(m + 1) + " is at " + text(mips[m].origin()) + "\n";
            wrong += first_difference(m_, m + 1, answers[m], mips[m].view());
        }
        return wrong;
    }

    std::string run_into(const std::vector<answer<T, R>>& answers) const {
        write(executor_);
        std::string wrong;
        for (std::size_t m = 0; m < outputs_.size() && wrong.empty(); ++m) {
            wrong += first_difference(m_, m + 1, answers[m], outputs_[m].view());
            if (!outputs_[m].surroundings_are_untouched())
                wrong += "  mip " + std::to_string(m + 1) + ": bytes outside the view were written\n";
            if (!wrong.empty()) wrong += "  output: " + outputs_[m].describe() + "\n";
        }
        if (wrong.empty() && other_executor_ != executor_) wrong = run_again();
        return wrong;
    }

    // The same views, another executor: the same bits.
    std::string run_again() const {
        std::vector<std::vector<unsigned char>> before;
        for (const auto& o : outputs_) before.push_back(o.bytes());
        write(other_executor_);
        for (std::size_t m = 0; m < outputs_.size(); ++m)
            if (before[m] != outputs_[m].bytes())
                return "  mip " + std::to_string(m + 1) + " has other bits with executor " +
                       executor_names[other_executor_] + "\n";
        return {};
    }

    void write(std::size_t executor) const {
        std::vector<tb::volume_view<T, R>> views;
        for (const auto& o : outputs_) views.push_back(o.view());
        downsample_into<T, R>(m_, image_.view(), factors_, single_, views, opt_, executor_number(executor));
    }

    std::string describe() const {
        std::ostringstream out;
        out << "  downsample " << name_of(m_) << (into_ ? "_into, " : ", ") << name_of<T>() << ", rank " << R
            << "\n"
            << "  image: " << image_.describe() << ", values " << name_of(kind_) << "\n"
            << "  " << (single_ ? "one factor: " : "factors: ") << text(factors_) << "\n"
            << "  options: " << text(m_, opt_) << ", executor " << executor_names[executor_] << ", level "
            << (*level_ ? level_ : "the best") << "\n";
        const auto values = logical(image_).values;
        if (values.size() <= 256) out << "  voxels in scan order: " << text(values) << "\n";
        return out.str();
    }

    method m_;
    dice d_;
    index_t budget_;
    content kind_;
    oracle::options<T> opt_;
    const char* level_;
    strided<T, R> image_;
    std::size_t executor_, other_executor_;
    bool single_, into_;
    std::vector<index_array<R>> factors_;
    std::vector<strided<T, R>> outputs_;
};

}  // namespace testing
