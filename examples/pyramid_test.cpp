// SPDX-License-Identifier: BSL-1.0
// pyramid as its user meets it: files in, files out, exit status and stderr. Its path is in the variable
// PYRAMID.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "npy.hpp"
#include "test_files.hpp"

namespace {

namespace fs = std::filesystem;

struct outcome {
    int status = -1;
    std::string out, err;
};

// `before` is shell text in front of the command.
outcome pyramid(const scratch_folder& in, const std::string& arguments, const std::string& before = "") {
    const std::string command = "cd '" + in.path.string() + "' && " + before + " \"$PYRAMID\" " + arguments +
                                " >stdout.txt 2>stderr.txt";
    const int status = std::system(command.c_str());
    const outcome result{WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(in.path / "stdout.txt"),
                         read_text(in.path / "stderr.txt")};
    fs::remove(in.path / "stdout.txt");
    fs::remove(in.path / "stderr.txt");
    return result;
}

std::vector<std::string> files_in(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        names.push_back(fs::relative(entry.path(), folder).string());
    std::sort(names.begin(), names.end());
    return names;
}

// Refused with one line, and nothing is there that was not there before.
void check_refused(const scratch_folder& in, const std::string& arguments, const std::string& words) {
    const auto before = files_in(in.path);
    const outcome result = pyramid(in, arguments);
    INFO(arguments << "\n" << result.err);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK(result.err.starts_with("pyramid: "));
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
    CHECK(result.err.ends_with('\n'));
    CHECK(result.err.find(words) != std::string::npos);
    CHECK(files_in(in.path) == before);
}

// A header written by hand, so that the program's own writer is not what its reader is tested with.
std::string npy_text(const std::string& dictionary, const std::string& data, char version = 1) {
    const std::string header = dictionary + "\n";
    std::string text = std::string("\x93NUMPY", 6) + version + '\0';
    text += {static_cast<char>(header.size()), '\0'};
    if (version > 1) text += std::string(2, '\0');
    return text + header + data;
}

std::string dictionary(const std::string& descr, const std::string& order, const std::string& shape) {
    return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
    std::string text(values.size() * sizeof(T), '\0');
    std::memcpy(text.data(), values.data(), text.size());
    return text;
}

template <class T>
std::vector<T> values_in(const fs::path& path) {
    const npy::array array(path);
    std::vector<T> values(array.head().byte_count() / sizeof(T));
    std::memcpy(values.data(), array.data(), array.head().byte_count());
    return values;
}

using shape_type = std::vector<std::ptrdiff_t>;

template <class T>
void check_striding_keeps(const std::string& descr) {
    INFO(descr);
    const scratch_folder folder;
    std::vector<T> values;
    for (int i = 0; i < 3 * 4; ++i) values.push_back(static_cast<T>(i * 7));
    write_text(folder.path / "v.npy", npy_text(dictionary(descr, "True", "(3, 4)"), bytes_of(values)));
    const outcome result = pyramid(folder, "v.npy --method stride --factor 2,2 --mips 1 --out o");
    INFO(result.err);
    REQUIRE(result.status == 0);
    const npy::array mip(folder.path / "o/v_mip1.npy");
    CHECK(npy::format(mip.head()) == npy::format({{descr[1], sizeof(T), false}, true, {2, 2}}));
    CHECK(values_in<T>(folder.path / "o/v_mip1.npy") ==
          std::vector<T>{values[0], values[2], values[6], values[8]});
}

}  // namespace

TEST_CASE("every element type is read and written as itself") {
    check_striding_keeps<std::uint8_t>("|u1");
    check_striding_keeps<std::int8_t>("|i1");
    check_striding_keeps<std::uint16_t>("<u2");
    check_striding_keeps<std::int16_t>("<i2");
    check_striding_keeps<std::uint32_t>("<u4");
    check_striding_keeps<std::int32_t>("<i4");
    check_striding_keeps<std::uint64_t>("<u8");
    check_striding_keeps<std::int64_t>("<i8");
    check_striding_keeps<float>("<f4");
    check_striding_keeps<double>("<f8");
}

TEST_CASE("C and Fortran order: --factor names the array's axes, and the order stays") {
    const scratch_folder folder;
    // v[i][j] = 10 i + j, of shape 2 x 4
    const std::vector<std::uint8_t> c{0, 1, 2, 3, 10, 11, 12, 13}, f{0, 10, 1, 11, 2, 12, 3, 13};
    write_text(folder.path / "c.npy", npy_text(dictionary("|u1", "False", "(2, 4)"), bytes_of(c)));
    write_text(folder.path / "f.npy", npy_text(dictionary("|u1", "True", "(2, 4)"), bytes_of(f)));
    for (const std::string name : {"c", "f"}) {
        REQUIRE(pyramid(folder, name + ".npy --method max --factor '1,2;2,1' --out o").status == 0);
        const npy::array first(folder.path / ("o/" + name + "_mip1.npy"));
        CHECK(first.head().shape == shape_type{2, 2});
        CHECK(first.head().fortran_order == (name == "f"));
        CHECK(values_in<std::uint8_t>(folder.path / ("o/" + name + "_mip2.npy")) ==
              std::vector<std::uint8_t>{11, 13});
    }
    CHECK(values_in<std::uint8_t>(folder.path / "o/c_mip1.npy") == std::vector<std::uint8_t>{1, 3, 11, 13});
    CHECK(values_in<std::uint8_t>(folder.path / "o/f_mip1.npy") == std::vector<std::uint8_t>{1, 11, 3, 13});
}

TEST_CASE("as many mips as it takes") {
    const scratch_folder folder;
    write_text(folder.path / "v.npy",
               npy_text(dictionary("|u1", "True", "(130, 3)"), std::string(390, '\1')));
    const auto mips_of = [&](const std::string& options) {
        std::filesystem::remove_all(folder.path / "o");
        const outcome result = pyramid(folder, "v.npy --out o " + options);
        INFO(options << "\n" << result.err);
        REQUIRE(result.status == 0);
        int count = 0;
        while (std::filesystem::exists(folder.path / "o" / ("v_mip" + std::to_string(count + 1) + ".npy")))
            ++count;
        return count;
    };
    CHECK(mips_of("--factor 2,1 --mips auto") == 2);  // 65, 33
    CHECK(mips_of("--factor 2,2 --mips fit=1") == 8);
    CHECK(mips_of("--factor 1,2 --mips fit=2") == 1);
    check_refused(folder, "v.npy --out n --factor 1,2 --mips auto", "no axis that is reduced");
    check_refused(folder, "v.npy --out n --factor '2,1;2,2' --mips auto", "--mips fit");
    for (const std::string bad : {"fit=0", "fit=", "fit=1.5", "fit", "AUTO"})
        check_refused(folder, "v.npy --out n --factor 2,1 --mips " + bad, "--mips");
}

TEST_CASE("backgrounds of floating-point volumes") {
    const scratch_folder folder;
    const auto result_of = [&](const std::vector<float>& window, const std::string& options) {
        write_text(folder.path / "w.npy", npy_text(dictionary("<f4", "True", "(2, 2)"), bytes_of(window)));
        const outcome result = pyramid(folder, "w.npy --factor 2,2 --mips 1 --out o --sparse " + options);
        INFO(options << "\n" << result.err);
        REQUIRE(result.status == 0);
        return values_in<float>(folder.path / "o/w_mip1.npy").at(0);
    };
    constexpr float inf = std::numeric_limits<float>::infinity(),
                    nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(result_of({1, nan, 2, 3}, "--background nan") == 2);
    CHECK(result_of({1, nan, 2, 3}, "--background nan --method min") == 1);
    CHECK(result_of({1, inf, 2, 3}, "--background inf --method max") == 3);
    CHECK(result_of({1, -inf, 2, 3}, "--background=-inf --method median") == 2);
    CHECK(result_of({1, -inf, -inf, 3}, "--background=-inf --least-coverage 1") == -inf);
    for (const std::string typed : {"0.25", "2.5e-1", "0.2500", "25e-2"})
        CHECK(result_of({0.25F, 1, 2, 3}, "--background " + typed) == 2);
    CHECK(result_of({16777216, 1, 2, 3}, "--background 16777216") == 2);
    CHECK(result_of({-0.0F, 1, 2, 3}, "--background 0") == 2);
}

TEST_CASE("each method, and the options that change it") {
    const scratch_folder folder;
    const auto result_of = [&](const std::vector<std::uint16_t>& window, const std::string& options) {
        write_text(folder.path / "w.npy", npy_text(dictionary("<u2", "True", "(2, 2)"), bytes_of(window)));
        const outcome result = pyramid(folder, "w.npy --factor 2,2 --mips 1 --out o " + options);
        INFO(options << "\n" << result.err);
        REQUIRE(result.status == 0);
        return values_in<std::uint16_t>(folder.path / "o/w_mip1.npy").at(0);
    };
    CHECK(result_of({1, 2, 2, 2}, "") == 1);
    CHECK(result_of({1, 2, 2, 2}, "--method average --rounding half_up") == 2);
    CHECK(result_of({2, 3, 2, 3}, "--rounding half_even") == 2);
    CHECK(result_of({0, 6, 8, 0}, "--sparse") == 7);
    CHECK(result_of({9, 6, 8, 9}, "--sparse --background 9") == 7);
    CHECK(result_of({1, 2, 3, 4}, "--method mode") == 4);
    CHECK(result_of({1, 2, 2, 1}, "--method mode --ties first") == 1);
    CHECK(result_of({3, 2, 2, 3}, "--method mode --ties lowest --votes footprint") == 2);
    CHECK(result_of({0, 0, 5, 5}, "--method mode --sparse") == 5);
    CHECK(result_of({4, 2, 3, 9}, "--method min") == 2);
    CHECK(result_of({0, 2, 3, 9}, "--method min --sparse") == 2);
    CHECK(result_of({9, 2, 3, 9}, "--method max --sparse --background 9") == 3);
    CHECK(result_of({0, 0, 3, 9}, "--method median --sparse") == 3);
    CHECK(result_of({0, 8, 8, 0}, "--sparse --least-coverage 0.5") == 8);
    for (const std::string how : {"average", "mode", "min", "max", "median"})
        CHECK(result_of({7, 8, 8, 7}, "--sparse --background 7 --least-coverage 0.51 --method " + how) == 7);
    CHECK(result_of({4, 2, 3, 9}, "--method max --threads 3") == 9);
    CHECK(result_of({4, 2, 3, 9}, "--method median") == 3);
    CHECK(result_of({4, 2, 3, 9}, "--method stride") == 4);
}

TEST_CASE("edges replicate counts a lone voxel twice") {
    const scratch_folder folder;
    write_text(folder.path / "v.npy",
               npy_text(dictionary("<f4", "True", "(3,)"), bytes_of<float>({0, 4, 8})));
    REQUIRE(pyramid(folder, "v.npy --factor 2 --mips 2 --out clip").status == 0);
    REQUIRE(pyramid(folder, "v.npy --factor 2 --mips 2 --edges replicate --out replicate").status == 0);
    CHECK(values_in<float>(folder.path / "clip/v_mip2.npy") == std::vector<float>{4});
    CHECK(values_in<float>(folder.path / "replicate/v_mip2.npy") == std::vector<float>{5});
}

TEST_CASE("format versions 2 and 3, the other byte order, bool, unaligned data, ranks 1 and 6") {
    const scratch_folder folder;
    const auto values = bytes_of<std::uint16_t>({1, 2, 3, 4});
    for (const char version : {'\2', '\3'}) {
        write_text(folder.path / "v.npy", npy_text(dictionary("<u2", "False", "(4,)"), values, version));
        REQUIRE(pyramid(folder, "v.npy --factor 2 --mips 1 --method max --out o").status == 0);
        CHECK(values_in<std::uint16_t>(folder.path / "o/v_mip1.npy") == std::vector<std::uint16_t>{2, 4});
    }

    std::string swapped = values;
    npy::swap_bytes(std::as_writable_bytes(std::span(swapped)), 2);
    write_text(folder.path / "b.npy", npy_text(dictionary(">u2", "False", "(4,)"), swapped));
    REQUIRE(pyramid(folder, "b.npy --factor 2 --mips 1 --method max --out o").status == 0);
    CHECK(values_in<std::uint16_t>(folder.path / "o/b_mip1.npy") == std::vector<std::uint16_t>{2, 4});
    CHECK(read_text(folder.path / "o/b_mip1.npy").find("'>u2'") != std::string::npos);

    // One more space puts the data at an odd offset.
    write_text(folder.path / "u.npy", npy_text(dictionary("<u2", "False", "(4,)") + " ", values));
    write_text(folder.path / "w.npy", npy_text(dictionary("<u2", "False", "(4,)") + "  ", values));
    for (const std::string name : {"u", "w"}) {
        REQUIRE(pyramid(folder, name + ".npy --factor 2 --mips 1 --method min --out o").status == 0);
        CHECK(values_in<std::uint16_t>(folder.path / ("o/" + name + "_mip1.npy")) ==
              std::vector<std::uint16_t>{1, 3});
    }

    write_text(folder.path / "t.npy", npy_text(dictionary("|b1", "False", "(1, 1, 2, 1, 2, 2)"),
                                               std::string("\0\1\1\1\0\0\0\1", 8)));
    REQUIRE(pyramid(folder, "t.npy --factor 1,1,1,1,2,2 --mips 1 --method mode --out o").status == 0);
    CHECK(values_in<std::uint8_t>(folder.path / "o/t_mip1.npy") == std::vector<std::uint8_t>{1, 0});
    CHECK(npy::name(npy::array(folder.path / "o/t_mip1.npy").head().type) == "bool");

    write_text(folder.path / "e.npy", npy_text(dictionary("<u2", "False", "(4, 0)"), ""));
    REQUIRE(pyramid(folder, "e.npy --factor 2,2 --mips 1 --out o").status == 0);
    CHECK(npy::array(folder.path / "o/e_mip1.npy").head().shape == shape_type{2, 0});
}

TEST_CASE("the built-in volumes: files and pictures, the same for any number of threads") {
    const scratch_folder folder;
    const outcome result = pyramid(folder, "--size 70,50,5 --threads 1 --out one");
    INFO(result.err);
    REQUIRE(result.status == 0);
    REQUIRE(pyramid(folder, "--size 70,50,5 --threads 3 --out three").status == 0);
    std::vector<std::string> expected{"em_average.png", "labels_mode.png"};
    for (int m = 0; m <= 5; ++m)
        for (const std::string volume : {"em", "labels"})
            expected.push_back(volume + "_mip" + std::to_string(m) + ".npy");
    std::sort(expected.begin(), expected.end());
    CHECK(files_in(folder.path / "one") == expected);
    for (const std::string& name : files_in(folder.path / "one")) {
        INFO(name);
        CHECK(read_text(folder.path / "one" / name) == read_text(folder.path / "three" / name));
        CHECK(result.out.find(name) != std::string::npos);
    }
    CHECK(npy::array(folder.path / "one/em_mip5.npy").head().shape == shape_type{3, 2, 5});
    CHECK(read_text(folder.path / "one/em_average.png").starts_with("\x89PNG"));
    CHECK(result.err.empty());
}

TEST_CASE("bad files are refused in one line, and nothing is left behind") {
    const scratch_folder folder;
    const auto refused = [&](const std::string& text, const std::string& words) {
        write_text(folder.path / "bad.npy", text);
        check_refused(folder, "bad.npy --factor 2,2 --out o/deep", words);
    };
    const std::string good =
        npy_text(dictionary("<u2", "True", "(2, 2)"), bytes_of<std::uint16_t>({1, 2, 3, 4}));

    refused("", "empty");
    refused("hello, this is a text", "not a .npy file");
    for (std::size_t length = 1; length < good.size(); ++length) refused(good.substr(0, length), "bad.npy: ");
    refused(good.substr(0, good.size() - 1), "truncated");
    refused(npy_text(dictionary("<u2", "True", "(2, 2)"), "12345678", 4), "version 4");
    for (const std::string descr : {"<f2", "<c8", "<U4", "|O", "<M8[s]", "|S3", "", "<", "u3", "<b1x"})
        refused(npy_text(dictionary(descr, "True", "(2, 2)"), "12345678"), "unsupported dtype");
    refused(npy_text("{'descr': [('a', '<u2')], 'fortran_order': True, 'shape': (2, 2)}", "12345678"),
            "structured");
    refused(npy_text(dictionary("<u2", "maybe", "(2, 2)"), "12345678"), "malformed");
    refused(npy_text(dictionary("<u2", "True", "(2, 2"), "12345678"), "malformed");
    refused(npy_text(dictionary("<u2", "True", "(2, -2)"), "12345678"), "malformed");
    refused(npy_text(dictionary("<u2", "True", "(2, 99999999999999999999)"), "12345678"), "malformed");
    refused(npy_text(dictionary("<u2", "True", "(4611686018427387904, 4611686018427387904)"), ""),
            "malformed");
    refused(npy_text(dictionary("<u2", "True", "()"), "12345678"), "rank 0");
    refused(npy_text(dictionary("<u2", "True", "(1,1,1,1,1,1,1)"), "12345678"), "rank 7");
    refused(npy_text(dictionary("<u2", "True", "(2, 2)") + "junk", "12345678"), "malformed");
    refused(npy_text("{'descr': '<u2', 'shape': (2, 2)}", "12345678"), "missing");
    refused(npy_text("{'descr': '<u2', 'descr': '<u2', 'fortran_order': True, 'shape': (2, 2)}", "12345678"),
            "malformed");
    refused("", "empty");

    check_refused(folder, "absent.npy", "absent.npy: No such file");
    check_refused(folder, ".", "not a regular file");
}

TEST_CASE("bad options are refused in one line, and nothing is left behind") {
    const scratch_folder folder;
    write_text(folder.path / "v.npy", npy_text(dictionary("|u1", "True", "(2, 2)"), "1234"));
    write_text(folder.path / "f.npy", npy_text(dictionary("<f4", "True", "(2, 2)"), std::string(16, '\0')));
    write_text(folder.path / "b.npy", npy_text(dictionary("|b1", "True", "(2, 2)"), std::string(4, '\0')));
    const std::string v = "v.npy --out o --factor 2,2 ";
    check_refused(folder, v + "--nonsense", "--nonsense");
    check_refused(folder, v + "other.npy", "other.npy");
    check_refused(folder, v + "--method best", "average|mode|min|max|median|stride");
    check_refused(folder, v + "--rounding up", "half_even");
    check_refused(folder, v + "--mips 0", "--mips");
    check_refused(folder, v + "--mips many", "--mips");
    check_refused(folder, v + "--threads 0", "--threads");
    check_refused(folder, v + "--background 3", "--sparse");
    check_refused(folder, v + "--sparse --background 256", "256");
    check_refused(folder, v + "--sparse --background ''", "--background");
    check_refused(folder, v + "--size 3,3,3", "--size");
    check_refused(folder, v + "--method stride --sparse", "--sparse");
    check_refused(folder, v + "--least-coverage 0.5", "--sparse");
    check_refused(folder, v + "--method stride --least-coverage 0.5", "--least-coverage");
    for (const std::string bad : {"1.5", "-0.5", "nan", "half"})
        check_refused(folder, v + "--sparse --least-coverage " + bad, "--least-coverage");
    for (const std::string bad : {"inf", "-inf", "nan", "1.5", "1e2"})
        check_refused(folder, v + "--sparse --background " + bad, "'" + bad + "'");
    // Numbers that a float would round.
    for (const std::string bad : {"0.1", "16777217", "1e-50", "1e39", "NaN"})
        check_refused(folder, "f.npy --out o --factor 2,2 --sparse --background " + bad, "'" + bad + "'");
    check_refused(folder, v + "--method max --rounding half_up", "--rounding");
    check_refused(folder, v + "--method mode --edges clip", "--edges");
    check_refused(folder, v + "--ties first", "--ties");
    check_refused(folder, v + "--votes footprint", "--votes");
    check_refused(folder, "v.npy --out o", "--factor");
    for (const std::string factor :
         {"2,2,2", "0,2", "2,-1", "2,", ",2", "2;2", "2,2;", "2x2", "9999999999999999999,1"})
        check_refused(folder, "v.npy --out o --factor '" + factor + "'", "--factor");
    check_refused(folder, "v.npy --out o --factor '2,2;2,1' --mips 3", "--mips 3");
    check_refused(folder, "v.npy --out o --factor 3,3 --edges replicate", "replicate");
    check_refused(folder, "f.npy --out o --factor 2,2 --rounding half_up", "--rounding");
    check_refused(folder, "b.npy --out o --factor 2,2", "bool");
}

TEST_CASE("a write that fails half way leaves nothing behind") {
    if (::geteuid() == 0) INFO("as root: only the file-size limit is tested");
    const scratch_folder folder;
    const outcome limited = pyramid(folder, "--size 64,64,16 --out a/b", "ulimit -f 40;");
    INFO(limited.err);
    CHECK(limited.status == 1);
    CHECK(limited.err.find("cannot be written") != std::string::npos);
    CHECK(std::count(limited.err.begin(), limited.err.end(), '\n') == 1);
    CHECK(files_in(folder.path).empty());

    // A folder stands where a file should go.
    fs::create_directories(folder.path / "o/em_mip3.npy");
    CHECK(pyramid(folder, "--size 16,16,4 --out o").status == 1);
    CHECK(files_in(folder.path) == std::vector<std::string>{"o", "o/em_mip3.npy"});
}

TEST_CASE("a value that is empty, octal-looking, not whole or too large is refused by the option's name") {
    const scratch_folder folder;
    write_text(folder.path / "v.npy", npy_text(dictionary("|u1", "True", "(2, 2)"), "1234"));
    const std::string v = "v.npy --out o --factor 2,2 ";
    for (const std::string option :
         {"--method", "--background", "--least-coverage", "--rounding", "--edges", "--ties", "--votes",
          "--threads", "--mips", "--size", "--out", "--factor"}) {
        const std::string rest =
            option == "--factor" || option == "--size" ? "v.npy " : "v.npy --factor 2,2 ";
        check_refused(folder, rest + option + " ''", option + " is empty");
        check_refused(folder, rest + option + "=''", option);
    }
    check_refused(folder, "'' --factor 2,2,1", "file is empty");
    for (const std::string bad :
         {"010", "0x2", "-1", "+2", "1.5", "1e1", " 2", "2 ", "''", "99999999999999999999"}) {
        check_refused(folder, v + "--mips '" + bad + "'", "--mips");
        check_refused(folder, v + "--threads '" + bad + "'", "--threads");
        check_refused(folder, "v.npy --out o --factor '2," + bad + "'", "--factor");
        check_refused(folder, "--out o --size '8,8," + bad + "'", "--size");
    }
    for (const std::string bad : {"010", "0x2", "+2", " 2", "2 ", "nan", "1e"})
        check_refused(folder, v + "--sparse --background '" + bad + "'", "--background");
    check_refused(folder, v + "--sparse=false", "sparse");
    check_refused(folder, "v.npy --out o --factor 9223372036854775807,1", "--factor");
}

TEST_CASE("everything is checked before the volume is made, and before anything is written") {
    const scratch_folder folder;
    // Each of these fails in a moment, though the built-in volumes of that size would take minutes.
    const std::string large = "--size 4096,4096,256 --out o ";
    check_refused(folder, large + "--sparse --background 300", "300");
    check_refused(folder, large + "--factor 3,3,1 --method average --edges replicate", "replicate");
    check_refused(folder, large + "--factor 2,2", "--factor");
    fs::create_directories(folder.path / "o/labels_mip2.npy");
    const outcome result = pyramid(folder, large);
    CHECK(result.status == 1);
    CHECK(result.err.find("labels_mip2.npy") != std::string::npos);
    fs::remove(folder.path / "o/labels_mip2.npy");
    REQUIRE(::mkfifo((folder.path / "o/em_mip2.npy").c_str(), 0600) == 0);
    CHECK(pyramid(folder, large).status == 1);
    CHECK(files_in(folder.path) == std::vector<std::string>{"o", "o/em_mip2.npy"});
}

TEST_CASE("a signal ends the program as a shell, nohup and a container expect") {
    const scratch_folder folder;
    // A file-size limit ends a run that would go on for long after the signal.
    const std::string long_run = "--size 512,512,512 --method median --threads 1 --out ";
    const auto ended_by = [&](const std::string& signal, const std::string& before) {
        return pyramid(folder, long_run + "a/b", "timeout -s " + signal + " 0.3 " + before);
    };
    for (const std::string signal : {"TERM", "INT", "HUP", "QUIT", "USR1", "XCPU"}) {
        INFO(signal);
        const outcome result = ended_by(signal, "");
        CHECK(result.status == 124);  // timeout: it had to send the signal
        CHECK(result.err.find("pyramid: interrupted: ") != std::string::npos);
        CHECK(files_in(folder.path).empty());
    }
    // The program itself died of the signal, and did not only end after it.
    CHECK(pyramid(folder, long_run + "a", "sh -c '\"$@\" & sleep 0.3; kill -TERM $!; wait $!' sh").status ==
          143);

    // Signals that were ignored at the start stay so.
    for (const std::string signal : {"HUP", "INT"}) {
        const outcome kept = pyramid(
            folder, "--size 64,64,64 --out kept",
            "sh -c 'trap \"\" " + signal + "; \"$@\" & sleep 0.05; kill -" + signal + " $!; wait $!' sh");
        INFO(kept.err);
        CHECK(fs::exists(folder.path / "kept/labels_mip5.npy"));
        fs::remove_all(folder.path / "kept");
    }

    // Process 1 does not die of a signal.
    const std::string alone = "unshare --pid --fork --kill-child ";
    if (std::system((alone + "true 2>/dev/null").c_str()) != 0) return;
    const outcome contained =
        pyramid(folder, long_run + "a/b", alone + "sh -c '(sleep 0.3; kill -TERM 1) & exec \"$@\"' sh");
    CHECK(contained.status == 143);
    CHECK(contained.err.find("interrupted") != std::string::npos);
    CHECK(files_in(folder.path).empty());
}

TEST_CASE("temporaries of a run that was killed are in nobody's way, whatever its process number") {
    const scratch_folder folder;
    write_text(folder.path / "v.npy", npy_text(dictionary("|u1", "True", "(2, 2)"), "1234"));
    fs::create_directory(folder.path / "o");
    // As the first version called them, for every number that the program may have.
    for (int pid = 1; pid < 20; ++pid)
        write_text(folder.path / ("o/.v_mip1.npy." + std::to_string(pid) + ".tmp"), "");
    const std::string alone = "unshare --pid --fork ";
    const bool contained = std::system((alone + "true 2>/dev/null").c_str()) == 0;
    const outcome result = pyramid(folder, "v.npy --factor 2,2 --mips 1 --out o", contained ? alone : "");
    INFO(result.err);
    CHECK(result.status == 0);
}

TEST_CASE("what a killed run left is removed by the next, and what one at work has is not") {
    const scratch_folder folder;
    write_text(folder.path / "v.npy", npy_text(dictionary("|u1", "True", "(2, 2)"), "1234"));
    const std::string small = "v.npy --factor 2,2 --mips 1 --out o";
    pyramid(folder, "--size 512,512,128 --method median --threads 1 --out o",
            "sh -c '\"$@\" & until ls o/.pyramid-* >/dev/null 2>&1; do :; done; kill -9 $!; wait $!' sh");
    REQUIRE(files_in(folder.path / "o").size() >= 1);
    REQUIRE(pyramid(folder, small).status == 0);
    CHECK(files_in(folder.path / "o") == std::vector<std::string>{"v_average.png", "v_mip1.npy"});
    REQUIRE(
        pyramid(
            folder, "--size 128,128,64 --out o",
            "sh -c '\"$@\" & p=$!; until ls o/.pyramid-* >/dev/null 2>&1; do :; done; for i in 1 2 3 4 5; do "
            "$PYRAMID " +
                small + " >/dev/null; done; wait $p' sh")
            .status == 0);
    CHECK(fs::exists(folder.path / "o/labels_mip5.npy"));
    CHECK(files_in(folder.path / "o").size() == 2 + 14);
}

TEST_CASE("the results take their names together or not at all") {
    const scratch_folder folder;
    write_text(folder.path / "v.npy", npy_text(dictionary("|u1", "True", "(4, 4)"), "0123456789abcdef"));
    const std::string make = "v.npy --factor 2,2 --mips 3 --out o ";
    REQUIRE(pyramid(folder, make + "--method min").status == 0);
    fs::permissions(folder.path / "o/v_mip1.npy", fs::perms::owner_read | fs::perms::owner_write);
    fs::create_directory(folder.path / "elsewhere");
    fs::rename(folder.path / "o/v_mip2.npy", folder.path / "elsewhere/second.npy");
    fs::create_symlink("../elsewhere/second.npy", folder.path / "o/v_mip2.npy");
    REQUIRE(pyramid(folder, make + "--method max").status == 0);
    CHECK(values_in<std::uint8_t>(folder.path / "o/v_mip3.npy") == std::vector<std::uint8_t>{'f'});
    CHECK(fs::status(folder.path / "o/v_mip1.npy").permissions() ==
          (fs::perms::owner_read | fs::perms::owner_write));
    CHECK(fs::is_symlink(folder.path / "o/v_mip2.npy"));
    CHECK(read_text(folder.path / "elsewhere/second.npy").ends_with("f"));
    CHECK(std::system(("ls -A '" + folder.path.string() + "/o' | grep tmp").c_str()) != 0);

    // As another user, who owns the first and the last of the files in a folder that keeps them apart.
    const std::string somebody = "setpriv --reuid 65534 --regid 65534 --clear-groups ";
    if (::geteuid() != 0 || std::system((somebody + "true 2>/dev/null").c_str()) != 0) return;
    fs::remove(folder.path / "o/v_mip2.npy");
    REQUIRE(pyramid(folder, make + "--method min").status == 0);
    fs::permissions(folder.path, fs::perms::all);
    fs::permissions(folder.path / "o", fs::perms::all | fs::perms::sticky_bit);
    fs::permissions(folder.path / "v.npy", fs::perms::all);
    for (const std::string name : {"v_mip1.npy", "v_mip3.npy"})
        REQUIRE(::chown((folder.path / "o" / name).c_str(), 65534, 65534) == 0);
    const auto before = files_in(folder.path / "o");
    const outcome result = pyramid(folder, make + "--method max", somebody);
    INFO(result.err);
    CHECK(result.status == 1);
    CHECK(result.err.find("cannot be written") != std::string::npos);
    CHECK(files_in(folder.path / "o") == before);
    CHECK(values_in<std::uint8_t>(folder.path / "o/v_mip1.npy") ==
          std::vector<std::uint8_t>{'0', '2', '8', 'a'});
    CHECK(values_in<std::uint8_t>(folder.path / "o/v_mip3.npy") == std::vector<std::uint8_t>{'0'});
}

TEST_CASE("folders: a link on the way, and another run that removes an empty one") {
    const scratch_folder folder;
    write_text(folder.path / "v.npy", npy_text(dictionary("|u1", "True", "(2, 2)"), "1234"));
    fs::create_directories(folder.path / "deep/er");
    fs::create_directory_symlink("deep/er", folder.path / "link");
    REQUIRE(pyramid(folder, "v.npy --factor 2,2 --mips 1 --out link/../x").status == 0);
    CHECK(fs::exists(folder.path / "deep/x/v_mip1.npy"));
    REQUIRE(pyramid(folder, "v.npy --factor 2,2 --mips 1 --out new/../y/").status == 0);
    CHECK(fs::exists(folder.path / "y/v_mip1.npy"));
    fs::create_symlink("nowhere", folder.path / "dangling");
    CHECK(pyramid(folder, "v.npy --factor 2,2 --mips 1 --out dangling/x").status == 1);

    // Somebody removes the folder as long as it is empty, which is what a run that fails does.
    const outcome result = pyramid(
        folder, "--size 64,64,64 --out both",
        "sh -c '(for i in $(seq 3000); do rmdir both; done) 2>/dev/null & \"$@\"; s=$?; wait; exit $s' sh");
    INFO(result.err);
    CHECK(result.status == 0);
    CHECK(fs::exists(folder.path / "both/labels_mip5.npy"));
}

TEST_CASE("a .npy that is shortened or written to while it is read is no input") {
    const scratch_folder folder;
    // True modes where no two neighbours are alike take several times as long as the change waits.
    std::string voxels(std::size_t{1} << 24, '\0');
    std::minstd_rand random;
    for (char& voxel : voxels) voxel = static_cast<char>(random() >> 16);
    write_text(folder.path / "v.npy", npy_text(dictionary("|u1", "True", "(4096, 4096)"), voxels));
    for (const std::string change : {"truncate -s 1000000", "truncate -s -5", "touch"}) {
        INFO(change);
        fs::copy_file(folder.path / "v.npy", folder.path / "w.npy");
        const outcome result =
            pyramid(folder, "w.npy --factor 2,2 --mips 5 --method mode --votes footprint --threads 1 --out o",
                    "sh -c '(sleep 0.1; " + change + " w.npy) & \"$@\"; s=$?; wait; exit $s' sh");
        INFO(result.err);
        CHECK(result.status != 0);
        CHECK(result.err.find("w.npy: ") != std::string::npos);
        CHECK(!fs::exists(folder.path / "o"));
        fs::remove(folder.path / "w.npy");
    }
}

TEST_CASE("closed streams do not become the results") {
    const scratch_folder folder;
    write_text(folder.path / "v.npy", npy_text(dictionary("|u1", "True", "(2, 2)"), "1234"));
    const std::string closed = "sh -c 'exec \"$@\" >&- 2>&- <&-' sh";
    REQUIRE(pyramid(folder, "v.npy --factor 2,2 --mips 5 --method max --out o", closed).status == 0);
    for (int m = 1; m <= 5; ++m)
        CHECK(values_in<std::uint8_t>(folder.path / ("o/v_mip" + std::to_string(m) + ".npy")) ==
              std::vector<std::uint8_t>{'4'});
    CHECK(pyramid(folder, "--help", "sh -c 'exec \"$@\" >/dev/full' sh").status == 1);
}

TEST_CASE("--help is help") {
    const scratch_folder folder;
    const outcome result = pyramid(folder, "--help");
    CHECK(result.status == 0);
    CHECK(result.out.find("--factor") != std::string::npos);
    CHECK(result.err.empty());
}
