// SPDX-License-Identifier: BSL-1.0
#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace volumes {

progress::progress(index_t tasks, index_t voxels)
    : tasks_(tasks), voxels_(voxels), on_terminal_(::isatty(STDERR_FILENO) != 0) {}

progress::~progress() { clear(); }

double progress::seconds() const { return std::chrono::duration<double>(clock::now() - start_).count(); }

void progress::show(const report& sum) {
    using namespace std::chrono_literals;
    const auto now = clock::now();
    if (now - last_ < (on_terminal_ ? clock::duration(200ms) : clock::duration(60s))) return;
    last_ = now;
    const std::string line = text(sum);
    if (on_terminal_) {
        std::fprintf(stderr, "\r%-72s", line.c_str());
        shown_ = true;
    } else {
        std::fprintf(stderr, "%s\n", line.c_str());
    }
    std::fflush(stderr);
}

void progress::say(const std::string& line) {
    clear();
    std::fprintf(stderr, "volume_pyramid: %s\n", line.c_str());
}

void progress::clear() {
    if (shown_) std::fprintf(stderr, "\r%72s\r", "");
    shown_ = false;
}

std::string progress::text(const report& sum) const {
    // What an earlier run has done is found much faster than it was done: no measure of what is to come.
    const double done = double(sum.voxels), now = done - double(sum.voxels_found);
    const double rate = now / std::max(seconds(), 1e-3);
    const std::string left = now > 0 ? duration_text((double(voxels_) - done) / rate) : "unknown time";
    std::array<char, 160> line{};
    std::snprintf(line.data(), line.size(), "  %td of %td tasks, %.1f %%, %.0f MVx/s, %s left", sum.tasks,
                  tasks_, 100 * done / double(voxels_), rate / 1e6, left.c_str());
    return line.data();
}

std::string duration_text(double seconds) {
    const auto whole = static_cast<long long>(std::max(seconds, 0.0));
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
    return text.data();
}

}  // namespace volumes
