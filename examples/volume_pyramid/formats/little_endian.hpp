// SPDX-License-Identifier: BSL-1.0
// Numbers of files, which lie at any address.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace formats {

static_assert(std::endian::native == std::endian::little,
              "voxels and the numbers of files are taken as they lie in memory");

template <class T>
T load(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <class T>
void store(std::byte* to, T value) {
    std::memcpy(to, &value, sizeof value);
}

}  // namespace formats
