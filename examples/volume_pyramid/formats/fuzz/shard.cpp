// SPDX-License-Identifier: BSL-1.0
// One file stands for every shard; chunks of the grid are asked for until many are refused. Each that is
// read, or is not there, is what a walk along the index after the specification's words says.
#include <cstring>
#include <optional>

#include "formats/format_error.hpp"
#include "formats/shard_reader.hpp"
#include "fuzz_input.hpp"

namespace {

class memory_ranges final : public formats::range_source {
public:
    explicit memory_ranges(std::span<const std::byte> file) : file_(file) {}
    std::string text_of(const std::string& name) const override { return name; }
    std::optional<std::uint64_t> size_of(const std::string&) const override { return file_.size(); }
    void read(const std::string&, std::uint64_t offset, std::span<std::byte> bytes) const override {
        // The reader has checked all that it asks for.
        fuzz::require(offset <= file_.size() && bytes.size() <= file_.size() - offset);
        if (!bytes.empty()) std::memcpy(bytes.data(), file_.data() + offset, bytes.size());
    }

private:
    std::span<const std::byte> file_;
};

// What lies outside of the file, which the reader must have refused, ends the process.
std::vector<std::byte> part_of(std::span<const std::byte> file, std::uint64_t begin, std::uint64_t bytes,
                               formats::compression packed) {
    fuzz::require(begin <= file.size() && bytes <= file.size() - begin);
    std::vector<std::byte> plain;
    formats::decompress(packed, file.subspan(begin, bytes), std::size_t{1} << 24, plain);
    return plain;
}

std::uint64_t number_at(std::span<const std::byte> bytes, std::size_t n) {
    std::uint64_t number = 0;
    fuzz::require(8 * n + 8 <= bytes.size());
    std::memcpy(&number, bytes.data() + 8 * n, 8);
    return number;
}

std::optional<std::vector<std::byte>> chunk_in(std::span<const std::byte> file,
                                               const formats::shard_spec& spec, std::uint64_t id) {
    const std::uint64_t minishard = spec.place_of(id).minishard,
                        data = std::uint64_t{16} << spec.minishard_bits;
    const std::uint64_t begin = number_at(file, 2 * minishard), end = number_at(file, 2 * minishard + 1);
    if (begin == end) return std::nullopt;
    const auto index = part_of(file, data + begin, end - begin, spec.index_encoding);
    const std::size_t n = index.size() / 24;
    std::uint64_t chunk = 0, start = 0;
    for (std::size_t i = 0; i < n; ++i) {
        chunk += number_at(index, i);
        start += number_at(index, n + i);
        const std::uint64_t bytes = number_at(index, 2 * n + i);
        if (chunk == id) return part_of(file, data + start, bytes, spec.data_encoding);
        start += bytes;
    }
    return std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in;
    if (!fuzz::input::parse(data, size, in)) return 0;
    const formats::morton_code grid = fuzz::grid_of(in);
    const memory_ranges files(in.file);
    const formats::shard_spec spec = fuzz::spec_of(in);
    formats::shard_reader reader(files, spec, grid, 1000);
    std::vector<std::byte> chunk;
    int refused = 0;
    for (std::uint64_t id = 0; refused < 20 && id < std::uint64_t{1} << grid.bits(); ++id) {
        try {
            const bool there = reader.read(id, 1000, chunk);
            const auto wanted = chunk_in(in.file, spec, id);
            fuzz::require(there == wanted.has_value() &&
                          (!there || (chunk == *wanted && chunk.size() <= 1000)));
        } catch (const formats::format_error&) {
            ++refused;
        }
    }
    return 0;
}
