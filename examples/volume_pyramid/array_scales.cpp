// SPDX-License-Identifier: BSL-1.0
#include "array_scales.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "arguments.hpp"
#include "bad_input.hpp"
#include "formats/format_error.hpp"
#include "shard_store.hpp"

namespace volumes {
namespace {

constexpr std::string_view space = "xyz";

bool is_space(char axis) { return space.find(axis) != space.npos; }

char letter_of(const json& axis, const std::string& taken) {
    const std::string name = axis.value("name", ""), type = axis.value("type", "");
    if (type == "space") return name[0];
    const std::string wishes =
        std::string(name.size() == 1 ? name : "") + (type == "time" ? "t" : "c") + "abdefghijklmnopqrsuvw";
    for (const char letter : wishes)
        if (letter >= 'a' && letter <= 'w' && taken.find(letter) == taken.npos) return letter;
    throw bad_input("there are too many axes");
}

}  // namespace

index3 in_space(const formats::array_form& form, const extents& list) {
    index3 found{1, 1, 1};
    for (std::size_t axis = 0; axis < 3; ++axis)
        if (const std::size_t at = form.axes.find(space[axis]); at != form.axes.npos) {
            if (list[at] > static_cast<std::uint64_t>(largest_number))
                throw bad_input("an axis has more than 2^48 voxels");
            found[axis] = static_cast<index_t>(list[at]);
        }
    return found;
}

extents with_space(const formats::array_form& form, extents list, const index3& of) {
    for (std::size_t axis = 0; axis < 3; ++axis)
        if (const std::size_t at = form.axes.find(space[axis]); at != form.axes.npos)
            list[at] = static_cast<std::uint64_t>(of[axis]);
    return list;
}

index_t channels_of(const formats::array_form& form) {
    index_t count = 1;
    for (std::size_t at = 0; at < form.axes.size(); ++at)
        if (!is_space(form.axes[at])) count *= static_cast<index_t>(form.shape[at]);
    return count;
}

index_t channel_chunks_of(const formats::array_form& form) {
    index_t count = 1;
    for (std::size_t at = 0; at < form.axes.size(); ++at)
        if (!is_space(form.axes[at]))
            count *= static_cast<index_t>((form.shape[at] + form.chunk[at] - 1) / form.chunk[at]);
    return count;
}

std::string letters_of(const json& axes, volume_family family) {
    std::string letters;
    for (const json& axis : axes) letters += letter_of(axis, letters);
    if (family == volume_family::n5) std::reverse(letters.begin(), letters.end());
    return letters;
}

formats::array_form new_array_for(volume_family family, const json& axes, const scale& source,
                                  const voxel_format& format) {
    formats::array_wish wish;
    wish.family = *array_family_of(family);
    wish.axes = letters_of(axes, family);
    wish.type = format.type;
    if (family == volume_family::zarr2) wish.compression = "blosc";
    if (family == volume_family::n5) wish.compression = "gzip:6";
    for (const char letter : wish.axes) {
        if (const std::size_t axis = space.find(letter); axis != space.npos) {
            wish.shape.push_back(static_cast<std::uint64_t>(source.size[axis]));
            wish.chunk.push_back(static_cast<std::uint64_t>(source.chunk_size[axis]));
            continue;
        }
        const auto& from = source.form.array;
        const std::size_t at = from ? from->axes.find(letter) : std::string::npos;
        wish.shape.push_back(from ? from->shape[at] : static_cast<std::uint64_t>(format.channels));
        wish.chunk.push_back(1);
    }
    try {
        return formats::new_array(wish);
    } catch (const formats::format_error& problem) {
        throw bad_input(problem.what());
    }
}

formats::array_form compressed_otherwise(const formats::array_form& form, const std::string& compression) {
    try {
        formats::array_form made = formats::new_array(
            {form.family, form.axes, form.shape, form.chunk, form.shard, form.type, compression});
        made.is_bool = form.is_bool;
        return made;
    } catch (const formats::format_error& problem) {
        throw bad_input(std::string("--compress: ") + problem.what());
    }
}

index3 chunks_of_shard(const scale& s) {
    const index3 grid = chunk_layout(s.size, s.chunk_size).count();
    index3 count{1, 1, 1};
    if (const auto& sharding = s.form.sharding) {
        const auto of = morton_of(chunk_layout(s.size, s.chunk_size))
                            .deal(sharding->preshift_bits + sharding->minishard_bits);
        for (std::size_t axis = 0; axis < 3; ++axis) count[axis] = index_t{1} << std::min(of[axis], 62u);
    } else if (s.form.is_sharded()) {
        const index3 shard = in_space(*s.form.array, s.form.array->shard);
        for (std::size_t axis = 0; axis < 3; ++axis) count[axis] = shard[axis] / s.chunk_size[axis];
    }
    for (std::size_t axis = 0; axis < 3; ++axis) count[axis] = std::min(count[axis], grid[axis]);
    return count;
}

double shards_in(const scale& s, const index3& chunks) {
    if (!s.form.is_sharded()) return 0;
    const index3 grid = chunk_layout(s.size, s.chunk_size).count(), shard = chunks_of_shard(s);
    double count = s.form.array ? double(channel_chunks_of(*s.form.array)) : 1;
    for (std::size_t axis = 0; axis < 3; ++axis)
        count *= std::ceil(double(std::min(chunks[axis], grid[axis])) / double(shard[axis]));
    return count;
}

index3 shard_for(const index3& chunks_of_task, const index3& chunks, double chunk_bytes, double shard_bytes) {
    index3 shard{1, 1, 1};
    const auto next_factor = [&](std::size_t axis) {
        const index_t left = chunks_of_task[axis] / shard[axis];
        for (index_t prime = 2; prime * prime <= left; ++prime)
            if (left % prime == 0) return prime;
        return left;
    };
    while (true) {
        std::size_t thinnest = 3;
        for (std::size_t axis = 0; axis < 3; ++axis)
            if (shard[axis] < chunks_of_task[axis] && shard[axis] < chunks[axis] &&
                (thinnest == 3 || shard[axis] < shard[thinnest]))
                thinnest = axis;
        if (thinnest == 3) return shard;
        index3 larger = shard;
        larger[thinnest] *= next_factor(thinnest);
        if (double(voxels(larger)) * chunk_bytes > shard_bytes) return shard;
        shard = larger;
    }
}

}  // namespace volumes
