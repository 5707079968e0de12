#!/usr/bin/env python3
"""Reads a precomputed volume with numpy alone and compares every mip with numpy's own answer.

  read_back.py VOLUME average [FROM_MIP]   exact means of the footprints in scale FROM_MIP (0), rounded toward zero
  read_back.py VOLUME mode [FROM_MIP]      modes of the windows of the mip before: the first of the most frequent
  read_back.py VOLUME npy SCALE FILE       scale number SCALE against an array of x, y, z
  read_back.py VOLUME same OTHER           every scale of VOLUME against that of the same key in OTHER
  read_back.py VOLUME count                every chunk of every scale is there, and nothing else is

--holes: chunks that are not there are zeros. Scales that are jpeg, and what is made of jpeg, may be off by 1.

It shares no code with the program, and ends with status 1 where anything differs.
"""
import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "formats"))
import numpy_reader


def read_scale(volume, info, scale):
    return numpy_reader.read_scale(volume, info, scale, holes="--holes" in sys.argv)[0]


def factors_between(fine, coarse):
    return [round(c / f) for c, f in zip(coarse["resolution"], fine["resolution"])]


def block_sums(array, factors):
    for axis, factor in enumerate(factors):
        array = np.add.reduceat(array, np.arange(0, array.shape[axis], factor), axis=axis)
    return array


def exact_means(fine, factors):
    counts = block_sums(np.ones(fine.shape[:3], np.int64), factors)[..., None]
    if fine.dtype.kind == "f":
        return (block_sums(fine.astype(np.float64), factors) / counts).astype(fine.dtype)
    # Python's integers hold any sum of 64-bit voxels.
    sums = block_sums(fine.astype(object if fine.dtype.itemsize == 8 else np.int64), factors)
    return (np.abs(sums) // counts * np.sign(sums)).astype(fine.dtype)


def first_modes(fine, factors):
    """Of each window's labels the most frequent, of several the one that comes first, x before y before z."""
    shape = [-(-n // f) for n, f in zip(fine.shape, factors)]
    voters, there = [], []
    for z in range(factors[2]):
        for y in range(factors[1]):
            for x in range(factors[0]):
                part = fine[x :: factors[0], y :: factors[1], z :: factors[2]]
                voter = np.zeros([*shape, fine.shape[3]], fine.dtype)
                exists = np.zeros(voter.shape, bool)
                voter[: part.shape[0], : part.shape[1], : part.shape[2]] = part
                exists[: part.shape[0], : part.shape[1], : part.shape[2]] = True
                voters.append(voter)
                there.append(exists)
    best, most = np.zeros_like(voters[0]), np.zeros(voters[0].shape, int)
    for voter, exists in zip(voters, there):
        votes = sum(((voter == other) & also).astype(int) for other, also in zip(voters, there)) * exists
        best, most = np.where(votes > most, voter, best), np.maximum(votes, most)
    return best


def check_count(volume, info):
    good = True
    for scale in info["scales"]:
        _, seen = numpy_reader.read_scale(volume, info, scale)  # every chunk, or it ends
        strange = {p.name for p in (volume / scale["key"]).iterdir()} - seen
        print(f"{scale['key']}: {len(seen)} files, {len(strange)} strange")
        good = good and not strange
    strange = {p.name for p in volume.iterdir()} - {s["key"] for s in info["scales"]} - {"info"}
    print(f"{len(strange)} strange names in the volume {sorted(strange)}")
    return good and not strange


def main():
    volume, what = pathlib.Path(sys.argv[1]), sys.argv[2]
    info = json.loads((volume / "info").read_text())
    scales = info["scales"]
    if what == "count":
        return 0 if check_count(volume, info) else 1
    if what == "npy":
        found = read_scale(volume, info, scales[int(sys.argv[3])])
        wanted = np.load(sys.argv[4])
        same = np.array_equal(found.reshape(wanted.shape, order="F"), wanted)
        print(f"scale {sys.argv[3]} {found.shape}: {'equal' if same else 'DIFFERENT'}")
        return 0 if same else 1
    if what == "same":
        other = pathlib.Path(sys.argv[3])
        theirs = json.loads((other / "info").read_text())
        by_key = {scale["key"]: scale for scale in theirs["scales"]}
        good = True
        for scale in scales:
            a, b = read_scale(volume, info, scale), read_scale(other, theirs, by_key[scale["key"]])
            lossy = (scale["encoding"] == "jpeg") != (by_key[scale["key"]]["encoding"] == "jpeg")
            different = int(np.sum(np.abs(a.astype(int) - b) > 1) if lossy else np.sum(a != b))
            print(f"{scale['key']} {a.shape} {scale['encoding']}: {different} of {a.size} voxels differ from {other}")
            good = good and different == 0
        return 0 if good else 1
    start = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    source = fine = read_scale(volume, info, scales[start])
    good = True
    lossy = scales[start]["encoding"] == "jpeg"
    for before, scale in zip(scales[start:], scales[start + 1 :]):
        found = read_scale(volume, info, scale)
        if what == "average":
            wanted = exact_means(source, factors_between(scales[start], scale))
        else:
            wanted = first_modes(fine, factors_between(before, scale))
        # Pillow's inverse cosine transform is not ours.
        unequal = np.abs(found.astype(float) - wanted) > 1 if lossy else found != wanted
        different = int(np.sum(unequal & ~((found != found) & (wanted != wanted))))  # not a number, both
        print(f"{scale['key']} {found.shape} {found.dtype}: {different} of {found.size} voxels differ from numpy's")
        good = good and different == 0
        fine = found
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
