// SPDX-License-Identifier: BSL-1.0
// A file of a chunk, by every compression: what is accepted fills the voxels of its part and touches no
// others, and comes back from what is made of them.
#include <functional>
#include <numeric>

#include "formats/array_chunks.hpp"
#include "formats/format_error.hpp"
#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in;
    if (!fuzz::input::parse(data, size, in)) return 0;
    const formats::array_chunks chunks(fuzz::array_of(in));
    const formats::array_place place = chunks.place_of({1, 1, 0}, in.byte[3] >> 7);
    const std::size_t bytes = formats::bytes_of(chunks.shape_of({1, 1, 0}));
    std::vector<std::byte> ones(bytes, std::byte{0x5a}), others(bytes, std::byte{0xa5}),
        again(bytes, std::byte{0x5a});
    formats::array_work work;
    try {
        chunks.decode(place, in.file, ones, work);
        chunks.decode(place, in.file, others, work);
    } catch (const formats::format_error&) {
        return 0;
    }
    // Half of the voxels are of the other part.
    const std::size_t same = static_cast<std::size_t>(std::inner_product(
        ones.begin(), ones.end(), others.begin(), std::size_t{0}, std::plus<>(), std::equal_to<>()));
    fuzz::require(2 * same == bytes);
    const auto file = chunks.encode(place, ones, work);
    fuzz::require(file.size() <= chunks.largest_file());
    const std::vector<std::byte> kept(file.begin(), file.end());
    chunks.decode(place, kept, again, work);
    fuzz::require(again == ones);
    return 0;
}
