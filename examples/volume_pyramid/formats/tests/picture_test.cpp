// SPDX-License-Identifier: BSL-1.0
// raw, jpeg and png, through the interface of all encodings.
#include <algorithm>
#include <cstdlib>

#include "format_cases.hpp"
#include "formats/chunk_encoding.hpp"

using namespace formats;
using namespace cases;

namespace {

bytes encoded(const chunk_encoding& encoding, const bytes& voxels, const chunk_shape& shape) {
    bytes file;
    encoding.encode(voxels, shape, file);
    CHECK(file.size() <= encoding.bound(shape));
    return file;
}

bytes decoded(const chunk_encoding& encoding, const bytes& file, const chunk_shape& shape) {
    bytes voxels(bytes_of(shape));
    encoding.decode(file, shape, voxels);
    return voxels;
}

#ifdef FORMATS_WITH_JPEG
int largest_difference(const bytes& a, const bytes& b) {
    int most = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        most = std::max(most, std::abs(std::to_integer<int>(a[i]) - std::to_integer<int>(b[i])));
    return most;
}
#endif

[[maybe_unused]] void check_cuts_are_refused(const chunk_encoding& encoding, const bytes& whole,
                                             const chunk_shape& shape) {
    for (std::size_t n = 0; n < whole.size(); ++n) {
        const bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
        INFO(n << " of " << whole.size());
        CHECK(!accepts([&] { decoded(encoding, cut, shape); }));
    }
    check_refused([&] { decoded(encoding, joined({whole, numbers({0})}), shape); }, "1 bytes behind its end");
}

}  // namespace

TEST_CASE("encodings by name", "[encoding]") {
    CHECK(make_encoding("RAW")->name() == "raw");
    CHECK(make_encoding("Compressed_Segmentation")->name() == "compressed_segmentation");
    check_refused([] { make_encoding("jxl"); }, "the encoding is 'jxl'; raw, jpeg, png");
    check_refused([] { make_encoding("raw", {.jpeg_quality = 101}); }, "quality of jpeg is 101");
    check_refused([] { make_encoding("raw", {.png_level = -1}); }, "level of png is -1");
    check_refused([] { make_encoding("raw", {.block = {8, 8, 0}}); }, "has an extent of 0");
    CHECK(sample_type_of("UInt16") == sample_type::uint16);
    check_refused([] { sample_type_of("float16"); }, "data_type is 'float16'");
}

TEST_CASE("the size of a chunk", "[encoding]") {
    CHECK(bytes_of(chunk_shape{{3, 4, 5}, 2, sample_type::uint64}) == 960);
    check_refused([] { bytes_of(chunk_shape{{3, 0, 5}, 2, sample_type::uint64}); }, "extent of 0");
    const std::size_t most = ~std::size_t{0};
    check_refused([&] { bytes_of(chunk_shape{{most, most, most}, most, sample_type::uint64}); }, "2^40");
}

TEST_CASE("raw", "[encoding]") {
    const auto raw = make_encoding("raw");
    const chunk_shape shape{{5, 3, 2}, 2, sample_type::uint16};
    const bytes voxels = noise(bytes_of(shape));
    CHECK(encoded(*raw, voxels, shape) == voxels);
    CHECK(decoded(*raw, voxels, shape) == voxels);
    check_refused([&] { decoded(*raw, noise(119), shape); }, "has 119 bytes, but the chunk has 120");
}

#ifdef FORMATS_WITH_JPEG
TEST_CASE("jpeg: round trips", "[jpeg]") {
    const std::size_t extents[] = {1, 2, 7, 8, 9, 33};
    for (const std::size_t channels : {std::size_t{1}, std::size_t{3}})
        for (const std::size_t x : extents)
            for (const std::size_t y : extents)
                for (const std::size_t z : {std::size_t{1}, std::size_t{3}}) {
                    const chunk_shape shape{{x, y, z}, channels, sample_type::uint8};
                    INFO(text_of(shape));
                    const auto best = make_encoding("jpeg", {.jpeg_quality = 100});
                    const bytes voxels = smooth(shape);
                    CHECK(largest_difference(decoded(*best, encoded(*best, voxels, shape), shape), voxels) <=
                          4);
                    const bytes gray(bytes_of(shape), std::byte{128});
                    const auto usual = make_encoding("jpeg");
                    CHECK(decoded(*usual, encoded(*usual, gray, shape), shape) == gray);
                    // The longest files.
                    encoded(*best, noise(bytes_of(shape)), shape);
                }
}

TEST_CASE("jpeg: voxels keep their places and channels theirs", "[jpeg]") {
    const chunk_shape shape{{16, 8, 4}, 3, sample_type::uint8};
    bytes voxels(bytes_of(shape), std::byte{10});
    // The blue of section 2, which is rows 16 to 23 of the picture, and blocks of its own.
    for (std::size_t i = 0; i < 128; ++i) voxels[2 * 512 + 2 * 128 + i] = std::byte{200};
    const auto jpeg = make_encoding("jpeg", {.jpeg_quality = 100});
    CHECK(largest_difference(decoded(*jpeg, encoded(*jpeg, voxels, shape), shape), voxels) <= 2);
}

TEST_CASE("jpeg: any width and height of so many pixels", "[jpeg]") {
    const auto jpeg = make_encoding("jpeg");
    const chunk_shape shape{{16, 8, 2}, 1, sample_type::uint8}, other{{4, 4, 16}, 1, sample_type::uint8};
    const bytes file = encoded(*jpeg, smooth(shape), shape);
    CHECK(decoded(*jpeg, file, shape) == decoded(*jpeg, file, other));
}

TEST_CASE("jpeg: quality", "[jpeg]") {
    const chunk_shape shape{{64, 64, 4}, 1, sample_type::uint8};
    const bytes voxels = noise(bytes_of(shape));
    std::size_t before = 0;
    for (const int quality : {0, 20, 75, 95, 100}) {
        const std::size_t size =
            encoded(*make_encoding("jpeg", {.jpeg_quality = quality}), voxels, shape).size();
        CHECK(size > before);
        before = size;
    }
}

TEST_CASE("jpeg: what is damaged is refused", "[jpeg]") {
    const auto jpeg = make_encoding("jpeg");
    for (const std::size_t channels : {std::size_t{1}, std::size_t{3}}) {
        const chunk_shape shape{{24, 10, 2}, channels, sample_type::uint8};
        const bytes whole = encoded(*jpeg, noise(bytes_of(shape)), shape);
        check_cuts_are_refused(*jpeg, whole, shape);
        const auto refused = [&](const chunk_shape& expected, const std::string& words) {
            check_refused([&] { decoded(*jpeg, whole, expected); }, words);
        };
        refused({{24, 10, 3}, channels, sample_type::uint8}, "has 24x20 pixels, but the chunk has 24x10x3");
        refused({{24, 10, 2}, 4 - channels, sample_type::uint8}, "channels, but the chunk has");
        check_refused([&] { decoded(*jpeg, noise(500), shape); }, "the jpeg picture is damaged");
        check_refused([&] { decoded(*jpeg, {}, shape); }, "the jpeg picture is damaged");
        // No byte changed may do harm; in the middle of the data libjpeg notices a false marker at most.
        for (std::size_t i = 0; i < whole.size(); ++i) {
            bytes file = whole;
            file[i] ^= std::byte{0xff};
            accepts([&] { decoded(*jpeg, file, shape); });
        }
        // A marker in the middle of the data: a warning to libjpeg, which goes on with grey.
        bytes file = whole;
        file[whole.size() / 2] = std::byte{0xff};
        file[whole.size() / 2 + 1] = std::byte{0xd9};
        check_refused([&] { decoded(*jpeg, file, shape); }, "the jpeg picture is damaged");
    }
}

TEST_CASE("jpeg: what it cannot hold is refused", "[jpeg]") {
    const auto jpeg = make_encoding("jpeg");
    check_refused(
        [&] {
            jpeg->check({{8, 8, 8}, 1, sample_type::uint16});
        },
        "jpeg holds uint8 of 1 or 3 channels, not 8x8x8 voxels of uint16");
    check_refused([&] { jpeg->check({{8, 8, 8}, 2, sample_type::uint8}); }, "of 2 uint8");
    check_refused([&] { jpeg->check({{8, 256, 256}, 1, sample_type::uint8}); }, "65536 rows (y * z) of 8");
    jpeg->check({{8, 65500, 1}, 1, sample_type::uint8});
    CHECK(jpeg->is_lossy());
}
#endif

#ifdef FORMATS_WITH_PNG
TEST_CASE("png: round trips", "[png]") {
    const std::size_t extents[] = {1, 2, 9, 40};
    for (const sample_type type : {sample_type::uint8, sample_type::uint16})
        for (std::size_t channels = 1; channels <= 4; ++channels)
            for (const std::size_t x : extents)
                for (const std::size_t y : extents)
                    for (const int level : {0, 1, 6, 9}) {
                        const chunk_shape shape{{x, y, 3}, channels, type};
                        INFO(text_of(shape) << ", level " << level);
                        const auto png = make_encoding("PNG", {.png_level = level});
                        const bytes voxels = noise(bytes_of(shape));
                        CHECK(decoded(*png, encoded(*png, voxels, shape), shape) == voxels);
                    }
}

TEST_CASE("png: large pictures of noise keep the bound", "[png]") {
    for (const int level : {0, 1, 9}) {
        const chunk_shape shape{{64, 64, 64}, 1, sample_type::uint16};
        encoded(*make_encoding("png", {.png_level = level}), noise(bytes_of(shape)), shape);
    }
    const chunk_shape thin{{1, 3000, 500}, 1, sample_type::uint8};
    encoded(*make_encoding("png", {.png_level = 0}), noise(bytes_of(thin)), thin);
}

TEST_CASE("png: what is damaged is refused", "[png]") {
    const auto png = make_encoding("png");
    for (const sample_type type : {sample_type::uint8, sample_type::uint16}) {
        const chunk_shape shape{{12, 5, 2}, 3, type};
        const bytes whole = encoded(*png, noise(bytes_of(shape)), shape);
        check_cuts_are_refused(*png, whole, shape);
        const auto refused = [&](const chunk_shape& expected, const std::string& words) {
            check_refused([&] { decoded(*png, whole, expected); }, words);
        };
        const bool wide = type == sample_type::uint16;
        refused({{12, 5, 2}, 3, wide ? sample_type::uint8 : sample_type::uint16},
                wide ? "3 channels of 16 bits, but the chunk has 12x5x2 voxels of 3 uint8"
                     : "3 channels of 8 bits");
        refused({{12, 5, 2}, 4, type}, "3 channels of");
        refused({{13, 5, 2}, 3, type}, "has 12x10 pixels, but the chunk has 13x5x2");
        refused({{2, 2, 1}, 3, type}, "the png picture is damaged");  // larger than is looked at
        // Every byte is under a check sum.
        for (std::size_t i = 0; i < whole.size(); ++i) {
            bytes file = whole;
            file[i] ^= std::byte{0x10};
            INFO(i);
            CHECK(!accepts([&] { decoded(*png, file, shape); }));
        }
        check_refused([&] { decoded(*png, noise(500), shape); }, "the png picture is damaged");
    }
}

TEST_CASE("png: files of another writer, two voxels each", "[png]") {
    const auto png = make_encoding("png");
    const chunk_shape shape{{2, 1, 1}, 1, sample_type::uint8};
    const bytes plain = numbers(
        {137, 80, 78, 71, 13, 10, 26,  10,  0,  0,   0, 13, 73, 72, 68, 82, 0,  0,  0,   2,   0,  0,  0,
         1,   8,  0,  0,  0,  0,  209, 73,  32, 86,  0, 0,  0,  11, 73, 68, 65, 84, 120, 218, 99, 96, 100,
         0,   0,  0,  5,  0,  2,  66,  194, 68, 159, 0, 0,  0,  0,  73, 69, 78, 68, 174, 66,  96, 130});
    const bytes with_text_and_gamma = numbers(
        {137, 80,  78,  71,  13,  10,  26,  10,  0,   0,  0,  13, 73, 72,  68,  82,  0,   0,   0,  2,   0,
         0,   0,   1,   8,   0,   0,   0,   0,   209, 73, 32, 86, 0,  0,   0,   7,   116, 69,  88, 116, 84,
         105, 116, 108, 101, 0,   120, 41,  126, 77,  58, 0,  0,  0,  4,   103, 65,  77,  65,  0,  0,   177,
         143, 11,  252, 97,  5,   0,   0,   0,   11,  73, 68, 65, 84, 120, 218, 99,  96,  100, 0,  0,   0,
         5,   0,   2,   66,  194, 68,  159, 0,   0,   0,  0,  73, 69, 78,  68,  174, 66,  96,  130});
    const bytes palette = numbers(
        {137, 80, 78, 71,  13,  10,  26,  10,  0,   0,   0,   13, 73, 72, 68, 82,  0,   0,  0,  2,   0, 0,
         0,   1,  8,  3,   0,   0,   0,   195, 252, 143, 184, 0,  0,  0,  6,  80,  76,  84, 69, 1,   2, 3,
         9,   9,  9,  161, 129, 174, 134, 0,   0,   0,   11,  73, 68, 65, 84, 120, 218, 99, 96, 100, 0, 0,
         0,   5,  0,  2,   66,  194, 68,  159, 0,   0,   0,   0,  73, 69, 78, 68,  174, 66, 96, 130});
    const bytes interlaced = numbers(
        {137, 80, 78, 71, 13, 10,  26,  10, 0,   0, 0, 13, 73, 72, 68, 82, 0,  0,   0,   2,  0,  0,   0,  1,
         8,   0,  0,  0,  1,  166, 78,  16, 192, 0, 0, 0,  12, 73, 68, 65, 84, 120, 218, 99, 96, 100, 96, 0,
         0,   0,  7,  0,  2,  215, 239, 10, 224, 0, 0, 0,  0,  73, 69, 78, 68, 174, 66,  96, 130});
    const bytes too_much =
        numbers({137, 80,  78,  71,  13, 10,  26,  10, 0,  0,   0,  13,  73,  72,  68, 82, 0,  0,
                 0,   2,   0,   0,   0,  1,   8,   0,  0,  0,   0,  209, 73,  32,  86, 0,  0,  0,
                 14,  73,  68,  65,  84, 120, 218, 99, 96, 100, 96, 103, 103, 7,   0,  0,  53, 0,
                 23,  102, 159, 158, 81, 0,   0,   0,  0,  73,  69, 78,  68,  174, 66, 96, 130});
    const bytes too_little = numbers(
        {137, 80, 78, 71, 13, 10,  26,  10,  0,   0,  0, 13, 73, 72, 68, 82, 0,  0,   0,   2,   0,  0,  0,
         1,   8,  0,  0,  0,  0,   209, 73,  32,  86, 0, 0,  0,  10, 73, 68, 65, 84,  120, 218, 99, 96, 4,
         0,   0,  3,  0,  2,  230, 125, 167, 103, 0,  0, 0,  0,  73, 69, 78, 68, 174, 66,  96,  130});
    CHECK(decoded(*png, plain, shape) == numbers({1, 0}));
    CHECK(decoded(*png, with_text_and_gamma, shape) == numbers({1, 0}));
    check_refused([&] { decoded(*png, palette, shape); }, "has a palette");
    check_refused([&] { decoded(*png, interlaced, shape); }, "is interlaced");
    check_refused([&] { decoded(*png, too_much, shape); }, "the png picture is damaged");
    check_refused([&] { decoded(*png, too_little, shape); }, "the png picture is damaged");
}

TEST_CASE("png: what it cannot hold is refused", "[png]") {
    const auto png = make_encoding("png");
    check_refused(
        [&] {
            png->check({{8, 8, 8}, 1, sample_type::int16});
        },
        "png holds uint8 or uint16 of 1 to 4 channels, not 8x8x8 voxels of int16");
    check_refused([&] { png->check({{8, 8, 8}, 5, sample_type::uint8}); }, "of 5 uint8");
    check_refused([&] { png->check({{1, 1 << 16, 1 << 15}, 1, sample_type::uint8}); }, "less than 2^31 rows");
    CHECK(!png->is_lossy());
}
#endif
