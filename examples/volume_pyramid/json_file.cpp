// SPDX-License-Identifier: BSL-1.0
#include "json_file.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "bad_input.hpp"

namespace volumes {
namespace {

// Past the string that begins at `at`.
std::size_t end_of_string(const std::string& text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
    return std::min(at + 1, text.size());
}

// f(position, depth) for each character outside strings; an opening bracket has the depth outside it.
template <class F>
void for_each_mark(const std::string& text, F&& f) {
    int depth = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '}' || c == ']') --depth;
        f(at, depth);
        if (c == '{' || c == '[') ++depth;
        at = c == '"' ? end_of_string(text, at) : at + 1;
    }
}

// The parser, like most, would call itself once for each level.
void check_depth(const std::string& text, const std::string& name) {
    constexpr int deepest = 100;
    for_each_mark(text, [&](std::size_t, int depth) {
        if (depth > deepest) throw bad_input(name + ": no JSON of this kind: it is nested too deep");
    });
}

// Of two members of one name every reader takes another.
class double_members {
public:
    bool operator()(int, json::parse_event_t event, const json& value) {
        if (event == json::parse_event_t::object_start) open_.emplace_back();
        if (event == json::parse_event_t::object_end) open_.pop_back();
        if (event == json::parse_event_t::key && !open_.back().insert(value.get<std::string>()).second)
            found = value.get<std::string>();
        return true;
    }
    std::string found;

private:
    std::vector<std::set<std::string>> open_;
};

// "[json.exception.parse_error.101] parse error at ..." without what only programmers ask for.
std::string without_id(const std::string& message) {
    const std::size_t end = message.find("] ");
    return message.starts_with("[json") && end != message.npos ? message.substr(end + 2) : message;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Where the elements of a list begin, and where the list ends.
struct list_place {
    std::size_t open = 0, close = 0;
    std::vector<std::size_t> commas;
    bool empty = true;
};

list_place find_list(const std::string& text, const std::string& member) {
    list_place found;
    std::string key;
    bool inside = false;
    std::size_t string = 0;
    for_each_mark(text, [&](std::size_t at, int depth) {
        const char c = text[at];
        if (depth == 1 && c == '"') string = at;
        if (depth == 1 && c == ':')
            key = json::parse(text.substr(string, end_of_string(text, string) - string)).get<std::string>();
        if (depth == 1 && c == '[' && key == member) {
            inside = true;
            found.open = at;
        } else if (inside && depth == 1 && c == ']') {
            inside = false;
            found.close = at;
        } else if (inside) {
            if (!is_space(c)) found.empty = false;
            if (depth == 2 && c == ',') found.commas.push_back(at);
        }
    });
    return found;
}

std::string indented(std::string text) {
    for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; ++at) text.insert(at + 1, 4, ' ');
    return text;
}

}  // namespace

json parse_json(const std::string& text, const std::string& name) {
    check_depth(text, name);
    // The parser takes it for the end, and other readers do not.
    if (text.find('\0') != text.npos) throw bad_input(name + ": no JSON: it has a NUL byte");
    double_members twice;
    json whole;
    try {
        whole = json::parse(text, std::ref(twice));
    } catch (const json::exception& problem) {
        throw bad_input(name + ": no JSON: " + without_id(problem.what()));
    }
    if (!twice.found.empty()) throw bad_input(name + ": the member '" + twice.found + "' is there twice");
    return whole;
}

std::string with_element(const std::string& text, const std::string& member, std::size_t place,
                         const std::string& element) {
    const list_place list = find_list(text, member);
    const bool in_lines = text.find('\n') != text.npos;
    const std::string gap = in_lines ? "\n    " : " ", shown = in_lines ? indented(element) : element;
    std::string result = text;
    if (list.empty)
        return result.replace(list.open + 1, list.close - list.open - 1,
                              in_lines ? gap + shown + "\n  " : shown);
    if (place == 0) return result.insert(list.open + 1, (in_lines ? gap : "") + shown + ",");
    if (place <= list.commas.size()) return result.insert(list.commas[place - 1] + 1, gap + shown + ",");
    std::size_t end = list.close;
    while (is_space(text[end - 1])) --end;
    return result.insert(end, "," + gap + shown);
}

std::string differences(const json& now, const json& before) {
    const auto shown = [](const json& in, const std::string& name) {
        return in.contains(name) ? in[name].dump(-1, ' ', false, json::error_handler_t::replace)
                                 : std::string("not there");
    };
    if (!now.is_object() || !before.is_object()) return "it is of another kind";
    std::set<std::string> names;
    for (const json* in : {&now, &before})
        for (const auto& [name, value] : in->items()) names.insert(name);
    std::string text;
    for (const std::string& name : names)
        if (shown(now, name) != shown(before, name))
            text += (text.empty() ? "" : "; ") + name + " is to be " + shown(now, name) + ", and was " +
                    shown(before, name);
    return text;
}

}  // namespace volumes
