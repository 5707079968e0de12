// SPDX-License-Identifier: BSL-1.0
#include "downsample.hpp"

namespace tinybrain_python {

template std::vector<py::array> downsample<float>(call&);
template std::vector<py::array> downsample<double>(call&);

}  // namespace tinybrain_python
