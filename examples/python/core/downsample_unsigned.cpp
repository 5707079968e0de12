// SPDX-License-Identifier: BSL-1.0
#include "downsample.hpp"

namespace tinybrain_python {

template std::vector<py::array> downsample<std::uint8_t>(call&);
template std::vector<py::array> downsample<std::uint16_t>(call&);
template std::vector<py::array> downsample<std::uint32_t>(call&);
template std::vector<py::array> downsample<std::uint64_t>(call&);

}  // namespace tinybrain_python
