// Rows whose voxels do not lie side by side, made dense.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tinybrain/detail/base/index_math.hpp>
#include <tinybrain/detail/base/wide.hpp>
#include <tinybrain/detail/simd/dispatch.hpp>
#include <tinybrain/detail/simd/vec.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

struct copy_arguments {
    const std::byte* from;
    std::byte* to;
    index_t n;
    index_t* done;
};

#if TINYBRAIN_HAS_VECTORS

template <std::size_t Bytes, std::size_t B>
constexpr byte_order<B> make_reversed_order() {
    byte_order<B> order;
    for (std::size_t i = 0; i < B; ++i) order.set(i, B - Bytes - i / Bytes * Bytes + i % Bytes);
    return order;
}
template <std::size_t Bytes, std::size_t B>
inline constexpr byte_order<B> reversed_order = make_reversed_order<Bytes, B>();

/// Elements in the reverse order: `from` is the last of them.
template <std::size_t Bytes>
struct reversed_row {
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void run(const copy_arguments& a) {
        constexpr auto n = static_cast<index_t>(B / Bytes);
        constexpr auto size = static_cast<index_t>(Bytes);
        index_t x = 0;
        for (; x + n <= a.n; x += n) {
            const auto v = load<std::uint8_t, B>(a.from - (x + n - 1) * size);
            store(a.to + x * size, reordered(v, reversed_order<Bytes, B>));
        }
        *a.done = x;
    }
};

/// Every second element. The one after the last is none of the row's, and not read.
template <std::size_t Bytes>
struct second_elements {
    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static void run(const copy_arguments& a) {
        using lane = bits_of<Bytes>;
        constexpr auto n = static_cast<index_t>(B / Bytes);
        constexpr auto size = static_cast<index_t>(Bytes);
        index_t x = 0;
        for (; x + n < a.n; x += n) {
            const std::byte* at = a.from + 2 * x * size;
            const auto even = even_in_blocks(load<lane, B>(at), load<lane, B>(at + B));
            store(a.to + x * size, merge_blocks(even, std::make_index_sequence<B / 8>{}));
        }
        *a.done = x;
    }
};

#endif

/// Copies elements of so many bytes from a row with a stride to a dense one, as many as vectors take, and
/// says how many.
template <std::size_t Bytes>
index_t copy_strided([[maybe_unused]] const std::byte* from, [[maybe_unused]] index_t stride,
                     [[maybe_unused]] std::byte* to, [[maybe_unused]] index_t n) {
    index_t done = 0;
#if TINYBRAIN_HAS_VECTORS
    if constexpr (Bytes == 1 || Bytes == 2 || Bytes == 4 || Bytes == 8) {
        if (n < static_cast<index_t>(vector_bytes / Bytes) || (stride != 2 && stride != -1) || !has_vectors())
            return 0;
        if (stride == 2) run<second_elements<Bytes>>(copy_arguments{from, to, n, &done});
        if (stride == -1) run<reversed_row<Bytes>>(copy_arguments{from, to, n, &done});
    }
#endif
    return done;
}

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END
