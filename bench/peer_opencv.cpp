// SPDX-License-Identifier: BSL-1.0
#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "peers.hpp"

namespace bench {

namespace {

int opencv_type(voxel type) {
    switch (type) {
        case voxel::uint8:
            return CV_8UC1;
        case voxel::uint16:
            return CV_16UC1;
        case voxel::int16:
            return CV_16SC1;
        case voxel::float32:
            return CV_32FC1;
        case voxel::float64:
            return CV_64FC1;
        default:
            return -1;
    }
}

// OpenCV's images have two axes: a volume is done slice by slice, and no factor of z is possible.
bool offers(const bench_case& c) {
    return opencv_type(c.type) >= 0 && c.order == arrangement::fortran && c.factor[2] == 1 && c.mips == 1 &&
           !c.sparse;
}

std::function<void()> inter_area(const workload& w) {
    const bench_case& c = w.what();
    const int type = opencv_type(c.type);
    cv::setNumThreads(1);
    const auto shape = shape_of(c), mip = tb::mip_shape(shape, c.factor);
    const int bytes = static_cast<int>(bytes_of(c.type));
    const auto rows_of = [](const tb::index_array<3>& s) { return static_cast<int>(s[1] * s[2]); };
    auto output = std::make_shared<cv::Mat>(rows_of(mip), static_cast<int>(mip[0]), type, cv::Scalar(1));
    // OpenCV's Mat has no const form of this constructor; resize() only reads.
    auto* input = const_cast<std::byte*>(w.input());
    return [=] {
        for (tb::index_t z = 0; z < shape[2]; ++z) {
            const cv::Mat from(static_cast<int>(shape[1]), static_cast<int>(shape[0]), type,
                               input + z * shape[0] * shape[1] * bytes);
            cv::Mat to = output->rowRange(static_cast<int>(z * mip[1]), static_cast<int>((z + 1) * mip[1]));
            cv::resize(from, to, to.size(), 0, 0, cv::INTER_AREA);
        }
    };
}

}  // namespace

std::vector<peer> opencv_peers() { return {{"opencv_inter_area", offers, inter_area}}; }

}  // namespace bench
