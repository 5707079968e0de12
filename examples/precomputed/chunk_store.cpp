// SPDX-License-Identifier: BSL-1.0
#include "chunk_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <random>
#include <utility>

#include "gzip.hpp"

namespace precomputed {
namespace {

namespace fs = std::filesystem;

class descriptor {
public:
    explicit descriptor(int number) : number_(number) {}
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor& operator=(descriptor&&) = delete;

    int get() const { return number_; }
    int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

[[noreturn]] void fail_chunk(const fs::path& path, const std::string& why) {
    throw chunk_error(path.string() + ": " + why);
}

// Nothing where there is no such file.
std::optional<descriptor> open_file(const fs::path& path) {
    descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() >= 0) return file;
    if (errno == ENOENT) return std::nullopt;
    fail_chunk(path, std::string("cannot be opened: ") + std::strerror(errno));
}

std::size_t size_of(const descriptor& file, const fs::path& path) {
    struct stat found {};
    if (::fstat(file.get(), &found) != 0) fail_chunk(path, std::strerror(errno));
    if (!S_ISREG(found.st_mode)) fail_chunk(path, "is no regular file");
    return static_cast<std::size_t>(found.st_size);
}

void read_whole(const descriptor& file, const fs::path& path, std::span<std::byte> bytes) {
    while (!bytes.empty()) {
        const ::ssize_t got = ::read(file.get(), bytes.data(), bytes.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail_chunk(path, std::string("cannot be read: ") + std::strerror(errno));
        if (got == 0) fail_chunk(path, "became shorter while it was read");
        bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
}

[[noreturn]] void fail_write(const fs::path& shown, int problem) {
    throw write_error(shown.string() + ": cannot be written: " + std::strerror(problem));
}

// Differs between processes, whatever their machines and numbers, and between files of one process.
std::string unused_name() {
    static const std::string process = [] {
        std::random_device device;
        return std::to_string(device()) + "-" + std::to_string(device());
    }();
    static std::atomic<std::uint64_t> count{0};
    return process + "-" + std::to_string(count.fetch_add(1));
}

fs::path with_gz(fs::path path) { return path += ".gz"; }

void fill(std::span<std::byte> voxels, std::span<const std::byte> value) {
    for (std::size_t i = 0; i < voxels.size(); i += value.size())
        std::copy(value.begin(), value.end(), voxels.begin() + static_cast<std::ptrdiff_t>(i));
}

}  // namespace

phases& phases::operator+=(const phases& other) {
    reading += other.reading;
    inflating += other.inflating;
    pooling += other.pooling;
    deflating += other.deflating;
    writing += other.writing;
    return *this;
}

chunk_store::chunk_store(const fs::path& volume, const scale& stored, const voxel_format& format,
                         int gzip_level, fs::path temporary)
    : volume_(volume),
      stored_(stored),
      format_(format),
      layout_(stored.size, stored.chunk_size),
      gzip_level_(gzip_level),
      temporary_(std::move(temporary)) {}

fs::path chunk_store::file_of(const box3& chunk) const {
    std::string name;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const index_t offset = stored_.voxel_offset[axis];
        name += (axis == 0 ? "" : "_") + std::to_string(offset + chunk.begin[axis]) + "-" +
                std::to_string(offset + chunk.end[axis]);
    }
    return volume_ / stored_.key / name;
}

bool chunk_store::read(const box3& chunk, std::span<std::byte> voxels, scratch& mine) const {
    const fs::path plain_path = file_of(chunk), gzip_path = with_gz(plain_path);
    std::span<std::byte> compressed;
    {
        const stopwatch timed(mine.spent.reading);
        const auto plain = open_file(plain_path), packed = open_file(gzip_path);
        if (!plain && !packed) return false;
        if (plain && packed)
            fail_chunk(plain_path, "is there with .gz and without; remove the one that is not to be used");
        const fs::path& path = plain ? plain_path : gzip_path;
        const descriptor& file = plain ? *plain : *packed;
        const std::size_t size = size_of(file, path);
        if (plain && size != voxels.size())
            fail_chunk(path, "has " + std::to_string(size) + " bytes, but the chunk has " +
                                 std::to_string(voxels.size()));
        // What cannot be compressed grows by a little, and nobody's gzip files are longer; nor is our memory.
        if (packed && size > gzip_bound(voxels.size()) + 4096)
            fail_chunk(path, "has " + std::to_string(size) + " bytes, far more than the chunk can need");
        compressed = plain ? std::span<std::byte>() : mine.file.of_size(size);
        read_whole(file, path, plain ? voxels : compressed);
        if (plain) return true;
    }
    const stopwatch timed(mine.spent.inflating);
    try {
        gunzip(compressed, voxels);
    } catch (const gzip_error& problem) {
        fail_chunk(gzip_path, problem.what());
    }
    return true;
}

bool chunk_store::is_written(const box3& chunk, scratch& mine) const {
    const fs::path plain = file_of(chunk), path = gzip_level_ > 0 ? with_gz(plain) : plain;
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return false;
    const std::size_t bytes = format_.bytes_of(chunk);
    if (gzip_level_ == 0) return static_cast<std::size_t>(found.st_size) == bytes;
    try {
        return read(chunk, mine.chunk.of_size(bytes), mine);
    } catch (const chunk_error&) {
        return false;  // written again, then
    }
}

void chunk_store::read_box(const box3& wanted, std::span<std::byte> voxels,
                           std::span<const std::byte> missing, scratch& mine) const {
    layout_.for_each_in(wanted, [&](const box3& chunk) {
        const bool whole_box = chunk == wanted;
        const std::span<std::byte> bytes = whole_box ? voxels : mine.chunk.of_size(format_.bytes_of(chunk));
        if (!read(chunk, bytes, mine)) {
            if (missing.empty())
                fail_chunk(file_of(chunk), "is missing; --missing background would take it for background");
            fill(bytes, missing);
        }
        const stopwatch timed(mine.spent.reading);
        if (!whole_box)
            copy_shared(chunk, bytes.data(), wanted, voxels.data(), format_.bytes, format_.channels);
    });
}

void chunk_store::write(const box3& chunk, std::span<const std::byte> voxels, scratch& mine) const {
    if (gzip_level_ > 0) {
        const stopwatch timed(mine.spent.deflating);
        gzip(voxels, gzip_level_, mine.compressed);
        voxels = mine.compressed;
    }
    const stopwatch timed(mine.spent.writing);
    const fs::path plain = file_of(chunk), path = gzip_level_ > 0 ? with_gz(plain) : plain;
    rename_to(write_temporary(temporary_, voxels, path, false), path);
}

bool is_gzip(const chunk_store& store) {
    // The first chunks along x; where all of them are missing, plain files are as good a guess as any.
    const index_t few = std::min<index_t>(store.layout().count()[0], 64);
    for (index_t x = 0; x < few; ++x) {
        const fs::path path = store.file_of(store.layout().box_of({x, 0, 0}));
        if (fs::exists(path)) return false;
        if (fs::exists(with_gz(path))) return true;
    }
    return false;
}

fs::path write_temporary(const fs::path& folder, std::span<const std::byte> bytes, const fs::path& shown,
                         bool durable) {
    const fs::path path = folder / unused_name();
    descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() < 0) fail_write(shown, errno);
    const auto give_up = [&](int problem) {
        ::unlink(path.c_str());
        fail_write(shown, problem);
    };
    while (!bytes.empty()) {
        const ::ssize_t put = ::write(file.get(), bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) give_up(errno);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
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

}  // namespace precomputed
