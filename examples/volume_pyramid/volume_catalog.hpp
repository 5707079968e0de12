// SPDX-License-Identifier: BSL-1.0
// What a volume lists of its scales in files of its own: `info` of precomputed, the metadata of groups and
// arrays of Zarr and N5. To the rest of the program all of them are what the class info reads.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "http_client.hpp"
#include "metadata_files.hpp"
#include "volume_family.hpp"

namespace volumes {

class volume_catalog {
public:
    explicit volume_catalog(metadata_files files) : files_(std::move(files)) {}
    virtual ~volume_catalog() = default;
    volume_catalog(const volume_catalog&) = delete;
    volume_catalog& operator=(const volume_catalog&) = delete;

    virtual volume_family family() const = 0;
    // The file that lists the scales, for messages.
    virtual std::string name() const = 0;
    // Throws bad_input where it cannot be told.
    virtual bool is_there() const = 0;
    // As the class info reads it. Throws bad_input where there is no such volume, or none that is read here,
    // and std::runtime_error where a server does not give it.
    virtual std::string read() const = 0;
    // Lists what `text` lists beyond what read() has, on the disk when this returns; all else stays as it is.
    // A reader sees a volume with all of it, or as it was. temporary: a folder on the same file system.
    // Throws write_error, bad_input.
    virtual void write(const std::string& text, const std::filesystem::path& temporary) const = 0;

protected:
    const metadata_files& files() const { return files_; }

private:
    metadata_files files_;
};

// Of the volume that is there, or else of the one that is to be. Throws bad_input where two are there.
std::unique_ptr<const volume_catalog> open_catalog(const std::filesystem::path& volume, const family_wish& as,
                                                   const http_limits& limits = {});

}  // namespace volumes
