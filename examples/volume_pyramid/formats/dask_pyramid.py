#!/usr/bin/env python3
"""A pyramid as python3-zarr and dask make it: each level the means of the one before, in 64-bit floats.

  dask_pyramid.py make VOLUME    an OME-Zarr 0.4 of 512 x 512 x 512 uint8, chunks of 64 cubed, not all alike
  dask_pyramid.py run VOLUME     three levels more
"""
import resource
import sys

import dask.array as da
import numpy as np
import zarr


def place(scale):
    return [{"type": "scale", "scale": [scale] * 3}]


def make(volume):
    rng = np.random.default_rng(1)
    group = zarr.open_group(volume, "w")
    array = group.create_dataset("0", shape=(512,) * 3, chunks=(64,) * 3, dtype="|u1", dimension_separator="/")
    for z in range(0, 512, 64):
        noise = rng.normal(128, 20, (64, 512, 512)).clip(0, 255)
        array[z : z + 64] = (noise + np.roll(noise, 1, 2)) / 2
    axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [{"path": "0", "coordinateTransformations": place(4)}]}]


def run(volume):
    group = zarr.open_group(volume, "r+")
    datasets = group.attrs["multiscales"][0]["datasets"]
    for level in range(1, 4):
        means = da.coarsen(np.mean, da.from_zarr(group[str(level - 1)]), {0: 2, 1: 2, 2: 2}).astype("u1").rechunk(64)
        coarser = group.create_dataset(str(level), shape=means.shape, chunks=64, dtype="|u1", dimension_separator="/")
        da.store(means, coarser, lock=False)
        datasets.append({"path": str(level), "coordinateTransformations": place(4 * 2**level)})
    group.attrs["multiscales"] = [{**group.attrs["multiscales"][0], "datasets": datasets}]
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB", file=sys.stderr)


{"make": make, "run": run}[sys.argv[1]](sys.argv[2])
