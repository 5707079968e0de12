// True modes: every voxel of every mip from the labels of all voxels of mip 0 under it, in one pass over the
// input.
//
// A window of like voxels is its label. Any other is a set of votes: each of its labels once, with how often
// and where in scan order it was first seen. Votes of children add up to those of their parent, counts by
// sum and places by minimum, so ties are broken by the scan order of the footprint whatever order children
// merge in.
//
// A tile, a few thousand voxels, goes from mip to mip in rows. Above the mip of the tiles the walk is depth
// first, so one window of each mip is open at a time; their sets lie on a stack. All memory is bounded: where
// a set outgrows it, its window is counted by itself from mip 0 (label_counter), and so is all that lies
// above.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <tinybrain/detail/label_counter.hpp>
#include <tinybrain/detail/mode.hpp>
#include <tinybrain/detail/plan.hpp>
#include <tinybrain/detail/scratch.hpp>
#include <tinybrain/detail/simd/alike_kernels.hpp>
#include <tinybrain/detail/walk.hpp>
#include <tinybrain/detail/windows.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// What a set, an arena of a tile's sets, or the stack has room for.
inline constexpr std::size_t most_votes = 8192;

/// A label and its votes.
template <class T>
struct label_votes {
    index_t count;
    T label;
};

/// All NaNs are one entry of a set, with the one vote that each of them has.
template <class T>
TINYBRAIN_FORCE_INLINE bool same_entry(const T& a, const T& b) {
    return (a == b) | (!(a == a) & !(b == b));
}

/// A short list of votes, in which labels may come several times. What is done with it has no branch on a
/// label: at the walls between labels nothing is as dear as a branch mispredicted.
template <class T>
struct few_votes {
    static constexpr std::size_t most = 8;
    std::array<T, most> label;
    std::array<index_t, most> count;
    std::size_t size = 0;

    // Not all of it is cleared: that took longer than the rest.
    few_votes() { label[0] = T{}; }

    TINYBRAIN_FORCE_INLINE void add(const T& l, index_t c, bool votes) {
        label[size] = l;
        count[size] = c;
        size += votes;
    }

    /// Makes a set of them. Returns its size.
    TINYBRAIN_FORCE_INLINE std::size_t add_up(label_votes<T>* set) const {
        if (size == 0) return 0;
        return are_two(set) ? 2 : compare_pairs(set);
    }

private:
    static constexpr index_t only_if(bool condition) { return -static_cast<index_t>(condition); }

    // Most walls have two sides.
    TINYBRAIN_FORCE_INLINE bool are_two(label_votes<T>* set) const {
        T other = label[0];
        index_t all = 0;
        index_t of_first = 0;
        index_t of_other = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const bool equal = label[i] == label[0];
            all += count[i];
            of_first += count[i] & only_if(equal);
            other = equal ? other : label[i];
        }
        for (std::size_t i = 0; i < size; ++i) of_other += count[i] & only_if(label[i] == other);
        set[0] = {of_first, label[0]};
        set[1] = {of_other, other};
        return of_first + of_other == all;
    }

    std::size_t compare_pairs(label_votes<T>* set) const {
        unsigned seen = 0;
        std::size_t labels = 0;
        for (std::size_t i = 0; i < size; ++i) {
            index_t sum = count[i];
            for (std::size_t j = i + 1; j < size; ++j) {
                sum += count[j] & only_if(label[i] == label[j]);
                seen |= static_cast<unsigned>(same_entry(label[i], label[j])) << j;
            }
            set[labels] = {sum, label[i]};
            labels += (~seen >> i) & 1;
        }
        return labels;
    }
};

/// The votes of one window, each label once, in somebody else's memory. Few are searched in turn, many by an
/// index of hashes.
template <class T>
class vote_set {
public:
    using votes = label_votes<T>;
    using slot = std::uint16_t;
    static constexpr std::size_t most_slots = 2 * most_votes;

    explicit vote_set(slot* slots) : slot_(slots) {}

    /// Goes on with the set that is there.
    void open(votes* at, std::size_t size, std::size_t room) {
        votes_ = at;
        size_ = size;
        room_ = room;
        slots_ = 0;
        if (size > few) index();
    }
    std::size_t size() const { return size_; }

    /// The set was moved to lower memory.
    void move_down(std::size_t by) {
        votes_ -= by;
        room_ += by;
    }

    /// False where there is no room for another label. By value: a set may grow over what is added to it.
    bool add(const votes more) {
        std::size_t free_slot = 0;
        const std::size_t i = slots_ == 0 ? find(more.label) : find(more.label, free_slot);
        if (i < size_) {
            merge(votes_[i], more);
            return true;
        }
        if (size_ == room_) return false;
        votes_[size_++] = more;
        if (slots_ != 0) slot_[free_slot] = static_cast<slot>(size_);
        if (size_ > few && 2 * size_ > slots_) index();
        return true;
    }

private:
    static constexpr std::size_t few = 16;

    static void merge(votes& to, const votes& from) {
        if (from.label == from.label) to.count += from.count;
    }

    std::size_t find(const T& label) const {
        std::size_t i = 0;
        while (i < size_ && !same_entry(votes_[i].label, label)) ++i;
        return i;
    }
    std::size_t find(const T& label, std::size_t& free_slot) const {
        std::size_t s = hash_of_label(label) & (slots_ - 1);
        while (slot_[s] != 0 && !same_entry(votes_[slot_[s] - 1].label, label)) s = (s + 1) & (slots_ - 1);
        free_slot = s;
        return slot_[s] == 0 ? size_ : slot_[s] - std::size_t{1};
    }

    void index() {
        slots_ = std::min(most_slots, std::bit_ceil(4 * size_));
        std::memset(slot_, 0, slots_ * sizeof(slot));
        for (std::size_t i = 0; i < size_; ++i) {
            std::size_t s = hash_of_label(votes_[i].label) & (slots_ - 1);
            while (slot_[s] != 0) s = (s + 1) & (slots_ - 1);
            slot_[s] = static_cast<slot>(i + 1);
        }
    }

    votes* votes_ = nullptr;
    slot* slot_;
    std::size_t size_ = 0;
    std::size_t room_ = 0;
    std::size_t slots_ = 0;
};

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

/// 0 for a window of voxels that are all alike; else the size of its set, and where in the arena it begins.
using window_state = std::uint32_t;
constexpr std::size_t size_of_set(window_state s) { return s & 0xffff; }
constexpr std::size_t begin_of_set(window_state s) { return s >> 16; }
static_assert(most_votes <= 0xffff);

/// The winner of a vote. Sets do not know where a label was first seen; where it matters, which is not often,
/// the footprint is looked through from its first voxel on. It seldom takes more than that one.
template <class T>
class election {
public:
    explicit election(const mode_rules<T>& rules) : rules_(rules), has_first_(rules.tie != ties::lowest) {}

    /// `corner` is the first voxel of the footprint, which window() is in scan order. Reorders the set.
    template <class Window>
    TINYBRAIN_FORCE_INLINE T winner(label_votes<T>* set, std::size_t size, const T& corner,
                                    const Window& window) const {
        if (size == 2) {
            const bool tie = set[0].count == set[1].count;
            const bool second = (set[1].count > set[0].count) | (tie & (corner == set[1].label));
            const T label = second ? set[1].label : set[0].label;
            const bool known = !tie || (has_first_ && corner == label);
            if (known && has_one_form(label)) return label;
        }
        return size == 0 ? rules_.background : first_of_best(set, size, window());
    }

private:
    // Equal labels have the same bits.
    static bool has_one_form(const T& label) {
        if constexpr (std::is_floating_point_v<T>) {
            return !(label == T{0}) && label == label;
        } else {
            return true;
        }
    }

    template <class Window>
    T first_of_best(label_votes<T>* set, std::size_t size, const Window& window) const {
        index_t most = 0;
        for (std::size_t i = 0; i < size; ++i) most = std::max(most, set[i].count);
        std::size_t best = 0;
        for (std::size_t i = 0; i < size; ++i) {
            if (set[i].count == most) std::swap(set[i], set[best++]);
        }
        if (best > 1 && rules_.tie == ties::lowest) {
            for (std::size_t i = 1; i < best; ++i) {
                if (rules_.goes_before(set[i].label, set[0].label)) std::swap(set[0], set[i]);
            }
            best = 1;
        }
        if (best == 1 && has_one_form(set[0].label)) return set[0].label;
        return *window.find([&](const T& voter) {
            const auto same = [&](const label_votes<T>& v) { return same_entry(v.label, voter); };
            return std::any_of(set, set + best, same);
        });
    }

    const mode_rules<T>& rules_;
    bool has_first_;
};

/// How tiles are cut, and where in the scratch things are.
template <class T, std::size_t N>
class footprint_layout {
public:
    static constexpr index_t most_rows = 512;     // of the previous mip under a row
    static constexpr index_t longest_row = 4096;  // voxels of mip 0

    // A row of the previous mip under a row of windows.
    struct source_row {
        const T* label;
        const window_state* state;
        const std::byte* alike;  // marks instead of states, where there are no sets
        index_t count;           // voxels of mip 0 across the row
    };

    /// What is kept of all windows of a mip in a tile, as offsets: labels, and states; where there are no
    /// sets, marks of those whose voxels are all alike.
    struct arrays {
        std::size_t labels;
        std::size_t states;
    };

    /// For tasks that end at mip `top`.
    footprint_layout(const plan<T, N>& p, index_t top) : plan_(p), arrays_(p.mip.size()) {
        while (base_ < top && fits_tile(base_ + 1)) ++base_;
        if (base_ == 0) return;
        first_sets_ =
            base_ > 1 && voxels_under(1) <= static_cast<index_t>(few_votes<T>::most) && voxels_under(2) <= 64
                ? 2
                : 1;
        limit_ = base_ < top ? level(base_ + 1).factor : level(base_).extent;
        safe_tile_ = grown(static_cast<index_t>(most_votes));
        tile_ = grown(widest_tile);
        place();
    }

    /// The mip of the tiles; 0 where not even a window of mip 1 is small enough.
    index_t base() const { return base_; }
    /// The first mip whose windows have sets, counted from their voxels. Below it, where windows are small
    /// and many, there are only modes.
    index_t first_sets() const { return first_sets_; }
    /// The largest tile, in voxels of that mip.
    const index_array<N>& tile() const { return tile_; }
    /// One whose sets fit the arena, whatever the labels.
    const index_array<N>& safe_tile() const { return safe_tile_; }

    bool halve_tiles() {
        for (std::size_t axis = N; axis-- > 0;) {
            if (tile_[axis] == 1) continue;
            tile_[axis] = (tile_[axis] + 1) / 2;
            safe_tile_[axis] = std::min(safe_tile_[axis], tile_[axis]);
            return true;
        }
        return false;
    }

    // Also what an unknown window is counted in.
    std::size_t arenas() const { return 0; }
    std::size_t stack() const { return arenas() + std::max(2 * votes_bytes, label_counter<T>::bytes); }
    std::size_t slots(std::size_t set) const { return stack() + votes_bytes + set * slots_bytes; }
    std::size_t rows() const { return slots(2); }
    std::size_t voxel_rows() const { return rows() + most_rows * sizeof(source_row); }
    std::size_t row_buffer() const { return voxel_rows() + most_rows * sizeof(const T*); }
    std::size_t alike() const { return row_buffer() + longest_row * sizeof(T); }
    std::size_t mixed() const { return alike() + longest_row * sizeof(T); }
    /// Whether a mip is so large that it had better not push everything else out of the caches.
    bool streams(index_t m) const {
        return level(m).stride[0] == 1 &&
               product_from(level(m).extent, 0) >= (index_t{8} << 20) / index_t{sizeof(T)};
    }
    const arrays& mip(index_t m) const { return arrays_[static_cast<std::size_t>(m)]; }
    std::size_t bytes() const { return bytes_; }

private:
    static constexpr index_t widest_tile = 32768;  // voxels of mip 0
    static constexpr std::size_t most_level_bytes = 176 * 1024;
    static constexpr std::size_t votes_bytes = most_votes * sizeof(label_votes<T>);
    static constexpr std::size_t slots_bytes = 2 * most_votes * sizeof(std::uint16_t);
    static std::size_t round_up(std::size_t bytes) { return scratch_cutter::round_up(bytes); }
    const plan_level<T, N>& level(index_t m) const { return plan_.mip[static_cast<std::size_t>(m)]; }

    index_t voxels_under(index_t m) const {
        index_t voxels = 1;
        for (const index_t f : level(m).footprint) voxels = saturated_product(voxels, f);
        return voxels;
    }
    bool fits_tile(index_t m) const {
        return voxels_under(m) <= static_cast<index_t>(most_votes) && level(m).footprint[0] <= longest_row &&
               product_from(level(m).factor, 1) <= most_rows;
    }

    // The widest tile of so many voxels, axis by axis.
    index_array<N> grown(index_t most_voxels) {
        tile_.fill(1);
        for (std::size_t axis = 0; axis < N; ++axis) {
            while (tile_[axis] < limit_[axis]) {
                const index_array<N> smaller = tile_;
                tile_[axis] = std::min(2 * tile_[axis], limit_[axis]);
                if (fits(most_voxels)) continue;
                tile_ = smaller;
                break;
            }
        }
        return tile_;
    }
    bool fits(index_t most_voxels) const {
        index_t voxels = 1;
        for (std::size_t axis = 0; axis < N; ++axis) {
            voxels = saturated_product(voxels, tile_[axis] * level(base_).footprint[axis]);
        }
        if (voxels > most_voxels || tile_[0] * level(base_).footprint[0] > longest_row) return false;
        std::size_t bytes = 0;
        for (index_t m = 1; m <= base_; ++m) bytes += windows(m) * (sizeof(T) + state_bytes(m));
        return bytes <= most_level_bytes;
    }

    std::size_t state_bytes(index_t m) const { return m < first_sets_ ? sizeof(T) : sizeof(window_state); }

    // Windows of mip m in a tile.
    std::size_t windows(index_t m) const {
        index_t n = 1;
        for (std::size_t axis = 0; axis < N; ++axis) {
            const index_t voxels = tile_[axis] * level(base_).footprint[axis];
            n *= std::min(level(m).extent[axis], ceil_quotient(voxels, level(m).footprint[axis]));
        }
        return static_cast<std::size_t>(n);
    }

    void place() {
        bytes_ = mixed() + longest_row * sizeof(std::uint16_t);
        for (index_t m = 1; m <= base_; ++m) {
            arrays& a = arrays_[static_cast<std::size_t>(m)];
            a.labels = bytes_;
            a.states = a.labels + round_up(windows(m) * sizeof(T));
            bytes_ = a.states + round_up(windows(m) * state_bytes(m));
        }
    }

    const plan<T, N>& plan_;
    index_t base_ = 0;
    index_t first_sets_ = 1;
    index_array<N> limit_{};
    index_array<N> tile_{};
    index_array<N> safe_tile_{};
    std::vector<arrays> arrays_;
    std::size_t bytes_ = 0;
};

/// What lies under a voxel of mip m, of one element of a run.
template <class T, std::size_t N>
strided_window<T, N> footprint_of(const plan<T, N>& p, index_t m, const index_array<N>& index,
                                  index_t element) {
    strided_window<T, N> window = window_at(p, p.mip[0], p.mip[static_cast<std::size_t>(m)].footprint, index);
    window.data += element * p.mip[0].run_stride;
    return window;
}

/// Makes all mips of a tile up to the layout's base, and keeps the sets of the last.
template <class T, std::size_t N>
class footprint_tile {
public:
    using votes = label_votes<T>;

    footprint_tile(const plan<T, N>& p, const mode_rules<T>& rules, const footprint_layout<T, N>& layout,
                   std::byte* scratch)
        : plan_(p),
          rules_(rules),
          layout_(layout),
          scratch_(scratch),
          row_(at<source_row>(layout.rows())),
          voxel_row_(at<const T*>(layout.voxel_rows())),
          alike_(at<mark>(layout.alike())),
          mixed_(at<std::uint16_t>(layout.mixed())),
          set_(at<std::uint16_t>(layout.slots(0))),
          box_(static_cast<std::size_t>(layout.base()) + 1) {
        find_voters();
    }

    /// Of a run of elements, the one that is looked at.
    void choose(index_t element) { element_ = element; }

    /// Writes all mips under a box of the base. False where its sets need more room than there is.
    bool make(const index_box<N>& box) {
        const index_t base = layout_.base();
        this->box(base) = box;
        for (index_t m = base; m > 0; --m) this->box(m - 1) = under(m, this->box(m));
        for (index_t m = 1; m <= base; ++m) {
            if (!make_mip(m)) return false;
        }
        return true;
    }

    /// Calls visit(window in the tile, its place at the base) for each.
    template <class Visit>
    void each_window(const Visit& visit) const {
        const index_box<N>& b = box_.back();
        index_array<N> count = extent(b);
        index_array<N> index = b.begin;
        std::size_t window = 0;
        do {
            visit(window++, index);
        } while (step(index, b.begin, count, 0));
    }

    // Of a window of the base.
    const T& label(std::size_t window) const { return labels(layout_.base())[window]; }
    /// 0 where all voxels are alike.
    std::size_t size(std::size_t window) const { return size_of_set(states(layout_.base())[window]); }
    const votes* set(std::size_t window) const {
        return arena(layout_.base()) + begin_of_set(states(layout_.base())[window]);
    }
    /// The votes of a window of any mip whose voxels are alike.
    votes of_like(index_t m, const T& label, const index_array<N>& index) const {
        votes all{1, label};
        for (std::size_t axis = 0; axis < N; ++axis) {
            const index_t begin = index[axis] * level(m).footprint[axis];
            all.count *= std::min(level(m).footprint[axis], level(0).extent[axis] - begin);
        }
        return all;
    }

private:
    using source_row = typename footprint_layout<T, N>::source_row;
    using mark = typename simd::alike_arguments<T>::mark;
    static constexpr index_t shortest_stream = 512;  // bytes
    static constexpr mark all_alike = static_cast<mark>(~mark{0});

    template <class U>
    U* at(std::size_t offset) const {
        return reinterpret_cast<U*>(scratch_ + offset);
    }
    const plan_level<T, N>& level(index_t m) const { return plan_.mip[static_cast<std::size_t>(m)]; }
    index_box<N>& box(index_t m) { return box_[static_cast<std::size_t>(m)]; }
    T* labels(index_t m) const { return at<T>(layout_.mip(m).labels); }
    mark* marks(index_t m) const { return at<mark>(layout_.mip(m).states); }
    window_state* states(index_t m) const { return at<window_state>(layout_.mip(m).states); }
    // The sets of a mip are built from those of the one before: two arenas in turns.
    votes* arena(index_t m) const { return at<votes>(layout_.arenas()) + (m % 2 == 0 ? most_votes : 0); }

    static index_array<N> extent(const index_box<N>& b) {
        index_array<N> count;
        for (std::size_t axis = 0; axis < N; ++axis) count[axis] = b.end[axis] - b.begin[axis];
        return count;
    }
    index_box<N> under(index_t m, const index_box<N>& b) const {
        index_box<N> below;
        for (std::size_t axis = 0; axis < N; ++axis) {
            below.begin[axis] = b.begin[axis] * level(m).factor[axis];
            below.end[axis] = std::min(b.end[axis] * level(m).factor[axis], level(m - 1).extent[axis]);
        }
        return below;
    }

    bool make_mip(index_t m) {
        const index_array<N> count = extent(box(m));
        index_array<N> index = box(m).begin;
        std::size_t window = 0;
        used_ = 0;
        do {
            list_rows(m, index);
            index_ = index;
            corner_ = footprint_of(plan_, m, index, element_).data;
            if (m == layout_.first_sets()) list_voxel_rows(m, index);
            T* label = labels(m) + window;
            alike_ = m < layout_.first_sets() ? marks(m) + window : at<mark>(layout_.alike());
            find_alike(m, label, count[0]);
            if (!count_mixed(m, label, window, count[0])) return false;
            write_row(m, label, level(m).at(index) + element_ * level(m).run_stride, count[0]);
            window += static_cast<std::size_t>(count[0]);
        } while (step(index, box(m).begin, count, 1));
        return true;
    }

    void write_row(index_t m, const T* label, T* out, index_t windows) const {
#if TINYBRAIN_HAS_VECTORS
        const index_t bytes = windows * index_t{sizeof(T)};
        if (layout_.streams(m) && bytes >= shortest_stream) {
            run<simd::copied_bytes>(simd::copy_arguments{reinterpret_cast<const std::byte*>(label),
                                                         reinterpret_cast<std::byte*>(out), bytes, true});
            return;
        }
#endif
        copy_row<T>(label, 1, 1, out, level(m).stride[0], 1, windows, 1);
    }

    // The rows of mip m - 1 under a row of mip m.
    void list_rows(index_t m, const index_array<N>& index) {
        const index_box<N>& below = box(m - 1);
        const index_array<N> pitch = extent(below);
        index_array<N> first, count;
        window_under(level(m), level(m - 1), index, first, count, 1);
        first[0] = below.begin[0];
        index_array<N> place = first;
        rows_ = 0;
        do {
            source_row& row = row_[rows_++];
            row.count = 1;
            for (std::size_t axis = 1; axis < N; ++axis) {
                const index_t begin = place[axis] * level(m - 1).footprint[axis];
                row.count *= std::min(level(m - 1).footprint[axis], level(0).extent[axis] - begin);
            }
            if (m == 1) {
                row.label = level(0).at(place) + element_ * level(0).run_stride;
                continue;
            }
            index_t offset = 0;
            for (std::size_t axis = N; axis-- > 1;) {
                offset = offset * pitch[axis] + place[axis] - below.begin[axis];
            }
            offset *= pitch[0];
            row.label = labels(m - 1) + offset;
            row.state = states(m - 1) + offset;
            row.alike = reinterpret_cast<const std::byte*>(marks(m - 1) + offset);
        } while (step(place, first, count, 1));
        voxels_ = pitch[0];
        factor_ = level(m).factor[0];
        footprint_ = level(m - 1).footprint[0];
        rest_ = level(0).extent[0] - below.begin[0] * footprint_;
    }

    // The rows of mip 0 under a row of mip m.
    void list_voxel_rows(index_t m, index_array<N> index) {
        index_array<N> first, count;
        for (std::size_t axis = 0; axis < N; ++axis) {
            first[axis] = index[axis] * level(m).footprint[axis];
            count[axis] = std::min(level(m).footprint[axis], level(0).extent[axis] - first[axis]);
        }
        index_array<N> place = first;
        voxel_rows_ = 0;
        do {
            voxel_row_[voxel_rows_++] = level(0).at(place) + element_ * level(0).run_stride;
        } while (step(place, first, count, 1));
    }

    // The label of each window of a row, and whether all of its voxels are alike.
    void find_alike(index_t m, T* label, index_t windows) {
        const index_t factor = level(m).factor[0];
        const index_t next = m == 1 ? level(0).stride[1] * level(1).factor[1] : 0;
        squares_ = m == 1 ? find_squares(label, next) : 0;
        for (index_t k = 0; k < rows_; ++k) {
            const T* row = row_[k].label;
            if (m == 1 && level(0).stride[0] != 1) {
                T* buffer = at<T>(layout_.row_buffer());
                copy_row<T>(row, level(0).stride[0], 1, buffer, 1, 1, voxels_, 1);
                row = buffer;
            }
            const index_t whole = factor <= 2 ? voxels_ / factor : 0;
            if (whole > squares_) {
                const simd::alike_arguments<T> a{row, next, label, alike_, whole, false};
                if (factor == 1) run<1>(a, k == 0);
                if (factor == 2) run<2>(a, k == 0);
            }
            for (index_t x = whole; x < windows; ++x) {
                const T* voxel = row + x * factor;
                const T* end = row + std::min((x + 1) * factor, voxels_);
                if (k == 0) {
                    alike_[x] = all_alike;
                    label[x] = *voxel++;
                }
                for (; voxel < end; ++voxel) {
                    if (!(*voxel == label[x])) alike_[x] = 0;
                }
            }
            if (m > layout_.first_sets()) {
                add_marks(factor, windows,
                          [state = row_[k].state](index_t i) { return state[i] == 0 ? all_alike : mark{0}; });
            } else if (m > 1) {
                const mark* alike = reinterpret_cast<const mark*>(row_[k].alike);
                add_marks(factor, windows, [alike](index_t i) { return alike[i]; });
            }
        }
        if constexpr (std::is_floating_point_v<T>) {
            // -0 is background where +0 is.
            for (index_t x = 0; x < windows; ++x) {
                if (rules_.is_background(label[x])) label[x] = rules_.background;
            }
        }
    }

    // How many windows of the row were squares, and have their modes already.
    index_t find_squares(T* label, index_t next) {
        const bool in_order = voter_[1].row == 0;
        const bool squares = voters_ == 4 && rows_ == 2 && factor_ == 2 && level(0).stride[0] == 1 &&
                             !rules_.sparse && rules_.tie != ties::lowest &&
                             (in_order || (countless_ && !std::is_floating_point_v<T>));
        if (!squares || layout_.first_sets() == 1) return 0;
        const simd::squares_arguments<T> a{
            {row_[0].label, row_[1].label}, next, label, alike_, voxels_ / 2, false};
        if (countless_) {
            run<simd::modes_of_squares<T, true>>(a);
        } else {
            run<simd::modes_of_squares<T, false>>(a);
        }
        return voxels_ / 2;
    }

    template <int Factor>
    void run(const simd::alike_arguments<T>& a, bool first) const {
        if (first) {
            run<simd::alike_in_row<T, Factor, true>>(a);
        } else {
            run<simd::alike_in_row<T, Factor, false>>(a);
        }
    }
    template <class Operation, class Arguments>
    void run(const Arguments& a) const {
#if TINYBRAIN_HAS_VECTORS
        simd::run_row<Operation>(simd_, a);
#else
        for (index_t x = 0; x < a.outputs; ++x) Operation::one(a, x);
#endif
    }

    // Windows of windows that are not alike are not, either.
    template <class Mark>
    void add_marks(index_t factor, index_t windows, const Mark& mark_of) {
        index_t x = 0;
        if (factor == 2) {
            for (; x < voxels_ / 2; ++x) {
                alike_[x] = static_cast<mark>(alike_[x] & mark_of(2 * x) & mark_of(2 * x + 1));
            }
        }
        for (; x < windows; ++x) {
            for (index_t i = x * factor; i < std::min((x + 1) * factor, voxels_); ++i) {
                alike_[x] = static_cast<mark>(alike_[x] & mark_of(i));
            }
        }
    }

    // The sets of windows that are not alike, and their modes for labels.
    bool count_mixed(index_t m, T* label, std::size_t window, index_t windows) {
        std::size_t mixed = 0;
        for (index_t x = squares_; x < windows; ++x) {
            mixed_[mixed] = static_cast<std::uint16_t>(x);
            mixed += alike_[x] == 0;
        }
        if (m < layout_.first_sets()) {
            for (std::size_t i = 0; i < mixed; ++i) label[mixed_[i]] = small_mode(mixed_[i]);
            return true;
        }
        window_state* state = states(m) + window;
        std::memset(state, 0, static_cast<std::size_t>(windows) * sizeof *state);
        for (std::size_t i = 0; i < mixed; ++i) {
            const index_t x = mixed_[i];
            if (!count_window(m, x, label[x], state[x])) return false;
        }
        return true;
    }
    bool count_window(index_t m, index_t x, T& label, window_state& state) {
        votes* set = arena(m) + used_;
        std::size_t size = 0;
        if (used_ + few_votes<T>::most + 2 <= most_votes) {
            if (m == layout_.first_sets()) {
                size = few_labels(m, x, set);
            } else {
                few_votes<T> few;
                if (list_votes(m - 1, x, few)) size = few.add_up(set);
            }
        }
        if (size == 0) {
            set_.open(set, 0, most_votes - used_);
            if (!(m == layout_.first_sets() ? add_voxels(m, x) : add_windows(m - 1, x))) return false;
            size = set_.size();
        }
        label = m == 1 && countless_ && is_full(x)
                    ? small_mode(x)
                    : election_.winner(set, size, corner_[x * level(m).footprint[0] * level(0).stride[0]],
                                       [&] { return footprint(m, x); });
        state = static_cast<window_state>(used_ << 16 | size);
        used_ += size;
        return true;
    }

    // The voxels along the rows of window x of mip m, from the first of the tile on: of mip 0, or of mip m
    // - 1.
    struct range {
        index_t begin;
        index_t end;
    };
    range voxels_of(index_t m, index_t x) const {
        const index_t footprint = level(m).footprint[0];
        return {x * footprint, std::min((x + 1) * footprint, rest_)};
    }
    range windows_of(index_t x) const { return {x * factor_, std::min((x + 1) * factor_, voxels_)}; }

    // Of window x of the row that is being made.
    strided_window<T, N> footprint(index_t m, index_t x) const {
        index_array<N> index = index_;
        index[0] += x;
        return footprint_of(plan_, m, index, element_);
    }

    // The voters of a window of mip 1, where they are few, in scan order.
    void find_voters() {
        const index_array<N>& count = level(1).factor;
        if (product_from(count, 0) > static_cast<index_t>(voter_.size())) return;
        index_array<N> scanned, place;
        for (std::size_t i = 0; i < N; ++i) scanned[i] = count[plan_.scan[i]];
        const index_array<N> none{};
        index_array<N> index{};
        do {
            for (std::size_t i = 0; i < N; ++i) place[plan_.scan[i]] = index[i];
            index_t row = 0;
            for (std::size_t axis = N; axis-- > 1;) row = row * count[axis] + place[axis];
            voter_[static_cast<std::size_t>(voters_++)] = {row, place[0]};
        } while (step(index, none, scanned, 0));
        countless_ =
            voters_ == 4 && rules_.tie == ties::countless && level(1).number == 1 && level(1).countless;
    }
    bool is_full(index_t x) const { return rows_ * (windows_of(x).end - windows_of(x).begin) == voters_; }

    // The mode of a window of mip 1 that is small.
    T small_mode(index_t x) const {
        std::array<T, few_votes<T>::most> label;
        if (!is_full(x)) {
            T* end = label.data();
            footprint(1, x).each([&](const T& voter) { *end++ = voter; });
            return mode_of_gathered(label.data(), end - label.data(), rules_);
        }
        const auto n = static_cast<std::size_t>(voters_);
        const index_t stride = level(0).stride[0];
        for (std::size_t i = 0; i < n; ++i) {
            label[i] = row_[voter_[i].row].label[(x * factor_ + voter_[i].x) * stride];
        }
        if (countless_) return countless_mode(label[0], label[1], label[2], label[3], rules_);
        if (rules_.sparse || rules_.tie == ties::lowest)
            return mode_of_gathered(label.data(), voters_, rules_);
        // No other label beats the first where that has half of the votes.
        std::size_t like_first = 0;
        for (std::size_t i = 0; i < n; ++i) like_first += label[i] == label[0];
        if (2 * like_first >= n) return label[0];
        // Where a label is seen first, most of its like are still to come.
        T mode = label[0];
        int most = 0;
        for (std::size_t i = 0; i < n; ++i) {
            int later = 0;
            for (std::size_t j = i + 1; j < n; ++j) later += label[j] == label[i];
            mode = later > most ? label[i] : mode;
            most = std::max(most, later);
        }
        return mode;
    }

    // The set of a window of two labels and a few voxels of others, without a branch on any. 0 where it has
    // more.
    std::size_t few_labels(index_t m, index_t x, votes* set) const {
        const range voxels = voxels_of(m, x);
        const index_t stride = level(0).stride[0];
        const index_t width = voxels.end - voxels.begin;
        const index_t begin = voxels.begin * stride;
        const index_t end = begin + width * stride;
        const T one = voxel_row_[0][begin];
        T other = one;
        index_t of_one = 0;
        for (index_t k = 0; k < voxel_rows_; ++k) {
            const T* row = voxel_row_[k];
            for (index_t i = begin; i != end; i += stride) {
                const bool equal = row[i] == one;
                of_one += equal;
                other = equal ? other : row[i];
            }
        }
        index_t of_other = 0;
        for (index_t k = 0; k < voxel_rows_; ++k) {
            const T* row = voxel_row_[k];
            for (index_t i = begin; i != end; i += stride) of_other += row[i] == other;
        }
        const index_t rest = voxel_rows_ * width - of_one - of_other;
        // A NaN does not even count for itself.
        if (rest > static_cast<index_t>(few_votes<T>::most) || of_one == 0 || of_other == 0) return 0;
        std::size_t size = 0;
        set[size] = {of_one, one};
        size += !rules_.is_background(one);
        set[size] = {of_other, other};
        size += !rules_.is_background(other);
        if (rest == 0) return size;
        few_votes<T> others;
        for (index_t k = 0; k < voxel_rows_; ++k) {
            const T* row = voxel_row_[k];
            for (index_t i = begin; i != end; i += stride) {
                const T label = row[i];
                if (others.size == others.most) break;
                others.add(label, 1, !(label == one) & !(label == other) & !rules_.is_background(label));
            }
        }
        return size + others.add_up(set + size);
    }

    bool add_voxels(index_t m, index_t x) {
        const range voxels = voxels_of(m, x);
        const index_t stride = level(0).stride[0];
        for (index_t k = 0; k < voxel_rows_; ++k) {
            const T* row = voxel_row_[k];
            for (index_t i = voxels.begin; i < voxels.end;) {
                const T label = row[i * stride];
                const index_t first = i++;
                while (i < voxels.end && row[i * stride] == label) ++i;
                if (rules_.is_background(label)) continue;
                if (!set_.add({i - first, label})) return false;
            }
        }
        return true;
    }

    // The votes of the windows of mip m under window x. False where they are too many.
    bool list_votes(index_t m, index_t x, few_votes<T>& list) const {
        const votes* sets = arena(m);
        const range windows = windows_of(x);
        for (index_t k = 0; k < rows_; ++k) {
            for (index_t i = windows.begin; i < windows.end; ++i) {
                const window_state state = row_[k].state[i];
                if (list.size + std::max<std::size_t>(1, size_of_set(state)) > list.most) return false;
                if (state == 0) {
                    const votes v = votes_of_alike(k, i);
                    list.add(v.label, v.count, !rules_.is_background(v.label));
                    continue;
                }
                const votes* v = sets + begin_of_set(state);
                for (const votes* end = v + size_of_set(state); v != end; ++v) {
                    list.add(v->label, v->count, true);
                }
            }
        }
        return true;
    }
    votes votes_of_alike(index_t row, index_t x) const {
        const index_t across = std::min(footprint_, rest_ - x * footprint_);
        return {row_[row].count * across, row_[row].label[x]};
    }

    bool add_windows(index_t m, index_t x) {
        const range windows = windows_of(x);
        const votes* sets = arena(m);
        for (index_t k = 0; k < rows_; ++k) {
            for (index_t i = windows.begin; i < windows.end; ++i) {
                const window_state state = row_[k].state[i];
                if (state == 0) {
                    const votes all = votes_of_alike(k, i);
                    if (!rules_.is_background(all.label) && !set_.add(all)) return false;
                    continue;
                }
                const votes* v = sets + begin_of_set(state);
                for (const votes* end = v + size_of_set(state); v != end; ++v) {
                    if (!set_.add(*v)) return false;
                }
            }
        }
        return true;
    }

    const plan<T, N>& plan_;
    const mode_rules<T>& rules_;
    const footprint_layout<T, N>& layout_;
    std::byte* scratch_;
    source_row* row_;
    index_t rows_ = 0;
    index_t voxels_ = 0;         // of each
    const T* corner_ = nullptr;  // the first voxel of mip 0 under the row that is being made
    election<T> election_{rules_};
    index_t factor_ = 1;  // along each
    const T** voxel_row_;
    index_t voxel_rows_ = 0;
    index_t squares_ = 0;
    // Along the rows: what one of those voxels spans of mip 0, and what there is of mip 0 from the first on.
    index_t footprint_ = 1;
    index_t rest_ = 0;
    mark* alike_;           // all bits set, or 0
    std::uint16_t* mixed_;  // the windows of a row that are not alike
    simd::level simd_ = std::min(simd::current_level(), simd::level::avx2);
    vote_set<T> set_;
    std::size_t used_ = 0;  // of the arena
    index_t element_ = 0;
    index_array<N> index_{};  // of the first window of the row that is being made
    struct voter_place {
        index_t row;
        index_t x;
    };
    std::array<voter_place, few_votes<T>::most> voter_;
    index_t voters_ = 0;  // of a full window of mip 1; 0 where they are many
    bool countless_ = false;
    std::vector<index_box<N>> box_;  // what the tile is at each mip
};

/// A window that outgrew its set.
template <std::size_t N>
struct unknown_window {
    index_t mip;
    index_t element;
    index_array<N> index;
};

/// The walk of one task: tiles, and above them windows, depth first.
template <class T, std::size_t N>
class footprint_walk {
public:
    using votes = label_votes<T>;

    /// Mips 1 ... top.
    footprint_walk(const plan<T, N>& p, const mode_rules<T>& rules, const footprint_layout<T, N>& layout,
                   index_t base, index_t top, std::byte* scratch, vote_store<T>* store)
        : plan_(p),
          rules_(rules),
          layout_(layout),
          base_(base),
          top_(top),
          scratch_(scratch),
          store_(store),
          tile_(p, rules, layout, scratch),
          stack_(reinterpret_cast<votes*>(scratch + layout.stack())),
          set_(reinterpret_cast<std::uint16_t*>(scratch + layout.slots(1))),
          begin_(p.mip.size()),
          unknown_from_(top + 1) {}

    /// Everything under a box of mip top. The sets of the top go to the store, if there is one.
    void from_input(const index_box<N>& box) {
        for (element_ = 0; element_ < plan_.run; ++element_) {
            tile_.choose(element_);
            if (top_ == base_) {
                each_tile(box, [&] { store_tile(); });
            } else {
                each_window(box, [&](const index_array<N>& index) {
                    window(top_, index);
                    if (store_ != nullptr) store_window(index);
                    close(top_);
                });
            }
        }
    }

    /// Everything above mip base, whose sets are in the store. Windows that outgrew their sets are left out,
    /// and listed.
    void from_store(std::vector<unknown_window<N>>& unknown) {
        unknown_ = &unknown;
        const index_box<N> box{{}, level(top_).extent};
        for (element_ = 0; element_ < plan_.run; ++element_) {
            tile_.choose(element_);
            each_window(box, [&](const index_array<N>& index) {
                window(top_, index);
                close(top_);
            });
        }
    }

    /// Counts a window by itself.
    void count(const unknown_window<N>& w) {
        element_ = w.element;
        write(w.mip, w.index, counted(w.mip, w.index));
    }

    /// The number of a window of mip m and of one element of it in a store.
    static index_t number_of(const plan<T, N>& p, index_t m, const index_array<N>& index, index_t element) {
        index_t number = 0;
        for (std::size_t axis = N; axis-- > 0;) {
            number = number * p.mip[static_cast<std::size_t>(m)].extent[axis] + index[axis];
        }
        return number * p.run + element;
    }

private:
    const plan_level<T, N>& level(index_t m) const { return plan_.mip[static_cast<std::size_t>(m)]; }
    std::size_t& begin(index_t m) { return begin_[static_cast<std::size_t>(m)]; }

    template <class Visit>
    static void each_window(const index_box<N>& box, const Visit& visit) {
        index_array<N> count;
        for (std::size_t axis = 0; axis < N; ++axis) count[axis] = box.end[axis] - box.begin[axis];
        index_array<N> index = box.begin;
        do {
            visit(index);
        } while (step(index, box.begin, count, 0));
    }

    template <class Visit>
    static void each_piece(const index_box<N>& box, const index_array<N>& size, const Visit& visit) {
        index_box<N> pieces;
        for (std::size_t axis = 0; axis < N; ++axis) {
            pieces.end[axis] = ceil_quotient(box.end[axis] - box.begin[axis], size[axis]);
        }
        each_window(pieces, [&](const index_array<N>& piece) {
            index_box<N> part;
            for (std::size_t axis = 0; axis < N; ++axis) {
                part.begin[axis] = box.begin[axis] + piece[axis] * size[axis];
                part.end[axis] = std::min(part.begin[axis] + size[axis], box.end[axis]);
            }
            visit(part);
        });
    }

    // Calls then() with each tile of a box made.
    template <class Then>
    void each_tile(const index_box<N>& box, const Then& then) {
        each_piece(box, layout_.tile(), [&](const index_box<N>& tile) {
            if (tile_.make(tile)) return then();
            each_piece(tile, layout_.safe_tile(), [&](const index_box<N>& part) {
                tile_.make(part);
                then();
            });
        });
    }

    void store_tile() {
        if (store_ == nullptr) return;
        tile_.each_window([&](std::size_t window, const index_array<N>& index) {
            store_->put(number_of(plan_, top_, index, element_), tile_.label(window), tile_.set(window),
                        tile_.size(window));
        });
    }
    void store_window(const index_array<N>& index) {
        const index_t number = number_of(plan_, top_, index, element_);
        if (unknown_from_ <= top_) return store_->put_unknown(number);
        store_->put(number, rules_.background, stack_ + begin(top_), end_ - begin(top_));
    }

    // Makes a window above the base and leaves its set as the last of the stack.
    void window(index_t m, const index_array<N>& index) {
        begin(m) = end_;
        index_box<N> below;
        for (std::size_t axis = 0; axis < N; ++axis) {
            below.begin[axis] = index[axis] * level(m).factor[axis];
            below.end[axis] = std::min(below.begin[axis] + level(m).factor[axis], level(m - 1).extent[axis]);
        }
        if (m - 1 == base_) {
            set_.open(stack_ + end_, 0, most_votes - end_);
            if (unknown_ != nullptr) {
                each_window(below, [&](const index_array<N>& child) { add_stored(m, child); });
            } else {
                each_tile(below, [&] { add_tile(m); });
            }
            end_ = begin(m) + (knows(m) ? set_.size() : 0);
        } else {
            each_window(below, [&](const index_array<N>& child) {
                window(m - 1, child);
                close(m - 1);
                merge_last(m);
            });
        }
        if (knows(m)) {
            const auto window = [&] { return footprint_of(plan_, m, index, element_); };
            write(m, index,
                  election<T>(rules_).winner(stack_ + begin(m), end_ - begin(m), *window().data, window));
        } else if (unknown_ != nullptr) {
            unknown_->push_back({m, element_, index});
        } else {
            write(m, index, counted(m, index));
        }
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
            set_.open(stack_ + begin(m), last - begin(m), most_votes);
            for (std::size_t i = last; i < end_; ++i) set_.add(stack_[i]);
            end_ = begin(m) + set_.size();
        } else {
            end_ = last;
        }
    }

    void add_tile(index_t m) {
        tile_.each_window([&](std::size_t window, const index_array<N>& index) {
            add(m, index, tile_.label(window), tile_.set(window), tile_.size(window));
        });
    }
    void add_stored(index_t m, const index_array<N>& index) {
        const index_t number = number_of(plan_, base_, index, element_);
        if (store_->knows(number)) {
            add(m, index, store_->label(number), store_->votes(number), store_->size(number));
        } else {
            while (knows(m)) forget_highest(m);
        }
    }

    // Adds a window of the base to the open one of mip m.
    void add(index_t m, const index_array<N>& index, const T& label, const votes* set, std::size_t size) {
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

    T counted(index_t m, const index_array<N>& index) const {
        using counter = label_counter<T>;
        auto* table = reinterpret_cast<typename counter::slot*>(scratch_ + layout_.arenas());
        return counter(table, rules_).mode(footprint_of(plan_, m, index, element_));
    }

    void write(index_t m, const index_array<N>& index, const T& label) const {
        level(m).at(index)[element_ * level(m).run_stride] = label;
    }

    const plan<T, N>& plan_;
    const mode_rules<T>& rules_;
    const footprint_layout<T, N>& layout_;
    index_t base_;
    index_t top_;
    std::byte* scratch_;
    vote_store<T>* store_;
    std::vector<unknown_window<N>>* unknown_ = nullptr;
    footprint_tile<T, N> tile_;
    // The sets of the open windows, the highest mip's first.
    votes* stack_;
    vote_set<T> set_;  // the last of them
    std::vector<std::size_t> begin_;
    std::size_t end_ = 0;
    index_t unknown_from_;  // the lowest open mip that outgrew its set
    index_t element_ = 0;
};

/// The mip that tasks end at: the highest with voxels enough to share out, if the sets of those can be held.
template <class T, std::size_t N>
index_t mip_of_tasks(const plan<T, N>& p) {
    constexpr index_t enough = 64;
    const auto voxels = [&](index_t m) { return product_from(p.mip[static_cast<std::size_t>(m)].extent, 0); };
    index_t m = p.depth();
    while (m > 1 && voxels(m) < enough && voxels(m - 1) * p.run <= vote_store<T>::most_windows) --m;
    return m;
}

/// Computes the whole plan. False, and nothing done, where windows are too large for tiles.
template <class T, std::size_t N>
bool count_footprints(const plan<T, N>& p, const mode_rules<T>& rules, const executor& run_on) {
    const index_t depth = p.depth();
    if (depth == 0) return true;
    const index_t top = run_on ? mip_of_tasks(p) : depth;
    footprint_layout<T, N> layout(p, top);
    if (layout.base() == 0) return false;
    const bool tiles_are_tasks = layout.base() == top;
    index_array<N> size;
    index_array<N> pieces;
    const auto cut = [&] {
        size.fill(1);
        if (tiles_are_tasks) size = layout.tile();
        const auto& extent = p.mip[static_cast<std::size_t>(top)].extent;
        for (std::size_t axis = 0; axis < N; ++axis) pieces[axis] = ceil_quotient(extent[axis], size[axis]);
        return product_from(pieces, 0);
    };
    index_t count = cut();
    while (run_on && tiles_are_tasks && count < 64 && layout.halve_tiles()) count = cut();

    std::optional<vote_store<T>> store;
    if (top < depth) store.emplace(product_from(p.mip[static_cast<std::size_t>(top)].extent, 0) * p.run);
    scratch_pool pool(layout.bytes());
    const auto walk = [&](index_t base, index_t highest, std::byte* scratch) {
        return footprint_walk<T, N>(p, rules, layout, base, highest, scratch, store ? &*store : nullptr);
    };
    const index_t input_bytes = product_from(p.mip[0].extent, 0) * p.run * index_t{sizeof(T)};
    constexpr index_t bytes_a_task = index_t{1} << 18;
    const index_t pieces_a_task =
        std::clamp<index_t>(bytes_a_task / std::max<index_t>(1, input_bytes / count), 1, count);
    run_tasks(run_on, ceil_quotient(count, pieces_a_task), [&](index_t task) {
        const scratch_pool::lease scratch(pool);
        footprint_walk<T, N> here = walk(layout.base(), top, scratch.data());
        const index_t end = std::min((task + 1) * pieces_a_task, count);
        for (index_t piece = task * pieces_a_task; piece < end; ++piece) {
            index_box<N> box;
            index_t rest = piece;
            for (std::size_t axis = 0; axis < N; ++axis) {
                box.begin[axis] = rest % pieces[axis] * size[axis];
                box.end[axis] =
                    std::min(box.begin[axis] + size[axis], p.mip[static_cast<std::size_t>(top)].extent[axis]);
                rest /= pieces[axis];
            }
            here.from_input(box);
        }
        simd::stream_fence();
    });
    if (!store) return true;

    std::vector<unknown_window<N>> unknown;
    {
        const scratch_pool::lease scratch(pool);
        walk(top, depth, scratch.data()).from_store(unknown);
    }
    run_tasks(run_on, static_cast<index_t>(unknown.size()), [&](index_t task) {
        const scratch_pool::lease scratch(pool);
        walk(top, depth, scratch.data()).count(unknown[static_cast<std::size_t>(task)]);
    });
    return true;
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
