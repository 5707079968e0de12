#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Draws the pictures of README.md, of volumes that it makes itself: tour.py [FOLDER]. Needs numpy and matplotlib."""

import pathlib
import sys

import matplotlib
import numpy

import tinybrain

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (after the backend is chosen)

SIZE = 256


def tissue(seed=8, cells=90):
    """Labels and an image of cells: each voxel is of the nearest centre, dark where two are as near."""
    rng = numpy.random.default_rng(seed)
    x, y = numpy.meshgrid(numpy.arange(SIZE), numpy.arange(SIZE), indexing="ij")
    # Bent, so that borders are no straight lines.
    bent_x = x + 7 * numpy.sin(y / 11) + 3 * numpy.sin(x / 5 + y / 7)
    bent_y = y + 7 * numpy.sin(x / 13) + 3 * numpy.sin(y / 4 - x / 9)
    centres = rng.uniform(-10, SIZE + 10, (cells, 2))
    distances = numpy.hypot(bent_x[..., None] - centres[:, 0], bent_y[..., None] - centres[:, 1])
    nearest = numpy.sort(distances, axis=2)
    membrane = numpy.exp(-((nearest[..., 1] - nearest[..., 0]) / 3) ** 2)
    image = 175 - 120 * membrane + rng.normal(0, 9, x.shape)
    labels = distances.argmin(axis=2) + 1
    # Thin processes run through the cells.
    for i, (phase, slope) in enumerate(rng.uniform((0, -1), (6, 1), (9, 2))):
        middle = 25 * (i + 1) + slope * (x - SIZE / 2) / 3 + 8 * numpy.sin(x / 17 + phase)
        labels[abs(y - middle) < 2.6] = cells + 1 + i
    return image.clip(1, 255).astype(numpy.uint8), labels.astype(numpy.uint64)


def show(axis, title, picture, **options):
    """Axis 0 to the right, axis 1 down, every mip as large as mip 0."""
    axis.imshow(picture.swapaxes(0, 1), extent=(0, SIZE, SIZE, 0), interpolation="nearest", **options)
    axis.set_title(title, fontsize=9)
    axis.set_axis_off()


def save(figure, path):
    figure.tight_layout(pad=0.4)
    figure.savefig(path, bbox_inches="tight", pad_inches=0.05, pil_kwargs={"optimize": True})
    plt.close(figure)
    print(f"{path}: {path.stat().st_size // 1000} kB")


def coloured(labels, names):
    """Neighbouring numbers get colours far apart."""
    colours = matplotlib.colormaps["hsv"](numpy.arange(len(names)) * 0.618 % 1)
    colours[:, :3] = 0.35 + 0.5 * colours[:, :3]
    return colours[numpy.searchsorted(names, labels)]


def draw_pyramid(path):
    image, labels = tissue()
    names = numpy.unique(labels)
    images = [image, *tinybrain.downsample_with_averaging(image, (2, 2), 4)]
    modes = [labels, *tinybrain.downsample_segmentation(labels, (2, 2), 4)]
    figure, axes = plt.subplots(2, 5, figsize=(9, 3.9), dpi=80)
    for m in range(5):
        title = f"mip {m}, {images[m].shape[0]} x {images[m].shape[1]}"
        show(axes[0][m], title, images[m], cmap="gray", vmin=0, vmax=255)
        show(axes[1][m], "", coloured(modes[m], names))
    save(figure, path)


def draw_true_mode(path):
    labels = tissue()[1]
    names = numpy.unique(labels)
    of_modes = tinybrain.downsample_segmentation(labels, (2, 2), 3)[2]
    true = tinybrain.downsample_segmentation(labels, (2, 2), 3, votes="footprint")[2]
    figure, axes = plt.subplots(1, 3, figsize=(9, 3.4), dpi=80)
    titles = "labels", "mip 3, mode of modes", 'mip 3, votes="footprint"'
    for axis, title, picture in zip(axes, titles, (labels, of_modes, true)):
        show(axis, title, coloured(picture, names))
    for i, j in numpy.argwhere(of_modes != true):
        axes[1].add_patch(plt.Rectangle((8 * i, 8 * j), 8, 8, fill=False, edgecolor="black", linewidth=1))
    share = 100 * (of_modes != true).mean()
    save(figure, path)
    print(f"framed: {share:.1f} % of the voxels of mip 3, where the mode of modes is another label")


def draw_sparse(path):
    image = tissue()[0]
    x, y = numpy.meshgrid(numpy.arange(SIZE), numpy.arange(SIZE), indexing="ij")
    image[numpy.hypot(x - 60, y - 200) > 185 + 12 * numpy.sin(numpy.arctan2(y - 200, x - 60) * 9)] = 0
    dense = tinybrain.downsample_with_averaging(image, (2, 2), 4)[3]
    sparse = tinybrain.downsample_with_averaging(image, (2, 2), 4, sparse=True)[3]
    half = tinybrain.downsample_with_averaging(image, (2, 2), 4, sparse=True, least_coverage=0.5)[3]
    figure, axes = plt.subplots(1, 4, figsize=(9, 2.7), dpi=80)
    titles = "tissue and black", "mip 4, dense", "mip 4, sparse=True", "least_coverage=0.5 too"
    for axis, title, picture in zip(axes, titles, (image, dense, sparse, half)):
        show(axis, title, picture, cmap="gray", vmin=0, vmax=255)
    save(figure, path)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    draw_pyramid(folder / "pyramid.png")
    draw_true_mode(folder / "true_mode.png")
    draw_sparse(folder / "sparse.png")


if __name__ == "__main__":
    main()
