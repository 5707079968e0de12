// SPDX-License-Identifier: BSL-1.0
#include "chunk_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <regex>

#include "bad_input.hpp"

namespace volumes {

namespace fs = std::filesystem;

void fail_twice(const std::string& plain, formats::compression one, formats::compression other) {
    const std::string first(suffix_of(one)), second(suffix_of(other));
    const bool one_is_plain = one == formats::compression::none;
    throw chunk_error(plain + ": is there with " + (one_is_plain ? second : first) + " and " +
                      (one_is_plain ? "without" : "with " + second) +
                      "; remove the one that is not to be used");
}

bool looks_like_chunk(const std::string& name) {
    static const std::regex form("-?[0-9]+-+[0-9]+_-?[0-9]+-+[0-9]+_-?[0-9]+-+[0-9]+(\\..*)?|.*\\.shard",
                                 std::regex::icase);
    return name.size() <= longest_chunk_name && std::regex_match(name, form);
}

std::vector<box3> spread_chunks(const chunk_layout& layout) {
    constexpr index_t enough = 100;
    const index3& count = layout.count();
    const double all = double(count[0]) * double(count[1]) * double(count[2]);
    std::vector<box3> chunks;
    for (index_t i = 0; i < enough && double(i) < all; ++i) {
        // Multiples of the golden ratio, from the middle on, lie evenly however many they are.
        const double part = std::fmod(0.5 + double(i) * 0.6180339887498949, 1.0);
        const index_t number = all <= double(enough) ? i : static_cast<index_t>(part * all);
        const index_t row = number / count[0];
        chunks.push_back(
            layout.box_of({number % count[0], row % count[1], std::min(row / count[1], count[2] - 1)}));
    }
    return chunks;
}

void check_some_are_there(const scale_store& store, const std::function<bool(const box3&)>& is_there) {
    const auto chunks = spread_chunks(store.layout());
    if (std::any_of(chunks.begin(), chunks.end(), is_there)) return;
    throw bad_input(store.name_of(chunks.front()) + ", and all other chunks that were tried, " +
                    std::to_string(chunks.size()) +
                    " from all over the scale: missing; --missing background would make nothing but "
                    "background. --bounds names a part that has chunks");
}

std::optional<std::int64_t> modified_at(const fs::path& file) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) return std::nullopt;
#ifdef __APPLE__
    const timespec time = found.st_mtimespec;
#else
    const timespec time = found.st_mtim;
#endif
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace volumes
