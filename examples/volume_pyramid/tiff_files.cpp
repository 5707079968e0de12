// SPDX-License-Identifier: BSL-1.0
#include "tiff_files.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <system_error>

#include "bad_input.hpp"
#include "fingerprint.hpp"
#include "signals.hpp"
#include "tiff_stack.hpp"

namespace volumes {
namespace {

namespace fs = std::filesystem;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A name in turns: digits, without zeros in front, and what is between them.
std::vector<std::string> turns_of(const std::string& name) {
    std::vector<std::string> turns;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (i == 0 || is_digit(name[i]) != is_digit(name[i - 1])) turns.emplace_back();
        if (turns.back() == "0") turns.back().clear();
        turns.back() += name[i];
    }
    return turns;
}

// z9 before z10.
bool comes_first(const std::string& a, const std::string& b) {
    const auto s = turns_of(a), t = turns_of(b);
    const auto less = [](const std::string& x, const std::string& y) {
        const bool numbers = is_digit(x[0]) && is_digit(y[0]);
        return numbers && x.size() != y.size() ? x.size() < y.size() : x < y;
    };
    if (s != t) return std::lexicographical_compare(s.begin(), s.end(), t.begin(), t.end(), less);
    return a < b;
}

// By how much a name's number is beyond the other's, where a number is all that differs.
std::optional<index_t> step_between(const std::string& a, const std::string& b) {
    const auto s = turns_of(a), t = turns_of(b);
    std::optional<index_t> step;
    constexpr std::size_t digits = 15;
    for (std::size_t i = 0; s.size() == t.size() && i < s.size(); ++i) {
        if (s[i] == t[i]) continue;
        const bool numbers = is_digit(s[i][0]) && is_digit(t[i][0]) && t[i].size() <= digits;
        if (step || !numbers) return std::nullopt;
        step = std::stoll(t[i]) - std::stoll(s[i]);
    }
    return step;
}

}  // namespace

tiff_files::tiff_files(const fs::path& path) : name_(path.string()) {
    if (fs::is_directory(path)) {
        find_files(path);
    } else {
        files_.push_back({path, 0, {}, {}});
    }
    std::optional<promise> broken;
    for (std::size_t i = 0; i < files_.size(); ++i) {
        check_interrupted();
        const auto seen = look_at(i);
        if (!broken) broken = seen;
    }
    // Of a stack in a file for each slice, each tells of all of them.
    if (broken && broken->told != pages_.size())
        throw bad_input(files_[broken->file].path.string() + ": tells of " + std::to_string(broken->told) +
                        " slices, and has " + std::to_string(broken->found) +
                        "; save it as BigTIFF, a page for each slice, or as .npy");
}

void tiff_files::find_files(const fs::path& folder) {
    std::size_t all = 0;
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
        ++all;
        // Names that begin with a point are hidden ones: macOS puts ._z1.tif beside z1.tif.
        const std::string name = entry.path().filename().string();
        if (!name.starts_with('.') && has_tiff_name(name)) names.push_back(name);
    }
    if (names.empty()) throw bad_input(folder.string() + ": a folder without a .tif or .tiff file");
    std::sort(names.begin(), names.end(), comes_first);
    for (const std::string& name : names) files_.push_back({folder / name, 0, {}, {}});
    name_ += " (" + std::to_string(names.size()) + " of the " + std::to_string(all) + " files in it, " +
             names.front() + " to " + names.back() + ")";
    warn_of_gap();
}

void tiff_files::warn_of_gap() const {
    std::optional<index_t> smallest;
    const auto for_each_step = [&](const auto& f) {
        for (std::size_t i = 1; i < files_.size(); ++i) {
            const auto &before = files_[i - 1].path, &after = files_[i].path;
            const auto step = step_between(before.filename().string(), after.filename().string());
            if (step) f(*step, before, after);
        }
    };
    for_each_step([&](index_t step, const fs::path&, const fs::path&) {
        smallest = std::min(step, smallest.value_or(step));
    });
    bool told = false;
    for_each_step([&](index_t step, const fs::path& before, const fs::path& after) {
        if (step == *smallest || told) return;
        std::fprintf(stderr,
                     "volume_pyramid: warning: %s is followed by %s; is a slice missing? Slices are put one "
                     "upon another, whatever their numbers\n",
                     before.c_str(), after.filename().c_str());
        told = true;
    });
}

std::shared_ptr<const npy::mapped_file> tiff_files::map(std::size_t number) const {
    const std::lock_guard lock(mutex_);
    one_file& file = files_[number];
    auto mapped = file.mapped.lock();
    if (!mapped) file.mapped = mapped = std::make_shared<const npy::mapped_file>(file.path);
    return mapped;
}

std::optional<tiff_files::promise> tiff_files::look_at(std::size_t number) {
    const auto mapped = map(number);
    one_file& file = files_[number];
    file.bytes = mapped->bytes().size();
    file.written = fs::last_write_time(file.path);
    tiff_file opened(mapped);
    std::size_t count = 0, told = 0;
    do {
        const tiff_page page = opened.look();
        if (count == 0) told = opened.pages_told(page);
        add_page(page, {number, count++, opened.page_offset()});
    } while (opened.next_page());
    return told > count ? std::optional(promise{number, told, count}) : std::nullopt;
}

// Strips may be of any height, and compressed or not, from page to page.
void tiff_files::add_page(const tiff_page& page, const one_page& where) {
    if (pages_.empty()) alike_ = page;
    const auto refuse = [&](const std::string& is, const std::string& first) {
        throw bad_input(files_[where.file].path.string() + ": page " + std::to_string(where.number) + " is " +
                        is + ", and page 0 of " + files_[0].path.string() + " is " + first);
    };
    if (!page.has_voxels_of(alike_)) refuse(page.text(), alike_.text());
    if (!page.lies_like(alike_)) refuse(page.layout_text(), alike_.layout_text());
    alike_.packed = alike_.packed || page.packed;
    alike_.jpeg = alike_.jpeg || page.jpeg;
    alike_.decoder_bytes = std::max(alike_.decoder_bytes, page.decoder_bytes);
    alike_.piece_height = std::max(alike_.piece_height, page.piece_height);
    pages_.push_back(where);
}

std::unique_ptr<tiff_file> tiff_files::open(std::size_t page) const {
    const one_page& wanted = pages_[page];
    auto opened = std::make_unique<tiff_file>(map(wanted.file));
    if (opened->file()->bytes().size() != files_[wanted.file].bytes) check_unchanged();
    opened->go_to_page(wanted.offset, wanted.number);
    return opened;
}

bool tiff_files::move(tiff_file& file, std::size_t from, std::size_t to) const {
    if (pages_[from].file != pages_[to].file) return false;
    file.go_to_page(pages_[to].offset, pages_[to].number);
    return true;
}

std::string tiff_files::fingerprint() const {
    std::vector<std::size_t> lengths;
    for (const one_file& file : files_) lengths.push_back(file.bytes);
    std::string text =
        fingerprint_of(lengths, [&](std::size_t file, std::size_t at, std::size_t count, const auto& use) {
            const auto mapped = map(file);
            if (mapped->bytes().size() != lengths[file]) check_unchanged();
            use(mapped->bytes().subspan(at, count));
            mapped->check_unchanged();
        });
    check_unchanged();
    return text;
}

void tiff_files::check_unchanged() const {
    for (const one_file& file : files_) {
        std::error_code gone;
        const auto bytes = fs::file_size(file.path, gone);
        const auto written = gone ? fs::file_time_type() : fs::last_write_time(file.path, gone);
        if (gone || bytes != file.bytes || written != file.written)
            throw std::runtime_error(file.path.string() +
                                     ": was changed while it was read; run again once it is whole");
    }
}

}  // namespace volumes
