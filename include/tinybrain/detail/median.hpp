// The lower median of a window of any size: gathered and partitioned while it fits, selected digit by digit
// beyond.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tinybrain/detail/wide.hpp>
#include <tinybrain/detail/windows.hpp>

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

template <class T>
class median_reducer {
public:
    static constexpr bool from_input = true;

    std::size_t scratch_bytes() const { return sizeof(key) * most_gathered; }

    template <std::size_t N>
    T pool(const plan_level<T, N>&, const strided_window<T, N>& window, std::byte* scratch) const {
        if constexpr (std::is_floating_point_v<T>) {
            bool nan = false;
            window.each([&](const T& value) { nan = nan || value != value; });
            if (nan) return std::numeric_limits<T>::quiet_NaN();
        }
        const index_t n = window.size();
        return ordered_key<T>::back(n <= most_gathered ? partition(window, reinterpret_cast<key*>(scratch), n)
                                                       : select(window, n));
    }

private:
    using key = typename ordered_key<T>::type;
    static constexpr index_t most_gathered = 4096;

    template <std::size_t N>
    static key partition(const strided_window<T, N>& window, key* keys, index_t n) {
        key* end = keys;
        window.each([&](const T& value) { *end++ = ordered_key<T>::of(value); });
        key* middle = keys + (n - 1) / 2;
        std::nth_element(keys, middle, end);
        return *middle;
    }

    // One pass a byte of the key, from the highest: how many of the keys that begin as the median does go on
    // with each byte tells how the median goes on.
    template <std::size_t N>
    static key select(const strided_window<T, N>& window, index_t n) {
        index_t rank = (n - 1) / 2;
        key found = 0;
        key mask = 0;
        for (int shift = 8 * (int{sizeof(key)} - 1); shift >= 0; shift -= 8) {
            std::array<index_t, 256> count{};
            window.each([&](const T& value) {
                const key k = ordered_key<T>::of(value);
                if ((k & mask) == found) ++count[k >> shift & 0xff];
            });
            std::size_t byte = 0;
            for (; rank >= count[byte]; ++byte) rank -= count[byte];
            found = static_cast<key>(found | static_cast<key>(byte) << shift);
            mask = static_cast<key>(mask | static_cast<key>(0xff) << shift);
        }
        return found;
    }
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
