// SPDX-License-Identifier: BSL-1.0
// An array of voxels that a volume is made of, however it is stored: what --create asks of a format. Another
// format is another class that derives from voxel_array, and a line in open_array().
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "boxes.hpp"
#include "npy.hpp"

namespace volumes {

// How an array is going to be copied: task after task, the chunks of one in their order, x fastest.
struct copying {
    index3 task{}, chunk{};
    int threads = 1;
};

// What that takes beside the chunks themselves.
struct copying_cost {
    double bytes = 0, files = 0;  // open at once
};

class voxel_array {
public:
    virtual ~voxel_array() = default;

    virtual npy::dtype type() const = 0;
    virtual index3 size() const = 0;
    virtual index_t channels() const = 0;

    // What is read and decoded at once: a task should hold whole ones, or they are read for several.
    virtual index3 block() const { return {1, 1, 1}; }
    virtual copying_cost cost(const copying&) const { return {}; }
    // Before the first copy.
    virtual void expect(const copying&) {}

    // Into a buffer in Fortran order, channel after channel, and in this machine's byte order. By any number
    // of threads. Throws std::runtime_error where a file is damaged, or was written to meanwhile.
    virtual void copy(const box3& b, std::span<std::byte> voxels) const = 0;

    // Of what format: the member of made_by that has the fingerprint.
    virtual std::string kind() const = 0;
    // What tells the array from others, wherever it lies and however it is called.
    virtual std::string fingerprint() const = 0;
    // The axes in their order, also where they were not given.
    virtual std::string axes() const = 0;
    virtual void check_unchanged() const = 0;
    virtual std::string name() const = 0;
};

// axes: as --axes gives them, or empty. Throws bad_input, npy::error.
std::unique_ptr<voxel_array> open_array(const std::filesystem::path& path, const std::string& axes);

}  // namespace volumes
