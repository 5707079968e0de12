// SPDX-License-Identifier: BSL-1.0
#include "formats/array_form.hpp"

#include <cmath>

#include "array_cases.hpp"
#include "formats/compression.hpp"
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

namespace {

array_form zarr3(const std::string& more = "{}") { return parse_zarr3(zarr_json(more), "zyx"); }
array_form n5(const std::string& more = "{}") { return parse_n5(attributes(more), "xyz"); }

void check_zarr3_refused(const std::string& more, const std::string& words) {
    INFO(more);
    check_refused([&] { zarr3(more); }, words);
}

void check_n5_refused(const std::string& more, const std::string& words) {
    INFO(more);
    check_refused([&] { n5(more); }, words);
}

std::string sharded(const std::string& more = "{}") {
    json configuration = json::parse(
        R"({"chunk_shape": [2, 16, 16], "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, "crc32c"],
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]})");
    configuration.update(json::parse(more));
    json all;
    all["codecs"] = json::array({{{"name", "sharding_indexed"}, {"configuration", configuration}}});
    return all.dump();
}

std::string codecs(const std::string& list) { return R"({"codecs": [)" + list + "]}"; }

const std::string little = R"({"name": "bytes", "configuration": {"endian": "little"}})";

}  // namespace

TEST_CASE("Zarr 3: what an array says of itself", "[array]") {
    const array_form form = zarr3();
    CHECK(form.family == array_family::zarr3);
    CHECK(form.shape == extents{9, 70, 50});
    CHECK(form.chunk == extents{4, 32, 16});
    CHECK(form.shard.empty());
    CHECK(form.type == sample_type::uint16);
    check_comes_back(form);
    CHECK(zarr3(R"({"attributes": {}, "dimension_names": ["z", "y", null], "storage_transformers": []})") ==
          form);
    CHECK(zarr3(R"({"consolidated_metadata": {"must_understand": false}})") == form);
    CHECK(zarr3(codecs(little)) == form);
    CHECK(axes_of(array_family::zarr3, zarr_json()) == 3);
    const auto fill_of = [](const std::string& type, const std::string& value) {
        return zarr3(R"({"data_type": ")" + type + R"(", "fill_value": )" + value + "}").fill;
    };
    CHECK(fill_of("bool", "true") == numbers({1}));
    CHECK(fill_of("float32", "\"0x7fc00001\"") == numbers({1, 0, 0xc0, 0x7f}));
    CHECK(fill_of("float64", "\"0xfff0000000000000\"") == numbers({0, 0, 0, 0, 0, 0, 0xf0, 0xff}));
    CHECK(load<float>(fill_of("float32", "\"Infinity\"").data()) == HUGE_VALF);
    CHECK(zarr3(R"({"data_type": "bool", "fill_value": false})").is_bool);
    check_zarr3_refused(R"({"data_type": "float32", "fill_value": "0x7fc0"})", "no float32");
    check_zarr3_refused(R"({"data_type": "float16"})", "data_type is \"float16\"");
    check_zarr3_refused(R"({"data_type": "complex64"})", "data_type is \"complex64\"");
    check_zarr3_refused(R"({"data_type": {"name": "numpy.datetime64"}})", "data_type is {");
    check_zarr3_refused(R"({"fill_value": null})", "fill_value is null");
}

TEST_CASE("Zarr 3: what is not read is refused by name", "[array]") {
    check_zarr3_refused(R"({"zarr_format": 2})", "zarr_format is 2, not 3");
    check_zarr3_refused(R"({"node_type": "group"})", "node_type is \"group\"");
    check_zarr3_refused(R"({"storage_transformers": [{"name": "old"}]})", "storage_transformers");
    check_zarr3_refused(R"({"news": {"must_understand": true}})", "has a member 'news'");
    check_zarr3_refused(R"({"news": 1})", "has a member 'news' that is not read");
    check_zarr3_refused(R"({"chunk_grid": {"name": "rectangular"}})", "chunk_grid is \"rectangular\"");
    check_zarr3_refused(R"({"chunk_key_encoding": "suffix"})", "chunk_key_encoding is 'suffix'");
    check_zarr3_refused(R"({"chunk_key_encoding": {"name": "v2", "configuration": {"separator": "-"}}})",
                        "separator of chunk_key_encoding is \"-\"");
    check_zarr3_refused(codecs(little + R"(, "zlib")"), "a codec is 'zlib'");
    check_zarr3_refused(codecs(R"("bytes")"), "endian of codec 'bytes' is null");
    check_zarr3_refused(codecs(R"("gzip")"), "codec 'gzip' comes before codec 'bytes'");
    check_zarr3_refused(codecs(little + ", " + little), "codec 'bytes' comes after codec 'bytes'");
    check_zarr3_refused(codecs(""), "there is no codec 'bytes'");
    check_zarr3_refused(codecs(R"({"name": "transpose", "configuration": {"order": [0, 1]}}, )" + little),
                        "order of transpose is [0,1]");
    check_zarr3_refused(codecs(R"({"name": "transpose", "configuration": {"order": [0, 1, 1]}}, )" + little),
                        "no order of 3 axes");
    check_zarr3_refused(codecs(little + R"(, {"name": "gzip", "configuration": {"window": 9}})"),
                        "gzip has a member 'window'");
    check_zarr3_refused(R"({"codecs": {}})", "the array is {}, no list");
    for (const char* name : {"zarr_format", "node_type", "shape", "data_type", "chunk_grid",
                             "chunk_key_encoding", "fill_value", "codecs"}) {
        json less = zarr_json();
        less.erase(name);
        check_refused([&] { parse_zarr3(less, "zyx"); }, std::string("has no member '") + name + "'");
    }
}

TEST_CASE("Zarr 3: shards", "[array]") {
    const array_form form = zarr3(sharded());
    CHECK(form.shard == extents{4, 32, 16});
    CHECK(form.chunk == extents{2, 16, 16});
    CHECK(form.storage["index_location"] == "end");
    CHECK(compression_text(form) == "crc32c");
    check_comes_back(form);
    check_comes_back(zarr3(sharded(R"({"index_location": "start"})")));
    CHECK(array_like(form, form.shape, form.shard, {}).shard.empty());
    CHECK(array_like(zarr3(), form.shape, form.chunk, form.shard).shard == form.shard);
    check_zarr3_refused(sharded(R"({"chunk_shape": [3, 16, 16]})"),
                        "shards of 4 along axis 'z' are no multiple");
    check_zarr3_refused(sharded(R"({"chunk_shape": [4, 16]})"), "chunks have 2 dimensions");
    check_zarr3_refused(sharded(R"({"index_location": "middle"})"), "index_location is \"middle\"");
    check_zarr3_refused(sharded(R"({"index_codecs": [{"name": "gzip"}]})"), "index_codecs are");
    check_zarr3_refused(sharded(R"({"index_codecs": []})"), "index_codecs are []");
    check_zarr3_refused(sharded(R"({"codecs": [{"name": "sharding_indexed"}]})"), "shards inside of shards");
    check_zarr3_refused(sharded(R"({"news": 1})"), "sharding_indexed has a member 'news'");
    json wrapped = zarr_json(sharded());
    wrapped["codecs"].push_back("gzip");
    check_refused([&] { parse_zarr3(wrapped, "zyx"); },
                  "codecs beside sharding_indexed, which are not read: \"gzip\"");
}

TEST_CASE("N5: what a dataset says of itself", "[array]") {
    const array_form form = n5();
    CHECK(form.family == array_family::n5);
    CHECK(form.shape == extents{50, 70, 9});
    CHECK(form.chunk == extents{16, 32, 4});
    CHECK(form.fill == numbers({0, 0}));
    check_comes_back(form);
    CHECK(axes_of(array_family::n5, attributes()) == 3);
    json old = attributes(R"({"compressionType": "gzip"})");
    old.erase("compression");
    CHECK(compression_text(parse_n5(old, "xyz")) == "gzip 6");
    check_comes_back(parse_n5(old, "xyz"));
    const auto text_of = [](const std::string& compression) {
        return compression_text(n5(R"({"compression": )" + compression + "}"));
    };
    CHECK(text_of(R"({"type": "gzip", "level": -1, "useZlib": false})") == "gzip 6");
    CHECK(text_of(R"({"type": "gzip", "level": 3, "useZlib": true})") == "zlib 3");
#ifdef FORMATS_WITH_BZIP2
    CHECK(text_of(R"({"type": "bzip2", "blockSize": 5})") == "bzip2 5");
#endif
#ifdef FORMATS_WITH_XZ
    CHECK(text_of(R"({"type": "xz", "preset": 2})") == "xz 2");
#endif
#ifdef FORMATS_WITH_BLOSC
    CHECK(
        text_of(
            R"({"type": "blosc", "cname": "zstd", "clevel": 6, "shuffle": 2, "blocksize": 0, "nthreads": 1})") ==
        "blosc zstd 6 bitshuffle");
#endif
    check_n5_refused(R"({"isLabelMultiset": true})", "label multisets (isLabelMultiset)");
    check_n5_refused(R"({"compression": {"type": "lz4", "blockSize": 65536}})", "the compression is 'lz4'");
    check_n5_refused(R"({"compression": {"type": "jpeg"}})", "the compression is 'jpeg'");
    check_n5_refused(R"({"dataType": "object"})", "dataType is 'object'");
    check_n5_refused(R"({"dimensions": [50, 70]})", "2 dimensions");
    json none = attributes();
    none.erase("compression");
    check_refused([&] { parse_n5(none, "xyz"); }, "has no member 'compressionType'");
}

TEST_CASE("arrays that are made", "[array]") {
    array_wish wish;
    wish.axes = "czyx";
    wish.shape = {2, 9, 70, 50};
    wish.chunk = {1, 4, 32, 16};
    wish.type = sample_type::float64;
    for (const array_family family : {array_family::zarr2, array_family::zarr3, array_family::n5})
        for (const char* axes : {"czyx", "xyzc"})
            for (const char* packed : {"none", "gzip:3", "zstd:3", "blosc", "blosc:zstd:9:bitshuffle"}) {
                INFO(static_cast<int>(family) << " " << axes << " " << packed);
                wish.family = family;
                wish.axes = axes;
                wish.compression = packed;
                const bool known = packed[0] == 'n' || packed[0] == 'g' ||
                                   (packed[0] == 'z' && is_available(compression::zstd));
                array_form form;
                if (!accepts([&] { form = new_array(wish); })) {
                    CHECK(!known);
                    continue;
                }
                CHECK(form.type == sample_type::float64);
                check_comes_back(form);
                const array_form like = array_like(form, {4, 5, 6, 7}, {4, 4, 4, 4}, {});
                CHECK(like.shape == extents{4, 5, 6, 7});
                CHECK(like.storage == form.storage);
            }
    const auto check_wish_refused = [&](array_family family, const std::string& compression,
                                        const std::string& words) {
        wish.family = family;
        wish.compression = compression;
        check_refused([&] { new_array(wish); }, words);
    };
    check_wish_refused(array_family::zarr3, "lz4",
                       "the compression is 'lz4': zarr3 has none, gzip, zstd and blosc");
    check_wish_refused(array_family::n5, "lz4", "n5 has none, gzip, zlib");
    check_wish_refused(array_family::zarr2, "br", "zarr2 has none, gzip");
    check_wish_refused(array_family::zarr2, "gzip:10", "its level must be from 1 to 9");
    check_wish_refused(array_family::zarr2, "gzip:", "its level must be from 1 to 9");
    check_wish_refused(array_family::zarr2, "gzip:1:2", "no more than a level");
    check_wish_refused(array_family::zarr2, "blosc:lz4:5:both", "blosc:CNAME:LEVEL:SHUFFLE is meant");
    wish.compression = "none";
    wish.shard = {1, 8, 64, 64};
    check_wish_refused(array_family::zarr2, "none", "shards are of Zarr 3 alone");
    wish.family = array_family::zarr3;
    check_comes_back(new_array(wish));
    check_refused([] { array_form_of(json::parse(R"({"family": "tiff"})")); }, "family is \"tiff\"");
}
