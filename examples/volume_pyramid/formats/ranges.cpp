// SPDX-License-Identifier: BSL-1.0
#include "ranges.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "descriptor.hpp"

namespace formats {

std::optional<std::uint64_t> folder_ranges::size_of(const std::string& name) const {
    struct stat found {};
    if (::stat((folder_ / name).c_str(), &found) != 0) {
        if (errno == ENOENT) return std::nullopt;
        throw format_error(std::string("cannot be read: ") + std::strerror(errno));
    }
    if (!S_ISREG(found.st_mode)) throw format_error("is no regular file");
    return static_cast<std::uint64_t>(found.st_size);
}

void folder_ranges::read(const std::string& name, std::uint64_t offset, std::span<std::byte> bytes) const {
    const descriptor file(::open((folder_ / name).c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) throw format_error(std::string("cannot be opened: ") + std::strerror(errno));
    while (!bytes.empty()) {
        const ::ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), static_cast<::off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw format_error(std::string("cannot be read: ") + std::strerror(errno));
        if (got == 0) throw format_error("is cut off");
        bytes = bytes.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
}

}  // namespace formats
