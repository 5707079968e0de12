// SPDX-License-Identifier: BSL-1.0
// The stage that adds mips to a volume.
#include <cstdio>
#include <memory>

#include "mips_plan.hpp"
#include "stage.hpp"

namespace volumes {

void look_at_mips(const team& all, const settings& chosen, const info& volume) {
    const planned_mips planned = plan_mips(chosen, {volume, volume});
    if (chosen.dry_run) print_headline(chosen, volume, planned.work, all);
    std::fprintf(told(chosen), "  then %zu mips:\n", planned.mips.size());
    check_memory_of(all, chosen, volume, planned.work);
}

int add_mips(team& all, const settings& chosen) {
    std::unique_ptr<run_claim> claim;
    const decision made = decide(all, [&]() -> std::string {
        if (!chosen.dry_run) {
            // Most of what is wrong is found before the volume is touched.
            plan_mips(chosen, read_listings(chosen));
            claim = std::make_unique<run_claim>(chosen.target(), target_catalog(chosen));
        }
        const listings known = read_listings(chosen);
        const planned_mips planned = plan_mips(chosen, known);
        if (!planned.work.settings().missing.empty()) planned.work.source().check_missing_are_missing();
        print_headline(chosen, known.source, planned.work, all);
        check_memory_of(all, chosen, known.source, planned.work);
        if (chosen.dry_run) return {};
        const std::string temporary = claim->begin(planned.mips, chosen.resume, planned.listed);
        return json{{"info", known.source.text()}, {"planned", texts_of(planned)}, {"temporary", temporary}}
            .dump();
    });
    if (made.found.empty()) return made.status;
    const json found = json::parse(made.found);
    const info before(found["info"].get<std::string>());
    const planned_mips planned = plan_again(chosen, before, found["planned"], found["temporary"]);
    return carry_out(all, chosen,
                     {planned.work, claim.get(), folders_of(chosen, planned),
                      [&] { return info_with(chosen, before, planned); }, "added"});
}

}  // namespace volumes
