// SPDX-License-Identifier: BSL-1.0
#include "info.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "arguments.hpp"
#include "bad_input.hpp"
#include "decimal.hpp"
#include "formats/chunk_encoding.hpp"
#include "formats/format_error.hpp"
#include "json_file.hpp"

namespace volumes {
namespace {

const std::vector<std::pair<std::string, npy::dtype>> data_types{
    {"uint8", {'u', 1}},   {"uint16", {'u', 2}}, {"uint32", {'u', 4}}, {"uint64", {'u', 8}},
    {"float32", {'f', 4}}, {"int8", {'i', 1}},   {"int16", {'i', 2}},  {"int32", {'i', 4}},
    {"int64", {'i', 8}},   {"float64", {'f', 8}}};

// Precomputed has no float64.
bool holds(volume_family family, const npy::dtype& type) {
    return !(family == volume_family::precomputed && type.kind == 'f' && type.bytes == 8) &&
           std::any_of(data_types.begin(), data_types.end(),
                       [&](const auto& entry) { return entry.first == npy::name(type); });
}

// How far two places in space may be apart that are the same, in voxels.
constexpr double no_distance = 1e-6;

[[noreturn]] void refuse(const std::string& what) { throw bad_input("info: " + what); }

const json& member(const json& in, const std::string& name, const std::string& of) {
    const auto found = in.is_object() ? in.find(name) : in.end();
    if (!in.is_object() || found == in.end()) refuse(of + " has no member '" + name + "'");
    return *found;
}

std::string text_member(const json& in, const std::string& name, const std::string& of) {
    const json& value = member(in, name, of);
    if (!value.is_string()) refuse("'" + name + "' of " + of + " is no text");
    return value.get<std::string>();
}

constexpr index_t largest = largest_number;
constexpr const char *labels_encoding = "compressed_segmentation",
                     *block_member = "compressed_segmentation_block_size";

index3 three_integers(const json& value, const std::string& what, index_t lowest) {
    if (!value.is_array() || value.size() != 3) refuse(what + " is not a list of three numbers");
    index3 result{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const json& number = value[axis];
        const double size = number.is_number() ? number.get<double>() : std::nan("");
        if (!(size >= double(lowest) && size <= double(largest)) || size != std::floor(size))
            refuse(what + " is " + value.dump() + ", but must be whole numbers from " +
                   std::to_string(lowest) + " to 2^48");
        result[axis] = static_cast<index_t>(size);
    }
    return result;
}

void check_resolution(const json& value, const std::string& of) {
    bool good = value.is_array() && value.size() == 3;
    for (std::size_t axis = 0; good && axis < 3; ++axis)
        good = value[axis].is_number() && value[axis].get<double>() > 0 &&
               std::isfinite(value[axis].get<double>());
    if (!good) refuse("resolution of " + of + " is not a list of three numbers above 0");
}

std::string key_of(const scale& s) { return s.resolution[0] + "_" + s.resolution[1] + "_" + s.resolution[2]; }

// Division that rounds down, for offsets below 0 too.
index_t floor_quotient(index_t a, index_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// A scale that no `info` of precomputed lists.
bool is_array(const json& entry) {
    const json encoding = entry.is_object() ? entry.value("encoding", json()) : json();
    const auto family = encoding.is_string() ? family_named(encoding) : std::nullopt;
    return family && array_family_of(*family);
}

scale parse_scale(const json& in) {
    scale s;
    s.key = text_member(in, "key", "a scale");
    const std::string of = "scale " + s.key;
    s.size = three_integers(member(in, "size", of), "size of " + of, 1);
    const json& resolution = member(in, "resolution", of);
    check_resolution(resolution, of);
    for (std::size_t axis = 0; axis < 3; ++axis) s.resolution[axis] = resolution[axis].dump();
    if (in.contains("voxel_offset"))
        s.voxel_offset = three_integers(in["voxel_offset"], "voxel_offset of " + of, -largest);
    const json& chunks = member(in, "chunk_sizes", of);
    if (!chunks.is_array() || chunks.empty())
        refuse("chunk_sizes of " + of + " is not a list of chunk sizes");
    // A volume may be stored in several shapes of chunks; any one of them holds it whole.
    s.chunk_size = three_integers(chunks[0], "the chunk size of " + of, 1);
    s.form = form_of(in);
    if (s.form.array && in.contains("translation"))
        s.translation = in["translation"].get<std::array<double, 3>>();
    return s;
}

// The numbers of a resolution are put in as they are, though a double would be written otherwise.
std::string text_of(const made_scale& made, int indent) {
    const scale& s = made.is;
    json all{{"key", s.key},
             {"size", s.size},
             {"resolution", {"@0", "@1", "@2"}},
             {"voxel_offset", s.voxel_offset},
             {"chunk_sizes", json::array({s.chunk_size})},
             {"encoding", s.form.encoding}};
    if (s.form.encoding == labels_encoding) all[block_member] = s.form.block;
    if (s.form.sharding) all["sharding"] = formats::to_json(*s.form.sharding);
    if (s.translation) all["translation"] = *s.translation;
    if (s.form.array) all["array"] = json::parse(formats::to_json(*s.form.array).dump());
    if (!made.made_by.empty()) all["made_by"] = json::parse(made.made_by);
    std::string text = all.dump(indent);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const std::string mark = "\"@" + std::to_string(axis) + "\"";
        text.replace(text.find(mark), mark.size(), s.resolution[axis]);
    }
    return text;
}

// Everything that describes a scale, each in one form, whatever the spelling.
json description(const json& entry) {
    const auto or_else = [&](const char* name, const json& otherwise) {
        return entry.contains(name) && !entry[name].is_null() ? entry[name] : otherwise;
    };
    json all{{"key", or_else("key", nullptr)},
             {"size", or_else("size", nullptr)},
             {"resolution", or_else("resolution", nullptr)},
             {"voxel_offset", or_else("voxel_offset", {0, 0, 0})},
             {"chunk_sizes", or_else("chunk_sizes", nullptr)},
             {"encoding", or_else("encoding", nullptr)},
             {block_member, or_else(block_member, nullptr)},
             {"sharding", or_else("sharding", nullptr)},
             {"translation", is_array(entry) ? or_else("translation", nullptr) : json()},
             {"array", is_array(entry) ? or_else("array", nullptr) : json()},
             {"made_by", or_else("made_by", nullptr)}};
    if (all["encoding"].is_string()) all["encoding"] = lower_case(all["encoding"]);
    try {
        if (!all["sharding"].is_null())
            all["sharding"] = formats::to_json(formats::parse_sharding(all["sharding"]));
    } catch (const formats::format_error&) {  // stays as it is, then
    }
    return all;
}

// Products of decimal numbers as doubles differ in their last bits by how they were made.
bool same_number(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b)); }

std::optional<std::array<double, 3>> resolution_in(const json& entry) {
    if (!entry.is_object() || !entry.contains("resolution")) return std::nullopt;
    const json& value = entry["resolution"];
    std::array<double, 3> result{};
    if (!value.is_array() || value.size() != 3) return std::nullopt;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        if (!value[axis].is_number()) return std::nullopt;
        result[axis] = value[axis].get<double>();
    }
    return result;
}

bool same_resolution(const std::array<double, 3>& a, const std::array<double, 3>& b) {
    return same_number(a[0], b[0]) && same_number(a[1], b[1]) && same_number(a[2], b[2]);
}

bool same_translation(const json& there, const json& wanted) {
    const json &a = there["translation"], &b = wanted["translation"];
    const auto edge = resolution_in(wanted);
    if (!edge || !a.is_array() || !b.is_array()) return a == b;
    for (std::size_t axis = 0; axis < 3; ++axis)
        if (!(std::abs(a[axis].get<double>() - b[axis].get<double>()) <= no_distance * (*edge)[axis]))
            return false;
    return true;
}

// Two keys may spell the same folder.
std::string folder_of(const json& entry) {
    if (!entry.is_object() || !entry.contains("key") || !entry["key"].is_string()) return {};
    std::string folder =
        (std::filesystem::path(entry["key"].get<std::string>()) / "").lexically_normal().string();
    return folder;
}

std::string first_difference(const json& there, const json& wanted) {
    for (const auto& [name, value] : wanted.items()) {
        const json& other = there[name];
        if (name == "made_by") {
            if (value.is_null()) continue;  // whoever asks does not mind
            if (other.is_null()) return "info does not tell how it was made, and so nothing can be mended";
            const std::string how = differences(value, other);
            if (!how.empty()) return "it was made otherwise: " + how;
        } else if (name == "resolution") {
            const auto a = resolution_in(there), b = resolution_in(wanted);
            if (!a || !same_resolution(*a, *b))
                return "its resolution is " + other.dump() + ", not " + value.dump();
        } else if (name == "translation") {
            if (!same_translation(there, wanted))
                return "its translation is " + other.dump() + ", not " + value.dump();
        } else if (other != value) {
            return "its " + name + " is " + other.dump() + ", not " + value.dump();
        }
    }
    return {};
}

}  // namespace

scale coarser(const scale& fine, const index3& factor, const index3& chunk_size, const index3& origin) {
    scale s;
    s.size = tb::mip_shape(fine.size, factor, 1, origin);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        s.resolution[axis] = multiplied(fine.resolution[axis], factor[axis]);
        // What other programs may keep in a whole number of 64 bits is kept to one.
        if (s.resolution[axis].find('.') == std::string::npos &&
            (s.resolution[axis].size() > 19 || std::stod(s.resolution[axis]) > 9e18))
            throw bad_input("a resolution of " + fine.resolution[axis] + " times " +
                            std::to_string(factor[axis]) + " is more than 64 bits hold; ask for fewer mips");
        s.voxel_offset[axis] = floor_quotient(fine.voxel_offset[axis], factor[axis]);
    }
    s.key = key_of(s);
    constexpr std::size_t longest_name = 255;
    if (s.key.size() > longest_name)
        throw bad_input("the resolution would be " + s.key + ", a name too long for a folder");
    s.chunk_size = chunk_size;
    return s;
}

bool offset_is_rounded(const scale& fine, const index3& total_factor) {
    for (std::size_t axis = 0; axis < 3; ++axis)
        if (fine.voxel_offset[axis] % total_factor[axis] != 0) return true;
    return false;
}

std::array<double, 3> resolution_of(const scale& s) {
    std::array<double, 3> result;
    for (std::size_t axis = 0; axis < 3; ++axis) result[axis] = json::parse(s.resolution[axis]).get<double>();
    return result;
}

info::info(const std::string& text) : text_(text) {
    const json whole = parse_json(text, "info");
    const std::string of = "the volume";
    if (!whole.is_object()) refuse("no JSON object");
    const json type = whole.value("@type", json());
    if (type.is_string()) family_ = family_named(type).value_or(volume_family::precomputed);
    if (whole.contains("@type") && family_ == volume_family::precomputed &&
        type != "neuroglancer_multiscale_volume")
        refuse("'@type' is " + whole["@type"].dump() + ", not \"neuroglancer_multiscale_volume\"");
    const std::string kind = lower_case(text_member(whole, "type", of));  // whose case does not count
    if (kind != "image" && kind != "segmentation")
        refuse("type is '" + kind + "', neither image nor segmentation");
    segmentation_ = kind == "segmentation";

    const std::string name = lower_case(text_member(whole, "data_type", of));
    const auto known = std::find_if(data_types.begin(), data_types.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (known == data_types.end() || !holds(family_, known->second))
        refuse("data_type is '" + name + "'; 8 to 64 bit integers and float32 are supported");
    type_ = known->second;

    const json& channels = member(whole, "num_channels", of);
    if (!channels.is_number_integer() || channels < 1 || channels > 65536)
        refuse("num_channels is " + channels.dump() + ", but must be from 1 to 65536");
    channels_ = channels.get<index_t>();
    if (!member(whole, "scales", of).is_array()) refuse("scales is not a list");
}

info::info(volume_family family, const npy::dtype& type, index_t channels, bool segmentation,
           const json& axes)
    : family_(family), type_(type), channels_(channels), segmentation_(segmentation) {
    if (!holds(family, type))
        throw bad_input(
            (family == volume_family::precomputed ? std::string("a precomputed volume") : "this format") +
            " holds no " + npy::name(type));
    json whole{{"@type", "neuroglancer_multiscale_volume"},
               {"type", segmentation ? "segmentation" : "image"},
               {"data_type", npy::name(type)},
               {"num_channels", channels}};
    if (family != volume_family::precomputed) {
        whole["@type"] = name_of(family);
        whole["axes"] = axes;
    }
    whole["scales"] = json::array();
    text_ = whole.dump(2) + "\n";
}

json info::axes() const {
    const json whole = json::parse(text_);
    if (family_ != volume_family::precomputed) return whole["axes"];
    json all = json::array();
    if (channels_ > 1) all.push_back({{"name", "c"}, {"type", "channel"}});
    for (const char* axis : {"z", "y", "x"})
        all.push_back({{"name", axis}, {"type", "space"}, {"unit", "nanometer"}});
    return all;
}

std::size_t info::scales() const { return json::parse(text_)["scales"].size(); }

scale info::scale_of(std::size_t mip) const {
    const json scales = json::parse(text_)["scales"];
    if (mip >= scales.size())
        throw bad_input("--from-mip is " + std::to_string(mip) + ", but info lists " +
                        std::to_string(scales.size()) + " scales, from 0");
    return parse_scale(scales[mip]);
}

bool info::has(const scale& wanted) const {
    for (std::size_t i = 0; i < scales(); ++i) {
        try {
            if (scale_of(i) == wanted) return true;
        } catch (const bad_input&) {  // not the one, then
        }
    }
    return false;
}

info::found info::find(const made_scale& wanted) const { return find_text(json_text(wanted)); }

bool info::lists(const std::string& made) const { return find_text(made).is == presence::same; }

info::found info::find_text(const std::string& made) const {
    const json whole = json::parse(text_), asked = description(json::parse(made));
    const auto wanted = resolution_in(asked);
    found result;
    for (const json& entry : whole["scales"]) {
        if (!entry.is_object()) continue;
        const auto resolution = resolution_in(entry);
        const bool same_place = folder_of(entry) == folder_of(asked);
        if (!same_place && !(resolution && wanted && same_resolution(*resolution, *wanted))) continue;
        const std::string difference = first_difference(description(entry), asked);
        if (!difference.empty()) return {presence::different, difference};
        if (result.is == presence::same) return {presence::different, "it is listed twice"};
        result.is = presence::same;
    }
    return result;
}

std::vector<std::string> info::keys() const {
    std::vector<std::string> all;
    const json whole = json::parse(text_);
    for (const json& entry : whole["scales"])
        if (entry.is_object() && entry.contains("key") && entry["key"].is_string())
            all.push_back(entry["key"]);
    return all;
}

std::string info::key_of_same(const scale& s) const {
    const auto wanted = resolution_of(s);
    const json whole = json::parse(text_);
    for (const json& entry : whole["scales"]) {
        const auto there = resolution_in(entry);
        if (there && same_resolution(*there, wanted) && entry.value("size", json()) == json(s.size))
            return entry.value("key", "");
    }
    return {};
}

std::string info::entry_of(const std::string& key) const {
    const json whole = json::parse(text_);
    for (const json& entry : whole["scales"])
        if (entry.is_object() && entry.contains("key") && entry["key"] == key) return entry.dump();
    return {};
}

void info::add(const made_scale& made) {
    const json whole = json::parse(text_);
    const json& scales = whole["scales"];
    const auto no_coarser = [](const std::array<double, 3>& x, const std::array<double, 3>& y) {
        const auto at_most = [](double a, double b) { return a <= b || same_number(a, b); };
        return at_most(x[0], y[0]) && at_most(x[1], y[1]) && at_most(x[2], y[2]);
    };
    // Of scales that this run neither reads nor makes, only their place in the order counts; and nothing of
    // those that have none.
    const auto resolution = resolution_of(made.is);
    std::size_t place = scales.size();
    for (std::size_t i = scales.size(); i-- > 0;) {
        const auto listed = resolution_in(scales[i]);
        if (!listed) continue;
        if (no_coarser(resolution, *listed)) {
            place = i;
            continue;
        }
        if (no_coarser(*listed, resolution)) break;
        throw bad_input("scale " + made.is.key + " would be neither finer nor coarser than scale number " +
                        std::to_string(i) + " of info, " + scales[i]["resolution"].dump() +
                        ": no order from fine to coarse holds both");
    }
    text_ = with_element(text_, "scales", place, text_of(made, text_.find('\n') == text_.npos ? -1 : 2));
}

std::string json_text(const made_scale& made) { return text_of(made, -1); }

made_scale made_scale_of(const std::string& json_text) {
    const json entry = json::parse(json_text);
    return {parse_scale(entry), entry.contains("made_by") ? entry["made_by"].dump() : std::string()};
}

formats::array_form array_in(const json& entry) {
    return formats::array_form_of(nlohmann::json::parse(entry["array"].dump()));
}

chunk_form form_of(const json& entry) {
    const std::string of = "scale " + text_member(entry, "key", "a scale");
    chunk_form form;
    form.encoding = lower_case(text_member(entry, "encoding", of));
    if (is_array(entry)) {
        if (entry.contains("problem")) throw bad_input(of + ": " + text_member(entry, "problem", of));
        form.array = array_in(entry);
        return form;
    }
    if (form.encoding == labels_encoding) {
        const index3 block = three_integers(member(entry, block_member, of), block_member + (" of " + of), 1);
        for (std::size_t axis = 0; axis < 3; ++axis) form.block[axis] = static_cast<std::size_t>(block[axis]);
    }
    try {
        formats::encoding_options options;
        options.block = form.block;
        formats::make_encoding(form.encoding, options);
        if (entry.contains("sharding") && !entry["sharding"].is_null())
            form.sharding = formats::parse_sharding(entry["sharding"]);
    } catch (const formats::format_error& problem) {
        refuse(of + ": " + problem.what());
    }
    return form;
}

writing writing_of(const json& entry) {
    writing how;
    const json made_by = entry.is_object() ? entry.value("made_by", json()) : json();
    if (!made_by.is_object()) return how;
    if (made_by.contains("compress") && made_by["compress"].is_string() && !is_array(entry))
        set_compression(how, made_by["compress"]);
    if (made_by.contains("quality") && made_by["quality"].is_number_integer())
        how.quality = made_by["quality"];
    if (made_by.contains("shard_size") && made_by["shard_size"].is_number_unsigned())
        how.shard_bytes = made_by["shard_size"];
    how.skip_zeros = made_by.contains("skip_background") && made_by["skip_background"] == true;
    return how;
}

json to_json(const writing& how, const chunk_form& form) {
    json all{{"compress", storage_text(form, how)}, {"skip_background", how.skip_zeros}};
    if (form.encoding == "jpeg") all["quality"] = how.quality;
    if (form.is_sharded()) all["shard_size"] = how.shard_bytes;
    return all;
}

std::string storage_text(const chunk_form& form, const writing& how) {
    if (form.array) return formats::compression_text(*form.array);
    const std::string name(formats::name_of(how.compression));
    return how.compression == formats::compression::none ? name : name + ":" + std::to_string(how.level);
}

void set_compression(writing& how, const std::string& text) {
    const std::size_t colon = text.find(':');
    try {
        how.compression = formats::compression_of(text.substr(0, colon));
    } catch (const formats::format_error& problem) {
        throw bad_input(std::string("--compress: ") + problem.what());
    }
    const formats::level_range levels = formats::levels_of(how.compression);
    if (!formats::is_available(how.compression))
        throw bad_input("--compress: this program was built without " + text.substr(0, colon));
    how.level = colon == text.npos ? levels.usual
                                   : static_cast<int>(parse_number("compress", text.substr(colon + 1),
                                                                   levels.lowest, levels.highest));
}

}  // namespace volumes
