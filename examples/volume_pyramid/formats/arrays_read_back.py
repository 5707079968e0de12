#!/usr/bin/env python3
"""Arrays of Zarr and N5 between tests/write_arrays and code that shares nothing with it, both ways.

  arrays_read_back.py FOLDER PROGRAM     PROGRAM is write_arrays; python3-zarr reads and writes Zarr 2 and N5, and
                                         numpy_arrays.py Zarr 3

Exit status: 1 where anything differs, 77 without zarr.
"""
import itertools
import json
import pathlib
import subprocess
import sys

try:
    import numcodecs
    import numpy as np
    import zarr
except ImportError as missing:
    print(f"arrays_read_back.py: skipped, {missing.name} is not there")
    sys.exit(77)

import numpy_arrays

SIZES = {"x": 37, "y": 21, "z": 9, "c": 3, "t": 2}
STEPS = {"x": 16, "y": 8, "z": 4, "c": 2, "t": 1}


def memory_order(axes):
    """Axes as the bytes of `truth` have them, the slowest first."""
    return [a for a in axes if a not in "xyz"] + [a for a in "zyx" if a in axes]


def truth_of(folder, axes, shape, dtype):
    order = memory_order(axes)
    sizes = dict(zip(axes, shape))
    flat = np.frombuffer((folder / "truth").read_bytes(), np.dtype(dtype).newbyteorder("<"))
    return flat.reshape([sizes[a] for a in order]).transpose([order.index(a) for a in axes])


def read(folder):
    """The array, and its axes in that order."""
    axes = (folder / "axes").read_text()
    if (folder / "array/zarr.json").exists():
        return numpy_arrays.read(folder / "array"), axes
    if (folder / "array/.zarray").exists():
        return zarr.open(str(folder / "array"), "r")[...], axes
    store = zarr.N5Store(str(folder))
    return zarr.Array(store, path="array", read_only=True)[...], axes[::-1]  # whose axes are zarr's


def same(a, b):
    return a.shape == b.shape and np.ascontiguousarray(a.astype(b.dtype)).tobytes() == np.ascontiguousarray(b).tobytes()


def check_written(root):
    right, wrong = 0, 0
    for folder in sorted(root.iterdir()):
        found, axes = read(folder)
        if same(found, truth_of(folder, axes, found.shape, found.dtype)):
            right += 1
        else:
            wrong += 1
            print(f"{folder}: differs")
    print(f"{right} arrays are right, {wrong} wrong")
    return wrong == 0 and right > 0


rng = np.random.default_rng(19)


def values(shape, dtype):
    made = rng.integers(0, 200, shape)
    made[rng.random(shape) < 0.5] = 3
    return made.astype(dtype) / 4 if np.dtype(dtype).kind == "f" else made.astype(dtype)


class Written:
    """Arrays for write_arrays to read."""

    def __init__(self, root):
        self.root, self.number = root, itertools.count()

    def folder(self, axes):
        made = self.root / f"{next(self.number)}_{axes}"
        made.mkdir(parents=True)
        (made / "axes").write_text(axes)
        return made

    def truth(self, folder, axes, whole):
        order = memory_order(axes)
        whole = whole.transpose([axes.index(a) for a in order])
        (folder / "truth").write_bytes(np.ascontiguousarray(whole.astype(whole.dtype.newbyteorder("<"))).tobytes())

    def shapes(self, axes):
        return tuple(SIZES[a] for a in axes), tuple(STEPS[a] for a in axes)

    def fill_in(self, array, whole):
        """All but a corner, whose chunks stay missing."""
        part = tuple(slice(0, n - n % c or n) for n, c in zip(array.shape, array.chunks))
        full = np.full(whole.shape, array.fill_value if array.fill_value is not None else 0, whole.dtype)
        full[part] = whole[part]
        array[part] = whole[part]
        return full

    def zarr2(self, axes, dtype, **more):
        folder = self.folder(axes)
        shape, chunks = self.shapes(axes)
        array = zarr.open(str(folder / "array"), "w", shape=shape, chunks=chunks, dtype=dtype, **more)
        self.truth(folder, axes, self.fill_in(array, values(shape, dtype)))

    def n5(self, axes, dtype, compressor):
        folder = self.folder(axes)
        shape, chunks = self.shapes(axes[::-1])
        store = zarr.N5Store(str(folder))
        zarr.create(shape, chunks=chunks, dtype=dtype, compressor=compressor, store=store, path="array", fill_value=0)
        array = zarr.Array(store, path="array")
        self.truth(folder, axes[::-1], self.fill_in(array, values(shape, dtype)))

    def zarr3(self, axes, dtype, codecs, shard=None, **more):
        folder = self.folder(axes)
        shape, chunks = self.shapes(axes)
        whole = values(shape, dtype)
        numpy_arrays.write(folder / "array", whole, chunks, codecs, shard, **more)
        self.truth(folder, axes, whole)


def write_zarr2(to):
    for dtype in ["|b1", "|u1", "|i1", "<u2", ">u2", ">i2", "<u4", ">i4", ">u8", "<i8", "<f4", ">f4", "<f8", ">f8"]:
        to.zarr2("zyx", dtype, compressor=None, fill_value=1)
        to.zarr2("czyx", dtype, compressor=numcodecs.Zlib(1), order="F", dimension_separator="/")
    for axes in ["xyz", "tczyx", "yx", "xyzc", "zcyx"]:
        for order in "CF":
            to.zarr2(axes, ">u2", order=order, compressor=numcodecs.GZip(1))
    packers = [numcodecs.Zstd(1), numcodecs.LZ4(), numcodecs.BZ2(1), numcodecs.LZMA(), numcodecs.LZMA(preset=1)]
    for cname in numcodecs.blosc.list_compressors():
        packers += [numcodecs.Blosc(cname, 5, shuffle) for shuffle in (-1, 0, 1, 2)]
    for packer in packers:
        to.zarr2("zyx", "<u4", compressor=packer)
    to.zarr2("zyx", "<f4", compressor=None, fill_value=float("nan"))


def write_n5(to):
    for dtype in ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]:
        to.n5("xyz", dtype, None)
    packers = [numcodecs.GZip(1), numcodecs.BZ2(1), numcodecs.Zlib(1), numcodecs.LZMA(preset=1)]
    packers += [numcodecs.Blosc(cname, 5, shuffle) for cname in ("lz4", "zstd") for shuffle in (0, 1, 2)]
    for packer in packers:
        for axes in ["xyz", "xyzc", "xytc"]:
            to.n5(axes, "u2", packer)


def write_zarr3(to):
    little, big = numpy_arrays.bytes_codec("little"), numpy_arrays.bytes_codec("big")
    transposed = {"name": "transpose", "configuration": {"order": [2, 0, 1]}}
    blosc = {"cname": "zstd", "clevel": 3, "shuffle": "bitshuffle", "typesize": 4, "blocksize": 0}
    lists = [[little], [big, "crc32c"], [transposed, big, "gzip"], [transposed, little, "zstd", "crc32c"]]
    lists.append([little, {"name": "blosc", "configuration": blosc}])
    for codecs in lists:
        for dtype in ["uint8", "int16", "uint32", "uint64", "float32", "float64"]:
            to.zarr3("zyx", dtype, codecs)
            to.zarr3("zyx", dtype, codecs, (8, 8, 32), index_location="start")
            to.zarr3("xzy", dtype, codecs, (48, 4, 16))
    to.zarr3("czyx", "uint16", [little], (2, 8, 16, 16))
    to.zarr3("yx", "uint16", [little, "crc32c"], (24, 48))


def main():
    root, program = pathlib.Path(sys.argv[1]), sys.argv[2]
    assert numpy_arrays.crc32c(b"123456789") == 0xE3069283
    subprocess.run([program, "write", str(root / "ours")], check=True)
    good = check_written(root / "ours")
    others = Written(root / "others")
    write_zarr2(others)
    write_n5(others)
    write_zarr3(others)
    return not good or subprocess.run([program, "read", str(root / "others")]).returncode != 0


if __name__ == "__main__":
    sys.exit(main())
