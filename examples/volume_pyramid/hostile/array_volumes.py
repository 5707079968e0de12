#!/usr/bin/env python3
"""OME-Zarr 0.4 and 0.5, and N5: made, converted into each other and precomputed, extended, resumed, damaged.

  array_volumes.py VOLUME_PYRAMID FOLDER_TO_WORK_IN [NAME...]    cases of these names; all of them without

python3-zarr reads Zarr 2 and N5, ../formats/numpy_arrays.py Zarr 3, ../formats/numpy_reader.py precomputed; what the voxels
have to be is said here, by numpy. MPIRUN, where it is set, runs some of it in ranks.
"""
import json
import os
import pathlib
import shutil
import sys

from common import check_end, fresh, run, tree
from failing_server import Server

try:
    import numcodecs
    import numpy as np
    import zarr
except ImportError as problem:
    print(f"skipped: {problem}")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "formats"))
import numpy_arrays
from levels import levels

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
WORK = pathlib.Path(sys.argv[2]).resolve()
MPIRUN = os.environ.get("MPIRUN", "")
FAMILIES = ["zarr2", "zarr3", "n5", "precomputed"]
CASES = []
SEED = 19


def case(function):
    CASES.append(function)
    return function


def program(arguments, **more):
    return run(f"'{PROGRAM}' {arguments}", WORK, **more)


def works(arguments, **more):
    outcome = program(arguments, **more)
    assert outcome.status == 0, f"{arguments}\n{outcome}"
    return outcome


def fails(arguments, status, *words):
    outcome = program(arguments)
    check_end(outcome)
    assert outcome.status == status, f"{arguments}\n{outcome}"
    for word in words:
        assert word in outcome.text, f"'{word}' is not in\n{outcome}"
    return outcome


# ---- what the voxels have to be


def shrunk(whole, factors, method):
    """factors: of the last axes, the slowest first."""
    factors = (1,) * (whole.ndim - len(factors)) + tuple(factors)
    if method == "stride":
        return whole[tuple(slice(None, None, f) for f in factors)]
    if method == "max":
        for axis, f in enumerate(factors):
            whole = np.maximum.reduceat(whole, np.arange(0, whole.shape[axis], f), axis=axis)
        return whole
    sums, counts = whole.astype(np.float64 if whole.dtype.kind == "f" else np.int64), np.ones(whole.shape, np.int64)
    for axis, f in enumerate(factors):
        begins = np.arange(0, whole.shape[axis], f)
        sums, counts = np.add.reduceat(sums, begins, axis=axis), np.add.reduceat(counts, begins, axis=axis)
    means = sums / counts if whole.dtype.kind == "f" else np.abs(sums) // counts * np.sign(sums)
    return means.astype(whole.dtype)


def same(a, b):
    return a.shape == b.shape and a.dtype.newbyteorder("=") == b.dtype.newbyteorder("=") and np.array_equal(a, b)


def check_levels(volume, whole, factors, method="average", edges=(40, 4, 4), places=True):
    """factors: of each level, in all, z first."""
    found = levels(WORK / volume)
    assert len(found) == len(factors), f"{volume} has {len(found)} levels"
    for number, ((array, scale, translation), factor) in enumerate(zip(found, factors)):
        assert same(array, shrunk(whole, factor, method)), f"{volume}: level {number} differs"
        wanted = [e * f for e, f in zip(edges, factor)]
        assert np.allclose(scale[-3:], wanted), f"{volume}: level {number} has edges {scale}"
        centre = [0 if method == "stride" else e * (f - 1) / 2 for e, f in zip(edges, factor)]
        if places and not (WORK / volume / "info").exists():
            assert np.allclose(translation[-3:], centre), f"{volume}: level {number} is at {translation}"


def voxels(shape, dtype, seed=SEED):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return (rng.integers(0, 4096, shape) / 16).astype(dtype)
    highest = min(np.iinfo(dtype).max, 2**60)
    return rng.integers(0, highest, shape, dtype=np.uint64).astype(dtype)


def options(factors):
    return f"--mips {len(factors)} --factor '" + ";".join(",".join(map(str, f)) for f in factors) + "'"


def totals(factors):
    """x first, each from the one before; z first, in all, the source before them."""
    found = [(1, 1, 1)]
    for x, y, z in factors:
        found.append((found[-1][0] * z, found[-1][1] * y, found[-1][2] * x))
    return found


TWICE = [(2, 2, 1), (2, 2, 2)]


@case
def made_and_converted():
    whole = voxels((37, 70, 101), np.uint8)
    np.save(WORK / "em.npy", whole)
    for source in FAMILIES:
        works(f"{source}://{source}_em --create em.npy --axes zyx --resolution 4,4,40 --chunk 32,32,16 {options(TWICE)} --method average")
        check_levels(f"{source}_em", whole, totals(TWICE))
        for target in FAMILIES:
            works(f"{source}_em --dest {target}://{source}_as_{target} --convert {options(TWICE)} --method average")
            check_levels(f"{source}_as_{target}", whole, totals(TWICE))
        works(f"{source}_em --dest zarr3://{source}_sharded --sharded --shard-size 64KiB --chunk 16,16,16 --convert {options(TWICE)} --method max")
        check_levels(f"{source}_sharded", whole, totals(TWICE), "max")


@case
def suffixes_say_what_is_made():
    whole = voxels((5, 6, 7), np.uint16)
    np.save(WORK / "small.npy", whole)
    for name, has in [("small.zarr", ".zattrs"), ("small.n5", "attributes.json"), ("small", "info")]:
        works(f"{name} --create small.npy --axes zyx --chunk 4,4,4")
        assert (WORK / name / has).exists(), name
    works("small --dest other.zarr/ --convert")
    assert same(levels(WORK / "other.zarr")[0][0], whole)


@case
def every_type():
    for dtype in ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]:
        whole = voxels((9, 20, 21), dtype)
        if np.dtype(dtype).kind == "i":
            whole = -whole
        np.save(WORK / f"{dtype}.npy", whole)
        for family in ["zarr2", "zarr3", "n5"]:
            works(f"{family}://{family}_{dtype} --create {dtype}.npy --axes zyx --resolution 4,4,40 --chunk 8,8,8 --mips 1 --factor 2,2,2 --method max")
            check_levels(f"{family}_{dtype}", whole, totals([(2, 2, 2)]), "max")
    fails("floats --create f8.npy --axes zyx", 2, "holds no float64")
    fails("zarr2_f8 --dest floats --convert", 2, "holds no float64")


@case
def labels_beyond_53_bits():
    whole = voxels((20, 33, 35), np.uint64) // 7 + 2**54
    np.save(WORK / "labels.npy", whole)
    for family in ["zarr2", "zarr3", "n5"]:
        works(f"{family}://{family}_l --create labels.npy --axes zyx --resolution 4,4,40 --chunk 16,16,16 --mips 2 --method stride --type segmentation")
        check_levels(f"{family}_l", whole, totals([(2, 2, 1), (2, 2, 1)]), "stride")
        works(f"{family}_l --dest {family}_back --convert --encoding compressed_segmentation" if family != "n5" else f"{family}_l --dest {family}_back --convert")
        assert same(levels(WORK / f"{family}_back")[0][0], whole)


def ome(axes, datasets, **more):
    multiscale = {"version": "0.4", "name": "image", "axes": axes, "datasets": datasets, "omero-like": {"kept": [1, 2.5]}}
    multiscale.update(more)
    return {"multiscales": [multiscale], "mine": {"deep": [None, True]}}


def space(names):
    kinds = {"t": ("time", "second"), "c": ("channel", None)}
    found = []
    for name in names:
        kind, unit = kinds.get(name, ("space", "micrometer"))
        found.append({"name": name, "type": kind, **({"unit": unit} if unit else {})})
    return found


def dataset(path, scale, translation=None):
    found = [{"type": "scale", "scale": scale}]
    if translation:
        found.append({"type": "translation", "translation": translation})
    return {"path": path, "coordinateTransformations": found}


@case
def time_and_channels_never_mix():
    whole = voxels((2, 3, 9, 21, 23), np.uint16)
    for order, separator, dtype, chunks in [("C", "/", "<u2", (1, 1, 4, 8, 8)), ("F", ".", ">u2", (2, 2, 5, 10, 6))]:
        shutil.rmtree(WORK / "tczyx.zarr", ignore_errors=True)
        group = zarr.open_group(str(WORK / "tczyx.zarr"), "w")
        group.create_dataset("0", shape=whole.shape, chunks=chunks, dtype=dtype, order=order, dimension_separator=separator,
                             compressor=numcodecs.Zstd(1), fill_value=7)[...] = whole
        group.attrs.put(ome(space("tczyx"), [dataset("0", [0.5, 1, 0.04, 0.004, 0.004], [3, 0, 0.1, 0.2, 0.3])]))
        zarr.consolidate_metadata(str(WORK / "tczyx.zarr"))
        before = tree(WORK / "tczyx.zarr" / "0")
        works(f"tczyx.zarr {options(TWICE)} --method average")
        assert tree(WORK / "tczyx.zarr" / "0") == before, "the level that was there was changed"
        for opened in [zarr.open_group(str(WORK / "tczyx.zarr"), "r"), zarr.open_consolidated(str(WORK / "tczyx.zarr"))]:
            multiscale = opened.attrs["multiscales"][0]
            assert opened.attrs["mine"] == {"deep": [None, True]} and multiscale["omero-like"] == {"kept": [1, 2.5]}
            assert [d["path"] for d in multiscale["datasets"]] == ["0", "1", "2"]
            for d, factor in zip(multiscale["datasets"], totals(TWICE)):
                assert same(opened[d["path"]][...], shrunk(whole, factor, "average")), d
                scale, translation = (t[t["type"]] for t in d["coordinateTransformations"])
                assert np.allclose(scale, [0.5, 1] + [e * f for e, f in zip([0.04, 0.004, 0.004], factor)]), scale
                centre = [o + e * (f - 1) / 2 for o, e, f in zip([0.1, 0.2, 0.3], [0.04, 0.004, 0.004], factor)]
                assert np.allclose(translation, [3, 0] + centre), translation
                assert opened[d["path"]].dtype == np.dtype(dtype) and opened[d["path"]].order == order
        for target in ["zarr3", "n5", "precomputed"]:
            shutil.rmtree(WORK / f"tc_{target}", ignore_errors=True)
            works(f"tczyx.zarr --dest {target}://tc_{target} --convert --mips 1 --factor 2,2,2 --method average")
            for (array, scale, _), factor in zip(levels(WORK / f"tc_{target}"), totals([(2, 2, 2)])):
                wanted = shrunk(whole, factor, "average")
                assert same(array.reshape(wanted.shape), wanted), target
                edges = (0.04, 0.004, 0.004) if target != "precomputed" else (40, 4, 4)
                assert np.allclose(scale[-3:], [e * f for e, f in zip(edges, factor)]), (target, scale)


@case
def whole_multiscale_transformations():
    whole = voxels((8, 16, 16), np.uint8)
    group = zarr.open_group(str(WORK / "moved.zarr"), "w")
    group.create_dataset("s0", data=whole, chunks=(8, 8, 8))
    group.attrs.put(ome(space("zyx"), [dataset("s0", [2, 1, 1])],
                        coordinateTransformations=[{"type": "scale", "scale": [0.02, 0.004, 0.004]}, {"type": "translation", "translation": [1, 2, 3]}]))
    works("moved.zarr --mips 1 --factor 2,2,2 --method average")
    d = json.loads((WORK / "moved.zarr/.zattrs").read_text())["multiscales"][0]["datasets"][1]
    assert d["path"] == "s1" and np.allclose(d["coordinateTransformations"][0]["scale"], [4, 2, 2]), d
    assert np.allclose(d["coordinateTransformations"][1]["translation"], [1, 0.5, 0.5]), d
    works("moved.zarr --mips 1 --factor 2,2,2 --method average --resume")
    works("moved.zarr --from-mip 1 --mips 1 --factor 2,2,1 --method average")


@case
def plain_arrays():
    whole = voxels((9, 10, 11), np.float32)
    zarr.save_array(str(WORK / "plain.zarr"), whole, chunks=(4, 4, 4))
    fails("plain.zarr --mips 1 --method average", 2, "single array", "--dest")
    works("plain.zarr --dest of_plain.zarr --convert --mips 1 --factor 2,2,1 --method average")
    check_levels("of_plain.zarr", whole, totals([(2, 2, 1)]), edges=(1, 1, 1))
    flat = voxels((20, 31), np.uint8)
    zarr.save_array(str(WORK / "flat.zarr"), flat, chunks=(8, 8))
    works("flat.zarr --dest of_flat.zarr --convert --mips 1 --factor 2,2,1 --method max")
    assert same(levels(WORK / "of_flat.zarr")[1][0], shrunk(flat, (2, 2), "max"))
    numpy_arrays.write(WORK / "plain3", whole, [4, 4, 4], [numpy_arrays.bytes_codec("big"), "crc32c"])
    works("plain3 --dest of_plain3 --convert --mips 1 --factor 2,2,1 --method average")
    check_levels("of_plain3", whole, totals([(2, 2, 1)]), edges=(1, 1, 1))


@case
def extended_n5():
    whole = voxels((12, 20, 30), np.uint8)
    store = zarr.N5Store(str(WORK / "old.n5"))
    zarr.create(whole.shape, chunks=(4, 8, 8), dtype="|u1", compressor=numcodecs.Zstd(1), store=store, path="s0")[...] = whole
    group = json.loads((WORK / "old.n5/attributes.json").read_text()) if (WORK / "old.n5/attributes.json").exists() else {}
    group.update({"downsamplingFactors": [[1, 1, 1]], "resolution": [4, 4, 40], "units": ["nm", "nm", "nm"], "other": {"a": 1}})
    (WORK / "old.n5/attributes.json").write_text(json.dumps(group))
    works(f"old.n5 {options(TWICE)} --method average")
    after = json.loads((WORK / "old.n5/attributes.json").read_text())
    assert after["downsamplingFactors"] == [[1, 1, 1], [2, 2, 1], [4, 4, 2]] and after["other"] == {"a": 1}, after
    for number, factor in enumerate(totals(TWICE)):
        assert same(zarr.Array(store, path=f"s{number}", read_only=True)[...], shrunk(whole, factor, "average"))
    works(f"old.n5 {options(TWICE)} --method average --resume")


@case
def tasks_ranks_and_resumes_make_the_same():
    whole = voxels((40, 150, 170), np.uint16)
    np.save(WORK / "same.npy", whole)
    works("zarr2://same --create same.npy --axes zyx --resolution 4,4,40 --chunk 16,16,16")
    for family, more in [("zarr2", ""), ("zarr3", ""), ("zarr3", "--sharded --shard-size 32KiB"), ("n5", "")]:
        for name in ["one", "ranks", "parts"]:  # a multiscale has its folder's name
            fresh(WORK / name)
        what = f"--convert {options(TWICE)} --method average --task 64,64,32 {more}"
        works(f"same --dest {family}://one/v {what}")
        check_levels("one/v", whole, totals(TWICE))
        one = tree(WORK / "one")
        assert all(".volume_pyramid" not in name for name in one)
        works(f"same --dest {family}://parts/v {what} --prepare")
        for k in [3, 1, 5, 2, 4]:
            works(f"parts/v --part {k}/5")
        works("parts/v --part 2/5")
        works("parts/v --finish")
        assert tree(WORK / "parts") == one, f"{family} {more}: parts"
        if MPIRUN:
            done = run(f"'{MPIRUN}' -n 3 '{PROGRAM}' same --dest {family}://ranks/v {what} --threads 1", WORK, env={
                **os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                "OMPI_MCA_rmaps_base_oversubscribe": "1"})
            assert done.status == 0, str(done)
            assert tree(WORK / "ranks") == one, f"{family} {more}: ranks"
        # Chunks that are gone or cut are made again.
        files = sorted(p for p in (WORK / "one").rglob("*") if p.is_file() and p.name not in
                       ("zarr.json", ".zarray", ".zattrs", ".zgroup", "attributes.json"))
        for number, path in enumerate(files):
            if number % 3 == 0:
                path.unlink()
            elif number % 3 == 1:
                path.write_bytes(path.read_bytes()[:-1])
        works(f"same --dest {family}://one/v {what} --resume")
        assert tree(WORK / "one") == one, f"{family} {more}: mended"


@case
def chunks_that_are_bad_are_named():
    whole = voxels((16, 32, 32), np.uint8)
    np.save(WORK / "bad.npy", whole)
    for family, chunk in [("zarr2", "0/0/1/1"), ("zarr3", "0/c/0/1/1"), ("n5", "s0/1/1/0")]:
        works(f"{family}://{family}_bad --create bad.npy --axes zyx --chunk 16,16,16")
        path = WORK / f"{family}_bad" / chunk
        good = path.read_bytes()
        path.write_bytes(good[: len(good) // 2])
        outcome = fails(f"{family}_bad --mips 1 --method average", 1, str(pathlib.Path(f"{family}_bad") / chunk))
        path.write_bytes(good)
        works(f"{family}_bad --mips 1 --method average --resume")
        path.unlink()
        shutil.copytree(WORK / f"{family}_bad", WORK / f"{family}_hole")
        fails(f"{family}_bad --dest strict_{family} --mips 1 --method average --missing error", 1, "missing")
        works(f"{family}_bad --dest zarr2://filled_{family} --mips 1 --factor 1,1,1 --method stride")
        hole = whole.copy()
        hole[0:16, 16:32, 16:32] = 0
        assert same(levels(WORK / f"filled_{family}")[0][0], hole)


@case
def refused_by_name():
    group = zarr.open_group(str(WORK / "r.zarr"), "w")
    group.create_dataset("0", data=voxels((8, 8, 8), np.uint8), chunks=(4, 4, 4), filters=[numcodecs.Delta("|u1")])
    group.attrs.put(ome(space("zyx"), [dataset("0", [1, 1, 1])]))
    fails("r.zarr --mips 1 --method average", 2, "delta")
    group.attrs.put(ome(space("zyx"), [dataset("0", [1, 1, 1])], version="0.6"))
    fails("r.zarr --mips 1 --method average", 2, "0.6")
    group.attrs.put(ome(space("zyx"), [{"path": "0", "coordinateTransformations": [{"type": "affine", "affine": [1]}]}]))
    fails("r.zarr --mips 1 --method average", 2, "affine")
    group.attrs.put(ome(space("zyx"), [dataset("0", [1, 1])]))
    fails("r.zarr --mips 1 --method average", 2, "list of 3 numbers")
    for path in ["../r.zarr/0", "/tmp/0", ""]:
        group.attrs.put(ome(space("zyx"), [dataset(path, [1, 1, 1])]))
        fails("r.zarr --mips 1 --method average", 2, "out of the group")
    for names in [("a", "y", "x"), ("x", "y", "x"), ("zz", "y", "x")]:
        axes = [{"name": name, "type": "space"} for name in names]
        group.attrs.put(ome(axes, [dataset("0", [1, 1, 1])]))
        fails("r.zarr --mips 1 --method average", 2, "only x, y and z")
    for path in ["0", "./0/"]:
        group.attrs.put(ome(space("zyx"), [dataset("0", [1, 1, 1]), dataset(path, [2, 2, 2])]))
        fails("r.zarr --mips 1 --method average", 2, "listed twice")
    for wrong in [{"type": 5}, {"type": "scale", "scale": "1"}, 7]:
        group.attrs.put(ome(space("zyx"), [{"path": "0", "coordinateTransformations": [wrong]}]))
        fails("r.zarr --mips 1 --method average", 2, ".zattrs")
    listing = fresh(WORK / "listing")
    (listing / "info").write_text('{"@type": "zarr2", "type": "image", "data_type": "uint8", "num_channels": 1, "scales": [{"key": "0"}]}')
    fails("listing --mips 1 --method average", 2, "'@type'")
    group.attrs.put({})
    fails("r.zarr --mips 1 --method average", 2, "multiscales")
    group.attrs.put({"bioformats2raw.layout": 3})
    fails("r.zarr --mips 1 --method average", 2, "several images")
    (WORK / "r.zarr/.zattrs").write_text('{"multiscales": [')
    fails("r.zarr --mips 1 --method average", 2, ".zattrs", "JSON")
    both = fresh(WORK / "both")
    (both / "info").write_text("{}")
    (both / ".zgroup").write_text('{"zarr_format": 2}')
    fails("both --mips 1 --method average", 2, "precomputed://", "zarr2://")
    fails("nowhere --mips 1 --method average", 2, "no precomputed volume")
    fails("zarr://nowhere --mips 1 --method average", 2, "no Zarr volume")
    fails("n5://nowhere --mips 1 --method average", 2, "no N5 volume")
    labels = fresh(WORK / "multiset.n5")
    (labels / "attributes.json").write_text(json.dumps({"n5": "2.5.0", "isLabelMultiset": True, "dimensions": [4, 4, 4], "blockSize": [4, 4, 4],
                                                       "dataType": "uint8", "compression": {"type": "gzip"}}))
    fails("multiset.n5 --dest x --convert", 2, "label multiset")
    np.save(WORK / "r.npy", voxels((8, 8, 8), np.uint8))
    works("good.zarr --create r.npy")
    fails("good.zarr --mips 1 --method average --sharded", 2, "no shards")
    fails("good.zarr --mips 1 --method average --encoding jpeg", 2, "--encoding")
    fails("good.zarr --mips 1 --method average --compress br", 2, "--compress")
    fails("good.zarr --convert --mips 1 --method average", 2, "--dest")
    fails("good.zarr --create r.npy", 2, "already")
    works("good.zarr --mips 1 --method average")
    fails("good.zarr --mips 1 --method average", 2, "--resume")
    fails("good.zarr --mips 1 --method max --resume", 2, "made otherwise")


@case
def parts_on_the_grid_of_the_whole():
    whole = voxels((21, 50, 61), np.uint8)
    np.save(WORK / "grid.npy", whole)
    works("grid.zarr --create grid.npy --axes zyx --resolution 4,4,40 --chunk 16,16,16")
    x, y, z = (5, 58), (3, 50), (1, 20)
    bounds = ",".join(f"{a}-{b}" for a, b in (x, y, z))
    for family in ["zarr2", "zarr3", "n5", "precomputed"]:
        works(f"grid.zarr --dest {family}://part_{family} --bounds {bounds} --grid global {options(TWICE)} --method average --chunk 8,8,4")
        for (array, scale, at), factor in zip(levels(WORK / f"part_{family}"), totals(TWICE)[1:]):
            mip = shrunk(whole, factor, "average")
            first = [a // f for (a, _), f in zip((z, y, x), factor)]
            assert array.shape == tuple(-(-b // f) - a for (_, b), f, a in zip((z, y, x), factor, first)), array.shape
            inside = [slice(-(-a // f), b // f) for (a, b), f in zip((z, y, x), factor)]
            here = tuple(slice(s.start - a, s.stop - a) for s, a in zip(inside, first))
            assert same(array[here], mip[tuple(inside)]), f"{family} {factor}"
            edges = [e * f for e, f in zip((40, 4, 4), factor)]
            corner = [a * e for a, e in zip(first, edges)]
            centre = [c + e / 2 - base / 2 for c, e, base in zip(corner, edges, (40, 4, 4))]
            assert np.allclose(at, corner if family == "precomputed" else centre), (family, at, centre)


@case
def from_a_server():
    if "--http-retries" not in program("--help").text or "built without" in program("http://localhost:1/v --dest d --convert --http-retries 0").text:
        print("        no libcurl")
        return
    whole = voxels((20, 40, 50), np.uint8)
    np.save(WORK / "far.npy", whole)
    served = fresh(WORK / "served")
    for family, more in [("zarr2", ""), ("zarr3", "--sharded --shard-size 32KiB"), ("n5", "")]:
        works(f"{family}://served/{family} --create far.npy --axes zyx --resolution 4,4,40 --chunk 16,16,16 {more}")
        with Server(served) as server:
            for prefix in ["", f"{family}://"]:
                shutil.rmtree(WORK / "near", ignore_errors=True)
                works(f"{prefix}{server.url}/{family} --dest {family}://near --convert {options(TWICE)} --method average")
                check_levels("near", whole, totals(TWICE))


@case
def every_compression():
    whole = voxels((16, 32, 32), np.uint16)
    np.save(WORK / "packed.npy", whole)
    for family, kinds in [("zarr2", "none gzip:1 zlib:9 zstd:19 lz4 bzip2:5 blosc blosc:zstd:5:bitshuffle blosc:lz4hc:9:noshuffle blosc:zlib:1 blosc:blosclz:3"),
                          ("zarr3", "none gzip:1 zstd:3 blosc:zstd:5:shuffle"), ("n5", "none gzip:9 zstd:1 bzip2:1 xz:2 blosc:lz4:5")]:
        for number, kind in enumerate(kinds.split()):
            works(f"{family}://{family}_p{number} --create packed.npy --axes zyx --resolution 4,4,40 --chunk 16,16,16 --compress {kind} {options(TWICE)} --method average")
            check_levels(f"{family}_p{number}", whole, totals(TWICE))


def main():
    fresh(WORK)
    wanted, cases, failed = sys.argv[3:], 0, 0
    for function in CASES:
        if wanted and function.__name__ not in wanted:
            continue
        cases += 1
        try:
            function()
            print(f"good  {function.__name__}", flush=True)
        except Exception as problem:
            failed += 1
            print(f"BAD   {function.__name__}: {type(problem).__name__}: {problem}", flush=True)
    print(f"{cases} cases of arrays, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
