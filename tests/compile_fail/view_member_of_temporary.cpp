// SPDX-License-Identifier: BSL-1.0
// expect: deleted
#include <tinybrain/tinybrain.hpp>

tinybrain::volume<float, 2> made();

int main() {
    const auto gone = made().view();  // here
    return static_cast<int>(gone.size());
}
