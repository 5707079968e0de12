// SPDX-License-Identifier: BSL-1.0
// Pictures interleave their channels, chunks store one after another.
#pragma once

#include <cstddef>

namespace formats {

// `from` has n pixels of `channels` interleaved samples; channel c goes to to[c * plane], to[c * plane + 1],
// ...
template <class T>
void to_planes(const T* from, std::size_t n, std::size_t channels, T* to, std::size_t plane) {
    for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t i = 0; i < n; ++i) to[c * plane + i] = from[i * channels + c];
}

// The reverse.
template <class T>
void from_planes(const T* from, std::size_t plane, std::size_t n, std::size_t channels, T* to) {
    for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t i = 0; i < n; ++i) to[i * channels + c] = from[c * plane + i];
}

}  // namespace formats
