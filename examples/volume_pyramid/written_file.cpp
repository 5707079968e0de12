// SPDX-License-Identifier: BSL-1.0
#include "written_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "files.hpp"
#include "formats/descriptor.hpp"

namespace volumes {

namespace fs = std::filesystem;

void fail_write(const fs::path& shown, int problem) {
    throw write_error(shown.string() + ": cannot be written: " + std::strerror(problem));
}

fs::path write_temporary(const fs::path& folder, std::span<const std::byte> bytes, const fs::path& final,
                         bool durable) {
    const fs::path path = folder / unused_name();
    formats::descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() < 0) fail_write(final, errno);
    const auto give_up = [&](int problem) {
        ::unlink(path.c_str());
        fail_write(final, problem);
    };
    while (!bytes.empty()) {
        const ::ssize_t put = ::write(file.get(), bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) give_up(errno);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    if (durable) take_over_rights(file.get(), final);
    if (durable && ::fsync(file.get()) != 0) give_up(errno);
    // Network file systems report a full disk here.
    if (::close(file.release()) != 0) give_up(errno);
    return path;
}

void rename_to(const fs::path& temporary, const fs::path& name) {
    if (::rename(temporary.c_str(), name.c_str()) == 0) return;
    const int problem = errno;
    ::unlink(temporary.c_str());
    fail_write(name, problem);
}

fs::path temporary_folder_in(const fs::path& scale_folder) { return scale_folder / ".volume_pyramid"; }

}  // namespace volumes
