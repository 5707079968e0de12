// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "format_cases.hpp"
#include "formats/little_endian.hpp"
#include "formats/shard_reader.hpp"
#include "formats/shard_writer.hpp"
#include "test_files.hpp"

using namespace formats;
using namespace cases;

namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

bytes file_bytes(const fs::path& path) {
    const std::string text = read_text(path);
    return bytes_of(std::vector<char>(text.begin(), text.end()));
}

void write_bytes(const fs::path& path, const bytes& file) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
}

bytes words(std::initializer_list<std::uint64_t> values) {
    return bytes_of(std::vector<std::uint64_t>(values));
}

using chunks = std::map<std::uint64_t, bytes>;

void write_shard(const fs::path& folder, const shard_spec& spec, std::uint64_t shard, const chunks& all,
                 bool shuffled = false) {
    std::vector<std::uint64_t> order;
    for (const auto& [id, data] : all)
        if (spec.place_of(id).shard == shard) order.push_back(id);
    if (shuffled) std::shuffle(order.begin(), order.end(), random_bits());
    shard_writer writer(spec, shard, folder, folder);
    for (const std::uint64_t id : order) writer.add(id, all.at(id));
    writer.finish();
}

// The example of FORMAT_FACTS: chunks 2, 8 and 3 in one file.
const shard_spec small_spec{shard_hash::identity, 0, 1, 0, compression::none, compression::none};
const chunks small_chunks{{2, numbers({1, 2, 3, 4})}, {8, numbers({6, 7, 8})}, {3, numbers({9, 10})}};
const bytes small_file = joined({words({7, 55, 57, 81}), numbers({1, 2, 3, 4, 6, 7, 8}),
                                 words({2, 6, 0, 0, 4, 3}), numbers({9, 10}), words({3, 55, 2})});
const morton_code small_grid({16, 1, 1});

// What a reader makes of this file as small_spec's shard.
std::string text_of_reading(const bytes& file, std::uint64_t chunk = 2, const shard_spec& spec = small_spec) {
    const scratch_folder in;
    write_bytes(in.path / "0.shard", file);
    const folder_ranges files(in.path);
    shard_reader reader(files, spec, small_grid);
    bytes data;
    try {
        return reader.read(chunk, 100, data) ? std::to_string(data.size()) : "absent";
    } catch (const format_error& problem) {
        return problem.what();
    }
}

void check_reading(const bytes& file, const std::string& expected, std::uint64_t chunk = 2,
                   const shard_spec& spec = small_spec) {
    const std::string text = text_of_reading(file, chunk, spec);
    INFO("expected: " << expected << "\nthe text: " << text);
    CHECK(text.find(expected) != std::string::npos);
    if (text.size() > 10) CHECK(text.find("0.shard: ") != std::string::npos);
}

bytes small_file_with(std::size_t word, std::uint64_t value) {
    bytes file = small_file;
    store(file.data() + word, value);
    return file;
}

}  // namespace

TEST_CASE("murmurhash3_x86_128", "[shard]") {
    CHECK(murmurhash3_x86_128(0) == 0x4772b084e028ae41);
    CHECK(murmurhash3_x86_128(1) == 0xe8bd67d616d4ce9a);
    CHECK(murmurhash3_x86_128(42) == 0xc20b94f95119f47a);
}

TEST_CASE("compressed Morton codes", "[shard]") {
    CHECK(morton_code({4, 2, 1}).id_of({3, 1, 0}) == 7);
    CHECK(morton_code({4, 4, 4}).id_of({1, 2, 3}) == 53);
    CHECK(morton_code({6, 1, 3}).id_of({5, 0, 2}) == 25);
    CHECK(morton_code({1, 1, 1}).bits() == 0);
    CHECK(morton_code({538, 618, 647}).bits() == 30);  // hemibrain
    CHECK(morton_code({972, 524, 221}).bits() == 28);  // FAFB-FFN1
    CHECK(morton_code({972, 524, 221}).count() == 112561488);
    check_refused([] { morton_code({4, 0, 1}); }, "extent of 0");
    check_refused(
        [] {
            morton_code({std::uint64_t{1} << 40, std::uint64_t{1} << 25, 1});
        },
        "more than 64 bits");
    check_refused([] { morton_code({4, 2, 1}).id_of({3, 2, 0}); }, "outside of the volume");
}

TEST_CASE("compressed Morton codes are one to one", "[shard]") {
    for (const grid_index& n : {grid_index{5, 3, 1}, {9, 9, 9}, {1, 17, 2}, {33, 1, 4}, {8, 4, 2}}) {
        const morton_code grid(n);
        std::vector<bool> seen(std::size_t{1} << grid.bits());
        for (std::uint64_t z = 0; z < n[2]; ++z)
            for (std::uint64_t y = 0; y < n[1]; ++y)
                for (std::uint64_t x = 0; x < n[0]; ++x) {
                    const std::uint64_t id = grid.id_of({x, y, z});
                    REQUIRE(id < seen.size());
                    CHECK(!seen[id]);
                    seen[id] = true;
                    CHECK(grid.place_of(id) == grid_index{x, y, z});
                }
    }
}

TEST_CASE("sharding as JSON", "[shard]") {
    const json whole{{"@type", "neuroglancer_uint64_sharded_v1"},
                     {"hash", "murmurhash3_x86_128"},
                     {"preshift_bits", 6},
                     {"minishard_bits", 11},
                     {"shard_bits", 7},
                     {"minishard_index_encoding", "gzip"},
                     {"data_encoding", "raw"}};
    const shard_spec spec = parse_sharding(whole);
    CHECK(to_json(spec) == whole);
    CHECK(spec.place_of(1822975381) == shard_place{0x42, 18});
    CHECK(spec.file_of(0x42) == "42.shard");
    json plain = whole;
    plain.erase("minishard_index_encoding");
    plain.erase("data_encoding");
    CHECK(parse_sharding(plain).index_encoding == compression::none);
    const auto refused = [&](const char* name, const json& value, const std::string& text) {
        json changed = whole;
        changed[name] = value;
        check_refused([&] { parse_sharding(changed); }, text);
        if (std::string(name).find("encoding") != std::string::npos) return;
        changed.erase(name);
        check_refused([&] { parse_sharding(changed); }, std::string("no member '") + name);
    };
    refused("@type", "v2", "'@type' is \"v2\"");
    refused("hash", 3, "hash is 3, neither");
    refused("preshift_bits", 65, "preshift_bits is 65, but must be from 0 to 64");
    refused("preshift_bits", -1, "preshift_bits is -1");
    refused("minishard_bits", 33, "minishard_bits is 33");
    refused("shard_bits", 54, "more than 64");
    refused("shard_bits", 1.5, "shard_bits is 1.5");
    refused("shard_bits", "7", "shard_bits is \"7\"");
    refused("data_encoding", "zstd", "data_encoding is \"zstd\", neither");
    check_refused([] { parse_sharding(json::array()); }, "is no object");
}

TEST_CASE("names of shards", "[shard]") {
    shard_spec spec;
    for (const auto& [bits, name] : std::map<unsigned, std::string>{
             {0, "b"}, {4, "b"}, {5, "0b"}, {9, "00b"}, {64, "000000000000000b"}}) {
        spec.shard_bits = bits;
        CHECK(spec.file_of(11) == name + ".shard");
    }
    spec = {shard_hash::identity, 64, 0, 64, compression::none, compression::none};
    CHECK(spec.place_of(~std::uint64_t{0}) == shard_place{0, 0});
    spec.preshift_bits = 0;
    CHECK(spec.place_of(~std::uint64_t{0}) == shard_place{~std::uint64_t{0}, 0});
}

TEST_CASE("shards of a wanted size inside of tasks", "[shard]") {
    for (const grid_index& n :
         {grid_index{5, 3, 1}, {9, 9, 9}, {17, 17, 1}, {64, 64, 64}, {33, 1, 4}, {100, 70, 3}})
        for (const std::uint64_t most_chunks : {1u, 7u, 8u, 64u, 1000u, 100000000u})
            for (const grid_index& task :
                 {grid_index{2, 2, 1}, {4, 4, 4}, {6, 4, 2}, {100, 100, 100}, {8, 8, 1}}) {
                const morton_code grid(n);
                const shard_choice choice = choose_sharding(
                    grid,
                    {.chunk_bytes = 1000, .shard_bytes = most_chunks * 1000 + 500, .task_chunks = task});
                const shard_spec& spec = choice.spec;
                CHECK(spec.preshift_bits + spec.minishard_bits + spec.shard_bits == grid.bits());
                CHECK(choice.chunks[0] * choice.chunks[1] * choice.chunks[2] <= most_chunks);
                std::map<std::uint64_t, grid_index> task_of;
                std::map<std::uint64_t, std::uint64_t> members;
                for (std::uint64_t z = 0; z < std::min<std::uint64_t>(n[2], 9); ++z)
                    for (std::uint64_t y = 0; y < std::min<std::uint64_t>(n[1], 20); ++y)
                        for (std::uint64_t x = 0; x < std::min<std::uint64_t>(n[0], 20); ++x) {
                            const std::uint64_t shard = spec.place_of(grid.id_of({x, y, z})).shard;
                            const grid_index of{x / task[0], y / task[1], z / task[2]};
                            CHECK(task_of.try_emplace(shard, of).first->second == of);
                            const chunk_box box = box_of_shard(grid, spec, shard);
                            bool inside = true;
                            for (const auto& [axis, place] : {std::pair{0u, x}, {1u, y}, {2u, z}})
                                inside = inside && box.begin[axis] <= place && place < box.end[axis];
                            CHECK(inside);
                        }
            }
}

TEST_CASE("shards: larger wishes", "[shard]") {
    const morton_code grid({538, 618, 647});
    const shard_choice choice = choose_sharding(
        grid, {.chunk_bytes = 2 << 20, .shard_bytes = std::uint64_t{3} << 30, .task_chunks = {16, 16, 16}});
    CHECK(choice.chunks == grid_index{16, 8, 8});
    CHECK(choice.spec.preshift_bits == 9);
    CHECK(choice.spec.minishard_bits == 1);
    CHECK(choice.spec.shard_bits == 20);
    // An axis that a task covers wholly may be cut off by the grid; what is cut off takes no bytes.
    CHECK(choose_sharding(morton_code({3, 3, 1}),
                          {.chunk_bytes = 1, .shard_bytes = 9, .task_chunks = {3, 3, 1}})
              .chunks == grid_index{3, 3, 1});
    CHECK(choose_sharding(morton_code({5, 1, 1}),
                          {.chunk_bytes = 1, .shard_bytes = 5, .task_chunks = {8, 1, 1}})
              .chunks == grid_index{5, 1, 1});
    const morton_code thin({4, 4, 1});
    CHECK(choose_sharding(thin, {.chunk_bytes = 1, .shard_bytes = 4, .task_chunks = {2, 2, 1}}).chunks ==
          grid_index{2, 2, 1});
    check_refused([&] { box_of_shard(grid, {shard_hash::murmurhash3_x86_128, 9, 6, 15}, 0); }, "no boxes");
    check_refused([&] { box_of_shard(grid, {shard_hash::identity, 9, 6, 14}, 0); }, "no boxes");
}

TEST_CASE("a shard by hand", "[shard]") {
    const scratch_folder in;
    write_shard(in.path, small_spec, 0, small_chunks);
    CHECK(file_bytes(in.path / "0.shard") == small_file);
    const folder_ranges files(in.path);
    shard_reader reader(files, small_spec, small_grid);
    for (std::uint64_t id = 0; id < 16; ++id) {
        bytes data;
        const auto known = small_chunks.find(id);
        CHECK(reader.read(id, 100, data) == (known != small_chunks.end()));
        if (known != small_chunks.end()) CHECK(data == known->second);
    }
}

TEST_CASE("shards of other writers", "[shard]") {
    // The index first, ids and data in descending order, a gap: offsets and ids that wrap around.
    const std::uint64_t minus = ~std::uint64_t{0};
    const bytes file = joined(
        {words({0, 48, 0, 0}), words({8, minus - 5, 52, minus - 6, 3, 4}), numbers({1, 2, 3, 4, 6, 7, 8})});
    check_reading(file, "4", 2);
    check_reading(file, "3", 8);
    check_reading(file, "absent", 4);
    check_reading(file, "absent", 3);
}

TEST_CASE("shards: round trips in any order", "[shard]") {
    const morton_code grid({9, 5, 3});
    for (const shard_hash hash : {shard_hash::identity, shard_hash::murmurhash3_x86_128})
        for (const compression index : {compression::none, compression::gzip})
            for (const compression data : {compression::none, compression::gzip})
                for (const unsigned bits : {0u, 1u, 2u, 3u}) {
                    const shard_spec spec{hash, bits, 3 - bits, 2 * bits, index, data};
                    const scratch_folder first, second;
                    chunks all;
                    for (std::uint64_t id = 0; id < 1u << grid.bits(); ++id)
                        if (grid.is_inside(grid.place_of(id)) && random_bits()() % 4 != 0)
                            all[id] = noise(random_bits()() % 200);
                    for (std::uint64_t shard = 0; shard < 1u << spec.shard_bits; ++shard) {
                        write_shard(first.path, spec, shard, all, false);
                        write_shard(second.path, spec, shard, all, true);
                        const std::string name = spec.file_of(shard);
                        REQUIRE(fs::exists(first.path / name) == fs::exists(second.path / name));
                        if (fs::exists(first.path / name))
                            CHECK(file_bytes(first.path / name) == file_bytes(second.path / name));
                    }
                    const folder_ranges files(second.path);
                    shard_reader reader(files, spec, grid, 500);
                    for (std::uint64_t id = 0; id < 1u << grid.bits(); ++id) {
                        bytes read;
                        CHECK(reader.has(id) == all.contains(id));
                        CHECK(reader.read(id, 200, read) == all.contains(id));
                        if (all.contains(id)) CHECK(read == all[id]);
                    }
                }
}

TEST_CASE("shards: damage is refused and named", "[shard]") {
    for (std::size_t n = 0; n < 87; ++n) {
        const bytes cut(small_file.begin(), small_file.begin() + static_cast<std::ptrdiff_t>(n));
        INFO(n);
        CHECK(text_of_reading(cut).size() > 10);
    }
    check_reading(bytes(31), "the file has 31 bytes, fewer than the shard's index");
    check_reading(bytes(32), "absent");
    check_reading(small_file_with(0, 56), "minishard 0: its index, bytes 56 to 55, lies outside of the file");
    check_reading(small_file_with(8, 82), "minishard 0: its index, bytes 7 to 82, lies outside");
    check_reading(small_file_with(8, 54), "an index of 47 bytes, no multiple of 24");
    check_reading(small_file_with(8, ~std::uint64_t{0}), "lies outside of the file");
    check_reading(small_file_with(39, 3), "minishard 0: chunk 3 does not belong there");
    check_reading(small_file_with(39, 16), "minishard 0: chunk 16 does not belong there");
    check_reading(small_file_with(47, 0), "minishard 0: chunk 2 is there twice");
    check_reading(small_file_with(55, 100),
                  "minishard 0: chunk 2 of 4 bytes at 100 lies outside of the file");
    check_reading(small_file_with(71, 82), "chunk 2 of 82 bytes at 0 lies outside");
    check_reading(small_file_with(71, ~std::uint64_t{0}), "lies outside");
    check_reading(small_file_with(79, 78), "chunk 8 of 78 bytes at 4 lies outside");
    bytes long_file = small_file_with(71, 101);
    long_file.resize(200);
    check_reading(long_file, "chunk 2 has 101 bytes, more than the 100 that are possible");
    shard_spec packed = small_spec;
    packed.data_encoding = compression::gzip;
    check_reading(small_file, "chunk 2: the gzip file is damaged", 2, packed);
    packed.index_encoding = compression::gzip;
    check_reading(small_file, "minishard 0: the gzip file is damaged", 2, packed);
}

TEST_CASE("shards: a chunk outside of the grid", "[shard]") {
    const scratch_folder in;
    write_bytes(in.path / "0.shard", joined({words({0, 24, 0, 0}), words({12, 0, 0})}));
    const folder_ranges files(in.path);
    CHECK(shard_reader(files, small_spec, morton_code({13, 1, 1})).has(12));
    check_refused(
        [&] {
            shard_reader(files, small_spec, morton_code({12, 1, 1})).has(2);
        },
        "chunk 12 does not belong there");
}

TEST_CASE("shards: an index that unpacks to more than it may", "[shard]") {
    bytes index;
    compress(compression::gzip, 9, bytes(24 * 40000), index);
    shard_spec packed = small_spec;
    packed.index_encoding = compression::gzip;
    check_reading(joined({words({0, index.size(), 0, 0}), index}), "holds more than the 192 bytes", 2,
                  packed);
}

TEST_CASE("shards: what cannot be read is not taken for missing", "[shard]") {
    const scratch_folder in;
    const folder_ranges files(in.path), nowhere(in.path / "file");
    bytes data;
    CHECK(!shard_reader(files, small_spec, small_grid).read(2, 100, data));
    fs::create_directory(in.path / "0.shard");
    check_refused([&] { shard_reader(files, small_spec, small_grid).read(2, 100, data); },
                  "is no regular file");
    write_text(in.path / "file", "");
    check_refused([&] { shard_reader(nowhere, small_spec, small_grid).has(2); }, "0.shard: cannot be read");
}

TEST_CASE("shards: the cache is bounded, and right", "[shard]") {
    const scratch_folder in;
    const morton_code grid({16, 16, 4});
    const shard_spec spec{shard_hash::identity, 2, 6, 2, compression::gzip, compression::none};
    chunks all;
    for (std::uint64_t id = 0; id < 1024; ++id) all[id] = noise(id % 50);
    for (std::uint64_t shard = 0; shard < 4; ++shard) write_shard(in.path, spec, shard, all);
    const folder_ranges files(in.path);
    for (const std::size_t memory : {std::size_t{0}, std::size_t{2000}, std::size_t{1} << 20}) {
        shard_reader reader(files, spec, grid, memory);
        std::vector<std::thread> threads;
        std::atomic<int> wrong{0};
        for (std::uint64_t seed = 0; seed < 3; ++seed)
            threads.emplace_back([&, seed] {
                std::mt19937_64 engine(seed);
                bytes data;
                for (int i = 0; i < 500; ++i) {
                    const std::uint64_t id = engine() % 1024;
                    if (!reader.read(id, 50, data) || data != all.at(id)) ++wrong;
                }
            });
        for (std::thread& thread : threads) thread.join();
        CHECK(wrong == 0);
    }
}

TEST_CASE("shards: indices are read once while the cache holds them", "[shard]") {
    class counting_ranges final : public range_source {
    public:
        explicit counting_ranges(const fs::path& folder) : files_(folder) {}
        std::string text_of(const std::string& name) const override { return files_.text_of(name); }
        std::optional<std::uint64_t> size_of(const std::string& name) const override {
            return files_.size_of(name);
        }
        void read(const std::string& name, std::uint64_t offset, std::span<std::byte> to) const override {
            ++reads;
            files_.read(name, offset, to);
        }
        mutable int reads = 0;

    private:
        folder_ranges files_;
    };
    const scratch_folder in;
    write_shard(in.path, small_spec, 0, small_chunks);
    for (const auto& [memory, expected] : {std::pair{std::size_t{0}, 40}, {std::size_t{4096}, 4}}) {
        const counting_ranges files(in.path);
        shard_reader reader(files, small_spec, small_grid, memory);
        for (int i = 0; i < 10; ++i) CHECK((reader.has(2) && reader.has(3)));
        CHECK(files.reads == expected);
        CHECK((reader.has(2) && reader.has(8)));  // of one minishard: the last one is kept
        CHECK(files.reads == expected + (memory == 0 ? 2 : 0));
    }
}

TEST_CASE("shards: what a writer refuses", "[shard]") {
    const scratch_folder in;
    const shard_spec spec{shard_hash::identity, 1, 1, 1, compression::none, compression::none};
    {
        shard_writer writer(spec, 1, in.path, in.path);
        check_refused([&] { writer.add(3, numbers({1})); }, "chunk 3 belongs to another shard than 1.shard");
        writer.add(4, numbers({1}));
        writer.add(4, numbers({1}));
        check_refused([&] { writer.finish(); }, "chunk 4 came twice for 1.shard");
    }
    CHECK(fs::is_empty(in.path));
    std::string text;
    try {
        shard_writer(spec, 1, in.path, in.path / "nowhere");
    } catch (const shard_write_error& problem) {
        text = problem.what();
    }
    CHECK(text == (in.path / "1.shard").string() + ": cannot be written: No such file or directory");
}

TEST_CASE("shards: a file is whole, replaced, or gone", "[shard]") {
    const scratch_folder in;
    write_text(in.path / "0.shard", "before");
    {
        shard_writer writer(small_spec, 0, in.path, in.path);
        writer.add(2, numbers({1}));
    }
    CHECK(read_text(in.path / "0.shard") == "before");
    write_shard(in.path, small_spec, 0, small_chunks, true);
    CHECK(file_bytes(in.path / "0.shard") == small_file);
    CHECK(std::distance(fs::directory_iterator(in.path), {}) == 1);
    write_shard(in.path, small_spec, 0, {});
    CHECK(fs::is_empty(in.path));
}

TEST_CASE("shards: chunks from several threads", "[shard]") {
    const scratch_folder in;
    const shard_spec spec{shard_hash::murmurhash3_x86_128, 0, 4, 0, compression::gzip, compression::gzip};
    chunks all;
    for (std::uint64_t id = 0; id < 200; ++id) all[id] = noise(3000);
    write_shard(in.path, spec, 0, all);
    const bytes expected = file_bytes(in.path / "0.shard");
    shard_writer writer(spec, 0, in.path, in.path);
    std::vector<std::thread> threads;
    for (std::uint64_t first = 0; first < 4; ++first)
        threads.emplace_back([&, first] {
            for (std::uint64_t id = first; id < 200; id += 4) writer.add(id, all.at(id));
        });
    for (std::thread& thread : threads) thread.join();
    writer.finish(true);
    CHECK(file_bytes(in.path / "0.shard") == expected);
}
