// SPDX-License-Identifier: BSL-1.0
#include "downsample.hpp"

namespace tinybrain_python {

template std::vector<py::array> downsample<std::int8_t>(call&);
template std::vector<py::array> downsample<std::int16_t>(call&);
template std::vector<py::array> downsample<std::int32_t>(call&);
template std::vector<py::array> downsample<std::int64_t>(call&);

}  // namespace tinybrain_python
