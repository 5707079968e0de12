// SPDX-License-Identifier: BSL-1.0
// Volumes that are named by a url. It is kept in a path, as a folder is: `volume / "info"` is right for both.
#pragma once

#include <filesystem>
#include <string>

namespace volumes {

// Whether it begins as a url does, whatever the scheme.
bool is_url(const std::filesystem::path& volume);

// As http or https, without a slash at the end; gs:// and s3:// become what their buckets answer to. Throws
// bad_input for other schemes, and for a url with a name and password, a query or a fragment.
std::string http_url(const std::string& url);

// A file of the volume, or of its folders: what a url does not hold as it is becomes %20 and so on.
std::string url_of(const std::filesystem::path& volume, const std::string& name);

// A volume's name for whoever is in another folder: the url, or the path from the root on.
std::filesystem::path from_anywhere(const std::filesystem::path& volume);

}  // namespace volumes
