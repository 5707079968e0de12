// SPDX-License-Identifier: BSL-1.0
#include "npy_volume.hpp"

#include <algorithm>
#include <cstring>

#include "arguments.hpp"
#include "fingerprint.hpp"

namespace volumes {

npy_volume::npy_volume(const std::filesystem::path& path, std::string axes) : file_(path) {
    const npy::parsed parsed = file_.parse_whole();
    head_ = parsed.head;
    data_ = file_.bytes().data() + parsed.data_offset;
    if (head_.type.kind == 'b') head_.type = {'u', 1};

    if (axes.empty()) axes = head_.shape.size() == 4 ? "xyzc" : head_.shape.size() == 2 ? "xy" : "xyz";
    std::string sorted = axes;
    std::sort(sorted.begin(), sorted.end());
    if (sorted != "xyz" && sorted != "cxyz" && sorted != "xy" && sorted != "cxy")
        throw bad_input("--axes is '" + axes +
                        "', but must name x and y once, z where there are slices, and c for a channel axis");
    if (head_.shape.size() != axes.size())
        throw bad_input("--axes is '" + axes + "', but " + path.string() + " has " +
                        std::to_string(head_.shape.size()) + " axes");
    axes_ = axes;
    auto stride = static_cast<index_t>(head_.type.bytes);
    size_ = {1, 1, 1};
    for (const index_t extent : head_.shape)
        if (extent > largest_number) throw bad_input(path.string() + " has an axis of more than 2^48 voxels");
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::size_t axis = head_.fortran_order ? i : axes.size() - 1 - i;
        const auto which = std::string("xyzc").find(axes[axis]);
        const index_t extent = head_.shape[axis];
        if (extent == 0) throw bad_input(path.string() + " has no voxels");
        (which < 3 ? size_[which] : channels_) = extent;
        strides_[which] = stride;
        stride *= extent;
    }
}

void npy_volume::copy(const box3& b, std::span<std::byte> voxels) const {
    const index3 count = extent(b);
    const std::size_t bytes = head_.type.bytes;
    std::byte* to = voxels.data();
    for (index_t c = 0; c < channels_; ++c)
        for (index_t z = b.begin[2]; z < b.end[2]; ++z)
            for (index_t y = b.begin[1]; y < b.end[1]; ++y) {
                const std::byte* from =
                    data_ + b.begin[0] * strides_[0] + y * strides_[1] + z * strides_[2] + c * strides_[3];
                if (strides_[0] == static_cast<index_t>(bytes)) {
                    std::memcpy(to, from, static_cast<std::size_t>(count[0]) * bytes);
                    to += static_cast<std::size_t>(count[0]) * bytes;
                    continue;
                }
                for (index_t x = 0; x < count[0]; ++x, from += strides_[0], to += bytes)
                    std::memcpy(to, from, bytes);
            }
    if (head_.type.foreign) npy::swap_bytes(voxels, bytes);
    file_.check_unchanged();
}

std::string npy_volume::fingerprint() const {
    const auto bytes = file_.bytes();
    const std::size_t length = bytes.size();
    const std::string text =
        fingerprint_of({&length, 1}, [&](std::size_t, std::size_t at, std::size_t count, const auto& use) {
            use(bytes.subspan(at, count));
        });
    file_.check_unchanged();
    return text;
}

}  // namespace volumes
