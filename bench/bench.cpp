// SPDX-License-Identifier: BSL-1.0
// The benchmark: every case against the streaming limit of the same bytes, in turns, in the same run.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#include "cases.hpp"
#include "interleave.hpp"
#include "peers.hpp"
#include "streaming_limit.hpp"
#include "workload.hpp"

namespace {

using namespace bench;

struct settings {
    bool short_form = false;
    std::string labels;
    budget limits;
};

// The forms of the limit that take part, found once for each pair of sizes.
const std::vector<stream_form>& limit_forms(const stream_buffers& buffers, int threads) {
    constexpr std::size_t how_many = 3;
    static std::map<std::tuple<std::size_t, std::size_t, int>, std::vector<stream_form>> known;
    auto& forms = known[{buffers.in_bytes, buffers.out_bytes, threads}];
    if (forms.empty()) forms = fastest_stream_forms(buffers, threads, how_many);
    return forms;
}

void add_limits(std::vector<timed_calls>& contenders, const stream_buffers& buffers, int threads) {
    for (const stream_form& form : limit_forms(buffers, threads)) {
        contenders.push_back([=](int calls) { return seconds_to_stream(buffers, form, threads, calls); });
    }
}

double least(const std::vector<double>& seconds, std::size_t begin) {
    return *std::min_element(seconds.begin() + static_cast<std::ptrdiff_t>(begin), seconds.end());
}

double millions_per_second(const workload& w, double seconds) {
    return static_cast<double>(w.voxels()) / seconds * 1e-6;
}

// All measuring is done before the one iteration that reports it.
void report(benchmark::State& state, double seconds) {
    for ([[maybe_unused]] auto _ : state) state.SetIterationTime(seconds);
}

void run_case(benchmark::State& state, const bench_case& c, const settings& how) {
    const workload w(c);
    std::vector<timed_calls> contenders = {timed([&w] { w.run(); })};
    const stream_buffers bytes = w.compulsory();
    add_limits(contenders, bytes, c.threads);
    const std::vector<double> seconds = interleaved_medians(contenders, how.limits);
    const double limit = least(seconds, 1);
    report(state, seconds[0]);
    state.counters["MVx/s"] = millions_per_second(w, seconds[0]);
    state.counters["of_limit"] = limit / seconds[0];
    state.counters["limit_GB/s"] = static_cast<double>(bytes.in_bytes + bytes.out_bytes) / limit * 1e-9;
}

void run_pair(benchmark::State& state, const pair_case& pair, const settings& how) {
    const workload a(pair.a), b(pair.b);
    const std::vector<double> seconds =
        interleaved_medians({timed([&a] { a.run(); }), timed([&b] { b.run(); })}, how.limits);
    report(state, seconds[0]);
    state.counters["MVx/s"] = millions_per_second(a, seconds[0]);
    state.counters[pair.ratio] = pair.of_times ? seconds[0] / seconds[1] : seconds[1] / seconds[0];
}

void run_against(benchmark::State& state, const peer& other, const bench_case& c, const settings& how) {
    const workload w(c);
    std::vector<timed_calls> contenders = {timed([&w] { w.run(); }), timed(other.prepare(w))};
    add_limits(contenders, w.compulsory(), c.threads);
    const std::vector<double> seconds = interleaved_medians(contenders, how.limits);
    report(state, seconds[0]);
    state.counters["MVx/s"] = millions_per_second(w, seconds[0]);
    state.counters["of_limit"] = least(seconds, 2) / seconds[0];
    state.counters["times_faster"] = seconds[1] / seconds[0];
    state.counters["peer_MVx/s"] = millions_per_second(w, seconds[1]);
    state.counters["peer_of_limit"] = least(seconds, 2) / seconds[1];
}

// Is the limit a worthy opponent? Against what the C library does with the same bytes, it must not be slower.
void run_limit_check(benchmark::State& state, bool copy, const settings& how) {
    bench_case c;
    const workload w(c);
    stream_buffers buffers = w.compulsory();
    buffers.in_bytes = copy ? buffers.out_bytes : 0;
    std::vector<timed_calls> contenders = {timed([&] {
        if (copy) {
            std::memcpy(buffers.out, buffers.in, buffers.out_bytes);
        } else {
            std::memset(buffers.out, 1, buffers.out_bytes);
        }
    })};
    add_limits(contenders, buffers, 1);
    const std::vector<double> seconds = interleaved_medians(contenders, how.limits);
    report(state, least(seconds, 1));
    state.counters["times_faster"] = seconds[0] / least(seconds, 1);
    state.counters["limit_GB/s"] =
        static_cast<double>(buffers.in_bytes + buffers.out_bytes) / least(seconds, 1) * 1e-9;
}

template <class Run>
void add(const std::string& name, const Run& run) {
    benchmark::RegisterBenchmark(name.c_str(), run)
        ->UseManualTime()
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
}

std::vector<peer> all_peers() {
    std::vector<peer> all;
#if BENCH_HAS_OPENCV
    for (const peer& p : opencv_peers()) all.push_back(p);
#endif
#if BENCH_HAS_ITK
    for (const peer& p : itk_peers()) all.push_back(p);
#endif
    return all;
}

void add_all(const case_list& list, const settings& how) {
    for (const bool copy : {true, false}) {
        add(copy ? "limit/against_memcpy" : "limit/against_memset",
            [=](benchmark::State& state) { run_limit_check(state, copy, how); });
    }
    for (const bench_case& c : list.cases) {
        add(name_of(c), [=](benchmark::State& state) { run_case(state, c, how); });
    }
    for (const pair_case& pair : list.pairs) {
        add(pair.name, [=](benchmark::State& state) { run_pair(state, pair, how); });
    }
    for (const peer& other : all_peers()) {
        for (const bench_case& c : list.against_peers) {
            if (!other.offers(c)) continue;
            add("peer/" + other.name + "/" + name_of(c),
                [=](benchmark::State& state) { run_against(state, other, c, how); });
        }
    }
}

// One line a case. Google Benchmark's own has columns for what is not measured here (CPU time, iterations)
// and writes 0.0067 as 6.7m.
class table : public benchmark::ConsoleReporter {
public:
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            const std::string of_repetitions = run.aggregate_name.empty() ? "" : " " + run.aggregate_name;
            const std::string name = run.run_name.function_name + of_repetitions;
            std::printf("%-*s %9.3f ms", width, name.c_str(), run.GetAdjustedRealTime());
            for (const auto& [counter, value] : run.counters) print(counter, value);
            std::puts("");
        }
        std::fflush(stdout);
    }

private:
    static constexpr int width = 78;

    static void print(const std::string& name, double value) {
        std::printf(value < 100 ? "  %s %.3f" : "  %s %.0f", name.c_str(), value);
    }
};

std::string processor() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    }
    return "unknown";
}

void describe_machine() {
    const char* level = std::getenv("TINYBRAIN_LEVEL");
    benchmark::AddCustomContext("processor", processor());
    benchmark::AddCustomContext("hardware_threads", std::to_string(std::thread::hardware_concurrency()));
    benchmark::AddCustomContext("compiler", BENCH_COMPILER);
    benchmark::AddCustomContext("flags", BENCH_FLAGS);
    benchmark::AddCustomContext("forced_level", level ? level : "none");
}

// Takes this program's own options out of the arguments; the others are Google Benchmark's.
settings take_own_options(int& argc, char** argv) {
    settings how;
    if (const char* labels = std::getenv("TINYBRAIN_BENCH_LABELS")) how.labels = labels;
    int kept = 1;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const auto value = argument.substr(std::min(argument.size(), argument.find('=') + 1));
        if (argument == "--short") {
            how.short_form = true;
        } else if (argument.starts_with("--labels=")) {
            how.labels = value;
        } else if (argument.starts_with("--seconds=")) {
            how.limits.seconds = std::strtod(std::string(value).c_str(), nullptr);
        } else {
            argv[kept++] = argv[i];
        }
    }
    argc = kept;
    argv[argc] = nullptr;
    return how;
}

void run(int argc, char** argv) {
    const settings how = take_own_options(argc, argv);
    if (!how.labels.empty()) use_real_labels(how.labels);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) std::exit(2);
    describe_machine();
    const bool real_labels = !how.labels.empty();
    add_all(how.short_form ? short_list(real_labels) : every_case(real_labels), how);
    table reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    benchmark::Shutdown();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "bench: " << error.what() << '\n';
        return 2;
    }
}
