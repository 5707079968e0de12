// SPDX-License-Identifier: BSL-1.0
// expect: volume_view\(volume<.*deleted|deleted.*volume_view\(
#include <tinybrain/tinybrain.hpp>

tinybrain::volume<float, 2> made();

int main() {
    const tinybrain::volume_view<const float, 2> gone(made());  // here
    return static_cast<int>(gone.size());
}
