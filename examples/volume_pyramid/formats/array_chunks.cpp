// SPDX-License-Identifier: BSL-1.0
#include "array_chunks.hpp"

#include <algorithm>
#include <cstring>

#include "array_parts.hpp"
#include "format_error.hpp"
#include "little_endian.hpp"
#include "strided_copy.hpp"

namespace formats {
namespace {

constexpr char space[] = "xyz";

std::uint64_t quotient_up(std::uint64_t a, std::uint64_t b) { return a / b + (a % b != 0 ? 1 : 0); }

std::size_t product(const std::vector<std::uint64_t>& extents) {
    std::size_t all = 1;
    for (const std::uint64_t extent : extents) all *= extent;
    return all;
}

// N5's numbers have the highest byte first.
void put_big(std::byte*& to, std::uint64_t value, unsigned bytes) {
    while (bytes-- > 0) *to++ = static_cast<std::byte>(value >> 8 * bytes & 255);
}

std::uint64_t take_big(std::span<const std::byte>& from, unsigned bytes) {
    if (from.size() < bytes) throw format_error("is cut off in its header");
    std::uint64_t value = 0;
    for (const std::byte b : from.first(bytes)) value = value << 8 | std::to_integer<std::uint64_t>(b);
    from = from.subspan(bytes);
    return value;
}

void repeat(std::span<const std::byte> value, std::span<std::byte> to) {
    if (to.empty()) return;
    // What is there already is what follows.
    std::copy(value.begin(), value.end(), to.begin());
    for (std::size_t done = value.size(); done < to.size();) {
        const std::size_t next = std::min(done, to.size() - done);
        std::memcpy(to.data() + done, to.data(), next);
        done += next;
    }
}

}  // namespace

// Of a chunk in its file's order to the voxels of its box.
struct array_chunks::part_copy {
    std::vector<copy_axis> axes;  // from the file
    std::size_t first = 0;        // of the voxels, in elements
    bool is_all = false;          // the file is nothing but a run of the voxels

    std::vector<copy_axis> reverse() const {
        std::vector<copy_axis> back = axes;
        for (copy_axis& axis : back) std::swap(axis.from, axis.to);
        return simplified(std::move(back));
    }
};

array_chunks::array_chunks(const array_form& form)
    : form_(arrays::checked(form)), how_(std::make_unique<arrays::details>(arrays::details_of(form_))) {
    for (std::size_t axis = 0; axis < form_.axes.size(); ++axis)
        if (std::strchr(space, form_.axes[axis]) == nullptr) channel_axes_.push_back(axis);
    if (form_.family != array_family::n5) std::reverse(channel_axes_.begin(), channel_axes_.end());
    for (const std::size_t axis : channel_axes_) parts_ *= quotient_up(form_.shape[axis], form_.chunk[axis]);
    sample_bytes_ = bytes_of(form_.type);
    full_bytes_ = product(form_.chunk) * sample_bytes_;
    shape_of({});
    how_->packed.check(full_bytes_);
}

array_chunks::~array_chunks() = default;

grid_index array_chunks::of_space(const std::vector<std::uint64_t>& list) const {
    grid_index result{1, 1, 1};
    for (std::size_t i = 0; i < 3; ++i)
        if (const std::size_t axis = form_.axes.find(space[i]); axis != form_.axes.npos)
            result[i] = list[axis];
    return result;
}

std::uint64_t array_chunks::channels() const {
    std::uint64_t all = 1;
    for (const std::size_t axis : channel_axes_) all *= form_.shape[axis];
    return all;
}

chunk_shape array_chunks::shape_of(const grid_index& box) const {
    chunk_shape shape;
    shape.type = form_.type;
    const grid_index all = size(), chunk = chunk_size();
    for (std::size_t i = 0; i < 3; ++i) shape.extent[i] = std::min(chunk[i], all[i] - box[i] * chunk[i]);
    for (const std::size_t axis : channel_axes_) {
        shape.channels *= form_.shape[axis];
        bytes_of(shape);
    }
    bytes_of(shape);
    return shape;
}

array_place array_chunks::place_of(const grid_index& box, std::uint64_t part) const {
    array_place place(form_.axes.size());
    for (std::size_t i = 0; i < 3; ++i)
        if (const std::size_t axis = form_.axes.find(space[i]); axis != form_.axes.npos) place[axis] = box[i];
    for (const std::size_t axis : channel_axes_) {
        const std::uint64_t count = quotient_up(form_.shape[axis], form_.chunk[axis]);
        place[axis] = part % count;
        part /= count;
    }
    return place;
}

std::string array_chunks::name_of(const array_place& place) const {
    std::string name = how_->prefix;
    for (std::size_t axis = 0; axis < place.size(); ++axis) {
        if (axis > 0) name += how_->separator;
        name += std::to_string(place[axis]);
    }
    return name;
}

array_place array_chunks::shard_of(const array_place& place) const {
    array_place shard(place.size());
    for (std::size_t axis = 0; axis < place.size(); ++axis)
        shard[axis] = place[axis] / (form_.shard[axis] / form_.chunk[axis]);
    return shard;
}

std::uint64_t array_chunks::number_in_shard(const array_place& place) const {
    std::uint64_t number = 0;
    for (std::size_t axis = 0; axis < place.size(); ++axis) {
        const std::uint64_t count = form_.shard[axis] / form_.chunk[axis];
        number = number * count + place[axis] % count;
    }
    return number;
}

std::uint64_t array_chunks::chunks_in(const array_place& shard) const {
    std::uint64_t all = 1;
    for (std::size_t axis = 0; axis < shard.size(); ++axis) {
        const std::uint64_t count = form_.shard[axis] / form_.chunk[axis],
                            grid = quotient_up(form_.shape[axis], form_.chunk[axis]);
        all *= std::min(count, grid - shard[axis] * count);
    }
    return all;
}

array_shard_form array_chunks::shard_form() const {
    array_shard_form made{1, how_->index_at_start, how_->index_has_crc};
    for (std::size_t axis = 0; axis < form_.shard.size(); ++axis)
        made.chunks *= form_.shard[axis] / form_.chunk[axis];
    return made;
}

std::vector<std::uint64_t> array_chunks::inside(const array_place& place) const {
    std::vector<std::uint64_t> extents(place.size());
    for (std::size_t axis = 0; axis < place.size(); ++axis)
        extents[axis] = std::min(form_.chunk[axis], form_.shape[axis] - place[axis] * form_.chunk[axis]);
    return extents;
}

array_chunks::part_copy array_chunks::copy_of(const array_place& place,
                                              const std::vector<std::uint64_t>& extents) const {
    const std::vector<std::uint64_t> count = inside(place);
    std::vector<copy_axis> axes(place.size());
    std::size_t step = 1;
    for (const std::size_t axis : how_->order) {
        axes[axis] = {count[axis], step, 0};
        step *= extents[axis];
    }
    part_copy made;
    step = 1;
    for (std::size_t i = 0; i < 3; ++i)
        if (const std::size_t axis = form_.axes.find(space[i]); axis != form_.axes.npos) {
            axes[axis].to = step;
            step *= count[axis];
        }
    for (const std::size_t axis : channel_axes_) {
        axes[axis].to = step;
        made.first += place[axis] * form_.chunk[axis] * step;
        step *= form_.shape[axis];
    }
    made.axes = simplified(std::move(axes));
    made.is_all = extents == count && is_one_run(made.axes);
    return made;
}

std::size_t array_chunks::header_bytes() const { return how_->block_headers ? 4 + 4 * form_.axes.size() : 0; }

std::vector<std::uint64_t> array_chunks::take_header(const array_place& place,
                                                     std::span<const std::byte>& file) const {
    const std::uint64_t mode = take_big(file, 2), axes = take_big(file, 2);
    if (mode != 0)
        throw format_error("is a block of mode " + std::to_string(mode) +
                           "; mode 0, of nothing but numbers, is read");
    if (axes != place.size())
        throw format_error("is a block of " + std::to_string(axes) + " dimensions, not " +
                           std::to_string(place.size()));
    const std::vector<std::uint64_t> least = inside(place);
    std::vector<std::uint64_t> extents(place.size());
    for (std::size_t axis = 0; axis < place.size(); ++axis) {
        extents[axis] = take_big(file, 4);
        if (extents[axis] < least[axis] || extents[axis] > form_.chunk[axis])
            throw format_error("is a block of " + std::to_string(extents[axis]) + " along axis '" +
                               form_.axes.substr(axis, 1) + "', not of " + std::to_string(least[axis]));
    }
    return extents;
}

std::vector<std::byte> array_chunks::header_of(const std::vector<std::uint64_t>& extents) const {
    std::vector<std::byte> header(header_bytes());
    if (header.empty()) return header;
    std::byte* to = header.data();
    put_big(to, 0, 2);
    put_big(to, extents.size(), 2);
    for (const std::uint64_t extent : extents) put_big(to, extent, 4);
    return header;
}

// Never more memory than a full chunk.
std::span<std::byte> array_chunks::elements_in(array_work& work, std::size_t bytes) const {
    if (work.elements.capacity() < full_bytes_) {
        work.elements = {};
        work.elements.reserve(full_bytes_);
    }
    work.elements.resize(bytes);
    return work.elements;
}

void array_chunks::decode(const array_place& place, std::span<const std::byte> file,
                          std::span<std::byte> voxels, array_work& work) const {
    const auto extents = how_->block_headers ? take_header(place, file) : form_.chunk;
    const part_copy copy = copy_of(place, extents);
    const std::size_t bytes = product(extents) * sample_bytes_;
    std::byte* to = voxels.data() + copy.first * sample_bytes_;
    if (copy.is_all && !how_->swapped) return how_->packed.unpack(file, {to, bytes}, work.packed);
    if (!how_->packed.is_plain() || file.size() != bytes) {
        how_->packed.unpack(file, elements_in(work, bytes), work.packed);
        file = work.elements;
    }
    copy_elements(file.data(), to, copy.axes, sample_bytes_, how_->swapped);
}

std::span<const std::byte> array_chunks::encode(const array_place& place, std::span<const std::byte> voxels,
                                                array_work& work) const {
    const auto extents = how_->block_headers ? inside(place) : form_.chunk;
    const part_copy copy = copy_of(place, extents);
    const std::size_t bytes = product(extents) * sample_bytes_;
    const std::byte* from = voxels.data() + copy.first * sample_bytes_;
    std::span<const std::byte> elements(from, bytes);
    if (!copy.is_all || how_->swapped) {
        elements_in(work, bytes);
        if (extents != inside(place)) repeat(stored_fill(), work.elements);
        copy_elements(from, work.elements.data(), copy.reverse(), sample_bytes_, how_->swapped);
        elements = work.elements;
    }
    const auto packed = how_->packed.pack(elements, work.packed);
    if (!how_->block_headers) return packed;
    work.packed.one = header_of(extents);
    work.packed.one.insert(work.packed.one.end(), packed.begin(), packed.end());
    return work.packed.one;
}

std::vector<std::byte> array_chunks::stored_fill() const {
    std::vector<std::byte> value = form_.fill;
    if (how_->swapped) std::reverse(value.begin(), value.end());
    return value;
}

void array_chunks::fill(const array_place& place, std::span<std::byte> voxels) const {
    const part_copy copy = copy_of(place, inside(place));
    std::vector<copy_axis> axes = copy.axes;
    for (copy_axis& axis : axes) axis.from = 0;
    copy_elements(form_.fill.data(), voxels.data() + copy.first * sample_bytes_, axes, sample_bytes_, false);
}

bool array_chunks::is_fill(std::span<const std::byte> voxels) const {
    if (voxels.empty()) return true;
    // The first is what is missing, and each is as the one before.
    return std::equal(form_.fill.begin(), form_.fill.end(), voxels.begin()) &&
           std::memcmp(voxels.data(), voxels.data() + sample_bytes_, voxels.size() - sample_bytes_) == 0;
}

std::optional<std::size_t> array_chunks::size_of_files() const {
    if (how_->block_headers || !how_->packed.is_plain()) return std::nullopt;
    return full_bytes_;
}

std::size_t array_chunks::largest_file() const {
    return header_bytes() + how_->packed.largest_file(full_bytes_);
}

double array_chunks::memory_to_decode() const {
    return double(largest_file()) + double(full_bytes_) + how_->packed.memory_to_unpack(full_bytes_);
}

double array_chunks::memory_to_encode() const {
    return double(full_bytes_) + how_->packed.memory_to_pack(full_bytes_) +
           (how_->block_headers ? double(largest_file()) : 0);
}

}  // namespace formats
