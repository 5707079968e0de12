// SPDX-License-Identifier: BSL-1.0
// expect: one_integer_for_each_axis
#include <tinybrain/tinybrain.hpp>

int main() {
    const double width = 100;
    const tinybrain::volume<float, 2> image({width, 70});  // here
}
