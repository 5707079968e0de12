// SPDX-License-Identifier: BSL-1.0
#include <itkBinShrinkImageFilter.h>
#include <itkImage.h>
#include <itkImportImageFilter.h>
#include <itkMultiThreaderBase.h>

#include <memory>

#include "peers.hpp"

namespace bench {

namespace {

template <class T>
std::function<void()> bin_shrink_of(const workload& w) {
    using image = itk::Image<T, 3>;
    using importer = itk::ImportImageFilter<T, 3>;
    using shrinker = itk::BinShrinkImageFilter<image, image>;
    const auto shape = shape_of(w.what());
    typename importer::SizeType size;
    typename importer::IndexType start;
    start.Fill(0);
    for (unsigned axis = 0; axis < 3; ++axis) size[axis] = static_cast<itk::SizeValueType>(shape[axis]);
    const typename importer::Pointer input = importer::New();
    input->SetRegion(typename importer::RegionType(start, size));
    // The filter only reads; it owns nothing.
    input->SetImportPointer(const_cast<T*>(reinterpret_cast<const T*>(w.input())),
                            static_cast<itk::SizeValueType>(w.voxels()), false);
    const typename shrinker::Pointer shrink = shrinker::New();
    shrink->SetInput(input->GetOutput());
    for (unsigned axis = 0; axis < 3; ++axis) {
        shrink->SetShrinkFactor(axis, static_cast<unsigned>(w.what().factor[axis]));
    }
    shrink->SetNumberOfWorkUnits(1);
    return [input, shrink] {
        shrink->Modified();
        shrink->Update();
    };
}

bool offers(const bench_case& c) {
    const bool has_type = c.type == voxel::uint8 || c.type == voxel::uint16 || c.type == voxel::float32;
    return has_type && c.order == arrangement::fortran && c.mips == 1 && !c.sparse;
}

std::function<void()> bin_shrink(const workload& w) {
    itk::MultiThreaderBase::SetGlobalDefaultNumberOfThreads(1);
    if (w.what().type == voxel::uint8) return bin_shrink_of<std::uint8_t>(w);
    if (w.what().type == voxel::uint16) return bin_shrink_of<std::uint16_t>(w);
    return bin_shrink_of<float>(w);
}

}  // namespace

std::vector<peer> itk_peers() { return {{"itk_bin_shrink", offers, bin_shrink}}; }

}  // namespace bench
