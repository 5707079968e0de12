// SPDX-License-Identifier: BSL-1.0
#include "shard_writer.hpp"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <random>
#include <string>
#include <utility>

#include "format_error.hpp"
#include "little_endian.hpp"

namespace formats {
namespace {

namespace fs = std::filesystem;

// Differs between processes, whatever their machines and numbers, and between files of one process.
std::string unused_name() {
    static const std::string process = [] {
        std::random_device device;
        return std::to_string(device()) + "-" + std::to_string(device());
    }();
    static std::atomic<std::uint64_t> count{0};
    return process + "-" + std::to_string(count.fetch_add(1)) + ".shard";
}

// A new file that nobody else has, and its name. What failed is in errno.
std::pair<descriptor, fs::path> create_temporary(const fs::path& folder) {
    const fs::path name = folder / unused_name();
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

shard_writer::shard_writer(const shard_spec& spec, std::uint64_t shard, fs::path folder, fs::path temporary,
                           int gzip_level)
    : spec_(spec),
      shard_(shard),
      folder_(std::move(folder)),
      temporary_(std::move(temporary)),
      gzip_level_(gzip_level),
      waiting_([&] {
          auto [file, name] = create_temporary(temporary_);
          if (file.get() < 0) fail(errno);
          ::unlink(name.c_str());  // it goes with the process, however that ends
          return std::move(file);
      }()) {}

void shard_writer::fail(int problem) const {
    throw shard_write_error(file().string() + ": cannot be written: " + std::strerror(problem));
}

void shard_writer::add(std::uint64_t chunk, std::span<const std::byte> bytes) {
    if (spec_.place_of(chunk).shard != shard_)
        throw format_error("chunk " + std::to_string(chunk) + " belongs to another shard than " +
                           spec_.file_of(shard_));
    std::vector<std::byte> packed;
    if (spec_.data_encoding != compression::none) {
        compress(spec_.data_encoding, gzip_level_, bytes, packed);
        bytes = packed;
    }
    std::uint64_t begin = 0;
    {
        const std::lock_guard locked(mutex_);
        begin = std::exchange(waiting_bytes_, waiting_bytes_ + bytes.size());
        entries_.push_back({chunk, begin, bytes.size()});
    }
    write_all(waiting_.get(), bytes, begin);
}

void shard_writer::finish(bool durable) {
    const std::lock_guard locked(mutex_);
    if (entries_.empty()) {
        if (::unlink(file().c_str()) != 0 && errno != ENOENT) fail(errno);
        return;
    }
    auto [sorted, name] = create_temporary(temporary_);
    if (sorted.get() < 0) fail(errno);
    removal on_failure(name);
    put_in_order(entries_, sorted.get());
    if (durable && ::fsync(sorted.get()) != 0) fail(errno);
    // Network file systems report a full disk here.
    if (::close(sorted.release()) != 0) fail(errno);
    if (::rename(name.c_str(), file().c_str()) != 0) fail(errno);
    on_failure.cancel();
}

void shard_writer::put_in_order(std::vector<shard_entry> entries, int to) {
    const auto place = [&](const shard_entry& e) {
        return std::pair{spec_.place_of(e.chunk).minishard, e.chunk};
    };
    std::sort(entries.begin(), entries.end(),
              [&](const shard_entry& a, const shard_entry& b) { return place(a) < place(b); });
    for (std::size_t i = 1; i < entries.size(); ++i)
        if (entries[i].chunk == entries[i - 1].chunk)
            throw format_error("chunk " + std::to_string(entries[i].chunk) + " came twice for " +
                               spec_.file_of(shard_));
    // Minishards without a chunk stay 0, 0 in the index: parts of a file that are not written.
    if (::ftruncate(to, static_cast<::off_t>(spec_.index_bytes())) != 0) fail(errno);
    std::uint64_t end = 0;
    for (auto first = entries.begin(); first != entries.end();) {
        const std::uint64_t minishard = spec_.place_of(first->chunk).minishard;
        const auto last = std::find_if(first, entries.end(), [&](const shard_entry& e) {
            return spec_.place_of(e.chunk).minishard != minishard;
        });
        const std::span<shard_entry> here(first, last);
        const std::uint64_t index_begin = copy_minishard(to, here, end);
        end = append_index(to, here, index_begin);
        std::byte range[16];
        store(range, index_begin);
        store(range + 8, end);
        write_all(to, range, minishard * sizeof range);
        first = last;
    }
}

// The data, and where each chunk is from now on; returns where it ends.
std::uint64_t shard_writer::copy_minishard(int to, std::span<shard_entry> entries, std::uint64_t end) {
    for (shard_entry& e : entries) {
        const std::uint64_t from = std::exchange(e.begin, end);
        copy(to, from, spec_.index_bytes() + end, e.bytes);
        end += e.bytes;
    }
    return end;
}

std::uint64_t shard_writer::append_index(int to, std::span<const shard_entry> entries, std::uint64_t end) {
    std::vector<std::byte> index = encode_minishard_index(entries), packed;
    if (spec_.index_encoding != compression::none) {
        compress(spec_.index_encoding, gzip_level_, index, packed);
        index.swap(packed);
    }
    write_all(to, index, spec_.index_bytes() + end);
    return end + index.size();
}

void shard_writer::write_all(int to, std::span<const std::byte> bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const ::ssize_t put = ::pwrite(to, bytes.data(), bytes.size(), static_cast<::off_t>(offset));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) fail(errno);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
        offset += static_cast<std::uint64_t>(put);
    }
}

void shard_writer::copy(int to, std::uint64_t from_offset, std::uint64_t to_offset, std::uint64_t bytes) {
    block_.resize(std::max(block_.size(), std::min<std::size_t>(bytes, block_bytes)));
    while (bytes > 0) {
        const std::size_t most = std::min<std::size_t>(bytes, block_.size());
        const ::ssize_t got = ::pread(waiting_.get(), block_.data(), most, static_cast<::off_t>(from_offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) fail(got < 0 ? errno : EIO);
        const auto n = static_cast<std::size_t>(got);
        write_all(to, std::span(block_).first(n), to_offset);
        from_offset += n;
        to_offset += n;
        bytes -= n;
    }
}

}  // namespace formats
