// SPDX-License-Identifier: BSL-1.0
#include "geometry.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "arguments.hpp"

namespace volumes {
namespace {

// Large enough that handing it out costs nothing, small enough that many processes find work.
constexpr double good_task_voxels = 1 << 25, good_sharded_task_voxels = 1 << 30;

std::string text_of(const index3& a) {
    return std::to_string(a[0]) + "," + std::to_string(a[1]) + "," + std::to_string(a[2]);
}

// Capped far above every extent that info may name, and so never wrong.
index_t capped_product(index_t a, index_t b) {
    constexpr index_t cap = index_t{1} << 60;
    return a > cap / b ? cap : a * b;
}
index3 capped_product(const index3& a, const index3& b) {
    return {capped_product(a[0], b[0]), capped_product(a[1], b[1]), capped_product(a[2], b[2])};
}

bool divides(const index3& divisor, const index3& number) {
    return number[0] % divisor[0] == 0 && number[1] % divisor[1] == 0 && number[2] % divisor[2] == 0;
}

}  // namespace

geometry::geometry(const scale& source, const std::vector<index3>& factors, const index3& origin,
                   const index3& chunk, const std::optional<index3>& task, double shard_chunks)
    : source_(source),
      chunk_(chunk),
      factors_(factors),
      leaves_({0, 0, 0}, {1, 1, 1}, {1, 1, 1}, 0),
      tasks_(leaves_) {
    totals_.push_back({1, 1, 1});
    for (const index3& factor : factors_) {
        totals_.push_back(capped_product(totals_.back(), factor));
        for (const index_t total : totals_.back())
            if (total > largest_number)
                throw bad_input("the factors up to mip " + std::to_string(totals_.size() - 1) +
                                " multiply to more than 2^48; ask for fewer mips");
        // From the source at once, not from mip to mip: sizes agree either way, and so do offsets.
        mips_.push_back(coarser(source_, totals_.back(), chunk_, origin));
    }
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const index_t last = totals_.back()[axis], first = total_factor(1)[axis];
        lead_[axis] = (origin[axis] % last + last) % last;
        reach_[axis] = lead_[axis] - lead_[axis] % first;
        laid_[axis] = lead_[axis] + source_.size[axis];
    }
    leaf_level_ = 1;
    while (leaf_level_ < num_mips() &&
           !divides(totals_.back(), capped_product(chunk_, total_factor(leaf_level_))))
        ++leaf_level_;
    leaf_shape_ = capped_product(chunk_, total_factor(leaf_level_));
    task_shape_ = fitting_task(task, shard_chunks);
    tasks_ = tb::chunk_grid<3>(source_.size, task_shape_, {1, 1, 1}, 0, lead_);
    leaves_ = tb::chunk_grid<3>(source_.size, leaf_shape_, {1, 1, 1}, 0, lead_);
}

// Whole chunks of every mip: a multiple of the factors, also where it is capped.
index3 geometry::task_unit() const {
    index3 unit;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const index_t total = totals_.back()[axis], most = (index_t{1} << 60) / total;
        unit[axis] = std::min(chunk_[axis], most) * total;
    }
    return unit;
}

bool geometry::is_whole(const index3& shape) const {
    return shape[0] >= laid_[0] && shape[1] >= laid_[1] && shape[2] >= laid_[2];
}

double geometry::voxels_in_volume(const index3& shape) const {
    double count = 1;
    for (std::size_t axis = 0; axis < 3; ++axis) count *= double(std::min(shape[axis], source_.size[axis]));
    return count;
}

index3 geometry::fitting_task(const std::optional<index3>& wish, double shard_chunks) const {
    const index3 unit = task_unit();
    if (wish) {
        if (divides(unit, *wish)) return *wish;
        index3 nearest;
        for (std::size_t axis = 0; axis < 3; ++axis)
            nearest[axis] = ((*wish)[axis] + unit[axis] - 1) / unit[axis] * unit[axis];
        throw bad_input("--task is " + text_of(*wish) + ", but must be a multiple of " + text_of(unit) +
                        ", what a chunk of the last mip covers; the next that is: " + text_of(nearest));
    }
    if (shard_chunks > 0) return task_for_shards(shard_chunks);
    index3 shape = unit;
    for (std::size_t axis = 0; voxels_in_volume(shape) < good_task_voxels && !is_whole(shape);
         axis = (axis + 1) % 3)
        if (shape[axis] < laid_[axis]) shape[axis] *= 2;
    return shape;
}

// A shard has about as many chunks along each axis, so that a task which is flat has small ones alone.
index3 geometry::task_for_shards(double shard_chunks) const {
    index3 shape = task_unit();
    const double most = std::max(good_sharded_task_voxels, 8 * voxels_in_volume(shape));
    while (!is_whole(shape)) {
        const auto chunks = [&](std::size_t axis) {
            return std::ceil(double(std::min(shape[axis], laid_[axis])) /
                             (double(chunk_[axis]) * double(total_factor(1)[axis])));
        };
        const auto whole = [&](std::size_t axis) { return shape[axis] >= laid_[axis]; };
        std::size_t thinnest = 3;
        for (std::size_t axis = 0; axis < 3; ++axis)
            if (!whole(axis) && (thinnest == 3 || chunks(axis) < chunks(thinnest))) thinnest = axis;
        double of_shard = 1;
        for (std::size_t axis = 0; axis < 3; ++axis) of_shard *= std::min(chunks(axis), chunks(thinnest));
        index3 larger = shape;
        larger[thinnest] *= 2;
        if (of_shard >= shard_chunks || voxels_in_volume(larger) > most) break;
        shape = larger;
    }
    return shape;
}

index3 geometry::chunks_of_task(int m) const {
    index3 count;
    for (std::size_t axis = 0; axis < 3; ++axis)
        count[axis] = task_shape_[axis] / total_factor(m)[axis] / chunk_[axis];
    return count;
}

box3 geometry::with_reach(box3 source) const {
    for (std::size_t axis = 0; axis < 3; ++axis)
        source.end[axis] = std::min(source.end[axis] + reach_[axis], source_.size[axis]);
    return source;
}

index3 geometry::largest_read() const {
    index3 shape;
    for (std::size_t axis = 0; axis < 3; ++axis)
        shape[axis] = std::min(leaf_shape_[axis] + reach_[axis], source_.size[axis]);
    return shape;
}

box3 geometry::mip_of(const tb::chunk_grid<3>& grid, const index3& cell, index_t number, int m) const {
    box3 b;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const index_t place = number % grid.shape()[axis], size = mip(m).size[axis];
        const index_t voxels = cell[axis] / total_factor(m)[axis];
        b.begin[axis] = std::min(place * voxels, size);
        b.end[axis] = std::min((place + 1) * voxels, size);
        number /= grid.shape()[axis];
    }
    return b;
}

index3 geometry::origin_of(const box3& source) const {
    return {source.begin[0] + lead_[0], source.begin[1] + lead_[1], source.begin[2] + lead_[2]};
}

box3 geometry::pooled(const box3& source, int m) const {
    const index3& factor = total_factor(m);
    box3 b;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const index_t lead = lead_[axis], first = lead / factor[axis];
        b.begin[axis] = (source.begin[axis] + lead) / factor[axis] - first;
        b.end[axis] = (source.end[axis] - 1 + lead) / factor[axis] + 1 - first;
    }
    return b;
}

double geometry::bytes_of_thread(const voxel_format& format) const {
    const index3 leaf = largest_read();
    index3 chunk;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        chunk[axis] = std::max(std::min(chunk_[axis], mip(1).size[axis]),
                               std::min(source_.chunk_size[axis], source_.size[axis]));
    }
    // Windows at both ends may be cut.
    const auto pooled = [&](int m) {
        index3 shape = tb::mip_shape(leaf, total_factor(m));
        for (std::size_t axis = 0; axis < 3; ++axis)
            shape[axis] = std::min(shape[axis] + (lead_[axis] > 0 ? 1 : 0), mip(m).size[axis]);
        return shape;
    };
    const auto bytes = [&](const index3& shape) {
        return double(shape[0]) * double(shape[1]) * double(shape[2]) * double(format.channels) *
               double(format.bytes);
    };
    double total = bytes(leaf);
    for (int m = 1; m <= num_mips(); ++m) total += bytes(pooled(m));
    if (lead_ != index3{}) total += bytes(pooled(1));
    // A chunk on its way in or out; and the library's own.
    constexpr double library = double(index_t{1} << 20) + 65536;
    return total + bytes(chunk) + library;
}

double geometry::bytes_of_open_chunks(const voxel_format& format, int threads) const {
    index3 chunk;
    for (std::size_t axis = 0; axis < 3; ++axis) chunk[axis] = std::min(chunk_[axis], mip(1).size[axis]);
    // A chunk is open because one of its leaves is being pooled, by one of the threads, or because it is the
    // one where the order of leaves has come to in its task; and there are no more tasks open than threads.
    const double at_once = 2.0 * threads;
    double most = 0;
    for (int m = leaf_level_ + 1; m <= num_mips(); ++m) {
        const chunk_layout layout(mip(m).size, chunk_);
        const auto& n = layout.count();
        most += std::min(at_once, double(n[0]) * double(n[1]) * double(n[2]));
    }
    return most * double(chunk[0]) * double(chunk[1]) * double(chunk[2]) * double(format.channels) *
           double(format.bytes);
}

leaf_order::leaf_order(const geometry& all, index_t task) : all_(all) {
    const int top = all.num_mips();
    const box3 whole = all.mip_of_task(task, top);
    box3 places;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        places.begin[axis] = whole.begin[axis] / all.chunk_[axis];
        places.end[axis] = (whole.end[axis] + all.chunk_[axis] - 1) / all.chunk_[axis];
    }
    stack_.push_back({top, places, places.begin});
    descend();
}

box3 leaf_order::children(const level& parent) const {
    const auto m = static_cast<std::size_t>(parent.mip);
    // Below the mip of leaf_level lie the leaves themselves, one for each of its chunks.
    const index3& factor = all_.factors_[m - 1];
    const index3 below = tb::mip_shape(
        all_.source_.size, capped_product(all_.chunk_, all_.total_factor(parent.mip - 1)), 1, all_.lead_);
    box3 places;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        places.begin[axis] = parent.at[axis] * factor[axis];
        places.end[axis] = std::min(places.begin[axis] + factor[axis], below[axis]);
    }
    return places;
}

void leaf_order::descend() {
    while (stack_.back().mip > all_.leaf_level()) {
        const box3 places = children(stack_.back());
        stack_.push_back({stack_.back().mip - 1, places, places.begin});
    }
}

std::optional<index_t> leaf_order::next() {
    if (stack_.empty()) return std::nullopt;
    const index3 leaf = stack_.back().at;
    const auto advance = [](level& l) {
        for (std::size_t axis = 0; axis < 3; ++axis) {
            if (++l.at[axis] < l.places.end[axis]) return true;
            l.at[axis] = l.places.begin[axis];
        }
        return false;
    };
    while (!stack_.empty() && !advance(stack_.back())) stack_.pop_back();
    if (!stack_.empty()) descend();
    const index3 n = all_.leaves_.shape();
    return leaf[0] + n[0] * (leaf[1] + n[1] * leaf[2]);
}

}  // namespace volumes
