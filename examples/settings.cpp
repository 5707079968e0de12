// SPDX-License-Identifier: BSL-1.0
#include "settings.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <map>
#include <string_view>
#include <thread>

namespace {

template <class T>
using choices = std::vector<std::pair<std::string, T>>;

const choices<method> methods{{"average", method::average}, {"mode", method::mode},
                              {"min", method::min},         {"max", method::max},
                              {"median", method::median},   {"stride", method::stride}};
const choices<tb::rounding> roundings{{"toward_zero", tb::rounding::toward_zero},
                                      {"half_up", tb::rounding::half_up},
                                      {"half_even", tb::rounding::half_even}};
const choices<tb::edges> edge_rules{{"clip", tb::edges::clip}, {"replicate", tb::edges::replicate}};
const choices<tb::ties> tie_rules{
    {"countless", tb::ties::countless}, {"first", tb::ties::first}, {"lowest", tb::ties::lowest}};
const choices<tb::votes> vote_rules{{"previous_mip", tb::votes::previous_mip},
                                    {"footprint", tb::votes::footprint}};

template <class T>
std::string names(const choices<T>& all) {
    std::string text;
    for (const auto& [name, value] : all) text += (text.empty() ? "" : "|") + name;
    return text;
}

template <class T>
T choose(const std::string& option, const std::string& given, const choices<T>& all) {
    for (const auto& [name, value] : all)
        if (name == given) return value;
    throw bad_input("--" + option + ": '" + given + "' is none of " + names(all));
}

std::vector<tb::index_t> parse_numbers(const std::string& option, const std::string& text) {
    std::vector<tb::index_t> numbers;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (true) {
        tb::index_t number = 0;
        const auto [stop, problem] = std::from_chars(at, end, number);
        const bool good = problem == std::errc() && number >= 1 && (stop == end || *stop == ',');
        if (!good)
            throw bad_input("--" + option + ": '" + text +
                            "' is not whole numbers of at least 1, such as 2,2,1");
        numbers.push_back(number);
        if (stop == end) return numbers;
        at = stop + 1;
    }
}

std::vector<std::vector<tb::index_t>> parse_factors(const std::string& text) {
    std::vector<std::vector<tb::index_t>> factors;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(';', begin), text.size());
        factors.push_back(parse_numbers("factor", text.substr(begin, end - begin)));
        begin = end + 1;
    }
    return factors;
}

// An option that would change nothing is a misunderstanding, and better said than passed over.
void refuse_unused(const CLI::App& app, const std::optional<method>& how) {
    const std::map<std::string, std::vector<method>> users{{"--sparse", {method::average, method::mode}},
                                                           {"--background", {method::average, method::mode}},
                                                           {"--rounding", {method::average}},
                                                           {"--edges", {method::average}},
                                                           {"--ties", {method::mode}},
                                                           {"--votes", {method::mode}}};
    for (const auto& [option, methods_with_it] : users) {
        if (app.count(option) == 0 || !how) continue;
        if (std::find(methods_with_it.begin(), methods_with_it.end(), *how) == methods_with_it.end())
            throw bad_input(option + " has no meaning for --method " + name(*how));
    }
    if (app.count("--background") != 0 && app.count("--sparse") == 0)
        throw bad_input("--background has a meaning only with --sparse");
}

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

}  // namespace

std::string name(method how) {
    for (const auto& [text, value] : methods)
        if (value == how) return text;
    return {};
}

std::vector<padded> settings::factor_of_each_mip(std::size_t rank) const {
    std::vector<std::vector<tb::index_t>> given = factors;
    if (given.empty()) {
        if (rank != 3) throw bad_input("--factor is needed for a volume of rank " + std::to_string(rank));
        given = {{2, 2, 1}};
    }
    if (given.size() > 1 && mips != 0 && static_cast<std::size_t>(mips) != given.size())
        throw bad_input("--factor names " + std::to_string(given.size()) + " mips and --mips " +
                        std::to_string(mips));
    if (given.size() == 1) given.resize(mips != 0 ? static_cast<std::size_t>(mips) : 5, given[0]);

    std::vector<padded> result;
    for (const auto& factor : given) {
        if (factor.size() != rank)
            throw bad_input("--factor has " + std::to_string(factor.size()) +
                            " numbers for a volume of rank " + std::to_string(rank));
        padded all;
        all.fill(1);
        std::copy(factor.begin(), factor.end(), all.begin());
        result.push_back(all);
    }
    return result;
}

std::optional<settings> parse_command_line(int argc, char** argv) {
    settings chosen;
    chosen.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    std::string input, out = chosen.out.string(), factor, how, size, rounding, edges, ties, votes;

    CLI::App app(
        "Builds the image pyramid of a NumPy volume: one .npy for each mip, and a PNG to look at.\n"
        "Without a file it makes an image volume and a label volume of its own, and does both.",
        "pyramid");
    app.add_option("file", input,
                   "a .npy volume: bool, integer or floating-point, rank 1 to 6, C or Fortran order");
    app.add_option("--factor", factor,
                   "voxels of each axis that become one, in the order of the array's axes (2,2,1); "
                   "a list for each mip: \"2,2,1;2,2,2\"");
    app.add_option("--mips", chosen.mips, "how many mips to make (5)")->check(CLI::Range(1, 62));
    app.add_option("--method", how, names(methods) + " (average)");
    app.add_flag("--sparse", chosen.options.sparse, "leave background out of averages and modes");
    app.add_option("--background", chosen.options.background, "the value that is background (0)");
    app.add_option("--rounding", rounding, "of integer averages: " + names(roundings));
    app.add_option("--edges", edges, "of averages, where a window meets the edge: " + names(edge_rules));
    app.add_option("--ties", ties, "of modes: " + names(tie_rules));
    app.add_option("--votes", votes, "who votes for a mode: " + names(vote_rules));
    app.add_option("--threads", chosen.threads, "how many (all there are)")->check(CLI::Range(1, 4096));
    app.add_option("--size", size, "shape of the built-in volumes (512,512,64)");
    app.add_option("--out", out, "folder for the results (pyramid-out)");
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        std::cout << app.help();
        return std::nullopt;
    } catch (const CLI::ParseError& problem) {
        throw bad_input(one_line(problem.what()));
    }

    chosen.input = input;
    chosen.out = out;
    if (!how.empty()) chosen.how = choose("method", how, methods);
    if (!input.empty() && !chosen.how) chosen.how = method::average;
    if (!factor.empty()) chosen.factors = parse_factors(factor);
    if (!rounding.empty()) chosen.options.round = choose("rounding", rounding, roundings);
    if (!edges.empty()) chosen.options.edge = choose("edges", edges, edge_rules);
    if (!ties.empty()) chosen.options.tie = choose("ties", ties, tie_rules);
    if (!votes.empty()) chosen.options.vote = choose("votes", votes, vote_rules);
    refuse_unused(app, chosen.how);
    if (!size.empty()) {
        const auto numbers = parse_numbers("size", size);
        if (!input.empty()) throw bad_input("--size is for the built-in volumes, and a file was given");
        if (numbers.size() != 3) throw bad_input("--size needs three numbers");
        std::copy(numbers.begin(), numbers.end(), chosen.built_in_shape.begin());
    }
    return chosen;
}
