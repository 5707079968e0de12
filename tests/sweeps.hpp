// SPDX-License-Identifier: BSL-1.0
// Every row length from 0 past four of the widest vectors, at every misalignment, between guard pages: where
// vector loops and their tails go wrong.
#pragma once

#include "catch.hpp"
#include "guarded.hpp"
#include "levels.hpp"
#include "random_case.hpp"

namespace testing {

inline constexpr index_t widest_vector = 64;  // bytes

template <class T>
index_t bytes_in(const index_array<3>& shape) {
    return shape[0] * shape[1] * shape[2] * static_cast<index_t>(sizeof(T));
}

// One input, and outputs in memory of their own, all of which can be shifted between their guards.
template <class T>
class sweep_case {
public:
    sweep_case(method m, const oracle::array<T, 3>& image, const std::vector<index_array<3>>& factors,
               const oracle::options<T>& opt, bool exact_sums)
        : m_(m),
          image_(image),
          factors_(factors),
          opt_(opt),
          answers_(ask_oracle<T, 3>(m, image, factors, opt, exact_sums)),
          input_(room(image.shape)) {
        for (const auto& a : answers_)
            outputs_.push_back(std::make_unique<guarded_memory>(room(a.value.shape)));
    }

    // What is wrong with all memory `shift` voxels before the upper guards, or, if below 0, at the lower
    // ones.
    std::string run(index_t shift, index_t output_shift) {
        T* from = place(input_, image_.shape, shift);
        std::copy(std::begin(image_.values), std::end(image_.values), from);
        std::vector<tb::volume_view<T, 3>> views;
        for (std::size_t k = 0; k < answers_.size(); ++k) {
            outputs_[k]->clear();
            const auto& shape = answers_[k].value.shape;
            views.emplace_back(place(*outputs_[k], shape, output_shift), shape);
        }
        downsample_into<T, 3>(m_, tb::volume_view<T, 3>(from, image_.shape), factors_, true, views, opt_);

        std::string wrong;
        for (std::size_t k = 0; k < answers_.size() && wrong.empty(); ++k) {
            const index_t n = bytes_in<T>(answers_[k].value.shape);
            const auto* begin = reinterpret_cast<const unsigned char*>(views[k].data());
            if (!outputs_[k]->is_clear_outside(begin, begin + n))
                wrong = "  bytes outside the output were written\n";
            wrong += difference(k, views[k].data());
        }
        return wrong.empty()
                   ? wrong
                   : wrong + "  shifts " + std::to_string(shift) + ", " + std::to_string(output_shift) + "\n";
    }

private:
    static std::size_t room(const index_array<3>& shape) {
        return static_cast<std::size_t>(bytes_in<T>(shape) + 2 * widest_vector);
    }
    static T* place(const guarded_memory& memory, const index_array<3>& shape, index_t shift) {
        if (shift < 0) return reinterpret_cast<T*>(memory.begin());
        return reinterpret_cast<T*>(memory.end() - bytes_in<T>(shape)) - shift;
    }
    // The first right result is kept: comparing bytes is faster than asking voxel by voxel.
    std::string difference(std::size_t k, const T* got) {
        const auto& want = answers_[k].value;
        const auto n = static_cast<std::size_t>(bytes_in<T>(want.shape));
        // memcmp may not be given the null pointer that an empty vector has, not even for no bytes.
        if (right_.size() > k && (n == 0 || std::memcmp(right_[k].data(), got, n) == 0)) return {};
        if (right_.size() > k) return "  mip " + std::to_string(k + 1) + " has other bits than before\n";
        std::string wrong = first_difference(m_, k + 1, answers_[k], {got, want.shape});
        right_.emplace_back(n);
        if (n > 0) std::memcpy(right_.back().data(), got, n);
        return wrong;
    }

    method m_;
    const oracle::array<T, 3>& image_;
    const std::vector<index_array<3>>& factors_;
    const oracle::options<T>& opt_;
    std::vector<answer<T, 3>> answers_;
    guarded_memory input_;
    std::vector<std::unique_ptr<guarded_memory>> outputs_;
    std::vector<std::vector<unsigned char>> right_;
};

// A case at every misalignment.
template <class T>
std::string run_shifted(method m, dice& d, const index_array<3>& shape,
                        const std::vector<index_array<3>>& factors, const oracle::options<T>& opt) {
    constexpr auto misalignments = widest_vector / static_cast<index_t>(sizeof(T));
    const auto kind = d.one_of({content::few, content::many, content::extremes, content::mostly_zero});
    oracle::array<T, 3> image(shape);
    for (T& v : image.values) v = random_value<T>(d, kind, d.bits() >> 40);
    sweep_case<T> one(m, image, factors, opt, has_exact_sums(kind));
    for (index_t shift = -1; shift < misalignments; ++shift) {
        // The vectors of this machine at every misalignment, the other levels in turn.
        const auto turn = static_cast<std::size_t>(shift + shape[0] + 1) % all_levels.size();
        for (const char* level : {"", all_levels[turn]}) {
            const forced_level forced(level);
            const std::string wrong = one.run(shift, shift < 0 ? -1 : d.between(0, misalignments - 1));
            if (wrong.empty()) continue;
            return wrong + asked(m, "level " + std::string(level) + ", shape " + text(image.shape), kind,
                                 factors, opt);
        }
    }
    return {};
}

template <class T>
std::string sweep_one(method m, dice& d, index_t length, const index_array<3>& factor) {
    auto opt = random_options<T>(d, content::few);
    opt.round = static_cast<oracle::rounding>(length % 3);
    if (factor[0] > 2) opt.edge = oracle::edges::clip;
    const std::vector<index_array<3>> factors(static_cast<std::size_t>(d.between(1, 2)), factor);
    return run_shifted<T>(m, d, {length, d.between(1, 4), d.between(1, 3)}, factors, opt);
}

template <class T>
std::string sweep(method m) {
    dice d(mixed(seed(), static_cast<std::uint64_t>(m) * 100 + sizeof(T)));
    const index_t last = 4 * widest_vector / static_cast<index_t>(sizeof(T)) + 5;
    for (index_t length = 0; length <= last; ++length) {
        for (const index_array<3>& factor :
             {index_array<3>{2, 2, 1}, {2, 2, 2}, {2, 1, 1}, {1, 2, 2}, {4, 4, 1}, {3, 3, 1}, {1, 1, 1}}) {
            const std::string wrong = sweep_one<T>(m, d, length, factor);
            if (!wrong.empty()) return wrong;
        }
    }
    return {};
}

// Averages of several mips, the upper ones from the sums of the one before: rows past two vectors of mip 2,
// and up to four rows of its windows.
template <class T>
std::string sweep_pyramids() {
    dice d(mixed(seed(), 7000 + sizeof(T)));
    const index_t last = 6 * widest_vector / static_cast<index_t>(sizeof(T)) + 9;
    std::string wrong;
    for (index_t length = 1; length <= last && wrong.empty(); ++length) {
        const std::vector<index_array<3>> factors(static_cast<std::size_t>(d.between(2, 4)),
                                                  {2, 2, d.between(1, 2)});
        oracle::options<T> opt;
        opt.round = static_cast<oracle::rounding>(length % 3);
        wrong = run_shifted<T>(method::average, d, {length, d.between(1, 13), d.between(1, 4)}, factors, opt);
    }
    return wrong;
}

// The shape of what lies in memory as `memory` says, inner axis first, those being the axes `order`.
inline index_array<3> reordered(const index_array<3>& memory, const std::array<std::size_t, 3>& order) {
    index_array<3> shape{};
    for (std::size_t r = 0; r < 3; ++r) shape[order[r]] = memory[r];
    return shape;
}

template <class T>
tb::volume_view<T, 3> ordered_view(T* data, const index_array<3>& shape,
                                   const std::array<std::size_t, 3>& order) {
    index_array<3> strides{};
    index_t next = 1;
    for (const std::size_t r : order) {
        strides[r] = next;
        next *= shape[r];
    }
    return {data, shape, strides};
}

// Whichever axis is the inner one in memory, the voxels of a window are scanned in the order of its axes. All
// mips lie in memory as the image does, so that rows are read and written by vectors.
template <class T>
std::string axes_in_any_order(method m, oracle::ties tie) {
    dice d(mixed(seed(), static_cast<std::uint64_t>(m) * 100 + sizeof(T) + 70));
    std::array<std::size_t, 3> order{0, 1, 2};
    do {
        for (const index_array<3>& window :
             {index_array<3>{2, 2, 2}, {2, 2, 1}, {2, 1, 2}, {1, 2, 2}, {3, 3, 2}}) {
            auto opt = random_options<T>(d, content::few);
            opt.edge = oracle::edges::clip;
            opt.tie = tie;
            oracle::array<T, 3> image(reordered({d.between(70, 140), 6, 5}, order));
            for (T& v : image.values) v = random_value<T>(d, content::few, d.bits() >> 40);
            const std::vector<index_array<3>> factors(2, reordered(window, order));
            const auto answers = ask_oracle<T, 3>(m, image, factors, opt, true);

            std::vector<tb::volume<T, 3>> memory;
            std::vector<tb::volume_view<T, 3>> views;
            const auto add = [&](const index_array<3>& shape) {
                views.push_back(ordered_view(memory.emplace_back(shape).data(), shape, order));
            };
            memory.reserve(3);
            add(image.shape);
            oracle::scan(oracle::whole(image.shape),
                         [&](const index_array<3>& i) { views[0](i) = image(i); });
            for (const auto& a : answers) add(a.value.shape);
            downsample_into<T, 3>(m, views[0], factors, true, {views.begin() + 1, views.end()}, opt);

            std::string wrong;
            for (std::size_t k = 0; k < answers.size(); ++k)
                wrong += first_difference(m, k + 1, answers[k], views[k + 1]);
            if (!wrong.empty())
                return wrong + asked(m,
                                     "shape " + text(image.shape) + ", strides " + text(views[0].strides()),
                                     content::few, factors, opt);
        }
    } while (std::next_permutation(order.begin(), order.end()));
    return {};
}

// Windows beyond what any buffer or counter of fixed size may hold.
template <class T, std::size_t R>
std::string check_windows(method m, dice& d, const index_array<R>& shape, const index_array<R>& factor,
                          int mips) {
    auto opt = random_options<T>(d, content::few);
    opt.edge = oracle::edges::clip;
    strided<T, R> image(d, layout::fortran, shape);
    const content kind = d.one_of({content::few, content::many, content::extremes, content::mostly_zero});
    fill(d, kind, image);
    const std::vector<index_array<R>> factors(static_cast<std::size_t>(mips), factor);
    const auto answers = ask_oracle<T, R>(m, logical(image), factors, opt, has_exact_sums(kind));
    const auto got = downsample<T, R>(m, image.view(), factors, true, opt);
    std::string wrong;
    for (std::size_t k = 0; k < got.size() && wrong.empty(); ++k)
        wrong = first_difference(m, k + 1, answers[k], got[k].view());
    return wrong.empty() ? wrong : wrong + asked(m, "shape " + text(shape), kind, factors, opt);
}

template <class T>
std::string large_windows(method m) {
    dice d(mixed(seed(), static_cast<std::uint64_t>(m) * 100 + sizeof(T) + 50));
    std::string wrong;
    for (int i = 0; i < 6 && wrong.empty(); ++i) {
        const index_t x = d.between(4000, 20000), f = d.between(4000, 15000);
        wrong = check_windows<T, 3>(m, d, {x, 1, 1}, {f, 1, 1}, 2) +
                check_windows<T, 3>(m, d, {d.between(1, 300), d.between(1, 300), 1},
                                    {d.between(60, 150), d.between(60, 150), 1}, 2) +
                check_windows<T, 3>(m, d, {d.between(1, 40), d.between(1, 40), d.between(1, 40)},
                                    {17, 19, 23}, 2) +
                check_windows<T, 3>(m, d, {d.between(8000, 40000), d.between(1, 3), 1}, {2, 2, 1}, 3);
    }
    return wrong;
}

}  // namespace testing
