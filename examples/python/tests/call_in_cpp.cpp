// SPDX-License-Identifier: BSL-1.0
// The call that the module is measured against: benchmark.py makes it in the same process, on the same
// memory.
#include <tinybrain/tinybrain.hpp>

#include <cstddef>
#include <cstdint>

extern "C" std::ptrdiff_t average_in_cpp(const std::uint8_t* image, std::ptrdiff_t nx, std::ptrdiff_t ny,
                                         std::ptrdiff_t nz) {
    const auto mips =
        tinybrain::downsample_with_averaging(tinybrain::fortran_order(image, {nx, ny, nz}), {2, 2, 1});
    return mips[0].size();
}
