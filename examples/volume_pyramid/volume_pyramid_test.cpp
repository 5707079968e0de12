// SPDX-License-Identifier: BSL-1.0
// volume_pyramid as its user meets it: volumes in, volumes out, exit status and messages. Its path is in
// the variable VOLUME_PYRAMID; MPIRUN, where it is set, starts several of it.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
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
    const std::string command = "cd '" + in.path.string() + "' && " + before + " \"$VOLUME_PYRAMID\" " +
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
                    if (axis > 0) name += "_";
                    name += range(begin, begin + n[axis]);
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
    CHECK(!fs::exists(in.path / "v/.volume_pyramid"));
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
    check_runs(in,
               "v --create c.npy --axes czyx --chunk 4,4,4 --compress gzip:6 --method striding --factor "
               "2,2,1 --mips 1");
    CHECK(read_text(in.path / "v/info").find("\"num_channels\": 2") != std::string::npos);
    CHECK(fs::exists(in.path / "v/2_2_1/0-4_0-3_0-4.gz"));  // gzip begets gzip
    check_runs(in,
               "w --create c.npy --axes czyx --chunk 4,4,4 --method striding --factor 2,2,1 --mips 1 "
               "--compress none");
    const std::string chunk = read_text(in.path / "w/2_2_1/0-4_0-3_4-5");
    REQUIRE(chunk.size() == 4 * 3 * 1 * 2);
    CHECK(chunk[0] == data[4 * 42]);
    CHECK(chunk[4 + 3] == data[4 * 42 + 2 * 7 + 6]);
    CHECK(chunk[12 + 1] == data[210 + 4 * 42 + 2]);
}

TEST_CASE("a bad chunk is named, its task writes nothing it belongs to, and mended the run goes on") {
    const scratch_folder in;
    const bool gzip = GENERATE(false, true);
    make_labels(in, gzip ? "--compress gzip:1" : "");
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
    const std::string what =
        "--create l.npy --chunk 16,16,8 --compress gzip:9 --mips 3 --method mode --threads 2";
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
    refuse("\"raw\"", "\"compressed_segmentation\"", "'compressed_segmentation_block_size'");
    refuse("\"raw\"", "\"jxl\"", "'jxl'");
    refuse("\"encoding\"", "\"sharding\": {}, \"encoding\"", "sharding");
    refuse("uint32", "float64", "'float64'");
    refuse("150", "-150", "size of scale 4_4_40");
    refuse("{", "{{", "no JSON");
}

namespace {

bool can_mpi() {
    const char* mpirun = std::getenv("MPIRUN");
    return mpirun != nullptr && !std::string(mpirun).empty();
}
// In front of a command, for so many of it.
std::string ranks(const std::string& n) {
    return "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 "
           "\"$MPIRUN\" -n " +
           n;
}

}  // namespace

TEST_CASE("one process or several make the same volume") {
    if (!can_mpi()) return;
    const scratch_folder in;
    make_labels(in);
    const std::string what = "--create l.npy --chunk 16,16,8 --mips 2 --method mode --task 64,64,8";
    check_runs(in, "one " + what);
    for (const std::string n : {"2", "4"}) {
        check_runs(in, "several " + what, ranks(n));
        CHECK(tree(in.path / "several") == tree(in.path / "one"));
        fs::remove_all(in.path / "several");
    }
    fs::remove(in.path / "one/1_1_1/0-16_0-16_0-8");
    check_fails(in, "one --from-mip 0 --factor 4,4,1 --chunk 8,8,8 --mips 2 --method min", 2,
                "is there already");
    check_fails(in, "one --factor 8,8,1 --mips 1 --method min", 1, "0-16_0-16_0-8: is missing", ranks("3"));
}

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    REQUIRE(text.find(from) != std::string::npos);
    return text.replace(text.find(from), from.size(), to);
}

void edit(const fs::path& path, const std::string& from, const std::string& to) {
    write_text(path, replaced(read_text(path), from, to));
}

// Refused, and every byte is as it was.
void check_refused(const scratch_folder& in, const std::string& arguments, const std::string& words,
                   int status = 2) {
    const auto before = tree(in.path);
    check_fails(in, arguments, status, words);
    CHECK(tree(in.path) == before);
}

// Small enough that everything about it takes no time: 32 x 32 x 8 in chunks of 16 x 16 x 8.
void make_small(const scratch_folder& in, const std::string& more = "") {
    write_npy(in.path / "s.npy", made_up<std::uint8_t>({32, 32, 8}));
    check_runs(in, "v --create s.npy --chunk 16,16,8 " + more);
}
const std::string halve = "v --method average --factor 2,2,1 --mips 1 ";

void shell(const scratch_folder& in, const std::string& command) {
    INFO(command);
    REQUIRE(std::system(("cd '" + in.path.string() + "' && " + command).c_str()) == 0);
}

bool can(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

}  // namespace

TEST_CASE(
    "a listed scale is what a run makes only where all that describes it, and how it was made, is the same") {
    const scratch_folder in;
    make_small(in);
    check_runs(in, halve);
    const std::string info = read_text(in.path / "v/info");
    check_runs(in, halve + "--resume");
    CHECK(read_text(in.path / "v/info") == info);
    const std::size_t mip = info.rfind("\"key\"", info.find("\"2_2_1\""));
    const std::string head = info.substr(0, mip), rest = info.substr(mip);
    const auto other = [&](const std::string& from, const std::string& to, const std::string& words) {
        write_text(in.path / "v/info", head + replaced(rest, from, to));
        fs::remove(in.path / "v/2_2_1/0-16_0-16_0-8");
        check_refused(in, halve + "--resume", words);
        check_refused(in, halve, "scale 2_2_1 is there already");
    };
    other("\"raw\"", "\"compressed_segmentation\"", "encoding");
    other("\"raw\"", "\"raw\", \"sharding\": {\"@type\": \"neuroglancer_uint64_sharded_v1\"}", "sharding");
    other("\"key\": ", "\"key\": \"other\", \"was\": ", "key");
    other("\"2_2_1\"", "\"./2_2_1/\"", "key");
    other("\"chunk_sizes\": [", "\"chunk_sizes\": [[8, 8, 8], ", "chunk_sizes");
    other("\"made_by\"", "\"was_made_by\"", "does not tell how it was made");
    other("\"average\"", "\"max\"", "method");
    other("\"from\": \"1_1_1\"", "\"from\": \"0.5_0.5_1\"", "from");
    other("\"sparse\": false", "\"sparse\": true", "sparse");
    // Other spellings of the same.
    write_text(in.path / "v/info", head + replaced(replaced(rest, "\"raw\"", "\"RAW\", \"hidden\": true"),
                                                   "\"key\"", "\"sharding\": null, \"key\""));
    check_runs(in, halve + "--resume");
    CHECK(fs::exists(in.path / "v/2_2_1/0-16_0-16_0-8"));
}

TEST_CASE("what was made one way is mended in no other") {
    const scratch_folder in;
    make_small(in);
    check_runs(in, halve + "--sparse --background 3");
    write_npy(in.path / "t.npy", made_up<std::uint8_t>({32, 32, 8}));
    std::string other = read_text(in.path / "t.npy");
    other.back() = static_cast<char>(other.back() + 1);
    write_text(in.path / "other.npy", other);
    fs::remove(in.path / "v/2_2_1/0-16_0-16_0-8");
    fs::remove(in.path / "v/1_1_1/0-16_0-16_0-8");
    check_refused(in, "v --method max --factor 2,2,1 --mips 1 --resume",
                  "method is to be \"max\", and was \"average\"");
    check_refused(in, halve + "--resume", "sparse");
    check_refused(in, halve + "--sparse --background 4 --resume", "background");
    check_refused(in, halve + "--sparse --background 3 --least-coverage 0.5 --resume", "least_coverage");
    check_refused(in, halve + "--sparse --background 3 --rounding half_up --resume", "rounding");
    check_refused(in, halve + "--sparse --background 3 --edges replicate --resume", "edges");
    check_refused(in, halve + "--sparse --background 3 --missing background --resume", "missing");
    check_refused(in, halve + "--sparse --background 3 --compress gzip:6 --resume", "gzip");
    check_refused(in, halve + "--sparse --background 3 --chunk 8,8,8 --resume", "chunk_sizes");
    check_refused(in, "v --create other.npy --chunk 16,16,8 --resume", "crc32");
    check_refused(in, "v --create s.npy --chunk 16,16,8 --axes yxz --resume", "axes");
    check_refused(in, "v --create s.npy --chunk 16,16,8 --compress gzip:6 --resume", "gzip");
    check_refused(in, "v --create s.npy --chunk 16,16,8 --type segmentation --resume", "type");
    check_refused(in, "v --create s.npy --chunk 16,16,8 --offset 1,0,0 --resume", "voxel_offset");
    // A .npy is the same by whatever name; and the same options may be spelled otherwise.
    fs::create_directory(in.path / "far");
    fs::rename(in.path / "t.npy", in.path / "far/u.npy");
    check_runs(in, "v --create far/../far/u.npy --axes xyz --chunk 16,16,8 --offset 0,0,0 --resume");
    check_runs(in, "v --method average --factor '2,2,1' --sparse --background 3 --compress none --resume");
    check_equal(read_scale<std::uint8_t>(in.path / "v/1_1_1", {32, 32, 8}, {16, 16, 8}),
                made_up<std::uint8_t>({32, 32, 8}));
    CHECK(fs::exists(in.path / "v/2_2_1/0-16_0-16_0-8"));

    // From another scale, the mip of the same key would have other voxels.
    check_runs(in, "v --method average --factor 2,2,1 --mips 1 --from-mip 1");
    fs::remove(in.path / "v/4_4_1/0-8_0-8_0-8");
    check_refused(in, "v --method average --factor 4,4,1 --mips 1 --resume", "from");
    check_runs(in, "v --method average --factor 2,2,1 --mips 1 --from-mip 1 --resume");
}

TEST_CASE("a resumed --create is what the .npy is now, or says so") {
    const scratch_folder in;
    make_small(in);
    // A chunk of the right length that is not the .npy's: whoever wrote it, it is not passed over.
    std::string chunk = read_text(in.path / "v/1_1_1/0-16_0-16_0-8");
    chunk[100] = static_cast<char>(chunk[100] + 1);
    write_text(in.path / "v/1_1_1/0-16_0-16_0-8", chunk);
    check_fails(in, "v --create s.npy --chunk 16,16,8 --resume", 1,
                "1_1_1/0-16_0-16_0-8: has other voxels than s.npy; remove");
    fs::remove(in.path / "v/1_1_1/0-16_0-16_0-8");
    check_runs(in, "v --create s.npy --chunk 16,16,8 --resume");
    check_equal(read_scale<std::uint8_t>(in.path / "v/1_1_1", {32, 32, 8}, {16, 16, 8}),
                made_up<std::uint8_t>({32, 32, 8}));
}

TEST_CASE("mips of a source that has changed since are made again by --resume") {
    const scratch_folder in;
    make_small(in);
    check_runs(in, halve);
    const std::string old = read_text(in.path / "v/2_2_1/0-16_0-16_0-8");
    const fs::path chunk = in.path / "v/1_1_1/0-16_0-16_0-8";
    write_text(chunk, std::string(16 * 16 * 8, '\7'));
    fs::last_write_time(chunk,
                        fs::last_write_time(in.path / "v/2_2_1/0-16_0-16_0-8") + std::chrono::seconds(1));
    check_runs(in, halve + "--resume");
    const std::string now = read_text(in.path / "v/2_2_1/0-16_0-16_0-8");
    CHECK(now != old);
    CHECK(now.substr(0, 8) == std::string(8, '\7'));
}

TEST_CASE("the level of gzip is the one that was begun with, whatever the source looks like meanwhile") {
    const scratch_folder in;
    write_npy(in.path / "s.npy", made_up<std::uint8_t>({64, 32, 8}));
    check_runs(in, "plain --create s.npy --chunk 16,16,8");
    check_runs(in, "plain --mips 1 --method average --compress gzip:6");
    const auto before = tree(in.path / "plain");
    check_runs(in, "plain --mips 1 --method average --resume");
    CHECK(tree(in.path / "plain") == before);
    check_runs(in, "made --create s.npy --chunk 16,16,8 --compress gzip:3 --mips 1 --method max --resume");
    const auto made = tree(in.path / "made");
    check_runs(in, "made --create s.npy --chunk 16,16,8 --mips 1 --method max --resume");
    CHECK(tree(in.path / "made") == made);

    // The chunk that is missing was the one that told of gzip.
    check_runs(in, "v --create s.npy --chunk 16,16,8 --compress gzip:6");
    fs::rename(in.path / "v/1_1_1/0-16_0-16_0-8.gz", in.path / "saved");
    check_fails(in, "v --mips 1 --method average", 1, "0-16_0-16_0-8: is missing");
    fs::rename(in.path / "saved", in.path / "v/1_1_1/0-16_0-16_0-8.gz");
    check_runs(in, "v --mips 1 --method average --resume");
    CHECK(fs::exists(in.path / "v/2_2_1/0-16_0-16_0-8.gz"));

    // A volume of which only one corner is there.
    check_runs(in, "w --create s.npy --chunk 16,16,8 --compress gzip:6");
    for (const int x : {0, 16, 32, 48})
        fs::remove(in.path / ("w/1_1_1/" + range(x, x + 16) + "_0-16_0-8.gz"));
    check_runs(in, "w --mips 1 --method max --missing background");
    CHECK(fs::exists(in.path / "w/2_2_1/0-16_0-16_0-8.gz"));

    // Both forms at once are nobody's chunk.
    write_text(in.path / "v/2_2_1/0-16_0-16_0-8", "");
    check_fails(in, "v --mips 1 --method average --resume", 1, "with .gz and without");
}

TEST_CASE("chunks in a form that is not read are not missing") {
    const scratch_folder in;
    make_small(in);
    const fs::path folder = in.path / "v/1_1_1";
    const std::string max = "v --method max --mips 1 ";
    for (const std::string form : {".xz", ".zst", ".GZ", ".gz.part"}) {
        fs::rename(folder / "0-16_0-16_0-8", folder / ("0-16_0-16_0-8" + form));
        check_refused(in, max + "--missing background", "0-16_0-16_0-8" + form);
        fs::rename(folder / ("0-16_0-16_0-8" + form), folder / "0-16_0-16_0-8");
    }
    fs::rename(folder / "0-16_0-16_0-8", folder / "0-16_0-16_0-8.xz");
    check_fails(in, max, 1, "0-16_0-16_0-8.xz: is in a form that is not read");
    fs::remove(folder / "0-16_0-16_0-8.xz");
    // Chunks of another offset, or of another grid, and shards.
    for (const std::string name : {"8-24_0-16_0-8", "0-32_0-32_0-8", "-16-0_0-16_0-8", "0.shard"}) {
        write_text(folder / name, "");
        check_refused(in, max + "--missing background", name);
        fs::remove(folder / name);
    }
    write_text(folder / "provenance", "");
    check_runs(in, max + "--missing background");
    fs::rename(folder, in.path / "away");
    check_refused(in, "v --method max --mips 1 --factor 4,4,1 --missing background", "1_1_1: cannot be read");
}

TEST_CASE("whatever joins info meanwhile is not taken for the run's own") {
    const scratch_folder in;
    write_npy(in.path / "b.npy", made_up<std::uint8_t>({256, 256, 64}));
    check_runs(in, "source --create b.npy --chunk 16,16,8");
    const std::string theirs =
        R"({"key": "2_2_1", "size": [128, 128, 64], "resolution": [2, 2, 1], "chunk_sizes": [[16, 16, 8]], "encoding": "jpeg"}, {)";
    write_text(in.path / "new_info",
               replaced(read_text(in.path / "source/info"), "\n    {", "\n    " + theirs));
    for (const std::string change : {"cp new_info v/info", "sed -i s/uint8/uint16/ v/info", "rm v/info"}) {
        // The run is held as soon as it has begun; where it was done already, once more.
        const std::string meanwhile =
            "sh -c '\"$@\" & p=$!; until [ -e v/.volume_pyramid/plan.json ]; do :; done; kill -STOP $p; "
            "[ -e v/.volume_pyramid/plan.json ] && touch held; " +
            change + "; kill -CONT $p; wait $p' sh";
        outcome result;
        fs::remove(in.path / "held");
        for (int tries = 0; tries < 20 && !fs::exists(in.path / "held"); ++tries) {
            fs::remove_all(in.path / "v");
            shell(in, "cp -r source v");
            result = run(in, "v --method average --factor 2,2,1 --mips 1 --compress gzip:9 --threads 1",
                         meanwhile);
        }
        INFO(change << "\n" << result.text);
        CHECK(result.status != 0);
        CHECK(result.text.find("v/info") != std::string::npos);
        if (!fs::exists(in.path / "v/info")) continue;
        CHECK(read_text(in.path / "v/info").find("\"method\"") == std::string::npos);
        // Mended, the run goes on.
        shell(in, "cp source/info v/info");
        check_runs(in, "v --method average --factor 2,2,1 --mips 1 --resume");
    }
}

TEST_CASE("what has a chunk's name and is no chunk is found") {
    const scratch_folder in;
    make_small(in);
    check_runs(in, halve);
    const fs::path chunk = in.path / "v/2_2_1/0-16_0-16_0-8";
    fs::remove(chunk);
    fs::create_directory(chunk);
    check_fails(in, halve + "--resume", 1, "0-16_0-16_0-8: is no regular file; remove it");
    fs::remove(chunk);
    REQUIRE(::mkfifo(chunk.c_str(), 0600) == 0);
    check_fails(in, halve + "--resume", 1, "0-16_0-16_0-8: is no regular file; remove it");
    fs::remove(chunk);
    check_runs(in, halve + "--resume");
}

TEST_CASE("info keeps every byte that is not the run's, its link and its mode") {
    const scratch_folder in;
    make_small(in);
    const std::string odd =
        "\"of_others\": [123456789012345678901234567890, 1E+2, 0.10, -0.0, \"\\u00e9]}\"],\n\t ";
    edit(in.path / "v/info", "\"@type\"", odd + "\"@type\"");
    fs::create_directory(in.path / "real");
    fs::rename(in.path / "v/info", in.path / "real/volume.json");
    fs::create_symlink("../real/volume.json", in.path / "v/info");
    fs::permissions(in.path / "real/volume.json", fs::perms::owner_read | fs::perms::owner_write);
    const std::string before = read_text(in.path / "v/info");
    check_runs(in, halve);
    CHECK(fs::is_symlink(in.path / "v/info"));
    CHECK(fs::status(in.path / "v/info").permissions() == (fs::perms::owner_read | fs::perms::owner_write));
    const std::string after = read_text(in.path / "v/info");
    std::size_t same = 0;
    while (after[same] == before[same]) ++same;
    CHECK(after.ends_with(before.substr(same)));
    CHECK(after.find(odd) != std::string::npos);
    // All in one line, as some write it.
    write_text(
        in.path / "v/info",
        R"({"type":"image","data_type":"uint8","num_channels":1,"scales":[{"key":"1_1_1","size":[32,32,8],"resolution":[1,1,1],"chunk_sizes":[[16,16,8]],"encoding":"raw"}],"x":1e2})");
    fs::remove_all(in.path / "v/2_2_1");
    check_runs(in, halve);
    CHECK(read_text(in.path / "v/info").ends_with("],\"x\":1e2}"));
    check_runs(in, halve + "--resume");
}

TEST_CASE("info: what nobody reads, and what nobody asked for") {
    const scratch_folder in;
    make_small(in);
    const std::string info = read_text(in.path / "v/info");
    const auto runs_with = [&](const std::string& from, const std::string& to) {
        write_text(in.path / "v/info", replaced(info, from, to));
        INFO(to);
        check_runs(in, halve + "--dry-run");
    };
    runs_with("\"uint8\"", "\"UINT8\"");
    runs_with("\"raw\"", "\"RAW\"");
    runs_with("\"image\"", "\"Image\"");
    const std::string coarse =
        R"("scales": [{"key": "9", "size": [1, 1, 1], "resolution": [0.5, 0.5, 0.5], )";
    for (const std::string rest : {R"("voxel_offset": [1.25, 0, 0], "chunk_sizes": [], "encoding": "jxl"}, )",
                                   R"("size": "none"}, )", R"("encoding": 7}, )"}) {
        write_text(in.path / "v/info",
                   replaced(info, "\"scales\": [", replaced(coarse, "\"size\": [1, 1, 1], ", "") + rest));
        INFO(rest);
        check_runs(in, halve + "--from-mip 1 --dry-run");
    }
    const auto refused_with = [&](const std::string& text, const std::string& words) {
        write_text(in.path / "v/info", text);
        check_refused(in, halve, words);
    };
    refused_with(std::string(200000, '['), "nested too deep");
    refused_with("{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}", "nested too deep");
    refused_with(replaced(info, "\"type\"", "\"type\": \"image\", \"type\""), "'type' is there twice");
    refused_with("", "no JSON");
    fs::remove(in.path / "v/info");
    fs::create_directory(in.path / "v/info");
    check_refused(in, halve, "v/info: cannot be read: Is a directory");
    fs::remove(in.path / "v/info");
    write_text(in.path / "v/info", info);
    const std::string somebody = "setpriv --reuid 65534 --regid 65534 --clear-groups ";
    if (::geteuid() != 0 || !can(somebody + "true")) return;
    fs::permissions(in.path, fs::perms::all);
    fs::permissions(in.path / "v/info", fs::perms::owner_read);
    check_fails(in, halve + "--dry-run", 2, "v/info: cannot be read: Permission denied", somebody);
}

TEST_CASE("a run that wrote nothing, or was asked for what cannot be, is in nobody's way") {
    const scratch_folder in;
    make_small(in);
    const std::string info = read_text(in.path / "v/info");
    edit(in.path / "v/info", "[\n          16,\n          16,\n          8\n",
         "[\n          16,\n          32,\n          8\n");
    check_fails(in, "v --method average --mips 1 --chunk 16,16,8", 1, "0-16_0-32_0-8: is missing");
    write_text(in.path / "v/info", info);
    check_runs(in, halve);
    check_runs(in, "v --method max --factor 4,4,1 --mips 1");
    CHECK(!fs::exists(in.path / "v/.volume_pyramid"));
    // Killed before its first chunk: another may begin.
    check_refused(in, "v --method average --factor 3,3,1 --mips 1 --edges replicate", "replicate");
    check_runs(in, "v --method min --factor 8,8,1 --mips 1");
    fs::create_directories(in.path / "w");
    write_npy(in.path / "l.npy", made_up<std::uint32_t>({64, 64, 8}));
    check_fails(in, "w --create l.npy", 1, "File too large", "ulimit -f 16;");
    check_runs(in, "w --create l.npy --chunk 8,8,8");
    check_fails(in, "w --create l.npy --chunk 8,8,8", 2, "--create makes a new one");
}

TEST_CASE("a run that was ended between its info and its end is over") {
    const scratch_folder in;
    make_small(in);
    check_runs(in, halve);
    // As the run had its plan.
    const std::string info = read_text(in.path / "v/info");
    const std::size_t begin = info.find("{", info.find("\"scales\"")), end = info.rfind(']');
    fs::create_directory(in.path / "v/.volume_pyramid");
    write_text(in.path / "v/.volume_pyramid/plan.json",
               "{\"scales\": [" + info.substr(begin, end - begin) + "]}");
    check_runs(in, "v --method max --from-mip 1 --mips 1");
    CHECK(!fs::exists(in.path / "v/.volume_pyramid"));
}

TEST_CASE("with --create, everything about the mips is checked before the volume is made") {
    const scratch_folder in;
    write_npy(in.path / "s.npy", made_up<std::uint8_t>({32, 32, 8}));
    write_npy(in.path / "f.npy", made_up<float>({32, 32, 8}));
    const std::string create = "v --create s.npy --chunk 16,16,8 --mips 2 --method average ";
    check_refused(in, create + "--sparse --background 300", "'300'");
    check_refused(in, create + "--missing background --background 1.5", "'1.5'");
    check_refused(in, create + "--task 5,5,5", "--task");
    check_refused(in, create + "--memory 1MiB", "--memory");
    check_refused(in, create + "--factor 3,3,1 --edges replicate", "replicate");
    check_refused(in, create + "--isotropic --mips 9", "");
    check_refused(in, "v --create s.npy --chunk 16,16,8 --isotropic --mips 9 --method max", "--isotropic");
    check_refused(in, "v --create s.npy --chunk 16,16,8 --memory 1MiB", "--memory");
    check_refused(in, "v --create f.npy --mips 1 --method average --rounding half_up", "--rounding");
    check_refused(in, "v --create s.npy --factor 262144,1,1 --mips 3 --method max", "2^48");
    for (const std::string option : {"--method max", "--isotropic", "--task 64,64,64", "--missing background",
                                     "--sparse", "--least-coverage 0.5"})
        check_refused(in, "v --create s.npy " + option, "only with --mips");
    const outcome told = run(in, create + "--dry-run");
    INFO(told.text);
    CHECK(told.status == 0);
    CHECK(told.text.find("making 32 x 32 x 8") != std::string::npos);
    CHECK(told.text.find("adding 2 mips") != std::string::npos);
    CHECK(told.text.find("MiB in each process") != std::string::npos);
    CHECK(!fs::exists(in.path / "v"));
}

TEST_CASE("types that the format does not know are told of") {
    const scratch_folder in;
    write_npy(in.path / "i.npy", made_up<std::int64_t>({8, 8, 8}));
    write_npy(in.path / "f.npy", made_up<float>({8, 8, 8}));
    write_npy(in.path / "u.npy", made_up<std::uint64_t>({8, 8, 8}));
    CHECK(run(in, "i --create i.npy").text.find("knows no int64") != std::string::npos);
    CHECK(run(in, "f --create f.npy --type segmentation").text.find("segmentations of float32") !=
          std::string::npos);
    CHECK(run(in, "g --create f.npy").text.find("warning") == std::string::npos);
    CHECK(run(in, "u --create u.npy --type segmentation").text.find("warning") == std::string::npos);
}

TEST_CASE(
    "a value that is empty, octal-looking, not whole or too large is refused by the option's name, in both "
    "programs") {
    const scratch_folder in;
    make_small(in);
    for (const std::string option :
         {"--mips", "--from-mip", "--factor",     "--method", "--background", "--rounding", "--edges",
          "--ties", "--votes",    "--threads",    "--memory", "--chunk",      "--compress", "--missing",
          "--task", "--create",   "--resolution", "--offset", "--axes",       "--type"}) {
        const std::string rest = option == "--mips" || option == "--method" ? "v "
                                 : option == "--factor"                     ? "v --mips 1 --method max "
                                                                            : "v --factor 2,2,1 ";
        check_refused(in, rest + option + " ''", option + " is empty");
        check_refused(in, rest + option + "=''", option);
    }
    check_refused(in, "'' --mips 1 --method max", "volume is empty");
    for (const std::string bad :
         {"010", "0x2", "-1", "+2", "1.5", "1e1", " 2", "2 ", "99999999999999999999"}) {
        for (const std::string option : {"--mips", "--from-mip", "--threads", "--memory", "--compress"})
            check_refused(in, "v --factor 2,2,1 --method max " + option + " '" + bad + "'", option);
        for (const std::string option : {"--factor", "--chunk", "--task"})
            check_refused(in, "v --mips 1 --method max " + option + " '2,2," + bad + "'", option);
    }
    for (const std::string bad : {"010", "1e3", "", "-0", "1.", ".5", "0", "-4", "nan", "0x4", " 4"})
        check_refused(in, "w --create s.npy --resolution '4," + bad + ",40'", "--resolution");
    for (const std::string bad : {"-010", "1.5", "-0", "", "281474976710657"})
        check_refused(in, "w --create s.npy --offset '0," + bad + ",0'", "--offset");
    for (const std::string bad :
         {"0", "2TB2", "GiB", "99999999999999999999", "18446744073709551615KiB", "1.5GiB", "-1GiB"})
        check_refused(in, halve + "--memory '" + bad + "'", "--memory");
    check_runs(in, halve + "--memory 1GiB --dry-run");
    check_runs(in, halve + "--memory '1000 mb' --dry-run");
    check_refused(in, halve + "--task 9223372036854775807,32,8", "--task");
    check_refused(in, halve + "--chunk 281474976710657,8,8", "--chunk");
    check_refused(in, "w --create s.npy --chunk 281474976710657,8,8", "--chunk");
    check_refused(in, halve + "--resume=false", "resume");
    write_text(in.path / "c.npy",
               npy::format({{'u', 1, false}, true, {1, 1, 1, 70000}}) + std::string(70000, 'x'));
    check_refused(in, "w --create c.npy", "70000");
}

TEST_CASE("signals, as a shell, nohup, a container and a queue expect them") {
    const scratch_folder in;
    write_npy(in.path / "b.npy", made_up<std::uint32_t>({256, 256, 128}));
    check_runs(in, "v --create b.npy --chunk 16,16,8");
    const std::string modes = "v --mips 2 --method mode --compress gzip:9 --threads 1 --resume";
    for (const std::string signal : {"TERM", "INT", "HUP", "USR2", "XCPU"}) {
        // The shell sees of what the program died, and the program has said what to do.
        const outcome ended =
            run(in, modes, "bash -c 'set -m; \"$@\" & sleep 0.2; kill -" + signal + " $!; wait $!' sh");
        INFO(signal << "\n" << ended.text);
        CHECK(ended.status > 128);
        CHECK(ended.text.find("interrupted: ") != std::string::npos);
        CHECK(ended.text.find("--resume goes on from here") != std::string::npos);
    }
    // Ignored from the start, as nohup and jobs of a script have it. A lock that another run holds keeps this
    // one.
    const std::string locked = "flock v/.volume_pyramid/lock ";
    if (can("flock --version")) {
        const outcome waiting =
            run(in, modes, locked + "bash -c '\"$@\" & sleep 0.3; kill -TERM $!; wait $!' sh");
        INFO(waiting.text);
        CHECK(waiting.status == 128 + 15);
        CHECK(waiting.text.find("interrupted") != std::string::npos);
    }
    if (can("unshare --pid --fork true")) {
        const outcome contained =
            run(in, modes, "unshare --pid --fork sh -c '(sleep 0.2; kill -TERM 1) & exec \"$@\"' sh");
        INFO(contained.text);
        CHECK(contained.status == 128 + 15);
    }
    const outcome kept = run(
        in, modes, "bash -c 'trap \"\" HUP INT; \"$@\" & sleep 0.1; kill -HUP $!; kill -INT $!; wait $!' sh");
    INFO(kept.text);
    CHECK(kept.status == 0);
}

TEST_CASE("threads that cannot start are done without") {
    const scratch_folder in;
    make_small(in);
    const outcome result = run(in, halve + "--threads 512", "ulimit -v 300000;");
    INFO(result.text);
    CHECK(result.status == 0);
    CHECK(result.text.find("of 512 threads can be started") != std::string::npos);
}

TEST_CASE("a .npy that is shortened or written to while it is read makes no volume") {
    const scratch_folder in;
    for (const std::string change : {"truncate -s 100000", "truncate -s -5", "touch"}) {
        INFO(change);
        write_npy(in.path / "b.npy", made_up<std::uint8_t>({256, 256, 128}));
        const outcome result = run(in, "v --create b.npy --chunk 16,16,8 --threads 1 --compress gzip:9",
                                   "sh -c '(until [ -e v/1_1_1/0-16_0-16_0-8.gz ]; do :; done; " + change +
                                       " b.npy) & \"$@\"; s=$?; wait; exit $s' sh");
        INFO(result.text);
        CHECK(result.status == 1);
        CHECK(result.text.find("b.npy: ") != std::string::npos);
        CHECK(!fs::exists(in.path / "v/info"));
        fs::remove_all(in.path / "v");
    }
}

TEST_CASE("a scale's folder may be a link, also to another file system") {
    const scratch_folder in;
    make_small(in);
    check_runs(in, halve);
    const auto wanted = tree(in.path / "v");
    std::string pattern = (fs::current_path() / "tinybrain-other-XXXXXX").string();
    const fs::path other = ::mkdtemp(pattern.data());
    fs::remove_all(in.path / "v");
    fs::create_directory(in.path / "v");
    fs::create_directory_symlink(other, in.path / "v/2_2_1");
    const outcome made = run(in, "v --create s.npy --chunk 16,16,8");
    const outcome result = run(in, halve + "--resume");
    const auto files = tree(other);
    fs::remove_all(other);
    INFO(made.text << result.text);
    CHECK(result.status == 0);
    CHECK(files.size() == 1);
    CHECK(files.at("0-16_0-16_0-8") == wanted.at("2_2_1/0-16_0-16_0-8"));
}

TEST_CASE("messages name the file, whatever its name") {
    const scratch_folder in;
    make_small(in);
    check_refused(in, "w --create nope.npy", "nope.npy: No such file");
    check_refused(in, "w --create .", ".: ");
    write_text(in.path / "text.npy", "hello");
    check_refused(in, "w --create text.npy", "text.npy: not a .npy file");
    check_refused(in, "nowhere --mips 1 --method max", "nowhere is no precomputed volume");
    fs::copy_file(in.path / "s.npy", in.path / "\xff\xfe.npy");
    check_runs(in,
               "$(printf '\\377') --create $(printf '\\377\\376').npy --chunk 16,16,8 --mips 1 --method max");
    fs::remove(in.path / "\xff/1_1_1/0-16_0-16_0-8");
    check_fails(in, "$(printf '\\377') --factor 4,4,1 --mips 1 --method max", 1, "0-16_0-16_0-8: is missing");
}

TEST_CASE("gzip as buckets, gzip(1) and Python have it") {
    const scratch_folder in;
    make_small(in);
    check_runs(in, halve);
    check_runs(in, "w --create s.npy --chunk 16,16,8 --compress gzip:6");
    // Copies from a bucket lose the ending; some tools pad with zeros, or put several members one after
    // another.
    const fs::path folder = in.path / "w/1_1_1";
    fs::rename(folder / "0-16_0-16_0-8.gz", folder / "0-16_0-16_0-8");
    write_text(folder / "16-32_0-16_0-8.gz",
               read_text(folder / "16-32_0-16_0-8.gz") + std::string(100000, '\0'));
    shell(in,
          "cd w/1_1_1 && gzip -dc 0-16_16-32_0-8.gz >c && (head -c 100 c | gzip; tail -c +101 c | gzip) "
          ">0-16_16-32_0-8.gz && rm c");
    check_runs(in, "w --method average --factor 2,2,1 --mips 1 --compress none");
    CHECK(tree(in.path / "w/2_2_1") == tree(in.path / "v/2_2_1"));
    check_runs(in, "w --create s.npy --chunk 16,16,8 --resume");
    CHECK(!fs::exists(folder / "0-16_0-16_0-8.gz"));
    write_text(folder / "16-32_0-16_0-8.gz", read_text(folder / "16-32_0-16_0-8.gz") + "x");
    check_fails(in, "w --method average --factor 4,4,1 --mips 1", 1, "16-32_0-16_0-8.gz: ");
    // Voxels that look like the beginning of a gzip file are voxels.
    write_text(in.path / "v/1_1_1/0-16_0-16_0-8", "\x1f\x8b\x08" + std::string(16 * 16 * 8 - 3, 'x'));
    check_runs(in, "v --method striding --factor 4,4,1 --mips 1");
    CHECK(read_text(in.path / "v/4_4_1/0-8_0-8_0-8")[0] == '\x1f');
}

TEST_CASE("resolutions are multiplied as they are written") {
    const scratch_folder in;
    write_npy(in.path / "s.npy", made_up<std::uint8_t>({32, 32, 8}));
    check_runs(in, "v --create s.npy --resolution 9.8,4.0,0.125 --mips 1 --factor 3,2,8 --method max");
    CHECK(fs::exists(in.path / "v/29.4_8.0_1.0"));
    CHECK(read_text(in.path / "v/info").find("29.4,") != std::string::npos);
    edit(in.path / "v/info", "29.4,", "29.400000000000002,");
    check_fails(in, "v --mips 1 --factor 3,2,8 --method max", 2, "is there already");
    write_text(in.path / "v/info", replaced(read_text(in.path / "v/info"), "9.8,", "1e20,"));
    check_runs(in, "v --mips 1 --factor 2,16,16 --method max --from-mip 0 --dry-run");
    check_runs(in,
               "w --create s.npy --resolution 100000000000000000.5,1,1 --mips 1 --factor 2,1,1 --method max");
    CHECK(fs::exists(in.path / "w/200000000000000000.0_1_1"));
}

TEST_CASE("chunks that take much memory: what takes less is told") {
    const scratch_folder in;
    fs::create_directories(in.path / "v/1_1_1");
    write_text(in.path / "v/info",
               R"({"type": "image", "data_type": "uint8", "num_channels": 1, "scales": [{"key": "1_1_1",
        "size": [8583, 8562, 100], "resolution": [1, 1, 1], "chunk_sizes": [[512, 512, 1]], "encoding": "raw"}]})");
    const outcome told = run(in, "v --factor 2,2,2 --mips 5 --method average --threads 1 --dry-run");
    INFO(told.text);
    CHECK(told.status == 0);
    CHECK(told.text.find("--chunk 64,64,64 needs") != std::string::npos);
    check_refused(in, "v --factor 2,2,2 --mips 5 --method average --threads 1 --memory 1GiB",
                  "--chunk 64,64,64 needs");
    CHECK(run(in, "v --factor 2,2,2 --mips 5 --method average --threads 1 --chunk 64,64,64 --dry-run")
              .text.find("needs") == std::string::npos);
}

TEST_CASE("an axis of one voxel is nothing to bring near to cubes") {
    const scratch_folder in;
    write_npy(in.path / "s.npy", made_up<std::uint8_t>({64, 64, 1}));
    check_runs(in, "v --create s.npy --resolution 10.032,10.032,1 --isotropic --mips 3 --method max");
    CHECK(fs::exists(in.path / "v/20.064_20.064_1"));
    CHECK(fs::exists(in.path / "v/80.256_80.256_1"));
    check_refused(in, "v --isotropic --from-mip 3 --mips 4 --method max", "single voxel after 3 mips");
}

TEST_CASE("as many mips as it takes") {
    const scratch_folder in;
    make_labels(in);
    const auto scales = [&] {
        const std::string text = read_text(in.path / "v/info");
        int count = 0;
        for (std::size_t at = text.find("\"key\""); at != std::string::npos;
             at = text.find("\"key\"", at + 1))
            ++count;
        return count;
    };
    const std::string mode = "v --method mode --mips ";
    check_runs(in, mode + "auto");  // 150 x 70 x 37, 75 x 35, 38 x 18
    CHECK(scales() == 3);
    check_refused(in, mode + "fit=37 --from-mip 2 --factor 1,1,2", "no axis that is reduced");
    check_runs(in, mode + "fit=5 --from-mip 2");  // 19 x 9, 10 x 5, 5 x 3
    CHECK(scales() == 6);
    check_runs(in, mode + "fit=20 --isotropic --dest cubes");  // z, 37 voxels, is halved once
    CHECK(read_text(in.path / "cubes/info").find("_80\"") != std::string::npos);
    CHECK(read_text(in.path / "cubes/info").find("_160\"") == std::string::npos);
    check_refused(in, mode + "auto --factor '2,2,1;2,2,2'", "--mips fit");
    for (const std::string bad : {"fit=0", "fit=", "fit=-1", "fit=1.5", "fit", "Auto", "41"})
        check_refused(in, mode + bad, "--mips");
}

TEST_CASE("a picture is a volume of one slice") {
    const scratch_folder in;
    std::string data;
    for (int i = 0; i < 3 * 5; ++i) data += static_cast<char>(i);
    write_text(in.path / "p.npy", npy::format({{'u', 1, false}, false, {3, 5}}) + data);
    check_runs(in, "v --create p.npy --axes yx --method striding --factor 2,2,1 --mips 1");
    const auto mip = read_scale<std::uint8_t>(in.path / "v/2_2_1", {3, 2, 1}, {64, 64, 64});
    CHECK(mip(1, 0, 0) == 2);
    CHECK(mip(2, 1, 0) == 14);
    check_runs(in, "w --create p.npy --axes xy");
    CHECK(read_scale<std::uint8_t>(in.path / "w/1_1_1", {3, 5, 1}, {64, 64, 64})(2, 1, 0) == 11);
    write_text(in.path / "rgb.npy", npy::format({{'u', 1, false}, false, {5, 1, 3}}) + data);
    check_runs(in, "c --create rgb.npy --axes yxc");
    CHECK(read_text(in.path / "c/1_1_1/0-1_0-5_0-1").substr(0, 6) == std::string("\0\3\6\11\14\1", 6));
    check_refused(in, "x --create p.npy --axes zyx", "2 axes");
    check_refused(in, "x --create p.npy --axes yz", "--axes");
    check_refused(in, "x --create p.npy --axes xx", "--axes");
}

TEST_CASE("closed streams do not become chunks, and lines that cannot be written are no success") {
    const scratch_folder in;
    make_small(in);
    check_runs(in, halve);
    const auto wanted = tree(in.path / "v");
    fs::remove_all(in.path / "v");
    shell(in, "\"$VOLUME_PYRAMID\" v --create s.npy --chunk 16,16,8 >&- 2>&- <&-");
    shell(in, "\"$VOLUME_PYRAMID\" " + halve + " >&- 2>&- <&-");
    CHECK(tree(in.path / "v") == wanted);
    shell(in, "! \"$VOLUME_PYRAMID\" " + halve + " --resume --dry-run >/dev/full 2>&1");
    shell(in, "! \"$VOLUME_PYRAMID\" --help >/dev/full 2>&1");
    shell(in, "\"$VOLUME_PYRAMID\" --help | true");
}

TEST_CASE("parts in any order, twice and at once, make what one run makes") {
    const scratch_folder in;
    make_labels(in);
    for (const std::string form :
         {"--chunk 8,8,8 --task 64,64,16", "--chunk 8,8,8 --task 64,64,16 --sharded --shard-size 16KiB",
          "--chunk 8,8,8 --task 64,64,16 --compress gzip:9"}) {
        INFO(form);
        check_runs(in, add_modes + form + " --dest one");
        shell(in, "[ \"$(\"$VOLUME_PYRAMID\" " + add_modes + form +
                      " --dest parts --prepare 2>/dev/null)\" = 18 ]");
        shell(in,
              "for k in 4 2 5 1 3; do \"$VOLUME_PYRAMID\" parts --part $k/5 & "
              "\"$VOLUME_PYRAMID\" parts --part $k/5 >twin.txt || exit 1; wait $! || exit 1; done");
        check_runs(in, "parts --finish");
        CHECK(tree(in.path / "parts") == tree(in.path / "one"));
        for (const char* volume : {"one", "parts"}) fs::remove_all(in.path / volume);
    }
}

TEST_CASE("--finish names the tasks that are missing, and leaves info alone") {
    const scratch_folder in;
    make_labels(in);
    const std::string info = read_text(in.path / "v/info");
    check_runs(in, add_modes + "--chunk 8,8,8 --task 64,64,16 --prepare");
    check_runs(in, "v --tasks 0..4");
    check_runs(in, "v --tasks 6..15");
    check_fails(in, "v --finish", 1, "3 of 18 tasks miss chunks");
    check_fails(in, "v --finish", 1, ": 5, 16..17;");
    CHECK(read_text(in.path / "v/info") == info);
    check_runs(in, "v --tasks 5..17");
    check_runs(in, "v --finish");
    CHECK(!fs::exists(in.path / "v/.volume_pyramid"));
}

namespace {

// A volume somewhere on the grid, and mips of it.
struct placed_case {
    index3 shape{}, offset{}, chunk{}, new_chunk{};
    std::vector<index3> factors;

    explicit placed_case(std::mt19937& random) {
        const auto number = [&](index_t from, index_t to) {
            return std::uniform_int_distribution<index_t>(from, to)(random);
        };
        factors.resize(static_cast<std::size_t>(number(1, 4)));
        for (std::size_t axis = 0; axis < 3; ++axis) {
            shape[axis] = number(1, 60);
            offset[axis] = number(-70, 70);
            chunk[axis] = number(3, 20);
            new_chunk[axis] = number(2, 7);
            for (index3& factor : factors) factor[axis] = number(1, 3);
        }
        for (index3& factor : factors)
            if (factor == index3{1, 1, 1}) factor[0] = 2;
    }

    static std::string text(const index3& a) {
        return std::to_string(a[0]) + "," + std::to_string(a[1]) + "," + std::to_string(a[2]);
    }
    index3 total(std::size_t mips) const {
        index3 all{1, 1, 1};
        for (std::size_t m = 0; m < mips; ++m)
            for (std::size_t axis = 0; axis < 3; ++axis) all[axis] *= factors[m][axis];
        return all;
    }
    std::string create() const { return "--chunk " + text(chunk) + " --offset " + text(offset); }
    std::string mips() const {
        std::string list;
        for (const index3& factor : factors) {
            if (!list.empty()) list += ';';
            list += text(factor);
        }
        index3 task = total(factors.size());
        for (std::size_t axis = 0; axis < 3; ++axis) task[axis] *= new_chunk[axis];
        return "--grid global --factor '" + list + "' --mips " + std::to_string(factors.size()) +
               " --chunk " + text(new_chunk) + " --task " + text(task);
    }

    // What is in a folder has to be these mips, of a volume that begins at `begin`.
    template <class T>
    void check_mips(const fs::path& volume, const std::vector<tb::volume<T, 3>>& wanted, const index3& size,
                    const index3& begin) const {
        for (std::size_t m = 1; m <= factors.size(); ++m) {
            const index3 by = total(m);
            std::string key = text(by);
            std::replace(key.begin(), key.end(), ',', '_');
            INFO("mip " << m);
            check_equal(read_scale<T>(volume / key, tb::mip_shape(size, by, 1, begin), new_chunk,
                                      tb::mip_origin(begin, by)),
                        wanted[m - 1]);
        }
    }
};

}  // namespace

TEST_CASE("global grid: mips are those of the volume in its place, by threads, parts and ranks") {
    std::mt19937 random(GENERATE(1u, 2u, 3u, 4u, 5u, 6u));
    const scratch_folder in;
    const placed_case c(random);
    const auto volume = made_up<std::uint16_t>(c.shape);
    const tb::volume_view<const std::uint16_t, 3> view(volume);
    const auto image = tb::placed(view, c.offset);
    write_npy(in.path / "s.npy", volume);
    check_runs(in, "v --create s.npy " + c.create());
    using wanted = std::vector<tb::volume<std::uint16_t, 3>>;
    const std::pair<std::string, wanted> methods[] = {
        {"average --rounding half_even",
         tb::downsample_with_averaging(image, c.factors, {.round = tb::rounding::half_even})},
        {"mode --ties first", tb::downsample_segmentation(image, c.factors, {.tie = tb::ties::first})},
        {"mode --ties lowest --votes footprint --sparse",
         tb::downsample_segmentation(
             image, c.factors, {.sparse = true, .tie = tb::ties::lowest, .vote = tb::votes::footprint})},
        {"min", tb::downsample_with_min_pooling(image, c.factors)},
        {"stride", tb::downsample_with_striding(image, c.factors)},
    };
    for (const auto& [method, mips] : methods) {
        INFO(c.create() << " " << c.mips() << " " << c.text(c.shape) << " " << method);
        fs::remove_all(in.path / "one");
        check_runs(in, "v --dest one " + c.mips() + " --threads 3 --method " + method);
        c.check_mips(in.path / "one", mips, c.shape, c.offset);
    }
    for (const std::string form : {"", " --sharded --shard-size 2KiB"}) {
        for (const char* folder : {"one", "parts"}) fs::remove_all(in.path / folder);
        const std::string what = c.mips() + " --method average" + form;
        check_runs(in, "v --dest one " + what);
        check_runs(in, "v --dest parts " + what + " --prepare");
        for (const std::string part : {"3/4", "1/4", "4/4", "1/4", "2/4"})
            check_runs(in, "parts --part " + part + " --threads 2");
        check_runs(in, "parts --finish");
        CHECK(tree(in.path / "parts") == tree(in.path / "one"));
        if (!can_mpi()) continue;
        fs::remove_all(in.path / "parts");
        check_runs(in, "v --dest parts " + what, ranks("3"));
        CHECK(tree(in.path / "parts") == tree(in.path / "one"));
    }
}

TEST_CASE("global grid of a part: where windows are whole, its mips are the whole volume's") {
    std::mt19937 random(GENERATE(11u, 12u, 13u, 14u));
    const scratch_folder in;
    const placed_case c(random);
    const auto volume = made_up<std::uint8_t>(c.shape);
    write_npy(in.path / "s.npy", volume);
    check_runs(in, "v --create s.npy " + c.create());
    tb::box<3> part;
    std::string bounds;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        part.begin[axis] = c.shape[axis] / 4;
        part.end[axis] = c.shape[axis] - c.shape[axis] / 5;
        if (axis > 0) bounds += ',';
        bounds += range(c.offset[axis] + part.begin[axis], c.offset[axis] + part.end[axis]);
    }
    INFO(c.create() << " " << c.mips() << " " << c.text(c.shape) << " " << bounds);
    check_runs(in, "v --dest w --method average --bounds " + bounds + " " + c.mips());
    const tb::volume_view<const std::uint8_t, 3> view(volume);
    const auto image = tb::placed(view, c.offset).part(part);
    c.check_mips(in.path / "w", tb::downsample_with_averaging(image, c.factors), image.shape(),
                 image.origin());
    const auto whole = tb::downsample_with_averaging(tb::placed(view, c.offset), c.factors);
    const auto of_part = tb::downsample_with_averaging(image, c.factors);
    for (std::size_t m = 1; m <= c.factors.size(); ++m) {
        const index3 by = c.total(m);
        const auto& a = of_part[m - 1];
        const auto& b = whole[m - 1];
        for (index_t z = 0; z < a.extent(2); ++z)
            for (index_t y = 0; y < a.extent(1); ++y)
                for (index_t x = 0; x < a.extent(0); ++x) {
                    bool is_whole = true;
                    index3 there{x, y, z};
                    for (std::size_t axis = 0; axis < 3; ++axis) {
                        there[axis] += a.origin()[axis];
                        const index_t begin = there[axis] * by[axis], first = image.origin()[axis];
                        is_whole =
                            is_whole && begin >= first && begin + by[axis] <= first + image.extent(axis);
                        there[axis] -= b.origin()[axis];
                    }
                    if (is_whole) REQUIRE(a(x, y, z) == b(there[0], there[1], there[2]));
                }
    }
}

TEST_CASE("global grid: what is told, resumed and refused") {
    const scratch_folder in;
    write_npy(in.path / "s.npy", made_up<std::uint8_t>({50, 40, 20}));
    check_runs(in, "v --create s.npy --chunk 16,16,8 --offset 5,-3,2");
    const std::string what = "v --method average --factor 2,2,2 --mips 3 --chunk 8,8,8 ";
    CHECK(run(in, what + "--dry-run").text.find("--grid global lets them start at multiples") !=
          std::string::npos);
    const outcome global = run(in, what + "--grid global --dest w");
    CHECK(global.status == 0);
    CHECK(global.text.find("warning") == std::string::npos);
    CHECK(read_text(in.path / "w/info").find("\"grid\": \"global\"") != std::string::npos);
    CHECK(read_text(in.path / "w/info").find("\"size\": [\n        26,\n        21,\n        10\n") !=
          std::string::npos);
    check_refused(in, what + "--dest w --resume", "its size is");
    const auto good = tree(in.path / "w");
    fs::remove(in.path / "w/4_4_4/1-9_-1-7_0-6");
    check_runs(in, what + "--grid global --dest w --resume --threads 2");
    CHECK(tree(in.path / "w") == good);
    // Where the offset is a multiple of all factors, both grids are one, and the files are the same.
    check_runs(in, "e --create s.npy --chunk 16,16,8 --offset 16,-8,24");
    check_runs(in, "e --dest by_volume --method average --factor 2,2,2 --mips 3");
    check_runs(in, "e --dest by_grid --method average --factor 2,2,2 --mips 3 --grid global");
    auto a = tree(in.path / "by_volume"), b = tree(in.path / "by_grid");
    CHECK(a.at("info") != b.at("info"));
    a.erase("info");
    b.erase("info");
    CHECK(a == b);
    check_refused(in, "e --dest by_grid --method average --factor 2,2,2 --mips 3 --resume",
                  "grid is to be not there, and was \"global\"");
    check_refused(in, "v --method average --mips 1 --grid world", "--grid: 'world' is neither");
    check_refused(in, "x --create s.npy --grid global", "--grid has a meaning only with --mips");
    // An axis from -1 to 0 never gets to one voxel.
    write_npy(in.path / "t.npy", made_up<std::uint8_t>({2, 2, 2}));
    check_runs(in, "t --create t.npy --offset -1,-1,-1 --method max --isotropic --mips 3 --grid global");
    CHECK(read_scale<std::uint8_t>(in.path / "t/8_8_8", {2, 2, 2}, {64, 64, 64}, {-1, -1, -1}).size() == 8);
    check_refused(in, "t --from-mip 3 --method max --isotropic --mips fit=1 --grid global", "mips");
}
