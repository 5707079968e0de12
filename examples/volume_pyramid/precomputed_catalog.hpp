// SPDX-License-Identifier: BSL-1.0
// The file `info` of a Neuroglancer precomputed volume.
#pragma once

#include "volume_catalog.hpp"

namespace volumes {

class precomputed_catalog final : public volume_catalog {
public:
    using volume_catalog::volume_catalog;

    volume_family family() const override { return volume_family::precomputed; }
    std::string name() const override { return files().text_of("info"); }
    bool is_there() const override { return files().has("info"); }
    std::string read() const override;
    void write(const std::string& text, const std::filesystem::path& temporary) const override;
};

}  // namespace volumes
