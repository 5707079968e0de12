// SPDX-License-Identifier: BSL-1.0
#include "distribute.hpp"

#include <sys/resource.h>
#include <nlohmann/json.hpp>

#include <exception>
#include <vector>

#include "signals.hpp"

namespace volumes {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// What the leader says to a follower, besides the number of a task.
constexpr index_t no_more = -1, stop_now = -2, good_bye = -3;

// A volume whose chunks are bad by the dozen is not what was meant; nobody reads more lines than these.
constexpr std::size_t most_failures = 20;

// Messages are asked for this often: far less than a task takes, far more than a processor notices.
constexpr auto a_moment = 2ms;

// A message names files, whose names may be any bytes.
std::string text_of(const json& message) {
    return message.dump(-1, ' ', false, json::error_handler_t::replace);
}

json to_json(const report& r) {
    return {
        {"voxels", r.voxels},
        {"tasks", r.tasks},
        {"voxels_found", r.voxels_found},
        {"tasks_found", r.tasks_found},
        {"failed", r.failed},
        {"fatal", r.fatal},
        {"spent", {r.spent.reading, r.spent.decoding, r.spent.pooling, r.spent.encoding, r.spent.writing}},
        {"peak_memory", r.peak_memory}};
}

report report_from(const json& in) {
    report r;
    r.voxels = in["voxels"];
    r.tasks = in["tasks"];
    r.voxels_found = in["voxels_found"];
    r.tasks_found = in["tasks_found"];
    r.failed = in["failed"].get<std::vector<std::string>>();
    r.fatal = in["fatal"];
    const json& s = in["spent"];
    r.spent = {s[0], s[1], s[2], s[3], s[4]};
    r.peak_memory = in["peak_memory"];
    return r;
}

class leader {
public:
    leader(team& all, const job& work, workers& mine, progress& shown)
        : all_(all), work_(work), mine_(mine), shown_(shown), ended_(static_cast<std::size_t>(all.size())) {
        ended_[0] = true;
        followers_left_ = all.size() - 1;
    }

    report lead() {
        while (true) {
            take(mine_.take_report());
            if (const std::string why = interruption(); !why.empty()) stop(why);
            if (mine_.wants_task()) give_myself();
            while (const auto message = all_.hear_follower())
                hear(message->first, json::parse(message->second));
            shown_.show(sum_);
            if (followers_left_ == 0 && mine_.finished()) break;
            mine_.wait(all_.size() > 1 ? a_moment : 100ms);
        }
        take(mine_.take_report());
        for (int follower = 1; follower < all_.size(); ++follower) all_.tell_follower(follower, good_bye);
        return sum_;
    }

private:
    void give_myself() {
        if (next_ < work_.tasks()) {
            mine_.give(next_++);
        } else {
            mine_.no_more_tasks();
        }
    }

    void hear(int follower, const json& message) {
        take(report_from(message["report"]));
        if (message["wants_task"]) all_.tell_follower(follower, next_ < work_.tasks() ? next_++ : no_more);
        if (!message["ended"]) return;
        ended_[static_cast<std::size_t>(follower)] = true;
        --followers_left_;
    }

    void take(const report& news) {
        sum_.add(news);
        for (const std::string& failure : news.failed) shown_.say(failure);
        if (!news.fatal.empty()) stop(news.fatal);
        if (sum_.failed.size() >= most_failures) stop("too many chunks are bad");
    }

    void stop(const std::string& why) {
        if (sum_.fatal.empty()) sum_.fatal = why;
        if (std::exchange(stopped_, true)) return;
        next_ = work_.tasks();
        mine_.stop();
        for (int follower = 1; follower < all_.size(); ++follower)
            if (!ended_[static_cast<std::size_t>(follower)]) all_.tell_follower(follower, stop_now);
    }

    team& all_;
    const job& work_;
    workers& mine_;
    progress& shown_;
    report sum_;
    index_t next_ = 0;
    std::vector<bool> ended_;
    int followers_left_ = 0;
    bool stopped_ = false;
};

void follow(team& all, workers& mine, const std::function<report()>& end) {
    bool asked = false, ended = false;
    while (true) {
        report news = mine.take_report();
        if (const std::string why = interruption(); !why.empty()) {
            if (!ended) news.fatal = why;
            mine.stop();
        }
        const bool want = !asked && mine.wants_task();
        const bool end_now = !ended && mine.finished();
        if (end_now) {
            news.add(mine.take_report());
            news.add(end());
        }
        if (want || end_now || !news.says_nothing())
            all.tell_leader(text_of({{"report", to_json(news)}, {"wants_task", want}, {"ended", end_now}}));
        asked = asked || want;
        ended = ended || end_now;
        if (const auto word = all.hear_leader()) {
            if (*word == good_bye) return;
            if (*word >= 0) mine.give(*word);
            if (*word == no_more) mine.no_more_tasks();
            if (*word == stop_now) mine.stop();
            if (*word != stop_now) asked = false;
        }
        if (ended || asked) {
            std::this_thread::sleep_for(a_moment);
        } else {
            mine.wait(a_moment);
        }
    }
}

}  // namespace

report distribute(team& all, const job& work, int threads, bool resume, const std::function<void()>& at_end,
                  progress& shown) {
    workers mine(work, threads, resume);
    const auto end = [&] {
        report last;
        try {
            at_end();
        } catch (const std::exception& problem) {
            last.fatal = problem.what();
        }
        rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        last.peak_memory = index_t{used.ru_maxrss} * 1024;
        return last;
    };
    if (!all.leads()) {
        follow(all, mine, end);
        return {};
    }
    report sum = leader(all, work, mine, shown).lead();
    sum.add(end());
    return sum;
}

}  // namespace volumes
