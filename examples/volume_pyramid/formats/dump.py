#!/usr/bin/env python3
"""The voxels of every scale of a volume, read by numpy_reader.py, x fastest, as FOLDER/0, FOLDER/1 ...

  dump.py VOLUME FOLDER
"""
import json
import pathlib
import sys

from numpy_reader import read_scale


def main():
    volume, folder = map(pathlib.Path, sys.argv[1:3])
    info = json.loads((volume / "info").read_text())
    folder.mkdir(parents=True, exist_ok=True)
    for number, scale in enumerate(info["scales"]):
        voxels, _ = read_scale(volume, info, scale)
        (folder / str(number)).write_bytes(voxels.tobytes(order="F"))


if __name__ == "__main__":
    main()
