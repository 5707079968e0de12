// What is refused, before anything is written: each check names the argument, its value and what would do.
#pragma once

#include <span>
#include <string>

#include <tinybrain/detail/base/fail.hpp>
#include <tinybrain/detail/drive/overlap.hpp>
#include <tinybrain/detail/drive/plan.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

inline void check_shape(const char* name, index_span shape) {
    for (const index_t extent : shape) {
        if (extent < 0) {
            refuse({"the shape of ", name, " is ", shape, ", but no extent may be negative"});
        }
    }
    if (checked_size(shape) < 0) {
        refuse_length({"the shape of ", name, " is ", shape, ", more voxels than an index can count"});
    }
}

inline void check_factor(index_span factor) {
    for (const index_t f : factor) {
        if (f < 1) {
            refuse(
                {"the factor is ", factor, ", but every factor must be at least 1 (1 leaves an axis alone)"});
        }
    }
}

inline void check_num_mips(index_t num_mips) {
    if (num_mips < 0) refuse({"num_mips is ", num_mips, ", but must be 0 or more"});
}

inline void check_coverage(bool sparse, double least_coverage) {
    const bool possible = 0 <= least_coverage && least_coverage <= 1;
    if (possible && (sparse || least_coverage == 0)) return;
    refuse({"least_coverage is ", least_coverage,
            possible ? ", but nothing is left out without sparse; set sparse, or leave it at 0"
                     : ", but must be a share of the voxels of a window, from 0 to 1"});
}

// A call, whatever its types.
struct raw_call {
    raw_view image;
    raw_factors factors;
    std::span<const raw_view> mips;
    std::size_t rank;
    index_t voxel_bytes;
    block_copier copy;

    index_span span(const axes& numbers) const { return {numbers.data(), rank}; }
    index_span factor(index_t i) const { return {factors[i], rank}; }
    /// Shape and origin of the mip after those, by factor i.
    void to_next_mip(axes& shape, axes& origin, index_t i) const {
        tinybrain::detail::to_next_mip(shape, origin, factor(i));
    }
};

// The farthest that a view may reach, in bytes; past it, distances between voxels overflow.
inline constexpr index_t longest_reach = index_max / 8;

// A view in words. They are put together only for a message: strings take memory.
inline std::string name_of_view(std::size_t mip) {
    return mip == 0 ? "the image" : message_of({"the output of mip ", mip});
}

inline void check_memory(const raw_call& call, std::size_t mip, const raw_view& view) {
    if (checked_size(call.span(view.shape)) == 0) return;
    if (view.data == nullptr) {
        refuse({name_of_view(mip), " has shape ", call.span(view.shape),
                " but a null pointer; only an empty one may have that"});
    }
    const index_t longest = longest_reach / call.voxel_bytes;
    index_t reach = 0;
    for (std::size_t axis = 0; axis < call.rank; ++axis) {
        if (view.shape[axis] <= 1) continue;
        const index_t stride = view.stride[axis];
        const index_t most = longest / (view.shape[axis] - 1);
        if (stride > most || stride < -most || reach > longest - magnitude(stride) * (view.shape[axis] - 1)) {
            refuse_length({"the strides of ", name_of_view(mip), " are ", call.span(view.stride),
                           " at shape ", call.span(view.shape), ", farther apart than memory can be"});
        }
        reach += magnitude(stride) * (view.shape[axis] - 1);
    }
}

template <class = void>
void check_input(const raw_call& call) {
    check_shape("the image", call.span(call.image.shape));
    check_memory(call, 0, call.image);
    check_num_mips(call.factors.size);
    for (index_t m = 0; m < call.factors.distinct(); ++m) check_factor(call.factor(m));
}

inline void check_output(const raw_call& call, std::size_t mip, const raw_view& output, const axes& shape) {
    if (output.shape != shape) {
        refuse({name_of_view(mip), " has shape ", call.span(output.shape), ", but this mip has shape ",
                call.span(shape)});
    }
    check_memory(call, mip, output);
    for (std::size_t axis = 0; axis < call.rank; ++axis) {
        if (output.shape[axis] > 1 && output.stride[axis] == 0) {
            refuse({name_of_view(mip), " has strides ", call.span(output.stride), " at shape ",
                    call.span(shape),
                    ": stride 0 on an axis longer than 1 would write its voxels over each other"});
        }
    }
    if (checked_size(call.span(shape)) > 0 && overlaps_itself(output, call.rank)) {
        refuse({name_of_view(mip), " overlaps itself: its strides ", call.span(output.stride), " at shape ",
                call.span(shape), " lead to one voxel twice; give it memory of its own"});
    }
}

inline void check_apart(const raw_call& call) {
    const auto empty = [&](const raw_view& view) { return checked_size(call.span(view.shape)) == 0; };
    for (std::size_t m = 0; m < call.mips.size(); ++m) {
        if (empty(call.mips[m])) continue;
        if (!empty(call.image) && overlap(call.image, call.mips[m], call.rank, call.voxel_bytes)) {
            refuse({name_of_view(m + 1), " overlaps the image; give it memory of its own"});
        }
        for (std::size_t other = 0; other < m; ++other) {
            if (overlap(call.mips[other], call.mips[m], call.rank, call.voxel_bytes)) {
                refuse({name_of_view(m + 1), " overlaps ", name_of_view(other + 1),
                        "; give it memory of its own"});
            }
        }
    }
}

template <class = void>
void check_outputs(const raw_call& call) {
    const auto mips = static_cast<index_t>(call.mips.size());
    if (mips != call.factors.size) {
        refuse({"there are ", call.factors.size, " factors for ", mips,
                " outputs, but each mip needs one of each"});
    }
    axes shape = call.image.shape;
    axes origin = call.image.origin;
    for (index_t m = 0; m < mips; ++m) {
        call.to_next_mip(shape, origin, m);
        check_output(call, static_cast<std::size_t>(m) + 1, call.mips[static_cast<std::size_t>(m)], shape);
    }
    check_apart(call);
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
