// SPDX-License-Identifier: BSL-1.0
#include "formats/array_chunks.hpp"

#include <algorithm>
#include <map>

#include "array_cases.hpp"

using namespace formats;
using namespace cases;

namespace {

// All files of an array, by name.
using files = std::map<std::string, bytes>;

// f(box) for each box of space.
template <class F>
void for_each_box(const array_chunks& chunks, F&& f) {
    grid_index count;
    for (std::size_t i = 0; i < 3; ++i)
        count[i] = (chunks.size()[i] + chunks.chunk_size()[i] - 1) / chunks.chunk_size()[i];
    grid_index box;
    for (box[2] = 0; box[2] < count[2]; ++box[2])
        for (box[1] = 0; box[1] < count[1]; ++box[1])
            for (box[0] = 0; box[0] < count[0]; ++box[0]) f(box);
}

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
    const array_chunks of_seven(parse_zarr2(zarray(R"({"fill_value": 1799})"), "zyx"));  // 7, 7
    CHECK(of_seven.is_fill(bytes(64, std::byte{7})));
    CHECK(!of_seven.is_fill(bytes(64)));
}
