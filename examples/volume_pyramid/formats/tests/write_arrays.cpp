// SPDX-License-Identifier: BSL-1.0
// write_arrays write FOLDER: small arrays of Zarr and N5 of every kind, for readers that share no code with
// these. write_arrays read FOLDER: compares such as others have written. An array is FOLDER/NAME/array;
// beside it are `axes`, a letter each, and `truth`: its voxels, x fastest, then y, z and channels.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "array_boxes.hpp"
#include "formats/format_error.hpp"

namespace {

namespace fs = std::filesystem;
using namespace formats;
using bytes = std::vector<std::byte>;
using json = nlohmann::json;

std::mt19937_64 random_bits(19);

void write_file(const fs::path& path, std::span<const std::byte> file) {
    fs::create_directories(path.parent_path());
    std::ofstream to(path, std::ios::binary);
    to.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
}

std::string text_of_file(const fs::path& path) {
    std::ifstream from(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(from), {}};
}

constexpr const char* metadata_names[] = {".zarray", "zarr.json", "attributes.json"};

// Values that follow one another, over all bits.
bytes voxels_of(const array_chunks& chunks, const grid_index& box) {
    bytes voxels(bytes_of(chunks.shape_of(box)));
    std::uint64_t value = 0;
    const std::size_t sample = bytes_of(chunks.form().type);
    for (std::size_t i = 0; i < voxels.size(); i += sample) {
        if (random_bits() % 4 == 0) value = random_bits() >> random_bits() % 64;
        if (chunks.form().is_bool) value &= 1;
        if (chunks.form().type == sample_type::float32 || chunks.form().type == sample_type::float64)
            value &= ~(std::uint64_t{1} << 62 | std::uint64_t{1} << 30);  // no NaN, which equals nothing
        std::memcpy(voxels.data() + i, &value, sample);
    }
    return voxels;
}

class array_files {
public:
    array_files(const array_chunks& chunks, fs::path folder)
        : chunks_(chunks),
          folder_(std::move(folder)),
          ranges_(folder_),
          reader_(ranges_, chunks.shard_form(), std::size_t{1} << 20) {}

    void write(const array_place& place, std::span<const std::byte> file) {
        if (chunks_.form().shard.empty()) return write_file(folder_ / chunks_.name_of(place), file);
        const array_place shard = chunks_.shard_of(place);
        const fs::path path = folder_ / chunks_.name_of(shard);
        fs::create_directories(path.parent_path());
        auto& writer = writers_[shard];
        if (!writer) writer = std::make_unique<array_shard_writer>(chunks_.shard_form(), path, folder_);
        writer->add(chunks_.number_in_shard(place), file);
    }
    void finish() {
        for (auto& [shard, writer] : writers_) writer->finish();
    }
    bool read(const array_place& place, bytes& file) {
        if (!chunks_.form().shard.empty())
            return reader_.read(chunks_.name_of(chunks_.shard_of(place)), chunks_.number_in_shard(place),
                                chunks_.largest_file(), file);
        const std::string name = chunks_.name_of(place);
        const auto size = ranges_.size_of(name);
        if (!size) return false;
        file.resize(*size);
        ranges_.read(name, 0, file);
        return true;
    }

private:
    const array_chunks& chunks_;
    fs::path folder_;
    folder_ranges ranges_;
    array_shard_reader reader_;
    std::map<array_place, std::unique_ptr<array_shard_writer>> writers_;
};

void write_array(const fs::path& root, const array_form& form) {
    static int number = 0;
    const fs::path folder = root / (std::to_string(number++) + "_" + form.axes);
    const array_chunks chunks(form);
    array_files files(chunks, folder / "array");
    bytes truth(bytes_of(
        chunk_shape{{chunks.size()[0], chunks.size()[1], chunks.size()[2]}, chunks.channels(), form.type}));
    array_work work;
    int boxes = 0;
    cases::for_each_box(chunks, [&](const grid_index& box) {
        bytes voxels = voxels_of(chunks, box);
        for (std::uint64_t part = 0; part < chunks.parts(); ++part) {
            const array_place place = chunks.place_of(box, part);
            if (boxes++ % 5 == 3)
                chunks.fill(place, voxels);  // and missing
            else
                files.write(place, chunks.encode(place, voxels, work));
        }
        cases::for_each_row(chunks, box, [&](std::size_t from, std::size_t to, std::size_t n) {
            std::copy_n(voxels.data() + from, n, truth.data() + to);
        });
    });
    files.finish();
    write_file(folder / "truth", truth);
    std::ofstream(folder / "axes") << form.axes;
    std::ofstream(folder / "array" / metadata_names[static_cast<int>(form.family)])
        << metadata_of(form).dump(1);
}

array_form parse(array_family family, const json& metadata, const std::string& axes) {
    if (family == array_family::zarr2) return parse_zarr2(metadata, axes);
    return family == array_family::zarr3 ? parse_zarr3(metadata, axes) : parse_n5(metadata, axes);
}

array_wish wish_of(array_family family, const std::string& axes, sample_type type,
                   const std::string& packed) {
    array_wish wish{family, axes, {}, {}, {}, type, packed};
    const std::map<char, std::pair<std::uint64_t, std::uint64_t>> extents{
        {'x', {37, 16}}, {'y', {21, 8}}, {'z', {9, 4}}, {'c', {3, 2}}, {'t', {2, 1}}};
    for (const char axis : axes) {
        wish.shape.push_back(extents.at(axis).first);
        wish.chunk.push_back(extents.at(axis).second);
    }
    return wish;
}

// Nothing where this program was built without what it wants.
void write_wish(const fs::path& root, const array_wish& wish, const json& changes = json::object()) {
    try {
        const array_form form = new_array(wish);
        json metadata = metadata_of(form);
        metadata.update(changes);
        write_array(root, parse(wish.family, metadata, wish.axes));
    } catch (const format_error& problem) {
        if (std::string(problem.what()).find("was built without") == std::string::npos) throw;
    }
}

constexpr sample_type all_types[] = {
    sample_type::uint8, sample_type::int8,   sample_type::uint16, sample_type::int16,   sample_type::uint32,
    sample_type::int32, sample_type::uint64, sample_type::int64,  sample_type::float32, sample_type::float64};

void write_zarr2(const fs::path& root) {
    const auto family = array_family::zarr2;
    for (const sample_type type : all_types) {
        write_wish(root, wish_of(family, "zyx", type, "none"), {{"fill_value", 7}});
        std::string dtype = metadata_of(new_array(wish_of(family, "zyx", type, "none")))["dtype"];
        if (dtype[0] == '<') dtype[0] = '>';
        write_wish(root, wish_of(family, "czyx", type, "zstd:3"),
                   {{"dtype", dtype}, {"dimension_separator", "."}});
    }
    write_wish(root, wish_of(family, "zyx", sample_type::uint8, "blosc"),
               {{"dtype", "|b1"}, {"fill_value", true}});
    for (const char* axes : {"xyz", "xyzc", "tczyx", "yx", "xy", "zcyx", "ytxc"})
        for (const char* order : {"C", "F"})
            write_wish(root, wish_of(family, axes, sample_type::uint16, "gzip:1"), {{"order", order}});
    for (const char* packed :
         {"zlib:3", "lz4", "bzip2:5", "xz:1", "blosc:blosclz:5:noshuffle", "blosc:lz4:5:shuffle",
          "blosc:lz4hc:5:bitshuffle", "blosc:zlib:5", "blosc:zstd:3:bitshuffle", "blosc:snappy:5"})
        write_wish(root, wish_of(family, "zyx", sample_type::uint32, packed));
}

void write_n5(const fs::path& root) {
    const auto family = array_family::n5;
    for (const sample_type type : all_types) write_wish(root, wish_of(family, "xyz", type, "none"));
    for (const char* packed : {"gzip:6", "zlib:6", "bzip2:5", "xz:1", "blosc:lz4:5:shuffle"})
        for (const char* axes : {"xyz", "xyzc", "xyct"})
            write_wish(root, wish_of(family, axes, sample_type::uint16, packed));
    // zarr.N5Store has no zstd.
}

void write_zarr3(const fs::path& root) {
    const auto family = array_family::zarr3;
    for (const sample_type type : all_types) {
        write_wish(root, wish_of(family, "zyx", type, "none"), {{"fill_value", 5}});
        array_wish wish = wish_of(family, "cxyz", type, "zstd:3");
        wish.shard = {2, 64, 16, 8};
        write_wish(root, wish);
    }
    const json little{{"name", "bytes"}, {"configuration", {{"endian", "little"}}}},
        big{{"name", "bytes"}, {"configuration", {{"endian", "big"}}}};
    const auto transposed = [](std::vector<int> order) {
        return json{{"name", "transpose"}, {"configuration", {{"order", std::move(order)}}}};
    };
    const array_wish plain = wish_of(family, "czyx", sample_type::uint16, "none");
    for (const json& codecs :
         {json{transposed({3, 0, 1, 2}), little}, json{transposed({1, 3, 2, 0}), big, "crc32c"},
          json{transposed({1, 0, 2, 3}), transposed({0, 2, 3, 1}), big, "gzip", "crc32c"}})
        write_wish(root, plain, {{"codecs", codecs}});
    for (const json& encoding : {json("v2"), json{{"name", "v2"}, {"configuration", {{"separator", "/"}}}},
                                 json{{"name", "default"}, {"configuration", {{"separator", "."}}}}})
        write_wish(root, plain, {{"chunk_key_encoding", encoding}});
    for (const char* packed :
         {"gzip:6", "blosc:lz4:5:shuffle", "blosc:zstd:3:bitshuffle", "blosc:blosclz:3:noshuffle"})
        for (const bool sharded : {false, true}) {
            array_wish wish = wish_of(family, "zyx", sample_type::float32, packed);
            if (sharded) wish.shard = {8, 16, 32};
            write_wish(root, wish, {{"fill_value", "NaN"}});
        }
    array_wish wish = wish_of(family, "zyx", sample_type::uint16, "none");
    wish.shard = {12, 24, 48};
    json metadata = metadata_of(new_array(wish));
    json& configuration = metadata["codecs"][0]["configuration"];
    configuration["index_location"] = "start";
    configuration["codecs"].push_back("crc32c");
    write_array(root, parse_zarr3(metadata, "zyx"));
    configuration["index_codecs"] = json::array({little});
    write_array(root, parse_zarr3(metadata, "zyx"));
}

bool is_right(const fs::path& folder) {
    for (const array_family family : {array_family::zarr2, array_family::zarr3, array_family::n5}) {
        const fs::path path = folder / "array" / metadata_names[static_cast<int>(family)];
        if (!fs::exists(path)) continue;
        const array_chunks chunks(
            parse(family, json::parse(text_of_file(path)), text_of_file(folder / "axes")));
        array_files files(chunks, folder / "array");
        const std::string truth = text_of_file(folder / "truth");
        std::string found(truth.size(), '\0');
        array_work work;
        bytes file;
        cases::for_each_box(chunks, [&](const grid_index& box) {
            bytes voxels(bytes_of(chunks.shape_of(box)));
            for (std::uint64_t part = 0; part < chunks.parts(); ++part) {
                const array_place place = chunks.place_of(box, part);
                if (files.read(place, file))
                    chunks.decode(place, file, voxels, work);
                else
                    chunks.fill(place, voxels);
            }
            cases::for_each_row(chunks, box, [&](std::size_t from, std::size_t to, std::size_t n) {
                std::memcpy(found.data() + to, voxels.data() + from, n);
            });
        });
        return found == truth;
    }
    throw format_error("there is no array");
}

// Those that this program was built without are left out.
int read_arrays(const fs::path& root) {
    int right = 0, wrong = 0, skipped = 0;
    for (const auto& entry : fs::directory_iterator(root)) {
        std::string what = "differs";
        try {
            if (is_right(entry.path())) what.clear();
        } catch (const std::exception& problem) {
            what = problem.what();
        }
        const bool missing = what.find("built without") != std::string::npos;
        ++(what.empty() ? right : missing ? skipped : wrong);
        if (!what.empty()) std::printf("%s: %s\n", entry.path().c_str(), what.c_str());
    }
    std::printf("%d arrays are right, %d wrong, %d skipped\n", right, wrong, skipped);
    return wrong > 0 || right == 0 ? 1 : 0;
}

}  // namespace

int main(int count, char** words) try {
    const std::string what = count == 3 ? words[1] : "";
    if (what == "read") return read_arrays(words[2]);
    if (what != "write") return std::fputs("write_arrays write|read FOLDER\n", stderr), 2;
    write_zarr2(words[2]);
    write_n5(words[2]);
    write_zarr3(words[2]);
} catch (const std::exception& problem) {
    std::fprintf(stderr, "write_arrays: %s\n", problem.what());
    return 1;
}
