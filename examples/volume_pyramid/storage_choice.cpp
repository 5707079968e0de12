// SPDX-License-Identifier: BSL-1.0
#include "storage_choice.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "array_scales.hpp"
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
    storage.sharded = storage.form.is_sharded();
    storage.form.sharding.reset();
    return true;
}

chunk_form array_form_for(const storage_choice& storage, const scale& s, const index3& chunks_of_task,
                          const voxel_format& format) {
    const formats::array_form& like = *storage.form.array;
    const extents chunk = with_space(like, like.chunk, s.chunk_size);
    extents shard;
    if (storage.sharded) {
        const chunk_layout layout(s.size, s.chunk_size);
        const index3 count =
            shard_for(chunks_of_task, layout.count(),
                      double(format.bytes_of(voxels(s.chunk_size))) / double(channel_chunks_of(like)),
                      double(storage.how.shard_bytes));
        index3 extent;
        for (std::size_t axis = 0; axis < 3; ++axis) extent[axis] = count[axis] * s.chunk_size[axis];
        shard = with_space(like, like.shard.empty() ? chunk : like.shard, extent);
    }
    chunk_form form = storage.form;
    form.array = formats::array_like(like, with_space(like, like.shape, s.size), chunk, shard);
    return form;
}

// What no array has.
void check_array_options(const settings& chosen, const storage_choice& storage) {
    const std::string family = storage.form.encoding;
    const auto refuse = [&](const std::string& option) {
        throw bad_input(option + " is for precomputed volumes, and this is to be " + family +
                        "; --compress says how its chunks are stored");
    };
    if (chosen.encoding) refuse("--encoding");
    if (chosen.quality) refuse("--quality");
    if (chosen.block) refuse("--block-size");
    if (storage.sharded && storage.form.array->family != formats::array_family::zarr3)
        throw bad_input("--sharded: " + family + " has no shards; precomputed and zarr3 have");
}

void choose_encoding(const settings& chosen, chunk_form& form) {
    if (chosen.encoding) form.encoding = *chosen.encoding;
    if (chosen.block && form.encoding != labels_encoding)
        throw bad_input("--block-size is for --encoding compressed_segmentation, and the encoding is " +
                        form.encoding);
    if (chosen.quality && form.encoding != "jpeg")
        throw bad_input("--quality is for --encoding jpeg, and the encoding is " + form.encoding);
    if (chosen.block)
        for (std::size_t axis = 0; axis < 3; ++axis)
            form.block[axis] = static_cast<std::size_t>((*chosen.block)[axis]);
    if (form.encoding != labels_encoding) form.block = chunk_form{}.block;
}

// Pictures are compressed already; and shards hold nothing but gzip.
void choose_compression(const settings& chosen, bool goes_on, storage_choice& storage) {
    const auto of_shards = [&] {
        return storage.how.compression == formats::compression::none ||
               storage.how.compression == formats::compression::gzip;
    };
    const bool picture = is_picture(storage.form.encoding);
    if (chosen.compression) {
        set_compression(storage.how, *chosen.compression);
    } else if (!goes_on && (picture || (storage.sharded && !of_shards()))) {
        set_compression(storage.how, picture ? "none" : "gzip");
    }
    if (storage.sharded && !of_shards())
        throw bad_input("--compress: the chunks of shards are gzip or none, not " +
                        std::string(formats::name_of(storage.how.compression)));
}

}  // namespace

storage_choice storage_of(const scale& source, formats::compression compression, volume_family target,
                          const json& axes, const voxel_format& format) {
    const auto family = array_family_of(target);
    const auto& from = source.form.array;
    storage_choice storage;
    if (family && !(from && from->family == *family)) {
        storage.form.encoding = name_of(target);
        storage.form.array = new_array_for(target, axes, source, format);
    } else if (!family && from) {
        set_compression(storage.how, formats::compression_text(*from) == "none" ? "none" : "gzip");
    } else {
        storage = {source.form, source.form.is_sharded(), {}};
        storage.form.sharding.reset();
        storage.how.compression = compression;
        storage.how.level = formats::levels_of(compression).usual;
    }
    return storage;
}

storage_choice choose_storage(const settings& chosen, const std::string& begun, storage_choice otherwise) {
    storage_choice storage = std::move(otherwise);
    const bool goes_on = take_begun(begun, storage);
    if (chosen.sharded) storage.sharded = *chosen.sharded;
    if (chosen.shard_bytes && !storage.sharded)
        throw bad_input("--shard-size is for --sharded, and the chunks are to have a file each");
    if (chosen.shard_bytes) storage.how.shard_bytes = *chosen.shard_bytes;
    if (storage.form.array) {
        check_array_options(chosen, storage);
        if (chosen.compression)
            storage.form.array = compressed_otherwise(*storage.form.array, *chosen.compression);
    } else {
        choose_encoding(chosen, storage.form);
        if (chosen.quality) storage.how.quality = *chosen.quality;
        choose_compression(chosen, goes_on, storage);
    }
    storage.how.skip_zeros = storage.how.skip_zeros || chosen.skip_background;
    return storage;
}

void check_storage(const storage_choice& storage, const voxel_format& format, const index3& chunk,
                   bool labels) {
    if (storage.form.array) return;  // which was made, or refused, where it was chosen
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
    if (storage.form.array) return array_form_for(storage, s, chunks_of_task, format);
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
    if (!s.form.is_sharded()) return {};
    const index3 chunks = chunks_of_shard(s);
    const double shards = shards_in(s, chunk_layout(s.size, s.chunk_size).count());
    std::array<char, 200> text{};
    std::snprintf(text.data(), text.size(), "%.0f shard%s of %td x %td x %td chunks", shards,
                  shards == 1 ? "" : "s", chunks[0], chunks[1], chunks[2]);
    if (!s.form.sharding) return text.data();
    const formats::shard_spec& spec = *s.form.sharding;
    return text.data() +
           (" (preshift_bits " + std::to_string(spec.preshift_bits) + ", minishard_bits " +
            std::to_string(spec.minishard_bits) + ", shard_bits " + std::to_string(spec.shard_bits) + ")");
}

}  // namespace volumes
