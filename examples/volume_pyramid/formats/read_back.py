#!/usr/bin/env python3
"""Reads the volumes that tests/write_volumes makes with code that shares nothing with theirs, and compares.

  read_back.py FOLDER     every volume in it: `info`, the chunks or shards, and `truth`, the voxels it must have

Exit status: 1 where anything differs, 77 without numpy.
"""
import json
import pathlib
import sys

try:
    import numpy as np
except ImportError:
    print("read_back.py: skipped, numpy is not there")
    sys.exit(77)

from numpy_reader import Skipped, murmurhash3_x86_128, read_scale


def difference(volume):
    """The largest difference of any voxel of scale 0 from the truth."""
    info = json.loads((volume / "info").read_text())
    scale = info["scales"][0]
    found, seen = read_scale(volume, info, scale)
    truth = np.frombuffer((volume / "truth").read_bytes(), found.dtype).reshape(found.shape, order="F")
    others = {path.name for path in (volume / scale["key"]).iterdir()} - seen
    assert not others, f"files that no chunk has: {others}"
    if scale["encoding"] == "jpeg":
        return int(np.abs(found.astype(int) - truth).max())
    return 0 if found.tobytes() == truth.tobytes() else 999


def main():
    assert murmurhash3_x86_128(b"") == bytes(16)
    volumes = sorted(path.parent for path in pathlib.Path(sys.argv[1]).glob("*/info"))
    bad, skipped = 0, 0
    for volume in volumes:
        try:
            off = difference(volume)
        except Skipped as reason:
            print(f"{volume.name}: skipped, {reason}")
            skipped += 1
            continue
        limit = 1 if volume.name.startswith("jpeg") else 0
        if off > limit:
            print(f"{volume.name}: differs" + (f" by {off}" if off < 999 else ""))
            bad += 1
    print(f"{len(volumes) - bad - skipped} of {len(volumes)} volumes are right, {bad} wrong, {skipped} skipped")
    return bad > 0 or not volumes


if __name__ == "__main__":
    sys.exit(main())
