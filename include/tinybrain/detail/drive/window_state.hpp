// The voters of a window, and what is known of their votes.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tinybrain/detail/base/index_math.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// Windows of up to this many voters are gathered before they are counted.
inline constexpr index_t most_gathered_voters = 512;
/// In rows of up to so many.
inline constexpr index_t longest_row_of_voters = 64;

/// A label and its votes.
template <class T>
struct label_votes {
    index_t count;
    T label;
};

/// 0 for a window of voxels that are all alike, or all background; else the size of its set of votes, and
/// where in an arena of sets it begins.
using window_state = std::uint32_t;

/// The set of a window that is still to be counted.
inline constexpr window_state not_counted = ~window_state{0};

/// A row of windows side by side.
template <class T>
struct window_row {
    const T* label;
    const window_state* state;
    index_t count;  // voxels of mip 0 across the row
};

constexpr window_state state_of_set(std::size_t begin, std::size_t size) {
    return size == 0 ? 0 : static_cast<window_state>(begin << 16 | size);
}
constexpr std::size_t size_of_set(window_state s) { return s & 0xffff; }
constexpr std::size_t begin_of_set(window_state s) { return s >> 16; }

}  // namespace detail
TINYBRAIN_NAMESPACE_END
