#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Where modes of modes differ from true modes: counts for each mip, and a picture of one crop.

Needs numpy and, for the picture, matplotlib. LABELS is the .npy volume (x, y, z) that `pyramid` made both folders of:

  pyramid LABELS --method mode --factor 2,2,1 --mips 5 --votes previous_mip --out of_modes
  pyramid LABELS --method mode --factor 2,2,1 --mips 5 --votes footprint --out true
  true_modes.py LABELS of_modes true --picture true_modes.png
"""

import argparse
from pathlib import Path

import numpy as np


def mips_of(folder):
    files = sorted(Path(folder).glob("*_mip*.npy"), key=lambda file: int(file.stem.rpartition("_mip")[2]))
    return [np.load(file) for file in files]


def footprints(labels, mip):
    """The voxels under each voxel of a mip, along a last axis. What a border cuts is left out."""
    factor = [-(-n // m) for n, m in zip(labels.shape, mip.shape)]
    whole = [n // f for n, f in zip(labels.shape, factor)]
    cut = labels[tuple(slice(n * f) for n, f in zip(whole, factor))]
    cut = cut.reshape([k for pair in zip(whole, factor) for k in pair])
    return cut.transpose(0, 2, 4, 1, 3, 5).reshape(*whole, -1), whole


def print_counts(labels, of_modes, true):
    print("mip  voxels      differ           votes there: of the mode of modes, of the true mode")
    for number, (a, b) in enumerate(zip(of_modes, true), 1):
        under, whole = footprints(labels, a)
        inside = tuple(slice(n) for n in whole)
        differ = (a != b)[inside]
        votes = [100 * (under[differ] == mip[inside][differ][:, None]).mean() if differ.any() else 0 for mip in (a, b)]
        print(f"{number:3}  {a.size:10}  {(a != b).sum():6} {100 * (a != b).mean():6.2f} %"
              f"  {votes[0]:6.1f} % {votes[1]:6.1f} %")


def worst_crop(differ, size):
    """The corner and slice of the crop with the most differences."""
    sums = np.pad(differ.cumsum(0).cumsum(1), ((1, 0), (1, 0), (0, 0)))
    inside = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    return np.unravel_index(inside.argmax(), inside.shape)


def draw(labels, a, b, number, path):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    size = min(20, *a.shape[:2])
    x, y, z = worst_crop(a != b, size)
    factor = [-(-n // m) for n, m in zip(labels.shape, a.shape)]
    crops = [labels[x * factor[0]:(x + size) * factor[0], y * factor[1]:(y + size) * factor[1], z * factor[2]]]
    crops += [mip[x:x + size, y:y + size, z] for mip in (a, b)]
    # Neighbouring numbers get colours far apart.
    names, numbers = np.unique(np.concatenate([crop.ravel() for crop in crops]), return_inverse=True)
    colours = matplotlib.colormaps["hsv"](np.arange(len(names)) * 0.618 % 1)
    colours[:, :3] = 0.25 + 0.65 * colours[:, :3]
    titles = ["labels", f"mip {number}, mode of modes", f"mip {number}, true mode"]
    figure, axes = plt.subplots(1, 3, figsize=(9, 3.3), dpi=100)
    extent = (0, size, size, 0)
    for axis, crop, title in zip(axes, crops, titles):
        n = crop.size
        axis.imshow(colours[numbers[:n]].reshape(*crop.shape, 4).swapaxes(0, 1), extent=extent, interpolation="nearest")
        numbers = numbers[n:]
        axis.set_title(title, fontsize=10)
        axis.set_axis_off()
    for i, j in np.argwhere(crops[1] != crops[2]):
        axes[1].add_patch(plt.Rectangle((i, j), 1, 1, fill=False, edgecolor="black", linewidth=1.2))
    figure.tight_layout(pad=0.4)
    figure.savefig(path)
    print(f"{path}: {size}x{size} voxels of mip {number} from ({x}, {y}, {z}) on; framed: other than the true mode")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels")
    parser.add_argument("of_modes", help="folder of the mips with --votes previous_mip")
    parser.add_argument("true", help="folder of the mips with --votes footprint")
    parser.add_argument("--picture", help="a .png to draw")
    parser.add_argument("--mip", type=int, default=4, help="of the picture")
    chosen = parser.parse_args()
    labels, of_modes, true = np.load(chosen.labels), mips_of(chosen.of_modes), mips_of(chosen.true)
    print_counts(labels, of_modes, true)
    if chosen.picture:
        draw(labels, of_modes[chosen.mip - 1], true[chosen.mip - 1], chosen.mip, chosen.picture)


if __name__ == "__main__":
    main()
