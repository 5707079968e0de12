// SPDX-License-Identifier: BSL-1.0
// Values of a command line: each is what it says, or is refused by the option's name. An unset variable of a
// shell script (an empty value), an octal-looking number or one that does not fit is never taken for another.
#pragma once

#include <tinybrain/volume.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bad_input.hpp"

namespace CLI {
class App;
}

// Numbers beyond any volume are refused, so that no sum or product of a few of them overflows.
inline constexpr tinybrain::index_t largest_number = tinybrain::index_t{1} << 48;

// False where --help was asked for; it is printed then, if `speaks`. Throws bad_input, for an option without
// a value too. Every option must be bound to a text: the library's own numbers take octal and wrap around.
bool parse_arguments(CLI::App& app, int argc, char** argv, bool speaks = true);

// Digits, after a minus where `lowest` allows it, and nothing else; throws bad_input.
tinybrain::index_t parse_number(const std::string& option, const std::string& text, tinybrain::index_t lowest,
                                tinybrain::index_t highest);

// Whole numbers from `lowest` to 2^48, such as 2,2,1; throws bad_input.
std::vector<tinybrain::index_t> parse_numbers(const std::string& option, const std::string& text,
                                              tinybrain::index_t lowest = 1);

// One list of numbers, or one for each mip: 2,2,1;2,2,2.
std::vector<std::vector<tinybrain::index_t>> parse_factors(const std::string& text);

// --mips: a number of them, or as many as it takes until no axis that is reduced has more voxels than `fit`.
struct mips_wanted {
    int count = 0;
    std::optional<tinybrain::index_t> fit;

    bool given() const { return count > 0 || fit; }
    // Throws bad_input where --factor names other ones: `named`, of which one is for all mips.
    void check_factors(std::size_t named) const;
};
// A number from 1 to `most`, auto, which is fit=64, or fit=N; throws bad_input.
mips_wanted parse_mips(const std::string& text, int most);
// Where nothing is left to be done: what --mips says fits already.
bad_input fits_already(tinybrain::index_t fit);

// Bytes, such as 2GiB or 500000; K, KB, KiB, M ... are powers of 1024. Throws bad_input.
std::uint64_t parse_bytes(const std::string& option, const std::string& text);

// A number as JSON writes it, whether or not some voxel type holds it.
bool is_plain_number(const std::string& text);

std::string one_line(std::string text);
std::string lower_case(std::string text);  // ASCII
