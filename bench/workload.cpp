// SPDX-License-Identifier: BSL-1.0
#include "workload.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

#if BENCH_HAS_NPY
#include "npy.hpp"
#endif

namespace bench {

template <>
type_support support_of<std::uint8_t>();
template <>
type_support support_of<std::uint16_t>();
template <>
type_support support_of<std::uint32_t>();
template <>
type_support support_of<std::uint64_t>();
template <>
type_support support_of<std::int8_t>();
template <>
type_support support_of<std::int16_t>();
template <>
type_support support_of<std::int32_t>();
template <>
type_support support_of<std::int64_t>();
template <>
type_support support_of<float>();
template <>
type_support support_of<double>();

namespace {

using tb::index_t;

type_support support_for(voxel type) {
    switch (type) {
        case voxel::uint8:
            return support_of<std::uint8_t>();
        case voxel::uint16:
            return support_of<std::uint16_t>();
        case voxel::uint32:
            return support_of<std::uint32_t>();
        case voxel::uint64:
            return support_of<std::uint64_t>();
        case voxel::int8:
            return support_of<std::int8_t>();
        case voxel::int16:
            return support_of<std::int16_t>();
        case voxel::int32:
            return support_of<std::int32_t>();
        case voxel::int64:
            return support_of<std::int64_t>();
        case voxel::float32:
            return support_of<float>();
        case voxel::float64:
            return support_of<double>();
    }
    throw std::logic_error("no such voxel type");
}

label_volume& real_labels() {
    static label_volume labels;
    return labels;
}

index_t size_of(const tb::index_array<3>& shape) { return shape[0] * shape[1] * shape[2]; }

struct input_key {
    voxel type;
    contents data;
    tb::index_array<3> shape;
    bool operator==(const input_key&) const = default;
};

// The last two inputs are kept, for neighbouring cases mostly read the same.
std::shared_ptr<const bytes_volume> input_of(const bench_case& c) {
    static std::vector<std::pair<input_key, std::shared_ptr<const bytes_volume>>> kept;
    tb::index_array<3> shape = shape_of(c);
    if (c.order == arrangement::c_order) std::swap(shape[0], shape[2]);
    const input_key key{c.type, c.data, shape};
    for (const auto& [k, input] : kept) {
        if (k == key) return input;
    }
    if (kept.size() == 2) kept.erase(kept.begin());
    const auto input = std::make_shared<bytes_volume>(
        tb::index_array<1>{size_of(shape) * static_cast<index_t>(bytes_of(c.type))});
    support_for(c.type).fill(c.data, shape, &real_labels(), input->data());
    kept.emplace_back(key, input);
    return input;
}

// Outputs nobody uses any more serve again, their pages long there.
std::shared_ptr<bytes_volume> output_of(std::size_t bytes) {
    static std::vector<std::shared_ptr<bytes_volume>> all;
    const auto size = static_cast<index_t>(bytes);
    for (const auto& output : all) {
        if (output.use_count() == 1 && output->size() == size) return output;
    }
    std::erase_if(all, [](const auto& output) { return output.use_count() == 1; });
    all.push_back(std::make_shared<bytes_volume>(tb::index_array<1>{size}));
    if (size > 0) std::memset(all.back()->data(), 1, bytes);
    return all.back();
}

}  // namespace

output_layout lay_out_mips(const bench_case& c) {
    output_layout layout;
    for (int m = 1; m <= c.mips; ++m) {
        layout.offset.push_back(layout.bytes);
        const auto voxels =
            static_cast<std::size_t>(size_of(tb::mip_shape(shape_of(c), c.factor, m, origin_of(c))));
        layout.bytes += (voxels * bytes_of(c.type) + line_bytes - 1) / line_bytes * line_bytes;
    }
    return layout;
}

workload::workload(const bench_case& c)
    : case_(c),
      layout_(lay_out_mips(c)),
      input_(input_of(c)),
      output_(output_of(layout_.bytes)),
      run_(support_for(c.type).downsample(c, layout_, input_->data(), output_->data())) {}

tb::index_t workload::voxels() const { return size_of(shape_of(case_)); }

stream_buffers workload::compulsory() const {
    return {input_->data(), static_cast<std::size_t>(input_->size()), output_->data(), layout_.bytes};
}

#if BENCH_HAS_NPY

label_volume read_labels(const std::filesystem::path& path) {
    const npy::array file(path);
    const npy::header& head = file.head();
    tb::index_array<3> shape{1, 1, 1};
    if (head.shape.size() > 3) throw std::runtime_error("more than three axes");
    std::copy(head.shape.begin(), head.shape.end(), shape.begin());
    if (!head.fortran_order) std::reverse(shape.begin(), shape.begin() + std::ssize(head.shape));
    label_volume labels(shape);
    npy::visit_type(head.type, [&]<class T>() {
        const T* from = reinterpret_cast<const T*>(file.data());
        for (index_t i = 0; i < labels.size(); ++i) {
            labels.data()[i] = static_cast<std::uint64_t>(static_cast<std::int64_t>(from[i]));
        }
    });
    return labels;
}

#else

label_volume read_labels(const std::filesystem::path&) {
    throw std::runtime_error("this benchmark was built without a reader of .npy files");
}

#endif

void use_real_labels(const std::filesystem::path& path) {
    try {
        real_labels() = read_labels(path);
    } catch (const std::exception& error) {
        throw std::runtime_error(path.string() + ": " + error.what());
    }
    if (real_labels().size() == 0) throw std::runtime_error(path.string() + " holds no labels");
}

}  // namespace bench
