// What is refused, before anything is written: each check names the argument, its value and what would do.
#pragma once

#include <span>
#include <string>

#include <tinybrain/detail/fail.hpp>
#include <tinybrain/detail/overlap.hpp>
#include <tinybrain/detail/plan.hpp>
#include <tinybrain/volume.hpp>

TINYBRAIN_NAMESPACE_BEGIN
namespace detail {

template <std::size_t Rank>
void check_shape(const char* name, const index_array<Rank>& shape) {
    for (const index_t extent : shape) {
        if (extent < 0) {
            refuse("the shape of " + std::string(name) + " is " + describe(shape) +
                   ", but no extent may be negative");
        }
    }
    if (checked_size(shape) < 0) {
        refuse_length("the shape of " + std::string(name) + " is " + describe(shape) +
                      ", more voxels than an index can count");
    }
}

template <std::size_t Rank>
void check_factor(const index_array<Rank>& factor) {
    for (const index_t f : factor) {
        if (f < 1) {
            refuse("the factor is " + describe(factor) +
                   ", but every factor must be at least 1 (1 leaves an axis alone)");
        }
    }
}

inline void check_num_mips(index_t num_mips) {
    if (num_mips < 0) refuse("num_mips is " + std::to_string(num_mips) + ", but must be 0 or more");
}

template <std::size_t Rank>
void check_factors(const factor_list<Rank>& factors) {
    check_num_mips(factors.size());
    for (index_t m = 0; m < factors.distinct(); ++m) check_factor(factors[m]);
}

// The farthest that a view may reach, in bytes; past it, distances between voxels overflow.
inline constexpr index_t longest_reach = index_max / 8;

// A view in words. They are put together only for a message: strings take memory.
struct view_name {
    std::size_t mip;  // 0: the image
    friend std::string operator+(const view_name& name, const std::string& more) {
        return (name.mip == 0 ? "the image" : "the output of mip " + std::to_string(name.mip)) + more;
    }
    friend std::string operator+(const std::string& before, const view_name& name) {
        return before + (name + "");
    }
};

template <class T, std::size_t Rank>
void check_memory(const view_name& name, const volume_view<T, Rank>& view) {
    if (checked_size(view.shape()) == 0) return;
    if (view.data() == nullptr) {
        refuse(name + " has shape " + describe(view.shape()) +
               " but a null pointer; only an empty one may have that");
    }
    index_t reach = 0;
    for (std::size_t axis = 0; axis < Rank; ++axis) {
        if (view.extent(axis) <= 1) continue;
        const index_t stride = view.stride(axis);
        const index_t most = longest_reach / index_t{sizeof(T)} / (view.extent(axis) - 1);
        if (stride > most || stride < -most ||
            reach > longest_reach / index_t{sizeof(T)} - magnitude(stride) * (view.extent(axis) - 1)) {
            refuse_length("the strides of " + name + " are " + describe(view.strides()) + " at shape " +
                          describe(view.shape()) + ", farther apart than memory can be");
        }
        reach += magnitude(stride) * (view.extent(axis) - 1);
    }
}

template <class T, std::size_t Rank>
void check_image(const volume_view<const T, Rank>& image) {
    check_shape("the image", image.shape());
    check_memory({0}, image);
}

template <class T, std::size_t Rank>
void check_output(const view_name& name, const volume_view<T, Rank>& output, const index_array<Rank>& shape) {
    if (output.shape() != shape) {
        refuse(name + " has shape " + describe(output.shape()) + ", but this mip has shape " +
               describe(shape));
    }
    check_memory(name, output);
    for (std::size_t axis = 0; axis < Rank; ++axis) {
        if (output.extent(axis) > 1 && output.stride(axis) == 0) {
            refuse(name + " has strides " + describe(output.strides()) + " at shape " + describe(shape) +
                   ": stride 0 on an axis longer than 1 would write its voxels over each other");
        }
    }
    if (output.size() > 0 && overlaps_itself(output)) {
        refuse(name + " overlaps itself: its strides " + describe(output.strides()) + " at shape " +
               describe(shape) + " lead to one voxel twice; give it memory of its own");
    }
}

template <class T, std::size_t Rank>
void check_apart(const volume_view<const T, Rank>& image, std::span<const volume_view<T, Rank>> mips) {
    const auto name = [](std::size_t m) { return view_name{m + 1}; };
    for (std::size_t m = 0; m < mips.size(); ++m) {
        if (mips[m].size() == 0) continue;
        if (image.size() > 0 && overlap(image, mips[m])) {
            refuse(name(m) + " overlaps the image; give it memory of its own");
        }
        for (std::size_t other = 0; other < m; ++other) {
            if (overlap(mips[other], mips[m])) {
                refuse(name(m) + (" overlaps " + name(other)) + "; give it memory of its own");
            }
        }
    }
}

template <class T, std::size_t Rank>
void check_outputs(const volume_view<const T, Rank>& image, const factor_list<Rank>& factors,
                   std::span<const volume_view<T, Rank>> mips) {
    if (static_cast<index_t>(mips.size()) != factors.size()) {
        refuse("there are " + std::to_string(factors.size()) + " factors for " + std::to_string(mips.size()) +
               " outputs, but each mip needs one of each");
    }
    index_array<Rank> shape = image.shape();
    for (std::size_t m = 0; m < mips.size(); ++m) {
        shape = next_shape(shape, factors[static_cast<index_t>(m)]);
        check_output({m + 1}, mips[m], shape);
    }
    check_apart(image, mips);
}

}  // namespace detail
TINYBRAIN_NAMESPACE_END
