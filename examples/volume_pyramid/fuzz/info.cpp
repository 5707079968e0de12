// SPDX-License-Identifier: BSL-1.0
// `info` of anybody: it is read, or refused in words; each of its scales too; and a scale that joins it is
// found there, while every byte that was there stays.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "bad_input.hpp"
#include "info.hpp"

namespace {

void require(bool good) {
    if (!good) std::abort();
}

void check_scale(const volumes::scale& s) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
        require(s.size[axis] >= 1 && s.chunk_size[axis] >= 1 && s.form.block[axis] >= 1);
        require(volumes::resolution_of(s)[axis] > 0);
    }
    if (s.form.sharding) require(s.form.sharding->minishard_bits + s.form.sharding->shard_bits <= 64);
}

// The longer text is the shorter one with something put into it. Of an empty list the blanks between the
// brackets may have gone.
bool is_put_in(const std::string& before, const std::string& after, bool into_empty_list) {
    const auto begin = std::mismatch(before.begin(), before.end(), after.begin(), after.end()).first;
    const auto end = std::mismatch(before.rbegin(), before.rend(), after.rbegin(), after.rend()).first;
    const bool covers = end.base() <= begin;
    return covers || (into_empty_list && std::all_of(begin, end.base(), [](char c) {
                          return c == ' ' || c == '\n' || c == '\r' || c == '\t';
                      }));
}

void check_added(volumes::info whole, const volumes::made_scale& made) {
    using presence = volumes::info::presence;
    if (whole.find(made).is != presence::absent) return;
    const std::string before = whole.text();
    const std::size_t scales = whole.scales();
    whole.add(made);
    require(is_put_in(before, whole.text(), scales == 0));
    const volumes::info again(whole.text());
    require(again.scales() == scales + 1 && again.find(made).is == presence::same);
}

void read_scale(const volumes::info& whole, std::size_t mip) {
    const volumes::scale fine = whole.scale_of(mip);
    check_scale(fine);
    require(whole.has(fine));
    volumes::made_scale made{volumes::coarser(fine, {2, 2, 1}, fine.chunk_size), R"({"method":"average"})"};
    made.is.form = fine.form;
    check_scale(made.is);
    volumes::writing_of(volumes::json::parse(whole.entry_of(fine.key)));
    check_added(whole, made);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    std::optional<volumes::info> whole;
    try {
        whole.emplace(text);
    } catch (const bad_input&) {
        return 0;
    }
    if (whole->family() != volumes::volume_family::precomputed) return 0;  // which no `info` may be
    for (std::size_t mip = 0; mip < std::min<std::size_t>(whole->scales(), 4); ++mip) {
        try {
            read_scale(*whole, mip);
        } catch (const bad_input&) {  // a scale of another kind
        }
    }
    return 0;
}
