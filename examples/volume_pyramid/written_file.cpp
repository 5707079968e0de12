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

namespace {

bool same_file_system(const fs::path& a, const fs::path& b) {
    struct stat of_a {
    }, of_b{};
    return ::stat(a.c_str(), &of_a) != 0 || ::stat(b.c_str(), &of_b) != 0 || of_a.st_dev == of_b.st_dev;
}

}  // namespace

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

void placed_files::write(const std::string& name, std::span<const std::byte> bytes) const {
    const fs::path path = folder_ / name;
    const auto place = [&](const fs::path& folder) {
        const fs::path temporary = write_temporary(folder, bytes, path, false);
        const int problem = renamed(temporary, name);
        if (problem != 0) ::unlink(temporary.c_str());
        if (problem != 0 && problem != EXDEV) fail_write(path, problem);
        return problem == 0;
    };
    if (!elsewhere_) {
        if (place(temporary_)) return;
        elsewhere_ = true;
    }
    if (!place(make_nearby())) fail_write(path, EXDEV);
}

// The problem, if there is one.
int placed_files::renamed(const fs::path& temporary, const std::string& name) const {
    const fs::path path = folder_ / name;
    if (::rename(temporary.c_str(), path.c_str()) == 0) return 0;
    if (errno != ENOENT) return errno;
    make_folders_of(name);
    return ::rename(temporary.c_str(), path.c_str()) == 0 ? 0 : errno;
}

void placed_files::make_folders_of(const std::string& name) const {
    for (std::size_t end = name.find('/'); end != name.npos; end = name.find('/', end + 1)) {
        const fs::path path = folder_ / name.substr(0, end);
        // Another may have made it since.
        if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) fail_write(folder_ / name, errno);
    }
}

void placed_files::remove(const std::string& name) const {
    const fs::path path = folder_ / name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail_write(path, errno);
}

fs::path placed_files::temporary() const {
    return same_file_system(folder_, temporary_) ? temporary_ : make_nearby();
}

fs::path placed_files::make_nearby() const {
    fs::path nearby = temporary_folder_in(folder_);
    std::error_code ignored;
    fs::create_directory(nearby, ignored);
    return nearby;
}

}  // namespace volumes
