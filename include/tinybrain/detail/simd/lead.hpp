// Who leads an election, found without branches: at the walls between labels nothing is as dear as a branch
// mispredicted.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tinybrain/detail/base/index_math.hpp>
#include <tinybrain/detail/simd/vec.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// The most votes, and the second most. Labels have numbers, below 256.
struct lead {
    index_t first;  // votes, and below them the number
    index_t second;

    TINYBRAIN_FORCE_INLINE void add(index_t label, index_t votes) {
        const index_t other = votes << 8 | label;
        const index_t lower = lower_of(first, other);
        first += other - lower;
        second += lower - lower_of(second, lower);
    }
    TINYBRAIN_FORCE_INLINE index_t votes() const { return first >> 8; }
    TINYBRAIN_FORCE_INLINE index_t label() const { return first & 0xff; }
    TINYBRAIN_FORCE_INLINE bool is_tie() const { return first >> 8 == second >> 8; }

private:
    TINYBRAIN_FORCE_INLINE static index_t lower_of(index_t a, index_t b) {
        const index_t difference = a - b;
        return b + (difference & (difference >> 63));
    }
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
