// SPDX-License-Identifier: BSL-1.0
#include "settings.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <thread>

std::vector<padded> settings::factor_of_each_mip(const std::vector<tb::index_t>& shape) const {
    const std::size_t rank = shape.size();
    std::vector<std::vector<tb::index_t>> given = factors;
    if (given.empty()) {
        if (rank != 3) throw bad_input("--factor is needed for a volume of rank " + std::to_string(rank));
        given = {{2, 2, 1}};
    }
    mips.check_factors(given.size());

    std::vector<padded> result;
    for (const auto& factor : given) {
        if (factor.size() != rank)
            throw bad_input("--factor has " + std::to_string(factor.size()) +
                            " numbers for a volume of rank " + std::to_string(rank));
        result.push_back(pad(factor));
    }
    if (result.size() > 1) return result;
    int count = mips.given() ? mips.count : 5;
    if (mips.fit) count = tb::num_mips_to_fit(pad(shape), result[0], *mips.fit);
    if (count == 0) throw fits_already(*mips.fit);
    return std::vector<padded>(static_cast<std::size_t>(count), result[0]);
}

std::optional<settings> parse_command_line(int argc, char** argv) {
    settings chosen;
    chosen.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    std::string input, out = chosen.out.string(), factor, size, mips, threads;
    recipe_texts texts;

    CLI::App app(
        "Builds the image pyramid of a NumPy volume: one .npy for each mip, and a PNG to look at.\n"
        "Without a file it makes an image volume and a label volume of its own, and does both.",
        "pyramid");
    app.add_option("file", input,
                   "a .npy volume: bool, integer or floating-point, rank 1 to 6, C or Fortran order");
    app.add_option("--factor", factor,
                   "voxels of each axis that become one, in the order of the array's axes (2,2,1); "
                   "a list for each mip: \"2,2,1;2,2,2\"");
    app.add_option("--mips", mips,
                   "how many mips to make (5); auto: until no axis that is reduced has more than 64 voxels; "
                   "fit=N: than N");
    add_recipe_options(app, texts);
    app.add_option("--threads", threads, "how many (all there are)");
    app.add_option("--size", size, "shape of the built-in volumes (512,512,64)");
    app.add_option("--out", out, "folder for the results (pyramid-out)");
    if (!parse_arguments(app, argc, argv)) return std::nullopt;

    if (!mips.empty()) chosen.mips = parse_mips(mips, 62);
    if (!threads.empty()) chosen.threads = static_cast<int>(parse_number("threads", threads, 1, 4096));
    chosen.input = input;
    chosen.out = out;
    chosen.options = make_recipe(texts);
    if (!texts.how.empty() || !input.empty()) chosen.how = chosen.options.how;
    if (!factor.empty()) chosen.factors = parse_factors(factor);
    refuse_unused(app, chosen.how);
    if (!size.empty()) {
        const auto numbers = parse_numbers("size", size);
        if (!input.empty()) throw bad_input("--size is for the built-in volumes, and a file was given");
        if (numbers.size() != 3) throw bad_input("--size needs three numbers");
        std::copy(numbers.begin(), numbers.end(), chosen.built_in_shape.begin());
    }
    return chosen;
}
