// SPDX-License-Identifier: BSL-1.0
// The chunks of one scale as files: plain or gzip, read whole, written under a temporary name and renamed.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "boxes.hpp"

namespace precomputed {

// A chunk that cannot be used: its file, and what is wrong with it. The task that needs it fails.
struct chunk_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The disk takes no more. The run ends, and can be resumed.
struct write_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Where the time of a thread goes, in seconds.
struct phases {
    double reading = 0, inflating = 0, pooling = 0, deflating = 0, writing = 0;

    phases& operator+=(const phases& other);
};

class stopwatch {
public:
    explicit stopwatch(double& seconds) : seconds_(seconds) {}
    ~stopwatch() { seconds_ += std::chrono::duration<double>(clock::now() - start_).count(); }
    stopwatch(const stopwatch&) = delete;
    stopwatch& operator=(const stopwatch&) = delete;

private:
    using clock = std::chrono::steady_clock;
    double& seconds_;
    clock::time_point start_ = clock::now();
};

// Bytes that keep their memory between uses, and are not cleared first.
class buffer {
public:
    std::span<std::byte> of_size(std::size_t bytes) {
        if (bytes > capacity_) {
            data_.reset();  // never both at once
            data_.reset(new std::byte[bytes]);
            capacity_ = bytes;
        }
        return {data_.get(), bytes};
    }

private:
    std::unique_ptr<std::byte[]> data_;
    std::size_t capacity_ = 0;
};

// What a thread keeps from chunk to chunk.
struct scratch {
    buffer box, chunk, file;
    std::vector<buffer> mips;
    std::vector<std::byte> compressed;
    phases spent;
};

class chunk_store {
public:
    // gzip_level: 0 writes plain files. temporary: a folder on the same file system.
    chunk_store(const std::filesystem::path& volume, const scale& stored, const voxel_format& format,
                int gzip_level, std::filesystem::path temporary);

    const scale& stored() const { return stored_; }
    const chunk_layout& layout() const { return layout_; }

    // Boxes count from the volume's first voxel; the names of files count voxel_offset in.
    std::filesystem::path file_of(const box3& chunk) const;

    std::filesystem::path folder() const { return volume_ / stored_.key; }
    // Whether a file in the folder is one of the scale's chunks, plain or gzip.
    bool is_chunk_name(const std::string& name) const;

    // Whether the chunk has a file, plain or gzip. A file of the plain name may be gzip all the same: so it
    // comes from a bucket. Throws chunk_error where a file is not exactly such a chunk, cannot be read, or
    // where both are there.
    bool read(const box3& chunk, std::span<std::byte> voxels, scratch& mine) const;

    // Whether the chunk is there, whole. False where write() makes it so; chunk_error where it does not, as
    // something else has its place.
    bool is_written(const box3& chunk, scratch& mine) const;

    // When the chunk's file was written last, in nanoseconds; nothing where there is none.
    std::optional<std::int64_t> modified(const box3& chunk) const;

    // The voxels of any box, put together from its chunks; a chunk that has no file is filled with `missing`,
    // one voxel of bytes, or throws chunk_error where that is empty.
    void read_box(const box3& wanted, std::span<std::byte> voxels, std::span<const std::byte> missing,
                  scratch& mine) const;

    // Throws write_error. The file is whole, or not there.
    void write(const box3& chunk, std::span<const std::byte> voxels, scratch& mine) const;

private:
    std::filesystem::path volume_;
    scale stored_;
    voxel_format format_;
    chunk_layout layout_;
    int gzip_level_;
    std::filesystem::path temporary_;
    // Whether the scale's folder turned out to be on another file system than the volume's.
    std::shared_ptr<std::atomic<bool>> elsewhere_ = std::make_shared<std::atomic<bool>>(false);
};

// The folder of temporary files in the folder of a scale that is on another file system.
std::filesystem::path temporary_folder_in(const std::filesystem::path& scale_folder);

// Whether the files of the chunks are compressed; what a new scale then follows.
bool is_gzip(const chunk_store& store);

// Throws bad_input where the folder of the scale is not there, or has chunks in a form or of a grid that is
// not read: then chunks that seem to be missing are not.
void check_missing_are_missing(const chunk_store& store);

// A whole file under a name that nobody else uses. It is to get the name `final`. durable: on the disk when
// this returns, with the mode and owner of what has that name. Throws write_error, which names `final`;
// nothing is left then.
std::filesystem::path write_temporary(const std::filesystem::path& folder, std::span<const std::byte> bytes,
                                      const std::filesystem::path& final, bool durable);
void rename_to(const std::filesystem::path& temporary, const std::filesystem::path& name);

}  // namespace precomputed
