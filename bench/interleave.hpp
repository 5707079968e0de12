// SPDX-License-Identifier: BSL-1.0
// Timing contenders in turns, so that whatever else the machine does meanwhile slows them alike.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

namespace bench {

// How long `calls` calls take, in seconds.
using timed_calls = std::function<double(int calls)>;

inline timed_calls timed(std::function<void()> call) {
    return [call = std::move(call)](int calls) {
        using clock = std::chrono::steady_clock;
        const auto start = clock::now();
        for (int i = 0; i < calls; ++i) call();
        return std::chrono::duration<double>(clock::now() - start).count();
    };
}

inline double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

struct budget {
    double seconds = 0.5;  // of measuring, for all contenders together
    int least_rounds = 5;
    int most_rounds = 101;
};

// The median seconds of one call of each contender. A round gives each a batch of at least 2 ms, after a call
// that only refills the caches where a batch is more than one.
inline std::vector<double> interleaved_medians(const std::vector<timed_calls>& contenders,
                                               const budget& limits) {
    constexpr double batch = 2e-3;
    std::vector<int> calls;
    for (const timed_calls& contender : contenders) {
        double once = contender(1);
        if (once < 10 * batch) once = std::min(contender(1), contender(1));
        once = std::max(1e-8, once);
        calls.push_back(std::max(1, static_cast<int>(batch / once)));
    }
    std::vector<std::vector<double>> seconds(contenders.size());
    const auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < limits.most_rounds; ++round) {
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
        if (round >= limits.least_rounds && spent.count() > limits.seconds) break;
        for (std::size_t i = 0; i < contenders.size(); ++i) {
            if (calls[i] > 1) contenders[i](1);
            seconds[i].push_back(contenders[i](calls[i]) / calls[i]);
        }
    }
    std::vector<double> medians;
    for (std::vector<double>& s : seconds) medians.push_back(median(std::move(s)));
    return medians;
}

}  // namespace bench
