// SPDX-License-Identifier: BSL-1.0
// A case made ready to run: its input filled, its outputs allocated and touched.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>

#include "cases.hpp"
#include "streaming_limit.hpp"

namespace bench {

using bytes_volume = tb::volume<std::byte, 1>;

// Labels of a file, as 64-bit numbers.
using label_volume = tb::volume<std::uint64_t, 3>;
label_volume read_labels(const std::filesystem::path& npy);
// Where contents::real come from.
void use_real_labels(const std::filesystem::path& npy);

// Where in one block of memory each mip lies, one after another and each on a line of its own.
struct output_layout {
    std::vector<std::size_t> offset;  // bytes
    std::size_t bytes = 0;            // of all mips, gaps of less than a line included
};
output_layout lay_out_mips(const bench_case& c);

class workload {
public:
    explicit workload(const bench_case& c);

    void run() const { run_(); }
    const bench_case& what() const { return case_; }
    tb::index_t voxels() const;
    const std::byte* input() const { return input_->data(); }
    std::byte* output() const { return output_->data(); }
    // The input once, and all outputs once.
    stream_buffers compulsory() const;

private:
    bench_case case_;
    output_layout layout_;
    std::shared_ptr<const bytes_volume> input_;
    std::shared_ptr<bytes_volume> output_;
    std::function<void()> run_;
};

// What there is of each voxel type, each in a translation unit of its own.
struct type_support {
    void (*fill)(contents data, const tb::index_array<3>& shape, const label_volume* real, std::byte* voxels);
    std::function<void()> (*downsample)(const bench_case& c, const output_layout& layout,
                                        const std::byte* input, std::byte* output);
};
template <class T>
type_support support_of();

}  // namespace bench
