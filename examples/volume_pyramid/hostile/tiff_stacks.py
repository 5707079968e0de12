#!/usr/bin/env python3
"""Volumes made of TIFF files: the same chunks as from a .npy of the same voxels, or an error that says why.

  tiff_stacks.py VOLUME_PYRAMID FOLDER_TO_WORK_IN [NAME...]    cases of these names; all of them without
  tiff_stacks.py VOLUME_PYRAMID FOLDER_TO_WORK_IN speed        how fast a stack of 256 MVx is read

Files are written by tifffile and by Pillow, as far as they are there. SEED=n chooses the random stacks.
"""
import json
import os
import pathlib
import random
import shutil
import struct
import sys
import time

from common import check_end, fresh, run, tree

try:
    import numpy as np
    import tifffile
except ImportError as problem:
    print(f"skipped: {problem}")
    sys.exit(77)
try:
    from PIL import Image
except ImportError:
    Image = None

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
WORK = pathlib.Path(sys.argv[2]).resolve()
SEED = int(os.environ.get("SEED", "1"))
CASES = []


def case(function):
    CASES.append(function)
    return function


def program(arguments, before="", **more):
    outcome = run(f"{before}'{PROGRAM}' {arguments}", WORK, **more)
    check_end(outcome)
    return outcome


def works(arguments, *words):
    outcome = program(arguments)
    assert outcome.status == 0, f"{arguments}\n{outcome}"
    for word in words:
        assert word in outcome.text, f"{arguments}: '{word}' is not in\n{outcome}"


def fails(source, status, *words, more=""):
    shutil.rmtree(WORK / "bad", ignore_errors=True)
    outcome = program(f"bad --create {source} {more}")
    assert outcome.status == status, f"{source}\n{outcome}"
    for word in words:
        assert word in outcome.text, f"{source}: '{word}' is not in\n{outcome}"
    assert not (WORK / "bad/info").exists(), f"{source}: a volume is listed"
    return outcome


def voxels(shape, dtype, seed=0):
    """Noise and plain parts, which every compression shortens."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 2**63, shape).astype(dtype) if np.dtype(dtype).kind != "f" else rng.normal(size=shape).astype(dtype)
    return np.where(rng.integers(0, 3, shape) > 0, a, np.array(7, dtype))


def check_same(source, array, options="", channels=False):
    """What a .npy of the same voxels gives: array is of z, y, x, and of channels."""
    for name in ("from_tiff", "from_npy"):
        shutil.rmtree(WORK / name, ignore_errors=True)
    np.save(WORK / "same.npy", array)
    works(f"from_tiff --create {source} {options}")
    works(f"from_npy --create same.npy --axes {'zyxc' if channels else 'zyx'} {options}")
    a, b = tree(WORK / "from_tiff"), tree(WORK / "from_npy")
    infos = [json.loads(t.pop("info")) for t in (a, b)]
    for info in infos:
        info["scales"][0].pop("made_by")
    assert infos[0] == infos[1], f"{source}: info"
    assert a.keys() == b.keys(), f"{source}: other files"
    for name in a:
        assert a[name] == b[name], f"{source} {options}: {name} has other voxels"


def write(path, array, **how):
    tifffile.imwrite(WORK / path, array, **{"photometric": "minisblack", **how})


def write_folder(name, array, how, names="z{}.tif"):
    fresh(WORK / name)
    for z, page in enumerate(array):
        write(f"{name}/{names.format(z)}", page, **how)


def random_options(rng):
    chunk = ",".join(str(rng.choice([5, 16, 32, 64, 100])) for _ in range(3))
    return f"--chunk {chunk} --threads {rng.choice([1, 2, 5])} " + rng.choice(
        ["", "", "--sharded --shard-size 100KiB", "--compress gzip:1", "--mips 2 --method average --factor 2,2,1"])


@case
def layouts():
    """Types and layouts, as one file and as a folder."""
    rng = random.Random(SEED)
    dtypes = ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4"]
    layouts = [{}, {"compression": "zlib"}, {"compression": "zlib", "rowsperstrip": 9}, {"rowsperstrip": 9},
               {"tile": (32, 48)}, {"tile": (16, 16), "compression": "zlib"}, {"bigtiff": True, "byteorder": ">"},
               {"byteorder": ">", "compression": "zlib"}, {"byteorder": ">", "tile": (64, 16)}]
    for i in range(27):  # each of them three times
        dtype, how = dtypes[i % 9], layouts[(i + i // 9 + SEED) % 9]
        a = voxels((rng.randint(1, 12), rng.randint(1, 150), rng.randint(1, 150)), dtype, i)
        if rng.random() < 0.5:
            write("x.tif", a, **how)
            check_same("x.tif", a, random_options(rng))
        else:
            write_folder("s", a, how)
            check_same("s", a, random_options(rng))


@case
def predictors():
    for dtype in ["u1", "u2", "u4"]:
        for how in [{}, {"tile": (32, 48)}, {"rowsperstrip": 3}]:
            a = voxels((3, 70, 90), dtype)
            write("x.tif", a, compression="zlib", predictor=True, **how)
            check_same("x.tif", a, "--chunk 16,16,2")


@case
def channels():
    rng = random.Random(SEED)
    for count in (2, 3, 4, 7):
        for planar in ("contig", "separate"):
            for how in [{}, {"compression": "zlib"}, {"tile": (32, 48)}, {"tile": (16, 16), "compression": "zlib"},
                        {"rowsperstrip": 5, "compression": "zlib"}]:
                dtype = rng.choice(["u1", "u2", "f4", "u8"])
                a = voxels((4, 75, 90, count), dtype)
                photometric = "rgb" if count in (3, 4) and dtype in ("u1", "u2") else "minisblack"
                fresh(WORK / "s")
                for z, page in enumerate(a):
                    if planar == "separate":
                        page = np.moveaxis(page, -1, 0)
                    write(f"s/{z}.tif", page, planarconfig=planar, photometric=photometric, **how)
                check_same("s", a, random_options(rng), channels=True)


@case
def high_strips():
    """Strips of a whole page, decoded once however many chunks lie across them."""
    rng = random.Random(SEED)
    for how in [{"compression": "zlib"}, {"compression": "lzma"}, {}]:
        a = voxels((20, 700, 300), "u1")
        write("x.tif", a, rowsperstrip=700, **how)
        check_same("x.tif", a, "--chunk 64,64,8 --threads 2")
        check_same("x.tif", a, f"--chunk {rng.choice([33, 64])},10,3 --threads 5")
        check_same("x.tif", a, "--chunk 32,32,4 --threads 3 --sharded --shard-size 64KiB")


@case
def pillow():
    if Image is None:
        return
    a = voxels((4, 130, 90), "u1")
    for compression in ["tiff_lzw", "packbits", "tiff_deflate", "tiff_lzma", "zstd", None]:
        pages = [Image.fromarray(page) for page in a]
        pages[0].save(WORK / "x.tif", save_all=True, append_images=pages[1:], compression=compression)
        check_same("x.tif", a, "--chunk 16,16,2")
        b = voxels((1, 130, 90), "u2")
        Image.fromarray(b[0]).save(WORK / "x.tif", compression=compression)
        check_same("x.tif", b)
    for mode, samples in [("L", 1), ("RGB", 3)]:
        smooth = np.add.outer(np.arange(130) * 2 % 200, np.arange(90)).astype("u1")
        page = np.stack([smooth // (c + 1) for c in range(samples)], axis=-1)
        Image.fromarray(page[..., 0] if samples == 1 else page, mode).save(WORK / "j.tif", compression="jpeg")
        seen = np.asarray(Image.open(WORK / "j.tif")).reshape(1, 130, 90, samples)
        check_same("j.tif", seen, "--chunk 16,16,2", channels=True)


@case
def order_of_names():
    a = voxels((12, 20, 30), "u1")
    write_folder("s", a, {})
    (WORK / "s/notes.txt").write_text("no slice")
    (WORK / "s/.hidden.tif").write_text("no slice")
    (WORK / "s/._z0.tif").write_text("no slice")
    check_same("s", a)
    shutil.rmtree(WORK / "w", ignore_errors=True)
    works("w --create s", "12 of the 15 files in it, z0.tif to z11.tif")
    write_folder("s", a, {}, "a{:03}b.TIFF")
    check_same("s", a)
    fresh(WORK / "s")
    for i, n in enumerate([2, 3, 7]):  # files of several pages
        write(f"s/part{8 + i}.tif", a[sum([2, 3, 7][:i]):][:n])
    check_same("s", a)
    write_folder("s", a, {})
    (WORK / "s/z4.tif").unlink()
    shutil.rmtree(WORK / "w", ignore_errors=True)
    works("w --create s", "warning: s/z3.tif is followed by z5.tif")
    write_folder("s", a, {})
    outcome = program("w --create s --dry-run")
    assert "warning" not in outcome.text, outcome


@case
def many_files():
    """More files than may be open."""
    a = voxels((300, 100, 20), "u1")
    write_folder("s", a, {"compression": "zlib"})
    for name in ("w", "v"):
        shutil.rmtree(WORK / name, ignore_errors=True)
    outcome = program("w --create s --chunk 16,16,100 --threads 2", "ulimit -Sn 100; ")
    assert outcome.status == 0, outcome
    outcome = program("v --create s --chunk 16,16,100 --threads 2", "ulimit -n 100; ")
    assert outcome.status == 2 and "may be open at once" in outcome.text, outcome


@case
def resumed():
    a = voxels((9, 500, 200), "u1")
    write("x.tif", a, compression="zlib", rowsperstrip=500)
    shutil.rmtree(WORK / "w", ignore_errors=True)
    works("w --create x.tif --chunk 32,32,4")
    whole = tree(WORK / "w")
    for name in [n for n in whole if n.endswith("_0-4")][::2]:
        (WORK / "w" / name).unlink()
    shutil.copy(WORK / "x.tif", WORK / "other_name.tif")
    works("w --create other_name.tif --chunk 32,32,4 --resume --threads 3")
    assert tree(WORK / "w") == whole
    write("x.tif", voxels((9, 500, 200), "u1", 5), compression="zlib", rowsperstrip=500)
    outcome = program("w --create x.tif --chunk 32,32,4 --resume")
    assert outcome.status == 2 and "made otherwise: tiff" in outcome.text, outcome
    np.save(WORK / "x.npy", a)
    outcome = program("w --create x.npy --axes zyx --chunk 32,32,4 --resume")
    assert outcome.status == 2, outcome


@case
def refused():
    a = voxels((3, 60, 50), "u1")
    write("x.tif", a)
    fails("x.tif", 2, "--axes", "its pages are z", more="--axes xyz")
    for name, photometric, words in [("w.tif", "miniswhite", "0 is white"), ("p.tif", "palette", "palette"), ("k.tif", "separated", "photometric")]:
        page = np.zeros((60, 50, 4), "u1") if photometric == "separated" else a[0]
        more = {"colormap": np.zeros((3, 256), "u2")} if photometric == "palette" else {}
        write(name, page, photometric=photometric, **more)
        fails(name, 2, name, words)
    write("b.tif", np.zeros((60, 50), bool))
    fails("b.tif", 2, "b.tif", "of 1 bits")
    write("d.tif", a.astype("f8"))
    fails("d.tif", 2, "float64")
    write("c.tif", a.astype("c8"))
    fails("c.tif", 2, "c.tif", "neither integers nor floats")
    write("h.tif", a.astype("f2"))
    fails("h.tif", 2, "h.tif", "floats of 16 bits")
    write("o.tif", a[0], extratags=[(274, "H", 1, 6, True)])
    fails("o.tif", 2, "o.tif", "orientation is 6")
    write("r.tif", a[0], subfiletype=1)
    fails("r.tif", 2, "r.tif", "smaller copy")
    fresh(WORK / "empty")
    fails("empty", 2, "empty", "without a .tif")
    (WORK / "empty/z1.tif").symlink_to("nowhere")
    fails("empty", 2, "z1.tif", "No such file")
    fails("nowhere.tif", 2, "nowhere.tif", "No such file")
    (WORK / "nothing.tif").write_bytes(b"")
    fails("nothing.tif", 2, "nothing.tif", "empty file")
    (WORK / "npy.tif").write_bytes((WORK / "x.tif").read_bytes()[2:])
    fails("npy.tif", 2, "npy.tif")
    patched("x.tif", 259, 34712, "j2k.tif")
    fails("j2k.tif", 2, "j2k.tif", "compression is 34712")


def patched(name, tag, value, to):
    """A file whose first page has another value of a tag."""
    data = bytearray((WORK / name).read_bytes())
    at, = struct.unpack_from("<I", data, 4)
    count, = struct.unpack_from("<H", data, at)
    for i in range(count):
        entry = at + 2 + 12 * i
        if struct.unpack_from("<H", data, entry)[0] == tag:
            struct.pack_into("<H" if struct.unpack_from("<H", data, entry + 2)[0] == 3 else "<I", data, entry + 8, value)
    (WORK / to).write_bytes(data)


@case
def mixed():
    a = voxels((4, 60, 50), "u1")
    write_folder("s", a, {})
    write("s/z2.tif", a[2][:, :49])
    fails("s", 2, "s/z2.tif", "49 x 60 voxels of uint8", "s/z0.tif is 50 x 60")
    write("s/z2.tif", a[2].astype("u2"))
    fails("s", 2, "s/z2.tif", "uint16", "s/z0.tif")
    write("s/z2.tif", np.zeros((60, 50, 3), "u1"), photometric="rgb")
    fails("s", 2, "s/z2.tif", "3 channels")
    write("s/z2.tif", a[2], tile=(32, 32))
    fails("s", 2, "s/z2.tif", "stored in tiles of 32 x 32", "stored in strips")
    # Strips may differ.
    write("s/z2.tif", a[2], compression="zlib")
    write("s/z3.tif", a[3], rowsperstrip=7, byteorder=">")
    check_same("s", a, "--chunk 16,16,3")
    with tifffile.TiffWriter(WORK / "x.tif") as file:
        for page in (a[0], a[1][:-1]):
            file.write(page, photometric="minisblack", metadata=None)
    fails("x.tif", 2, "x.tif: page 1 is 50 x 59")


@case
def told():
    """Files that tell of more slices than they have pages, and of pages that are no slices."""
    a = voxels((6, 60, 50), "u1")
    tifffile.imwrite(WORK / "ij.tif", a, imagej=True, metadata={"axes": "ZYX"})
    tifffile.imwrite(WORK / "c.tif", a.reshape(3, 2, 60, 50), imagej=True, metadata={"axes": "ZCYX"})
    tifffile.imwrite(WORK / "t.tif", a.reshape(3, 2, 60, 50), imagej=True, metadata={"axes": "TZYX"})
    tifffile.imwrite(WORK / "o.tif", a, ome=True, photometric="minisblack", metadata={"axes": "ZYX"})
    tifffile.imwrite(WORK / "oc.tif", a.reshape(3, 2, 60, 50), ome=True, photometric="minisblack", metadata={"axes": "ZCYX"})
    tifffile.imwrite(WORK / "s4.tif", a.reshape(3, 2, 60, 50), photometric="minisblack")
    check_same("ij.tif", a)
    check_same("o.tif", a)
    fails("c.tif", 2, "c.tif", "2 channels")
    fails("t.tif", 2, "t.tif", "3 points of time")
    fails("oc.tif", 2, "oc.tif", "2 channels")
    fails("s4.tif", 2, "s4.tif", "of 2 axes")
    # ImageJ writes what is above 4 GiB so: a page, and the rest behind it.
    data = bytearray((WORK / "ij.tif").read_bytes())
    at, = struct.unpack_from("<I", data, 4)
    count, = struct.unpack_from("<H", data, at)
    struct.pack_into("<I", data, at + 2 + 12 * count, 0)
    (WORK / "ij.tif").write_bytes(data)
    fails("ij.tif", 2, "ij.tif: tells of 6 slices, and has 1")
    with tifffile.TiffWriter(WORK / "one_by_one.tif") as file:
        for page in a:
            file.write(page, photometric="minisblack")
    check_same("one_by_one.tif", a)


@case
def cut_off():
    """A file that ends anywhere, and bytes that are flipped: named, and nothing is listed; or the same voxels."""
    rng = random.Random(SEED)
    a = voxels((3, 200, 70), "u1")
    for how in [{}, {"compression": "zlib", "rowsperstrip": 200}, {"compression": "zlib", "tile": (64, 64)}, {"bigtiff": True}]:
        write("x.tif", a, **how)
        whole = (WORK / "x.tif").read_bytes()
        for _ in range(15):
            (WORK / "cut.tif").write_bytes(whole[:rng.randrange(len(whole))])
            fails("cut.tif", 2, "cut.tif")
        if "compression" in how:
            survive(whole, "damaged.tif", rng, 40)
    write_folder("s", a, {"compression": "zlib"})
    whole = (WORK / "s/z1.tif").read_bytes()
    (WORK / "s/z1.tif").write_bytes(whole[:-20])
    fails("s", 2, "s/z1.tif", "cut off")
    (WORK / "s/z1.tif").write_bytes(whole[:300] + bytes(b ^ 255 for b in whole[300:]))
    assert program("bad --create s").status in (1, 2)
    assert not (WORK / "bad/info").exists()
    if Image is not None:
        Image.fromarray(a[0]).save(WORK / "j.tif", compression="jpeg")
        survive((WORK / "j.tif").read_bytes(), "damaged.tif", rng, 60)


def survive(whole, name, rng, times):
    for _ in range(times):
        damaged = bytearray(whole)
        for _ in range(rng.choice([1, 1, 5])):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        (WORK / name).write_bytes(damaged)
        shutil.rmtree(WORK / "bad", ignore_errors=True)
        outcome = program(f"bad --create {name} --chunk 64,64,2 --memory 2GiB")
        if outcome.status != 0:
            assert name in outcome.text or "--memory" in outcome.text, outcome
            assert not (WORK / "bad/info").exists()


@case
def changed_meanwhile():
    """Written to while it is read."""
    a = voxels((40, 1500, 1500), "u1")
    write("x.tif", a, compression="zlib")
    shutil.rmtree(WORK / "bad", ignore_errors=True)
    outcome = run(f"'{PROGRAM}' bad --create x.tif --threads 1 & sleep 0.4; : > x.tif; wait $!", WORK)
    check_end(outcome)
    assert outcome.status in (1, 2) and "x.tif" in outcome.text, outcome
    assert not (WORK / "bad/info").exists()


def picture(shape):
    """As compressible as EM: noise of five bits on a slope."""
    rng = np.random.default_rng(SEED)
    slope = np.add.outer(np.arange(shape[1]) // 40, np.arange(shape[2]) // 30) % 200
    return np.stack([(slope + rng.integers(0, 32, shape[1:])).astype("u1") for _ in range(shape[0])])


def write_by_pillow(path, pages):
    pages = [Image.fromarray(page) for page in pages]
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_lzw")


def seconds(function):
    """The best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.monotonic()
        function()
        best = min(best, time.monotonic() - start)
    return best


def speed():
    a = picture((64, 2048, 2048))
    ways = {"none": {}, "deflate, strips of 128 KiB": {"compression": "zlib", "rowsperstrip": 64},
            "deflate, a strip a page": {"compression": "zlib", "rowsperstrip": 2048},
            "deflate, tiles of 256 x 256": {"compression": "zlib", "tile": (256, 256)}}
    for name, how in ways.items():
        write("x.tif", a, **how)
        report(name, a, lambda: tifffile.imread(WORK / "x.tif", maxworkers=1), "tifffile")
    if Image is not None:
        write_by_pillow(WORK / "x.tif", a)

        def read():
            with Image.open(WORK / "x.tif") as file:
                for i in range(len(a)):
                    file.seek(i)
                    np.asarray(file)
        report("lzw, a strip a page", a, read, "Pillow")


def report(name, array, others, other):
    def create(threads):
        shutil.rmtree(WORK / "w", ignore_errors=True)
        works(f"w --create x.tif --threads {threads}")
    line = ", ".join(f"{array.size / 1e6 / seconds(lambda: create(n)):.0f} MVx/s by {n}" for n in (1, 2))
    size = (WORK / "x.tif").stat().st_size / 2**20
    print(f"{name}, {size:.0f} MiB: --create {line} threads; {other} {array.size / 1e6 / seconds(others):.0f} MVx/s")


def main():
    fresh(WORK)
    if sys.argv[3:] == ["speed"]:
        return speed()
    failures = 0
    chosen = [c for c in CASES if not sys.argv[3:] or c.__name__ in sys.argv[3:]]
    for run_case in chosen:
        try:
            run_case()
        except Exception as problem:
            failures += 1
            print(f"FAIL  {run_case.__name__}: {type(problem).__name__}: {str(problem)[:2000]}")
    print(f"{len(chosen)} cases, {failures} failed, SEED={SEED}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
