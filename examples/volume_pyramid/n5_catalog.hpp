// SPDX-License-Identifier: BSL-1.0
// Datasets of N5, and groups of them: s0, s1, s2 ...
// https://github.com/saalfeldlab/n5, https://github.com/bigdataviewer/bigdataviewer-core (multi-resolution)
#pragma once

#include "array_catalog.hpp"

namespace volumes {

class n5_catalog final : public array_catalog {
public:
    using array_catalog::array_catalog;

    volume_family family() const override { return volume_family::n5; }
    std::string name() const override { return files().text_of("attributes.json"); }
    bool is_there() const override {
        return files().has("attributes.json") || files().has("s0/attributes.json");
    }
    void write(const std::string& text, const std::filesystem::path& temporary) const override;

private:
    std::string read_levels() const override;
    struct base {
        std::array<std::string, 3> resolution{"1", "1", "1"};
        std::array<double, 3> translation{};
        std::string unit;
    };
    std::optional<json> metadata_of_array(const std::string& key) const override;
    json attributes_of_array(const std::string& key) const override;
    json axes_of(const json& attributes, const std::string& unit) const;
    base base_of(const json& group, const json& first) const;
    std::vector<std::string> level_keys() const;
    index3 factor_of(const json& group, std::size_t level, const json& attributes,
                     const std::string& key) const;
};

}  // namespace volumes
