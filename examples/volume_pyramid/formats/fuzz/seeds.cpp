// SPDX-License-Identifier: BSL-1.0
// Writes whole files to begin from: seeds FOLDER makes FOLDER/array_chunk, array_form, array_index,
// compressed_segmentation, jpeg, png, compression, minishard_index, shard.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "formats/jpeg.hpp"
#include "formats/minishard_index.hpp"
#include "formats/png.hpp"
#include "formats/shard_writer.hpp"
#include "fuzz_input.hpp"

namespace {

namespace fs = std::filesystem;
std::mt19937 random_bits(1);

void write(const fs::path& folder, const fuzz::input& in, std::span<const std::byte> file) {
    static int number = 0;
    fs::create_directories(folder);
    std::ofstream to(folder / std::to_string(number++), std::ios::binary);
    for (const unsigned byte : in.byte) to.put(static_cast<char>(byte));
    to.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
}

fuzz::input any_input() {
    fuzz::input in{};
    for (unsigned& byte : in.byte) byte = random_bits() & 255;
    return in;
}

// Few values, which follow one another.
std::vector<std::byte> some_voxels(const formats::chunk_shape& shape) {
    std::vector<std::byte> voxels(formats::bytes_of(shape));
    const unsigned values = 1 + random_bits() % 20,
                   sample = static_cast<unsigned>(formats::bytes_of(shape.type));
    unsigned value = 0;
    for (std::size_t i = 0; i < voxels.size(); i += sample) {
        if (random_bits() % 3 == 0) value = random_bits() % values;
        voxels[i] = static_cast<std::byte>(value * 11);
    }
    return voxels;
}

void write_chunks(const fs::path& to) {
    std::vector<std::byte> file;
    for (int i = 0; i < 60; ++i) {
        const fuzz::input in = any_input();
        const formats::chunk_shape labels = fuzz::label_shape_of(in), jpeg = fuzz::jpeg_shape_of(in),
                                   png = fuzz::png_shape_of(in);
        formats::encode_compressed_segmentation(some_voxels(labels), labels, fuzz::block_of(in), file);
        write(to / "compressed_segmentation", in, file);
        formats::encode_jpeg(some_voxels(jpeg), jpeg, static_cast<int>(random_bits() % 101), file);
        write(to / "jpeg", in, file);
        formats::encode_png(some_voxels(png), png, static_cast<int>(random_bits() % 10), file);
        write(to / "png", in, file);
    }
}

void write_compressed(const fs::path& to) {
    std::vector<std::byte> file;
    for (int i = 0; i < 60; ++i) {
        fuzz::input in = any_input();
        in.byte[1] = 64 + in.byte[1] / 2;  // room for what is written
        const formats::compression kind = fuzz::compression_of(in);
        const formats::level_range levels = formats::levels_of(kind);
        formats::compress(kind, i % 2 == 0 ? levels.usual : levels.lowest, some_voxels(fuzz::shape_of(in)),
                          file);
        write(to / "compression", in, file);
    }
}

void write_indices(const fs::path& to) {
    for (int i = 0; i < 60; ++i) {
        const fuzz::input in = any_input();
        std::vector<formats::shard_entry> entries(random_bits() % 20);
        const std::uint64_t share = fuzz::data_bytes_of(in) / 20;
        for (std::uint64_t n = 0; n < entries.size(); ++n) entries[n] = {n * n + n, n * share, share / 2};
        if (i % 2 == 0) std::shuffle(entries.begin(), entries.end(), random_bits);
        write(to / "minishard_index", in, formats::encode_minishard_index(entries));
    }
}

void write_arrays(const fs::path& to) {
    formats::array_work work;
    for (int i = 0; i < 400; ++i) {
        const fuzz::input in = any_input();
        const formats::array_form form = fuzz::array_of(in);
        const formats::array_chunks chunks(form);
        write(to / "array_chunk", in,
              chunks.encode(chunks.place_of({1, 1, 0}, in.byte[3] >> 7),
                            some_voxels(chunks.shape_of({1, 1, 0})), work));
        fuzz::input as = in;
        as.byte[1] = in.byte[3] & 1 ? 3 : 4;  // its axes
        nlohmann::json metadata = formats::metadata_of(form);
        if (form.family == formats::array_family::zarr3 && i % 2 == 0)
            metadata = formats::metadata_of(formats::array_like(form, form.shape, form.chunk, form.chunk));
        const std::string text = metadata.dump();
        if (i % 4 == 0) write(to / "array_form", as, std::as_bytes(std::span(text)));

        const formats::array_shard_form shard = fuzz::shard_form_of(in);
        std::vector<formats::shard_entry> entries;
        const std::uint64_t share = fuzz::data_bytes_of(in) / (shard.chunks + 1);
        for (std::uint64_t n = 0; n < shard.chunks; ++n)
            if (random_bits() % 3 != 0) entries.push_back({n, n * share, share / 2});
        if (i % 4 == 0) write(to / "array_index", in, formats::encode_array_index(entries, shard));
    }
}

std::vector<std::byte> bytes_of_file(const fs::path& path) {
    std::ifstream from(path, std::ios::binary);
    const std::vector<char> text{std::istreambuf_iterator<char>(from), {}};
    const auto* first = reinterpret_cast<const std::byte*>(text.data());
    return {first, first + text.size()};
}

void write_shards(const fs::path& to) {
    fs::create_directories(to / "temporary");
    for (int i = 0; i < 60; ++i) {
        const fuzz::input in = any_input();
        const formats::morton_code grid = fuzz::grid_of(in);
        const formats::shard_spec spec = fuzz::spec_of(in);
        formats::shard_writer shard(spec, 0, to / "temporary", to / "temporary");
        const std::vector<std::byte> chunk(30, std::byte{7});
        for (std::uint64_t id = 0; id < std::uint64_t{1} << grid.bits(); ++id)
            if (grid.is_inside(grid.place_of(id)) && spec.place_of(id).shard == 0)
                shard.add(id, std::span(chunk).first(id % 30));
        shard.finish();
        if (fs::exists(shard.file())) write(to / "shard", in, bytes_of_file(shard.file()));
    }
    fs::remove_all(to / "temporary");
}

}  // namespace

int main(int count, char** words) {
    if (count != 2) return std::fputs("seeds FOLDER\n", stderr), 2;
    write_chunks(words[1]);
    write_compressed(words[1]);
    write_indices(words[1]);
    write_arrays(words[1]);
    write_shards(words[1]);
}
