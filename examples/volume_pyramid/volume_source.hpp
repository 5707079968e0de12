// SPDX-License-Identifier: BSL-1.0
// A volume that is read: a folder here, or a url.
#pragma once

#include <filesystem>
#include <memory>

#include "http_client.hpp"
#include "scale_store.hpp"

namespace volumes {

std::unique_ptr<const scale_store> open_source(const std::filesystem::path& volume, const scale& stored,
                                               const voxel_format& format, const http_limits& limits);

}  // namespace volumes
