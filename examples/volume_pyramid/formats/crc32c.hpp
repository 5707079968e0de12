// SPDX-License-Identifier: BSL-1.0
// The check sum of Castagnoli's polynomial that Zarr 3 puts behind chunks and indices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace formats {

std::uint32_t crc32c(std::span<const std::byte> bytes);

}  // namespace formats
