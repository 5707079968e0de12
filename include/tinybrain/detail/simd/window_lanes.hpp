// Every third lane of vectors, every fifth and so on, in one vector.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <tinybrain/detail/base/index_math.hpp>
#include <tinybrain/detail/simd/vec.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// There are tables for windows of up to so many.
inline constexpr index_t longest_odd_window = 15;

/// In which lanes of `factor` vectors that follow each other every factor-th lane lies, for an odd factor,
/// and the order of those lanes.
template <std::size_t B>
struct lanes_of_windows {
    alignas(32) std::uint8_t wanted[longest_odd_window][B];
    byte_order<B> order;
};
template <std::size_t Lane, std::size_t B>
constexpr auto make_window_lanes() {
    // Of the factors 3, 5, 7 ...
    std::array<lanes_of_windows<B>, longest_odd_window / 2> tables{};
    for (std::size_t t = 0; t < tables.size(); ++t) {
        for (std::size_t i = 0; i < B / Lane; ++i) {
            const std::size_t first = (2 * t + 3) * i * Lane;
            for (std::size_t byte = 0; byte < Lane; ++byte) {
                tables[t].wanted[first / B][first % B + byte] = 0xff;
                tables[t].order.set(i * Lane + byte, first % B + byte);
            }
        }
    }
    return tables;
}
template <std::size_t Lane, std::size_t B>
inline constexpr auto window_lanes = make_window_lanes<Lane, B>();

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
