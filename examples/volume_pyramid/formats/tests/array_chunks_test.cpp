// SPDX-License-Identifier: BSL-1.0
#include "formats/array_chunks.hpp"

#include <algorithm>
#include <map>

#include "array_boxes.hpp"
#include "array_cases.hpp"

using namespace formats;
using namespace cases;

namespace {

// All files of an array, by name.
using files = std::map<std::string, bytes>;

// f(index by axis, byte in the voxels of the box) for each voxel of a box, as the words of the headers say.
template <class F>
void for_each_voxel(const array_chunks& chunks, const grid_index& box, F&& f) {
    const array_form& form = chunks.form();
    const chunk_shape shape = chunks.shape_of(box);
    std::vector<std::size_t> of_channels;
    for (std::size_t axis = 0; axis < form.axes.size(); ++axis)
        if (form.axes[axis] < 'x') of_channels.push_back(axis);
    if (form.family != array_family::n5) std::reverse(of_channels.begin(), of_channels.end());
    std::size_t at = 0;
    for (std::size_t c = 0; c < shape.channels; ++c)
        for (std::size_t z = 0; z < shape.extent[2]; ++z)
            for (std::size_t y = 0; y < shape.extent[1]; ++y)
                for (std::size_t x = 0; x < shape.extent[0]; ++x, at += formats::bytes_of(form.type)) {
                    std::vector<std::uint64_t> index(form.axes.size());
                    std::size_t rest = c;
                    for (const std::size_t axis : of_channels) {
                        index[axis] = rest % form.shape[axis];
                        rest /= form.shape[axis];
                    }
                    const std::size_t in_box[] = {x, y, z};
                    for (std::size_t i = 0; i < 3; ++i)
                        if (const auto axis = form.axes.find("xyz"[i]); axis != form.axes.npos)
                            index[axis] = box[i] * form.chunk[axis] + in_box[i];
                    f(index, at);
                }
}

// The voxel at this index of the whole array: another for nearly every one.
bytes voxel_at(const array_form& form, const std::vector<std::uint64_t>& index) {
    std::uint64_t number = 0;
    for (std::size_t axis = 0; axis < index.size(); ++axis) number = number * form.shape[axis] + index[axis];
    bytes voxel(formats::bytes_of(form.type));
    for (std::size_t i = 0; i < voxel.size(); ++i)
        voxel[i] = static_cast<std::byte>((number * 2654435761u >> 3 * i) + i);
    return voxel;
}

bytes voxels_of(const array_chunks& chunks, const grid_index& box) {
    bytes voxels(formats::bytes_of(chunks.shape_of(box)));
    for_each_voxel(chunks, box, [&](const auto& index, std::size_t at) {
        const bytes voxel = voxel_at(chunks.form(), index);
        std::copy(voxel.begin(), voxel.end(), voxels.begin() + static_cast<std::ptrdiff_t>(at));
    });
    return voxels;
}

files written(const array_chunks& chunks) {
    files all;
    array_work work;
    for_each_box(chunks, [&](const grid_index& box) {
        const bytes voxels = voxels_of(chunks, box);
        for (std::uint64_t part = 0; part < chunks.parts(); ++part) {
            const array_place place = chunks.place_of(box, part);
            const auto file = chunks.encode(place, voxels, work);
            CHECK(file.size() <= chunks.largest_file());
            if (const auto always = chunks.size_of_files()) CHECK(file.size() == *always);
            CHECK(all.emplace(chunks.name_of(place), bytes(file.begin(), file.end())).second);
        }
    });
    return all;
}

void check_reads_back(const array_chunks& chunks, const files& all) {
    array_work work;
    for_each_box(chunks, [&](const grid_index& box) {
        const bytes truth = voxels_of(chunks, box);
        bytes voxels(truth.size(), std::byte{77});
        for (std::uint64_t part = 0; part < chunks.parts(); ++part) {
            const array_place place = chunks.place_of(box, part);
            chunks.decode(place, all.at(chunks.name_of(place)), voxels, work);
        }
        CHECK(voxels == truth);
    });
}

// The elements of a raw file, C order of `chunk`, against the voxels.
void check_raw(const array_form& form, const std::string& name, const array_place& place,
               const std::vector<std::size_t>& slowest_first, bool swapped) {
    const array_chunks chunks(form);
    const bytes file = written(chunks).at(name);
    std::size_t voxel_bytes = formats::bytes_of(form.type), at = 0;
    std::vector<std::uint64_t> index(place.size());
    const std::size_t all = file.size() / voxel_bytes;
    for (std::size_t number = 0; number < all; ++number, at += voxel_bytes) {
        std::size_t rest = number;
        bool inside = true;
        for (std::size_t i = slowest_first.size(); i-- > 0;) {
            const std::size_t axis = slowest_first[i];
            index[axis] = place[axis] * form.chunk[axis] + rest % form.chunk[axis];
            rest /= form.chunk[axis];
            inside = inside && index[axis] < form.shape[axis];
        }
        bytes voxel = inside ? voxel_at(form, index) : form.fill;
        if (swapped) std::reverse(voxel.begin(), voxel.end());
        REQUIRE(std::equal(voxel.begin(), voxel.end(), file.begin() + static_cast<std::ptrdiff_t>(at)));
    }
}

}  // namespace

TEST_CASE("Zarr 2: chunks by hand", "[array]") {
    const std::string order = GENERATE("C", "F"), dtype = GENERATE("<u2", ">u2", "|u1", "<f8", ">i4");
    const std::string separator = GENERATE(".", "/");
    const array_form form =
        parse_zarr2(zarray(R"({"order": ")" + order + R"(", "dtype": ")" + dtype + R"(", "fill_value": 7,
                   "dimension_separator": ")" +
                           separator + "\"}"),
                    "zyx");
    const std::vector<std::size_t> slowest_first =
        order == "C" ? std::vector<std::size_t>{0, 1, 2} : std::vector<std::size_t>{2, 1, 0};
    check_raw(form, "0" + separator + "1" + separator + "0", {0, 1, 0}, slowest_first, dtype[0] == '>');
    check_raw(form, "2" + separator + "2" + separator + "3", {2, 2, 3}, slowest_first, dtype[0] == '>');
    const array_chunks chunks(form);
    CHECK(chunks.size() == grid_index{50, 70, 9});
    CHECK(chunks.chunk_size() == grid_index{16, 32, 4});
    check_reads_back(chunks, written(chunks));
}

TEST_CASE("Zarr 2: axes of channels in any order", "[array]") {
    const std::string axes = GENERATE("czyx", "tczyx", "xyzc", "zcyx", "yx", "xy", "ycxt", "tyxzc");
    const std::string order = GENERATE("C", "F");
    const bool cut = GENERATE(false, true);
    json metadata = zarray(R"({"order": ")" + order + "\"}");
    const std::map<char, int> sizes{{'x', 21}, {'y', 13}, {'z', 9}, {'c', 3}, {'t', 5}};
    const std::map<char, int> steps{{'x', 8}, {'y', 8}, {'z', 4}, {'c', cut ? 2 : 3}, {'t', cut ? 1 : 8}};
    metadata["shape"] = metadata["chunks"] = json::array();
    for (const char axis : axes) {
        metadata["shape"].push_back(sizes.at(axis));
        metadata["chunks"].push_back(steps.at(axis));
    }
    const array_form form = parse_zarr2(metadata, axes);
    check_comes_back(form);
    const array_chunks chunks(form);
    INFO(axes << " " << order << " " << chunks.parts());
    CHECK(chunks.channels() ==
          (axes.find('c') == axes.npos ? 1u : 3u) * (axes.find('t') == axes.npos ? 1u : 5u));
    check_reads_back(chunks, written(chunks));
    // A part that is missing holds fill, and touches no other.
    bytes voxels = voxels_of(chunks, {});
    const bytes before = voxels;
    const array_place last = chunks.place_of({}, chunks.parts() - 1);
    chunks.fill(last, voxels);
    for_each_voxel(chunks, {}, [&](const auto& index, std::size_t at) {
        bool in_part = true;
        for (std::size_t axis = 0; axis < axes.size(); ++axis)
            in_part = in_part && index[axis] / form.chunk[axis] == last[axis];
        CHECK(voxels[at] == (in_part ? std::byte{} : before[at]));
    });
}

TEST_CASE("arrays: what is no chunk is refused", "[array]") {
    const array_chunks chunks(parse_zarr2(zarray(), "zyx"));
    files all = written(chunks);
    array_work work;
    bytes voxels = voxels_of(chunks, {});
    bytes file = all.at("0.0.0");
    file.pop_back();
    check_refused(
        [&] {
            chunks.decode({0, 0, 0}, file, voxels, work);
        },
        "holds 4095 bytes, but the chunk has 4096");
    file.resize(4097);
    check_refused([&] { chunks.decode({0, 0, 0}, file, voxels, work); }, "holds 4097 bytes");
    CHECK(!chunks.is_fill(voxels));
    CHECK(chunks.is_fill(bytes(4096)));
    for (const char* id : {"lz4", "blosc"}) {
        const json large =
            zarray(R"({"chunks": [4096, 1024, 1024], "compressor": {"id": ")" + std::string(id) + "\"}}");
        array_form form;
        if (accepts([&] { form = parse_zarr2(large, "zyx"); }))
            check_refused([&] { array_chunks(form).size(); }, std::string(id) + " takes no more than 2");
    }
    const array_chunks of_seven(parse_zarr2(zarray(R"({"fill_value": 1799})"), "zyx"));  // 7, 7
    CHECK(of_seven.is_fill(bytes(64, std::byte{7})));
    CHECK(!of_seven.is_fill(bytes(64)));
}

TEST_CASE("Zarr 3: transposed chunks by hand", "[array]") {
    const auto form_with = [](const std::string& order, const std::string& endian) {
        return parse_zarr3(
            zarr_json(R"({"fill_value": 7, "codecs": [{"name": "transpose", "configuration": {"order": )" +
                      order + R"(}}, {"name": "bytes", "configuration": {"endian": ")" + endian + "\"}}]}"),
            "zyx");
    };
    // Axis i of the file is axis order[i] of the array.
    check_raw(form_with("[0, 1, 2]", "little"), "c/2/1/3", {2, 1, 3}, {0, 1, 2}, false);
    check_raw(form_with("[2, 1, 0]", "big"), "c/2/1/3", {2, 1, 3}, {2, 1, 0}, true);
    check_raw(form_with("[1, 2, 0]", "little"), "c/2/1/3", {2, 1, 3}, {1, 2, 0}, false);
    check_raw(form_with("[2, 0, 1]", "little"), "c/2/1/3", {2, 1, 3}, {2, 0, 1}, false);
    const array_chunks chunks(form_with("[1, 2, 0]", "big"));
    check_reads_back(chunks, written(chunks));
}

TEST_CASE("Zarr 3: names of chunks", "[array]") {
    const auto name_with = [](const std::string& encoding) {
        const array_chunks chunks(
            parse_zarr3(zarr_json(R"({"chunk_key_encoding": )" + encoding + "}"), "zyx"));
        return chunks.name_of({1, 23, 45});
    };
    CHECK(name_with(R"("default")") == "c/1/23/45");
    CHECK(name_with(R"({"name": "default", "configuration": {"separator": "."}})") == "c.1.23.45");
    CHECK(name_with(R"("v2")") == "1.23.45");
    CHECK(name_with(R"({"name": "v2", "configuration": {"separator": "/"}})") == "1/23/45");
}

TEST_CASE("N5: the block of its specification", "[array]") {
    const array_chunks chunks(
        parse_n5(attributes(R"({"dimensions": [1, 2, 3], "blockSize": [1, 2, 3]})"), "xyz"));
    const bytes file = numbers({0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3,  //
                                0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6});
    const bytes truth = numbers({1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0});
    array_work work;
    bytes voxels(12);
    chunks.decode({0, 0, 0}, file, voxels, work);
    CHECK(voxels == truth);
    const auto again = chunks.encode({0, 0, 0}, truth, work);
    CHECK(bytes(again.begin(), again.end()) == file);
    const auto check_changed = [&](std::size_t at, unsigned value, const std::string& words) {
        bytes changed = file;
        changed[at] = static_cast<std::byte>(value);
        check_refused([&] { chunks.decode({0, 0, 0}, changed, voxels, work); }, words);
    };
    check_changed(1, 1, "is a block of mode 1");
    check_changed(1, 2, "is a block of mode 2");
    check_changed(3, 2, "is a block of 2 dimensions, not 3");
    check_changed(7, 2, "is a block of 2 along axis 'x', not of 1");
    check_changed(15, 2, "is a block of 2 along axis 'z', not of 3");
    check_changed(12, 255, "along axis 'z', not of 3");
    for (std::size_t n = 0; n < file.size(); ++n) {
        const bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n));
        CHECK(!accepts([&] { chunks.decode({0, 0, 0}, cut, voxels, work); }));
    }
    check_refused(
        [&] {
            chunks.decode({0, 0, 0}, joined({file, numbers({0})}), voxels, work);
        },
        "holds 13 bytes");
}

TEST_CASE("N5: blocks at the border, cut and full", "[array]") {
    const array_chunks chunks(parse_n5(
        attributes(R"({"dimensions": [3, 5, 1], "blockSize": [2, 4, 1], "dataType": "uint8"})"), "xyz"));
    const bytes cut = numbers({0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9});
    const bytes full = numbers({0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 1, 9, 1, 2, 3, 4, 5, 6, 7});
    array_work work;
    bytes voxel(1);
    for (const bytes& file : {cut, full}) {
        voxel[0] = {};
        chunks.decode({1, 1, 0}, file, voxel, work);
        CHECK(voxel == numbers({9}));
    }
    const auto again = chunks.encode({1, 1, 0}, voxel, work);
    CHECK(bytes(again.begin(), again.end()) == cut);
    check_reads_back(chunks, written(chunks));
}

TEST_CASE("N5 and Zarr 3: axes of channels in any order", "[array]") {
    const std::string axes = GENERATE("xyzc", "xyzct", "czyx", "xy", "xyc", "yxtzc");
    array_wish wish;
    wish.family = GENERATE(array_family::n5, array_family::zarr3);
    wish.axes = axes;
    const std::map<char, std::uint64_t> sizes{{'x', 21}, {'y', 13}, {'z', 9}, {'c', 3}, {'t', 5}};
    const std::map<char, std::uint64_t> steps{{'x', 8}, {'y', 8}, {'z', 4}, {'c', 2}, {'t', 1}};
    for (const char axis : axes) {
        wish.shape.push_back(sizes.at(axis));
        wish.chunk.push_back(steps.at(axis));
    }
    wish.type = GENERATE(sample_type::uint8, sample_type::int32, sample_type::float64);
    wish.compression = "gzip:1";
    const array_chunks chunks(new_array(wish));
    check_reads_back(chunks, written(chunks));
}

TEST_CASE("arrays: every compression there and back, and what is damaged", "[array]") {
    const auto check = [](const std::string& compressor) {
        INFO(compressor);
        array_form form;
        if (!accepts([&] { form = parse_zarr2(zarray(R"({"compressor": )" + compressor + "}"), "zyx"); }))
            return;
        const array_chunks chunks(form);
        const files all = written(chunks);
        check_reads_back(chunks, all);
        CHECK(written(chunks) == all);
        const bytes file = all.at("0.0.0");
        array_work work;
        bytes voxels = voxels_of(chunks, {});
        const bytes truth = voxels;
        for (std::size_t n = 0; n < file.size(); n += 1 + file.size() / 500) {
            const bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n));
            INFO(n);
            CHECK(!accepts([&] { chunks.decode({0, 0, 0}, cut, voxels, work); }));
        }
        CHECK(!accepts([&] { chunks.decode({0, 0, 0}, joined({file, numbers({1})}), voxels, work); }));
        CHECK(!accepts([&] { chunks.decode({0, 0, 0}, noise(300), voxels, work); }));
        // Neither a fault nor more than the chunk.
        for (std::size_t i = 0; i < file.size(); i += 1 + file.size() / 700) {
            bytes changed = file;
            changed[i] ^= static_cast<std::byte>(1 << i % 8);
            accepts([&] { chunks.decode({0, 0, 0}, changed, voxels, work); });
        }
    };
    check(R"({"id": "zlib", "level": 6})");
    check(R"({"id": "gzip", "level": 1})");
    check(R"({"id": "zstd", "level": 3})");
    check(R"({"id": "lz4", "acceleration": 1})");
    check(R"({"id": "bz2", "level": 1})");
    check(R"({"id": "lzma", "preset": 1})");
    for (const char* cname : {"blosclz", "lz4", "lz4hc", "zlib", "zstd", "snappy"})
        for (const char* shuffle : {"-1", "0", "1", "2"})
            check(R"({"id": "blosc", "cname": ")" + std::string(cname) + R"(", "shuffle": )" + shuffle + "}");
}

TEST_CASE("arrays: several steps, and a chunk that cannot be compressed", "[array]") {
    const std::string steps =
        GENERATE(R"("crc32c")", R"("gzip")", R"("gzip", "crc32c")", R"("crc32c", "gzip")",
                 R"("gzip", "gzip", "crc32c")", R"("zstd", "crc32c")", R"("blosc", "zstd", "crc32c")",
                 R"("crc32c", "blosc")");
    INFO(steps);
    array_form form;
    if (!accepts([&] {
            form = parse_zarr3(
                zarr_json(R"({"codecs": [{"name": "bytes", "configuration": {"endian": "big"}}, )" + steps +
                          "]}"),
                "zyx");
        }))
        return;
    const array_chunks chunks(form);
    const files all = written(chunks);
    check_reads_back(chunks, all);
    array_work work;
    bytes voxels = noise(formats::bytes_of(chunks.shape_of({})));
    const bytes truth = voxels;
    const auto packed = chunks.encode({0, 0, 0}, truth, work);
    const bytes file(packed.begin(), packed.end());
    CHECK(file.size() <= chunks.largest_file());
    chunks.decode({0, 0, 0}, file, voxels, work);
    CHECK(voxels == truth);
    for (std::size_t i = 0; i < 40; ++i) {
        bytes changed = file;
        changed[i * 97 % file.size()] ^= std::byte{4};
        const bool good = accepts([&] { chunks.decode({0, 0, 0}, changed, voxels, work); });
        if (good) CHECK(voxels == truth);  // all of these but blosc have check sums
    }
}
