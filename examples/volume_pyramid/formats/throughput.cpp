// SPDX-License-Identifier: BSL-1.0
// What a thread reads and writes of each encoding, on volumes that are real:
//   formats_throughput EM.npy LABELS.npy [SECONDS]     (or .npy.gz; SECONDS of each measurement, 1 if not
//   said)
// EM: uint8, labels: uint32, both x, y, z in Fortran order. Every number is the median of the repetitions, in
// seconds of the processor.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <vector>

#include "formats/chunk_encoding.hpp"
#include "formats/compression.hpp"
#include "formats/format_error.hpp"
#include "npy.hpp"

namespace {

using namespace formats;
using bytes = std::vector<std::byte>;

double seconds_each = 1;

struct volume {
    std::array<std::size_t, 3> extent{};
    std::size_t sample = 0;
    bytes voxels;
};

volume read_volume(const std::filesystem::path& path) {
    std::ifstream from(path, std::ios::binary);
    const std::vector<char> text{std::istreambuf_iterator<char>(from), {}};
    bytes file(text.size());
    if (!text.empty()) std::memcpy(file.data(), text.data(), text.size());
    if (looks_like_gzip(file)) {
        bytes unpacked;
        decompress(compression::gzip, file, std::size_t{1} << 32, unpacked);
        file.swap(unpacked);
    }
    const npy::parsed parsed = npy::parse(file);
    volume v;
    for (std::size_t axis = 0; axis < 3; ++axis)
        v.extent[axis] = static_cast<std::size_t>(parsed.head.shape.at(axis));
    v.sample = parsed.head.type.bytes;
    v.voxels.assign(file.begin() + static_cast<std::ptrdiff_t>(parsed.data_offset), file.end());
    return v;
}

struct chunk {
    chunk_shape shape;
    bytes voxels, file;
};

// All whole and cut chunks of 64 x 64 x 64; uint32 labels as uint64 where that is wanted.
std::vector<chunk> chunks_of(const volume& v, sample_type type) {
    std::vector<chunk> all;
    constexpr std::size_t side = 64;
    for (std::size_t z0 = 0; z0 < v.extent[2]; z0 += side)
        for (std::size_t y0 = 0; y0 < v.extent[1]; y0 += side)
            for (std::size_t x0 = 0; x0 < v.extent[0]; x0 += side) {
                chunk c;
                c.shape.type = type;
                c.shape.extent = {std::min(side, v.extent[0] - x0), std::min(side, v.extent[1] - y0),
                                  std::min(side, v.extent[2] - z0)};
                c.voxels.resize(bytes_of(c.shape));
                std::byte* to = c.voxels.data();
                for (std::size_t z = z0; z < z0 + c.shape.extent[2]; ++z)
                    for (std::size_t y = y0; y < y0 + c.shape.extent[1]; ++y)
                        for (std::size_t x = x0; x < x0 + c.shape.extent[0]; ++x, to += bytes_of(type))
                            std::memcpy(to, &v.voxels[(x + v.extent[0] * (y + v.extent[1] * z)) * v.sample],
                                        v.sample);
                all.push_back(std::move(c));
            }
    return all;
}

// Of the processor: what else the machine does counts little.
template <class F>
double seconds_of(F&& f) {
    const std::clock_t start = std::clock();
    f();
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

// Of one walk over all chunks.
template <class F>
double median_seconds(F&& f) {
    std::vector<double> all;
    double sum = 0;
    while (sum < seconds_each || all.size() < 3) {
        all.push_back(seconds_of(f));
        sum += all.back();
    }
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), all.end());
    return all[all.size() / 2];
}

struct totals {
    double voxels = 0, plain = 0, encoded = 0;
};

totals totals_of(const std::vector<chunk>& chunks) {
    totals sum;
    for (const chunk& c : chunks) {
        sum.voxels += static_cast<double>(voxels_of(c.shape));
        sum.plain += static_cast<double>(c.voxels.size());
        sum.encoded += static_cast<double>(c.file.size());
    }
    return sum;
}

void print_row(const char* name, const std::vector<chunk>& chunks, double write, double read) {
    const totals sum = totals_of(chunks);
    std::printf("| %s | %.0f | %.0f | %.2f |\n", name, sum.voxels / write / 1e6, sum.voxels / read / 1e6,
                sum.plain / sum.encoded);
    std::fflush(stdout);
}

void check_voxels(const std::vector<chunk>& chunks, const chunk_encoding& encoding) {
    for (const chunk& c : chunks) {
        bytes voxels(c.voxels.size());
        encoding.decode(c.file, c.shape, voxels);
        if (voxels != c.voxels) throw format_error("a chunk comes back otherwise");
    }
}

void measure(const char* name, std::vector<chunk>& chunks, const chunk_encoding& encoding) {
    bytes voxels;
    const double write = median_seconds([&] {
        for (chunk& c : chunks) encoding.encode(c.voxels, c.shape, c.file);
    });
    const double read = median_seconds([&] {
        for (const chunk& c : chunks) {
            voxels.resize(c.voxels.size());
            encoding.decode(c.file, c.shape, voxels);
        }
    });
    if (!encoding.is_lossy()) check_voxels(chunks, encoding);
    print_row(name, chunks, write, read);
}

// Of what the chunks' files are at the moment.
void measure_compression(const char* name, std::vector<chunk>& chunks, compression kind, int level) {
    std::vector<bytes> plain;
    for (const chunk& c : chunks) plain.push_back(c.file);
    const double write = median_seconds([&] {
        for (std::size_t i = 0; i < chunks.size(); ++i) compress(kind, level, plain[i], chunks[i].file);
    });
    bytes unpacked;
    const double read = median_seconds([&] {
        for (std::size_t i = 0; i < chunks.size(); ++i)
            decompress(kind, chunks[i].file, plain[i].size(), unpacked);
    });
    print_row(name, chunks, write, read);
    for (std::size_t i = 0; i < chunks.size(); ++i) chunks[i].file.swap(plain[i]);
}

void measure_em(const volume& em) {
    std::vector<chunk> chunks = chunks_of(em, sample_type::uint8);
    measure("EM, raw (a memcpy)", chunks, *make_encoding("raw"));
    measure_compression("EM, raw + gzip 6", chunks, compression::gzip, 6);
    for (const int quality : {75, 90}) {
        const std::string name = "EM, jpeg " + std::to_string(quality);
        measure(name.c_str(), chunks, *make_encoding("jpeg", {.jpeg_quality = quality}));
    }
    std::vector<chunk> colours = chunks;
    for (chunk& c : colours) {
        c.shape.extent[2] /= 3;
        c.shape.channels = 3;
        c.voxels.resize(bytes_of(c.shape));
    }
    measure("EM as colours, jpeg 75", colours, *make_encoding("jpeg"));
    measure("EM, png 1", chunks, *make_encoding("png", {.png_level = 1}));
    measure("EM, png 6", chunks, *make_encoding("png", {.png_level = 6}));
}

void measure_labels(const volume& labels) {
    for (const sample_type type : {sample_type::uint32, sample_type::uint64}) {
        std::vector<chunk> chunks = chunks_of(labels, type);
        const std::string of = "labels " + std::string(name_of(type)) + ", ";
        measure((of + "raw (a memcpy)").c_str(), chunks, *make_encoding("raw"));
        measure((of + "compressed_segmentation").c_str(), chunks, *make_encoding("compressed_segmentation"));
        measure_compression((of + "that by gzip 6, alone").c_str(), chunks, compression::gzip, 6);
        measure((of + "compressed_segmentation 16,16,2").c_str(), chunks,
                *make_encoding("compressed_segmentation", {.block = {16, 16, 2}}));
    }
}

}  // namespace

int main(int count, char** words) try {
    if (count < 3 || count > 4)
        return std::fputs("formats_throughput EM.npy LABELS.npy [SECONDS]\n", stderr), 2;
    if (count == 4) seconds_each = std::atof(words[3]);
    std::puts("| chunks of 64 x 64 x 64 | written, MVx/s | read, MVx/s | times smaller |\n|-|-|-|-|");
    measure_em(read_volume(words[1]));
    measure_labels(read_volume(words[2]));
} catch (const std::exception& problem) {
    std::fprintf(stderr, "formats_throughput: %s\n", problem.what());
    return 1;
}
