// Whether two strided views share a byte: exactly, not by their bounds, so that interleaved channels of one
// buffer pass.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>

#include <tinybrain/detail/drive/plan.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

// Is there a sum of step[i] * n[i], 0 <= n[i] <= most[i], that equals a target? A bounded linear Diophantine
// equation: searched from the largest step down, cut off by the range and the greatest common divisor of what
// is left. Layouts that nest, all that occur in practice, leave one or two candidates a level.
class bounded_sum {
public:
    void add(index_t step, index_t most) {
        if (step != 0 && most > 0 && count_ < capacity) terms_[count_++] = {magnitude(step), most};
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
        if (i >= count_ || i >= capacity) return true;
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

    static constexpr std::size_t capacity = 2 * max_axes + 1;
    std::array<term, capacity> terms_{};
    std::array<rest, capacity + 1> left_{};
    std::size_t count_ = 0;
    index_t budget_ = 0;
};

struct byte_range {
    std::uintptr_t begin, end;
};

// The bytes from a non-empty view's first to its last, in address order.
inline byte_range bytes_of(const raw_view& view, std::size_t rank, index_t voxel) {
    index_t low = 0;
    index_t high = 0;
    for (std::size_t axis = 0; axis < rank; ++axis) {
        if (view.shape[axis] == 1) continue;
        const index_t reach = view.stride[axis] * (view.shape[axis] - 1);
        (reach < 0 ? low : high) += reach;
    }
    const auto base = reinterpret_cast<std::uintptr_t>(view.data);
    return {base + static_cast<std::uintptr_t>(low * voxel),
            base + static_cast<std::uintptr_t>((high + 1) * voxel)};
}

/// Whether two non-empty views have a byte in common.
inline bool overlap(const raw_view& a, const raw_view& b, std::size_t rank, index_t voxel) {
    const byte_range bytes_a = bytes_of(a, rank, voxel);
    const byte_range bytes_b = bytes_of(b, rank, voxel);
    if (bytes_a.end <= bytes_b.begin || bytes_b.end <= bytes_a.begin) return false;
    bounded_sum sum;
    // An element of a at bytes_a.begin + p and one of b at bytes_b.begin + q share a byte where |distance| <
    // voxel. Mirrored axes of b turn the difference p - q into a sum.
    index_t reach_b = 0;
    // The stride of an axis of extent 1 leads nowhere and may be any number.
    for (std::size_t axis = 0; axis < rank; ++axis) {
        if (a.shape[axis] > 1) sum.add(a.stride[axis] * voxel, a.shape[axis] - 1);
        if (b.shape[axis] == 1) continue;
        sum.add(b.stride[axis] * voxel, b.shape[axis] - 1);
        reach_b += magnitude(b.stride[axis]) * voxel * (b.shape[axis] - 1);
    }
    const auto apart = static_cast<index_t>(bytes_b.begin - bytes_a.begin);
    if (apart % voxel == 0) return sum.reaches(apart + reach_b);
    sum.add(1, 2 * (voxel - 1));
    return sum.reaches(apart + reach_b + voxel - 1);
}

/// Whether two voxels of one non-empty view share a byte.
inline bool overlaps_itself(const raw_view& view, std::size_t rank) {
    for (std::size_t fixed = 0; fixed < rank; ++fixed) {
        if (view.shape[fixed] <= 1) continue;
        // Two voxels at the same place differ by at least one step along some axis, by anything along the
        // others.
        bounded_sum sum;
        index_t target = -magnitude(view.stride[fixed]);
        sum.add(view.stride[fixed], view.shape[fixed] - 2);
        for (std::size_t axis = 0; axis < rank; ++axis) {
            if (axis == fixed || view.shape[axis] == 1) continue;
            sum.add(view.stride[axis], 2 * (view.shape[axis] - 1));
            target += magnitude(view.stride[axis]) * (view.shape[axis] - 1);
        }
        if (sum.reaches(target)) return true;
    }
    return false;
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
