// SPDX-License-Identifier: BSL-1.0
#include "volume_catalog.hpp"

#include "bad_input.hpp"
#include "n5_catalog.hpp"
#include "precomputed_catalog.hpp"
#include "volume_url.hpp"
#include "zarr_catalog.hpp"

namespace volumes {
namespace {

std::unique_ptr<const volume_catalog> catalog_of(volume_family family, const std::filesystem::path& volume,
                                                 const http_limits& limits) {
    metadata_files files(volume, limits);
    switch (family) {
        case volume_family::zarr2:
            return std::make_unique<zarr2_catalog>(std::move(files));
        case volume_family::zarr3:
            return std::make_unique<zarr3_catalog>(std::move(files));
        case volume_family::n5:
            return std::make_unique<n5_catalog>(std::move(files));
        case volume_family::precomputed:
            break;
    }
    return std::make_unique<precomputed_catalog>(std::move(files));
}

}  // namespace

std::unique_ptr<const volume_catalog> open_catalog(const std::filesystem::path& volume, const family_wish& as,
                                                   const http_limits& limits) {
    std::unique_ptr<const volume_catalog> found;
    for (const volume_family family : as.looked_for) {
        auto one = catalog_of(family, volume, limits);
        if (!one->is_there()) continue;
        if (found)
            throw bad_input(volume.string() + " has " + found->name() + " and " + one->name() + ": " +
                            name_of(found->family()) + ":// or " + name_of(family) +
                            ":// before it says which is meant");
        found = std::move(one);
        if (is_url(volume)) break;  // where each look takes its time
    }
    return found ? std::move(found) : catalog_of(as.fresh, volume, limits);
}

}  // namespace volumes
