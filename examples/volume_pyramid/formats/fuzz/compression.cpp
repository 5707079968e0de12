// SPDX-License-Identifier: BSL-1.0
// Whole files: what is unpacked is no more than was allowed, the same by both ways, refused where one byte
// less is allowed, and comes back from what is packed of it.
#include "formats/compression.hpp"
#include "formats/format_error.hpp"
#include "fuzz_input.hpp"

namespace {

template <class F>
bool accepts(F&& f) {
    try {
        f();
        return true;
    } catch (const formats::format_error&) {
        return false;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in;
    if (!fuzz::input::parse(data, size, in)) return 0;
    const formats::compression kind = fuzz::compression_of(in);
    const std::size_t most = fuzz::most_unpacked(in);
    std::vector<std::byte> plain, file, again;
    if (!accepts([&] { formats::decompress(kind, in.file, most, plain); })) return 0;
    fuzz::require(plain.size() <= most);

    again.resize(plain.size());
    formats::decompress_exactly(kind, in.file, again);
    fuzz::require(plain == again);
    if (!plain.empty())
        fuzz::require(!accepts([&] { formats::decompress(kind, in.file, plain.size() - 1, again); }));

    formats::compress(kind, formats::levels_of(kind).lowest, plain, file);
    fuzz::require(file.size() <= formats::compressed_bound(kind, plain.size()));
    formats::decompress(kind, file, plain.size(), again);
    fuzz::require(plain == again);
    return 0;
}
