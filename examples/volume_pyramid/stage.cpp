// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"

#include <sys/resource.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <thread>

#include "npy.hpp"
#include "signals.hpp"

namespace volumes {

void print_summary(const job_done& all, const std::string& what) {
    const auto& [sum, seconds] = all;
    const double done = double(sum.voxels - sum.voxels_found);
    std::printf("  %s in %.1f s: %td task%s", what.c_str(), seconds, sum.tasks, sum.tasks == 1 ? "" : "s");
    if (sum.tasks_found > 0) std::printf(", %td of them found done", sum.tasks_found);
    const phases& s = sum.spent;
    std::printf(
        "; %.0f MVx/s\n  seconds of all threads: %.2f reading, %.2f decoding, %.2f pooling, %.2f encoding, "
        "%.2f "
        "writing; peak memory of a process: %.0f MiB\n",
        done / 1e6 / std::max(seconds, 1e-3), s.reading, s.decoding, s.pooling, s.encoding, s.writing,
        double(sum.peak_memory) / (1 << 20));
}

void flush_lines() {
    if (std::fflush(stdout) != 0 && errno != EPIPE)
        throw std::runtime_error(std::string("stdout: cannot be written: ") + std::strerror(errno));
}

int interruption_status() {
    try {
        check_interrupted();
        return 1;
    } catch (const interrupted& by) {
        return 128 + by.signal;
    }
}

namespace {

[[noreturn]] void fail_tasks(const report& sum, const job& work) {
    throw std::runtime_error(
        std::to_string(sum.failed.size()) + " of " + std::to_string(work.tasks()) +
        " tasks met a bad chunk, named above, and wrote no chunk that it belongs to; info was "
        "not changed. Mend the chunks, and run again with --resume");
}

}  // namespace

int complain(const std::string& what, int status) {
    std::fflush(stdout);
    std::fprintf(stderr, "volume_pyramid: %s\n", what.c_str());
    return status;
}

int status_of(bool speaks, const std::function<int()>& f) {
    const auto end = [&](const std::string& what, int status) {
        return speaks ? complain(what, status) : status;
    };
    try {
        return f();
    } catch (const bad_input& problem) {
        return end(problem.what(), 2);
    } catch (const npy::error& problem) {
        return end(problem.what(), 2);
    } catch (const std::logic_error& problem) {  // what the library refuses
        return end(problem.what(), 2);
    } catch (const interrupted& by) {
        return end(by.text(), 128 + by.signal);
    } catch (const std::bad_alloc&) {
        return end("not enough memory; fewer --threads take less", 1);
    } catch (const std::exception& problem) {
        return end(problem.what(), interruption_status());  // which may have ended a wait for a server
    }
}

decision decide(team& all, const std::function<std::string()>& leaders_part) {
    decision made;
    if (all.leads()) {
        made.status = status_of(true, [&] {
            made.found = leaders_part();
            if (made.found.empty()) flush_lines();
            return 0;
        });
        std::fflush(stdout);
    }
    const auto heard = nlohmann::json::parse(
        all.share(nlohmann::json{{"found", made.found}, {"status", made.status}}.dump()));
    return {heard["found"], heard["status"]};
}

std::FILE* told(const settings& chosen) { return chosen.what == step::prepare ? stderr : stdout; }

int threads_of(const settings& chosen, const team& all) {
    if (chosen.threads) return *chosen.threads;
    if (all.size() > 1) return 1;
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void check_memory(const settings& chosen, int threads, const std::function<double(int)>& needed,
                  const std::string& advice) {
    constexpr double mebi = 1 << 20;
    std::fprintf(told(chosen), ": at most %.0f MiB in each process\n", needed(threads) / mebi);
    if (!advice.empty()) std::fprintf(told(chosen), "  %s\n", advice.c_str());
    // Sizes in bytes are counted in 64 bits.
    constexpr double nobodys_memory = 1e15;
    const double allowed = chosen.memory ? double(*chosen.memory) : nobodys_memory;
    if (needed(threads) <= allowed) return;
    int fitting = threads;
    while (fitting > 0 && needed(fitting) > allowed) --fitting;
    std::array<char, 160> text{};
    std::snprintf(text.data(), text.size(), "%s %.0f MiB, and %.0f MiB may be needed; ",
                  chosen.memory ? "--memory is" : "a process is given at most", allowed / mebi,
                  needed(threads) / mebi);
    throw bad_input(text.data() + (fitting > 0 ? "--threads " + std::to_string(fitting) + " fits"
                                   : !advice.empty()
                                       ? advice
                                       : std::string("smaller chunks or fewer mips need less")));
}

void allow_open_files(double files) {
    constexpr double others = 64;  // those of the system's libraries, and of the chunks in hand
    rlimit limit{};
    if (files == 0 || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    if (files + others <= double(limit.rlim_cur)) return;
    if (files + others <= double(limit.rlim_max)) {
        limit.rlim_cur = static_cast<rlim_t>(files + others);
        if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
    }
    throw bad_input(
        "up to " + std::to_string(static_cast<index_t>(files)) +
        " files may be open at once, more than a process may have (ulimit -n); fewer --threads need "
        "less, and of shards a larger --shard-size or a smaller --task");
}

job_done run_job(team& all, const settings& chosen, const job& work,
                 const std::vector<std::filesystem::path>& folders) {
    progress shown(work.tasks(), work.voxels());
    const report sum = distribute(
        all, work, threads_of(chosen, all), chosen.resume, [&] { flush_to_disk(folders); }, shown);
    return {sum, shown.seconds()};
}

int carry_out(team& all, const settings& chosen, const undertaking& asked) {
    const job_done done = run_job(all, chosen, asked.work, asked.folders);
    const report& sum = done.sum;
    int status = 0;
    if (all.leads()) {
        status = status_of(true, [&] {
            if (!sum.fatal.empty()) {
                complain(sum.fatal + "; " + asked.remedy, 1);
                return interruption_status();
            }
            if (!sum.failed.empty()) fail_tasks(sum, asked.work);
            asked.claim->commit(asked.new_info());
            print_summary(done, asked.what);
            return 0;
        });
        std::fflush(stdout);
    }
    return std::stoi(all.share(std::to_string(status)));
}

std::string shape_text(const index3& shape) {
    return std::to_string(shape[0]) + " x " + std::to_string(shape[1]) + " x " + std::to_string(shape[2]);
}

}  // namespace volumes
