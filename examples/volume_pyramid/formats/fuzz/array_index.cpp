// SPDX-License-Identifier: BSL-1.0
// An index that is accepted has its chunks inside of the file, and comes back from what is written of it.
#include <cstring>

#include "formats/array_shards.hpp"
#include "formats/crc32c.hpp"
#include "formats/format_error.hpp"
#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in;
    if (!fuzz::input::parse(data, size, in)) return 0;
    const formats::array_shard_form form = fuzz::shard_form_of(in);
    const std::uint64_t file_bytes = fuzz::data_bytes_of(in);
    std::vector<std::byte> index(in.file.begin(), in.file.end());
    // Nobody finds a check sum by chance.
    if (form.index_has_crc && in.byte[2] % 8 != 0 && index.size() >= 4) {
        const std::uint32_t sum = formats::crc32c(std::span(index).first(index.size() - 4));
        std::memcpy(index.data() + index.size() - 4, &sum, sizeof sum);
    }
    formats::array_index ranges;
    try {
        ranges = formats::decode_array_index(index, form, file_bytes);
    } catch (const formats::format_error&) {
        return 0;
    }
    fuzz::require(ranges.size() == form.chunks);
    std::vector<formats::shard_entry> entries;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        if (!ranges[i]) continue;
        fuzz::require(ranges[i]->begin <= file_bytes && ranges[i]->bytes <= file_bytes - ranges[i]->begin);
        entries.push_back({i, ranges[i]->begin, ranges[i]->bytes});
    }
    fuzz::require(formats::encode_array_index(entries, form) == index);
    return 0;
}
