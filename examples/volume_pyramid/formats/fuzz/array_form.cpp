// SPDX-License-Identifier: BSL-1.0
// Metadata that is accepted comes back from what is written of it, and from its text in a plan; and its
// chunks have names of their own and a size.
#include "formats/array_chunks.hpp"
#include "formats/format_error.hpp"
#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in;
    if (!fuzz::input::parse(data, size, in)) return 0;
    const auto* text = reinterpret_cast<const char*>(in.file.data());
    const auto metadata = nlohmann::json::parse(text, text + in.file.size(), nullptr, false);
    if (metadata.is_discarded()) return 0;
    const std::string axes = fuzz::axes_of(in);
    formats::array_form form;
    try {
        form = fuzz::parse(fuzz::family_of(in), metadata, axes);
    } catch (const formats::format_error&) {
        return 0;
    }
    fuzz::require(fuzz::parse(form.family, formats::metadata_of(form), axes) == form);
    fuzz::require(formats::array_form_of(formats::to_json(form)) == form);
    fuzz::require(formats::axes_of(form.family, metadata) == axes.size());
    fuzz::require(!formats::compression_text(form).empty());
    try {
        const formats::array_chunks chunks(form);
        const auto first = chunks.place_of({}, 0), last = chunks.place_of({}, chunks.parts() - 1);
        fuzz::require((chunks.name_of(first) == chunks.name_of(last)) == (chunks.parts() == 1));
        fuzz::require(chunks.memory_to_decode() >= 1 && chunks.memory_to_encode() >= 1);
        if (!form.shard.empty()) fuzz::require(chunks.number_in_shard(last) < chunks.shard_form().chunks);
    } catch (const formats::format_error&) {  // all channels together are too large
    }
    return 0;
}
