// SPDX-License-Identifier: BSL-1.0
// write_volumes FOLDER: small precomputed volumes of every kind that the formats write, for readers that
// share no code with them. Beside each `info` is `truth`: the voxels, x fastest, channel slowest.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "formats/chunk_encoding.hpp"
#include "formats/format_error.hpp"
#include "formats/shard_writer.hpp"

namespace {

namespace fs = std::filesystem;
using namespace formats;
using bytes = std::vector<std::byte>;
using json = nlohmann::ordered_json;

std::mt19937_64 random_bits(18);

struct volume {
    std::string name, encoding;
    chunk_shape whole;
    std::array<std::size_t, 3> chunk{};
    block_extent block{8, 8, 8};
    std::optional<shard_spec> sharding{};
    compression packed = compression::none;
    bytes voxels{};
};

void write_file(const fs::path& path, const bytes& file) {
    std::ofstream to(path, std::ios::binary);
    to.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
}

grid_index grid_of(const volume& v) {
    grid_index grid;
    for (std::size_t axis = 0; axis < 3; ++axis)
        grid[axis] = (v.whole.extent[axis] + v.chunk[axis] - 1) / v.chunk[axis];
    return grid;
}

json info_of(const volume& v) {
    json scale{{"key", "s0"},
               {"size", v.whole.extent},
               {"resolution", {4, 4, 40}},
               {"voxel_offset", {10, 0, 7}},
               {"chunk_sizes", json::array({v.chunk})},
               {"encoding", v.encoding}};
    if (v.encoding == "compressed_segmentation") scale["compressed_segmentation_block_size"] = v.block;
    if (v.sharding) scale["sharding"] = to_json(*v.sharding);
    return {{"@type", "neuroglancer_multiscale_volume"},
            {"type", v.encoding == "compressed_segmentation" ? "segmentation" : "image"},
            {"data_type", name_of(v.whole.type)},
            {"num_channels", v.whole.channels},
            {"scales", json::array({scale})}};
}

// A chunk: its shape, and its voxels taken out of the whole or put into it.
struct chunk_of_volume {
    chunk_of_volume(const volume& of, const grid_index& place) : v(of), shape(of.whole) {
        for (std::size_t axis = 0; axis < 3; ++axis) {
            begin[axis] = place[axis] * v.chunk[axis];
            shape.extent[axis] = std::min(v.chunk[axis], v.whole.extent[axis] - begin[axis]);
        }
    }

    // f(byte in the chunk, byte in the whole, how many)
    template <class F>
    void for_each_row(F&& f) const {
        const auto &n = shape.extent, &all = v.whole.extent;
        const std::size_t sample = bytes_of(shape.type);
        for (std::size_t c = 0; c < shape.channels; ++c)
            for (std::size_t z = 0; z < n[2]; ++z)
                for (std::size_t y = 0; y < n[1]; ++y)
                    f(n[0] * (y + n[1] * (z + n[2] * c)) * sample,
                      (begin[0] + all[0] * (begin[1] + y + all[1] * (begin[2] + z + all[2] * c))) * sample,
                      n[0] * sample);
    }

    std::string file_name() const {
        constexpr std::size_t offset[] = {10, 0, 7};
        std::string name;
        for (std::size_t axis = 0; axis < 3; ++axis) {
            const std::size_t first = begin[axis] + offset[axis];
            if (axis != 0) name += "_";
            name.append(std::to_string(first)).append("-").append(std::to_string(first + shape.extent[axis]));
        }
        return name;
    }

    const volume& v;
    chunk_shape shape;
    std::array<std::size_t, 3> begin{};
};

bytes encoded_chunk(const chunk_of_volume& chunk, const chunk_encoding& encoding, bytes& truth) {
    bytes voxels(bytes_of(chunk.shape)), file;
    chunk.for_each_row([&](std::size_t to, std::size_t from, std::size_t n) {
        std::copy_n(chunk.v.voxels.data() + from, n, voxels.data() + to);
    });
    encoding.encode(voxels, chunk.shape, file);
    if (encoding.is_lossy()) encoding.decode(file, chunk.shape, voxels);
    chunk.for_each_row([&](std::size_t from, std::size_t to, std::size_t n) {
        std::copy_n(voxels.data() + from, n, truth.data() + to);
    });
    return file;
}

void write_volume(const fs::path& root, const volume& v) {
    const fs::path folder = root / v.name, scale = folder / "s0";
    fs::create_directories(scale);
    const auto encoding = make_encoding(v.encoding, {.jpeg_quality = 90, .block = v.block});
    const morton_code grid(grid_of(v));
    std::map<std::uint64_t, shard_writer> shards;
    bytes truth(v.voxels.size());
    for (std::uint64_t id = 0; id < std::uint64_t{1} << grid.bits(); ++id) {
        const grid_index place = grid.place_of(id);
        if (!grid.is_inside(place)) continue;
        const chunk_of_volume chunk(v, place);
        const bytes file = encoded_chunk(chunk, *encoding, truth);
        if (v.sharding) {
            const std::uint64_t shard = v.sharding->place_of(id).shard;
            shards.try_emplace(shard, *v.sharding, shard, scale, folder).first->second.add(id, file);
        } else {
            bytes packed;
            compress(v.packed, levels_of(v.packed).usual, file, packed);
            write_file(scale / (chunk.file_name() + std::string(suffix_of(v.packed))), packed);
        }
    }
    for (auto& [number, shard] : shards) shard.finish();
    write_file(folder / "truth", truth);
    std::ofstream(folder / "info") << info_of(v).dump(2) << "\n";
}

// Blobs of labels, of which some are above 2^53.
template <class T>
bytes some_labels(const chunk_shape& shape, std::size_t count, std::size_t run) {
    std::vector<T> labels(voxels_of(shape) * shape.channels);
    std::size_t next = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (i % run == 0) next = i / run < count ? i / run : random_bits() % count;
        labels[i] = static_cast<T>(~std::uint64_t{0} / 3 * (next % 3) + next);
    }
    bytes result(labels.size() * sizeof(T));
    std::memcpy(result.data(), labels.data(), result.size());
    return result;
}

bytes labels_of(const chunk_shape& shape, std::size_t count, std::size_t run) {
    return shape.type == sample_type::uint32 ? some_labels<std::uint32_t>(shape, count, run)
                                             : some_labels<std::uint64_t>(shape, count, run);
}

bytes picture_of(const chunk_shape& shape) {
    bytes result(bytes_of(shape));
    for (std::size_t i = 0; i < result.size(); ++i)
        result[i] = static_cast<std::byte>((i * 5 / 3 + i / 97 * 7 + random_bits() % 9) & 255);
    return result;
}

std::vector<std::pair<std::string, std::optional<shard_spec>>> layouts() {
    const compression raw = compression::none, gz = compression::gzip;
    return {{"files", std::nullopt},
            {"one_shard", shard_spec{shard_hash::identity, 2, 9, 0, raw, raw}},
            {"shards", shard_spec{shard_hash::identity, 1, 2, 8, gz, raw}},
            {"gzip_shards", shard_spec{shard_hash::identity, 2, 0, 2, gz, gz}},
            {"hashed_shards", shard_spec{shard_hash::murmurhash3_x86_128, 1, 2, 3, gz, gz}}};
}

void write_labels(const fs::path& root) {
    const std::size_t extents[][3] = {{70, 45, 20}, {65, 65, 7}, {33, 1, 40}};
    for (const sample_type type : {sample_type::uint32, sample_type::uint64})
        for (const auto& [x, y, z] : extents)
            for (const auto& [name, sharding] : layouts()) {
                // 5 x 3 x 3 chunks; 5 x 5 x 1; 3 x 1 x 5.
                volume v{"labels_" + std::string(name_of(type)) + "_" + std::to_string(x) + "_" + name,
                         "compressed_segmentation",
                         {{x, y, z}, 1, type},
                         {16, 16, 8}};
                v.sharding = sharding;
                v.block = x == 65 ? block_extent{5, 3, 2} : block_extent{8, 8, 8};
                v.voxels = labels_of(v.whole, 50, 20);
                write_volume(root, v);
            }
    for (const std::size_t count : {1u, 2u, 3u, 5u, 17u, 257u, 65537u}) {
        volume v{"count_" + std::to_string(count),
                 "compressed_segmentation",
                 {{64, 64, 20}, 1, sample_type::uint64},
                 {64, 64, 20}};
        v.block = {64, 64, 20};
        v.voxels = labels_of(v.whole, count, 1);
        write_volume(root, v);
    }
    volume two{
        "labels_channels", "compressed_segmentation", {{20, 20, 9}, 2, sample_type::uint64}, {16, 16, 8}};
    two.voxels = labels_of(two.whole, 9, 3);
    write_volume(root, two);
}

void write_pictures(const fs::path& root, const std::string& encoding, sample_type type,
                    std::size_t channels) {
    for (const auto& [name, sharding] : layouts()) {
        volume v{encoding + "_" + std::string(name_of(type)) + "_" + std::to_string(channels) + "_" + name,
                 encoding,
                 {{37, 20, 9}, channels, type},
                 {16, 16, 4}};
        v.sharding = sharding;
        v.voxels = picture_of(v.whole);
        write_volume(root, v);
    }
}

void write_all_pictures(const fs::path& root) {
#ifdef FORMATS_WITH_JPEG
    for (const std::size_t channels : {std::size_t{1}, std::size_t{3}})
        write_pictures(root, "jpeg", sample_type::uint8, channels);
#endif
#ifdef FORMATS_WITH_PNG
    for (std::size_t channels = 1; channels <= 4; ++channels)
        write_pictures(root, "png", sample_type::uint8, channels);
    write_pictures(root, "png", sample_type::uint16, 1);
#endif
    write_pictures(root, "raw", sample_type::float32, 2);
    for (const compression packed : {compression::gzip, compression::brotli, compression::zstd}) {
        if (!is_available(packed)) continue;
        volume v{
            "raw_" + std::string(name_of(packed)), "raw", {{37, 20, 9}, 1, sample_type::uint16}, {16, 16, 4}};
        v.packed = packed;
        v.voxels = picture_of(v.whole);
        write_volume(root, v);
    }
}

}  // namespace

int main(int count, char** words) try {
    if (count != 2) return std::fputs("write_volumes FOLDER\n", stderr), 2;
    write_labels(words[1]);
    write_all_pictures(words[1]);
} catch (const std::exception& problem) {
    std::fprintf(stderr, "write_volumes: %s\n", problem.what());
    return 1;
}
