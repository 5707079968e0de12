// SPDX-License-Identifier: BSL-1.0
#include "tiff_stack.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "tiff_files.hpp"

namespace volumes {
namespace {

using shared_bytes = std::shared_ptr<const std::byte[]>;

index_t quotient_up(index_t a, index_t b) { return (a + b - 1) / b; }

// Decoded pieces of pages, those used last, up to a number of bytes.
class piece_cache {
public:
    void set_capacity(double bytes) { capacity_ = bytes; }

    shared_bytes find(std::uint64_t key) {
        const auto found = all_.find(key);
        if (found == all_.end()) return nullptr;
        used_.splice(used_.end(), used_, found->second.used);
        return found->second.bytes;
    }

    void add(std::uint64_t key, shared_bytes bytes, std::size_t count) {
        const auto [place, is_new] = all_.try_emplace(key);
        if (!is_new) return;
        place->second = {std::move(bytes), count, used_.insert(used_.end(), key)};
        size_ += double(count);
        while (size_ > capacity_) {
            const auto oldest = all_.find(used_.front());
            size_ -= double(oldest->second.count);
            all_.erase(oldest);
            used_.pop_front();
        }
    }

private:
    struct entry {
        shared_bytes bytes;
        std::size_t count = 0;
        std::list<std::uint64_t>::iterator used;
    };
    double size_ = 0, capacity_ = 0;
    std::map<std::uint64_t, entry> all_;
    std::list<std::uint64_t> used_;
};

// Pages come through memory in pieces: tiles, or some rows of strips. Where strips are compressed and higher
// than a piece, a page is read by one thread at a time, which goes on where the last one has stopped: so each
// strip is decoded once as long as chunks come in the order of rows.
class tiff_stack final : public voxel_array {
public:
    explicit tiff_stack(const std::filesystem::path& path)
        : files_(path),
          page_(files_.page()),
          is_sequential_(!page_.tiled && page_.packed && page_.piece_height > highest_piece),
          piece_{page_.piece_width,
                 page_.tiled || (page_.packed && !is_sequential_) ? page_.piece_height : index_t{16}},
          grid_{quotient_up(page_.width, piece_[0]), quotient_up(page_.height, piece_[1])} {}

    npy::dtype type() const override { return page_.type; }
    index3 size() const override { return {page_.width, page_.height, static_cast<index_t>(files_.pages())}; }
    index_t channels() const override { return page_.samples; }

    index3 block() const override { return {page_.piece_width, page_.packed ? page_.piece_height : 1, 1}; }
    copying_cost cost(const copying& how) const override;
    void expect(const copying& how) override;

    void copy(const box3& b, std::span<std::byte> voxels) const override;

    std::string kind() const override { return "tiff"; }
    std::string fingerprint() const override { return files_.fingerprint(); }
    std::string axes() const override { return "xyz"; }
    void check_unchanged() const override { files_.check_unchanged(); }
    std::string name() const override { return files_.name(); }

private:
    static constexpr index_t highest_piece = 64;

    // Pieces that one thread decodes one after another.
    struct portion {
        index_t z = 0, plane = 0, column = 0, first_row = 0, rows = 0;
    };
    struct cursor {
        index_t z = 0, plane = 0;
        std::shared_ptr<tiff_file> file;
    };
    // Nobody else decodes the same meanwhile.
    class claim {
    public:
        claim(const tiff_stack& of, std::uint64_t key) : of_(of), key_(key) {}
        ~claim() {
            const std::lock_guard lock(of_.mutex_);
            of_.claimed_.erase(key_);
            of_.released_.notify_all();
        }
        claim(const claim&) = delete;
        claim& operator=(const claim&) = delete;

    private:
        const tiff_stack& of_;
        std::uint64_t key_;
    };

    std::uint64_t key_of(const portion& p, index_t row) const {
        const index_t slice = p.z * page_.planes() + p.plane;
        return static_cast<std::uint64_t>((slice * grid_[1] + row) * grid_[0] + p.column);
    }
    std::size_t piece_bytes() const {
        return static_cast<std::size_t>(piece_[0] * piece_[1]) * page_.voxel_bytes();
    }
    std::vector<portion> portions_of(const box3& b) const;
    // False where another thread is at it, and there is no wish to wait.
    bool copy_portion(const portion& p, const box3& b, std::span<std::byte> voxels, bool waits) const;
    // Whether all pieces of the portion are there; those that are. Under the mutex.
    bool find(const portion& p, std::vector<shared_bytes>& pieces) const;
    // Those that are not.
    void decode(const portion& p, std::vector<shared_bytes>& pieces) const;
    shared_bytes decode_piece(const cursor& at, const portion& p, index_t row) const;
    void paste(const portion& p, index_t row, const std::byte* piece, const box3& b,
               std::span<std::byte> voxels) const;

    cursor take_cursor(index_t z, index_t plane) const;
    void keep_cursor(const cursor& used) const;

    struct needs {
        double cached = 0, in_hand = 0;  // bytes of pieces
        double idle_cursors = 0;
    };
    needs needs_of(const copying& how) const;

    tiff_files files_;
    tiff_page page_;
    bool is_sequential_;
    std::array<index_t, 2> piece_, grid_;  // columns and rows; how many there are on a page
    std::size_t most_idle_ = 1;

    mutable std::mutex mutex_;  // of what follows
    mutable std::condition_variable released_;
    mutable piece_cache pieces_;
    mutable std::set<std::uint64_t> claimed_;
    mutable std::list<cursor> idle_;  // the one used last at the end
};

// The pieces that a box of this length may touch.
index_t pieces_under(index_t length, index_t piece, index_t all) {
    const index_t count = length % piece == 0 ? length / piece : piece % length == 0 ? 1 : length / piece + 2;
    return std::min(count, all);
}

tiff_stack::needs tiff_stack::needs_of(const copying& how) const {
    const index_t columns = pieces_under(how.task[0], piece_[0], grid_[0]),
                  rows = pieces_under(how.chunk[1], piece_[1], grid_[1]),
                  pages = std::min(how.chunk[2], size()[2]);
    const double of_page = double(columns) * double(rows) * double(piece_bytes()) * double(page_.planes());
    const double slices = double(pages * page_.planes());
    // Each thread may be at a task of its own, and one a task ahead.
    return {.cached = of_page * double(pages) * (how.threads + 1),
            .in_hand = of_page * how.threads,
            .idle_cursors = is_sequential_ ? slices * (how.threads + 1) : how.threads};
}

copying_cost tiff_stack::cost(const copying& how) const {
    const needs all = needs_of(how);
    const double cursors = all.idle_cursors + how.threads;
    return {all.cached + all.in_hand + cursors * page_.decoder_bytes, cursors};
}

void tiff_stack::expect(const copying& how) {
    const needs all = needs_of(how);
    most_idle_ = static_cast<std::size_t>(all.idle_cursors);
    pieces_.set_capacity(all.cached);
}

std::vector<tiff_stack::portion> tiff_stack::portions_of(const box3& b) const {
    const auto first = [&](std::size_t axis) { return b.begin[axis] / piece_[axis]; };
    const auto end = [&](std::size_t axis) { return quotient_up(b.end[axis], piece_[axis]); };
    std::vector<portion> all;
    for (index_t z = b.begin[2]; z < b.end[2]; ++z)
        for (index_t plane = 0; plane < page_.planes(); ++plane) {
            if (is_sequential_) {
                all.push_back({z, plane, 0, first(1), end(1) - first(1)});
                continue;
            }
            for (index_t row = first(1); row < end(1); ++row)
                for (index_t column = first(0); column < end(0); ++column)
                    all.push_back({z, plane, column, row, 1});
        }
    return all;
}

void tiff_stack::copy(const box3& b, std::span<std::byte> voxels) const {
    // What others decode is asked for again once there is nothing else to do.
    std::vector<portion> of_others;
    for (const portion& p : portions_of(b))
        if (!copy_portion(p, b, voxels, false)) of_others.push_back(p);
    for (const portion& p : of_others) copy_portion(p, b, voxels, true);
}

bool tiff_stack::copy_portion(const portion& p, const box3& b, std::span<std::byte> voxels,
                              bool waits) const {
    const std::uint64_t place = key_of(p, is_sequential_ ? 0 : p.first_row);
    std::vector<shared_bytes> pieces(static_cast<std::size_t>(p.rows));
    std::optional<claim> mine;
    for (std::unique_lock lock(mutex_); !find(p, pieces); released_.wait(lock)) {
        if (claimed_.insert(place).second) {
            mine.emplace(*this, place);
            break;
        }
        if (!waits) return false;
    }
    if (mine) decode(p, pieces);
    mine.reset();
    for (index_t i = 0; i < p.rows; ++i)
        paste(p, p.first_row + i, pieces[static_cast<std::size_t>(i)].get(), b, voxels);
    return true;
}

bool tiff_stack::find(const portion& p, std::vector<shared_bytes>& pieces) const {
    bool all = true;
    for (index_t i = 0; i < p.rows; ++i) {
        shared_bytes& piece = pieces[static_cast<std::size_t>(i)];
        piece = pieces_.find(key_of(p, p.first_row + i));
        all = all && piece != nullptr;
    }
    return all;
}

void tiff_stack::decode(const portion& p, std::vector<shared_bytes>& pieces) const {
    const cursor at = take_cursor(p.z, p.plane);
    for (index_t i = 0; i < p.rows; ++i) {
        shared_bytes& piece = pieces[static_cast<std::size_t>(i)];
        if (piece != nullptr) continue;
        piece = decode_piece(at, p, p.first_row + i);
        const std::lock_guard lock(mutex_);
        pieces_.add(key_of(p, p.first_row + i), piece, piece_bytes());
    }
    keep_cursor(at);
}

shared_bytes tiff_stack::decode_piece(const cursor& at, const portion& p, index_t row) const {
    const std::shared_ptr<std::byte[]> bytes(new std::byte[piece_bytes()]);
    const index_t y = row * piece_[1];
    if (page_.tiled) {
        at.file->read_tile(page_, p.plane, p.column * piece_[0], y, {bytes.get(), piece_bytes()});
    } else {
        const index_t rows = std::min(piece_[1], page_.height - y);
        at.file->read_rows(page_, p.plane, y,
                           {bytes.get(), static_cast<std::size_t>(rows * page_.width) * page_.voxel_bytes()});
    }
    return bytes;
}

tiff_stack::cursor tiff_stack::take_cursor(index_t z, index_t plane) const {
    cursor taken;
    {
        const std::lock_guard lock(mutex_);
        auto best = std::find_if(idle_.begin(), idle_.end(),
                                 [&](const cursor& c) { return c.z == z && c.plane == plane; });
        if (best == idle_.end() && !is_sequential_ && !idle_.empty()) best = std::prev(idle_.end());
        if (best != idle_.end()) {
            taken = *best;
            idle_.erase(best);
        }
    }
    const auto page = static_cast<std::size_t>(z);
    if (taken.file == nullptr || !files_.move(*taken.file, static_cast<std::size_t>(taken.z), page))
        taken.file = files_.open(page);
    return {z, plane, taken.file};
}

void tiff_stack::keep_cursor(const cursor& used) const {
    cursor oldest;  // closed without the lock
    const std::lock_guard lock(mutex_);
    idle_.push_back(used);
    if (idle_.size() <= most_idle_) return;
    oldest = idle_.front();
    idle_.pop_front();
}

// One channel's voxels of a row, which lie `step` bytes apart.
template <std::size_t bytes>
void gather(const std::byte* from, std::size_t step, std::byte* to, index_t count) {
    for (index_t i = 0; i < count; ++i, from += step, to += bytes) std::memcpy(to, from, bytes);
}
void gather(std::size_t bytes, const std::byte* from, std::size_t step, std::byte* to, index_t count) {
    if (step == bytes) {
        std::memcpy(to, from, static_cast<std::size_t>(count) * bytes);
        return;
    }
    switch (bytes) {
        case 1:
            return gather<1>(from, step, to, count);
        case 2:
            return gather<2>(from, step, to, count);
        case 4:
            return gather<4>(from, step, to, count);
        default:
            return gather<8>(from, step, to, count);
    }
}

void tiff_stack::paste(const portion& p, index_t row, const std::byte* piece, const box3& b,
                       std::span<std::byte> voxels) const {
    const index_t x0 = p.column * piece_[0], y0 = row * piece_[1];
    const box3 covered{{x0, y0, p.z}, {x0 + piece_[0], y0 + piece_[1], p.z + 1}};
    const box3 both = shared_part(covered, b);
    const index3 shape = extent(b);
    const std::size_t step = page_.voxel_bytes(), bytes = page_.type.bytes;
    const index_t channels = page_.planar ? 1 : page_.samples;
    for (index_t c = 0; c < channels; ++c)
        for (index_t y = both.begin[1]; y < both.end[1]; ++y) {
            const index_t from = (both.begin[0] - x0) + (y - y0) * piece_[0];
            const index_t plane = (p.z - b.begin[2]) + shape[2] * (p.plane + c);
            const index_t to =
                (both.begin[0] - b.begin[0]) + shape[0] * ((y - b.begin[1]) + shape[1] * plane);
            gather(bytes, piece + static_cast<std::size_t>(from) * step + static_cast<std::size_t>(c) * bytes,
                   step, voxels.data() + static_cast<std::size_t>(to) * bytes, extent(both)[0]);
        }
}

}  // namespace

std::unique_ptr<voxel_array> open_tiff_stack(const std::filesystem::path& path) {
    return std::make_unique<tiff_stack>(path);
}

}  // namespace volumes
