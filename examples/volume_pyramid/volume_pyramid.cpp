// SPDX-License-Identifier: BSL-1.0
// volume_pyramid: mips for volumes of any size: precomputed, OME-Zarr, N5. See README.md beside this
// file.
#include <exception>
#include <memory>

#include "settings.hpp"
#include "signals.hpp"
#include "stage.hpp"

namespace {

using namespace volumes;

int run(team& all, int argc, char** argv) {
    std::optional<settings> chosen;
    const int status = status_of(all.leads(), [&] {
        chosen = parse_command_line(argc, argv, all.leads());
        return 0;
    });
    if (!chosen) return status;
    if (chosen->what == step::prepare) return prepare_tasks(all, *chosen);
    if (chosen->what == step::part) return do_part(all, *chosen);
    if (chosen->what == step::finish) return finish_tasks(all, *chosen);
    if (!chosen->create_from.empty()) {
        const int created = create_volume(all, *chosen);
        if (created != 0 || chosen->dry_run || !chosen->mips.given()) return created;
    }
    return add_mips(all, *chosen);
}

}  // namespace

int main(int argc, char** argv) {
    keep_standard_streams();
    std::unique_ptr<team> all;
    const int joined = status_of(true, [&] {
        all = join_team(argc, argv);
        return 0;
    });
    if (!all) return joined;
    catch_signals();  // after MPI has had its chance to
    int status = 1;
    try {
        status = run(*all, argc, argv);
    } catch (const std::exception& problem) {
        // What is not foreseen in one process must not leave the others waiting.
        complain(problem.what(), 1);
        all->abandon();
    } catch (const interrupted& by) {
        complain(by.text(), 1);
        all->abandon();
    }
    // mpirun tells of its own processes' ends; a shell has to see the signal itself.
    const bool alone = all->size() == 1;
    all.reset();
    return alone && status > 128 ? end_by(status - 128) : status;
}
