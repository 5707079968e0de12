#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Draws the results of the benchmark: how much of the machine's streaming limit each case reaches.

    bench --short --benchmark_out=bench.json --benchmark_out_format=json
    bench/plot.py bench.json            # writes bench/results.png, next to this script

Needs matplotlib: apt-get install python3-matplotlib
"""

import argparse
import collections
import json
import pathlib
import sys

COLOURS = {"average": "#3b6fb6", "min": "#4d9a8a", "max": "#4d9a8a", "mode": "#c8713a"}
SIZES = {"memory": "streamed from memory", "L3": "in the L3 cache", "L2": "in the L2 cache"}


def rows_of(results):
    """The cases that have a limit, medians of repetitions, in the order they ran."""
    values = collections.defaultdict(list)
    for run in results["benchmarks"]:
        if run.get("run_type") == "aggregate" or run.get("error_occurred"):
            continue
        name = run["name"].split("/iterations:")[0]
        if "of_limit" in run and not name.startswith("peer/"):
            values[name].append(run)
    rows = []
    for name, runs in values.items():
        runs.sort(key=lambda run: run["of_limit"])
        rows.append((name.split("/"), runs[len(runs) // 2]))
    return rows


def label_of(parts):
    """average/uint8/2x2x1/1mip/memory/dense/1thread -> average of uint8, 2x2x1"""
    what, voxel, window, mips, _, density, *rest = parts
    words = [f"{what} {voxel} {window.replace('_', ' ')}"]
    if mips != "1mip":
        words.append(mips.replace("mips", " mips"))
    if density != "dense":
        words.append({"nan": "sparse of NaN"}.get(density, density))
    if what == "mode":
        data, tie, vote = rest[:3]
        words.append({"random255": "random", "random": "random, full range", "real": "real labels"}.get(data, data))
        if tie != "countless":
            words.append(tie)
        if vote == "footprint":
            words.append("true mode")
    words += [part.replace("_", " ") for part in rest if part in ("half_up", "half_even")]
    if rest[-1] != "1thread":
        words.append(rest[-1].replace("threads", " threads"))
    return ", ".join(words)


def rate_of(run):
    return f"{run['MVx/s'] / 1000:.3g} GVx/s"


def draw_panel(axes, title, rows):
    rows = rows[::-1]
    reached = [run["of_limit"] for _, run in rows]
    axes.barh(range(len(rows)), reached, height=0.72, color=[COLOURS.get(p[0], "#888888") for p, _ in rows])
    axes.axvline(1, color="#222222", linewidth=1.2)
    for y, (_, run) in enumerate(rows):
        inside = run["of_limit"] > 0.3
        axes.text(run["of_limit"] + (-0.01 if inside else 0.01), y, rate_of(run), va="center", fontsize=7.5,
                  ha="right" if inside else "left", color="white" if inside else "#222222")
    axes.set_yticks(range(len(rows)), [label_of(parts) for parts, _ in rows], fontsize=8.5)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", pad=7)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)


def panels_of(rows):
    panels = []
    for size, words in SIZES.items():
        chosen = [row for row in rows if row[0][4] == size]
        images = [row for row in chosen if row[0][0] != "mode"]
        labels = [row for row in chosen if row[0][0] == "mode"]
        panels += [(f"Images, {words}", images), (f"Labels, {words}", labels)]
    return [panel for panel in panels if panel[1]]


def machine_of(context):
    level = context.get("forced_level", "none")
    return (f"{context.get('processor', '?')}, {context.get('compiler', '?')} {context.get('flags', '')}"
            + (f", {level} only" if level != "none" else "") + f", {context.get('date', '')[:10]}")


def draw(results, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    panels = panels_of(rows_of(results))
    if not panels:
        sys.exit("plot.py: the file holds no case with an of_limit")
    heights = [len(rows) + 1.6 for _, rows in panels]
    figure, all_axes = pyplot.subplots(len(panels), 1, figsize=(9, 0.2 * sum(heights) + 1.1), sharex=True,
                                       squeeze=False, gridspec_kw={"height_ratios": heights},
                                       layout="constrained")
    widest = max(run["of_limit"] for _, rows in panels for _, run in rows)
    for axes, (title, rows) in zip(all_axes[:, 0], panels):
        draw_panel(axes, title, rows)
        axes.set_xlim(0, max(1.08, widest + 0.04))
    # Below the last bar, where no title is.
    all_axes[-1, 0].text(1, 0, "the limit ", transform=all_axes[-1, 0].get_xaxis_transform(), fontsize=8.5,
                         ha="right", va="bottom")
    all_axes[-1, 0].set_xlabel("speed, as a part of what a loop that only reads and writes the same bytes reaches\n"
                               + machine_of(results["context"]), fontsize=8.5, color="#444444")
    # The longest labels stand outside of what the layout reckons with.
    figure.savefig(path, dpi=130, facecolor="white", bbox_inches="tight", pad_inches=0.15)
    print(path)


def main():
    parser = argparse.ArgumentParser(description="Draw the results of the benchmark.")
    parser.add_argument("results", help="what bench wrote with --benchmark_out=... --benchmark_out_format=json")
    parser.add_argument("--out", default=pathlib.Path(__file__).with_name("results.png"))
    arguments = parser.parse_args()
    with open(arguments.results) as file:
        draw(json.load(file), arguments.out)


if __name__ == "__main__":
    main()
