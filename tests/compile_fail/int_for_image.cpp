// SPDX-License-Identifier: BSL-1.0
// expect: volume_or_view_or_mdspan_like
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

int main() {
    tinybrain::downsample_with_averaging(42, {2, 2});  // here
}
