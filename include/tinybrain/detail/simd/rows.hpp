// How a kernel walks a row that is longer than a vector: whole vectors, then one more that ends where the row
// ends; where the row is streamed, its whole cache lines first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <tinybrain/detail/base/index_math.hpp>
#include <tinybrain/detail/simd/dispatch.hpp>
#include <tinybrain/detail/simd/vec.hpp>

#if TINYBRAIN_HAS_VECTORS

TINYBRAIN_NAMESPACE_BEGIN
namespace detail::simd {

/// Whether arguments ask for streaming stores: those of some operations never do.
template <class Arguments>
TINYBRAIN_VECTOR_INLINE bool streams(const Arguments& a) {
    if constexpr (requires { a.stream; }) {
        return a.stream;
    } else {
        return false;
    }
}

/// What is streamed of a row: elements [begin, end), whole cache lines, for a line that is streamed in part
/// costs as much as a dozen. None of a row of a few lines; and at either end nothing is left, or a block and
/// more.
struct whole_lines {
    index_t begin = 0;
    index_t end = 0;

    whole_lines() = default;
    /// Of a row of so many elements at an address, in blocks of so many.
    whole_lines(const void* row, index_t elements, index_t block, index_t bytes) {
        constexpr index_t line = 64;
        constexpr index_t fewest_lines = 8;
        const auto past = static_cast<index_t>(reinterpret_cast<std::uintptr_t>(row) % line);
        const index_t size = elements * bytes;
        index_t first = past == 0 ? 0 : line - past;
        index_t last = size - (past + size) % line;
        if (first > 0 && first < block * bytes) first += line;
        if (last < size && size - last < block * bytes) last -= line;
        if (last - first < fewest_lines * line || line % (block * bytes) != 0 || first % bytes != 0) return;
        begin = first / bytes;
        end = last / bytes;
    }
};

/// A row operation `Operation` on arguments `a`, where a.outputs elements are made at a.out, offers
///   outputs<Bytes>               how many elements a block makes
///   block<Bytes>(a, x, stream)   makes those from element x on; with streaming stores, if asked
/// Making an element twice must do no harm: neither its inputs nor anything else may lie where it is written.
/// Blocks that are stored stand here once: three copies for first, middle and last cost compile time, and
/// made GCC 12.2 crash in merging them.
template <class Operation, std::size_t Bytes, class Arguments>
TINYBRAIN_VECTOR_INLINE void each_block(const Arguments& a) {
    constexpr auto n = static_cast<index_t>(Operation::template outputs<Bytes>);
    const index_t last = a.outputs - n;
    index_t x = 0;
    index_t end = last;  // of the blocks that are stored, before lines that are streamed or behind
    index_t behind = 0;
    if (streams(a)) {
        const whole_lines lines(a.out, a.outputs, n, sizeof(*a.out));
        for (x = lines.begin; x < lines.end; x += n) Operation::template block<Bytes>(a, x, true);
        behind = lines.end;
        if (lines.begin > 0) {
            x = 0;
            end = lines.begin - n;
        }
        if (x == a.outputs) return;
    }
    while (true) {
        Operation::template block<Bytes>(a, x, false);
        if (x < end) {
            x = std::min(x + n, end);
        } else if (end == last || behind == a.outputs) {
            return;
        } else {
            x = behind;
            end = last;
        }
    }
}

/// A kernel, for dispatch.hpp, of a row operation on arguments that come in groups, from one to the next of
/// which a.step() leads.
template <class Operation>
struct groups_kernel {
    template <std::size_t Bytes, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void run(const Arguments& arguments) {
        // A copy that nothing else can point to stays in registers.
        Arguments a = arguments;
        for (index_t group = 0; group < arguments.groups; ++group) {
            each_block<Operation, Bytes>(a);
            a.step();
        }
    }
};

/// Runs a row operation on groups of rows that are longer than a vector; else false.
template <class Operation, class Arguments>
bool run_groups(const Arguments& a) {
    if (a.outputs < static_cast<index_t>(Operation::template outputs<vector_bytes>)) return false;
    run<groups_kernel<Operation>>(a);
    return true;
}

/// What memory is asked for while groups of rows are worked on. The hardware stops at each page; without this
/// a 2x2 average of a volume in memory runs at half the speed.
struct rows_ahead {
    bool wanted = false;
    // All rows of a group in step, a constant distance ahead. But AMD's like one row of the next group after
    // the other, while this one is worked on (bench/README.md).
    bool in_turn = false;
    index_t row_bytes = 0;  // that are read
    // In step, bytes from where the kernel is to what it asks for: up to a place along the row, and from
    // there on, where that is in a later group.
    index_t here = 0;
    index_t turn = 0;
    index_t there = 0;

    // No multiple of half a page: those are in each other's way.
    static constexpr index_t distance = 47 * 64;

    rows_ahead() = default;
    /// Of rows that are `next` bytes from those of the next group.
    rows_ahead(bool from_memory, index_t row, index_t next, index_t groups)
        : wanted(from_memory), in_turn(groups > 1 && is_amd()), row_bytes(row) {
        const index_t whole = groups > 1 ? distance / std::max<index_t>(1, row_bytes) : 0;
        const index_t rest = distance - whole * row_bytes;
        here = whole * next + rest;
        turn = groups > 1 ? row_bytes - rest : row_bytes;
        there = here + next - row_bytes;
    }

    /// Where to ask for what a kernel at an offset along the rows will need.
    TINYBRAIN_FORCE_INLINE index_t from(index_t offset) const {
        return offset + (offset < turn ? here : there);
    }

private:
    static bool is_amd() {
#if defined(__x86_64__)
        return __builtin_cpu_is("amd") != 0;
#else
        return false;
#endif
    }
};

/// What a kernel of small windows gets: 1, 2 or 4 rows, the last as two by two: rows 0 and 1 along axis 1,
/// rows 2 and 3 the same one step along another. Then the same again, `groups` times, `next` bytes on.
template <class Out>
struct rows_arguments {
    const std::byte* row[4];  // as many as are needed, the others like the first
    index_t rows;
    index_t next;  // bytes to the next group's rows
    rows_ahead ahead;
    index_t groups;
    index_t out_next;  // elements from one group's output to the next one's
    Out* out;
    index_t outputs;
    bool stream;

    TINYBRAIN_VECTOR_INLINE void step() {
        // All four, and no loop: with one GCC keeps none of them in a register.
        row[0] += next;
        row[1] += next;
        row[2] += next;
        row[3] += next;
        out += out_next;
    }
};

template <class Source>
TINYBRAIN_VECTOR_INLINE Source scalar_at(const std::byte* row, index_t x) {
    Source value;
    std::memcpy(&value, row + static_cast<std::size_t>(x) * sizeof(Source), sizeof value);
    return value;
}

template <class T, std::size_t B>
TINYBRAIN_VECTOR_INLINE void store_or_stream(bool streaming, void* to, const vec<T, B>& a) {
    if (streaming) {
        stream(to, a);
    } else {
        store(to, a);
    }
}

/// Bytes copied, with streaming stores if asked.
struct line_copy {
    const std::byte* from;
    std::byte* out;
    index_t outputs;
    bool stream;
    index_t groups = 1;
    TINYBRAIN_VECTOR_INLINE void step() {}
};
struct copied_bytes {
    template <std::size_t B>
    static constexpr std::size_t outputs = B;

    template <std::size_t B, class Arguments>
    TINYBRAIN_VECTOR_INLINE static void block(const Arguments& a, index_t x, bool stream) {
        store_or_stream(stream, a.out + x, load<std::uint8_t, B>(a.from + x));
    }
};

template <std::size_t Bytes>
TINYBRAIN_VECTOR_INLINE void prefetch_lines(const std::byte* address) {
    prefetch(address);
    for (std::size_t line = 64; line < Bytes; line += 64) prefetch(address + line);
}

/// Asks for what will be needed next, Bytes for each row, when the kernel is at an offset of them.
template <int Rows, std::size_t Bytes, class Arguments>
TINYBRAIN_VECTOR_INLINE void prefetch_rows(const Arguments& a, index_t offset) {
    const rows_ahead& ahead = a.ahead;
    if (!ahead.wanted) return;
    const index_t rows = Rows == 0 ? a.rows : Rows;
    // No loop over a.row, which would keep it in memory.
    if (!ahead.in_turn) {
        offset = ahead.from(offset);
        prefetch_lines<Bytes>(a.row[0] + offset);
        if (rows > 1) prefetch_lines<Bytes>(a.row[1] + offset);
        if (rows > 2) prefetch_lines<Bytes>(a.row[2] + offset);
        if (rows > 2) prefetch_lines<Bytes>(a.row[3] + offset);
        return;
    }
    const std::byte* row = a.row[0];
    offset *= rows;
    if (rows > 1 && offset >= ahead.row_bytes) {
        offset -= ahead.row_bytes;
        row = a.row[1];
        if (rows > 2 && offset >= ahead.row_bytes) {
            offset -= ahead.row_bytes;
            row = a.row[2];
            if (offset >= ahead.row_bytes) {
                offset -= ahead.row_bytes;
                row = a.row[3];
            }
        }
    }
    row += offset + a.next;
    for (index_t k = 0; k < rows; ++k, row += Bytes) prefetch_lines<Bytes>(row);
}

}  // namespace detail::simd
TINYBRAIN_NAMESPACE_END

#endif
