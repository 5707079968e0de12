// States that are voxels: what minima, maxima, modes and striding have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <tinybrain/detail/fold.hpp>
#include <tinybrain/detail/simd/dispatch.hpp>
#include <tinybrain/detail/simd/rows.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

/// What the reducers share whose states are voxels: a base class. One that makes states and voxels at once
/// says so by its own writes(m) and reduce_and_write(m, windows, states, out).
template <class T>
class voxel_state_reducer {
public:
    std::size_t value_bytes(index_t) const { return sizeof(T); }
    std::size_t count_bytes(index_t) const { return 0; }
    bool replicates() const { return false; }
    void double_states(index_t, state_rows, index_t) const {}
    static constexpr bool writes(index_t) { return false; }
    template <std::size_t N>
    void reduce_and_write(index_t, const window_rows<N>&, state_rows, voxel_rows<T>) const {}
    void finish(index_t, state_rows states, index_t rows, index_t n, index_t run, const voxel_counts&,
                voxel_rows<T> out) const {
        const T* row = voxels(states);
        for (index_t i = 0; i < rows; ++i) {
            copy_voxels(out.data + i * out.step, row + i * states.step, n * run, out.stream);
        }
    }

protected:
    static T* voxels(state_rows rows) { return reinterpret_cast<T*>(rows.value); }
    bool vectors() const { return simd_ != simd::level::portable; }
    simd::level at_level() const { return simd_; }

private:
    void copy_voxels(T* to, const T* from, index_t n, [[maybe_unused]] bool stream) const {
        const auto bytes = static_cast<std::size_t>(n) * sizeof(T);
#if TINYBRAIN_HAS_VECTORS
        if constexpr (64 % sizeof(T) == 0) {
            if (stream && vectors() && reinterpret_cast<std::uintptr_t>(to) % sizeof(T) == 0) {
                const simd::copy_arguments a{reinterpret_cast<const std::byte*>(from),
                                             reinterpret_cast<std::byte*>(to), static_cast<index_t>(bytes),
                                             true};
                simd::run_row<simd::copied_bytes>(simd_, a);
                return;
            }
        }
#endif
        std::memcpy(to, from, bytes);
    }

    simd::level simd_ = simd::current_level();
};

}  // namespace detail
TINYBRAIN_NAMESPACE_END
