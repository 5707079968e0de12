// SPDX-License-Identifier: BSL-1.0
#include "chunk_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <regex>
#include <utility>

#include "bad_input.hpp"
#include "files.hpp"
#include "formats/descriptor.hpp"
#include "gzip.hpp"

namespace precomputed {
namespace {

namespace fs = std::filesystem;

using formats::descriptor;

[[noreturn]] void fail_chunk(const fs::path& path, const std::string& why) {
    throw chunk_error(path.string() + ": " + why);
}

// Nothing where there is no such file.
std::optional<descriptor> open_file(const fs::path& path) {
    // Without O_NONBLOCK the open of a pipe nobody writes to would wait for ever.
    descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
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

bool has_gzip_magic(std::span<const std::byte> bytes) {
    return bytes.size() > 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b} &&
           bytes[2] == std::byte{8};
}

// The size of a file; nothing where there is none. Whatever else has its name is in the way.
std::optional<std::size_t> regular_size(const fs::path& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) return std::nullopt;
        fail_chunk(path, std::strerror(errno));
    }
    if (!S_ISREG(found.st_mode)) fail_chunk(path, "is no regular file; remove it");
    return static_cast<std::size_t>(found.st_size);
}

// The bytes of a gzip file, without zeros that pad it. A file that has far more of others than the chunk can
// need is refused, unread: memory is not bounded otherwise.
std::span<std::byte> read_compressed(const descriptor& file, const fs::path& path, std::size_t chunk_bytes,
                                     buffer& into) {
    // What cannot be compressed grows by a little, and nobody's gzip files are longer.
    const std::size_t size = size_of(file, path), most = gzip_bound(chunk_bytes) + 4096;
    const auto bytes = into.of_size(std::min(size, most));
    read_whole(file, path, bytes);
    std::vector<std::byte> rest(std::min<std::size_t>(size - bytes.size(), std::size_t{64} << 10));
    for (std::size_t left = size - bytes.size(); left > 0; left -= rest.size()) {
        rest.resize(std::min(left, rest.size()));
        read_whole(file, path, rest);
        if (std::any_of(rest.begin(), rest.end(), [](std::byte b) { return b != std::byte{0}; }))
            fail_chunk(path, "has " + std::to_string(size) + " bytes, far more than the chunk can need");
    }
    return bytes;
}

[[noreturn]] void fail_write(const fs::path& shown, int problem) {
    throw write_error(shown.string() + ": cannot be written: " + std::strerror(problem));
}

fs::path with_gz(fs::path path) { return path += ".gz"; }

[[noreturn]] void fail_missing(const fs::path& path) {
    for (const char* suffix : {".br", ".zst", ".xz", ".bz2", ".lz4", ".GZ"}) {
        const fs::path other = path.string() + suffix;
        if (fs::exists(other)) fail_chunk(other, "is in a form that is not read; only plain and .gz are");
    }
    fail_chunk(path, "is missing; --missing background would take it for background");
}

constexpr std::size_t longest_chunk_name = 255;

// A box, whatever comes after it; or a file of many chunks.
bool looks_like_chunk(const std::string& name) {
    static const std::regex form("-?[0-9]+-+[0-9]+_-?[0-9]+-+[0-9]+_-?[0-9]+-+[0-9]+(\\..*)?|.*\\.shard",
                                 std::regex::icase);
    return name.size() <= longest_chunk_name && std::regex_match(name, form);
}

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

bool chunk_store::is_chunk_name(const std::string& name) const {
    static const std::regex form(
        "(-?[0-9]{1,18})-(-?[0-9]{1,18})_(-?[0-9]{1,18})-(-?[0-9]{1,18})_"
        "(-?[0-9]{1,18})-(-?[0-9]{1,18})(\\.gz)?");
    std::smatch found;
    if (name.size() > longest_chunk_name || !std::regex_match(name, found, form)) return false;
    index3 place{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const index_t begin = std::stoll(found[1 + 2 * axis]) - stored_.voxel_offset[axis];
        place[axis] = begin / stored_.chunk_size[axis];
        if (begin < 0 || begin >= stored_.size[axis]) return false;
    }
    const std::string wanted = file_of(layout_.box_of(place)).filename().string();
    return name == wanted || name == wanted + ".gz";
}

bool chunk_store::read(const box3& chunk, std::span<std::byte> voxels, scratch& mine) const {
    const fs::path plain_path = file_of(chunk), gzip_path = with_gz(plain_path);
    const auto plain = open_file(plain_path), packed = open_file(gzip_path);
    if (!plain && !packed) return false;
    if (plain && packed)
        fail_chunk(plain_path, "is there with .gz and without; remove the one that is not to be used");
    const fs::path& path = plain ? plain_path : gzip_path;
    const descriptor& file = plain ? *plain : *packed;
    std::span<std::byte> compressed;
    {
        const stopwatch timed(mine.spent.reading);
        const std::size_t size = size_of(file, path);
        if (plain && size == voxels.size()) {
            read_whole(file, path, voxels);
            // Raw voxels, unless they are a whole gzip file, and that nobody's voxels are by chance.
            if (!has_gzip_magic(voxels)) return true;
            compressed = mine.file.of_size(size);
            std::copy(voxels.begin(), voxels.end(), compressed.begin());
        } else {
            compressed = read_compressed(file, path, voxels.size(), mine.file);
            if (plain && !has_gzip_magic(compressed))
                fail_chunk(path, "has " + std::to_string(size) + " bytes, but the chunk has " +
                                     std::to_string(voxels.size()));
        }
    }
    const stopwatch timed(mine.spent.inflating);
    try {
        gunzip(compressed, voxels);
    } catch (const gzip_error& problem) {
        if (!plain || compressed.size() != voxels.size()) fail_chunk(path, problem.what());
        std::copy(compressed.begin(), compressed.end(), voxels.begin());  // raw voxels after all
    }
    return true;
}

bool chunk_store::is_written(const box3& chunk, scratch& mine) const {
    const fs::path plain = file_of(chunk), gzip = with_gz(plain);
    const fs::path& ours = gzip_level_ > 0 ? gzip : plain;
    const auto plain_bytes = regular_size(plain), gzip_bytes = regular_size(gzip);
    if (!plain_bytes && !gzip_bytes) return false;
    const std::size_t bytes = format_.bytes_of(chunk);
    if (plain_bytes == bytes && !gzip_bytes) return true;
    try {
        return read(chunk, mine.chunk.of_size(bytes), mine);
    } catch (const chunk_error& problem) {
        const bool others = plain_bytes && gzip_bytes;
        if (others) throw;
        if (!regular_size(ours)) throw chunk_error(std::string(problem.what()) + "; remove it");
        return false;  // written again, then
    }
}

std::optional<std::int64_t> chunk_store::modified(const box3& chunk) const {
    const fs::path plain = file_of(chunk);
    for (const fs::path& path : {plain, with_gz(plain)}) {
        struct stat found {};
        if (::stat(path.c_str(), &found) != 0) continue;
#ifdef __APPLE__
        const timespec time = found.st_mtimespec;
#else
        const timespec time = found.st_mtim;
#endif
        return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
    }
    return std::nullopt;
}

void chunk_store::read_box(const box3& wanted, std::span<std::byte> voxels,
                           std::span<const std::byte> missing, scratch& mine) const {
    layout_.for_each_in(wanted, [&](const box3& chunk) {
        const bool whole_box = chunk == wanted;
        const std::span<std::byte> bytes = whole_box ? voxels : mine.chunk.of_size(format_.bytes_of(chunk));
        if (!read(chunk, bytes, mine)) {
            if (missing.empty()) fail_missing(file_of(chunk));
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
    if (!*elsewhere_) {
        const fs::path temporary = write_temporary(temporary_, voxels, path, false);
        if (::rename(temporary.c_str(), path.c_str()) == 0) return;
        const int problem = errno;
        ::unlink(temporary.c_str());
        if (problem != EXDEV) fail_write(path, problem);
        *elsewhere_ = true;
    }
    const fs::path nearby = temporary_folder_in(volume_ / stored_.key);
    std::error_code ignored;
    fs::create_directory(nearby, ignored);
    rename_to(write_temporary(nearby, voxels, path, false), path);
}

fs::path temporary_folder_in(const fs::path& scale_folder) { return scale_folder / ".precomputed_pyramid"; }

bool is_gzip(const chunk_store& store) {
    // The first chunks along x, which is quick; and where all of them are missing, any that is there.
    const index_t few = std::min<index_t>(store.layout().count()[0], 64);
    for (index_t x = 0; x < few; ++x) {
        const fs::path path = store.file_of(store.layout().box_of({x, 0, 0}));
        if (fs::exists(path)) return false;
        if (fs::exists(with_gz(path))) return true;
    }
    std::error_code problem;
    for (fs::directory_iterator entry(store.folder(), problem), end; !problem && entry != end;
         entry.increment(problem)) {
        const std::string name = entry->path().filename().string();
        if (store.is_chunk_name(name)) return name.ends_with(".gz");
    }
    return false;
}

void check_missing_are_missing(const chunk_store& store) {
    const fs::path folder = store.folder();
    std::error_code problem;
    fs::directory_iterator entry(folder, problem);
    if (problem)
        throw bad_input(folder.string() + ": cannot be read: " + problem.message() +
                        "; --missing background wants an empty folder where all chunks are missing");
    for (const fs::directory_iterator end; entry != end; entry.increment(problem)) {
        const std::string name = entry->path().filename().string();
        if (looks_like_chunk(name) && !store.is_chunk_name(name))
            throw bad_input(entry->path().string() +
                            ": is a chunk of a form or of a place that is not read, so that --missing "
                            "background would lose it; only plain and .gz chunks of this scale are read");
        if (problem) break;
    }
    if (problem) throw bad_input(folder.string() + ": cannot be read: " + problem.message());
}

fs::path write_temporary(const fs::path& folder, std::span<const std::byte> bytes, const fs::path& final,
                         bool durable) {
    const fs::path path = folder / unused_name();
    descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
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

}  // namespace precomputed
