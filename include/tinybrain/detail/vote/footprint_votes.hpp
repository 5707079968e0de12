// True modes: every voxel of every mip from the labels of all voxels of mip 0 under it, in one pass over the
// input.
//
// A window of like voxels is its label. Any other is a set of votes: each of its labels once, with how often
// it was seen. The votes of children add up to those of their parent. Which of several labels with as many
// votes was seen first no sum of children knows, for scan order does not go child by child: there the
// footprint is looked through once more, which seldom takes more than its first voxel.
//
// A tile, a few thousand voxels, goes from mip to mip in rows. Above the mip of the tiles the walk is depth
// first, so one window of each mip is open at a time; their sets lie on a stack. All memory is bounded: where
// a set outgrows it, its window is counted by itself from mip 0 (window_counter), and so is all that lies
// above.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include <tinybrain/detail/base/scratch.hpp>
#include <tinybrain/detail/drive/plan.hpp>
#include <tinybrain/detail/drive/walk.hpp>
#include <tinybrain/detail/drive/windows.hpp>
#include <tinybrain/detail/vote/footprint_layout.hpp>
#include <tinybrain/detail/vote/footprint_tile.hpp>
#include <tinybrain/detail/vote/mode.hpp>
#include <tinybrain/detail/vote/vote_set.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// The sets of all windows of one mip: what tasks leave behind for a walk over the mips above.
template <class T>
class vote_store {
public:
    static constexpr index_t most_windows = 4096;

    explicit vote_store(index_t windows) : window_(static_cast<std::size_t>(windows)), votes_(room) {}

    /// A window of like voxels has no votes but its label. Safe from several threads for different windows.
    void put(index_t window, const T& label, const label_votes<T>* votes, std::size_t size) {
        std::size_t begin = 0;
        if (size > 0) begin = used_.fetch_add(size, std::memory_order_relaxed);
        const bool fits = begin + size <= room;
        if (!fits) return put_unknown(window);
        window_[static_cast<std::size_t>(window)] = {static_cast<std::uint32_t>(begin),
                                                     static_cast<std::uint32_t>(size), label};
        std::copy_n(votes, size, votes_.data() + begin);
    }
    void put_unknown(index_t window) { window_[static_cast<std::size_t>(window)] = {0, unknown, T{}}; }

    bool knows(index_t window) const { return at(window).size != unknown; }
    const T& label(index_t window) const { return at(window).label; }
    std::size_t size(index_t window) const { return at(window).size; }
    const label_votes<T>* votes(index_t window) const { return votes_.data() + at(window).begin; }

private:
    static constexpr std::size_t room = 4096;
    static constexpr std::uint32_t unknown = ~std::uint32_t{0};
    struct entry {
        std::uint32_t begin;
        std::uint32_t size;
        T label;
    };
    const entry& at(index_t window) const { return window_[static_cast<std::size_t>(window)]; }

    std::vector<entry> window_;
    std::vector<label_votes<T>> votes_;
    std::atomic<std::size_t> used_{0};
};

/// A window that outgrew its set.
struct unknown_window {
    index_t mip;
    index_t element;
    axes index;
};

/// The walk of one task: tiles, and above them windows, depth first.
template <class T>
class footprint_walk {
public:
    using votes = label_votes<T>;

    /// Mips 1 ... top.
    footprint_walk(const plan& p, const mode_rules<T>& rules, const footprint_layout<T>& layout, index_t base,
                   index_t top, std::byte* scratch, vote_store<T>* store)
        : plan_(p),
          rules_(rules),
          layout_(layout),
          base_(base),
          top_(top),
          scratch_(scratch),
          store_(store),
          tile_(p, rules, layout, scratch, store != nullptr || top > base),
          stack_(reinterpret_cast<votes*>(scratch + layout.stack())),
          set_(reinterpret_cast<std::uint16_t*>(scratch + layout.slots(1))),
          begin_(p.mip.size()),
          unknown_from_(top + 1) {}

    /// Everything under a box of mip top, whose sets go to the store, if there is one. Or, where there is a
    /// list of those that outgrew their sets, and are left out: everything above mip base, whose sets are in
    /// it.
    void make(const index_box& box, std::vector<unknown_window>* unknown = nullptr) {
        unknown_ = unknown;
        for (element_ = 0; element_ < plan_.run; ++element_) {
            tile_.choose(element_);
            if (top_ == base_) {
                make_tiles(top_, box);
            } else {
                each_index(box, [&](const axes& index) { window(top_, index); });
            }
        }
    }

    /// Counts a window by itself.
    void count(const unknown_window& w) {
        element_ = w.element;
        write(w.mip, w.index, counted(w.mip, w.index));
    }

    /// The number of a window of mip m and of one element of it in a store.
    static index_t number_of(const plan& p, index_t m, const axes& index, index_t element) {
        index_t number = 0;
        for (std::size_t axis = max_axes; axis-- > 0;) {
            number = number * p.mip[static_cast<std::size_t>(m)].extent[axis] + index[axis];
        }
        return number * p.run + element;
    }

private:
    const plan_level& level(index_t m) const { return plan_.mip[static_cast<std::size_t>(m)]; }
    std::size_t& begin(index_t m) { return begin_[static_cast<std::size_t>(m)]; }

    // All tiles of a box, whose sets go to the open window of mip m, or to the store.
    void make_tiles(index_t m, const index_box& box) {
        each_piece(box, layout_.tile(), [&](const index_box& tile) {
            if (tile_.make(tile)) return take_tile(m);
            each_piece(tile, layout_.safe_tile(), [&](const index_box& part) {
                tile_.make(part);
                take_tile(m);
            });
        });
    }
    void take_tile(index_t m) {
        if (m == base_ && store_ == nullptr) return;
        std::size_t window = 0;
        each_index(tile_.windows(), [&](const axes& index) {
            if (m > base_) {
                add(m, index, tile_.label(window), tile_.set(window), tile_.size(window));
            } else {
                store_->put(number_of(plan_, m, index, element_), tile_.label(window), tile_.set(window),
                            tile_.size(window));
            }
            ++window;
        });
    }
    void store_window(const axes& index) {
        const index_t number = number_of(plan_, top_, index, element_);
        if (unknown_from_ <= top_) return store_->put_unknown(number);
        store_->put(number, rules_.background, stack_ + begin(top_), end_ - begin(top_));
    }

    // Makes a window above the base; its set is the last of the stack, and goes to the window above.
    void window(index_t m, const axes& index) {
        begin(m) = end_;
        index_box one{index, index};
        for (index_t& end : one.end) ++end;
        const index_box below = box_under(level(m).window, one);
        if (m - 1 == base_) set_.open(stack_ + end_, 0, most_votes - end_);
        if (m - 1 == base_ && unknown_ == nullptr) {
            make_tiles(m, below);
        } else {
            each_index(below, [&](const axes& child) {
                if (m - 1 == base_) return add_stored(m, child);
                window(m - 1, child);
                merge_last(m);
            });
        }
        if (m - 1 == base_) end_ = begin(m) + (knows(m) ? set_.size() : 0);
        if (knows(m)) {
            const auto window = [&] { return footprint_of<T>(plan_, m, index, element_); };
            write(m, index,
                  election<T>(rules_).winner(stack_ + begin(m), end_ - begin(m), *window().data, window));
        } else if (unknown_ != nullptr) {
            unknown_->push_back({m, element_, index});
        } else {
            write(m, index, counted(m, index));
        }
        if (m == top_ && unknown_ == nullptr && store_ != nullptr) store_window(index);
        close(m);
    }

    bool knows(index_t m) const { return m < unknown_from_; }
    void close(index_t m) {
        // What lies above an unknown window stays so until it is done.
        if (!knows(m)) unknown_from_ = m + 1;
        if (m == top_) {
            unknown_from_ = top_ + 1;
            end_ = 0;
        }
    }

    // Adds the last set of the stack, of mip m - 1, to the one before it. It grows into the memory it reads
    // from.
    void merge_last(index_t m) {
        const std::size_t last = begin(m - 1);
        if (knows(m)) {
            set_.open(stack_ + begin(m), last - begin(m), most_votes, end_ - last);
            set_.add(stack_ + last, end_ - last);
            end_ = begin(m) + set_.size();
        } else {
            end_ = last;
        }
    }

    void add_stored(index_t m, const axes& index) {
        const index_t number = number_of(plan_, base_, index, element_);
        if (store_->knows(number)) {
            add(m, index, store_->label(number), store_->votes(number), store_->size(number));
        } else {
            while (knows(m)) forget_highest(m);
        }
    }

    // Adds a window of the base to the open one of mip m.
    void add(index_t m, const axes& index, const T& label, const votes* set, std::size_t size) {
        if (size == 0) {
            if (!rules_.is_background(label)) add(m, tile_.of_like(base_, label, index));
            return;
        }
        for (std::size_t i = 0; i < size; ++i) add(m, set[i]);
    }
    void add(index_t m, const votes& v) {
        while (knows(m) && !set_.add(v)) forget_highest(m);
    }

    // Makes room: the set of the highest open window goes, that of mip m last.
    void forget_highest(index_t m) {
        const index_t highest = --unknown_from_;
        if (highest == m) return;
        const std::size_t from = begin(highest - 1);
        const std::size_t freed = from - begin(highest);
        const std::size_t end = begin(m) + set_.size();
        std::memmove(stack_ + begin(highest), stack_ + from, (end - from) * sizeof(votes));
        for (index_t i = m; i < highest; ++i) begin(i) -= freed;
        set_.move_down(freed);
    }

    T counted(index_t m, const axes& index) const {
        return window_counter<T>(scratch_ + layout_.arenas(), rules_)
            .mode(footprint_of<T>(plan_, m, index, element_));
    }

    void write(index_t m, const axes& index, const T& label) const {
        voxel_at<T>(level(m), index)[element_ * level(m).run_stride] = label;
    }

    const plan& plan_;
    const mode_rules<T>& rules_;
    const footprint_layout<T>& layout_;
    index_t base_;
    index_t top_;
    std::byte* scratch_;
    vote_store<T>* store_;
    std::vector<unknown_window>* unknown_ = nullptr;
    footprint_tile<T> tile_;
    // The sets of the open windows, the highest mip's first.
    votes* stack_;
    vote_set<T> set_;  // the last of them
    std::vector<std::size_t> begin_;
    std::size_t end_ = 0;
    index_t unknown_from_;  // the lowest open mip that outgrew its set
    index_t element_ = 0;
};

/// The mip that tasks end at: the highest with voxels enough to share out, if the sets of those can be held.
template <class T>
index_t mip_of_tasks(const plan& p) {
    constexpr index_t enough = 64;
    const auto voxels = [&](index_t m) { return product_from(p.mip[static_cast<std::size_t>(m)].extent, 0); };
    index_t m = p.depth();
    while (m > 1 && voxels(m) < enough && voxels(m - 1) * p.run <= vote_store<T>::most_windows) --m;
    return m;
}

/// Computes the whole plan. False, and nothing done, where windows are too large for tiles.
template <class T>
bool count_footprints(const plan& p, const mode_rules<T>& rules, const executor& run_on) {
    const index_t depth = p.depth();
    if (depth == 0) return true;
    const index_t top = run_on ? mip_of_tasks<T>(p) : depth;
    footprint_layout<T> layout(p, top);
    if (layout.base() == 0) return false;
    const bool tiles_are_tasks = layout.base() == top;
    axes size;
    axes pieces;
    const auto cut = [&] {
        size.fill(1);
        if (tiles_are_tasks) size = layout.tile();
        const auto& extent = p.mip[static_cast<std::size_t>(top)].extent;
        for (std::size_t axis = 0; axis < max_axes; ++axis)
            pieces[axis] = ceil_quotient(extent[axis], size[axis]);
        return product_from(pieces, 0);
    };
    const index_t input_bytes = bytes_of_box(p.mip[0].extent, p.run, p.voxel_bytes);
    index_t count = cut();
    // No more than there will be tasks: small tiles take longer.
    const index_t wanted = run_on && tiles_are_tasks ? std::min<index_t>(64, input_bytes / bytes_a_task) : 0;
    while (count < wanted && layout.halve_tiles()) count = cut();

    std::optional<vote_store<T>> store;
    if (top < depth) store.emplace(product_from(p.mip[static_cast<std::size_t>(top)].extent, 0) * p.run);
    scratch_pool pool(layout.bytes());
    const auto walk = [&](index_t base, index_t highest, std::byte* scratch) {
        return footprint_walk<T>(p, rules, layout, base, highest, scratch, store ? &*store : nullptr);
    };
    const index_t pieces_a_task =
        std::clamp<index_t>(bytes_a_task / std::max<index_t>(1, input_bytes / count), 1, count);
    run_tasks<>(run_on, ceil_quotient(count, pieces_a_task), [&](index_t task) {
        const scratch_pool::lease scratch(pool);
        footprint_walk<T> here = walk(layout.base(), top, scratch.data());
        const index_t end = std::min((task + 1) * pieces_a_task, count);
        for (index_t piece = task * pieces_a_task; piece < end; ++piece) {
            index_box box;
            index_t rest = piece;
            for (std::size_t axis = 0; axis < max_axes; ++axis) {
                box.begin[axis] = rest % pieces[axis] * size[axis];
                box.end[axis] =
                    std::min(box.begin[axis] + size[axis], p.mip[static_cast<std::size_t>(top)].extent[axis]);
                rest /= pieces[axis];
            }
            here.make(box);
        }
        simd::stream_fence();
    });
    if (!store) return true;

    std::vector<unknown_window> unknown;
    {
        const scratch_pool::lease scratch(pool);
        walk(top, depth, scratch.data()).make({{}, p.mip[static_cast<std::size_t>(depth)].extent}, &unknown);
    }
    run_tasks<>(run_on, static_cast<index_t>(unknown.size()), [&](index_t task) {
        const scratch_pool::lease scratch(pool);
        walk(top, depth, scratch.data()).count(unknown[static_cast<std::size_t>(task)]);
    });
    return true;
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
