// SPDX-License-Identifier: BSL-1.0
// Pictures interleave their channels, chunks store one after another.
#pragma once

#include <cstddef>

namespace formats {

namespace detail {

template <std::size_t Channels, class T>
void split(const T* from, std::size_t n, T* to, std::size_t plane) {
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t c = 0; c < Channels; ++c) to[c * plane + i] = from[i * Channels + c];
}

template <std::size_t Channels, class T>
void join(const T* from, std::size_t plane, std::size_t n, T* to) {
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t c = 0; c < Channels; ++c) to[i * Channels + c] = from[c * plane + i];
}

}  // namespace detail

// `from` has n pixels of 1 to 4 interleaved samples; channel c goes to to[c * plane], to[c * plane + 1], ...
template <class T>
void to_planes(const T* from, std::size_t n, std::size_t channels, T* to, std::size_t plane) {
    if (channels == 1) detail::split<1>(from, n, to, plane);
    if (channels == 2) detail::split<2>(from, n, to, plane);
    if (channels == 3) detail::split<3>(from, n, to, plane);
    if (channels == 4) detail::split<4>(from, n, to, plane);
}

// The reverse.
template <class T>
void from_planes(const T* from, std::size_t plane, std::size_t n, std::size_t channels, T* to) {
    if (channels == 1) detail::join<1>(from, plane, n, to);
    if (channels == 2) detail::join<2>(from, plane, n, to);
    if (channels == 3) detail::join<3>(from, plane, n, to);
    if (channels == 4) detail::join<4>(from, plane, n, to);
}

}  // namespace formats
