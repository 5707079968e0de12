// SPDX-License-Identifier: BSL-1.0
// One file stands for every shard; chunks of the grid are asked for until many are refused.
#include <cstring>

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in;
    if (!fuzz::input::parse(data, size, in)) return 0;
    const formats::morton_code grid = fuzz::grid_of(in);
    const memory_ranges files(in.file);
    formats::shard_reader reader(files, fuzz::spec_of(in), grid, 1000);
    std::vector<std::byte> chunk;
    int refused = 0;
    for (std::uint64_t id = 0; refused < 20 && id < std::uint64_t{1} << grid.bits(); ++id) {
        try {
            if (reader.read(id, 1000, chunk)) fuzz::require(chunk.size() <= 1000);
        } catch (const formats::format_error&) {
            ++refused;
        }
    }
    return 0;
}
