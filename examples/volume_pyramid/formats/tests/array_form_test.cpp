// SPDX-License-Identifier: BSL-1.0
#include "formats/array_form.hpp"

#include <cmath>

#include "array_cases.hpp"
#include "formats/little_endian.hpp"

using namespace formats;
using namespace cases;

namespace {

using extents = std::vector<std::uint64_t>;

array_form zarr2(const std::string& more = "{}") { return parse_zarr2(zarray(more), "zyx"); }

void check_zarr2_refused(const std::string& more, const std::string& words) {
    INFO(more);
    check_refused([&] { zarr2(more); }, words);
}

}  // namespace

TEST_CASE("Zarr 2: what an array says of itself", "[array]") {
    const array_form form = zarr2();
    CHECK(form.family == array_family::zarr2);
    CHECK(form.shape == extents{9, 70, 50});
    CHECK(form.chunk == extents{4, 32, 16});
    CHECK(form.shard.empty());
    CHECK(form.type == sample_type::uint16);
    CHECK(!form.is_bool);
    CHECK(form.fill == numbers({0, 0}));
    CHECK(compression_text(form) == "none");
    check_comes_back(form);
    CHECK(axes_of(array_family::zarr2, zarray()) == 3);
    CHECK(zarr2() == form);
    CHECK(!(zarr2(R"({"order": "F"})") == form));
    // What a reader need not know is no part of the form.
    CHECK(zarr2(R"({"of_others": 1, "filters": []})") == form);
    check_refused([] { parse_zarr2(zarray(), "yx"); }, "has 3 dimensions, not the 2 of 'yx'");
    check_refused([] { parse_zarr2(zarray(), "zyz"); }, "the axes are 'zyz'");
    check_refused([] { parse_zarr2(zarray(), "zyc"); }, "x and y have to be there");
}

TEST_CASE("Zarr 2: types and their fill values", "[array]") {
    const auto type_of = [](const std::string& dtype) {
        return zarr2(R"({"dtype": ")" + dtype + "\"}").type;
    };
    CHECK(type_of("|u1") == sample_type::uint8);
    CHECK(type_of("|i1") == sample_type::int8);
    CHECK(type_of(">u2") == sample_type::uint16);
    CHECK(type_of("<i2") == sample_type::int16);
    CHECK(type_of("<u4") == sample_type::uint32);
    CHECK(type_of(">i4") == sample_type::int32);
    CHECK(type_of("<u8") == sample_type::uint64);
    CHECK(type_of("<i8") == sample_type::int64);
    CHECK(type_of("<f4") == sample_type::float32);
    CHECK(type_of(">f8") == sample_type::float64);
    CHECK(zarr2(R"({"dtype": "|b1", "fill_value": true})").is_bool);
    const auto fill_of = [](const std::string& dtype, const std::string& value) {
        return zarr2(R"({"dtype": ")" + dtype + R"(", "fill_value": )" + value + "}").fill;
    };
    CHECK(fill_of("|b1", "true") == numbers({1}));
    CHECK(fill_of("<u2", "null") == numbers({0, 0}));
    CHECK(fill_of(">u2", "258") == numbers({2, 1}));  // in this machine's order
    CHECK(fill_of("<i2", "-2") == numbers({254, 255}));
    CHECK(fill_of("<u2", "3.0") == numbers({3, 0}));
    // Beyond what a double holds exactly.
    CHECK(fill_of("<u8", "18446744073709551615") == bytes(8, std::byte{255}));
    CHECK(load<std::uint64_t>(fill_of("<u8", "9007199254740993").data()) == 9007199254740993u);
    CHECK(load<float>(fill_of("<f4", "0.5").data()) == 0.5f);
    CHECK(std::isnan(load<float>(fill_of("<f4", "\"NaN\"").data())));
    CHECK(load<double>(fill_of("<f8", "\"-Infinity\"").data()) == -HUGE_VAL);
    check_zarr2_refused(R"({"fill_value": 65536})", "fill_value is 65536, no uint16");
    check_zarr2_refused(R"({"fill_value": -1})", "fill_value is -1, no uint16");
    check_zarr2_refused(R"({"fill_value": 0.5})", "fill_value is 0.5, no uint16");
    check_zarr2_refused(R"({"fill_value": "NaN"})", "no uint16");
    check_zarr2_refused(R"({"dtype": "<f4", "fill_value": 1e39})", "no float32");
    check_zarr2_refused(R"({"dtype": "<f4", "fill_value": "0x7fc00000"})", "no float32");
    check_zarr2_refused(R"({"dtype": "<c16"})", "complex numbers");
    check_zarr2_refused(R"({"dtype": "|O"})", "dtype is '|O'");
    check_zarr2_refused(R"({"dtype": "|O8"})", "objects");
    check_zarr2_refused(R"({"dtype": "<U8"})", "no numbers");
    check_zarr2_refused(R"({"dtype": "<M8[ns]"})", "no numbers");
    check_zarr2_refused(R"({"dtype": "<f2"})", "dtype is '<f2'");
    check_zarr2_refused(R"({"dtype": "|u2"})", "without an order of bytes");
    check_zarr2_refused(R"({"dtype": [["a", "<u2"]]})", "structured voxels are not read");
}

TEST_CASE("Zarr 2: what is not read is refused by name", "[array]") {
    check_zarr2_refused(R"({"zarr_format": 3})", "zarr_format is 3, not 2");
    check_zarr2_refused(R"({"filters": [{"id": "delta"}]})", "filters (\"delta\")");
    check_zarr2_refused(R"({"compressor": {"id": "zfpy"}})", "the compressor is 'zfpy'");
    check_zarr2_refused(R"({"compressor": {"level": 1}})", "has no member 'id'");
    check_zarr2_refused(R"({"compressor": {"id": "lzma", "format": 3}})", "format 1 without filters is read");
    check_zarr2_refused(R"({"dimension_separator": "-"})", "dimension_separator is '-'");
    check_zarr2_refused(R"({"order": "K"})", "order is \"K\"");
    check_zarr2_refused(R"({"shape": [9, 70]})", "2 dimensions");
    check_zarr2_refused(R"({"shape": [9, 0, 50]})", "shape is [9,0,50]");
    check_zarr2_refused(R"({"shape": []})", "shape is []");
    check_zarr2_refused(R"({"chunks": [9, 70]})", "chunks have 2 dimensions");
    check_zarr2_refused(R"({"chunks": [1048576, 1048576, 16]})", "more than 2^40 bytes");
    for (const char* name :
         {"shape", "chunks", "dtype", "compressor", "fill_value", "order", "zarr_format"}) {
        json less = zarray();
        less.erase(name);
        check_refused([&] { parse_zarr2(less, "zyx"); }, std::string("has no member '") + name + "'");
    }
    check_refused([] { parse_zarr2(json::array(), "zyx"); }, "is no JSON object");
}

TEST_CASE("Zarr 2: compressors", "[array]") {
    const auto text_of = [](const std::string& compressor) {
        return compression_text(zarr2(R"({"compressor": )" + compressor + "}"));
    };
    CHECK(text_of(R"({"id": "zlib", "level": 4})") == "zlib 4");
    CHECK(text_of(R"({"id": "gzip", "level": -1})") == "gzip 6");
#ifdef FORMATS_WITH_ZSTD
    CHECK(text_of(R"({"id": "zstd"})") == "zstd 1");
    CHECK(text_of(R"({"id": "zstd", "level": 22, "checksum": false})") == "zstd 19");
#endif
#ifdef FORMATS_WITH_LZ4
    CHECK(text_of(R"({"id": "lz4", "acceleration": 1})") == "lz4 1");
#endif
#ifdef FORMATS_WITH_BZIP2
    CHECK(text_of(R"({"id": "bz2", "level": 9})") == "bzip2 9");
#endif
#ifdef FORMATS_WITH_XZ
    CHECK(text_of(R"({"id": "lzma", "format": 1, "check": -1, "preset": null, "filters": null})") == "xz 6");
#endif
#ifdef FORMATS_WITH_BLOSC
    CHECK(text_of(R"({"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0})") ==
          "blosc lz4 5 shuffle");
    CHECK(text_of(R"({"id": "blosc", "cname": "zstd", "shuffle": -1})") == "blosc zstd 5 shuffle");
    CHECK(compression_text(zarr2(R"({"dtype": "|u1", "compressor": {"id": "blosc", "shuffle": -1}})")) ==
          "blosc lz4 5 bitshuffle");
    check_zarr2_refused(R"({"compressor": {"id": "blosc", "cname": "lzo"}})",
                        "blosc was built without 'lzo'");
    check_zarr2_refused(R"({"compressor": {"id": "blosc", "clevel": 10}})", "clevel of blosc is 10");
    check_zarr2_refused(R"({"compressor": {"id": "blosc", "shuffle": 3}})", "shuffle of blosc is 3");
#endif
}
