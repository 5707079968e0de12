// SPDX-License-Identifier: BSL-1.0
#include "formats/array_shards.hpp"

#include <fstream>

#include "format_cases.hpp"
#include "formats/array_chunks.hpp"
#include "formats/crc32c.hpp"
#include "formats/little_endian.hpp"
#include "test_files.hpp"

using namespace formats;
using namespace cases;

namespace {

namespace fs = std::filesystem;

bytes words(std::initializer_list<std::uint64_t> values) {
    return bytes_of(std::vector<std::uint64_t>(values));
}

bytes with_crc(const bytes& data) {
    bytes sum(4);
    store(sum.data(), crc32c(data));
    return joined({data, sum});
}

bytes file_bytes(const fs::path& path) {
    const std::string text = read_text(path);
    return bytes_of(std::vector<char>(text.begin(), text.end()));
}

constexpr std::uint64_t none = ~std::uint64_t{0};

// What a reader makes of this file.
std::string text_of_reading(const bytes& file, const array_shard_form& form, std::uint64_t chunk) {
    const scratch_folder in;
    std::ofstream(in.path / "0", std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
    const folder_ranges files(in.path);
    array_shard_reader reader(files, form, 1000);
    bytes data;
    try {
        return reader.read("0", chunk, 100, data) ? std::to_string(data.size()) : "absent";
    } catch (const format_error& problem) {
        const std::string text = problem.what();
        CHECK(text.find((in.path / "0").string() + ": ") == 0);
        return text;
    }
}

void check_reading(const bytes& file, const array_shard_form& form, std::uint64_t chunk,
                   const std::string& words) {
    const std::string text = text_of_reading(file, form, chunk);
    INFO("expected: " << words << "\nthe text: " << text);
    CHECK(text.find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("crc32c", "[shard]") {
    const std::string digits = "123456789";
    CHECK(crc32c(bytes_of(std::vector<char>(digits.begin(), digits.end()))) == 0xe3069283);
    CHECK(crc32c({}) == 0);
    CHECK(crc32c(bytes(32)) == 0x8a9136aa);  // of RFC 3720
    CHECK(crc32c(bytes(32, std::byte{255})) == 0x62a8ab43);
}

TEST_CASE("Zarr 3: a shard by hand", "[shard]") {
    // (64, 64) in chunks of (32, 32): (0, 0), (0, 1), (1, 0), (1, 1).
    const array_shard_form at_end{4, false, true};
    CHECK(at_end.index_bytes() == 68);
    const bytes index = words({0, 3, none, none, 3, 1, none, none});
    const bytes file = joined({numbers({1, 2, 3, 9}), with_crc(index)});
    const scratch_folder in;
    {
        array_shard_writer writer(at_end, in.path / "0", in.path);
        CHECK(writer.is_empty());
        writer.add(2, numbers({9}));
        writer.add(0, numbers({1, 2, 3}));
        writer.finish();
    }
    CHECK(file_bytes(in.path / "0") == file);
    const array_shard_form at_start{4, true, false};
    {
        array_shard_writer writer(at_start, in.path / "1", in.path);
        writer.add(0, numbers({1, 2, 3}));
        writer.add(2, numbers({9}));
        writer.finish();
    }
    CHECK(file_bytes(in.path / "1") ==
          joined({words({64, 3, none, none, 67, 1, none, none}), numbers({1, 2, 3, 9})}));
    check_reading(file, at_end, 0, "3");
    check_reading(file, at_end, 1, "absent");
    check_reading(file, at_end, 2, "1");
    check_reading(joined({numbers({5, 5}), with_crc(words({0, 2, none, none, 70, 1, none, none}))}), at_end,
                  0, "chunk 2 of 1 bytes at 70 lies outside of the file");
    CHECK(array_shard_form{4, true, false}.index_bytes() == 64);
    check_reading(joined({words({64, 2, none, none, 0, 64, 66, none}), numbers({7, 7})}), at_start, 0,
                  "chunk 3 of");
    check_reading(joined({words({64, 2, none, none, 0, 64, none, none}), numbers({7, 7})}), at_start, 2,
                  "64");
    {
        array_shard_writer writer(at_end, in.path / "0", in.path);
        writer.finish();
    }
    CHECK(!fs::exists(in.path / "0"));  // no chunk, no file
    array_shard_writer twice(at_end, in.path / "0", in.path);
    twice.add(1, numbers({1}));
    twice.add(1, numbers({1}));
    check_refused([&] { twice.finish(); }, "chunk 1 came twice for 0");
}

TEST_CASE("Zarr 3: shards that are damaged are refused", "[shard]") {
    const array_shard_form form{2, false, true};
    const bytes file = joined({numbers({1, 2, 3}), with_crc(words({0, 3, none, none}))});
    check_reading(file, form, 0, "3");
    for (std::size_t n = 0; n < file.size(); ++n) {
        const bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n));
        check_reading(cut, form, 0, n < 36 ? "fewer than the shard's index" : "the index is damaged");
    }
    for (std::size_t i = 3; i < file.size(); ++i) {
        bytes changed = file;
        changed[i] ^= std::byte{16};
        check_reading(changed, form, 1, "the index is damaged");
    }
    check_reading(joined({bytes(200), with_crc(words({0, 101, none, none}))}), form, 0,
                  "chunk 0 has 101 bytes, more than the 100 that are possible");
}

TEST_CASE("Zarr 3: chunks in shards", "[shard]") {
    array_wish wish;
    wish.family = array_family::zarr3;
    wish.axes = "czyx";
    wish.shape = {3, 9, 70, 50};
    wish.chunk = {1, 4, 16, 16};
    wish.shard = {2, 8, 64, 32};
    wish.compression = "none";
    const array_chunks chunks(new_array(wish));
    CHECK(chunks.parts() == 3);
    CHECK(chunks.shard_form().chunks == 2 * 2 * 4 * 2);
    CHECK(chunks.shard_form().index_has_crc);
    CHECK(!chunks.shard_form().index_at_start);
    const array_place place{2, 1, 4, 3};
    CHECK(chunks.shard_of(place) == array_place{1, 0, 1, 1});
    CHECK(chunks.number_in_shard(place) == ((0 * 2 + 1) * 4 + 0) * 2 + 1);
    CHECK(chunks.name_of(chunks.shard_of(place)) == "c/1/0/1/1");
    // Of a grid of 3, 3, 5, 4.
    CHECK(chunks.chunks_in({0, 0, 0, 0}) == 32);
    CHECK(chunks.chunks_in({1, 1, 1, 1}) == 1 * 1 * 1 * 2);
}
