// Whether windows hold one label and no other: in segmentations most do.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tinybrain/detail/base/index_math.hpp>
#include <tinybrain/detail/simd/rows.hpp>
#include <tinybrain/detail/simd/vec.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// Whether the `length` bytes, B or more, from `offset` on of all rows of a group are copies of a label, bit
/// for bit. Asks for what comes after these too.
template <std::size_t B, class T, class Arguments>
TINYBRAIN_VECTOR_INLINE bool rows_are_all(const Arguments& a, index_t group, index_t offset, index_t length,
                                          T label) {
    using bytes = std::uint8_t;
    const auto same = cast<bytes>(splat<T, B>(label));
    vec<bytes, B> different{};
    const index_t first = group * a.next;
    if (a.ahead.wanted) {
        const index_t ahead = first + (a.ahead.in_turn ? a.next + offset : a.ahead.from(offset));
        for (index_t k = 0; k < a.rows; ++k) {
            for (index_t i = 0; i < length; i += 64) prefetch(a.row[k] + ahead + i);
        }
    }
    for (index_t k = 0; k < a.rows; ++k) {
        const std::byte* from = a.row[k] + first + offset;
        for (index_t i = 0; i + index_t{B} <= length; i += index_t{B}) {
            different = different | (load<bytes, B>(from + i) ^ same);
        }
        // Where whole vectors do not do, the last ends where the windows do.
        if (length % index_t{B} != 0) different = different | (load<bytes, B>(from + length - B) ^ same);
        // Most windows that are not uniform show it in their first row.
        if ((k % 4 == 0 || k + 1 == a.rows) && any(different)) return false;
    }
    return true;
}

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
