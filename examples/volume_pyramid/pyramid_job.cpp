// SPDX-License-Identifier: BSL-1.0
#include "pyramid_job.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <list>
#include <map>
#include <mutex>
#include <utility>

#include "array_scales.hpp"
#include "chunk_files.hpp"
#include "volume_source.hpp"
#include "written_file.hpp"

namespace volumes {
namespace {

void write_chunk(const pyramid_job& all, int m, const box3& chunk, std::span<const std::byte> voxels,
                 skipped_chunks& skipped, scratch& mine) {
    if (!all.mip(m).write(chunk, voxels, mine)) skipped.add(m, chunk.begin);
}

// Chunks of the coarser mips, put together from what leaf after leaf gives.
class open_chunks {
public:
    open_chunks(const pyramid_job& all, skipped_chunks& skipped) : all_(all), skipped_(skipped) {}

    void add(int m, const box3& part, std::span<const std::byte> voxels, scratch& mine) {
        const scale_store& store = all_.mip(m);
        const box3 chunk = store.layout().box_of(store.layout().place_of(part.begin));
        const voxel_format& format = all_.settings().format;
        const key where{m, chunk.begin};
        std::byte* to = begin(where, chunk);
        copy_shared(part, voxels.data(), chunk, to, format.bytes, format.channels);
        if (const auto whole = end(where, volumes::voxels(part)))
            write_chunk(all_, m, chunk, {whole.get(), format.bytes_of(chunk)}, skipped_, mine);
    }

private:
    using key = std::pair<int, index3>;
    struct entry {
        std::unique_ptr<std::byte[]> voxels;
        index_t missing = 0;
    };

    std::byte* begin(const key& where, const box3& chunk) {
        const std::lock_guard lock(mutex_);
        const auto [found, is_new] = open_.try_emplace(where);
        if (is_new) {
            found->second.voxels.reset(new std::byte[all_.settings().format.bytes_of(chunk)]);
            found->second.missing = volumes::voxels(chunk);
        }
        return found->second.voxels.get();
    }

    // The chunk, once nothing of it is missing any more.
    std::unique_ptr<std::byte[]> end(const key& where, index_t voxels) {
        const std::lock_guard lock(mutex_);
        const auto found = open_.find(where);
        if ((found->second.missing -= voxels) > 0) return nullptr;
        auto whole = std::move(found->second.voxels);
        open_.erase(found);
        return whole;
    }

    const pyramid_job& all_;
    skipped_chunks& skipped_;
    std::mutex mutex_;
    std::map<key, entry> open_;
};

// Chunks of the source that several leaves have voxels of, those used last.
class kept_chunks {
public:
    using shared_bytes = std::shared_ptr<const std::byte[]>;

    explicit kept_chunks(index_t capacity) : capacity_(capacity) {}

    // f: reads one that is not there.
    shared_bytes get(const box3& chunk, const std::function<shared_bytes()>& f) {
        {
            const std::lock_guard lock(mutex_);
            const auto found = std::find_if(kept_.begin(), kept_.end(),
                                            [&](const entry& e) { return e.begin == chunk.begin; });
            if (found != kept_.end()) {
                kept_.splice(kept_.end(), kept_, found);
                return found->voxels;
            }
        }
        const shared_bytes voxels = f();
        const std::lock_guard lock(mutex_);
        kept_.push_back({chunk.begin, voxels});
        if (std::ssize(kept_) > capacity_) kept_.pop_front();
        return voxels;
    }

private:
    struct entry {
        index3 begin;
        shared_bytes voxels;
    };
    index_t capacity_;
    std::mutex mutex_;
    std::list<entry> kept_;
};

class pyramid_task : public task {
public:
    pyramid_task(const pyramid_job& all, index_t number)
        : all_(all),
          number_(number),
          order_(all.cut(), number),
          kept_(all.kept_chunks()),
          open_(all, skipped_) {}

    std::optional<index_t> next() override { return order_.next(); }

    index_t run(index_t leaf, scratch& mine) override {
        const geometry& cut = all_.cut();
        const box3 source = cut.source_of_leaf(leaf);
        const auto voxels = mine.box.of_size(all_.settings().format.bytes_of(source));
        read(all_.in_source(source), voxels, mine);
        const auto mips = pool(source, voxels, mine);
        for (int m = 1; m <= cut.num_mips(); ++m) {
            const box3 part = cut.mip_of_leaf(leaf, m);
            if (volumes::voxels(part) == 0) continue;
            const auto mip =
                cut_out(cut.pooled(source, m), mips[static_cast<std::size_t>(m - 1)], part, mine.part);
            if (m <= cut.leaf_level()) {
                write_whole_chunks(m, part, mip, mine);
            } else {
                open_.add(m, part, mip, mine);
            }
        }
        return cut.voxels_of_leaf(leaf);
    }

    void finish() override {
        if (all_.settings().written.skip_zeros) all_.mark_done(number_, skipped_);
    }

private:
    // Whether other leaves have voxels of the chunk.
    bool reaches_over(const box3& chunk, const box3& leaf) const {
        const box3 taken = shared_part(chunk, all_.in_source({{}, all_.settings().part.size}));
        return !(shared_part(taken, leaf) == taken);
    }

    void read(const box3& leaf, std::span<std::byte> voxels, scratch& mine) {
        const scale_store& source = all_.source();
        const voxel_format& format = all_.settings().format;
        const auto& missing = all_.settings().missing;
        source.layout().for_each_in(leaf, [&](const box3& chunk) {
            const box3 part = shared_part(chunk, leaf);
            if (!reaches_over(chunk, leaf)) {
                const auto bytes = part == leaf ? voxels : mine.part.of_size(format.bytes_of(part));
                source.read_box(part, bytes, missing, mine);
                if (part == leaf) return;
                const stopwatch timed(mine.spent.reading);
                return copy_shared(part, bytes.data(), leaf, voxels.data(), format.bytes, format.channels);
            }
            const auto kept = kept_.get(chunk, [&] {
                const std::size_t count = format.bytes_of(chunk);
                const std::shared_ptr<std::byte[]> bytes(new std::byte[count]);
                source.read_box(chunk, {bytes.get(), count}, missing, mine);
                return bytes;
            });
            const stopwatch timed(mine.spent.reading);
            copy_shared(chunk, kept.get(), leaf, voxels.data(), format.bytes, format.channels);
        });
    }

    // Axes x, y, z and channel; the rest are 1.
    static padded padded_shape(const box3& b, index_t channels) {
        const index3 shape = extent(b);
        return {shape[0], shape[1], shape[2], channels, 1, 1};
    }

    template <class T>
    static tb::volume_view<T, padded_rank> view_of(T* data, const padded& shape) {
        return {data, shape};
    }

    // A part of a box, in a buffer where it is not all of it.
    std::span<const std::byte> cut_out(const box3& box, std::span<const std::byte> voxels, const box3& part,
                                       buffer& to) const {
        if (part == box) return voxels;
        const voxel_format& format = all_.settings().format;
        const auto bytes = to.of_size(format.bytes_of(part));
        copy_shared(box, voxels.data(), part, bytes.data(), format.bytes, format.channels);
        return bytes;
    }

    std::vector<std::span<std::byte>> pool(const box3& source, std::span<const std::byte> voxels,
                                           scratch& mine) const {
        const stopwatch timed(mine.spent.pooling);
        const geometry& cut = all_.cut();
        const voxel_format& format = all_.settings().format;
        std::vector<std::span<std::byte>> mips;
        mine.mips.resize(std::max(mine.mips.size(), static_cast<std::size_t>(cut.num_mips())));
        for (int m = 1; m <= cut.num_mips(); ++m)
            mips.push_back(
                mine.mips[static_cast<std::size_t>(m - 1)].of_size(format.bytes_of(cut.pooled(source, m))));
        npy::visit_type(all_.settings().type, [&]<class T>() {
            std::vector<tb::volume_view<T, padded_rank>> outputs;
            for (int m = 1; m <= cut.num_mips(); ++m)
                outputs.push_back(view_of(reinterpret_cast<T*>(mips[static_cast<std::size_t>(m - 1)].data()),
                                          padded_shape(cut.pooled(source, m), format.channels)));
            const index3 at = cut.origin_of(source);
            const auto image =
                view_of(reinterpret_cast<const T*>(voxels.data()), padded_shape(source, format.channels));
            downsample<T>(all_.settings().how, tb::placed(image, {at[0], at[1], at[2], 0, 0, 0}), outputs);
        });
        return mips;
    }

    void write_whole_chunks(int m, const box3& part, std::span<const std::byte> voxels, scratch& mine) {
        const scale_store& store = all_.mip(m);
        store.layout().for_each_in(part, [&](const box3& chunk) {
            write_chunk(all_, m, chunk, cut_out(part, voxels, chunk, mine.chunk), skipped_, mine);
        });
    }

    const pyramid_job& all_;
    index_t number_;
    leaf_order order_;
    kept_chunks kept_;
    skipped_chunks skipped_;
    open_chunks open_;
};

}  // namespace

pyramid_job::pyramid_job(pyramid_settings settings, geometry cut)
    : settings_(std::move(settings)),
      cut_(std::move(cut)),
      source_(open_source(settings_.volume, settings_.source, settings_.format, settings_.http)) {
    for (int m = 1; m <= cut_.num_mips(); ++m)
        mips_.push_back(open_scale(settings_.target, cut_.mip(m), settings_.format, settings_.written,
                                   settings_.temporary));
}

double pyramid_job::memory_needed(int threads) const {
    double reading = source_->memory_to_read(), writing = 0, shared = source_->memory_shared(0);
    for (int m = 1; m <= cut_.num_mips(); ++m) {
        reading = std::max(reading, mip(m).memory_to_read());
        writing = std::max(writing, mip(m).memory_to_write());
        const index3 chunks = cut_.chunks_of_task(m);
        shared += mip(m).memory_shared(threads * double(chunks[0]) * double(chunks[1]) * double(chunks[2]));
    }
    // Chunks that are read may be larger than the part that is taken of them.
    const double chunk = double(settings_.format.bytes_of(source_->layout().box_of({})));
    reading += chunk + (kept_chunks() > 0 ? double(kept_chunks() + 1) * chunk : 0);
    return threads * (cut_.bytes_of_thread(settings_.format) + reading + writing) +
           cut_.bytes_of_open_chunks(settings_.format, threads) + shared;
}

double pyramid_job::files_needed(int threads) const {
    double files = 0;
    for (int m = 1; m <= cut_.num_mips(); ++m)
        files += threads * shards_in(cut_.mip(m), cut_.chunks_of_task(m));
    return files;
}

box3 pyramid_job::in_source(box3 b) const {
    for (std::size_t axis = 0; axis < 3; ++axis) {
        b.begin[axis] += settings_.begin[axis];
        b.end[axis] += settings_.begin[axis];
    }
    return b;
}

// Those of two leaves: of chunks of 64 and leaves of 128 x 128 x 64 that lie across them each is then decoded
// 1.3 times, and 2.1 times if none is kept.
index_t pyramid_job::kept_chunks() const {
    index_t touched = 1, inside = 1;
    const box3 part = in_source({{}, settings_.part.size});
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const index_t chunk = source_->stored().chunk_size[axis], leaf = cut_.leaf_shape()[axis],
                      read = cut_.largest_read()[axis];
        const bool is_alone = read == settings_.part.size[axis] && leaf >= read + cut_.lead()[axis];
        const bool fits =
            is_alone || (cut_.lead()[axis] == 0 && part.begin[axis] % chunk == 0 && leaf % chunk == 0);
        const index_t across = std::min((read + chunk - 2) / chunk + 1, source_->layout().count()[axis]);
        touched *= fits ? (read + chunk - 1) / chunk : across;
        inside *= fits ? (read + chunk - 1) / chunk : std::max(read / chunk - 1, index_t{0});
    }
    return 2 * (touched - inside);
}

// By its place, as the numbers of tasks are others where tasks have another shape.
std::filesystem::path pyramid_job::mark_of(index_t task) const {
    const box3 b = cut_.source_of_task(task);
    std::string name = "done";
    for (const index3& corner : {b.begin, b.end})
        for (const index_t at : corner) name.append("-").append(std::to_string(at));
    return settings_.temporary.parent_path() / name;
}

void pyramid_job::mark_done(index_t task, const skipped_chunks& skipped) const {
    const std::string text = skipped.text();
    const auto mark = mark_of(task);
    rename_to(write_temporary(settings_.temporary, std::as_bytes(std::span(text)), mark, false), mark);
}

bool pyramid_job::is_marked(index_t task, const skipped_chunks& skipped) const {
    std::ifstream mark(mark_of(task), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(mark), {}};
    return text == skipped.text();
}

std::shared_ptr<task> pyramid_job::open(index_t task) const {
    return std::make_shared<pyramid_task>(*this, task);
}

// A chunk of the source that was written after one that was made of it has changed since: the task is done
// again, and makes the same bytes where it has not.
bool pyramid_job::is_done(index_t task, scratch& mine, const std::function<void()>& go_on) const {
    bool done = true;
    skipped_chunks skipped;
    const auto marked = settings_.written.skip_zeros ? modified_at(mark_of(task)) : std::nullopt;
    std::int64_t oldest = marked.value_or(std::numeric_limits<std::int64_t>::max());
    // The coarsest first: it is written last, and missing tells the most for the least.
    for (int m = cut_.num_mips(); m >= 1; --m)
        mip(m).layout().for_each_in(cut_.mip_of_task(task, m), [&](const box3& chunk) {
            go_on();
            const auto found = done ? mip(m).look(chunk, mine) : scale_store::presence::missing;
            const bool is_skipped = marked && found == scale_store::presence::missing;
            if (is_skipped) skipped.add(m, chunk.begin);
            done = done && (is_skipped || found == scale_store::presence::whole);
            if (done && !is_skipped) oldest = std::min(oldest, mip(m).modified_first(chunk).value_or(0));
        });
    if (!done || (marked && !is_marked(task, skipped))) return false;
    source_->layout().for_each_in(in_source(cut_.source_of_task(task)), [&](const box3& chunk) {
        go_on();
        done = done && source_->modified(chunk).value_or(oldest) <= oldest;
    });
    return done;
}

}  // namespace volumes
