// SPDX-License-Identifier: BSL-1.0
#include "fingerprint.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <numeric>

#include "signals.hpp"

namespace volumes {
namespace {

constexpr std::size_t read_whole = std::size_t{64} << 20, sample = std::size_t{64} << 10;

class running_sum {
public:
    void add(std::span<const std::byte> bytes) {
        sum_ = crc32(sum_, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
    }
    unsigned long value() const { return sum_; }

private:
    uLong sum_ = crc32(0, nullptr, 0);
};

// Of one file its length is told anyway.
void add_lengths(running_sum& sum, std::span<const std::size_t> lengths) {
    if (lengths.size() == 1) return;
    for (const std::size_t length : lengths) {
        std::array<std::byte, 8> bytes;
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::byte>(std::uint64_t{length} >> (8 * i));
        sum.add(bytes);
    }
}

}  // namespace

std::string fingerprint_of(std::span<const std::size_t> lengths, const file_reader& read) {
    const std::size_t total = std::accumulate(lengths.begin(), lengths.end(), std::size_t{0});
    const std::size_t step = total <= read_whole ? sample : total / (read_whole / sample);
    running_sum sum;
    add_lengths(sum, lengths);
    std::size_t file = 0, begin = 0;  // that file's first byte
    // From sample to sample it goes on from the file it has come to.
    const auto add = [&](std::size_t at) {
        check_interrupted();
        const std::size_t end = std::min(at + sample, total);
        while (at < end) {
            while (at >= begin + lengths[file]) begin += lengths[file++];
            const std::size_t some = std::min(end, begin + lengths[file]) - at;
            read(file, at - begin, some, [&](std::span<const std::byte> bytes) { sum.add(bytes); });
            at += some;
        }
    };
    for (std::size_t at = 0; at < total; at += step) add(at);
    file = begin = 0;
    add(total - std::min(sample, total));
    const std::string files =
        lengths.size() == 1 ? std::string() : " in " + std::to_string(lengths.size()) + " files";
    std::array<char, 96> text{};
    std::snprintf(text.data(), text.size(), "%zu bytes%s, crc32 %08lx%s", total, files.c_str(), sum.value(),
                  step == sample ? "" : " of samples");
    return text.data();
}

}  // namespace volumes
