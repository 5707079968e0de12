// SPDX-License-Identifier: BSL-1.0
#include "create_job.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "array_scales.hpp"

namespace volumes {
namespace {

constexpr index_t chunks_of_task = 64;

class create_task : public task {
public:
    create_task(const create_job& all, index_t number) : all_(all), chunks_(all.chunks_of(number)) {}

    std::optional<index_t> next() override {
        return at_ < std::ssize(chunks_) ? std::optional<index_t>(at_++) : std::nullopt;
    }

    index_t run(index_t step, scratch& mine) override {
        const box3& chunk = chunks_[static_cast<std::size_t>(step)];
        const auto voxels = mine.chunk.of_size(all_.to().format().bytes_of(chunk));
        {
            const stopwatch timed(mine.spent.reading);
            all_.from().copy(chunk, voxels);
        }
        all_.to().write(chunk, voxels, mine);
        return volumes::voxels(chunk);
    }

private:
    const create_job& all_;
    std::vector<box3> chunks_;
    index_t at_ = 0;
};

}  // namespace

create_job::create_job(const voxel_array& from, std::unique_ptr<const scale_store> to, const writing& how)
    : from_(from),
      to_(std::move(to)),
      codec_(to_->stored().form.array
                 ? nullptr
                 : std::make_unique<chunk_codec>(to_->stored().form, to_->format(), how.quality)),
      how_(how),
      task_shape_(task_shape()),
      tasks_(from.size(), task_shape_, {1, 1, 1}, 0) {}

// Whole shards, whole blocks of the array, and enough chunks that handing them out costs nothing.
index3 create_job::task_shape() const {
    const index3 &chunk = to_->stored().chunk_size, &all = to_->layout().count(), block = from_.block();
    index3 count = chunks_of_shard(to_->stored());
    const auto grow = [&](std::size_t axis, index_t times) {
        count[axis] = std::min(count[axis] * times, all[axis]);
    };
    for (std::size_t axis = 0; axis < 3; ++axis)
        grow(axis,
             tb::mip_shape({std::min(block[axis], from_.size()[axis])}, {count[axis] * chunk[axis]})[0]);
    if (!to_->stored().form.is_sharded())
        for (std::size_t axis = 0; axis < 3; ++axis)
            grow(axis, std::max(chunks_of_task / volumes::voxels(count), index_t{1}));
    return {count[0] * chunk[0], count[1] * chunk[1], count[2] * chunk[2]};
}

copying create_job::copying_by(int threads) const { return {task_shape_, to_->stored().chunk_size, threads}; }

double create_job::memory_needed(int threads) const {
    double of_task = 1;
    for (std::size_t axis = 0; axis < 3; ++axis)
        of_task *= double(task_shape_[axis]) / double(to_->stored().chunk_size[axis]);
    const double chunk = double(to_->format().bytes_of(to_->layout().box_of({})));
    return threads * (2 * chunk + to_->memory_to_read() + to_->memory_to_write()) +
           to_->memory_shared(threads * of_task) + from_.cost(copying_by(threads)).bytes;
}

double create_job::files_needed(int threads) const {
    index3 chunks;
    for (std::size_t axis = 0; axis < 3; ++axis)
        chunks[axis] = task_shape_[axis] / to_->stored().chunk_size[axis];
    return threads * shards_in(to_->stored(), chunks) + from_.cost(copying_by(threads)).files;
}

index_t create_job::tasks() const { return tasks_.size(); }

index_t create_job::voxels_of(index_t task) const { return volumes::voxels(tasks_.source(task)); }

std::vector<box3> create_job::chunks_of(index_t task) const {
    std::vector<box3> chunks;
    to_->layout().for_each_in(tasks_.source(task), [&](const box3& chunk) { chunks.push_back(chunk); });
    return chunks;
}

std::shared_ptr<task> create_job::open(index_t task) const {
    return std::make_shared<create_task>(*this, task);
}

void create_job::as_stored(const box3& chunk, std::span<std::byte> voxels, scratch& mine) const {
    if (!codec_ || !codec_->is_lossy()) return;
    const index3 shape = extent(chunk);
    const auto file = codec_->encode(voxels, formats::compression::none, 0, shape, mine);
    codec_->decode(file, formats::compression::none, shape, voxels, mine);
}

// The array is there to compare with: nothing needs to be trusted.
bool create_job::is_done(index_t task, scratch& mine, const std::function<void()>& go_on) const {
    std::vector<box3> chunks = chunks_of(task);
    // The last one first: it tells the most. The others in order, as some arrays are read forwards alone.
    std::rotate(chunks.begin(), chunks.end() - 1, chunks.end());
    for (const box3& box : chunks) {
        go_on();
        const auto found = to_->look(box, mine);
        const std::size_t bytes = to_->format().bytes_of(box);
        const auto there = mine.box.of_size(bytes), wanted = mine.chunk.of_size(bytes);
        from_.copy(box, wanted);
        const bool is_skipped = found == scale_store::presence::missing && how_.skip_zeros && is_zero(wanted);
        if (is_skipped) continue;
        if (found != scale_store::presence::whole) return false;
        as_stored(box, wanted, mine);
        to_->read(box, there, mine);
        if (!std::equal(there.begin(), there.end(), wanted.begin()))
            throw chunk_error(
                to_->name_of(box) + ": has other voxels than " + from_.name() +
                "; remove the chunk to have it made anew, or give the file that it was made of");
    }
    return true;
}

}  // namespace volumes
