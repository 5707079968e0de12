// SPDX-License-Identifier: BSL-1.0
// Stores of arrays, from their folder: what is written, read, missing, in the way and damaged.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <thread>

#include "bad_input.hpp"
#include "catch.hpp"
#include "scale_files.hpp"
#include "scale_store.hpp"
#include "test_files.hpp"
#include "written_file.hpp"

using namespace volumes;

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using bytes = std::vector<std::byte>;

// An array's scale in folder `a` of a volume, and its store.
struct opened {
    opened(const fs::path& volume, const formats::array_form& form, const writing& how = {}) {
        const formats::array_chunks chunks(form);
        stored.key.push_back('a');
        for (std::size_t axis = 0; axis < 3; ++axis) {
            stored.size[axis] = static_cast<index_t>(chunks.size()[axis]);
            stored.chunk_size[axis] = static_cast<index_t>(chunks.chunk_size()[axis]);
            stored.resolution[axis].assign(1, '1');
        }
        stored.form.array = form;
        format = {formats::bytes_of(form.type), static_cast<index_t>(chunks.channels()), form.type};
        fs::create_directories(volume / "a");
        fs::create_directories(volume / "temporary");
        store = open_scale(volume, stored, format, how, volume / "temporary");
    }

    // Every chunk of the scale.
    std::vector<box3> boxes() const {
        std::vector<box3> all;
        store->layout().for_each_in({{0, 0, 0}, stored.size}, [&](const box3& b) { all.push_back(b); });
        return all;
    }
    bytes voxels(const box3& box) const {
        bytes made(format.bytes_of(box));
        const std::size_t seed =
            static_cast<std::size_t>(box.begin[0] + 7 * box.begin[1] + 31 * box.begin[2]);
        for (std::size_t i = 0; i < made.size(); ++i)
            made[i] = static_cast<std::byte>((seed + i / 3) * 5 % 251 + 1);
        return made;
    }
    bool write(const box3& box) { return store->write(box, voxels(box), mine); }
    // All of them, in any order.
    void write_all(unsigned threads = 3) const {
        std::vector<std::thread> team;
        const auto all = boxes();
        for (unsigned t = 0; t < threads; ++t)
            team.emplace_back([&, t] {
                scratch own;
                for (std::size_t i = t; i < all.size(); i += threads)
                    store->write(all[all.size() - 1 - i], voxels(all[all.size() - 1 - i]), own);
            });
        for (std::thread& one : team) one.join();
    }
    bytes read(const box3& box) {
        bytes found(format.bytes_of(box), std::byte{99});
        REQUIRE(store->read(box, found, mine));
        return found;
    }
    void check_all() {
        for (const box3& box : boxes()) {
            CHECK(read(box) == voxels(box));
            CHECK(store->look(box, mine) == scale_store::presence::whole);
            CHECK(store->modified(box).has_value());
        }
    }

    scale stored;
    voxel_format format;
    std::unique_ptr<const scale_store> store;
    scratch mine;
};

formats::array_form array(formats::array_family family, const std::string& axes = "czyx",
                          const std::string& compression = "none", std::vector<std::uint64_t> shard = {}) {
    formats::array_wish wish;
    wish.family = family;
    wish.axes = axes;
    const std::map<char, std::pair<std::uint64_t, std::uint64_t>> extents{
        {'x', {37, 16}}, {'y', {20, 8}}, {'z', {9, 4}}, {'c', {3, 2}}, {'t', {2, 1}}};
    for (const char axis : axes) {
        wish.shape.push_back(extents.at(axis).first);
        wish.chunk.push_back(extents.at(axis).second);
    }
    wish.shard = std::move(shard);
    wish.type = formats::sample_type::uint16;
    wish.compression = compression;
    return new_array(wish);
}

fs::path file_in(const scratch_folder& in) { return in.path / "a/0/0/0/0"; }

template <class E, class F>
void check_throws(F&& f, const std::string& words) {
    std::string text = "nothing was thrown";
    try {
        f();
    } catch (const E& problem) {
        text = problem.what();
    }
    INFO("expected: " << words << "\nthe text: " << text);
    CHECK(text.find(words) != std::string::npos);
}

std::map<std::string, std::string> tree(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file())
            files[fs::relative(entry.path(), folder).string()] = read_text(entry.path());
    return files;
}

// The files of a folder as a server gives them: nobody lists them, and every request is counted.
class served_files final : public scale_files {
public:
    explicit served_files(const fs::path& folder) : files_(folder) {}

    std::string text_of(const std::string& name) const override {
        return std::string("http://here/").append(name);
    }
    std::optional<std::uint64_t> size_of(const std::string& name) const override {
        ++requests;
        return files_.size_of(name);
    }
    void read(const std::string& name, std::uint64_t offset, std::span<std::byte> to) const override {
        ++requests;
        files_.read(name, offset, to);
    }
    std::optional<chunk_file> find(const std::string&, std::size_t) const override {
        FAIL("arrays know the names of their files");
        return std::nullopt;
    }
    std::optional<chunk_file> fetch(const std::string& name, std::size_t most) const override {
        ++requests;
        auto file = files_.fetch(name, most);
        if (!file) return file;
        REQUIRE(file->bytes <= most);
        file->body.resize(file->bytes);
        files_.read(*file, 0, file->body);
        return file;
    }
    void read(const chunk_file& file, std::uint64_t offset, std::span<std::byte> to) const override {
        std::copy_n(file.body.begin() + static_cast<std::ptrdiff_t>(offset), to.size(), to.begin());
    }
    std::optional<formats::compression> compression_of(const std::string&) const override {
        return std::nullopt;
    }
    bool seems_there(const std::string& name) const override { return files_.seems_there(name); }
    std::optional<std::int64_t> modified(const std::string& name) const override {
        return files_.modified(name);
    }
    bool for_each_name(const std::function<bool(const std::string&)>&) const override { return false; }
    double memory_to_read(std::size_t most) const override { return double(most); }

    mutable int requests = 0;

private:
    folder_files files_;
};

constexpr auto zarr2 = formats::array_family::zarr2, zarr3 = formats::array_family::zarr3,
               n5 = formats::array_family::n5;

}  // namespace

TEST_CASE("arrays: what is written is read") {
    const formats::array_family family = GENERATE(zarr2, zarr3, n5);
    const std::string axes = GENERATE("czyx", "xyzc", "tczyx", "yx", "zyx");
    const std::string compression = GENERATE("none", "gzip:1");
    const scratch_folder in;
    opened a(in.path, array(family, axes, compression));
    INFO(static_cast<int>(family) << " " << axes << " " << compression);
    const box3 first = a.boxes().front();
    bytes nothing(a.format.bytes_of(first));
    CHECK(!a.store->read(first, nothing, a.mine));
    CHECK(a.store->look(first, a.mine) == scale_store::presence::missing);
    CHECK(!a.store->modified(first));
    a.store->check_missing_are_missing();
    a.write_all();
    a.check_all();
    a.store->check_missing_are_missing();
    CHECK(fs::is_empty(in.path / "temporary"));
    const auto once = tree(in.path / "a");
    a.write_all(1);
    CHECK(tree(in.path / "a") == once);
    // A box that is no chunk.
    const box3 part{{3, 5, 0}, {30, 19, std::min<index_t>(a.stored.size[2], 6)}};
    bytes voxels(a.format.bytes_of(part));
    a.store->read_box(part, voxels, {}, a.mine);
    for (const box3& box : a.boxes()) {
        bytes expected = a.voxels(box);
        const bytes all = expected;
        copy_shared(part, voxels.data(), box, expected.data(), a.format.bytes, a.format.channels);
        CHECK(expected == all);
    }
}

TEST_CASE("arrays: chunks that have several files") {
    const scratch_folder in;
    opened a(in.path, array(zarr2));  // channels 0 and 1, and channel 2
    const box3 first = a.boxes().front();
    CHECK(a.store->name_of(first) == file_in(in).string() + " and 1 more, of other channels");
    a.write(first);
    fs::remove(in.path / "a/1/0/0/0");
    CHECK(a.store->look(first, a.mine) == scale_store::presence::broken);
    bytes expected = a.voxels(first);
    std::fill(expected.begin() + 2 * 16 * 8 * 4 * 2, expected.end(), std::byte{});
    CHECK(a.read(first) == expected);  // as the format has it
    a.write(first);
    CHECK(a.read(first) == a.voxels(first));
    fs::remove(in.path / "a/0/0/0/0");
    fs::remove(in.path / "a/1/0/0/0");
    CHECK(a.store->look(first, a.mine) == scale_store::presence::missing);
}

TEST_CASE("arrays: chunks of nothing but fill are skipped where that is asked for") {
    const scratch_folder in;
    writing how;
    how.skip_zeros = true;
    formats::array_form form = array(zarr2, "zyx");
    json metadata = formats::metadata_of(form);
    metadata["fill_value"] = 257;
    form = formats::parse_zarr2(metadata, "zyx");
    opened a(in.path, form, how);
    const box3 first = a.boxes().front();
    const bytes ones(a.format.bytes_of(first), std::byte{1}), zeros(ones.size());
    CHECK(a.store->write(first, zeros, a.mine));
    CHECK(a.read(first) == zeros);
    CHECK(!a.store->write(first, ones, a.mine));
    CHECK(a.store->look(first, a.mine) == scale_store::presence::missing);
    CHECK(tree(in.path / "a").empty());
    opened b(in.path, form);
    CHECK(b.store->write(first, ones, b.mine));
}

TEST_CASE("arrays: what is damaged, foreign or in the way is told by its name") {
    const scratch_folder in;
    const std::string compression = GENERATE("none", "gzip:1");
    opened a(in.path, array(zarr2, "czyx", compression));
    const box3 first = a.boxes().front();
    a.write(first);
    const std::string good = read_text(file_in(in));
    bytes voxels(a.format.bytes_of(first));
    const auto check_bad = [&] {
        check_throws<chunk_error>([&] { a.store->read(first, voxels, a.mine); }, file_in(in).string() + ": ");
        CHECK(a.store->look(first, a.mine) == scale_store::presence::broken);
    };
    for (const std::size_t n : {std::size_t{0}, std::size_t{1}, good.size() / 2, good.size() - 1}) {
        write_text(file_in(in), good.substr(0, n));
        check_bad();
    }
    write_text(file_in(in), good + "x");
    check_bad();
    write_text(file_in(in), std::string(1000000, 'x'));
    check_bad();
    a.write(first);
    CHECK(read_text(file_in(in)) == good);
    fs::remove(file_in(in));
    fs::create_directory(file_in(in));
    check_throws<chunk_error>([&] { a.store->read(first, voxels, a.mine); }, "is no regular file");
    check_throws<chunk_error>([&] { a.store->look(first, a.mine); }, "is no regular file; remove it");
    check_throws<write_error>([&] { a.write(first); }, file_in(in).string() + ": cannot be written");
    CHECK(fs::is_empty(in.path / "temporary"));
}

TEST_CASE("arrays: chunks under names of another form are no missing ones") {
    const scratch_folder in;
    opened a(in.path, array(zarr2, "zyx"));
    write_text(in.path / "a/.zarray", "{}");
    a.store->check_missing_are_missing();
    write_text(in.path / "a/0.0.0", "");
    check_throws<bad_input>([&] { a.store->check_missing_are_missing(); },
                            "a/0.0.0: is no name that a chunk");
    fs::remove_all(in.path / "a");
    check_throws<bad_input>([&] { a.store->check_missing_are_missing(); }, "cannot be read");
    check_throws<write_error>([&] { a.write(a.boxes().front()); }, "cannot be written");
    CHECK(!fs::exists(in.path / "a"));

    json metadata = formats::metadata_of(*a.stored.form.array);
    metadata["dimension_separator"] = ".";
    opened b(in.path, formats::parse_zarr2(metadata, "zyx"));
    b.write_all();
    b.check_all();
    b.store->check_missing_are_missing();
    fs::create_directory(in.path / "a/0");
    check_throws<bad_input>([&] { b.store->check_missing_are_missing(); }, "such as 0.0.0");
}

TEST_CASE("arrays: a scale that is another than its array is refused") {
    const scratch_folder in;
    opened a(in.path, array(zarr2, "zyx"));
    scale other = a.stored;
    other.chunk_size[0] = 8;
    check_throws<bad_input>([&] { open_scale(in.path, other, a.format); }, "another than its array");
    voxel_format channels = a.format;
    channels.channels = 2;
    check_throws<bad_input>([&] { open_scale(in.path, a.stored, channels); }, "another than its array");
    scale unread = a.stored;
    unread.form.array->storage["compressor"] = {{"id", "jpeg"}};
    check_throws<bad_input>([&] { open_scale(in.path, unread, a.format); }, "the compressor is 'jpeg'");
}

TEST_CASE("shards of arrays: what is written is read") {
    const std::string compression = GENERATE("none", "gzip:1");
    const bool at_start = GENERATE(false, true);
    const scratch_folder in;
    formats::array_form form = array(zarr3, "czyx", compression, {2, 8, 16, 32});
    if (at_start) form.storage["index_location"] = "start";
    opened a(in.path, form);
    const box3 first = a.boxes().front();
    CHECK(a.store->name_of(first) ==
          (in.path / "a/c/0/0/0/0").string() + ": chunk 0,0,0,0 and 1 more, of other channels");
    CHECK(a.store->look(first, a.mine) == scale_store::presence::missing);
    a.write_all();
    a.check_all();
    a.store->check_missing_are_missing();
    const auto once = tree(in.path / "a");
    CHECK(once.size() == 2 * 2 * 2 * 2);  // shards along c, z, y and x
    CHECK(fs::is_empty(in.path / "temporary"));
    for (const unsigned threads : {1u, 2u}) {
        fs::remove_all(in.path / "a/c");
        a.write_all(threads);
        CHECK(tree(in.path / "a") == once);
    }
}

TEST_CASE("shards of arrays: background, damage and what is in the way") {
    const scratch_folder in;
    writing how;
    how.skip_zeros = true;
    opened a(in.path, array(zarr3, "zyx", "gzip:1", {12, 24, 48}), how);
    const auto boxes = a.boxes();
    for (const box3& box : boxes) CHECK(!a.store->write(box, bytes(a.format.bytes_of(box)), a.mine));
    CHECK(tree(in.path / "a").empty());
    CHECK(!fs::exists(in.path / "a/c"));
    for (const box3& box : boxes)
        if (box == boxes[1])
            CHECK(a.write(box));
        else
            CHECK(!a.store->write(box, bytes(a.format.bytes_of(box)), a.mine));
    const fs::path file = in.path / "a/c/0/0/0";
    const auto good = read_text(file);
    opened b(in.path, *a.stored.form.array);
    CHECK(b.store->look(boxes[0], b.mine) == scale_store::presence::missing);
    CHECK(b.read(boxes[1]) == b.voxels(boxes[1]));
    bytes voxels(b.format.bytes_of(boxes[0]));
    CHECK(!b.store->read(boxes[0], voxels, b.mine));
    // 3 x 3 x 3 chunks in a shard, of which number 1 is there.
    CHECK(good.substr(good.size() - 436, 16) == std::string(16, '\xff'));
    for (const std::string& bad : {good.substr(1), good + "x", good.substr(0, 9), std::string()}) {
        write_text(file, bad);
        opened c(in.path, *a.stored.form.array);
        check_throws<chunk_error>([&] { c.store->read(boxes[1], voxels, c.mine); }, file.string() + ": ");
        CHECK(c.store->look(boxes[1], c.mine) == scale_store::presence::broken);
    }
    std::string changed = good;
    changed[20] = static_cast<char>(changed[20] ^ 4);
    write_text(file, changed);
    opened c(in.path, *a.stored.form.array);
    check_throws<chunk_error>([&] { c.store->read(boxes[1], voxels, c.mine); }, ": chunk 0,0,1: ");
    fs::remove(file);
    fs::create_directory(file);
    check_throws<chunk_error>([&] { c.store->look(boxes[1], c.mine); }, "is no regular file; remove it");
}

TEST_CASE("arrays: folders are made by any number of threads and stores") {
    const scratch_folder in;
    const formats::array_form form = array(n5, "xyzc");
    opened a(in.path, form), b(in.path, form);
    std::thread other([&] { a.write_all(4); });
    b.write_all(4);
    other.join();
    a.check_all();
    CHECK(fs::is_empty(in.path / "temporary"));
}

TEST_CASE("arrays on a server: a request a chunk") {
    const scratch_folder in;
    const bool sharded = GENERATE(false, true);
    opened a(in.path, array(zarr3, "zyx", "gzip:1",
                            sharded ? std::vector<std::uint64_t>{8, 16, 32} : std::vector<std::uint64_t>()));
    a.write_all();
    auto files = std::make_unique<served_files>(in.path / "a");
    const served_files& counted = *files;
    const auto store = make_store(std::move(files), {}, a.stored, a.format, {}, {});
    const auto boxes = a.boxes();
    store->check_missing_are_missing();
    for (const box3& box : boxes) {
        bytes voxels(a.format.bytes_of(box));
        CHECK(store->read(box, voxels, a.mine));
        CHECK(voxels == a.voxels(box));
    }
    // Of a shard also its size and its index, once.
    CHECK(counted.requests == static_cast<int>(boxes.size()) + (sharded ? 2 * 2 * 2 * 2 : 0));
    CHECK(store->memory_to_read() > a.store->memory_to_read());
    CHECK(store->name_of(boxes[0]).find("http://here/c/0/0/0") == 0);
}

TEST_CASE("arrays: the times of several files") {
    const scratch_folder in;
    opened a(in.path, array(zarr2));
    const box3 first = a.boxes().front();
    a.write(first);
    const auto set_time = [&](const char* name, long seconds) {
        const timespec times[2] = {{seconds, 0}, {seconds, 0}};
        REQUIRE(::utimensat(AT_FDCWD, (in.path / "a" / name).c_str(), times, 0) == 0);
    };
    set_time("0/0/0/0", 2000);
    set_time("1/0/0/0", 1000);
    CHECK(a.store->modified(first) == 2000'000'000'000);
    CHECK(a.store->modified_first(first) == 1000'000'000'000);
}
