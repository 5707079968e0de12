// SPDX-License-Identifier: BSL-1.0
// What the catalogs of Zarr and N5 have in common: levels that are arrays, each with metadata of its own.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "formats/array_form.hpp"
#include "scale.hpp"
#include "volume_catalog.hpp"

namespace volumes {

// A level as the volume's metadata has it, along x, y and z.
struct array_level {
    std::string key;                        // its folder
    std::array<std::string, 3> resolution;  // numbers as they were written
    std::array<double, 3> translation{};
};

class array_catalog : public volume_catalog {
public:
    using volume_catalog::volume_catalog;

    std::string read() const final;

protected:
    virtual std::string read_levels() const = 0;
    // The metadata of the array in this folder, without and with what anybody may put there; nothing where
    // there is none.
    virtual std::optional<json> metadata_of_array(const std::string& key) const = 0;
    virtual json attributes_of_array(const std::string& key) const = 0;

    // The listing of these levels. axes: as info has them.
    std::string listing(const json& axes, const std::vector<array_level>& levels) const;
    // Entries of `text`'s scales that are not listed yet.
    std::vector<json> new_entries(const std::string& text) const;

    // The file of an array's folder: "." is the volume's own.
    static std::string file_in(const std::string& key, const std::string& name) {
        return key == "." ? name : key + "/" + name;
    }
    void write_json(const std::string& name, const json& what, const std::filesystem::path& temporary) const;

private:
    json entry_of(const json& axes, const array_level& level) const;
};

// The file replaced, on the disk when this returns.
void write_json_file(const std::filesystem::path& file, const json& what,
                     const std::filesystem::path& temporary);

// Of the array that an entry of a listing describes: what its own file is to hold.
json metadata_of_entry(const json& entry);

// What an axis is whose name is all that is known of it: space, time or channel.
inline std::string axis_type_of(const std::string& name) {
    if (name == "x" || name == "y" || name == "z") return "space";
    return name == "t" ? "time" : "channel";
}
// The axes of an array that does not name them: y x, z y x, c z y x, t c z y x.
json usual_axes(std::size_t count);
// The axes of these names; nothing where they do not name x and y.
std::optional<json> axes_of_names(const json& names);

}  // namespace volumes
