// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pybind11/pybind11.h>

namespace tinybrain_python {

// Shapes, origins, chunks and factors: what needs no voxels.
void define_geometry(pybind11::module_& module);

}  // namespace tinybrain_python
