// SPDX-License-Identifier: BSL-1.0
#include "precomputed_catalog.hpp"

#include "bad_input.hpp"
#include "info.hpp"
#include "text_file.hpp"
#include "volume_url.hpp"

namespace volumes {

std::string precomputed_catalog::read() const {
    auto text = files().read("info");
    if (text && info(*text).family() != volume_family::precomputed)
        throw bad_input(name() + ": its '@type' is not \"neuroglancer_multiscale_volume\"");
    if (text) return std::move(*text);
    if (is_url(files().folder()))
        throw bad_input(files().folder().string() + " is no precomputed volume: there is no " + name());
    throw bad_input(files().folder().string() + " is no precomputed volume: it has no file info, " + name() +
                    "; --create makes one, and with --resume finishes it");
}

// An info that is as it was is left alone.
void precomputed_catalog::write(const std::string& text, const std::filesystem::path& temporary) const {
    if (files().read("info") != text) replace_durably(files().folder() / "info", text, temporary);
}

}  // namespace volumes
