// SPDX-License-Identifier: BSL-1.0
// Metadata of arrays as programs write it.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

#include "format_cases.hpp"
#include "formats/array_form.hpp"

namespace cases {

using json = nlohmann::json;

inline json zarray(const std::string& more = "{}") {
    json whole =
        json::parse(R"({"zarr_format": 2, "shape": [9, 70, 50], "chunks": [4, 32, 16], "dtype": "<u2",
                                 "compressor": null, "fill_value": 0, "order": "C", "filters": null})");
    whole.update(json::parse(more));
    return whole;
}

inline json zarr_json(const std::string& more = "{}") {
    json whole =
        json::parse(R"({"zarr_format": 3, "node_type": "array", "shape": [9, 70, 50], "data_type": "uint16",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4, 32, 16]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}}, "fill_value": 0,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}], "attributes": {"of": "others"}})");
    whole.update(json::parse(more));
    return whole;
}

inline json attributes(const std::string& more = "{}") {
    json whole = json::parse(R"({"dimensions": [50, 70, 9], "blockSize": [16, 32, 4], "dataType": "uint16",
                                 "compression": {"type": "raw"}, "pixelResolution": {"unit": "nm"}})");
    whole.update(json::parse(more));
    return whole;
}

inline void check_comes_back(const formats::array_form& form) {
    const json metadata = formats::metadata_of(form);
    INFO(metadata.dump());
    if (form.family == formats::array_family::zarr2) CHECK(formats::parse_zarr2(metadata, form.axes) == form);
    if (form.family == formats::array_family::zarr3) CHECK(formats::parse_zarr3(metadata, form.axes) == form);
    if (form.family == formats::array_family::n5) CHECK(formats::parse_n5(metadata, form.axes) == form);
    CHECK(formats::array_form_of(formats::to_json(form)) == form);
}

}  // namespace cases
