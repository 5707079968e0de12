// A pooling from an operation on voxels, in plain loops: what runs where there are no vectors, and for what
// is too rare to have any.
#pragma once

#include <concepts>
#include <cstring>
#include <type_traits>

#include <tinybrain/detail/drive/rows.hpp>

TINYBRAIN_NAMESPACE_BEGIN

/// An operation that downsample_with() can take: how a voxel becomes a state, how two states become one, and
/// how a state becomes a voxel.
///
/// merge must not depend on the order or the grouping of what it merges (a sum, an extreme, a union), or
/// results would depend on tiles and threads. One voxel must give itself, finish(lift(v), 1) == v: a mip that
/// reduces nothing is copied. `voxels` is how many voxels of mip 0 the state stands for.
template <class Op, class T>
concept pooling_op = requires(const Op& op, const T& voxel, const decltype(op.lift(voxel))& state,
                              index_t voxels) {
    requires std::is_trivially_copyable_v<std::remove_cvref_t<decltype(state)>>;
    { op.merge(state, state) } -> std::same_as<std::remove_cvref_t<decltype(state)>>;
    { op.finish(state, voxels) } -> std::same_as<T>;
};

namespace detail {

template <class Op, class T>
class op_pooling : public pooling {
public:
    explicit op_pooling(const Op& op, bool replicates = false) : op_(op), replicates_(replicates) {}

    state_form form(index_t) const override { return {index_t{sizeof(state)}, 1}; }
    bool replicates() const override { return replicates_; }

    void merge(const merge_rows& r) const override {
        for (index_t group = 0; group < r.groups; ++group) {
            std::byte* columns = r.columns.data + group * r.columns.pitch;
            for (index_t k = 0; k < r.rows; ++k) {
                const std::byte* row = r.row[k] + group * r.next;
                const bool more = r.more || k > 0;
                for (index_t i = 0; i < r.elements; ++i) {
                    const state s = r.mip == 1 ? op_.lift(get<T>(row, i)) : get<state>(row, i);
                    put(columns, i, more ? op_.merge(get<state>(columns, i), s) : s);
                }
            }
        }
    }

    // In the order of simd/row_kernels.hpp, for where merging rounds: pairs while the factor is even, then
    // from the left; long and cut windows by halves.
    void fold(const fold_rows& r) const override {
        for (index_t row = 0; row < r.rows; ++row) {
            std::byte* columns = r.columns.data + row * r.columns.pitch;
            std::byte* states = r.states.data + row * r.states.pitch;
            const index_t windows = r.voxels / r.factor;
            for (index_t w = 0; w <= windows; ++w) {
                const index_t n = w < windows ? r.factor : r.voxels - windows * r.factor;
                for (index_t c = 0; c < r.run && n > 0; ++c) {
                    const index_t first = w * r.factor * r.run + c;
                    state s =
                        w < windows ? whole_window(columns, first, r) : halved(columns, first, n, r.run);
                    if (w == windows && r.last_twice) s = op_.merge(s, s);
                    if (r.more) s = op_.merge(s, get<state>(states, w * r.run + c));
                    put(states, w * r.run + c, s);
                }
            }
        }
    }

    void finish(const finish_rows& r) const override {
        for (index_t row = 0; row < r.rows; ++row) {
            const std::byte* states = r.states.data + row * r.states.pitch;
            std::byte* out = r.out.data + row * r.out.pitch;
            for (index_t i = 0; i < r.elements; ++i) put(out, i, op_.finish(get<state>(states, i), r.count));
        }
    }

private:
    using state = std::remove_cvref_t<decltype(std::declval<const Op&>().lift(std::declval<const T&>()))>;

    state whole_window(std::byte* columns, index_t first, const fold_rows& r) const {
        index_t n = r.factor;
        if (r.run == 1 && n <= longest_paired_window) {
            for (; n % 2 == 0; n /= 2) {
                for (index_t i = 0; i < n / 2; ++i) {
                    put(columns, first + i,
                        op_.merge(get<state>(columns, first + 2 * i),
                                  get<state>(columns, first + 2 * i + 1)));
                }
            }
        }
        if (n > longest_running_window) return halved(columns, first, n, r.run);
        state s = get<state>(columns, first);
        for (index_t i = 1; i < n; ++i) s = op_.merge(s, get<state>(columns, first + i * r.run));
        return s;
    }
    state halved(std::byte* columns, index_t first, index_t n, index_t run) const {
        while (n > 1) {
            const index_t half = n / 2;
            for (index_t i = 0; i < half; ++i) {
                put(columns, first + i * run,
                    op_.merge(get<state>(columns, first + i * run),
                              get<state>(columns, first + (n - half + i) * run)));
            }
            n -= half;
        }
        return get<state>(columns, first);
    }

    // Through memcpy: a buffer of states is as aligned as the elements before them leave it.
    template <class U>
    static U get(const std::byte* row, index_t i) {
        U value;
        std::memcpy(&value, row + i * index_t{sizeof(U)}, sizeof value);
        return value;
    }
    template <class U>
    static void put(std::byte* row, index_t i, const U& value) {
        std::memcpy(row + i * index_t{sizeof(U)}, &value, sizeof value);
    }

    const Op& op_;
    bool replicates_;
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
