// SPDX-License-Identifier: BSL-1.0
// precomputed_pyramid as its user meets it: volumes in, volumes out, exit status and messages. Its path is in
// the variable PRECOMPUTED_PYRAMID; MPIRUN, where it is set, starts several of it.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <tinybrain/tinybrain.hpp>
#include <vector>

#include "catch.hpp"
#include "npy.hpp"
#include "test_files.hpp"

namespace {

namespace fs = std::filesystem;
namespace tb = tinybrain;
using tb::index_t;
using index3 = tb::index_array<3>;

struct outcome {
    int status = -1;
    std::string text;  // stdout and stderr
};

// `before` is shell text in front of the command.
outcome run(const scratch_folder& in, const std::string& arguments, const std::string& before = "") {
    const std::string command = "cd '" + in.path.string() + "' && " + before + " \"$PRECOMPUTED_PYRAMID\" " +
                                arguments + " >output.txt 2>&1";
    const int status = std::system(command.c_str());
    const outcome result{WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(in.path / "output.txt")};
    fs::remove(in.path / "output.txt");
    return result;
}

void check_runs(const scratch_folder& in, const std::string& arguments, const std::string& before = "") {
    const outcome result = run(in, arguments, before);
    INFO(arguments << "\n" << result.text);
    REQUIRE(result.status == 0);
}

void check_fails(const scratch_folder& in, const std::string& arguments, int status, const std::string& words,
                 const std::string& before = "") {
    const outcome result = run(in, arguments, before);
    INFO(arguments << "\n" << result.text);
    CHECK(result.status == status);
    CHECK(result.text.find(words) != std::string::npos);
}

// Everything in a folder: names and bytes.
std::map<std::string, std::string> tree(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        files[fs::relative(entry.path(), folder).string()] =
            entry.is_directory() ? "" : read_text(entry.path());
    return files;
}

// Blobs of labels, some of them background, that no window fits.
template <class T>
tb::volume<T, 3> made_up(const index3& shape) {
    tb::volume<T, 3> v(shape);
    std::uint64_t state = 1;
    for (index_t i = 0; i < v.size(); ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        v.data()[i] = static_cast<T>(i % 7 < 3 ? state >> 60 : static_cast<std::uint64_t>(i / 90 % 11));
    }
    return v;
}

template <class T>
void write_npy(const fs::path& path, const tb::volume<T, 3>& v) {
    const auto shape = v.shape();
    const char kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
    std::string text = npy::format({{kind, sizeof(T), false}, true, {shape.begin(), shape.end()}});
    text.append(reinterpret_cast<const char*>(v.data()), static_cast<std::size_t>(v.size()) * sizeof(T));
    write_text(path, text);
}

std::string range(index_t from, index_t to) { return std::to_string(from) + "-" + std::to_string(to); }

// A plain scale, read by the test's own reader.
template <class T>
tb::volume<T, 3> read_scale(const fs::path& folder, const index3& shape, const index3& chunk,
                            const index3& offset = {0, 0, 0}) {
    tb::volume<T, 3> v(shape);
    index3 at{};
    for (at[2] = 0; at[2] < shape[2]; at[2] += chunk[2])
        for (at[1] = 0; at[1] < shape[1]; at[1] += chunk[1])
            for (at[0] = 0; at[0] < shape[0]; at[0] += chunk[0]) {
                std::string name;
                index3 n{};
                for (std::size_t axis = 0; axis < 3; ++axis) {
                    n[axis] = std::min(chunk[axis], shape[axis] - at[axis]);
                    const index_t begin = offset[axis] + at[axis];
                    name += (axis == 0 ? "" : "_") + range(begin, begin + n[axis]);
                }
                const std::string bytes = read_text(folder / name);
                INFO(folder << " " << name);
                REQUIRE(bytes.size() == static_cast<std::size_t>(n[0] * n[1] * n[2]) * sizeof(T));
                const char* from = bytes.data();
                for (index_t z = 0; z < n[2]; ++z)
                    for (index_t y = 0; y < n[1]; ++y, from += static_cast<std::size_t>(n[0]) * sizeof(T))
                        std::memcpy(&v(at[0], at[1] + y, at[2] + z), from,
                                    static_cast<std::size_t>(n[0]) * sizeof(T));
            }
    return v;
}

template <class T>
void check_equal(const tb::volume<T, 3>& a, const tb::volume<T, 3>& b) {
    REQUIRE(a.shape() == b.shape());
    CHECK(std::equal(a.data(), a.data() + a.size(), b.data()));
}

const index3 odd_shape{150, 70, 37};

void make_labels(const scratch_folder& in, const std::string& more = "") {
    write_npy(in.path / "l.npy", made_up<std::uint32_t>(odd_shape));
    check_runs(in, "v --create l.npy --resolution 4,4,40 --chunk 16,16,8 --type segmentation " + more);
}

const std::string add_modes = "v --method mode --ties first --factor 2,2,1 --mips 3 ";

}  // namespace

TEST_CASE("modes of a volume on disk are those of the whole volume") {
    const scratch_folder in;
    make_labels(in, "--offset 8,16,5");
    const bool sparse = GENERATE(false, true);
    const std::string votes = GENERATE("previous_mip", "footprint");
    check_runs(in, add_modes + "--threads 3 --votes " + votes + (sparse ? " --sparse" : ""));
    const auto whole = tb::downsample_segmentation(
        made_up<std::uint32_t>(odd_shape), {2, 2, 1}, 3,
        {.sparse = sparse,
         .tie = tb::ties::first,
         .vote = votes == "footprint" ? tb::votes::footprint : tb::votes::previous_mip});
    check_equal(read_scale<std::uint32_t>(in.path / "v/8_8_40", {75, 35, 37}, {16, 16, 8}, {4, 8, 5}),
                whole[0]);
    check_equal(read_scale<std::uint32_t>(in.path / "v/16_16_40", {38, 18, 37}, {16, 16, 8}, {2, 4, 5}),
                whole[1]);
    check_equal(read_scale<std::uint32_t>(in.path / "v/32_32_40", {19, 9, 37}, {16, 16, 8}, {1, 2, 5}),
                whole[2]);
    CHECK(!fs::exists(in.path / "v/.precomputed_pyramid"));
}

TEST_CASE("averages are exact for factors that change and do not divide the chunks") {
    const scratch_folder in;
    write_npy(in.path / "e.npy", made_up<float>(odd_shape));
    check_runs(in, "v --create e.npy --chunk 16,16,8 --method average --factor '3,2,1;1,3,2;5,1,1'");
    const index3 factors[] = {{3, 2, 1}, {1, 3, 2}, {5, 1, 1}};
    const auto whole = tb::downsample_with_averaging(made_up<float>(odd_shape), factors);
    check_equal(read_scale<float>(in.path / "v/3_2_1", {50, 35, 37}, {16, 16, 8}), whole[0]);
    check_equal(read_scale<float>(in.path / "v/3_6_2", {50, 12, 19}, {16, 16, 8}), whole[1]);
    check_equal(read_scale<float>(in.path / "v/15_6_2", {10, 12, 19}, {16, 16, 8}), whole[2]);
}

TEST_CASE("info keeps what it has, and takes the new scales in their order") {
    const scratch_folder in;
    make_labels(in);
    std::string text = read_text(in.path / "v/info");
    text.insert(text.find('{') + 1, "\"mesh\": \"mesh_mip_1\", \"of_others\": [1.5, null],");
    write_text(in.path / "v/info", text);
    check_runs(in, "v --method mode --factor 4,4,1 --mips 1");
    check_runs(in, "v --method mode --factor 2,2,1 --mips 1");
    const std::string after = read_text(in.path / "v/info");
    CHECK(after.find("mesh_mip_1") < after.find("of_others"));
    CHECK(after.find("\"4_4_40\"") < after.find("\"8_8_40\""));
    CHECK(after.find("\"8_8_40\"") < after.find("\"16_16_40\""));
    check_fails(in, "v --method mode --factor 2,2,1 --mips 1", 2, "scale 8_8_40 is there already");
    check_fails(in, "v --method mode --factor 1,1,2 --from-mip 2 --mips 1 --chunk 0,1,1", 2, "--chunk");
    check_runs(in, "v --method mode --isotropic --from-mip 2 --mips 2");
    CHECK(read_text(in.path / "v/info").find("\"64_64_80\"") != std::string::npos);
}

TEST_CASE("gzip, channels and axes") {
    const scratch_folder in;
    std::string data;
    for (int i = 0; i < 2 * 5 * 6 * 7; ++i) data += static_cast<char>(i * 37 % 251);
    write_text(in.path / "c.npy", npy::format({{'u', 1, false}, false, {2, 5, 6, 7}}) + data);  // c, z, y, x
    check_runs(
        in, "v --create c.npy --axes czyx --chunk 4,4,4 --gzip 6 --method striding --factor 2,2,1 --mips 1");
    CHECK(read_text(in.path / "v/info").find("\"num_channels\": 2") != std::string::npos);
    CHECK(fs::exists(in.path / "v/2_2_1/0-4_0-3_0-4.gz"));  // gzip begets gzip
    check_runs(
        in, "w --create c.npy --axes czyx --chunk 4,4,4 --method striding --factor 2,2,1 --mips 1 --gzip 0");
    const std::string chunk = read_text(in.path / "w/2_2_1/0-4_0-3_4-5");
    REQUIRE(chunk.size() == 4 * 3 * 1 * 2);
    CHECK(chunk[0] == data[4 * 42]);
    CHECK(chunk[4 + 3] == data[4 * 42 + 2 * 7 + 6]);
    CHECK(chunk[12 + 1] == data[210 + 4 * 42 + 2]);
}

TEST_CASE("a bad chunk is named, its task writes nothing it belongs to, and mended the run goes on") {
    const scratch_folder in;
    const bool gzip = GENERATE(false, true);
    make_labels(in, gzip ? "--gzip 1" : "");
    fs::copy(in.path / "v", in.path / "good", fs::copy_options::recursive);
    check_runs(in, "good --method mode --ties first --factor 2,2,1 --mips 3");
    const std::string name = std::string("16-32_32-48_8-16") + (gzip ? ".gz" : "");
    const fs::path chunk = in.path / "v/4_4_40" / name;
    const std::string bytes = read_text(chunk), info = read_text(in.path / "v/info");

    fs::remove(chunk);
    check_fails(in, add_modes, 1, "16-32_32-48_8-16: is missing");
    check_fails(in, add_modes, 2, "--resume");
    write_text(chunk, bytes.substr(0, bytes.size() - 3));
    check_fails(in, add_modes + "--resume", 1, name + ": ");
    write_text(chunk, bytes + "x");
    check_fails(in, add_modes + "--resume", 1, name + ": ");
    if (gzip) {
        std::string damaged = bytes;
        damaged[bytes.size() / 2] = static_cast<char>(damaged[bytes.size() / 2] ^ 4);
        write_text(chunk, damaged);
        check_fails(in, add_modes + "--resume", 1, "damaged");
        write_text(in.path / "v/4_4_40/16-32_32-48_8-16", "");
        check_fails(in, add_modes + "--resume", 1, "with .gz and without");
        fs::remove(in.path / "v/4_4_40/16-32_32-48_8-16");
    }
    CHECK(read_text(in.path / "v/info") == info);
    CHECK(!fs::exists(in.path / "v/32_32_40" / (std::string("0-16_0-9_8-16") + (gzip ? ".gz" : ""))));
    write_text(chunk, bytes);
    check_fails(in, "v --method mode --ties lowest --factor 2,2,1 --mips 3 --resume", 2,
                "begun with other options");
    check_runs(in, add_modes + "--resume");
    CHECK(tree(in.path / "v") == tree(in.path / "good"));
}

TEST_CASE("missing chunks are background where the user says so") {
    const scratch_folder in;
    make_labels(in);
    for (const auto& entry : fs::directory_iterator(in.path / "v/4_4_40")) fs::remove(entry);
    check_runs(in, "v --method max --factor 2,2,1 --mips 1 --missing background --background 9");
    const auto mip = read_scale<std::uint32_t>(in.path / "v/8_8_40", {75, 35, 37}, {16, 16, 8});
    CHECK(std::count(mip.data(), mip.data() + mip.size(), 9u) == mip.size());
}

TEST_CASE("a disk that takes no more ends the run with a message, and the run can be resumed") {
    const scratch_folder in;
    write_npy(in.path / "e.npy", made_up<std::uint16_t>({64, 64, 64}));
    check_runs(in, "v --create e.npy --chunk 16,16,16");
    fs::copy(in.path / "v", in.path / "good", fs::copy_options::recursive);
    check_runs(in, "good --method average --factor 2,2,2 --mips 2 --chunk 32,32,32");
    // The limit lets the plan through, and no chunk.
    check_fails(in, "v --method average --factor 2,2,2 --mips 2 --chunk 32,32,32", 1,
                "cannot be written: File too large; --resume goes on from here", "ulimit -f 16;");
    CHECK(tree(in.path / "v/2_2_2").empty());
    check_runs(in, "v --method average --factor 2,2,2 --mips 2 --chunk 32,32,32 --resume");
    CHECK(tree(in.path / "v") == tree(in.path / "good"));
}

TEST_CASE("a run that ended among the mips of a volume it had made can be resumed") {
    const scratch_folder in;
    const std::string create = " --create l.npy --chunk 32,32,32 --type segmentation";
    const std::string mips = create + " --mips 2 --method mode";
    make_labels(in);
    check_runs(in, "good" + mips);
    check_runs(in, "hurt" + create);
    check_fails(in, "hurt" + mips + " --resume", 1, "--resume goes on from here", "ulimit -f 16;");
    check_runs(in, "hurt" + mips + " --resume");
    CHECK(tree(in.path / "hurt") == tree(in.path / "good"));
}

TEST_CASE("killed and resumed, a volume is the same") {
    const scratch_folder in;
    const std::string what = "--create l.npy --chunk 16,16,8 --gzip 9 --mips 3 --method mode --threads 2";
    make_labels(in);
    check_runs(in, "good " + what);
    for (const std::string seconds : {"0.01", "0.02", "0.03", "0.06", "0.1", "0.15", "0.2"}) {
        run(in, "killed " + what + " --resume", "timeout -s KILL " + seconds);
        check_runs(in, "killed " + what + " --resume");
        CHECK(tree(in.path / "killed") == tree(in.path / "good"));
        fs::remove_all(in.path / "killed");
    }
    // What is there is looked at, not taken for good.
    write_text(in.path / "good/2_2_1/0-16_0-16_0-8.gz", "broken");
    const auto before = read_text(in.path / "good/2_2_1/16-32_0-16_0-8.gz");
    check_runs(in, "good " + what + " --resume");
    CHECK(read_text(in.path / "good/2_2_1/0-16_0-16_0-8.gz").size() > 6);
    CHECK(read_text(in.path / "good/2_2_1/16-32_0-16_0-8.gz") == before);
}

TEST_CASE("memory does not grow with the volume") {
    const scratch_folder in;
    write_npy(in.path / "e.npy", made_up<std::uint8_t>({512, 512, 256}));  // 64 MiB
    check_runs(in, "v --create e.npy --chunk 64,64,64");
    check_runs(in, "v --method average --factor 2,2,2 --mips 3 --threads 1 --memory 60MiB",
               "ulimit -v 60000;");
    check_fails(in, "v --method average --factor 3,3,3 --mips 2 --threads 2 --memory 60MiB", 2,
                "MiB may be needed");
}

TEST_CASE("what is asked wrongly is refused, and nothing is written") {
    const scratch_folder in;
    make_labels(in);
    const auto before = tree(in.path);
    check_fails(in, "v --mips 2", 2, "--method is needed");
    check_fails(in, "v --method mode", 2, "--mips is needed");
    check_fails(in, "v --method mode --mips 2 --from-mip 3", 2, "info lists 1 scales");
    check_fails(in, "v --method mode --mips 2 --rounding half_up", 2, "no meaning for --method mode");
    check_fails(in, "v --method mode --mips 2 --task 100,64,8", 2, "the next that is: 128,64,8");
    check_fails(in, "nowhere --method mode --mips 2", 2, "has no file info");
    check_fails(in, "v --create l.npy", 2, "is a precomputed volume already");
    check_fails(in, "w --create l.npy --resolution 4,4", 2, "--resolution");
    CHECK(tree(in.path) == before);
    const std::string info = read_text(in.path / "v/info");
    const auto refuse = [&](const std::string& from, const std::string& to, const std::string& words) {
        std::string changed = info;
        changed.replace(changed.find(from), from.size(), to);
        write_text(in.path / "v/info", changed);
        check_fails(in, "v --method mode --mips 2", 2, words);
    };
    refuse("\"raw\"", "\"compressed_segmentation\"", "'compressed_segmentation'");
    refuse("\"encoding\"", "\"sharding\": {}, \"encoding\"", "sharded");
    refuse("uint32", "float64", "'float64'");
    refuse("150", "-150", "size of scale 4_4_40");
    refuse("{", "{{", "no JSON");
}

TEST_CASE("one process or several make the same volume") {
    const char* mpirun = std::getenv("MPIRUN");
    if (mpirun == nullptr || std::string(mpirun).empty()) return;
    const scratch_folder in;
    make_labels(in);
    const std::string what = "--create l.npy --chunk 16,16,8 --mips 2 --method mode --task 64,64,8";
    check_runs(in, "one " + what);
    const std::string as_root =
        "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 ";
    for (const std::string n : {"2", "4"}) {
        check_runs(in, "several " + what, as_root + "\"$MPIRUN\" -n " + n);
        CHECK(tree(in.path / "several") == tree(in.path / "one"));
        fs::remove_all(in.path / "several");
    }
    fs::remove(in.path / "one/1_1_1/0-16_0-16_0-8");
    check_fails(in, "one --from-mip 0 --factor 4,4,1 --chunk 8,8,8 --mips 2 --method min", 2,
                "is there already");
    check_fails(in, "one --factor 8,8,1 --mips 1 --method min", 1, "0-16_0-16_0-8: is missing",
                as_root + "\"$MPIRUN\" -n 3");
}
