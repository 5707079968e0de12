// SPDX-License-Identifier: BSL-1.0
// A volume that is read: a folder here, or a url.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "http_client.hpp"
#include "scale_store.hpp"

namespace volumes {

// Its info, as text. Throws bad_input where there is none, or no file that can be read here; and
// std::runtime_error where a server does not give it.
std::string read_source_info(const std::filesystem::path& volume, const http_limits& limits);

std::unique_ptr<const scale_store> open_source(const std::filesystem::path& volume, const scale& stored,
                                               const voxel_format& format, const http_limits& limits);

}  // namespace volumes
