// SPDX-License-Identifier: BSL-1.0
// One randomised wrong call: of a right one a single argument is spoilt. The library must say so with the
// exception of the contract, before it writes anything.
#pragma once

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "library.hpp"
#include "random_case.hpp"

namespace testing {

enum class flaw {
    factor_below_1,
    negative_num_mips,
    replicated_factor,
    impossible_coverage,
    negative_extent,
    endless_shape,
    null_image,
    far_strides,
    output_count,
    output_shape,
    null_output,
    zero_output_stride,
    far_output_strides,
    overlaps_itself,
    overlaps_image,
    overlaps_output
};

inline constexpr std::array<const char*, 16> flaw_names{"a factor below 1",
                                                        "negative num_mips",
                                                        "a factor too large for replicated edges",
                                                        "a least coverage that cannot be",
                                                        "a negative extent",
                                                        "an endless shape",
                                                        "a null image",
                                                        "strides too far",
                                                        "a missing output",
                                                        "an output of the wrong shape",
                                                        "a null output",
                                                        "an output of stride 0",
                                                        "an output of strides too far",
                                                        "overlaps itself",
                                                        "overlaps the image",
                                                        "overlaps another output"};

template <class T, std::size_t R>
class refusal_case {
public:
    refusal_case(method m, dice d)
        : m_(m),
          d_(d),
          opt_(random_options<T>(d_, content::few)),
          image_(d_, static_cast<layout>(d_.between(0, 6)), random_shape<R>(d_, 100)),
          view_(image_.view()),
          single_(d_.chance(50)),
          into_(d_.chance(80)) {
        opt_.edge = oracle::edges::clip;
        factors_.resize(static_cast<std::size_t>(d_.between(1, 3)), random_factor(d_, image_.shape, false));
        for (const auto& shape : oracle::mip_shapes(image_.shape, factors_)) {
            outputs_.emplace_back(d_, static_cast<layout>(d_.between(0, 4)), shape);
            views_.push_back(outputs_.back().view());
        }
        num_mips_ = static_cast<int>(factors_.size());
        fill(d_, content::few, image_);
        do flaw_ = static_cast<flaw>(d_.between(0, static_cast<index_t>(flaw_names.size()) - 1));
        while (!spoil());
    }

    std::string run() const {
        // Strings, not vectors, of which GCC 12 warns that their memory is not on the heap.
        const std::string before = text_of(image_.bytes());
        std::string wrong = what_is_wrong();
        if (text_of(image_.bytes()) != before) wrong += "  the input was written to\n";
        for (const auto& o : outputs_)
            if (!o.is_untouched()) wrong += "  an output was written to: " + o.describe() + "\n";
        return wrong.empty() ? wrong : wrong + describe();
    }

private:
    using limits = std::numeric_limits<index_t>;

    static std::string text_of(const std::vector<unsigned char>& bytes) {
        return {bytes.begin(), bytes.end()};
    }

    bool must_be_length_error() const {
        return flaw_ == flaw::endless_shape || flaw_ == flaw::far_strides ||
               flaw_ == flaw::far_output_strides;
    }

    std::string what_is_wrong() const {
        try {
            call_it();
        } catch (const std::invalid_argument& e) {
            return must_be_length_error() ? std::string("  no length_error but: ") + e.what() + "\n" : "";
        } catch (const std::length_error& e) {
            return must_be_length_error() ? "" : std::string("  no invalid_argument but: ") + e.what() + "\n";
        } catch (const std::exception& e) {
            return std::string("  another exception: ") + e.what() + "\n";
        }
        return "  nothing was refused\n";
    }

    void call_it() const {
        if (into_)
            downsample_into<T, R>(m_, view_, factors_, single_, views_, opt_);
        else if (single_)
            call(m_, opt_, tb::executor{}, view_, factors_[0], num_mips_);
        else
            downsample<T, R>(m_, view_, factors_, false, opt_);
    }

    // False, and nothing changed, where this call cannot have the flaw.
    bool spoil() {
        switch (flaw_) {
            case flaw::factor_below_1:
                return set_factor(d_.one_of<index_t>({0, -1, -2, limits::min()}));
            case flaw::negative_num_mips:
                if (into_ || !single_) return false;
                num_mips_ = d_.one_of({-1, -2, std::numeric_limits<int>::min()});
                return true;
            case flaw::replicated_factor:
                if (m_ != method::average) return false;
                opt_.edge = oracle::edges::replicate;
                return set_factor(d_.one_of<index_t>({3, 4, 100, limits::max()}));
            case flaw::impossible_coverage:
                if (m_ == method::stride) return false;
                opt_.least_coverage = d_.one_of({-0.25, 1.0625, 1e300, -1e-300, std::nan("")});
                if (d_.chance(25)) opt_.sparse = false, opt_.least_coverage = 0.5;
                return true;
            case flaw::negative_extent:
                return reshape(view_, d_.one_of<index_t>({-1, -2, limits::min()}));
            case flaw::endless_shape:
                return view_.size() > 0 && R > 1 && reshape_endless();
            case flaw::null_image:
                return move(view_, {nullptr, view_.shape()});
            case flaw::far_strides:
                return set_stride(view_, far_stride());
            default:
                return into_ && spoil_output(static_cast<std::size_t>(d_.between(0, num_mips_ - 1)));
        }
    }

    bool spoil_output(std::size_t k) {
        tb::volume_view<T, R>& view = views_[k];
        switch (flaw_) {
            case flaw::output_count:
                if (single_) return false;
                views_.erase(views_.begin() + static_cast<index_t>(k));
                return true;
            case flaw::output_shape:
                return reshape(view, d_.one_of<index_t>({-1, 0, 1, 2, 1000, limits::max()}));
            case flaw::null_output:
                return move(view, {nullptr, view.shape()});
            case flaw::zero_output_stride:
                return set_stride(view, 0);
            case flaw::far_output_strides:
                return set_stride(view, far_stride());
            case flaw::overlaps_itself:
                return fold_onto_itself(view);
            case flaw::overlaps_image:
                return move(view, image_.view());
            default:
                return outputs_.size() > 1 && move(view, outputs_[(k + 1) % outputs_.size()].view());
        }
    }

    index_t far_stride() {
        return d_.one_of<index_t>(
            {limits::max(), limits::min(), limits::max() / 4, limits::min() / 4, limits::max() / 2 + 1});
    }
    std::size_t any_axis() { return static_cast<std::size_t>(d_.between(0, R - 1)); }

    bool set_factor(index_t factor) {
        const auto k = static_cast<std::size_t>(d_.between(0, num_mips_ - 1));
        factors_[single_ ? 0 : k][any_axis()] = factor;
        return true;
    }
    bool reshape(tb::volume_view<T, R>& view, index_t extent) {
        auto shape = view.shape();
        shape[any_axis()] = extent;
        const bool changed = shape != view.shape();
        view = {view.data(), shape, view.strides()};
        return changed;
    }
    bool reshape_endless() {
        auto shape = view_.shape();
        const std::size_t axis = any_axis();
        shape[axis] = limits::max();
        shape[(axis + 1) % R] = d_.one_of<index_t>({2, 3, limits::max()});
        view_ = {view_.data(), shape, view_.strides()};
        return true;
    }
    bool set_stride(tb::volume_view<T, R>& view, index_t stride) {
        auto strides = view.strides();
        const std::size_t axis = any_axis();
        strides[axis] = stride;
        if (view.size() == 0 || view.extent(axis) <= 1) return false;
        view = {view.data(), view.shape(), strides};
        return true;
    }
    // Voxels (1, 0) and (0, 1) of two axes, or (0, 0) and (1, 1), become one.
    bool fold_onto_itself(tb::volume_view<T, R>& view) {
        const std::size_t a = any_axis(), b = any_axis();
        if (a == b || view.size() == 0 || view.extent(a) == 1 || view.extent(b) == 1) return false;
        auto strides = view.strides();
        strides[b] = d_.chance(50) ? strides[a] : -strides[a];
        view = {view.data(), view.shape(), strides};
        return true;
    }
    // To where another view begins: their first voxels are one then.
    bool move(tb::volume_view<T, R>& view, const tb::volume_view<T, R>& onto) {
        if (view.size() == 0 || onto.size() == 0) return false;
        view = {onto.data(), view.shape(), view.strides()};
        return true;
    }

    std::string describe() const {
        std::ostringstream out;
        out << "  refusal of " << flaw_names[static_cast<std::size_t>(flaw_)] << " by " << name_of(m_)
            << (into_ ? "_into, " : ", ") << name_of<T>() << "\n  image: shape " << text(view_.shape())
            << ", strides " << text(view_.strides()) << "\n  " << (single_ ? "one factor: " : "factors: ")
            << text(factors_) << ", num_mips " << num_mips_ << "\n  options: " << text(m_, opt_) << "\n";
        for (const auto& v : views_)
            out << "  output: shape " << text(v.shape()) << ", strides " << text(v.strides()) << "\n";
        return out.str();
    }

    method m_;
    dice d_;
    oracle::options<T> opt_;
    strided<T, R> image_;
    tb::volume_view<T, R> view_;
    bool single_, into_;
    std::vector<index_array<R>> factors_;
    std::vector<strided<T, R>> outputs_;
    std::vector<tb::volume_view<T, R>> views_;
    int num_mips_ = 0;
    flaw flaw_{};
};

}  // namespace testing
