// SPDX-License-Identifier: BSL-1.0
// Groups and arrays of Zarr 2 and 3, with the multiscales of OME-Zarr 0.4 and 0.5.
// https://ngff.openmicroscopy.org/0.4, https://ngff.openmicroscopy.org/0.5
#pragma once

#include "array_catalog.hpp"

namespace volumes {

class zarr_catalog : public array_catalog {
public:
    using array_catalog::array_catalog;

    void write(const std::string& text, const std::filesystem::path& temporary) const override;

protected:
    // Of the volume's own folder: the attributes of the group; an empty object where it has none.
    virtual json attributes() const = 0;
    // What of them holds `multiscales`, and is to hold it: themselves, or `ome`.
    virtual json& place_of_multiscales(json& attributes) const = 0;
    virtual std::string version() const = 0;
    // The names that an array itself gives to its axes; null where it does not.
    virtual json names_in(const json& metadata, const json& attributes) const = 0;

    virtual void write_array(const json& entry, const json& names,
                             const std::filesystem::path& temporary) const = 0;
    // keys: of arrays that are new. What is consolidated, here and above, is kept in step.
    virtual void write_group(const json& attributes, const std::vector<std::string>& keys,
                             const std::filesystem::path& temporary) const = 0;

private:
    std::string read_levels() const override;
    std::string read_array(const json& metadata) const;
    json multiscale_of(const json& attributes) const;
};

class zarr2_catalog final : public zarr_catalog {
public:
    using zarr_catalog::zarr_catalog;

    volume_family family() const override { return volume_family::zarr2; }
    std::string name() const override { return files().text_of(".zattrs"); }
    bool is_there() const override;

private:
    json attributes() const override { return files().read_json(".zattrs").value_or(json::object()); }
    json& place_of_multiscales(json& attributes) const override { return attributes; }
    std::string version() const override { return "0.4"; }
    json names_in(const json& metadata, const json& attributes) const override;
    std::optional<json> metadata_of_array(const std::string& key) const override;
    json attributes_of_array(const std::string& key) const override;
    void write_array(const json& entry, const json& names,
                     const std::filesystem::path& temporary) const override;
    void write_group(const json& attributes, const std::vector<std::string>& keys,
                     const std::filesystem::path& temporary) const override;
};

class zarr3_catalog final : public zarr_catalog {
public:
    using zarr_catalog::zarr_catalog;

    volume_family family() const override { return volume_family::zarr3; }
    std::string name() const override { return files().text_of("zarr.json"); }
    bool is_there() const override { return files().has("zarr.json"); }

private:
    json attributes() const override;
    json& place_of_multiscales(json& attributes) const override;
    std::string version() const override { return "0.5"; }
    json names_in(const json& metadata, const json& attributes) const override;
    std::optional<json> metadata_of_array(const std::string& key) const override;
    json attributes_of_array(const std::string& key) const override;
    void write_array(const json& entry, const json& names,
                     const std::filesystem::path& temporary) const override;
    void write_group(const json& attributes, const std::vector<std::string>& keys,
                     const std::filesystem::path& temporary) const override;
};

}  // namespace volumes
