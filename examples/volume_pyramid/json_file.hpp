// SPDX-License-Identifier: BSL-1.0
// JSON that others have written: what it says, and how one element joins a list of it while every other byte
// stays as it is.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace volumes {

using json = nlohmann::ordered_json;  // members keep the order they have in the file

// Throws bad_input, which begins with `name`, for what is no JSON, nested deeper than anybody writes by hand
// or program, or has a member twice.
json parse_json(const std::string& text, const std::string& name);

// text: a JSON object with a list `member`. The element becomes number `place` of the list.
std::string with_element(const std::string& text, const std::string& member, std::size_t place,
                         const std::string& element);

// The members in which two objects differ, in words: `method is to be "max", and was "average"`.
std::string differences(const json& now, const json& before);

}  // namespace volumes
