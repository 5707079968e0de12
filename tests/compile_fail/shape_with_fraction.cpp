// SPDX-License-Identifier: BSL-1.0
// expect: one_integer
#include <tinybrain/tinybrain.hpp>

int main() {
    const double width = 100;
    return static_cast<int>(tinybrain::mip_shape({width, 70.0}, {2, 2})[0]);  // here
}
