// SPDX-License-Identifier: BSL-1.0
#include "formats/compressed_segmentation.hpp"

#include <algorithm>

#include "format_cases.hpp"
#include "formats/little_endian.hpp"

using namespace formats;
using namespace cases;

namespace {

using words = std::vector<std::uint32_t>;

chunk_shape shape_of(std::size_t x, std::size_t y, std::size_t z, sample_type type,
                     std::size_t channels = 1) {
    return {{x, y, z}, channels, type};
}

bytes encoded(const bytes& voxels, const chunk_shape& shape, const block_extent& block) {
    bytes file;
    encode_compressed_segmentation(voxels, shape, block, file);
    return file;
}

bytes decoded(const bytes& file, const chunk_shape& shape, const block_extent& block) {
    bytes voxels(bytes_of(shape));
    decode_compressed_segmentation(file, shape, block, voxels);
    return voxels;
}

void check_file(const bytes& voxels, const chunk_shape& shape, const block_extent& block, const words& file) {
    CHECK(encoded(voxels, shape, block) == bytes_of(file));
    CHECK(decoded(bytes_of(file), shape, block) == voxels);
}

void check_round_trip(const bytes& voxels, const chunk_shape& shape, const block_extent& block) {
    const bytes file = encoded(voxels, shape, block);
    CHECK(file.size() <= compressed_segmentation_bound(shape, block));
    CHECK(decoded(file, shape, block) == voxels);
}

const std::vector<std::uint64_t> two_blocks{4, 3, 5, 4, 1, 3, 3, 3};

}  // namespace

TEST_CASE("compressed_segmentation: files by hand", "[compressed_segmentation]") {
    const block_extent block{2, 2, 1};
    check_file(bytes_of(two_blocks), shape_of(2, 2, 2, sample_type::uint64), block,
               {1, 0x02000005, 4, 0x0100000c, 0xb, 0x61, 3, 0, 4, 0, 5, 0, 0xe, 1, 0, 3, 0});
    check_file(bytes_of(std::vector<std::uint32_t>(two_blocks.begin(), two_blocks.end())),
               shape_of(2, 2, 2, sample_type::uint32), block,
               {1, 0x02000005, 4, 0x01000009, 8, 0x61, 3, 4, 5, 0xe, 1, 3});
    check_file(bytes_of(std::vector<std::uint64_t>{7, 7, 9, 7, 7, 9}), shape_of(3, 2, 1, sample_type::uint64),
               block, {1, 4, 4, 6, 6, 7, 0, 9, 0});
}

TEST_CASE("compressed_segmentation: several channels by hand", "[compressed_segmentation]") {
    check_file(bytes_of(std::vector<std::uint32_t>{7, 7, 7, 7, 8, 9, 8, 8}),
               shape_of(2, 2, 1, sample_type::uint32, 2), {2, 2, 1}, {2, 5, 2, 2, 7, 0x01000003, 2, 2, 8, 9});
}

TEST_CASE("compressed_segmentation: other writers' orders are read", "[compressed_segmentation]") {
    const chunk_shape shape = shape_of(3, 2, 1, sample_type::uint32);
    // The tables first, not sorted, shared by both blocks; the padding of the second holds other values.
    const words file{1, 0x01000004, 6, 0x01000004, 7, 9, 7, 0x3, 0xe};
    CHECK(decoded(bytes_of(file), shape, {2, 2, 1}) ==
          bytes_of(std::vector<std::uint32_t>{7, 7, 9, 9, 9, 7}));
}

TEST_CASE("compressed_segmentation: tables are written once", "[compressed_segmentation]") {
    const chunk_shape shape = shape_of(8, 2, 1, sample_type::uint32);
    const std::vector<std::uint32_t> row{5, 6, 6, 5, 9, 9, 5, 6};
    std::vector<std::uint32_t> voxels = row;
    voxels.insert(voxels.end(), row.begin(), row.end());
    // 1, headers of 4 blocks, values of 3, tables {5, 6} and {9}.
    CHECK(encoded(bytes_of(voxels), shape, {2, 2, 1}).size() == 4 * (1 + 8 + 3 + 3));
}

TEST_CASE("compressed_segmentation: round trips", "[compressed_segmentation]") {
    const std::size_t extents[] = {1, 2, 7, 8, 9, 17};
    const block_extent blocks[] = {{8, 8, 8}, {1, 1, 1}, {3, 5, 2}, {16, 16, 2}, {64, 1, 1}};
    for (int i = 0; i < 400; ++i) {
        const auto any = [&](const auto& of) { return of[random_bits()() % std::size(of)]; };
        const sample_type type = i % 2 == 0 ? sample_type::uint32 : sample_type::uint64;
        const chunk_shape shape =
            shape_of(any(extents), any(extents), any(extents), type, 1 + random_bits()() % 3);
        const block_extent block = any(blocks);
        const std::size_t n = voxels_of(shape) * shape.channels, count = 1 + random_bits()() % 40;
        INFO(text_of(shape) << ", blocks of " << block[0] << " " << block[1] << " " << block[2]);
        if (type == sample_type::uint32)
            check_round_trip(bytes_of(labels<std::uint32_t>(n, count, 0xffffff00)), shape, block);
        else
            check_round_trip(bytes_of(labels<std::uint64_t>(n, count, 0xffffffffffffff00)), shape, block);
    }
}

TEST_CASE("compressed_segmentation: every number of bits", "[compressed_segmentation]") {
    const chunk_shape shape = shape_of(65, 64, 16, sample_type::uint64);
    const block_extent block{65, 64, 16};
    const std::pair<std::size_t, unsigned> all[] = {{1, 0},    {2, 1},      {3, 2},     {4, 2},
                                                    {5, 4},    {16, 4},     {17, 8},    {256, 8},
                                                    {257, 16}, {65536, 16}, {65537, 32}};
    for (const auto& [count, bits] : all) {
        INFO(count);
        // Above 2^53, which doubles do not hold.
        const bytes voxels =
            bytes_of(labels<std::uint64_t>(voxels_of(shape), count, (std::uint64_t{1} << 53) + 1));
        const bytes file = encoded(voxels, shape, block);
        CHECK(load<std::uint32_t>(file.data() + 4) >> 24 == bits);
        CHECK(decoded(file, shape, block) == voxels);
    }
}

TEST_CASE("compressed_segmentation: what is damaged is refused", "[compressed_segmentation]") {
    const block_extent block{2, 2, 1};
    const chunk_shape shape = shape_of(2, 2, 2, sample_type::uint64);
    const bytes whole = encoded(bytes_of(two_blocks), shape, block);
    const auto refused = [&](const bytes& file, const std::string& words_of_it) {
        check_refused([&] { decoded(file, shape, block); }, words_of_it);
    };
    const auto changed = [&](std::size_t word, std::uint32_t value) {
        bytes file = whole;
        store(file.data() + 4 * word, value);
        return file;
    };
    for (std::size_t n = 0; n < whole.size(); ++n) {
        INFO(n);
        CHECK(!accepts(
            [&] { decoded(bytes(whole.begin(), whole.begin() + static_cast<int>(n)), shape, block); }));
    }
    refused(joined({whole, numbers({0, 0, 0, 0})}), "at its end that no block uses");
    refused(joined({whole, numbers({0})}), "no whole number of words");
    refused(changed(0, 2), "channel 0: begins at word 2");
    refused(changed(1, 0x03000005), "block 0,0,0: values of 3 bits do not exist");
    refused(changed(1, 0x0200000f), "block 0,0,0: its table begins at word 15 of 16");
    refused(changed(1, 0x0200000c), "block 0,0,0: the value 2 is outside, with 2 labels from word 12 on");
    refused(changed(4, 16), "block 0,0,1: its values, 1 words from word 16 on, do not fit into 16");
    refused(changed(4, 0xffffffff), "its values, 1 words from word 4294967295 on");
    refused({}, "too short for the channels' offsets");
    refused(numbers({1, 0, 0, 0}), "too short for the headers");
    check_refused([&] { decoded(whole, shape_of(2, 2, 2, sample_type::uint64, 2), block); },
                  "channel 0: begins");
}

TEST_CASE("compressed_segmentation: channels out of place", "[compressed_segmentation]") {
    const chunk_shape shape = shape_of(2, 2, 1, sample_type::uint32, 2);
    check_refused(
        [&] {
            decoded(bytes_of(words{2, 1, 2, 2, 7, 2, 2, 8}), shape, {2, 2, 1});
        },
        "channel 0: begins at word 2, behind its end at word 1");
    check_refused(
        [&] {
            decoded(bytes_of(words{2, 9, 2, 2, 7, 2, 2, 8}), shape, {2, 2, 1});
        },
        "channel 1: begins at word 9, behind its end at word 8");
}

TEST_CASE("compressed_segmentation: any word changed is no fault", "[compressed_segmentation]") {
    const chunk_shape shape = shape_of(9, 7, 5, sample_type::uint32);
    const bytes whole = encoded(bytes_of(labels<std::uint32_t>(voxels_of(shape), 30, 1)), shape, {4, 4, 4});
    for (std::size_t word = 0; word < whole.size() / 4; ++word)
        for (const std::uint32_t value : {0u, 1u, 0x20000000u, 0x10ffffffu, 0xffffffffu}) {
            bytes file = whole;
            store(file.data() + 4 * word, value);
            accepts([&] { decoded(file, shape, {4, 4, 4}); });
        }
}

TEST_CASE("compressed_segmentation: what it cannot hold is refused", "[compressed_segmentation]") {
    check_refused(
        [] {
            check_compressed_segmentation(shape_of(2, 2, 2, sample_type::uint16), {8, 8, 8});
        },
        "holds uint32 and uint64, not 2x2x2 voxels of uint16");
    check_refused(
        [] {
            check_compressed_segmentation(shape_of(2, 2, 2, sample_type::uint32), {8, 0, 8});
        },
        "has an extent of 0");
    check_refused(
        [] {
            check_compressed_segmentation(shape_of(2, 2, 2, sample_type::uint32), {4096, 4096, 2});
        },
        "more than 2^24 voxels");
    const chunk_shape large = shape_of(256, 256, 65, sample_type::uint64, 2);  // each channel alone would do
    std::vector<std::uint64_t> voxels(2 * voxels_of(large));
    for (std::size_t i = 0; i < voxels.size(); ++i) voxels[i] = i;
    check_refused([&] { encoded(bytes_of(voxels), large, {8, 8, 8}); }, "takes 2^24 words (64 MiB) or more");
}
