// Whether two strided views share a byte: exactly, not by their bounds, so that interleaved channels of one
// buffer pass.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>

#include <tinybrain/detail/plan.hpp>
#include <tinybrain/volume.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

// Is there a sum of step[i] * n[i], 0 <= n[i] <= most[i], that equals a target? A bounded linear Diophantine
// equation: searched from the largest step down, cut off by the range and the greatest common divisor of what
// is left. Layouts that nest, all that occur in practice, leave one or two candidates a level.
template <std::size_t Capacity>
class bounded_sum {
public:
    void add(index_t step, index_t most) {
        if (step != 0 && most > 0) terms_[count_++] = {magnitude(step), most};
    }

    /// True also where the search gives up, which only a contrived layout can bring about.
    bool reaches(index_t target) {
        for (std::size_t i = 1; i < count_; ++i) {
            for (std::size_t j = i; j > 0 && terms_[j - 1].step < terms_[j].step; --j) {
                std::swap(terms_[j - 1], terms_[j]);
            }
        }
        left_[count_] = {0, 0};
        for (std::size_t i = count_; i-- > 0;) {
            left_[i].sum = left_[i + 1].sum + terms_[i].step * terms_[i].most;
            left_[i].divisor = std::gcd(left_[i + 1].divisor, terms_[i].step);
        }
        budget_ = 100'000;
        return search(0, target);
    }

private:
    struct term {
        index_t step, most;
    };
    struct rest {
        index_t sum, divisor;
    };

    bool search(std::size_t i, index_t target) {
        if (target < 0 || target > left_[i].sum) return false;
        if (i == count_) return true;
        if (target % left_[i].divisor != 0) return false;
        const auto [step, most] = terms_[i];
        const index_t rest_sum = left_[i + 1].sum;
        const index_t low = target > rest_sum ? ceil_quotient(target - rest_sum, step) : 0;
        const index_t high = std::min(most, target / step);
        for (index_t n = high; n >= low; --n) {
            if (--budget_ < 0) return true;
            if (search(i + 1, target - n * step)) return true;
        }
        return false;
    }

    std::array<term, Capacity> terms_{};
    std::array<rest, Capacity + 1> left_{};
    std::size_t count_ = 0;
    index_t budget_ = 0;
};

struct byte_range {
    std::uintptr_t begin, end;
};

// The bytes from a non-empty view's first to its last, in address order.
template <class T, std::size_t Rank>
byte_range bytes_of(const volume_view<T, Rank>& view) {
    index_t low = 0;
    index_t high = 0;
    for (std::size_t axis = 0; axis < Rank; ++axis) {
        if (view.extent(axis) == 1) continue;
        const index_t reach = view.stride(axis) * (view.extent(axis) - 1);
        (reach < 0 ? low : high) += reach;
    }
    const auto base = reinterpret_cast<std::uintptr_t>(view.data());
    return {base + static_cast<std::uintptr_t>(low) * sizeof(T),
            base + static_cast<std::uintptr_t>(high + 1) * sizeof(T)};
}

/// Whether two non-empty views have a byte in common.
template <class T, class U, std::size_t Rank>
bool overlap(const volume_view<T, Rank>& a, const volume_view<U, Rank>& b) {
    static_assert(sizeof(T) == sizeof(U));
    const byte_range bytes_a = bytes_of(a);
    const byte_range bytes_b = bytes_of(b);
    if (bytes_a.end <= bytes_b.begin || bytes_b.end <= bytes_a.begin) return false;
    constexpr index_t voxel = sizeof(T);
    bounded_sum<2 * Rank + 1> sum;
    // An element of a at bytes_a.begin + p and one of b at bytes_b.begin + q share a byte where |distance| <
    // voxel. Mirrored axes of b turn the difference p - q into a sum.
    index_t reach_b = 0;
    // The stride of an axis of extent 1 leads nowhere and may be any number.
    for (std::size_t axis = 0; axis < Rank; ++axis) {
        if (a.extent(axis) > 1) sum.add(a.stride(axis) * voxel, a.extent(axis) - 1);
        if (b.extent(axis) == 1) continue;
        sum.add(b.stride(axis) * voxel, b.extent(axis) - 1);
        reach_b += magnitude(b.stride(axis)) * voxel * (b.extent(axis) - 1);
    }
    const auto apart = static_cast<index_t>(bytes_b.begin - bytes_a.begin);
    if (apart % voxel == 0) return sum.reaches(apart + reach_b);
    sum.add(1, 2 * (voxel - 1));
    return sum.reaches(apart + reach_b + voxel - 1);
}

/// Whether two voxels of one non-empty view share a byte.
template <class T, std::size_t Rank>
bool overlaps_itself(const volume_view<T, Rank>& view) {
    for (std::size_t fixed = 0; fixed < Rank; ++fixed) {
        if (view.extent(fixed) <= 1) continue;
        // Two voxels at the same place differ by at least one step along some axis, by anything along the
        // others.
        bounded_sum<Rank> sum;
        index_t target = -magnitude(view.stride(fixed));
        sum.add(view.stride(fixed), view.extent(fixed) - 2);
        for (std::size_t axis = 0; axis < Rank; ++axis) {
            if (axis == fixed || view.extent(axis) == 1) continue;
            sum.add(view.stride(axis), 2 * (view.extent(axis) - 1));
            target += magnitude(view.stride(axis)) * (view.extent(axis) - 1);
        }
        if (sum.reaches(target)) return true;
    }
    return false;
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
