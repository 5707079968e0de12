// SPDX-License-Identifier: BSL-1.0
#include "gathered_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "files.hpp"
#include "format_error.hpp"

namespace formats {
namespace {

namespace fs = std::filesystem;

// A new file that nobody else has, and its name. What failed is in errno.
std::pair<descriptor, fs::path> create_temporary(const fs::path& folder) {
    const fs::path name = folder / (unused_name() + ".shard");
    return {descriptor(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666)), name};
}

// Removes a file unless it was renamed.
class removal {
public:
    explicit removal(const fs::path& path) : path_(path) {}
    ~removal() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    removal(const removal&) = delete;
    removal& operator=(const removal&) = delete;
    void cancel() { path_.clear(); }

private:
    fs::path path_;
};

constexpr std::size_t block_bytes = std::size_t{1} << 20;

}  // namespace

gathered_file::gathered_file(fs::path file, fs::path temporary)
    : file_(std::move(file)), temporary_(std::move(temporary)), waiting_([&] {
          auto [waiting, name] = create_temporary(temporary_);
          if (waiting.get() < 0) fail(errno);
          ::unlink(name.c_str());  // it goes with the process, however that ends
          return std::move(waiting);
      }()) {}

void gathered_file::fail(int problem) const {
    throw shard_write_error(file_.string() + ": cannot be written: " + std::strerror(problem));
}

void gathered_file::add(std::uint64_t chunk, std::span<const std::byte> bytes) {
    std::uint64_t begin = 0;
    {
        const std::lock_guard locked(mutex_);
        begin = std::exchange(waiting_bytes_, waiting_bytes_ + bytes.size());
        entries_.push_back({chunk, begin, bytes.size()});
    }
    write_all(waiting_.get(), bytes, begin);
}

std::vector<shard_entry> gathered_file::sorted() const {
    std::vector<shard_entry> entries = entries_;
    std::sort(entries.begin(), entries.end(),
              [](const shard_entry& a, const shard_entry& b) { return a.chunk < b.chunk; });
    for (std::size_t i = 1; i < entries.size(); ++i)
        if (entries[i].chunk == entries[i - 1].chunk)
            throw format_error("chunk " + std::to_string(entries[i].chunk) + " came twice for " +
                               file_.filename().string());
    return entries;
}

void gathered_file::finish(bool durable, const std::function<void(std::vector<shard_entry>, output&)>& fill) {
    const std::lock_guard locked(mutex_);
    if (entries_.empty()) {
        if (::unlink(file_.c_str()) != 0 && errno != ENOENT) fail(errno);
        return;
    }
    auto [made, name] = create_temporary(temporary_);
    if (made.get() < 0) fail(errno);
    removal on_failure(name);
    output to(*this, made.get());
    fill(sorted(), to);
    if (durable && ::fsync(made.get()) != 0) fail(errno);
    // Network file systems report a full disk here.
    if (::close(made.release()) != 0) fail(errno);
    if (::rename(name.c_str(), file_.c_str()) != 0) fail(errno);
    on_failure.cancel();
}

void gathered_file::write_all(int to, std::span<const std::byte> bytes, std::uint64_t offset) const {
    while (!bytes.empty()) {
        const ::ssize_t put = ::pwrite(to, bytes.data(), bytes.size(), static_cast<::off_t>(offset));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) fail(errno);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
        offset += static_cast<std::uint64_t>(put);
    }
}

void gathered_file::output::write(std::span<const std::byte> bytes, std::uint64_t offset) {
    from_.write_all(to_, bytes, offset);
}

void gathered_file::output::copy(const shard_entry& chunk, std::uint64_t offset) {
    std::vector<std::byte>& block = from_.block_;
    std::uint64_t from = chunk.begin, bytes = chunk.bytes;
    block.resize(std::max(block.size(), std::min<std::size_t>(bytes, block_bytes)));
    while (bytes > 0) {
        const std::size_t most = std::min<std::size_t>(bytes, block.size());
        const ::ssize_t got = ::pread(from_.waiting_.get(), block.data(), most, static_cast<::off_t>(from));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) from_.fail(got < 0 ? errno : EIO);
        const auto n = static_cast<std::size_t>(got);
        write(std::span(block).first(n), offset);
        from += n;
        offset += n;
        bytes -= n;
    }
}

}  // namespace formats
