// SPDX-License-Identifier: BSL-1.0
#include "settings.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace precomputed {
namespace {

struct texts {
    std::string factor, resolution, offset, chunk, task, kind, missing;
};

index3 three(const std::string& option, const std::vector<index_t>& numbers) {
    if (numbers.size() != 3) throw bad_input("--" + option + " needs three numbers, of x, y and z");
    return {numbers[0], numbers[1], numbers[2]};
}

// JSON's numbers: digits first, so that nothing else gets into info.
std::array<std::string, 3> parse_resolution(const std::string& text) {
    std::istringstream all(text);
    std::vector<std::string> numbers;
    for (std::string number; std::getline(all, number, ',');) {
        std::size_t used = 0;
        double value = 0;
        try {
            value = std::stod(number, &used);
        } catch (const std::logic_error&) {  // used stays 0
        }
        const bool plain = number.find_first_not_of("0123456789.") == number.npos && number.front() != '.' &&
                           number.back() != '.' && (number.front() != '0' || number[1] == '.');
        if (used == 0 || used != number.size() || !plain || !(value > 0)) break;
        numbers.push_back(number);
    }
    if (numbers.size() != 3 || std::count(text.begin(), text.end(), ',') != 2)
        throw bad_input("--resolution: '" + text + "' is not three numbers above 0, such as 4,4,40");
    return {numbers[0], numbers[1], numbers[2]};
}

void add_options(CLI::App& app, settings& chosen, texts& given, recipe_texts& recipe) {
    app.add_option("volume", chosen.volume, "folder of the precomputed volume")->required();
    app.add_option("--mips", chosen.mips, "how many mips to add")->check(CLI::Range(1, 40));
    app.add_option("--from-mip", chosen.from_mip, "the scale to start from, counted from 0 in info (0)");
    app.add_option("--factor", given.factor,
                   "voxels along x, y and z that become one (2,2,1); a list for each mip: \"2,2,1;2,2,2\"");
    app.add_flag("--isotropic", chosen.isotropic, "factors of 1 and 2 that bring voxels near to cubes");
    add_recipe_options(app, recipe);
    app.add_option("--threads", chosen.threads, "of each process (all there are; 1 under mpirun)")
        ->check(CLI::Range(1, 4096));
    app.add_option("--memory", chosen.memory, "refuse to start where a process may need more (such as 2GiB)")
        ->transform(CLI::AsSizeValue(false));
    app.add_option("--chunk", given.chunk, "shape of new chunks (as the source's; 64,64,64 with --create)");
    app.add_option("--gzip", chosen.gzip_level,
                   "level of new chunks, 0 for none (6 where the source's are gzip)")
        ->check(CLI::Range(0, 9));
    app.add_option("--missing", given.missing, "what a chunk without a file is: error|background (error)");
    app.add_flag("--resume", chosen.resume, "finish a run that was ended; begin where there was none");
    app.add_option("--task", given.task, "shape of a task at the source scale (chosen)");
    app.add_flag("--dry-run", chosen.dry_run, "tell what would be done, and end");
    app.add_option("--create", chosen.create_from, "make the volume from this .npy file first");
    app.add_option("--resolution", given.resolution, "of the volume made, in nm (1,1,1)");
    app.add_option("--offset", given.offset, "voxel_offset of the volume made (0,0,0)");
    app.add_option("--axes", chosen.axes,
                   "what the array's axes are: xyz, zyx, xyzc, czyx, ... (xyz or xyzc)");
    app.add_option("--type", given.kind, "of the volume made: image|segmentation (by --method, or image)");
}

void read_texts(settings& chosen, const texts& given, const recipe_texts& recipe) {
    if (!given.factor.empty())
        for (const auto& factor : parse_factors(given.factor))
            chosen.given_factors.push_back(three("factor", factor));
    if (!given.chunk.empty()) chosen.chunk = three("chunk", parse_numbers("chunk", given.chunk));
    if (!given.task.empty()) chosen.task = three("task", parse_numbers("task", given.task));
    if (!given.resolution.empty()) chosen.resolution = parse_resolution(given.resolution);
    if (!given.offset.empty())
        chosen.offset = three("offset", parse_numbers("offset", given.offset, -(index_t{1} << 48)));
    if (!given.missing.empty() && given.missing != "error" && given.missing != "background")
        throw bad_input("--missing: '" + given.missing + "' is neither error nor background");
    chosen.missing_is_background = given.missing == "background";
    if (!given.kind.empty() && given.kind != "image" && given.kind != "segmentation")
        throw bad_input("--type: '" + given.kind + "' is neither image nor segmentation");
    chosen.how = make_recipe(recipe);
    chosen.segmentation = given.kind == "segmentation" ||
                          (given.kind.empty() && chosen.mips > 0 && chosen.how.how == method::mode);
}

void check_together(const CLI::App& app, settings& chosen) {
    const bool creates = !chosen.create_from.empty();
    if (!creates)
        for (const char* option : {"--resolution", "--offset", "--axes", "--type"})
            if (app.count(option) != 0)
                throw bad_input(std::string(option) + " has a meaning only with --create");
    if (creates && chosen.from_mip != 0)
        throw bad_input("--create makes scale 0, and --from-mip names another");
    if (chosen.isotropic && !chosen.given_factors.empty())
        throw bad_input("--isotropic chooses the factors, and --factor gives them");
    if (chosen.mips == 0) {
        chosen.mips = static_cast<int>(chosen.given_factors.size());
        if (chosen.mips == 0 && !creates) throw bad_input("--mips is needed: how many to add");
    }
    if (chosen.given_factors.size() > 1 &&
        chosen.given_factors.size() != static_cast<std::size_t>(chosen.mips))
        throw bad_input("--factor names " + std::to_string(chosen.given_factors.size()) +
                        " mips and --mips " + std::to_string(chosen.mips));
    if (chosen.mips > 0 && app.count("--method") == 0)
        throw bad_input("--method is needed: average for images, mode for labels, or another");
    refuse_unused(app, chosen.how.how, chosen.missing_is_background);
}

}  // namespace

std::vector<index3> settings::factors(const scale& source) const {
    if (isotropic) return tb::near_isotropic_factors<3>(resolution_of(source), mips);
    const auto count = static_cast<std::size_t>(mips);
    if (given_factors.size() == count) return given_factors;
    return std::vector<index3>(count, given_factors.empty() ? index3{2, 2, 1} : given_factors[0]);
}

std::optional<settings> parse_command_line(int argc, char** argv, bool speaks) {
    settings chosen;
    texts given;
    recipe_texts recipe;
    CLI::App app(
        "Adds mips to a Neuroglancer precomputed volume, chunk by chunk, in one process or in many "
        "(mpirun).\n"
        "Memory does not grow with the volume; a run that was ended in any way is finished with --resume.",
        "precomputed_pyramid");
    add_options(app, chosen, given, recipe);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        if (speaks) std::cout << app.help();
        return std::nullopt;
    } catch (const CLI::ParseError& problem) {
        throw bad_input(one_line(problem.what()));
    }
    read_texts(chosen, given, recipe);
    check_together(app, chosen);
    return chosen;
}

}  // namespace precomputed
