// SPDX-License-Identifier: BSL-1.0
#include "create_job.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

#include "arguments.hpp"
#include "signals.hpp"

namespace precomputed {
namespace {

class create_task : public task {
public:
    create_task(const create_job& all, index_t number)
        : all_(all), at_(all.first(number)), end_(all.last(number)) {}

    std::optional<index_t> next() override {
        return at_ < end_ ? std::optional<index_t>(at_++) : std::nullopt;
    }

    index_t run(index_t step, scratch& mine) override {
        const box3 chunk = all_.chunk(step);
        const auto voxels = mine.chunk.of_size(all_.format().bytes_of(chunk));
        {
            const stopwatch timed(mine.spent.reading);
            all_.from().copy(chunk, voxels);
        }
        all_.to().write(chunk, voxels, mine);
        return precomputed::voxels(chunk);
    }

private:
    const create_job& all_;
    index_t at_, end_;
};

}  // namespace

npy_volume::npy_volume(const std::filesystem::path& path, std::string axes) : file_(path) {
    const npy::parsed parsed = file_.parse_whole();
    head_ = parsed.head;
    data_ = file_.bytes().data() + parsed.data_offset;
    if (head_.type.kind == 'b') head_.type = {'u', 1};

    if (axes.empty()) axes = head_.shape.size() == 4 ? "xyzc" : "xyz";
    std::string sorted = axes;
    std::sort(sorted.begin(), sorted.end());
    if (sorted != "xyz" && sorted != "cxyz")
        throw bad_input("--axes is '" + axes + "', but must name x, y and z once, and c for a channel axis");
    if (head_.shape.size() != axes.size())
        throw bad_input("--axes is '" + axes + "', but " + path.string() + " has " +
                        std::to_string(head_.shape.size()) + " axes");
    axes_ = axes;
    auto stride = static_cast<index_t>(head_.type.bytes);
    strides_[3] = 0;
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

create_job::create_job(const npy_volume& from, chunk_store to)
    : from_(from), to_(std::move(to)), chunks_(from.size(), to_.stored().chunk_size, {1, 1, 1}, 0) {}

index_t create_job::tasks() const { return (chunks_.size() + chunks_of_task - 1) / chunks_of_task; }

index_t create_job::voxels_of(index_t task) const {
    index_t sum = 0;
    for (index_t i = first(task); i < last(task); ++i) sum += precomputed::voxels(chunk(i));
    return sum;
}

std::shared_ptr<task> create_job::open(index_t task) const {
    return std::make_shared<create_task>(*this, task);
}

// The .npy file is there to compare with: nothing needs to be trusted.
bool create_job::is_done(index_t task, scratch& mine, const std::function<void()>& go_on) const {
    for (index_t i = last(task) - 1; i >= first(task); --i) {
        go_on();
        const box3 box = chunk(i);
        if (!to_.is_written(box, mine)) return false;
        const std::size_t bytes = format().bytes_of(box);
        const auto there = mine.box.of_size(bytes), wanted = mine.chunk.of_size(bytes);
        to_.read(box, there, mine);
        from_.copy(box, wanted);
        if (!std::equal(there.begin(), there.end(), wanted.begin()))
            throw chunk_error(
                to_.file_of(box).string() + ": has other voxels than " + from_.name() +
                "; remove the chunk to have it made anew, or give the file that it was made of");
    }
    return true;
}

}  // namespace precomputed
