// SPDX-License-Identifier: BSL-1.0
#include "storage_choice.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "chunk_codec.hpp"
#include "formats/format_error.hpp"
#include "info.hpp"
#include "shard_store.hpp"

namespace volumes {
namespace {

constexpr const char* labels_encoding = "compressed_segmentation";

bool is_picture(const std::string& encoding) { return encoding == "jpeg" || encoding == "png"; }

bool take_begun(const std::string& entry, storage_choice& storage) {
    if (entry.empty()) return false;
    const json there = json::parse(entry);
    try {
        storage.form = form_of(there);
        storage.how = writing_of(there);
    } catch (const bad_input&) {
        return false;  // in which way it is another's is told where they are compared
    }
    storage.sharded = storage.form.sharding.has_value();
    storage.form.sharding.reset();
    return true;
}

}  // namespace

storage_choice storage_of(const scale& source, formats::compression compression) {
    storage_choice storage{source.form, source.form.sharding.has_value(), {}};
    storage.form.sharding.reset();
    storage.how.compression = compression;
    storage.how.level = formats::levels_of(compression).usual;
    return storage;
}

storage_choice choose_storage(const settings& chosen, const std::string& begun, storage_choice otherwise) {
    storage_choice storage = otherwise;
    const bool goes_on = take_begun(begun, storage);
    if (chosen.encoding) storage.form.encoding = *chosen.encoding;
    const std::string& encoding = storage.form.encoding;
    if (chosen.block && encoding != labels_encoding)
        throw bad_input("--block-size is for --encoding compressed_segmentation, and the encoding is " +
                        encoding);
    if (chosen.quality && encoding != "jpeg")
        throw bad_input("--quality is for --encoding jpeg, and the encoding is " + encoding);
    if (chosen.block)
        for (std::size_t axis = 0; axis < 3; ++axis)
            storage.form.block[axis] = static_cast<std::size_t>((*chosen.block)[axis]);
    if (encoding != labels_encoding) storage.form.block = chunk_form{}.block;
    if (chosen.quality) storage.how.quality = *chosen.quality;
    if (chosen.sharded) storage.sharded = *chosen.sharded;
    if (chosen.shard_bytes && !storage.sharded)
        throw bad_input("--shard-size is for --sharded, and the chunks are to have a file each");
    if (chosen.shard_bytes) storage.how.shard_bytes = *chosen.shard_bytes;
    // Pictures are compressed already; and shards hold nothing but gzip.
    const bool of_shards = storage.how.compression == formats::compression::none ||
                           storage.how.compression == formats::compression::gzip;
    if (chosen.compression) {
        set_compression(storage.how, *chosen.compression);
    } else if (!goes_on && (is_picture(encoding) || (storage.sharded && !of_shards))) {
        set_compression(storage.how, is_picture(encoding) ? "none" : "gzip");
    }
    if (storage.sharded && storage.how.compression != formats::compression::none &&
        storage.how.compression != formats::compression::gzip)
        throw bad_input("--compress: the chunks of shards are gzip or none, not " +
                        std::string(formats::name_of(storage.how.compression)));
    storage.how.skip_zeros = storage.how.skip_zeros || chosen.skip_background;
    return storage;
}

void check_storage(const storage_choice& storage, const voxel_format& format, const index3& chunk,
                   bool labels) {
    try {
        const chunk_codec codec(storage.form, format, storage.how.quality);
        if (labels && codec.is_lossy())
            throw bad_input("--encoding: " + storage.form.encoding +
                            " changes voxels, and labels that are changed are others; raw, png and "
                            "compressed_segmentation keep them");
        codec.check_writable(chunk);
    } catch (const formats::format_error& problem) {
        throw bad_input("--encoding: " + std::string(problem.what()));
    }
}

chunk_form form_for(const storage_choice& storage, const scale& s, const index3& chunks_of_task,
                    const voxel_format& format) {
    chunk_form form = storage.form;
    if (!storage.sharded) return form;
    const chunk_layout layout(s.size, s.chunk_size);
    formats::shard_wish wish;
    wish.chunk_bytes = format.bytes_of(layout.box_of({}));
    wish.shard_bytes = storage.how.shard_bytes;
    for (std::size_t axis = 0; axis < 3; ++axis)
        wish.task_chunks[axis] = static_cast<std::uint64_t>(chunks_of_task[axis]);
    wish.data_encoding = storage.how.compression;
    try {
        form.sharding = formats::choose_sharding(morton_of(layout), wish).spec;
    } catch (const formats::format_error& problem) {
        throw bad_input("scale " + s.key + " cannot be sharded: " + problem.what());
    }
    return form;
}

std::string sharding_text(const scale& s) {
    if (!s.form.sharding) return {};
    const formats::shard_spec& spec = *s.form.sharding;
    const chunk_layout layout(s.size, s.chunk_size);
    const auto of = morton_of(layout).deal(spec.preshift_bits + spec.minishard_bits);
    std::array<index_t, 3> chunks{};
    double shards = 1;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        chunks[axis] = std::min(index_t{1} << std::min(of[axis], 62u), layout.count()[axis]);
        shards *= double((layout.count()[axis] + chunks[axis] - 1) / chunks[axis]);
    }
    std::array<char, 200> text{};
    std::snprintf(
        text.data(), text.size(),
        "%.0f shard%s of %td x %td x %td chunks (preshift_bits %u, minishard_bits %u, shard_bits %u)", shards,
        shards == 1 ? "" : "s", chunks[0], chunks[1], chunks[2], spec.preshift_bits, spec.minishard_bits,
        spec.shard_bits);
    return text.data();
}

}  // namespace volumes
