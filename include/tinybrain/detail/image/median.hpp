// The lower median of a window of any size: gathered and partitioned while it fits, selected digit by digit
// beyond.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/base/foreground.hpp>
#include <tinybrain/detail/base/wide.hpp>
#include <tinybrain/detail/drive/windows.hpp>
#include <tinybrain/detail/simd/median_kernels.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// An unsigned key in the order of the numbers; -0 comes before +0.
template <class T>
struct ordered_key {
    using type = bits_of<sizeof(T)>;
    static constexpr type sign = static_cast<type>(type{1} << (8 * sizeof(T) - 1));

    static constexpr type of(const T& value) {
        const type bits = std::bit_cast<type>(value);
        if constexpr (std::is_floating_point_v<T>)
            return static_cast<type>((bits & sign) != 0 ? ~bits : bits ^ sign);
        if constexpr (std::is_signed_v<T>) return static_cast<type>(bits ^ sign);
        return bits;
    }
    static constexpr T back(type key) {
        if constexpr (std::is_floating_point_v<T>) {
            return std::bit_cast<T>(static_cast<type>((key & sign) != 0 ? key ^ sign : ~key));
        }
        if constexpr (std::is_signed_v<T>) return std::bit_cast<T>(static_cast<type>(key ^ sign));
        return std::bit_cast<T>(key);
    }
};

/// The lower median of footprints.
template <class T>
class median_of_footprints final : public window_pooling {
public:
    explicit median_of_footprints(const foreground_rules<T>& rules) : rules_(rules) {}

    std::size_t scratch_bytes() const override {
        return vectors_ ? voters_bytes : sizeof(key) * most_gathered;
    }

    void row(const plan& p, index_t m, const axes& index, index_t n, std::byte* scratch) const override {
#if TINYBRAIN_HAS_VECTORS
        if (vectors_ && by_vectors(p, m, index, n, scratch)) return;
#endif
        each_window<T>(p, p.level(0), p.level(m).footprint, m, index, n,
                       [&](const strided_window<T>& window) { return median(window, scratch); });
    }

private:
    using key = typename ordered_key<T>::type;
    static constexpr index_t most_gathered = 4096;

#if TINYBRAIN_HAS_VECTORS
    // A vector of each voter, and before them the rows; behind them a row of medians.
    static constexpr std::size_t rows_bytes = most_gathered * sizeof(const std::byte*);
    static constexpr index_t medians_at_once = 1024;
    static constexpr std::size_t voters_bytes =
        rows_bytes + most_gathered * simd::voter_bytes + medians_at_once * sizeof(T);

    bool by_vectors(const plan& p, index_t m, const axes& index, index_t n, std::byte* scratch) const {
        const plan_level& input = p.level(0);
        const plan_level& mip = p.level(m);
        const window_grid& grid = mip.footprint;
        axes first, count;
        box_of_window(grid, index, first, count, 0);
        count[0] = 1;
        const index_t rows = product_from(count, 1);
        if (rows > most_gathered / grid.size[0]) return false;
        // Higher mips find in the cache what mip 1 has read.
        const index_t ahead =
            m == 1 && p.row_is_contiguous(0) ? grid.size[1] * input.stride[1] * index_t{sizeof(T)} : 0;
        for (index_t element = 0; element < p.run; ++element) {
            auto** row = reinterpret_cast<const std::byte**>(scratch);
            index_t k = 0;
            axes place = first;
            do {
                row[k++] = reinterpret_cast<const std::byte*>(voxel_at<T>(input, place) +
                                                              element * input.run_stride);
            } while (step(place, first, count, 1));
            each_alike(grid, 0, index[0], n, [&](index_t x, index_t windows) {
                axes at = index;
                at[0] = x;
                simd::median_arguments<T> a{};
                a.row = row;
                a.stride = input.stride[0] * index_t{sizeof(T)};
                a.offset = (grid.begin(0, x) - first[0]) * a.stride;
                a.rows = rows;
                a.factor = grid.count(0, x);
                a.windows = windows;
                a.ahead = ahead;
                a.scratch = scratch + rows_bytes;
                a.sparse = rules_.sparse;
                a.background = rules_.background;
                a.least = rules_.least(rows * a.factor);
                write(p, mip, at, element, a);
            });
        }
        return true;
    }

    // Straight to where they belong, or by way of a row of their own.
    static void write(const plan& p, const plan_level& mip, const axes& index, index_t element,
                      simd::median_arguments<T> a) {
        T* out = voxel_at<T>(mip, index) + element * mip.run_stride;
        if (mip.stride[0] == 1) {
            a.out = out;
            simd::run<simd::medians<T>>(a);
            return;
        }
        T* medians =
            reinterpret_cast<T*>(a.scratch + most_gathered * static_cast<index_t>(simd::voter_bytes));
        const index_t windows = a.windows;
        for (index_t x = 0; x < windows; x += medians_at_once) {
            a.windows = std::min(medians_at_once, windows - x);
            a.out = medians;
            simd::run<simd::medians<T>>(a);
            p.copy({reinterpret_cast<const std::byte*>(medians),
                    {1, 0},
                    reinterpret_cast<std::byte*>(out + x * mip.stride[0]),
                    {mip.stride[0], 0},
                    { a.windows,
                      1 }});
            a.offset += a.windows * a.factor * a.stride;
        }
    }

    bool vectors_ = simd::has_vectors();
#else
    static constexpr std::size_t voters_bytes = 0;
    static constexpr bool vectors_ = false;
#endif

    T median(const strided_window<T>& window, std::byte* scratch) const {
        const index_t n = window.size();
        index_t left = n;
        if (rules_.sparse) {
            window.each([&](const T& value) { left -= rules_.is_background(value) ? 1 : 0; });
            if (left < rules_.least(n)) return rules_.background;
        }
        if constexpr (std::is_floating_point_v<T>) {
            const auto is_nan = [&](const T& v) { return v != v && !rules_.is_background(v); };
            if (window.find(is_nan) != nullptr) return std::numeric_limits<T>::quiet_NaN();
        }
        return ordered_key<T>::back(n <= most_gathered ? partition(window, reinterpret_cast<key*>(scratch))
                                                       : select(window, (left - 1) / 2));
    }

    // Calls visit(key) for each voter but background.
    template <class Visit>
    void each_key(const strided_window<T>& window, const Visit& visit) const {
        window.each([&](const T& value) {
            if (!rules_.is_background(value)) visit(ordered_key<T>::of(value));
        });
    }

    key partition(const strided_window<T>& window, key* keys) const {
        key* end = keys;
        each_key(window, [&](key k) { *end++ = k; });
        key* middle = keys + (end - keys - 1) / 2;
        std::nth_element(keys, middle, end);
        return *middle;
    }

    // One pass a byte of the key, from the highest: how many of the keys that begin as the median does go on
    // with each byte tells how the median goes on.
    key select(const strided_window<T>& window, index_t rank) const {
        key found = 0;
        key mask = 0;
        for (int shift = 8 * (int{sizeof(key)} - 1); shift >= 0; shift -= 8) {
            std::array<index_t, 256> count{};
            each_key(window, [&](key k) {
                if ((k & mask) == found) ++count[k >> shift & 0xff];
            });
            std::size_t byte = 0;
            // There is always such a byte, unless somebody writes to the voxels.
            for (; byte + 1 < count.size() && rank >= count[byte]; ++byte) rank -= count[byte];
            found = static_cast<key>(found | static_cast<key>(byte) << shift);
            mask = static_cast<key>(mask | static_cast<key>(0xff) << shift);
        }
        return found;
    }

    const foreground_rules<T>& rules_;
};

/// Lower medians of a plan.
template <class T>
void medians_of(const plan& p, const foreground_rules<T>& rules, const executor& run_on) {
    pool_windows(p, median_of_footprints<T>(rules), run_on);
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
