#!/usr/bin/env python3
"""The levels of volumes of any format as others read them: python3-zarr Zarr 2 and N5, numpy_arrays.py Zarr 3,
numpy_reader.py precomputed.

  levels.py VOLUME OTHER    ends with status 1 where a level of one differs from that of the other
"""
import json
import pathlib
import sys

import numpy as np
import zarr

import numpy_arrays
import numpy_reader


def precomputed_levels(volume):
    info = json.loads((volume / "info").read_text())
    for scale in info["scales"]:
        whole = numpy_reader.read_scale(volume, info, scale)[0]
        whole = np.moveaxis(whole, 3, 0).transpose(0, 3, 2, 1)
        edges = scale["resolution"][::-1]
        yield whole if info["num_channels"] > 1 else whole[0], edges, [o * e for o, e in zip(scale["voxel_offset"][::-1], edges)]


def ome_levels(multiscale, read):
    for dataset in multiscale["datasets"]:
        scale, translation = dataset["coordinateTransformations"]
        assert scale["type"] == "scale" and translation["type"] == "translation"
        yield read(dataset["path"]), scale["scale"], translation["translation"]


def levels(volume):
    """Of each level, the finest first: the array, the edges of a voxel, where the first one is; axes as Zarr has them."""
    if (volume / "info").exists():
        return list(precomputed_levels(volume))
    if (volume / "zarr.json").exists():
        ome = json.loads((volume / "zarr.json").read_text())["attributes"]["ome"]
        names = [axis["name"] for axis in ome["multiscales"][0]["axes"]]
        assert ome["version"] == "0.5"
        for dataset in ome["multiscales"][0]["datasets"]:
            assert json.loads((volume / dataset["path"] / "zarr.json").read_text())["dimension_names"] == names
        return list(ome_levels(ome["multiscales"][0], lambda path: numpy_arrays.read(volume / path)))
    if (volume / ".zattrs").exists():
        group = zarr.open_group(str(volume), "r")
        return list(ome_levels(group.attrs["multiscales"][0], lambda path: group[path][...]))
    group, store = json.loads((volume / "attributes.json").read_text()), zarr.N5Store(str(volume))
    found = []
    for number, factors in enumerate(group["scales"]):
        attributes = json.loads((volume / f"s{number}" / "attributes.json").read_text())
        assert attributes["downsamplingFactors"] == factors
        place = attributes["transform"]
        found.append((zarr.Array(store, path=f"s{number}", read_only=True)[...], place["scale"], place["translate"]))
    return found


def main():
    volume, other = (levels(pathlib.Path(name)) for name in sys.argv[1:3])
    if len(volume) != len(other):
        sys.exit(f"{sys.argv[1]} has {len(volume)} levels, {sys.argv[2]} {len(other)}")
    for number, ((a, _, _), (b, _, _)) in enumerate(zip(volume, other)):
        if a.shape != b.shape or not np.array_equal(a, b):
            sys.exit(f"level {number} of {sys.argv[1]} and {sys.argv[2]} differs")
    print(f"{sys.argv[1]} has the voxels of {sys.argv[2]}: {len(volume)} levels")


if __name__ == "__main__":
    main()
