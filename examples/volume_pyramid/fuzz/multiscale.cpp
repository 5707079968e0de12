// SPDX-License-Identifier: BSL-1.0
// A multiscale of anybody: its levels are read, or it is refused in words; and a level that joins it is read
// as what it is.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "bad_input.hpp"
#include "ome_multiscale.hpp"

namespace {

using volumes::json;

void require(bool good) {
    if (!good) std::abort();
}

void check_added(const json& multiscale, const volumes::ome_multiscale& there) {
    json scales = json::array();
    for (const auto& level : there.levels()) scales.push_back({{"key", level.key}});
    const json entry{
        {"key", "a level that is new"}, {"resolution", {8.0, 4.0, 2.0}}, {"translation", {1.0, 0.5, 0.0}}};
    scales.push_back(entry);
    const json longer = volumes::with_datasets(multiscale, scales, {entry}, there.axes(), "it");
    const auto levels = volumes::ome_multiscale(longer, "it").levels();
    require(std::any_of(levels.begin(), levels.end(), [&](const auto& l) { return l.key == entry["key"]; }));
    require(levels.size() == scales.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const json text = volumes::parse_json({reinterpret_cast<const char*>(data), size}, "it");
        const volumes::ome_multiscale read(text, "it");
        for (const auto& level : read.levels()) require(!level.key.empty());
        check_added(text, read);
    } catch (const bad_input&) {
    } catch (const json::exception&) {  // which whoever reads a volume takes for a member of another type
    }
    return 0;
}
