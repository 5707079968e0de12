// SPDX-License-Identifier: BSL-1.0
// expect: tinybrain: a volume has at least one axis
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

int main() {
    tinybrain::volume_view<float, 0> image;  // here
}
