// What the driver and a pooling say to each other: rows of voxels, of columns and of states.
//
// A pooling turns voxels into states, merges states, and makes voxels of states. It sees rows, several at a
// time along axis 1 (a group of rows for each row of windows), and nothing of axes, tiles, mips or threads.
// States lie in planes, one of sums, say, and one of counts. Rows of states and of columns are written from
// the first to the last, each from its start to its end, so that a vector may be read and written past the
// end of one: `slack` bytes are left after the last.
#pragma once

#include <cstddef>

#include <tinybrain/detail/drive/plan.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

inline constexpr index_t slack = 64;  // bytes

/// The most rows under a window that are handed over together.
inline constexpr index_t most_rows_at_once = 64;

/// What a state of some mip is made of: a number of `lane_bytes` in each plane.
struct state_form {
    index_t lane_bytes;
    index_t planes;
    index_t bytes() const { return lane_bytes * planes; }
};

/// Rows of states, or of voxels: the first, and the way to the next. In bytes.
struct state_rows {
    std::byte* data = nullptr;
    index_t pitch = 0;  // from a row to the next
    index_t plane = 0;  // from a plane to the next
};
struct voxel_rows {
    std::byte* data = nullptr;
    index_t pitch = 0;    // bytes
    bool stream = false;  // past the caches, for they have better to hold
};

/// Merging across rows: columns = (columns and) all rows, element by element.
struct merge_rows {
    index_t mip;  // of the windows: the rows are voxels where it is 1, else states
    const std::byte* const* row;
    index_t rows;
    index_t next;      // bytes to the rows of the next group
    index_t plane;     // bytes between planes
    index_t elements;  // of each row
    index_t groups;
    bool more;  // columns hold something already; groups is 1 then
    state_rows columns;
    index_t inner = 1;  // so many rows that follow each other are merged first, for poolings that go in order
    index_t ahead = 0;  // bytes from these rows to those that will be needed from memory next, or 0
};

/// Merging along rows: each `factor` neighbours become one. Fewer voxels than that are a part of one window.
struct fold_rows {
    index_t mip;
    state_rows columns;
    index_t voxels;  // of each row
    index_t factor;
    index_t run;  // interleaved elements of each voxel
    index_t rows;
    bool more;  // states holds something already: one window, of which this is a part
    state_rows states;
};

/// Voxels of states.
struct finish_rows {
    index_t mip;
    state_rows states;
    index_t elements;  // of each row
    index_t rows;
    index_t count;  // voxels of mip 0 under each
    voxel_rows out;
    axes index;  // of the first
};

/// Windows with all of their rows.
struct window_rows {
    index_t mip = 1;
    const std::byte* row[most_rows_at_once];  // under the first group's windows, axis 1 fastest
    index_t rows = 0;
    index_t next = 0;     // bytes to the rows of the next group
    index_t plane = 0;    // bytes between planes
    index_t voxels = 0;   // of each row
    index_t windows = 0;  // along each row
    index_t factor = 1;
    index_t run = 1;
    index_t groups = 1;
    bool goes_down = false;    // the next window's voxels go to the next row of out, not behind
    bool from_memory = false;  // not from a cache
    index_t count = 1;         // voxels of mip 0 under each window
    index_t inner = 1;         // as of merge_rows
    axes index{};              // of the first window
    axes window = unit_axes;   // extents of the window across the row
    state_rows states;         // null where nobody needs them
    voxel_rows out;
};

/// A pooling whose states merge in any order.
class pooling {
public:
    /// A state of a mip; the merged columns under its windows have the same form.
    virtual state_form form(index_t mip) const = 0;
    virtual void merge(const merge_rows& r) const = 0;
    virtual void fold(const fold_rows& r) const = 0;
    virtual void finish(const finish_rows& r) const = 0;
    /// All three at once, where a pooling has code for these windows: makes the first so many of each row,
    /// and says how many.
    virtual index_t pool(const window_rows&) const { return 0; }
    /// Whether it is pool() or nothing: states do not merge, and all windows are small.
    virtual bool only_pools() const { return false; }
    /// Whether merging rounds, so that its order is part of the result: along the axis of the largest stride
    /// first, along the row last, each from its start. So it does not matter which axes are there at all, or
    /// where tiles and chunks end.
    virtual bool in_order() const { return false; }
    /// Bytes of input that are worth a task: a thread takes as long to start as half a megabyte to be
    /// averaged.
    virtual index_t bytes_a_task() const { return index_t{1} << 20; }
    /// Whether it looks at the volume itself, at the index that it is told: windows must be where they are.
    virtual bool sees_places() const { return false; }
    /// edges::replicate.
    virtual bool replicates() const { return false; }

protected:
    ~pooling() = default;
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
