// SPDX-License-Identifier: BSL-1.0
#include "recipe_options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "parse_value.hpp"

namespace {

template <class T>
using choices = std::vector<std::pair<std::string, T>>;

const choices<method> methods{{"average", method::average}, {"mode", method::mode},
                              {"min", method::min},         {"max", method::max},
                              {"median", method::median},   {"stride", method::stride},
                              {"striding", method::stride}};
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
std::string name_in(const choices<T>& all, T wanted) {
    for (const auto& [name, value] : all)
        if (value == wanted) return name;
    return {};
}

template <class T>
T choose(const std::string& option, const std::string& given, const choices<T>& all) {
    for (const auto& [name, value] : all)
        if (name == given) return value;
    throw bad_input("--" + option + ": '" + given + "' is none of " + names(all));
}

double parse_share(const std::string& text) {
    const std::optional<double> share = is_plain_number(text) ? real_in<double>(text) : std::nullopt;
    if (!share || *share < 0 || *share > 1)
        throw bad_input("--least-coverage: '" + text + "' is not a number from 0 to 1, such as 0.5");
    return *share;
}

}  // namespace

void add_recipe_options(CLI::App& app, recipe_texts& texts) {
    app.add_option("--method", texts.how, names(methods));
    app.add_flag("--sparse", texts.sparse, "leave background out")->disable_flag_override();
    app.add_option("--background", texts.background,
                   "the value that is background (0); of floating-point volumes also nan, inf or -inf");
    app.add_option(
        "--least-coverage", texts.least_coverage,
        "with --sparse: where less than this share of a window is left, 0 to 1, there is background (0)");
    app.add_option("--rounding", texts.rounding, "of integer averages: " + names(roundings));
    app.add_option("--edges", texts.edges,
                   "of averages, where a window meets the edge: " + names(edge_rules));
    app.add_option("--ties", texts.ties, "of modes: " + names(tie_rules));
    app.add_option("--votes", texts.votes, "who votes for a mode: " + names(vote_rules));
}

recipe make_recipe(const recipe_texts& texts) {
    recipe wanted;
    wanted.sparse = texts.sparse;
    wanted.background = texts.background;
    if (!is_plain_number(wanted.background) && !is_no_plain_number(wanted.background))
        throw bad_input("--background: '" + wanted.background +
                        "' is not a number, such as 0, -5 or 0.25, nor nan, inf or -inf");
    if (!texts.least_coverage.empty()) wanted.least_coverage = parse_share(texts.least_coverage);
    if (!texts.how.empty()) wanted.how = choose("method", texts.how, methods);
    if (!texts.rounding.empty()) wanted.round = choose("rounding", texts.rounding, roundings);
    if (!texts.edges.empty()) wanted.edge = choose("edges", texts.edges, edge_rules);
    if (!texts.ties.empty()) wanted.tie = choose("ties", texts.ties, tie_rules);
    if (!texts.votes.empty()) wanted.vote = choose("votes", texts.votes, vote_rules);
    return wanted;
}

void refuse_unused(const CLI::App& app, const std::optional<method>& how, bool background_used) {
    const std::vector<method> all_but_stride{method::average, method::mode, method::min, method::max,
                                             method::median};
    std::map<std::string, std::vector<method>> users{
        {"--sparse", all_but_stride},      {"--least-coverage", all_but_stride},
        {"--rounding", {method::average}}, {"--edges", {method::average}},
        {"--ties", {method::mode}},        {"--votes", {method::mode}}};
    if (!background_used) users["--background"] = all_but_stride;
    for (const auto& [option, methods_with_it] : users) {
        if (app.count(option) == 0 || !how) continue;
        if (std::find(methods_with_it.begin(), methods_with_it.end(), *how) == methods_with_it.end())
            throw bad_input(option + " has no meaning for --method " + name(*how));
    }
    for (const char* option : {"--background", "--least-coverage"}) {
        if (background_used && option == std::string("--background")) continue;
        if (app.count(option) != 0 && app.count("--sparse") == 0)
            throw bad_input(std::string(option) + " has a meaning only with --sparse");
    }
}

std::string name(method how) { return name_in(methods, how); }
std::string name(tb::rounding round) { return name_in(roundings, round); }
std::string name(tb::edges edge) { return name_in(edge_rules, edge); }
std::string name(tb::ties tie) { return name_in(tie_rules, tie); }
std::string name(tb::votes vote) { return name_in(vote_rules, vote); }

void check_with_library(const recipe& wanted, const npy::dtype& type) {
    padded one;
    one.fill(1);
    npy::visit_type(type, [&]<class T>() {
        const T voxel{};
        std::vector<T> voxels(wanted.factors.size());
        std::vector<tb::volume_view<T, padded_rank>> mips;
        for (T& v : voxels) mips.push_back({&v, one});
        recipe here = wanted;
        here.run_on = {};
        downsample<T>(here, {&voxel, one}, mips);
    });
}
