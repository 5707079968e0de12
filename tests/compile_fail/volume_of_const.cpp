// SPDX-License-Identifier: BSL-1.0
// expect: tinybrain: .*const
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

int main() {
    tinybrain::volume<const float, 2> image({4, 4});  // here
}
