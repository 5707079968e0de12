// SPDX-License-Identifier: BSL-1.0
#include "shard_store.hpp"

#include <algorithm>
#include <regex>
#include <utility>

#include "bad_input.hpp"
#include "chunk_files.hpp"

namespace volumes {
namespace {

namespace fs = std::filesystem;

formats::grid_index place_in(const chunk_layout& layout, const box3& chunk) {
    formats::grid_index place;
    const index3 at = layout.place_of(chunk.begin);
    for (std::size_t axis = 0; axis < 3; ++axis) place[axis] = static_cast<std::uint64_t>(at[axis]);
    return place;
}

}  // namespace

formats::morton_code morton_of(const chunk_layout& layout) {
    formats::grid_index chunks;
    for (std::size_t axis = 0; axis < 3; ++axis)
        chunks[axis] = static_cast<std::uint64_t>(layout.count()[axis]);
    return formats::morton_code(chunks);
}

shard_store::shard_store(std::unique_ptr<const scale_files> files, fs::path folder, const scale& stored,
                         const voxel_format& format, const writing& how, const fs::path& temporary)
    : scale_store(stored, format),
      files_(std::move(files)),
      placed_(std::move(folder), temporary),
      is_read_(temporary.empty()),
      how_(how),
      codec_(stored.form, format, how.quality),
      spec_(*stored.form.sharding),
      grid_(morton_of(layout())),
      reader_(std::make_unique<formats::shard_reader>(*files_, spec_, grid_, cache_bytes())) {}

std::uint64_t shard_store::id_of(const box3& chunk) const { return grid_.id_of(place_in(layout(), chunk)); }

std::string shard_store::name_of(const box3& chunk) const {
    const std::uint64_t id = id_of(chunk);
    std::string text =
        files_->text_of(spec_.file_of(spec_.place_of(id).shard)) + ": chunk " + std::to_string(id);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        text += axis == 0 ? " at " : ",";
        text += std::to_string(stored().voxel_offset[axis] + chunk.begin[axis]);
    }
    return text;
}

bool shard_store::read(const box3& chunk, std::span<std::byte> voxels, scratch& mine) const {
    const std::uint64_t id = id_of(chunk);
    const index3 shape = extent(chunk);
    try {
        const stopwatch timed(mine.spent.reading);
        if (!reader_->read(id, codec_.largest_file(shape), mine.unpacked)) return false;
    } catch (const formats::format_error& problem) {  // which names the file
        throw chunk_error(problem.what());
    }
    const stopwatch timed(mine.spent.decoding);
    // What the reader gives is one of the buffers that the codec unpacks into: there is nothing left to
    // unpack.
    named(name_of(chunk),
          [&] { codec_.decode(mine.unpacked, formats::compression::none, shape, voxels, mine); });
    return true;
}

scale_store::presence shard_store::look(const box3& chunk, scratch& mine) const {
    const fs::path file = placed_.folder() / spec_.file_of(spec_.place_of(id_of(chunk)).shard);
    std::error_code ignored;
    if (fs::exists(fs::symlink_status(file, ignored)) && !fs::is_regular_file(file, ignored))
        throw chunk_error(file.string() + ": is no regular file; remove it");
    try {
        const auto voxels = mine.chunk.of_size(format().bytes_of(chunk));
        return read(chunk, voxels, mine) ? presence::whole : presence::missing;
    } catch (const chunk_error&) {
        return presence::broken;  // the shard is written again
    }
}

std::optional<std::int64_t> shard_store::modified(const box3& chunk) const {
    return files_->modified(spec_.file_of(spec_.place_of(id_of(chunk)).shard));
}

std::uint64_t shard_store::chunks_in(std::uint64_t shard) const {
    const formats::chunk_box box = formats::box_of_shard(grid_, spec_, shard);
    std::uint64_t count = 1;
    for (std::size_t axis = 0; axis < 3; ++axis)
        count *= std::min(box.end[axis], grid_.chunks()[axis]) - box.begin[axis];
    return count;
}

std::shared_ptr<shard_store::shards::shard> shard_store::open(std::uint64_t shard) const {
    return open_.open(shard, [&] {
        return std::shared_ptr<shards::shard>(new shards::shard{
            {spec_, shard, placed_.folder(), placed_.temporary(), how_.level == 0 ? 6 : how_.level},
            chunks_in(shard)});
    });
}

bool shard_store::write(const box3& chunk, std::span<const std::byte> voxels, scratch& mine) const {
    const std::uint64_t id = id_of(chunk), number = spec_.place_of(id).shard;
    const auto shard = open(number);
    const bool skipped = how_.skip_zeros && is_zero(voxels);
    try {
        if (!skipped) {
            std::span<const std::byte> bytes;
            {
                const stopwatch timed(mine.spent.encoding);
                bytes = codec_.encode(voxels, formats::compression::none, 0, extent(chunk), mine);
            }
            const stopwatch timed(mine.spent.writing);
            shard->writer.add(id, bytes);
        }
        const stopwatch timed(mine.spent.writing);
        if (const auto whole = open_.one_less(number)) whole->writer.finish();
    } catch (const formats::format_error& problem) {
        throw write_error(name_of(chunk) + ": cannot be written: " + problem.what());
    }
    return !skipped;
}

void shard_store::check_missing_are_missing() const {
    const std::size_t digits = spec_.file_of(0).size();
    static const std::regex form("[0-9a-f]+\\.shard");
    const bool listed = files_->for_each_name([&](const std::string& name) {
        if (looks_like_chunk(name) && !(name.size() == digits && std::regex_match(name, form)))
            throw bad_input(files_->text_of(name) +
                            ": is no shard of this scale, so that --missing background would lose it");
        return true;
    });
    if (!listed) check_some_are_there(*this, [&](const box3& chunk) { return reader_->has(id_of(chunk)); });
}

formats::compression shard_store::compression() const { return spec_.data_encoding; }

double shard_store::memory_to_read() const {
    // The chunk as it is stored, and as it was encoded.
    return 2 * codec_.memory_to_read(largest_chunk()) + double(format().bytes_of(voxels(largest_chunk()))) +
           files_->memory_to_read(codec_.largest_file(largest_chunk()));
}

double shard_store::memory_to_write() const {
    constexpr double block = 1 << 20;  // in which a shard is put in order
    return block + codec_.memory_to_write(largest_chunk(), spec_.data_encoding);
}

// 24 bytes a chunk, twice while a list of them grows, and once more while a shard is put in order.
double shard_store::memory_shared(double chunks) const { return double(cache_bytes()) + 72 * chunks; }

}  // namespace volumes
