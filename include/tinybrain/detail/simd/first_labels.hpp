// The first labels of one window, by a pass over its voters for each: the voters for a label are bits.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <tinybrain/detail/base/index_math.hpp>
#include <tinybrain/detail/drive/window_state.hpp>
#include <tinybrain/detail/simd/dispatch.hpp>
#include <tinybrain/detail/simd/vec.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

inline constexpr std::size_t most_first_labels = 32;

template <class T>
struct first_labels_arguments {
    const T* voters;  // whole words of 64 can be read
    index_t n;
    std::uint64_t* left;  // a bit for each voter that is not counted yet
    label_votes<T>* label;
    std::size_t* labels;
};

/// Counts labels as long as they have votes enough to be worth a pass. A NaN is left.
template <class T>
struct first_labels {
    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void run(const Arguments& a) {
        const index_t words = (a.n + 63) / 64;
        index_t first = 0;
        for (std::size_t labels = 0; labels < most_first_labels; ++labels) {
            while (first < words && a.left[first] == 0) ++first;
            if (first == words) return;
            const auto* voters = reinterpret_cast<const lane*>(a.voters);
            lane label;
            std::memcpy(&label, voters + first * 64 + std::countr_zero(a.left[first]), sizeof label);
            if (!(label == label)) return;
            index_t votes = 0;
            for (index_t word = first; word < words; ++word) {
                const std::uint64_t same = which_of_64<B>(voters + word * 64, label) & a.left[word];
                a.left[word] ^= same;
                votes += std::popcount(same);
            }
            a.label[labels] = {votes, static_cast<T>(label)};
            *a.labels = labels + 1;
            if (votes < a.n / least_part) return;
        }
    }

private:
    // A pass costs so much less than to look for each voter's label.
    static constexpr index_t least_part = sizeof(T) <= 2 ? 64 : 16;
    using lane = typename std::conditional_t<std::is_floating_point_v<T>, std::type_identity<T>,
                                             std::type_identity<bits_of<sizeof(T)>>>::type;

    template <std::size_t B>
    TINYBRAIN_VECTOR_INLINE static std::uint64_t which_of_64(const lane* voters, lane label) {
        return which_of_16<B>(voters, label, equals{}) | which_of_16<B>(voters + 16, label, equals{}) << 16 |
               which_of_16<B>(voters + 32, label, equals{}) << 32 |
               which_of_16<B>(voters + 48, label, equals{}) << 48;
    }
};

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
