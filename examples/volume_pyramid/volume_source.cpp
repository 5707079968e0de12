// SPDX-License-Identifier: BSL-1.0
#include "volume_source.hpp"

#include <utility>

#include "url_files.hpp"
#include "volume_url.hpp"

namespace volumes {

std::unique_ptr<const scale_store> open_source(const std::filesystem::path& volume, const scale& stored,
                                               const voxel_format& format, const http_limits& limits) {
    if (!is_url(volume)) return open_scale(volume, stored, format);
    return make_store(std::make_unique<url_files>(url_of(volume, stored.key), limits), {}, stored, format, {},
                      {});
}

}  // namespace volumes
