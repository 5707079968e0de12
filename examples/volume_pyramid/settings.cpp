// SPDX-License-Identifier: BSL-1.0
#include "settings.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <sstream>

#include "volume_url.hpp"

namespace volumes {
namespace {

constexpr int most_mips = 40;

struct texts {
    std::string volume, dest, bounds, create, axes, mips, from_mip, factor, threads, memory, chunk, encoding,
        quality, block, compress, shard_size, missing, task, grid, resolution, offset, kind, part, tasks,
        http_timeout, http_retries;
    bool sharded = false, unsharded = false, prepare = false, finish = false;
};

index3 three(const std::string& option, const std::vector<index_t>& numbers) {
    if (numbers.size() != 3) throw bad_input("--" + option + " needs three numbers, of x, y and z");
    return {numbers[0], numbers[1], numbers[2]};
}

// JSON's numbers without exponents: nothing else gets into info.
std::array<std::string, 3> parse_resolution(const std::string& text) {
    std::array<std::string, 3> numbers;
    std::istringstream all(text);
    bool good = std::count(text.begin(), text.end(), ',') == 2;
    for (std::string& number : numbers) {
        std::getline(all, number, ',');
        good = good && is_plain_number(number) && number.find_first_of("-eE") == number.npos &&
               number.find_first_of("123456789") != number.npos;
    }
    if (!good) throw bad_input("--resolution: '" + text + "' is not three numbers above 0, such as 4,4,40");
    return numbers;
}

// As chunks are named: 0-512,0-512,-16-48.
box3 parse_bounds(const std::string& text) {
    static const std::regex form("(-?[0-9]+)-(-?[0-9]+),(-?[0-9]+)-(-?[0-9]+),(-?[0-9]+)-(-?[0-9]+)");
    std::smatch found;
    if (text.size() > 200 || !std::regex_match(text, found, form))
        throw bad_input("--bounds: '" + text + "' is not X0-X1,Y0-Y1,Z0-Z1, such as 0-512,0-512,-16-48");
    const auto number = [&](std::size_t i) {
        return parse_number("bounds", found[i], -largest_number, largest_number);
    };
    box3 bounds;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        bounds.begin[axis] = number(1 + 2 * axis);
        bounds.end[axis] = number(2 + 2 * axis);
        if (bounds.begin[axis] >= bounds.end[axis])
            throw bad_input("--bounds: '" + text + "' holds no voxels");
    }
    return bounds;
}

void add_options(CLI::App& app, settings& chosen, texts& given, recipe_texts& recipe) {
    const auto flag = [&](const char* name, bool& to, const char* what) {
        app.add_flag(name, to, what)->disable_flag_override();
    };
    app.add_option(
           "volume", given.volume,
           "folder of the volume: precomputed, OME-Zarr or N5; or, with --dest, its http://, https://, gs:// "
           "or s3:// url. precomputed://, zarr2://, zarr3:// or n5:// before it says which it is, and what a "
           "new "
           "one is to be; else its suffix does (.zarr, .n5)")
        ->required();
    app.add_option("--dest", given.dest, "volume that gets the mips, made where there is none (the same)");
    flag("--convert", chosen.convert, "put the scale itself into --dest too, before the mips, if any");
    app.add_option(
        "--bounds", given.bounds,
        "part of the scale that is taken, in its own voxels: X0-X1,Y0-Y1,Z0-Z1 (all; wants --dest)");
    app.add_option("--mips", given.mips,
                   "how many mips to add; auto: until no axis that is reduced has more than 64 voxels; "
                   "fit=N: than N");
    app.add_option("--from-mip", given.from_mip, "the scale to start from, counted from 0 in info (0)");
    app.add_option("--factor", given.factor,
                   "voxels along x, y and z that become one (2,2,1); a list for each mip: \"2,2,1;2,2,2\"");
    flag("--isotropic", chosen.isotropic, "factors of 1 and 2 that bring voxels near to cubes");
    app.add_option("--grid", given.grid,
                   "where windows begin: at the volume's first voxel, or at multiples of the factors where "
                   "voxel_offset counts: volume|global (volume)");
    add_recipe_options(app, recipe);
    app.add_option("--threads", given.threads, "of each process (all there are; 1 under mpirun)");
    app.add_option("--memory", given.memory, "refuse to start where a process may need more (such as 2GiB)");
    app.add_option("--chunk", given.chunk, "shape of new chunks (as the source's; 64,64,64 with --create)");
    app.add_option(
        "--encoding", given.encoding,
        "of new chunks: raw|jpeg|png|compressed_segmentation (as the source's; raw with --create)");
    app.add_option("--quality", given.quality, "of jpeg, 0 to 100 (75)");
    app.add_option("--block-size", given.block, "of compressed_segmentation (as the source's, or 8,8,8)");
    app.add_option(
        "--compress", given.compress,
        "of the files of new chunks: none|gzip|br|zstd, with a level: gzip:9 (as the source's; none for "
        "jpeg and png); of Zarr and N5: none|gzip|zlib|zstd|bzip2|xz|lz4|blosc, or blosc:zstd:5:bitshuffle");
    flag("--sharded", given.sharded, "put new chunks into shards (where the source is sharded)");
    flag("--unsharded", given.unsharded, "give each new chunk a file");
    app.add_option("--shard-size", given.shard_size, "about so many bytes of a shard, uncompressed (1GiB)");
    flag("--skip-background", chosen.skip_background,
         "write no chunks of zeros alone; readers take those that are missing for zeros");
    app.add_option(
        "--missing", given.missing,
        "what a chunk without a file is: error|background (error; of Zarr and N5, their fill value)");
    flag("--resume", chosen.resume, "finish a run that was ended; begin where there was none");
    app.add_option("--task", given.task, "shape of a task at the source scale (chosen)");
    flag("--dry-run", chosen.dry_run, "tell what would be done, and end");
    flag("--prepare", given.prepare, "write the plan of a run by tasks, and print how many there are");
    flag("--list", chosen.list, "with --prepare: print a line of JSON for each task instead");
    app.add_option("--part", given.part, "do part K of N of the tasks that are prepared, from 1: K/N");
    app.add_option("--tasks", given.tasks, "do tasks I to J of those that are prepared, from 0: I..J, or I");
    flag("--finish", given.finish, "check that all tasks are done, and list the mips in info");
    app.add_option("--http-timeout", given.http_timeout, "seconds in which a server may send nothing (60)");
    app.add_option("--http-retries", given.http_retries,
                   "how often a request that failed is sent again, after 0.5, 1, 2, 4 ... seconds (6)");
    app.add_option("--create", given.create,
                   "make the volume first: from a .npy file, a TIFF file, or a folder of TIFF files");
    app.add_option("--resolution", given.resolution, "of the volume made, in nm (1,1,1)");
    app.add_option("--offset", given.offset, "voxel_offset of the volume made (0,0,0)");
    app.add_option("--axes", given.axes,
                   "what the array's axes are: xyz, zyx, xyzc, czyx, yx, ... (xyz, xyzc of four, xy of two)");
    app.add_option("--type", given.kind, "of the volume made: image|segmentation (by --method, or image)");
}

// Empty texts were not given.
void read_numbers(settings& chosen, const texts& given) {
    if (!given.mips.empty()) chosen.mips = parse_mips(given.mips, most_mips);
    if (!given.from_mip.empty())
        chosen.from_mip = static_cast<std::size_t>(parse_number("from-mip", given.from_mip, 0, 1000000));
    if (!given.threads.empty())
        chosen.threads = static_cast<int>(parse_number("threads", given.threads, 1, 4096));
    if (!given.http_timeout.empty())
        chosen.http.timeout = static_cast<int>(parse_number("http-timeout", given.http_timeout, 1, 86400));
    if (!given.http_retries.empty())
        chosen.http.retries = static_cast<int>(parse_number("http-retries", given.http_retries, 0, 100));
    if (!given.memory.empty()) chosen.memory = parse_bytes("memory", given.memory);
    if (!given.quality.empty())
        chosen.quality = static_cast<int>(parse_number("quality", given.quality, 0, 100));
    if (!given.block.empty()) chosen.block = three("block-size", parse_numbers("block-size", given.block));
    if (!given.shard_size.empty()) chosen.shard_bytes = parse_bytes("shard-size", given.shard_size);
    if (!given.factor.empty())
        for (const auto& factor : parse_factors(given.factor))
            chosen.given_factors.push_back(three("factor", factor));
    if (!given.chunk.empty()) chosen.chunk = three("chunk", parse_numbers("chunk", given.chunk));
    if (!given.task.empty()) chosen.task = three("task", parse_numbers("task", given.task));
    if (!given.resolution.empty()) chosen.resolution = parse_resolution(given.resolution);
    if (!given.offset.empty())
        chosen.offset = three("offset", parse_numbers("offset", given.offset, -largest_number));
}

void read_texts(settings& chosen, const texts& given, const recipe_texts& recipe) {
    const volume_name volume = volume_name_of(given.volume), dest = volume_name_of(given.dest);
    chosen.volume = is_url(volume.place) ? http_url(volume.place) : volume.place;
    chosen.volume_as = volume.as;
    chosen.dest = dest.place;
    chosen.dest_as = dest.as;
    if (!given.bounds.empty()) chosen.bounds = parse_bounds(given.bounds);
    chosen.create_from = given.create;
    chosen.axes = given.axes;
    read_numbers(chosen, given);
    if (!given.encoding.empty()) chosen.encoding = lower_case(given.encoding);
    if (!given.compress.empty()) chosen.compression = given.compress;
    if (given.sharded || given.unsharded) chosen.sharded = given.sharded;
    if (!given.missing.empty() && given.missing != "error" && given.missing != "background")
        throw bad_input("--missing: '" + given.missing + "' is neither error nor background");
    if (!given.grid.empty() && given.grid != "volume" && given.grid != "global")
        throw bad_input("--grid: '" + given.grid + "' is neither volume nor global");
    chosen.global_grid = given.grid == "global";
    chosen.missing_is_background = given.missing == "background";
    chosen.missing_is_error = given.missing == "error";
    if (!given.kind.empty() && given.kind != "image" && given.kind != "segmentation")
        throw bad_input("--type: '" + given.kind + "' is neither image nor segmentation");
    chosen.how = make_recipe(recipe);
    chosen.type_given = !given.kind.empty();
    chosen.segmentation = given.kind == "segmentation" ||
                          (given.kind.empty() && chosen.mips.given() && chosen.how.how == method::mode);
}

// An axis of one voxel has nothing to be halved; the others are brought near to each other without it. Its
// edge is taken for the longest, which no factor makes longer before the others have come up to it.
std::vector<index3> isotropic_factors(const scale& source, index3 origin, const mips_wanted& mips) {
    std::vector<index3> factors;
    index3 size = source.size;
    std::array<double, 3> edge = resolution_of(source);
    const auto is_enough = [&] {
        return mips.fit ? *std::max_element(size.begin(), size.end()) <= *mips.fit
                        : std::ssize(factors) == mips.count;
    };
    // An axis across a boundary of all windows never gets to one voxel.
    while (!is_enough() && std::ssize(factors) <= most_mips) {
        double smallest = 0;
        for (std::size_t axis = 0; axis < 3; ++axis)
            if (size[axis] > 1 && (smallest == 0 || edge[axis] < smallest)) smallest = edge[axis];
        if (smallest == 0)
            throw bad_input("--isotropic: the volume is a single voxel after " +
                            std::to_string(factors.size()) + " mips; --mips is " +
                            std::to_string(mips.count));
        std::array<double, 3> seen = edge;
        for (std::size_t axis = 0; axis < 3; ++axis)
            if (size[axis] == 1) seen[axis] = 4 * smallest;
        factors.push_back(tb::near_isotropic_factors<3>(seen, 1)[0]);
        for (std::size_t axis = 0; axis < 3; ++axis) edge[axis] *= double(factors.back()[axis]);
        size = tb::mip_shape(size, factors.back(), 1, origin);
        origin = tb::mip_origin(origin, factors.back());
    }
    return factors;
}

// Windows that are cut may make it one mip more than of a volume that begins with a window.
int num_mips_to_fit(const index3& size, const index3& origin, const index3& factor, index_t fit) {
    int count = tb::num_mips_to_fit(size, factor, fit);
    const auto fits = [&] {
        const index3 mip = tb::mip_shape(size, factor, count, origin);
        for (std::size_t axis = 0; axis < 3; ++axis)
            if (factor[axis] > 1 && mip[axis] > fit) return false;
        return true;
    };
    while (count <= most_mips && !fits()) ++count;
    return count;
}

// "3/7": 3 and 7. Nothing where there is no separator.
std::pair<std::string, std::string> halves(const std::string& text, const std::string& separator) {
    const std::size_t at = text.find(separator);
    if (at == text.npos) return {text, {}};
    return {text.substr(0, at), text.substr(at + separator.size())};
}

void read_step(settings& chosen, const texts& given) {
    const int steps =
        int(given.prepare) + int(given.finish) + int(!given.part.empty()) + int(!given.tasks.empty());
    if (steps > 1) throw bad_input("--prepare, --part, --tasks and --finish exclude each other");
    if (chosen.list && !given.prepare) throw bad_input("--list has a meaning only with --prepare");
    if (given.prepare) chosen.what = step::prepare;
    if (given.finish) chosen.what = step::finish;
    if (!given.part.empty()) {
        chosen.what = step::part;
        const auto [k, n] = halves(given.part, "/");
        if (n.empty()) throw bad_input("--part: '" + given.part + "' is not K/N, such as 1/64");
        constexpr index_t most_parts = 1000000000;
        chosen.part.second = parse_number("part", n, 1, most_parts);
        chosen.part.first = parse_number("part", k, 1, chosen.part.second);
    }
    if (!given.tasks.empty()) {
        chosen.what = step::part;
        const auto [i, j] = halves(given.tasks, "..");
        chosen.tasks.emplace();
        chosen.tasks->first = parse_number("tasks", i, 0, largest_number);
        chosen.tasks->second = j.empty() && given.tasks.find("..") == std::string::npos
                                   ? chosen.tasks->first
                                   : parse_number("tasks", j, chosen.tasks->first, largest_number);
    }
}

// What is prepared says the rest.
void check_alone(const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
        const std::string name = option->get_name();
        if (option->count() == 0 || name == "volume" || name == "--threads" || name == "--memory" ||
            name == "--part" || name == "--tasks" || name == "--finish")
            continue;
        throw bad_input(name + " was decided when the tasks were prepared; leave it out");
    }
}

void check_places(const CLI::App& app, const settings& chosen) {
    if (is_url(chosen.dest))
        throw bad_input(
            "--dest is a url, and only folders are written to; README.md tells how mips get into a "
            "bucket");
    if (!is_url(chosen.volume)) {
        for (const char* option : {"--http-timeout", "--http-retries"})
            if (app.count(option) != 0)
                throw bad_input(std::string(option) + " has a meaning only with a volume that is a url");
        return;
    }
    if (!chosen.create_from.empty())
        throw bad_input("--create makes a folder, and " + chosen.volume.string() + " is a url");
    if (chosen.dest.empty())
        throw bad_input(chosen.volume.string() + " is only read: --dest names the folder that gets the mips");
    const http_client is_built(chosen.http);  // or says what to install
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
    const std::size_t named = chosen.given_factors.size();
    chosen.mips.check_factors(named);
    if (!chosen.mips.given()) chosen.mips.count = static_cast<int>(named);
    if (!chosen.mips.given() && !creates && !chosen.convert)
        throw bad_input("--mips is needed: how many to add");
    if (!chosen.mips.given() && chosen.convert && app.count("--method") == 0)
        chosen.how.how = method::stride;  // which is what all of them are where nothing is pooled
    if (!chosen.mips.given() && !chosen.convert)
        for (const char* option :
             {"--method", "--sparse", "--background", "--least-coverage", "--rounding", "--edges", "--ties",
              "--votes", "--isotropic", "--missing", "--task", "--grid"})
            if (app.count(option) != 0)
                throw bad_input(std::string(option) + " has a meaning only with --mips: how many to add");
    if (chosen.mips.count > most_mips)
        throw bad_input("--factor names " + std::to_string(chosen.mips.count) + " mips, and " +
                        std::to_string(most_mips) + " are the most");
    if (chosen.mips.given() && app.count("--method") == 0)
        throw bad_input("--method is needed: average for images, mode for labels, or another");
    if (chosen.what == step::prepare && (creates || chosen.resume || chosen.dry_run))
        throw bad_input(
            "--prepare is for mips of a volume that is there, and goes on by itself: without --create, "
            "--resume and --dry-run");
    if (creates && !chosen.dest.empty())
        throw bad_input("--create makes the volume itself, and --dest is for the mips of one that is there");
    check_places(app, chosen);
    std::error_code ignored;
    if (std::filesystem::equivalent(chosen.volume, chosen.dest, ignored)) chosen.dest.clear();
    if (chosen.convert && chosen.dest.empty())
        throw bad_input("--convert puts the scale itself into another volume; --dest names it");
    if (chosen.bounds && chosen.dest.empty())
        throw bad_input("--bounds: a part of a volume is another volume; --dest names it");
    if (app.count("--sharded") != 0 && app.count("--unsharded") != 0)
        throw bad_input("--sharded and --unsharded exclude each other");
    if (chosen.skip_background && std::strtod(chosen.how.background.c_str(), nullptr) != 0)
        throw bad_input(
            "--skip-background: readers take chunks that are missing for zeros, and --background is " +
            chosen.how.background);
    refuse_unused(app, chosen.how.how, chosen.missing_is_background);
}

}  // namespace

scale settings::part_of(const scale& source) const {
    scale taken = source;
    if (!bounds) return taken;
    std::string all;
    bool inside = true;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const index_t begin = source.voxel_offset[axis], end = begin + source.size[axis];
        inside = inside && bounds->begin[axis] >= begin && bounds->end[axis] <= end;
        if (axis > 0) all += ',';
        all += std::to_string(begin);
        all += '-';
        all += std::to_string(end);
        taken.voxel_offset[axis] = bounds->begin[axis];
        taken.size[axis] = bounds->end[axis] - bounds->begin[axis];
    }
    if (!inside) throw bad_input("--bounds: scale " + source.key + " is " + all + ", and holds no such part");
    return taken;
}

std::vector<index3> settings::factors(const scale& source) const {
    std::vector<index3> all = given_factors;
    if (isotropic) {
        all = isotropic_factors(source, origin_of(source), mips);
    } else if (all.size() < 2) {
        const index3 factor = all.empty() ? index3{2, 2, 1} : all[0];
        const int count =
            mips.fit ? num_mips_to_fit(source.size, origin_of(source), factor, *mips.fit) : mips.count;
        all.assign(static_cast<std::size_t>(count), factor);
    }
    if (all.empty() && !convert) throw fits_already(*mips.fit);
    if (convert) all.insert(all.begin(), {1, 1, 1});
    if (std::ssize(all) > most_mips)
        throw bad_input("--mips fit=" + std::to_string(*mips.fit) + " takes " + std::to_string(all.size()) +
                        " mips, and " + std::to_string(most_mips) + " are the most");
    return all;
}

std::optional<settings> parse_command_line(int argc, char** argv, bool speaks) {
    settings chosen;
    texts given;
    recipe_texts recipe;
    CLI::App app(
        "Adds mips to a volume (Neuroglancer precomputed, OME-Zarr, N5), chunk by chunk, in one process or "
        "in "
        "many (mpirun).\n"
        "Memory does not grow with the volume; a run that was ended in any way is finished with --resume.\n"
        "A run by tasks that any scheduler starts: --prepare, then --part or --tasks for all of them, in "
        "any\n"
        "order, twice or at the same time, then --finish; SCHEDULERS.md has scripts.",
        "volume_pyramid");
    add_options(app, chosen, given, recipe);
    if (!parse_arguments(app, argc, argv, speaks)) return std::nullopt;
    read_texts(chosen, given, recipe);
    read_step(chosen, given);
    if (chosen.what == step::part || chosen.what == step::finish) {
        check_alone(app);
    } else {
        check_together(app, chosen);
    }
    for (int i = 1; i < argc; ++i)
        if (argv[i] != std::string("--prepare") && argv[i] != std::string("--list"))
            chosen.arguments.emplace_back(argv[i]);
    return chosen;
}

settings parse_again(const std::vector<std::string>& arguments) {
    std::vector<std::string> all{"volume_pyramid"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& text : all) argv.push_back(text.data());
    argv.push_back(nullptr);
    const auto again = parse_command_line(static_cast<int>(all.size()), argv.data(), false);
    if (!again) throw bad_input("the plan has no arguments");
    return *again;
}

}  // namespace volumes
