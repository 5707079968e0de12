// SPDX-License-Identifier: BSL-1.0
// What is measured: every case is a point in a table of methods, types, factors, sizes, data and options, and
// its name spells it.
#pragma once

#include <tinybrain/tinybrain.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

namespace tb = tinybrain;

enum class method { average, minimum, maximum, median, stride, mode };
enum class voxel { uint8, uint16, uint32, uint64, int8, int16, int32, int64, float32, float64 };
enum class arrangement { fortran, c_order, channels_first };
enum class size { l2, l3, memory };
enum class contents {
    noise,            // of the type's whole range; floats of 0 to 256
    half_background,  // noise, every second voxel background, at random
    half_nan,         // the same of floats, and background is NaN
    random255,        // labels 0 to 254, at random
    random,           // labels of the type's whole range, at random
    blobs,            // large smooth regions, one in eight of them background
    real,             // the labels of a file, repeated until they fill the volume
};

struct bench_case {
    method what = method::average;
    voxel type = voxel::uint8;
    arrangement order = arrangement::fortran;
    tb::index_array<3> factor = {2, 2, 1};
    int mips = 1;
    size at = size::memory;
    bool odd = false;        // one voxel less along each axis that is reduced
    tb::index_t origin = 0;  // along those, of the volume on the grid of windows
    bool sparse = false;
    double least_coverage = 0;
    contents data = contents::noise;
    tb::votes vote = tb::votes::previous_mip;
    tb::ties tie = tb::ties::countless;
    tb::rounding round = tb::rounding::toward_zero;
    int threads = 1;
};

std::size_t bytes_of(voxel type);

// e.g. average/uint8/2x2x1/1mip/memory/dense/1thread
std::string name_of(const bench_case& c);

// 512x512x1, 1024x1024x16 or 2048x2048x64 voxels of one byte. Wider voxels make as many bytes with fewer
// slices, and with fewer rows where the factor would leave too few slices.
tb::index_array<3> shape_of(const bench_case& c);
tb::index_array<3> origin_of(const bench_case& c);

// Two cases whose times are compared, measured in turns.
struct pair_case {
    std::string name;
    bench_case a, b;
    std::string ratio;  // the name of the counter
    bool of_times;      // seconds of a / seconds of b; else the inverse: the speed of a / the speed of b
};

struct case_list {
    std::vector<bench_case> cases;
    std::vector<pair_case> pairs;
    std::vector<bench_case> against_peers;
};

// Everything, about 29,000 cases, to be chosen from with --benchmark_filter; or about seventy of them.
case_list every_case(bool real_labels);
case_list short_list(bool real_labels);

}  // namespace bench
