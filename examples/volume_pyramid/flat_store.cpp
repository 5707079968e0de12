// SPDX-License-Identifier: BSL-1.0
#include "flat_store.hpp"

#include <algorithm>
#include <regex>
#include <utility>

#include "bad_input.hpp"
#include "chunk_files.hpp"

namespace volumes {
namespace {

namespace fs = std::filesystem;
using formats::compression_of_file;
using kind = formats::compression;

}  // namespace

flat_store::flat_store(std::unique_ptr<const scale_files> files, fs::path folder, const scale& stored,
                       const voxel_format& format, const writing& how, fs::path temporary)
    : scale_store(stored, format),
      files_(std::move(files)),
      placed_(std::move(folder), std::move(temporary)),
      how_(how),
      codec_(stored.form, format, how.quality) {}

std::string flat_store::plain_name(const box3& chunk) const {
    std::string name;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const index_t offset = stored().voxel_offset[axis];
        if (axis > 0) name += '_';
        name += std::to_string(offset + chunk.begin[axis]);
        name += '-';
        name += std::to_string(offset + chunk.end[axis]);
    }
    return name;
}

std::string flat_store::name_of(const box3& chunk) const { return files_->text_of(plain_name(chunk)); }

std::optional<chunk_file> flat_store::find(const box3& chunk) const {
    return files_->find(plain_name(chunk), most_bytes(extent(chunk), kind::gzip));
}

// What cannot be compressed grows by a little, and nobody's files are longer.
std::size_t flat_store::most_bytes(const index3& chunk, kind k) const {
    return formats::compressed_bound(k == kind::none ? kind::gzip : k, codec_.largest_file(chunk)) + 4096;
}

// The bytes of a file, without zeros that pad gzip. A file that has far more of others than the chunk can
// need is refused, unread: memory is not bounded otherwise.
std::span<std::byte> flat_store::read_bytes(const chunk_file& file, std::size_t most, buffer& into) const {
    const auto bytes = into.of_size(std::min(file.bytes, most));
    files_->read(file, 0, bytes);
    const bool padded = file.compression == kind::gzip || formats::looks_like_gzip(bytes);
    std::vector<std::byte> rest;
    for (std::size_t at = bytes.size(); at < file.bytes; at += rest.size()) {
        rest.resize(std::min(file.bytes - at, std::size_t{64} << 10));
        if (padded) files_->read(file, at, rest);
        if (!padded || !is_zero(rest))
            throw formats::format_error("has " + std::to_string(file.bytes) +
                                        " bytes, far more than the chunk can need");
    }
    return bytes;
}

void flat_store::read_file(const chunk_file& file, const box3& chunk, std::span<std::byte> voxels,
                           scratch& mine) const {
    const index3 shape = extent(chunk);
    std::span<std::byte> bytes;
    bool may_be_raw = false;
    {
        const stopwatch timed(mine.spent.reading);
        const bool raw = codec_.is_raw() && file.compression == kind::none;
        if (raw && file.bytes == voxels.size()) {
            files_->read(file, 0, voxels);
            // Raw voxels, unless they are a whole gzip file, and that nobody's voxels are by chance.
            if (!formats::looks_like_gzip(voxels)) return;
            may_be_raw = true;
            bytes = mine.file.of_size(file.bytes);
            std::copy(voxels.begin(), voxels.end(), bytes.begin());
        } else {
            bytes = read_bytes(file, most_bytes(shape, file.compression), mine.file);
        }
    }
    const stopwatch timed(mine.spent.decoding);
    // A file of the plain name may be gzip all the same: so it comes from a bucket.
    const bool gzip = file.compression == kind::none && formats::looks_like_gzip(bytes);
    try {
        codec_.decode(bytes, gzip ? kind::gzip : file.compression, shape, voxels, mine);
    } catch (const formats::format_error&) {
        if (!may_be_raw) throw;
        std::copy(bytes.begin(), bytes.end(), voxels.begin());
    }
}

bool flat_store::read(const box3& chunk, std::span<std::byte> voxels, scratch& mine) const {
    std::optional<chunk_file> file;
    {
        const stopwatch timed(mine.spent.reading);
        file = find(chunk);
    }
    if (!file) return false;
    named(files_->text_of(file->name), [&] { read_file(*file, chunk, voxels, mine); });
    return true;
}

scale_store::presence flat_store::look(const box3& chunk, scratch& mine) const {
    std::optional<chunk_file> file;
    try {
        file = find(chunk);
    } catch (const chunk_error& problem) {
        const std::string what = problem.what();
        throw chunk_error(what.ends_with("is no regular file") ? what + "; remove it" : what);
    }
    if (!file) return presence::missing;
    const std::size_t bytes = format().bytes_of(chunk);
    if (codec_.is_raw() && file->compression == kind::none && file->bytes == bytes) return presence::whole;
    try {
        named(files_->text_of(file->name), [&] { read_file(*file, chunk, mine.chunk.of_size(bytes), mine); });
    } catch (const chunk_error& problem) {
        // One of our own name is written again.
        if (file->compression != how_.compression)
            throw chunk_error(std::string(problem.what()) + "; remove it");
        return presence::broken;
    }
    return presence::whole;
}

std::optional<std::int64_t> flat_store::modified(const box3& chunk) const {
    const std::string plain = plain_name(chunk);
    for (const kind k : compressions)
        if (const auto time = files_->modified(plain + std::string(suffix_of(k)))) return time;
    return std::nullopt;
}

bool flat_store::write(const box3& chunk, std::span<const std::byte> voxels, scratch& mine) const {
    const std::string name = plain_name(chunk) + std::string(suffix_of(how_.compression));
    if (how_.skip_zeros && is_zero(voxels)) {
        const stopwatch timed(mine.spent.writing);
        placed_.remove(name);
        return false;
    }
    {
        const stopwatch timed(mine.spent.encoding);
        try {
            voxels = codec_.encode(voxels, how_.compression, how_.level, extent(chunk), mine);
        } catch (const formats::format_error& problem) {
            throw write_error((placed_.folder() / name).string() + ": cannot be written: " + problem.what());
        }
    }
    const stopwatch timed(mine.spent.writing);
    placed_.write(name, voxels);
    return true;
}

std::string flat_store::hint_for_missing(const box3& chunk) const {
    for (const char* suffix : {".zst", ".xz", ".bz2", ".lz4", ".GZ"}) {
        const std::string name = plain_name(chunk) + suffix;
        if (files_->seems_there(name))
            return files_->text_of(name) + ": is in a form that is not read; plain, .gz, .br and .zstd are";
    }
    return {};
}

bool flat_store::is_chunk_name(const std::string& name) const {
    static const std::regex form(
        "(-?[0-9]{1,18})-(-?[0-9]{1,18})_(-?[0-9]{1,18})-(-?[0-9]{1,18})_"
        "(-?[0-9]{1,18})-(-?[0-9]{1,18})(\\.gz|\\.br|\\.zstd)?");
    std::smatch found;
    if (name.size() > longest_chunk_name || !std::regex_match(name, found, form)) return false;
    index3 place{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const index_t begin = std::stoll(found[1 + 2 * axis]) - stored().voxel_offset[axis];
        place[axis] = begin / stored().chunk_size[axis];
        if (begin < 0 || begin >= stored().size[axis]) return false;
    }
    return name.substr(0, name.size() - static_cast<std::size_t>(found[7].length())) ==
           plain_name(layout().box_of(place));
}

void flat_store::check_missing_are_missing() const {
    try {
        const bool listed = files_->for_each_name([&](const std::string& name) {
            if (looks_like_chunk(name) && !is_chunk_name(name))
                throw bad_input(
                    files_->text_of(name) +
                    ": is a chunk of a form or of a place that is not read, so that --missing background "
                    "would lose it; plain, .gz, .br and .zstd chunks of this scale are read");
            return true;
        });
        if (!listed)
            check_some_are_there(*this, [&](const box3& chunk) {
                return files_->compression_of(plain_name(chunk)).has_value();
            });
    } catch (const bad_input& problem) {
        std::error_code ignored;
        if (placed_.folder().empty() || fs::is_directory(placed_.folder(), ignored)) throw;
        throw bad_input(std::string(problem.what()) +
                        "; --missing background wants an empty folder where all chunks are missing");
    }
}

std::optional<kind> flat_store::compression_of_any() const {
    std::optional<kind> found;
    const bool listed = files_->for_each_name([&](const std::string& name) {
        if (is_chunk_name(name)) found = compression_of_file(name);
        return !found;
    });
    if (!listed)
        for (const box3& chunk : spread_chunks(layout()))
            if (!found) found = files_->compression_of(plain_name(chunk));
    return found;
}

kind flat_store::compression() const {
    // The first chunks along x, which is quick; and where all of them are missing, any that is there.
    const index_t few = std::min<index_t>(layout().count()[0], 64);
    for (index_t x = 0; x < few; ++x)
        if (const auto found = files_->compression_of(plain_name(layout().box_of({x, 0, 0})))) return *found;
    try {
        return compression_of_any().value_or(kind::none);
    } catch (const bad_input&) {  // without a folder there are no chunks, as whoever reads one will be told
        return kind::none;
    }
}

double flat_store::memory_to_read() const {
    const index3 largest = extent(layout().box_of({}));
    return codec_.memory_to_read(largest) + files_->memory_to_read(most_bytes(largest, kind::gzip));
}

double flat_store::memory_to_write() const {
    return codec_.memory_to_write(extent(layout().box_of({})), how_.compression);
}

}  // namespace volumes
