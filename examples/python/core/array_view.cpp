// SPDX-License-Identifier: BSL-1.0
#include "array_view.hpp"

namespace tinybrain_python {

void check_memory(const std::string& name, const py::array& array) {
    bool whole = (array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) != 0;
    for (py::ssize_t axis = 0; axis < array.ndim(); ++axis)
        whole = whole && (array.shape(axis) <= 1 || array.strides(axis) % array.itemsize() == 0);
    if (whole || array.size() == 0) return;
    throw py::type_error("tinybrain: the voxels of " + name +
                         " are not aligned, or no whole number of voxels apart (strides " +
                         py::str(array.attr("strides")).cast<std::string>() + " bytes of voxels of " +
                         std::to_string(array.itemsize()) + "); pass " + name + ".copy(order=\"K\")");
}

}  // namespace tinybrain_python
