// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <tinybrain/tinybrain.hpp>

int middle_of_mip_1(const std::uint8_t* image_of_5_by_5);

int middle_of_mip_1(const std::uint8_t* image_of_5_by_5) {
    const auto image = tinybrain::fortran_order(image_of_5_by_5, {5, 5});
    return tinybrain::downsample_with_averaging(image, {2, 2})[0](1, 1);
}
