// SPDX-License-Identifier: BSL-1.0
// Mips by tasks that any scheduler runs. What a task writes depends on nothing but the plan and the source,
// and no two tasks write the same file: so they need no lock, in any order, twice or at the same time.
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <mutex>

#include "mips_plan.hpp"
#include "stage.hpp"
#include "volume_url.hpp"

namespace volumes {
namespace {

// Some of the tasks of a job.
class some_tasks : public job {
public:
    some_tasks(const job& all, index_t first, index_t count) : all_(all), first_(first), count_(count) {}

    index_t tasks() const override { return count_; }
    index_t voxels_of(index_t task) const override { return all_.voxels_of(first_ + task); }
    index_t voxels() const override {
        index_t sum = 0;
        for (index_t i = 0; i < count_; ++i) sum += voxels_of(i);
        return sum;
    }
    std::shared_ptr<task> open(index_t task) const override { return all_.open(first_ + task); }
    bool is_done(index_t task, scratch& mine, const std::function<void()>& go_on) const override {
        return all_.is_done(first_ + task, mine, go_on);
    }

private:
    const job& all_;
    index_t first_, count_;
};

// Looks whether all tasks of a job are done, and notes those that are not.
class checked_tasks : public job {
public:
    explicit checked_tasks(const job& all) : all_(all) {}

    index_t tasks() const override { return all_.tasks(); }
    index_t voxels_of(index_t task) const override { return all_.voxels_of(task); }
    index_t voxels() const override { return all_.voxels(); }
    std::shared_ptr<task> open(index_t number) const override {
        struct nothing : task {
            std::optional<index_t> next() override { return std::nullopt; }
            index_t run(index_t, scratch&) override { return 0; }
        };
        const std::lock_guard lock(mutex_);
        missing_.push_back(number);
        return std::make_shared<nothing>();
    }
    bool is_done(index_t task, scratch& mine, const std::function<void()>& go_on) const override {
        return all_.is_done(task, mine, go_on);
    }

    // Throws std::runtime_error, which names the tasks that are not done: "3, 17..20".
    void check() const {
        if (missing_.empty()) return;
        std::sort(missing_.begin(), missing_.end());
        std::string names;
        for (std::size_t i = 0; i < missing_.size();) {
            std::size_t last = i;
            while (last + 1 < missing_.size() && missing_[last + 1] == missing_[last] + 1) ++last;
            names.append(names.empty() ? "" : ", ").append(std::to_string(missing_[i]));
            if (last > i) names.append("..").append(std::to_string(missing_[last]));
            i = last + 1;
        }
        throw std::runtime_error(std::to_string(missing_.size()) + " of " + std::to_string(tasks()) +
                                 " tasks miss chunks, or have some that are older than their source: " +
                                 names + "; info was not changed. Do them by --tasks, and --finish again");
    }

private:
    const job& all_;
    mutable std::mutex mutex_;
    mutable std::vector<index_t> missing_;
};

// All that the meaning of the source's bytes depends on.
json description_of(const info& volume, const scale& source) {
    json known = json::parse(json_text({source, {}}));
    known["data_type"] = npy::name(volume.type());
    known["num_channels"] = volume.channels();
    return known;
}

// What the plan keeps for those who do parts of it.
std::string preparation(const settings& chosen, const info& volume, const pyramid_job& work) {
    json kept{{"arguments", chosen.arguments},
              {"task", work.cut().task_shape()},
              {"of", description_of(volume, work.settings().source)}};
    if (!chosen.dest.empty()) kept["source"] = from_anywhere(chosen.volume).string();
    try {
        return kept.dump();
    } catch (const json::exception&) {
        throw bad_input("--prepare: the plan holds no names that are no UTF-8");
    }
}

// The settings that were kept, as they are for whoever is in another folder.
settings settings_of(const json& kept, const std::filesystem::path& target) {
    settings chosen = parse_again(kept.at("arguments").get<std::vector<std::string>>());
    chosen.task = kept.at("task").get<index3>();
    chosen.volume = target;
    chosen.dest.clear();
    if (kept.contains("source")) {
        chosen.volume = kept["source"].get<std::string>();
        chosen.dest = target;
    }
    return chosen;
}

// What was asked for when the run was prepared, and of what source.
struct preparation_again {
    settings chosen;
    json of;
};

// As it is for the process that was given these.
preparation_again prepared_before(const settings& given) {
    const bad_input damaged("the plan in " + state_folder(given.volume).string() + " is damaged");
    json kept;
    settings chosen;
    try {
        kept = json::parse(prepared_run(given.volume));
        chosen = settings_of(kept, given.volume);
        if (json(*chosen.task) != kept["task"] || !kept.contains("of")) throw damaged;
    } catch (const json::exception&) {
        throw damaged;
    }
    if (chosen.what != step::whole || !chosen.create_from.empty()) throw damaged;
    chosen.what = given.what;
    chosen.part = given.part;
    chosen.tasks = given.tasks;
    chosen.resume = true;
    if (given.threads) chosen.threads = given.threads;
    if (given.memory) chosen.memory = given.memory;
    return {std::move(chosen), kept["of"]};
}

// The same plan, or bad_input: what all tasks agree on is nothing that one of them finds out.
planned_mips plan_as_prepared(const preparation_again& before, const listings& known) {
    planned_mips planned = plan_mips(before.chosen, known);
    const std::string how =
        differences(description_of(known.source, planned.work.settings().source), before.of);
    if (!how.empty())
        throw bad_input("the tasks in " + before.chosen.target().string() + " were prepared for another " +
                        (before.chosen.volume / "info").string() + ": " + how);
    return planned;
}

void check_alone(const team& all) {
    if (all.size() > 1)
        throw bad_input(
            "--prepare, --part, --tasks and --finish are for processes that do not know of each other; leave "
            "mpirun out, or these");
}

void print_tasks(const pyramid_job& work) {
    const geometry& cut = work.cut();
    const pyramid_settings& of = work.settings();
    for (index_t i = 0; i < cut.tasks(); ++i) {
        const box3 b = cut.source_of_task(i);
        json box = json::array();
        for (std::size_t axis = 0; axis < 3; ++axis)
            box.push_back({b.begin[axis] + of.begin[axis] + of.source.voxel_offset[axis],
                           b.end[axis] + of.begin[axis] + of.source.voxel_offset[axis]});
        std::printf("%s\n", json{{"task", i}, {"box", box}, {"bytes", of.format.bytes_of(b)}}.dump().c_str());
    }
}

// The first task of a part, and how many it has.
std::pair<index_t, index_t> range_of(const settings& chosen, index_t tasks) {
    if (chosen.tasks) {
        if (chosen.tasks->second >= tasks)
            throw bad_input("--tasks: there are " + std::to_string(tasks) + " tasks, from 0");
        return {chosen.tasks->first, chosen.tasks->second + 1 - chosen.tasks->first};
    }
    const auto [k, n] = chosen.part;
    // tasks * part / n, of which the product may be beyond an index.
    const auto up_to = [&, n = n](index_t part) { return tasks / n * part + tasks % n * part / n; };
    return {up_to(k - 1), up_to(k) - up_to(k - 1)};
}

// Whether info lists what was prepared, so that nobody waits for a part of it any more.
bool is_finished(const settings& chosen) {
    try {
        return !is_prepared(chosen.target()) && plan_mips(chosen, read_listings(chosen)).listed;
    } catch (const std::exception&) {  // something else is there now
        return false;
    }
}

int do_tasks(team& all, const preparation_again& before) {
    const settings& chosen = before.chosen;
    const listings known = read_listings(chosen);
    const planned_mips looked_at = plan_as_prepared(before, known);
    check_is_planned(chosen.target(), looked_at.mips);
    const index_t tasks = looked_at.work.tasks();
    const auto [first, count] = range_of(chosen, tasks);
    if (count == 0) {
        std::printf("%s: this part has none of the %td tasks\n", chosen.target().c_str(), tasks);
        return 0;
    }
    std::printf("%s: tasks %td..%td of 0..%td\n", chosen.target().c_str(), first, first + count - 1,
                tasks - 1);
    check_memory_of(all, chosen, known.source, looked_at.work);
    const part_folder temporary(chosen.target());
    const planned_mips planned = plan_again(chosen, known.source, texts_of(looked_at), temporary.name());
    const some_tasks work(planned.work, first, count);
    const auto done = run_job(all, chosen, work, folders_of(chosen, planned));
    if (!done.sum.fatal.empty()) {
        const std::string what = done.sum.fatal + "; the part can be run again";
        if (const int status = interruption_status(); status != 1) return complain(what, status);
        throw std::runtime_error(what);
    }
    if (!done.sum.failed.empty())
        throw std::runtime_error(
            std::to_string(done.sum.failed.size()) + " of " + std::to_string(count) +
            " tasks met a bad chunk, named above, and wrote no chunk that it belongs to. Mend "
            "the chunks, and run the part again");
    check_is_planned(chosen.target(), planned.mips);
    print_summary(done, "done");
    return 0;
}

}  // namespace

int prepare_tasks(team& all, const settings& chosen) {
    return status_of(all.leads(), [&] {
        check_alone(all);
        plan_mips(chosen, read_listings(chosen));
        run_claim claim(chosen.target(), target_catalog(chosen));
        const listings known = read_listings(chosen);
        const planned_mips planned = plan_mips(chosen, known);
        if (!planned.work.settings().missing.empty()) planned.work.source().check_missing_are_missing();
        print_headline(chosen, known.source, planned.work, all);
        check_memory_of(all, chosen, known.source, planned.work);
        claim.begin(planned.mips, true, planned.listed, preparation(chosen, known.source, planned.work));
        if (chosen.list) {
            print_tasks(planned.work);
        } else {
            std::printf("%td\n", planned.work.tasks());
        }
        flush_lines();
        return 0;
    });
}

int do_part(team& all, const settings& given) {
    return status_of(all.leads(), [&] {
        check_alone(all);
        const preparation_again before = prepared_before(given);
        try {
            return do_tasks(all, before);
        } catch (const std::exception&) {
            // A twin of this part may have been the last that was waited for.
            if (!is_finished(before.chosen)) throw;
            std::printf("%s: the run was finished meanwhile, and info lists the mips\n",
                        given.volume.c_str());
            return 0;
        }
    });
}

int finish_tasks(team& all, const settings& given) {
    return status_of(all.leads(), [&] {
        check_alone(all);
        const preparation_again before = prepared_before(given);
        const settings& chosen = before.chosen;
        run_claim claim(chosen.target(), target_catalog(chosen));
        const listings known = read_listings(chosen);
        const planned_mips looked_at = plan_as_prepared(before, known);
        const std::string temporary = claim.begin(looked_at.mips, true, looked_at.listed);
        const planned_mips planned = plan_again(chosen, known.source, texts_of(looked_at), temporary);
        const checked_tasks work(planned.work);
        std::printf("%s: checking %td task%s\n", chosen.target().c_str(), work.tasks(),
                    work.tasks() == 1 ? "" : "s");
        return carry_out(all, chosen,
                         {work, &claim, folders_of(chosen, planned),
                          [&] {
                              work.check();
                              return info_with(chosen, known.source, planned);
                          },
                          "checked", "--finish again"});
    });
}

}  // namespace volumes
