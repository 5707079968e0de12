// SPDX-License-Identifier: BSL-1.0
#include "volume_source.hpp"

#include <utility>

#include "bad_input.hpp"
#include "run_claim.hpp"
#include "url_files.hpp"
#include "volume_url.hpp"

namespace volumes {

std::string read_source_info(const std::filesystem::path& volume, const http_limits& limits) {
    if (!is_url(volume)) return read_info(volume);
    constexpr std::size_t most = std::size_t{64} << 20;
    const url_files files(volume, limits);
    const auto file = files.fetch("info", most);
    if (!file)
        throw bad_input(volume.string() + " is no precomputed volume: there is no " + files.text_of("info"));
    return {reinterpret_cast<const char*>(file->body.data()), file->body.size()};
}

std::unique_ptr<const scale_store> open_source(const std::filesystem::path& volume, const scale& stored,
                                               const voxel_format& format, const http_limits& limits) {
    if (!is_url(volume)) return open_scale(volume, stored, format);
    return make_store(std::make_unique<url_files>(url_of(volume, stored.key), limits), {}, stored, format, {},
                      {});
}

}  // namespace volumes
