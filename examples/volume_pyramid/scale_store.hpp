// SPDX-License-Identifier: BSL-1.0
// The chunks of one scale, however they are stored: what everything else here asks of a format. Another
// format is another class that derives from scale_store, and a line in make_store().
#pragma once

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
#include "formats/array_chunks.hpp"

namespace volumes {

// A chunk that cannot be used: its file, and what is wrong with it. The task that needs it fails.
struct chunk_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Where the time of a thread goes, in seconds.
struct phases {
    double reading = 0, decoding = 0, pooling = 0, encoding = 0, writing = 0;

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
    buffer box, part, chunk, file;
    std::vector<buffer> mips;
    std::vector<std::byte> unpacked, encoded, compressed;
    formats::array_work array;
    phases spent;
};

class scale_files;

// Boxes count from the volume's first voxel; voxel_offset is counted in where files are named. Any number of
// threads may use one.
class scale_store {
public:
    scale_store(const scale& stored, const voxel_format& format)
        : stored_(stored), format_(format), layout_(stored.size, stored.chunk_size) {}
    virtual ~scale_store() = default;
    scale_store(const scale_store&) = delete;
    scale_store& operator=(const scale_store&) = delete;

    const scale& stored() const { return stored_; }
    const voxel_format& format() const { return format_; }
    const chunk_layout& layout() const { return layout_; }

    // The file that holds the chunk or would, for messages.
    virtual std::string name_of(const box3& chunk) const = 0;

    // Whether the chunk is there; its voxels. Throws chunk_error where what is there is not exactly such a
    // chunk, cannot be read, or is there twice.
    virtual bool read(const box3& chunk, std::span<std::byte> voxels, scratch& mine) const = 0;

    // What has the chunk's place. broken: write() makes it whole. Throws chunk_error where it does not, as
    // something else is in the way.
    enum class presence { missing, broken, whole };
    virtual presence look(const box3& chunk, scratch& mine) const = 0;

    // When the chunk's file was written last, in nanoseconds; nothing where that is not known.
    virtual std::optional<std::int64_t> modified(const box3& chunk) const = 0;
    // The same of the file that was written first, where a chunk has several.
    virtual std::optional<std::int64_t> modified_first(const box3& chunk) const { return modified(chunk); }

    // False where the chunk is background that is skipped. Throws write_error. A file is whole, or not there.
    // What is stored in files of many chunks is there once the last chunk of its file has been given, and
    // each chunk has to be given once.
    virtual bool write(const box3& chunk, std::span<const std::byte> voxels, scratch& mine) const = 0;

    // Throws bad_input where the folder of the scale is not there, or has chunks in a form or of a grid that
    // is not read: then chunks that seem to be missing are not.
    virtual void check_missing_are_missing() const = 0;

    // How the bytes of its chunks are compressed, as far as a look tells; what a new scale then follows.
    virtual formats::compression compression() const = 0;

    // Bytes that a thread may need beside the voxels to read a chunk, and to write one; and that all threads
    // share while so many chunks have been given whose files are not written.
    virtual double memory_to_read() const = 0;
    virtual double memory_to_write() const = 0;
    virtual double memory_shared(double /*chunks*/) const { return 0; }

    // The voxels of any box, put together from its chunks; a chunk that is missing is filled with `missing`,
    // one voxel of bytes, or throws chunk_error where that is empty.
    void read_box(const box3& wanted, std::span<std::byte> voxels, std::span<const std::byte> missing,
                  scratch& mine) const;

protected:
    // What the message of a chunk that is missing says besides.
    virtual std::string hint_for_missing(const box3&) const { return {}; }

private:
    scale stored_;
    voxel_format format_;
    chunk_layout layout_;
};

// Of the store that the scale's form asks for. files: of the scale's folder, which may be on a server; then
// `folder` is empty.
std::unique_ptr<const scale_store> make_store(std::unique_ptr<const scale_files> files,
                                              const std::filesystem::path& folder, const scale& stored,
                                              const voxel_format& format, const writing& how,
                                              const std::filesystem::path& temporary);

// volume: its folder. temporary: a folder on the same file system, where something is to be written.
std::unique_ptr<const scale_store> open_scale(const std::filesystem::path& volume, const scale& stored,
                                              const voxel_format& format, const writing& how = {},
                                              const std::filesystem::path& temporary = {});

}  // namespace volumes
