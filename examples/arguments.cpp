// SPDX-License-Identifier: BSL-1.0
#include "arguments.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <limits>
#include <optional>
#include <regex>

using tinybrain::index_t;

namespace {

void refuse_empty(const CLI::App& app) {
    for (const CLI::Option* option : app.get_options())
        for (const std::string& value : option->results())
            if (value.empty())
                throw bad_input(option->get_name() +
                                " is empty: an unset variable? Leave it out, or give it a value");
}

// Nothing where it is not digits alone, or more than an index holds. "010" is eight to some and ten to
// others, so a leading zero is no number.
std::optional<index_t> number_in(const std::string& text) {
    const std::size_t sign = text.starts_with('-') ? 1 : 0;
    if (text.size() > sign + 1 && text[sign] == '0') return std::nullopt;
    index_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, number);
    if (problem != std::errc() || stop != end || text == "-0") return std::nullopt;
    return number;
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(separator, begin), text.size());
        parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

std::string range_text(index_t lowest, index_t highest) {
    const std::string top = highest == largest_number ? "2^48" : std::to_string(highest);
    return "from " + (lowest == -largest_number ? "-2^48" : std::to_string(lowest)) + " to " + top;
}

}  // namespace

bool parse_arguments(CLI::App& app, int argc, char** argv, bool speaks) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        if (speaks) std::cout << app.help() << std::flush;
        if (speaks && !std::cout) throw std::runtime_error("the help cannot be written to stdout");
        return false;
    } catch (const CLI::ParseError& problem) {
        throw bad_input(one_line(problem.what()) + " (--help tells the options)");
    }
    refuse_empty(app);
    return true;
}

index_t parse_number(const std::string& option, const std::string& text, index_t lowest, index_t highest) {
    const auto number = number_in(text);
    if (!number || *number < lowest || *number > highest)
        throw bad_input("--" + option + ": '" + text + "' is not a whole number " +
                        range_text(lowest, highest));
    return *number;
}

std::vector<index_t> parse_numbers(const std::string& option, const std::string& text, index_t lowest) {
    std::vector<index_t> numbers;
    for (const std::string& part : split(text, ',')) {
        const auto number = number_in(part);
        if (!number || *number < lowest || *number > largest_number)
            throw bad_input("--" + option + ": '" + text + "' is not whole numbers " +
                            range_text(lowest, largest_number) + ", such as 2,2,1");
        numbers.push_back(*number);
    }
    return numbers;
}

std::vector<std::vector<index_t>> parse_factors(const std::string& text) {
    std::vector<std::vector<index_t>> factors;
    for (const std::string& part : split(text, ';')) factors.push_back(parse_numbers("factor", part));
    return factors;
}

mips_wanted parse_mips(const std::string& text, int most) {
    if (text == "auto") return {.count = 0, .fit = 64};
    if (text.starts_with("fit="))
        return {.count = 0, .fit = parse_number("mips fit", text.substr(4), 1, largest_number)};
    const auto number = number_in(text);
    if (!number || *number < 1 || *number > most)
        throw bad_input("--mips: '" + text + "' is not a whole number " + range_text(1, most) +
                        ", nor auto, nor fit=N");
    return {.count = static_cast<int>(*number), .fit = {}};
}

void mips_wanted::check_factors(std::size_t named) const {
    if (named < 2) return;
    const std::string names = "--factor names " + std::to_string(named) + " mips";
    if (fit) throw bad_input(names + ", and --mips fit chooses how many");
    if (given() && static_cast<std::size_t>(count) != named)
        throw bad_input(names + " and --mips " + std::to_string(count));
}

bad_input fits_already(index_t fit) {
    return bad_input("--mips: no axis that is reduced has more than " + std::to_string(fit) +
                     " voxels, so that there is no mip to make; --mips 1 makes one all the same");
}

std::uint64_t parse_bytes(const std::string& option, const std::string& text) {
    static const std::regex form("([1-9][0-9]*) ?(|b|B|([kKmMgGtTpPeE])([iI]?[bB])?)");
    std::smatch found;
    std::uint64_t count = 0;
    // std::regex recurses: a text of many thousand digits would be the end of the stack.
    bool good = text.size() < 100 && std::regex_match(text, found, form);
    if (good) {
        const std::string digits = found[1];
        good = std::from_chars(digits.data(), digits.data() + digits.size(), count).ec == std::errc();
    }
    const std::string units = "kmgtpe";
    const std::size_t power =
        good && found[3].matched ? units.find(static_cast<char>(*found[3].first | 0x20)) + 1 : 0;
    for (std::size_t i = 0; good && i < power; ++i) {
        good = count <= std::numeric_limits<std::uint64_t>::max() / 1024;
        count *= 1024;
    }
    if (!good)
        throw bad_input("--" + option + ": '" + text + "' is not a whole number of bytes, such as 2GiB");
    return count;
}

bool is_plain_number(const std::string& text) {
    static const std::regex form("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?");
    return text.size() < 100 && std::regex_match(text, form);
}

std::string lower_case(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}
