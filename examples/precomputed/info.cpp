// SPDX-License-Identifier: BSL-1.0
#include "info.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bad_input.hpp"

namespace precomputed {
namespace {

using json = nlohmann::ordered_json;  // members keep the order they have in the file

const std::vector<std::pair<std::string, npy::dtype>> data_types{
    {"uint8", {'u', 1}},  {"uint16", {'u', 2}},  {"uint32", {'u', 4}},
    {"uint64", {'u', 8}}, {"float32", {'f', 4}}, {"int8", {'i', 1}},
    {"int16", {'i', 2}},  {"int32", {'i', 4}},   {"int64", {'i', 8}}};

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

// Extents far beyond any brain are refused, so that no sum or product of a few of them overflows.
constexpr index_t largest = index_t{1} << 48;

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

std::string multiplied(const std::string& text, index_t factor) {
    const json number = json::parse(text);
    if (!number.is_number_integer()) return json(number.get<double>() * static_cast<double>(factor)).dump();
    if (number.get<double>() * static_cast<double>(factor) > 9e18)
        throw bad_input("a resolution of " + number.dump() + " times " + std::to_string(factor) +
                        " is more than 64 bits hold; ask for fewer mips");
    return std::to_string(number.get<std::int64_t>() * factor);
}

std::string key_of(const scale& s) { return s.resolution[0] + "_" + s.resolution[1] + "_" + s.resolution[2]; }

// Division that rounds down, for offsets below 0 too.
index_t floor_quotient(index_t a, index_t b) { return a / b - (a % b < 0 ? 1 : 0); }

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
    return s;
}

json to_json(const scale& s) {
    json resolution = json::array();
    for (const std::string& number : s.resolution) resolution.push_back(json::parse(number));
    return {{"key", s.key},
            {"size", s.size},
            {"resolution", resolution},
            {"voxel_offset", s.voxel_offset},
            {"chunk_sizes", json::array({s.chunk_size})},
            {"encoding", "raw"}};
}

}  // namespace

scale coarser(const scale& fine, const index3& factor, const index3& chunk_size) {
    scale s;
    s.size = tb::mip_shape(fine.size, factor);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        s.resolution[axis] = multiplied(fine.resolution[axis], factor[axis]);
        s.voxel_offset[axis] = floor_quotient(fine.voxel_offset[axis], factor[axis]);
    }
    s.key = key_of(s);
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
    json whole;
    try {
        whole = json::parse(text);
    } catch (const json::exception& problem) {
        refuse(std::string("no JSON: ") + problem.what());
    }
    const std::string of = "the volume";
    if (!whole.is_object()) refuse("no JSON object");
    if (whole.contains("@type") && whole["@type"] != "neuroglancer_multiscale_volume")
        refuse("'@type' is " + whole["@type"].dump() + ", not \"neuroglancer_multiscale_volume\"");
    const std::string kind = text_member(whole, "type", of);
    if (kind != "image" && kind != "segmentation")
        refuse("type is '" + kind + "', neither image nor segmentation");
    segmentation_ = kind == "segmentation";

    const std::string name = text_member(whole, "data_type", of);
    const auto known = std::find_if(data_types.begin(), data_types.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (known == data_types.end())
        refuse("data_type is '" + name + "'; 8 to 64 bit integers and float32 are supported");
    type_ = known->second;

    const json& channels = member(whole, "num_channels", of);
    if (!channels.is_number_integer() || channels < 1 || channels > 65536)
        refuse("num_channels is " + channels.dump() + ", but must be from 1 to 65536");
    channels_ = channels.get<index_t>();
    if (!member(whole, "scales", of).is_array()) refuse("scales is not a list");
}

info::info(const npy::dtype& type, index_t channels, bool segmentation)
    : type_(type), channels_(channels), segmentation_(segmentation) {
    const bool known = std::any_of(data_types.begin(), data_types.end(),
                                   [&](const auto& entry) { return entry.first == npy::name(type); });
    if (!known) throw bad_input("a precomputed volume holds no " + npy::name(type));
    const json whole{{"@type", "neuroglancer_multiscale_volume"},
                     {"type", segmentation ? "segmentation" : "image"},
                     {"data_type", npy::name(type)},
                     {"num_channels", channels},
                     {"scales", json::array()}};
    text_ = whole.dump(2) + "\n";
}

scale info::raw_scale(std::size_t mip) const {
    const json scales = json::parse(text_)["scales"];
    if (mip >= scales.size())
        throw bad_input("--from-mip is " + std::to_string(mip) + ", but info lists " +
                        std::to_string(scales.size()) + " scales, from 0");
    const scale s = parse_scale(scales[mip]);
    const std::string encoding = text_member(scales[mip], "encoding", "scale " + s.key);
    if (encoding != "raw")
        refuse("the encoding of scale " + s.key + " is '" + encoding + "'; only raw is supported");
    if (scales[mip].contains("sharding") && !scales[mip]["sharding"].is_null())
        refuse("scale " + s.key + " is sharded; only files of one chunk each are supported");
    return s;
}

info::presence info::find(const scale& wanted) const {
    const json whole = json::parse(text_);
    for (const json& entry : whole["scales"]) {
        const scale s = parse_scale(entry);
        if (s.key != wanted.key && resolution_of(s) != resolution_of(wanted)) continue;
        return s == wanted ? presence::same : presence::different;
    }
    return presence::absent;
}

void info::add(const scale& made) {
    json whole = json::parse(text_);
    json& scales = whole["scales"];
    const auto no_coarser = [](const scale& a, const scale& b) {
        const auto x = resolution_of(a), y = resolution_of(b);
        return x[0] <= y[0] && x[1] <= y[1] && x[2] <= y[2];
    };
    std::size_t place = scales.size();
    while (place > 0 && no_coarser(made, parse_scale(scales[place - 1]))) --place;
    if (place > 0 && !no_coarser(parse_scale(scales[place - 1]), made))
        throw bad_input("scale " + made.key + " would be neither finer nor coarser than scale " +
                        parse_scale(scales[place - 1]).key +
                        ", which is there already: no order from fine to coarse holds both");
    scales.insert(scales.begin() + static_cast<std::ptrdiff_t>(place), to_json(made));
    text_ = whole.dump(2) + "\n";
}

std::string json_text(const scale& s) { return to_json(s).dump(); }

}  // namespace precomputed
