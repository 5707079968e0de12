// SPDX-License-Identifier: BSL-1.0
// Elements of a box of any number of axes, from one order into another.
#pragma once

#include <cstddef>
#include <vector>

namespace formats {

struct copy_axis {
    std::size_t extent;    // from 1
    std::size_t from, to;  // elements from one index to the next
};

// Drops axes of one index, fuses those that run on in both orders, and puts first what is fastest in the
// target.
std::vector<copy_axis> simplified(std::vector<copy_axis> axes);

// Whether simplified() axes are one run of elements in both.
bool is_one_run(const std::vector<copy_axis>& simple);

// axes: simplified(). element_bytes: 1, 2, 4 or 8. swapped: the bytes of each element are put in the other
// order. The two do not overlap.
void copy_elements(const std::byte* from, std::byte* to, const std::vector<copy_axis>& simple,
                   std::size_t element_bytes, bool swapped);

}  // namespace formats
