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
class op_pooling final : public pooling {
public:
    explicit op_pooling(const Op& op, bool replicates = false) : op_(op), replicates_(replicates) {}

    state_form form(index_t) const override { return {index_t{sizeof(state)}, 1}; }
    bool in_order() const override { return true; }
    bool sees_places() const override { return mends; }
    bool replicates() const override { return replicates_; }

    void merge(const merge_rows& r) const override {
        for (index_t group = 0; group < r.groups; ++group) {
            std::byte* columns = r.columns.data + group * r.columns.pitch;
            for (index_t k = 0; k < r.rows; k += r.inner) {
                for (index_t i = 0; i < r.elements; ++i) {
                    const auto at = [&](index_t row) {
                        const std::byte* from = r.row[row] + group * r.next;
                        return r.mip == 1 ? op_.lift(get<T>(from, i)) : get<state>(from, i);
                    };
                    state s = at(k);
                    for (index_t j = 1; j < r.inner; ++j) s = op_.merge(s, at(k + j));
                    put(columns, i, r.more || k > 0 ? op_.merge(get<state>(columns, i), s) : s);
                }
            }
        }
    }

    void fold(const fold_rows& r) const override {
        for (index_t row = 0; row < r.rows; ++row) {
            const std::byte* columns = r.columns.data + row * r.columns.pitch;
            std::byte* states = r.states.data + row * r.states.pitch;
            for (index_t x = 0; x < r.voxels; x += r.factor) {
                const index_t n = std::min(r.factor, r.voxels - x);
                for (index_t c = 0; c < r.run; ++c) {
                    const index_t to = x / r.factor * r.run + c;
                    state s = get<state>(columns, x * r.run + c);
                    if (r.more) s = op_.merge(get<state>(states, to), s);
                    for (index_t i = 1; i < n; ++i)
                        s = op_.merge(s, get<state>(columns, (x + i) * r.run + c));
                    put(states, to, s);
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
        if constexpr (mends) op_.mend(r);
    }

private:
    static constexpr bool mends = requires(const Op& op, const finish_rows& r) { op.mend(r); };
    using state = std::remove_cvref_t<decltype(std::declval<const Op&>().lift(std::declval<const T&>()))>;

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
