// SPDX-License-Identifier: BSL-1.0
#include "create_job.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

#include "arguments.hpp"
#include "shard_store.hpp"
#include "signals.hpp"

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

npy_volume::npy_volume(const std::filesystem::path& path, std::string axes) : file_(path) {
    const npy::parsed parsed = file_.parse_whole();
    head_ = parsed.head;
    data_ = file_.bytes().data() + parsed.data_offset;
    if (head_.type.kind == 'b') head_.type = {'u', 1};

    if (axes.empty()) axes = head_.shape.size() == 4 ? "xyzc" : head_.shape.size() == 2 ? "xy" : "xyz";
    std::string sorted = axes;
    std::sort(sorted.begin(), sorted.end());
    if (sorted != "xyz" && sorted != "cxyz" && sorted != "xy" && sorted != "cxy")
        throw bad_input("--axes is '" + axes +
                        "', but must name x and y once, z where there are slices, and c for a channel axis");
    if (head_.shape.size() != axes.size())
        throw bad_input("--axes is '" + axes + "', but " + path.string() + " has " +
                        std::to_string(head_.shape.size()) + " axes");
    axes_ = axes;
    auto stride = static_cast<index_t>(head_.type.bytes);
    size_ = {1, 1, 1};
    for (const index_t extent : head_.shape)
        if (extent > largest_number) throw bad_input(path.string() + " has an axis of more than 2^48 voxels");
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::size_t axis = head_.fortran_order ? i : axes.size() - 1 - i;
        const auto which = std::string("xyzc").find(axes[axis]);
        const index_t extent = head_.shape[axis];
        if (extent == 0) throw bad_input(path.string() + " has no voxels");
        (which < 3 ? size_[which] : channels_) = extent;
        strides_[which] = stride;
        stride *= extent;
    }
}

void npy_volume::copy(const box3& b, std::span<std::byte> voxels) const {
    const index3 count = extent(b);
    const std::size_t bytes = head_.type.bytes;
    std::byte* to = voxels.data();
    for (index_t c = 0; c < channels_; ++c)
        for (index_t z = b.begin[2]; z < b.end[2]; ++z)
            for (index_t y = b.begin[1]; y < b.end[1]; ++y) {
                const std::byte* from =
                    data_ + b.begin[0] * strides_[0] + y * strides_[1] + z * strides_[2] + c * strides_[3];
                if (strides_[0] == static_cast<index_t>(bytes)) {
                    std::memcpy(to, from, static_cast<std::size_t>(count[0]) * bytes);
                    to += static_cast<std::size_t>(count[0]) * bytes;
                    continue;
                }
                for (index_t x = 0; x < count[0]; ++x, from += strides_[0], to += bytes)
                    std::memcpy(to, from, bytes);
            }
    if (head_.type.foreign) npy::swap_bytes(voxels, bytes);
    file_.check_unchanged();
}

std::string npy_volume::fingerprint() const {
    constexpr std::size_t read_whole = std::size_t{64} << 20, sample = std::size_t{64} << 10;
    const auto bytes = file_.bytes();
    const std::size_t step = bytes.size() <= read_whole ? sample : bytes.size() / (read_whole / sample);
    uLong sum = crc32(0, nullptr, 0);
    const auto add = [&](std::size_t at) {
        check_interrupted();
        sum = crc32(sum, reinterpret_cast<const Bytef*>(bytes.data() + at),
                    static_cast<uInt>(std::min(sample, bytes.size() - at)));
    };
    for (std::size_t at = 0; at < bytes.size(); at += step) add(at);
    add(bytes.size() - std::min(sample, bytes.size()));
    file_.check_unchanged();
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%zu bytes, crc32 %08lx%s", bytes.size(), sum,
                  step == sample ? "" : " of samples");
    return text.data();
}

create_job::create_job(const npy_volume& from, std::unique_ptr<const scale_store> to, const writing& how)
    : from_(from),
      to_(std::move(to)),
      codec_(to_->stored().form, to_->format(), how.quality),
      how_(how),
      tasks_(from.size(), task_shape(), {1, 1, 1}, 0) {}

index3 create_job::task_shape() const {
    const chunk_layout& layout = to_->layout();
    const index3& chunk = to_->stored().chunk_size;
    index3 count{1, 1, 1};
    if (const auto& sharding = to_->stored().form.sharding) {
        const auto of = morton_of(layout).deal(sharding->preshift_bits + sharding->minishard_bits);
        for (std::size_t axis = 0; axis < 3; ++axis)
            count[axis] = std::min(index_t{1} << std::min(of[axis], 62u), layout.count()[axis]);
    } else {
        for (std::size_t axis = 0; axis < 3; ++axis)
            count[axis] =
                std::clamp(chunks_of_task / volumes::voxels(count), index_t{1}, layout.count()[axis]);
    }
    return {count[0] * chunk[0], count[1] * chunk[1], count[2] * chunk[2]};
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
    if (!codec_.is_lossy()) return;
    const index3 shape = extent(chunk);
    const auto file = codec_.encode(voxels, formats::compression::none, 0, shape, mine);
    codec_.decode(file, formats::compression::none, shape, voxels, mine);
}

// The .npy file is there to compare with: nothing needs to be trusted.
bool create_job::is_done(index_t task, scratch& mine, const std::function<void()>& go_on) const {
    std::vector<box3> chunks = chunks_of(task);
    // The last one first: it tells the most.
    for (auto box = chunks.rbegin(); box != chunks.rend(); ++box) {
        go_on();
        const auto found = to_->look(*box, mine);
        const std::size_t bytes = to_->format().bytes_of(*box);
        const auto there = mine.box.of_size(bytes), wanted = mine.chunk.of_size(bytes);
        from_.copy(*box, wanted);
        const bool is_skipped = found == scale_store::presence::missing && how_.skip_zeros && is_zero(wanted);
        if (is_skipped) continue;
        if (found != scale_store::presence::whole) return false;
        as_stored(*box, wanted, mine);
        to_->read(*box, there, mine);
        if (!std::equal(there.begin(), there.end(), wanted.begin()))
            throw chunk_error(
                to_->name_of(*box) + ": has other voxels than " + from_.name() +
                "; remove the chunk to have it made anew, or give the file that it was made of");
    }
    return true;
}

}  // namespace volumes
