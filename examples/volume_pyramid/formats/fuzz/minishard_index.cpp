// SPDX-License-Identifier: BSL-1.0
// An index that is accepted has ascending chunks inside of the file, and comes back from what is written of
// it.
#include "formats/minishard_index.hpp"
#include "formats/format_error.hpp"
#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in;
    if (!fuzz::input::parse(data, size, in)) return 0;
    const std::uint64_t data_bytes = fuzz::data_bytes_of(in);
    std::vector<formats::shard_entry> entries;
    try {
        entries = formats::decode_minishard_index(in.file, data_bytes);
    } catch (const formats::format_error&) {
        return 0;
    }
    fuzz::require(entries.size() == in.file.size() / 24);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        fuzz::require(entries[i].begin <= data_bytes && entries[i].bytes <= data_bytes - entries[i].begin);
        fuzz::require(i == 0 || entries[i - 1].chunk < entries[i].chunk);
    }
    const std::vector<std::byte> again = formats::encode_minishard_index(entries);
    fuzz::require(formats::decode_minishard_index(again, data_bytes) == entries);
    return 0;
}
