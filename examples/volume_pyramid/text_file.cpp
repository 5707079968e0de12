// SPDX-License-Identifier: BSL-1.0
#include "text_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>

#include "bad_input.hpp"
#include "files.hpp"
#include "written_file.hpp"

namespace volumes {
namespace {

namespace fs = std::filesystem;

// Some file systems do not know it for folders, and do it anyway.
void flush_folder(const fs::path& path) {
    const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return;  // which may be written to, but not read
    const int problem = ::fsync(folder) == 0 ? 0 : errno;
    ::close(folder);
    if (problem != 0 && problem != EINVAL && problem != EBADF && problem != ENOTSUP)
        throw write_error(path.string() + ": cannot be brought to the disk: " + std::strerror(problem));
}

}  // namespace

std::string read_text(const fs::path& path) {
    const auto fail = [&](const std::string& why) {
        throw bad_input(path.string() + ": cannot be read: " + why);
    };
    // A pipe has no end that somebody has to come to, and a device may have none.
    std::error_code problem;
    const fs::file_status there = fs::status(path, problem);
    if (problem) fail(problem.message());
    if (fs::is_directory(there)) fail(std::strerror(EISDIR));
    if (!fs::is_regular_file(there)) fail("it is no regular file");
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) fail(std::strerror(errno != 0 ? errno : EIO));
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (file.bad()) fail(std::strerror(EIO));
    return text;
}

void replace_durably(const fs::path& file, const std::string& text, const fs::path& temporary) {
    const fs::path target = without_links(file);
    const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
    rename_to(
        write_temporary(target == file ? temporary : folder, std::as_bytes(std::span(text)), target, true),
        target);
    flush_folder(folder);  // the name is on the disk once its folder is
}

}  // namespace volumes
