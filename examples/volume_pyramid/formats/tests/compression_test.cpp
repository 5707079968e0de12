// SPDX-License-Identifier: BSL-1.0
#include "formats/compression.hpp"

#include <algorithm>

#include "format_cases.hpp"
#include "formats/little_endian.hpp"

using namespace formats;
using namespace cases;

namespace {

constexpr compression all[] = {compression::none, compression::gzip, compression::brotli, compression::zstd};

bytes packed(compression kind, const bytes& data, int level = -1) {
    bytes file;
    compress(kind, level < 0 ? levels_of(kind).usual : level, data, file);
    CHECK(file.size() <= compressed_bound(kind, data.size()));
    return file;
}

bytes unpacked(compression kind, const bytes& file, std::size_t most) {
    bytes data;
    decompress(kind, file, most, data);
    CHECK(data.size() <= most);
    return data;
}

// f(kind) for each whose library is there, but none.
template <class F>
void for_each_packer(F&& f) {
    for (const compression kind : all)
        if (kind != compression::none && is_available(kind)) {
            INFO(name_of(kind));
            f(kind);
        }
}

bytes repeated(std::size_t n) {
    bytes data(n);
    for (std::size_t i = 0; i < n; ++i) data[i] = static_cast<std::byte>(i / 7 % 50);
    return data;
}

}  // namespace

TEST_CASE("compression: names", "[compression]") {
    for (const compression kind : all) {
        CHECK(compression_of(name_of(kind)) == kind);
        CHECK(compression_of_file("0-64_0-64_0-16" + std::string(suffix_of(kind))) == kind);
    }
    CHECK(compression_of_file("a.zst") == compression::zstd);
    CHECK(suffix_of(compression::zstd) == ".zstd");
    check_refused([] { compression_of("xz"); }, "the compression is 'xz'; none, gzip, br and zstd");
}

TEST_CASE("compression: round trips", "[compression]") {
    for (const compression kind : all) {
        if (!is_available(kind)) continue;
        for (const std::size_t n : {0u, 1u, 100u, 5000u, 300000u})
            for (const bool random : {false, true}) {
                const bytes data = random ? noise(n) : repeated(n);
                const level_range levels = levels_of(kind);
                for (const int level : {levels.lowest, levels.usual, levels.highest}) {
                    INFO(name_of(kind) << " " << level << ", " << n << " bytes");
                    const bytes file = packed(kind, data, level);
                    CHECK(unpacked(kind, file, n) == data);
                    CHECK(unpacked(kind, file, n + 1000) == data);
                    CHECK(file == packed(kind, data, level));
                    bytes exact(n);
                    decompress_exactly(kind, file, exact);
                    CHECK(exact == data);
                }
            }
    }
}

TEST_CASE("compression: levels", "[compression]") {
    for_each_packer([](compression kind) {
        for (const int level : {levels_of(kind).lowest - 1, levels_of(kind).highest + 1}) {
            bytes file;
            check_refused([&] { compress(kind, level, repeated(9), file); },
                          "level of " + std::string(name_of(kind)) + " is " + std::to_string(level));
        }
    });
}

TEST_CASE("compression: what is damaged is refused", "[compression]") {
    for_each_packer([](compression kind) {
        const bytes data = repeated(3000), file = packed(kind, data);
        for (std::size_t n = 0; n < file.size(); ++n) {
            INFO(n);
            const bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n));
            CHECK(!accepts([&] { unpacked(kind, cut, 3000); }));
        }
        CHECK(!accepts([&] { unpacked(kind, joined({file, numbers({1})}), 3000); }));
        CHECK(!accepts([&] { unpacked(kind, joined({file, numbers({0, 0, 1})}), 3000); }));
        CHECK(!accepts([&] { unpacked(kind, noise(200), 3000); }));
        for (std::size_t i = 0; i < file.size(); ++i) {
            bytes changed = file;
            changed[i] ^= std::byte{1};
            // brotli has no check sum, and gzip's header says nothing of the data.
            bytes result = data;
            const bool good = accepts([&] { result = unpacked(kind, changed, 3000); });
            if (kind != compression::brotli && good) CHECK(result == data);
        }
    });
}

TEST_CASE("compression: no file makes more than is possible", "[compression]") {
    for_each_packer([](compression kind) {
        const bytes file = packed(kind, bytes(20000000));
        CHECK(file.size() < 100000);
        check_refused([&] { unpacked(kind, file, 1000); },
                      "holds more than the 1000 bytes that are possible");
        bytes exact(1000), longer(20000001);
        check_refused([&] { decompress_exactly(kind, file, exact); },
                      "more than 1000 bytes, but the chunk has 1000");
        check_refused([&] { decompress_exactly(kind, file, longer); },
                      "holds 20000000 bytes, but the chunk has");
    });
}

TEST_CASE("gzip: what gzip(1) takes", "[compression]") {
    const bytes first = repeated(100), second = repeated(70), zeros(600);
    const bytes members = joined({packed(compression::gzip, first), packed(compression::gzip, second)});
    CHECK(unpacked(compression::gzip, members, 170) == joined({first, second}));
    CHECK(unpacked(compression::gzip, joined({members, zeros}), 500) == joined({first, second}));
    CHECK(!accepts([&] { unpacked(compression::gzip, members, 169); }));
    CHECK(looks_like_gzip(members));
    CHECK(!looks_like_gzip(numbers({0x1f, 0x8b})));
    CHECK(!looks_like_gzip(first));
}

TEST_CASE("gzip: a file of Python's", "[compression]") {
    // gzip.compress(b"abcabcabc", 6, mtime=0)
    const bytes file = numbers({0x1f, 0x8b, 8,    0, 0,    0,    0,    0,    0, 3, 0x4b, 0x4c, 0x4a,
                                0x4e, 4,    0x23, 0, 0x18, 0x48, 0x2d, 0x46, 9, 0, 0,    0});
    CHECK(unpacked(compression::gzip, file, 9) == numbers({'a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c'}));
}

TEST_CASE("gzip: a size in the file that is false", "[compression]") {
    bytes file = packed(compression::gzip, repeated(5000));
    store(file.data() + file.size() - 4, 0xffffffffu);
    CHECK(!accepts([&] { unpacked(compression::gzip, file, std::size_t{1} << 40); }));
}
