// SPDX-License-Identifier: BSL-1.0
// ITK's BinShrinkImageFilter for coming_from_test.py: voxels from standard input to standard output.
//   coming_from_itk TYPE WIDTH HEIGHT X_FACTOR Y_FACTOR START
// START is the index of the first voxel, in x and in y. Without arguments: the version of ITK.
#include <itkBinShrinkImageFilter.h>
#include <itkImage.h>
#include <itkVersion.h>

#include <cstdint>
#include <iostream>
#include <string>

namespace {

template <class T>
void shrink(char** numbers) {
    using image = itk::Image<T, 2>;
    typename image::RegionType region;
    region.SetSize({std::stoul(numbers[0]), std::stoul(numbers[1])});
    region.SetIndex({std::stol(numbers[4]), std::stol(numbers[4])});
    const auto from = image::New();
    from->SetRegions(region);
    from->Allocate();
    std::cin.read(reinterpret_cast<char*>(from->GetBufferPointer()),
                  std::streamsize(region.GetNumberOfPixels() * sizeof(T)));

    const auto filter = itk::BinShrinkImageFilter<image, image>::New();
    filter->SetInput(from);
    filter->SetShrinkFactor(0, unsigned(std::stoul(numbers[2])));
    filter->SetShrinkFactor(1, unsigned(std::stoul(numbers[3])));
    filter->Update();
    image& to = *filter->GetOutput();
    std::cout.write(reinterpret_cast<const char*>(to.GetBufferPointer()),
                    std::streamsize(to.GetLargestPossibleRegion().GetNumberOfPixels() * sizeof(T)));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) {
        std::cout << itk::Version::GetITKVersion() << "\n";
        return argc == 1 ? 0 : 2;
    }
    const std::string type = argv[1];
    if (type == "uint8") shrink<std::uint8_t>(argv + 2);
    if (type == "uint16") shrink<std::uint16_t>(argv + 2);
    if (type == "int16") shrink<std::int16_t>(argv + 2);
    if (type == "float32") shrink<float>(argv + 2);
    return std::cout.good() ? 0 : 1;
}
