#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every row of coming_from.md against the tool that it is about.

  PYRAMID=build/test/examples/pyramid coming_from_test.py [SECTION]

A row's second column is the call, of which the options of `pyramid` are made here; so it is what the page says that is
run. Where the third column says that the numbers are the same, all voxels are compared; where the fourth says that they
are not, some voxel must differ. Prints a line for each row. Status 1: the page is wrong somewhere, of the versions that
it names; 77: no numpy.
COMING_FROM_ITK names the program of coming_from_itk.cpp.
"""
import collections
import importlib
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

try:
    import numpy as np
except ImportError:
    print("skipped: no numpy")
    sys.exit(77)

page = pathlib.Path(__file__).resolve().parent / "coming_from.md"
seed = 17
random = np.random.default_rng(seed)
scratch = tempfile.TemporaryDirectory()


# ---- the page

def rows_of_page():
    """{(section, first cell): second cell}, and {section: the version that it is about}"""
    found, versions, section = {}, {}, None
    for text in page.read_text().splitlines():
        if text.startswith("## "):
            section = text[3:]
        elif section and section not in versions and (number := re.match(r"(?:`\S+` )?(\d+\.\d+\.\d+)", text)):
            versions[section] = number.group(1)
        elif text.startswith("| ") and not text.startswith("| There"):
            cells = [cell.strip() for cell in text.strip("|").split("|")]
            assert len(cells) == 4, f"coming_from.md: not four cells: {text}"
            assert (section, cells[0]) not in found, f"coming_from.md: twice: {text}"
            found[section, cells[0]] = cells[1]
    return found, versions


METHODS = {"averaging": "average", "segmentation": "mode", "min_pooling": "min", "max_pooling": "max",
           "median_pooling": "median", "striding": "stride"}


def flags_of(cell):
    """The options of `pyramid` for a call as the page writes it."""
    method = re.search(r"downsample_(?:with_)?(\w+)", cell).group(1)
    flags = ["--method", METHODS[method]]
    for name, value in re.findall(r"\.(\w+) = ([\w:-]+)", cell):
        option = {"round": "rounding", "edge": "edges", "tie": "ties", "vote": "votes"}.get(name, name)
        assert option in ("rounding", "edges", "ties", "votes", "sparse", "background"), cell
        flags += ["--" + option] if option == "sparse" else ["--" + option, value.rpartition("::")[2]]
    return flags


# ---- this library

class Call:
    """The call of a row, for arrays whose last axis is x, or, of tinybrain, whose first is."""

    def __init__(self, flags, in_double=False, x_first=False):
        self.flags = flags
        self.in_double = in_double
        self.x_first = x_first

    def __call__(self, array, factor, mips=1):
        return self.mips(array, factor, mips)[-1]

    def mips(self, array, factor, mips):
        array = array.astype(np.float64) if self.in_double else array
        if self.x_first:
            return self.run(array, factor, mips)
        # The transpose is the same memory, in which x is axis 0, the first in scan order.
        return [mip.T for mip in self.run(array.T, factor[::-1], mips)]

    def run(self, array, factor, mips):
        flags = ["nan" if flag == "NAN" else flag for flag in self.flags]
        file = pathlib.Path(scratch.name) / "volume.npy"
        np.save(file, array)
        command = [os.environ["PYRAMID"], file, "--factor", ",".join(map(str, factor)), "--mips", str(mips),
                   "--threads", "1", "--out", scratch.name, *flags]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
        return [np.load(file.with_name(f"volume_mip{m}.npy")) for m in range(1, mips + 1)]

    def plain(self, *flags):
        """The same method with these options alone."""
        return Call(self.flags[:2] + list(flags), self.in_double, self.x_first)


# ---- comparisons

class Counts:
    same = differ = voxels = 0


def unequal(theirs, ours):
    theirs, ours = np.asarray(theirs), np.asarray(ours)
    assert theirs.shape == ours.shape, f"shapes {theirs.shape} there and {ours.shape} here"
    both_nan = (theirs != theirs) & (ours != ours)
    return (theirs != ours) & ~both_nan


def same(theirs, ours, what=""):
    wrong = unequal(theirs, ours)
    if wrong.any():
        at = tuple(map(int, np.argwhere(wrong)[0]))
        raise AssertionError(f"{what}: {wrong.sum()} of {wrong.size} voxels differ; at {at}"
                             f" {np.asarray(theirs)[at]} there, {np.asarray(ours)[at]} here")
    Counts.same += 1
    Counts.voxels += wrong.size


def differ(theirs, ours, what="", at_most=None):
    """Somewhere, and, if said, by no more than so much."""
    wrong = unequal(theirs, ours)
    assert wrong.any(), f"{what}: equal, which the page denies"
    if at_most is not None:
        far = np.abs(np.asarray(theirs, np.float64) - np.asarray(ours, np.float64)).max()
        assert far <= at_most, f"{what}: off by {far}"
    Counts.differ += 1


# ---- arrays

INTEGERS = ("uint8", "uint16", "int16")
FACTORS = ((2, 2), (1, 2), (2, 1), (3, 3), (2, 3), (4, 4), (4, 2), (5, 3), (6, 6), (8, 8))


def noise(shape, dtype="uint8", low=None, high=None):
    """Any value that the type has, or low <= value < high. Of floats, in [0, 1) or whole numbers from low to high."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f" and low is None:
        return random.random(shape).astype(dtype)
    if low is None:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max + 1
    return random.integers(low, high, shape).astype(dtype)


def extents(factor, windows=24, more=0):
    """So many whole windows along each axis and, where the factor is above 1, as many voxels more."""
    return tuple(windows * f + (more if f > 1 else 0) for f in factor)


def inside(shape, factor):
    """Of a mip, the windows that no border cuts."""
    return tuple(slice(n // f) for n, f in zip(shape, factor))


def halves(factor):
    """Windows, side by side, whose means are 0.5, 1.5, ..., 254.5."""
    across = factor[1] % 2 == 0
    ups = np.arange(factor[across]) < factor[across] // 2
    window = np.broadcast_to(ups if across else ups[:, None], factor)
    return np.hstack([window.astype(np.uint8) + np.uint8(k) for k in range(255)])


def windows_of(array, factor):
    """[..., voxel]: the whole windows of a 2-D array, in scan order with the last axis fastest."""
    ny, nx = (n // f for n, f in zip(array.shape, factor))
    cut = array[:ny * factor[0], :nx * factor[1]].reshape(ny, factor[0], nx, factor[1])
    return cut.transpose(0, 2, 1, 3).reshape(ny, nx, -1)


def padded(array, factor):
    """Whole windows all over, and which voxels exist."""
    width = [(0, -n % f) for n, f in zip(array.shape, factor)]
    return np.pad(array, width), np.pad(np.ones(array.shape, bool), width)


def each_window(array, factor, rule):
    """rule(the list of the voxels that exist) of each window, cut ones too."""
    voxels, exist = (windows_of(a, factor) for a in padded(array, factor))
    return np.array([[rule(v[e].tolist()) for v, e in zip(*row)] for row in zip(voxels, exist)], array.dtype)


def without_ties(labels, factor, background=None):
    """The labels, but every window that has two most frequent ones filled with its first."""
    labels = labels.copy()
    for y in range(0, labels.shape[0], factor[0]):
        for x in range(0, labels.shape[1], factor[1]):
            window = labels[y:y + factor[0], x:x + factor[1]]
            counts = collections.Counter(v for v in window.ravel().tolist() if v != background).most_common(2)
            if len(counts) == 2 and counts[0][1] == counts[1][1]:
                window[:] = counts[0][0]
    return labels


# ---- the rows

tests = {}
NEEDS = {"OpenCV": "cv2", "scikit-image": "skimage", "GDAL": "osgeo.gdal", "Pillow": "PIL.Image",
         "SciPy": "scipy.ndimage"}


def row(section, there):
    def keep(test):
        assert (section, there) not in tests, there
        tests[section, there] = test
        return test
    return keep


def tool_of(section):
    """What the rows of a section are called with, or None where it is not installed."""
    if section == "ITK":
        program = os.environ.get("COMING_FROM_ITK", "")
        return program if os.path.exists(program) else None
    try:
        return importlib.import_module(NEEDS[section]) if section in NEEDS else np
    except ImportError:
        return None


def version_of(section, tool):
    if section == "ITK":
        return subprocess.run([tool], capture_output=True, text=True, check=True).stdout.strip()
    named = importlib.import_module(NEEDS[section].partition(".")[0]) if section in NEEDS else np
    return getattr(tool, "__version__", None) or named.__version__


# ---- Python tinybrain, by its rules

def replicated_sums(voxels):
    """Sums of 2x2x1, a border's lone voxel counting twice."""
    voxels = np.pad(voxels, [(0, voxels.shape[0] % 2), (0, voxels.shape[1] % 2), (0, 0)], mode="edge")
    return sum(voxels[y::2, x::2] for y in (0, 1) for x in (0, 1))


def truncated(sums, counts, dtype):
    magnitude = np.abs(sums) // np.maximum(counts, 1)
    return (np.sign(sums) * magnitude).astype(dtype)


def tinybrain_averages(image, mips, sparse=False):
    """Four mips of exact sums at a time, then anew from the rounded one."""
    results, last = [], image
    for m in range(mips):
        if m % 4 == 0:
            sums = last.astype(np.int64)
            counts = (sums != 0).astype(np.int64) if sparse else np.ones_like(sums)
        sums, counts = replicated_sums(sums), replicated_sums(counts)
        last = truncated(sums, counts, image.dtype)
        results.append(last)
    return results


def countless(labels, sparse=False):
    """a if a is b or c, else b if b is c, else d, of windows a b / c d, x first."""
    labels = np.pad(labels, [(0, labels.shape[0] % 2), (0, labels.shape[1] % 2), (0, 0)], mode="edge")
    a, b, c, d = labels[0::2, 0::2], labels[1::2, 0::2], labels[0::2, 1::2], labels[1::2, 1::2]
    if not sparse:
        return np.where((a == b) | (a == c), a, np.where(b == c, b, d))
    last = np.where(d != 0, d, np.where(a != 0, a, np.where(c != 0, c, b)))
    pair = ((a == b) | (a == c)) & (a != 0)
    return np.where(pair, a, np.where((b == c) & (b != 0), b, last))


SHAPES = ((64, 64, 3), (61, 47, 2), (33, 32, 4))


@row("Python tinybrain", "`downsample_with_averaging`, 2x2x1")
def _(_, here):
    for dtype in INTEGERS:
        for shape in SHAPES:
            image = noise(shape, dtype)
            theirs, ours = tinybrain_averages(image, 5), here.mips(image, (2, 2, 1), 5)
            for m in range(4):
                same(theirs[m], ours[m], f"{dtype} {shape} mip {m + 1}")
            same(theirs[4], here(ours[3], (2, 2, 1)), "mip 5 of mip 4")
    image = noise((512, 512, 1))
    differ(tinybrain_averages(image, 5)[4], here(image, (2, 2, 1), 5), "mip 5", at_most=1)
    image = noise((63, 63, 1))
    for m, ours in enumerate(here.plain().mips(image, (2, 2, 1), 2)):
        (same, differ)[m](tinybrain_averages(image, 2)[m], ours, f"the default edges, mip {m + 1}")


@row("Python tinybrain", "`downsample_with_averaging`, 2x2x1, `sparse=True`")
def _(_, here):
    for dtype in INTEGERS:
        for shape in SHAPES:
            image = noise(shape, dtype) * (random.random(shape) < 0.4)
            image[:16, :16] = 0
            for m, (theirs, ours) in enumerate(zip(tinybrain_averages(image, 4, True), here.mips(image, (2, 2, 1), 4))):
                same(theirs, ours, f"{dtype} {shape} mip {m + 1}")
    image = noise((512, 512, 1)) * (random.random((512, 512, 1)) < 0.4)
    differ(tinybrain_averages(image, 5, True)[4], here(image, (2, 2, 1), 5), "mip 5")


@row("Python tinybrain", "`downsample_with_averaging`, other factors")
def _(_, here):
    def theirs(image, factor):
        counts = np.ones(image.shape, np.int64)
        sums = image.astype(np.int64)
        for axis, f in enumerate(factor):
            starts = np.arange(0, image.shape[axis], f)
            sums, counts = (np.add.reduceat(a, starts, axis) for a in (sums, counts))
        return truncated(sums, counts, image.dtype)

    for dtype in INTEGERS:
        for factor in ((3, 3, 1), (4, 4, 2), (1, 2, 3)):
            image = noise((41, 40, 13), dtype)
            same(theirs(image, factor), here(image, factor), f"{dtype} {factor}")
    image = noise((81, 81, 3))
    chained = theirs(theirs(image, (3, 3, 1)), (3, 3, 1))
    differ(chained, here(image, (3, 3, 1), 2), "two mips")
    same(chained, here(here(image, (3, 3, 1)), (3, 3, 1)), "one by one")


@row("Python tinybrain", "`downsample_segmentation`, 2x2x1")
def _(_, here):
    for dtype in ("uint8", "uint16", "uint32", "uint64"):
        for shape in SHAPES:
            labels = noise(shape, dtype, 0, 4)
            for m, ours in enumerate(here.mips(labels, (2, 2, 1), 4)):
                labels = countless(labels)
                same(labels, ours, f"{dtype} {shape} mip {m + 1}")


@row("Python tinybrain", "`downsample_segmentation`, 2x2x1, `sparse=True`")
def _(_, here):
    for dtype in ("uint8", "uint64"):
        labels = noise((64, 96, 3), dtype, 0, 4)
        for m, ours in enumerate(here.mips(labels, (2, 2, 1), 4)):
            labels = countless(labels, sparse=True)
            same(labels, ours, f"{dtype} mip {m + 1}")


# ---- OpenCV

def cv_area(cv2, image, factor, how=None):
    size = tuple(n // f for n, f in zip(image.shape, factor))
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if how is None else how)


def cv_scaled(cv2, image, factor):
    return cv2.resize(image, None, fx=1 / factor[1], fy=1 / factor[0], interpolation=cv2.INTER_AREA)


@row("OpenCV", "`resize(INTER_AREA)`, 2x2")
def _(cv2, here):
    for dtype in INTEGERS:
        for shape in ((80, 80), (2, 2), (34, 78)):
            image = noise(shape, dtype)
            same(cv_area(cv2, image, (2, 2)), here(image, (2, 2)), f"{dtype} {shape}")
    colours = noise((40, 60, 3))
    same(cv2.resize(colours, (30, 20), interpolation=cv2.INTER_AREA), here(colours, (2, 2, 1)), "three channels")
    image = noise((160, 160))
    differ(cv_area(cv2, cv_area(cv2, image, (2, 2)), (2, 2)), here(image, (2, 2), 2), "two mips", at_most=1)


@row("OpenCV", "`resize(INTER_AREA)`, other factors")
def _(cv2, here):
    for dtype in INTEGERS:
        for factor in FACTORS[1:] + ((1, 8), (7, 9), (10, 5), (8, 3)):
            for more in (0, 1):
                image = noise(extents(factor, more=more), dtype)
                whole = inside(image.shape, factor)
                theirs = (cv_scaled if more else cv_area)(cv2, image, factor)
                same(theirs[whole], here(image, factor)[whole], f"{dtype} {factor} {image.shape}")
    for factor in [(y, x) for y in range(1, 9) for x in range(1, 65) if y * x <= 64 and y * x % 2 == 0]:
        if factor != (2, 2):
            compare = differ if math.prod(factor) in (14, 26, 28, 30, 52, 56, 60) else same
            for image in (halves(factor), halves(factor).astype(np.uint16) + 65000):
                compare(cv_area(cv2, image, factor), here(image, factor), f"halves {factor} {image.dtype}")


@row("OpenCV", "`resize(INTER_AREA)`, odd extents, `fx`, `fy`")
def _(cv2, here):
    for dtype in INTEGERS:
        for n, f in ((83, 3), (62, 3), (43, 4), (63, 4), (14, 4), (30, 4), (44, 5), (19, 5), (33, 6)):
            image = noise((n, n), dtype)
            same(cv_scaled(cv2, image, (f, f)), here(image, (f, f)), f"{dtype} {n} / {f}")
        for n in (11, 83, 7):
            image = noise((n, n), dtype)
            theirs, ours = cv_scaled(cv2, image, (2, 2)), here(image, (2, 2))
            same(theirs[-1], ours[-1], f"{dtype} {n} / 2, the last row")
            same(theirs[:, -1], ours[:, -1], f"{dtype} {n} / 2, the last column")
    image = noise((83, 83))
    differ(cv_scaled(cv2, image, (2, 2))[:-1, :-1], here(image, (2, 2))[:-1, :-1], "2x2, whole windows")
    for n, f in ((9, 2), (81, 2), (40, 3), (42, 4), (42, 5)):
        assert cv_scaled(cv2, noise((n, n)), (f, f)).shape == (n // f, n // f), (n, f)
        Counts.differ += 1


@row("OpenCV", "`resize(INTER_AREA)`, odd extents, `dsize` rounded up")
def _(cv2, here):
    for n, f in ((81, 2), (83, 2), (82, 3)):
        image, up = noise((n, n)), -(-n // f)
        differ(cv2.resize(image, (up, up), interpolation=cv2.INTER_AREA), here(image, (f, f)), f"{n} to {up}")
    ramp = np.array([[0, 0, 0, 120, 120]], np.uint8)
    same(cv2.resize(ramp, (3, 1), interpolation=cv2.INTER_AREA), [[0, 24, 120]], "windows of 5 / 3 voxels")


def cv_floats(cv2, here, dtype):
    image = noise((64, 64), dtype)
    same(cv_area(cv2, image, (1, 2)), here(image, (1, 2)), "2x1")
    same(cv_area(cv2, image, (2, 1)), here(image, (2, 1)), "1x2")
    for factor in ((2, 2), (4, 4), (2, 8), (8, 8)):
        image = noise((64, 64), dtype, -4096, 4096)
        same(cv_area(cv2, image, factor), here(image, factor), f"whole numbers {factor}")


@row("OpenCV", "`resize(INTER_AREA)`, float32")
def _(cv2, here):
    cv_floats(cv2, here, "float32")
    for factor in ((2, 2), (4, 4), (3, 3)):
        image = noise(extents(factor), "float32")
        differ(cv_area(cv2, image, factor), here(image, factor), str(factor), at_most=1e-6)


@row("OpenCV", "`resize(INTER_AREA)`, float64")
def _(cv2, here):
    cv_floats(cv2, here, "float64")
    image = noise((96, 96), "float64")
    theirs, ours = cv_area(cv2, image, (3, 3)), here(image, (3, 3))
    differ(theirs, ours, "3x3", at_most=1e-7)
    assert np.abs(theirs / ours - 1).max() > 1e-9


@row("OpenCV", "`resize(INTER_LINEAR)`, 2x2")
def _(cv2, here):
    for dtype in INTEGERS:
        image = noise((80, 60), dtype)
        same(cv_area(cv2, image, (2, 2), cv2.INTER_LINEAR), here(image, (2, 2)), dtype)
    image = noise((80, 80))
    theirs = cv_area(cv2, image, (4, 4), cv2.INTER_LINEAR)
    differ(theirs, here(image, (4, 4)), "4x4")
    middle = image.reshape(20, 4, 20, 4)[:, 1:3, :, 1:3].reshape(40, 40)
    same(theirs, here(middle, (2, 2)), "4x4, the four in the middle")


@row("OpenCV", "`resize(INTER_NEAREST)`")
def _(cv2, here):
    for dtype in INTEGERS + ("int32",):
        for factor in FACTORS:
            image = noise(extents(factor), dtype)
            same(cv_area(cv2, image, factor, cv2.INTER_NEAREST), here(image, factor), f"{dtype} {factor}")


@row("OpenCV", "`pyrDown`")
def _(cv2, here):
    image = noise((80, 80))
    differ(cv2.pyrDown(image), here(image, (2, 2)))


# ---- scikit-image

BLOCKS = ((2, 2), (3, 3), (2, 3), (4, 4), (5, 1), (2, 2, 2), (1, 2, 3))


def local_mean(image, factor):
    return importlib.import_module("skimage.transform").downscale_local_mean(image, factor)


def block_reduce(image, factor, function):
    return importlib.import_module("skimage.measure").block_reduce(image, factor, function)


def on_blocks(there, here, cut=differ, dtypes=INTEGERS, factors=BLOCKS, low=None, high=None):
    """Equal inside; with what a border cuts, equal or not as `cut` says."""
    for dtype in dtypes:
        for factor in factors:
            for more in (0, 1):
                image = noise(extents(factor, 12, more), dtype, low, high)
                whole = inside(image.shape, factor)
                theirs, ours = there(image, factor), here(image, factor)
                same(theirs[whole], ours[whole], f"{dtype} {image.shape} {factor}")
                if more:
                    cut(theirs, ours, f"{dtype} {image.shape} {factor}, cut windows")


@row("scikit-image", "`downscale_local_mean`, integers")
def _(_, here):
    on_blocks(local_mean, here)
    same(local_mean(np.array([[8, 8, 8]], np.uint8), (1, 2)), [[8, 4]], "a lone voxel and a zero")


@row("scikit-image", "`downscale_local_mean`, `.astype` of the integer")
def _(_, here):
    on_blocks(lambda image, factor: local_mean(image, factor).astype(image.dtype), here)


@row("scikit-image", "`rint` of `downscale_local_mean`")
def _(_, here):
    on_blocks(lambda image, factor: np.rint(local_mean(image, factor)).astype(image.dtype), here)


@row("scikit-image", "`downscale_local_mean`, float32")
def _(_, here):
    on_blocks(local_mean, here, dtypes=("float32",), low=0, high=4096)
    for factor in ((2, 2), (3, 3)):
        image = noise(extents(factor), "float32")
        differ(local_mean(image, factor), here(image, factor), str(factor), at_most=1e-6)


@row("scikit-image", "`block_reduce(np.min)`")
def _(_, here):
    on_blocks(lambda image, factor: block_reduce(image, factor, np.min), here, low=1, high=100)


@row("scikit-image", "`block_reduce(np.max)`")
def _(_, here):
    def maxima(image, factor):
        return block_reduce(image, factor, np.max)
    on_blocks(maxima, here, cut=same, dtypes=INTEGERS + ("float32",), low=0, high=200)
    on_blocks(maxima, here, cut=differ, dtypes=("int16", "float32"), low=-200, high=0)


@row("scikit-image", "`block_reduce(np.median)`")
def _(_, here):
    def medians(image, factor):
        return block_reduce(image, factor, np.median)
    on_blocks(medians, here, factors=((3, 3), (5, 1), (1, 3, 3)), low=1, high=200)
    image = noise((40, 40))
    differ(medians(image, (2, 2)), here(image, (2, 2)), "2x2")
    same(medians(np.array([[1, 2]], np.uint8), (1, 2)), [[1.5]], "the mean of the middle two")


@row("scikit-image", "`block_reduce(np.nanmean)`")
def _(_, here):
    for factor in ((2, 2), (3, 3), (2, 3)):
        image = noise(extents(factor), "float32", 0, 4096)
        image[random.random(image.shape) < 0.5] = np.nan
        image[:6, :6] = np.nan
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of windows without a number
            theirs = block_reduce(image, factor, np.nanmean)
        same(theirs, here(image, factor), str(factor))


# ---- TensorStore, by its documented rules

def by_rule(rule, here, dtypes=INTEGERS, low=None, high=None):
    for dtype in dtypes:
        for factor in FACTORS:
            for more in (0, 1):
                image = noise(extents(factor, 8, more), dtype, low, high)
                same(each_window(image, factor, rule), here(image, factor), f"{dtype} {image.shape} {factor}")


def half_even(values):
    # Python's ints are exact, and its round of a float is to even; so small a mean is exact where it is a half.
    return round(sum(values) / len(values))


def lower_median(values):
    return sorted(values)[(len(values) - 1) // 2]


def lowest_mode(values):
    counts = collections.Counter(values)
    return min(values, key=lambda v: (-counts[v], v))


def chained(rule, here):
    image = noise((96, 96))
    half = each_window(image, (2, 2), rule)
    differ(each_window(half, (2, 2), rule), here(image, (2, 2), 2), "two mips")
    same(each_window(half, (2, 2), rule), here(here(image, (2, 2)), (2, 2)), "one by one")


@row("TensorStore", "`mean`")
def _(_, here):
    by_rule(half_even, here)
    chained(half_even, here)


@row("TensorStore", "`mode`")
def _(_, here):
    by_rule(lowest_mode, here, dtypes=("uint8", "int16", "uint64"), low=0, high=4)


@row("TensorStore", "`median`")
def _(_, here):
    by_rule(lower_median, here)
    chained(lower_median, here)


@row("TensorStore", "`min`")
def _(_, here):
    by_rule(min, here)


@row("TensorStore", "`max`")
def _(_, here):
    by_rule(max, here)


@row("TensorStore", "`stride`")
def _(_, here):
    by_rule(lambda values: values[0], here)


# ---- GDAL

def gdal_raster(gdal, image, no_data, file=None):
    types = {"uint8": gdal.GDT_Byte, "uint16": gdal.GDT_UInt16, "int16": gdal.GDT_Int16, "uint32": gdal.GDT_UInt32,
             "int32": gdal.GDT_Int32, "float32": gdal.GDT_Float32, "float64": gdal.GDT_Float64}
    driver = gdal.GetDriverByName("GTiff" if file else "MEM")
    raster = driver.Create(file or "", image.shape[1], image.shape[0], 1, types[str(image.dtype)])
    raster.SetGeoTransform((0, 1, 0, 0, 0, -1))
    if no_data is not None:
        raster.GetRasterBand(1).SetNoDataValue(no_data)
    raster.GetRasterBand(1).WriteArray(image)
    return raster


def size_up(image, factor):
    return tuple(-(-n // f) for n, f in zip(image.shape, factor))


def translate(gdal, image, factor, method, no_data=None):
    ny, nx = size_up(image, factor)
    return gdal.Translate("", gdal_raster(gdal, image, no_data), format="MEM", width=nx, height=ny,
                          resampleAlg=method).ReadAsArray()


def warp(gdal, image, factor, method, no_data=None):
    ny, nx = size_up(image, factor)
    return gdal.Warp("", gdal_raster(gdal, image, no_data), format="MEM", xRes=factor[1], yRes=factor[0],
                     outputBounds=(0, -ny * factor[0], nx * factor[1], 0), resampleAlg=method, srcNodata=no_data,
                     dstNodata=no_data).ReadAsArray()


def overviews(gdal, image, levels, method, no_data=None):
    """As gdaladdo makes them in a GeoTIFF."""
    file = os.path.join(scratch.name, "raster.tif")
    raster = gdal_raster(gdal, image, no_data, file)
    raster.BuildOverviews(method, levels)
    band = raster.GetRasterBand(1)
    return [band.GetOverview(i).ReadAsArray() for i in range(len(levels))]


def all_three(gdal, image, factor, method, no_data=None):
    yield "warp", warp(gdal, image, factor, method, no_data)
    yield "translate", translate(gdal, image, factor, method, no_data)
    if factor[0] == factor[1]:
        yield "overview", overviews(gdal, image, [factor[0]], method.upper(), no_data)[0]


def by_warp(gdal, here, method, dtypes, low=None, high=None):
    for dtype in dtypes:
        for factor in FACTORS:
            for more in (0, 1):
                image = noise(extents(factor, more=more), dtype, low, high)
                same(warp(gdal, image, factor, method), here(image, factor), f"{dtype} {image.shape} {factor}")


@row("GDAL", "`gdalwarp -r average`")
def _(gdal, here):
    by_warp(gdal, here, "average", INTEGERS + ("uint32", "int32"))


@row("GDAL", "`gdalwarp -r average`, float32")
def _(gdal, here):
    by_warp(gdal, here, "average", ("float32",))


@row("GDAL", "`gdalwarp -r min`")
def _(gdal, here):
    by_warp(gdal, here, "min", INTEGERS + ("float32",))


@row("GDAL", "`gdalwarp -r max`")
def _(gdal, here):
    by_warp(gdal, here, "max", INTEGERS + ("float32",))


@row("GDAL", "`gdalwarp -r med`")
def _(gdal, here):
    by_warp(gdal, here, "med", INTEGERS + ("float32",))


@row("GDAL", "`gdal_translate -r average`")
def _(gdal, here):
    for dtype in ("uint8", "uint16"):
        for factor in FACTORS:
            image = noise(extents(factor), dtype)
            same(translate(gdal, image, factor, "average"), here(image, factor), f"{dtype} {factor}")
            image = noise(extents(factor, more=1), dtype)
            differ(translate(gdal, image, factor, "average"), here(image, factor), f"{dtype} {image.shape}")
    image = noise((80, 80), "int16", -300, 0)
    theirs = translate(gdal, image, (2, 2), "average")
    differ(theirs, here(image, (2, 2)), "negative halves", at_most=1)
    same(theirs, -here(-image, (2, 2)), "negative halves, away from zero")


@row("GDAL", "`gdal_translate -r average`, 32 bits")
def _(gdal, here):
    for factor in ((2, 2), (1, 2), (2, 1), (4, 4), (4, 2), (8, 8)):
        image = noise(extents(factor), "uint32", 0, (1 << 24) // math.prod(factor))
        same(translate(gdal, image, factor, "average"), here(image, factor), str(factor))
    image = noise((80, 80), "uint32", 0, 1 << 26)
    differ(translate(gdal, image, (2, 2), "average"), here(image, (2, 2)), "above 2^24")
    image = noise((180, 180), "uint32", 0, (1 << 24) // 9)
    differ(translate(gdal, image, (3, 3), "average"), here(image, (3, 3)), "3x3", at_most=1)


@row("GDAL", "`gdal_translate -r average`, float32")
def _(gdal, here):
    for factor in FACTORS:
        image = noise(extents(factor), "float32", 0, 4096)
        same(translate(gdal, image, factor, "average"), here(image, factor), f"whole numbers {factor}")
    for factor in ((1, 2), (2, 1), (4, 4)):
        image = noise(extents(factor), "float32")
        same(translate(gdal, image, factor, "average"), here(image, factor), str(factor))
    image = noise((80, 80), "float32")
    differ(translate(gdal, image, (2, 2), "average"), here(image, (2, 2)), "2x2", at_most=1e-6)


@row("GDAL", "`gdal_translate -r average`, float64")
def _(gdal, here):
    for factor in ((2, 2), (3, 3)):
        image = noise(extents(factor), "float64")
        theirs, ours = translate(gdal, image, factor, "average"), here(image, factor)
        differ(theirs, ours, str(factor), at_most=2e-7)
        same(theirs, theirs.astype(np.float32), "a float32")


@row("GDAL", "`gdaladdo -r average 2 4`, GeoTIFF")
def _(gdal, here):
    for dtype in ("uint8", "uint16"):
        image = noise((160, 160), dtype)
        theirs, ours = overviews(gdal, image, [2, 4], "AVERAGE"), here.mips(image, (2, 2), 2)
        same(theirs[0], ours[0], f"{dtype} mip 1")
        same(theirs[1], here(ours[0], (2, 2)), f"{dtype} mip 2 of mip 1")
        differ(theirs[1], ours[1], f"{dtype} mip 2")


@row("GDAL", "`-r average`, no-data")
def _(gdal, here):
    for dtype in ("uint8", "uint16"):
        for factor in FACTORS:
            image = noise(extents(factor), dtype, 0, 199)
            image[random.random(image.shape) < 0.5] = 200
            image[:8, :8] = 200
            for name, theirs in all_three(gdal, image, factor, "average", 200):
                same(theirs, here(image, factor), f"{name} {dtype} {factor}")
    image = np.array([[199, 201], [200, 200]], np.uint8)
    for name, theirs in all_three(gdal, image, (2, 2), "average", 200):
        differ(theirs, here(image, (2, 2)), f"{name}: the mean is no-data", at_most=1)


@row("GDAL", "`-r average`, no-data, float32")
def _(gdal, here):
    for factor in FACTORS:
        image = noise(extents(factor), "float32", 0, 4096)
        image[random.random(image.shape) < 0.5] = -9999
        image[:8, :8] = -9999
        for name, theirs in all_three(gdal, image, factor, "average", -9999):
            same(theirs, here(image, factor), f"{name} {factor}")


@row("GDAL", "`-r average`, no-data NaN")
def _(gdal, here):
    for factor in FACTORS:
        image = noise(extents(factor), "float32", 0, 4096)
        image[random.random(image.shape) < 0.5] = np.nan
        image[:8, :8] = np.nan
        for name, theirs in all_three(gdal, image, factor, "average", np.nan):
            same(theirs, here(image, factor), f"{name} {factor}")
        for name, theirs in all_three(gdal, image, factor, "average"):
            differ(theirs, here(image, factor), f"{name} {factor}, not told")


@row("GDAL", "`-r mode`")
def _(gdal, here):
    for dtype in INTEGERS + ("float32",):
        for factor in FACTORS:
            labels = without_ties(noise(extents(factor), dtype, 1, 5), factor)
            for name, theirs in all_three(gdal, labels, factor, "mode"):
                same(theirs, here(labels, factor), f"{name} {dtype} {factor}")
    labels = noise((80, 80), "uint8", 0, 2)
    for name, theirs in all_three(gdal, labels, (2, 2), "mode"):
        same(theirs, here(labels, (2, 2)), f"{name}: two labels")
    four = np.array([[1, 2], [3, 4]], np.uint8)
    for name, theirs in all_three(gdal, four, (2, 2), "mode"):
        same((theirs, here(four, (2, 2))), ([[1]], [[4]]), f"{name}: four labels")
    tie = np.array([[1, 2, 2], [1, 3, 4], [5, 6, 7]], np.uint8)
    for name, theirs in all_three(gdal, tie, (3, 3), "mode"):
        same((theirs, here(tie, (3, 3))), ([[2]], [[1]]), f"{name}: a tie")
        Counts.differ += 1


@row("GDAL", "`-r mode`, no-data")
def _(gdal, here):
    for dtype in INTEGERS:
        for factor in FACTORS:
            labels = noise(extents(factor), dtype, 0, 5)
            labels[random.random(labels.shape) < 0.5] = 0
            labels[:8, :8] = 0
            labels = without_ties(labels, factor, background=0)
            for name, theirs in all_three(gdal, labels, factor, "mode", 0):
                same(theirs, here(labels, factor), f"{name} {dtype} {factor}")
    tie = np.array([[1, 0, 2], [0, 2, 1], [0, 0, 0]], np.uint8)
    for name, theirs in all_three(gdal, tie, (3, 3), "mode", 0):
        differ(theirs, here(tie, (3, 3)), f"{name}: a tie")


@row("GDAL", "`-r mode`, labels of 32 bits")
def _(gdal, here):
    few = without_ties(noise((240, 240), "uint32", 1, 8), (3, 3))

    def mode(largest):
        labels = few + np.uint32(largest - 7)
        return labels, here(labels, (3, 3)), dict(all_three(gdal, labels, (3, 3), "mode"))

    _, ours, theirs = mode(1 << 23)
    for name in theirs:
        same(theirs[name], ours, f"{name}: to 2^23")
    labels, ours, theirs = mode(1 << 24)
    same(theirs["warp"], ours, "warp: to 2^24")
    for name in ("translate", "overview"):
        differ(theirs[name], ours, f"{name}: above 2^23")
    labels, ours, theirs = mode(1 << 25)
    for name in theirs:
        differ(theirs[name], ours, f"{name}: above 2^24")
        there = (windows_of(labels, (3, 3)) == theirs[name][..., None]).any(2)
        assert not there.all(), f"{name}: every label is of its window"


@row("GDAL", "`gdaladdo -r mode 3 9`, GeoTIFF")
def _(gdal, here):
    labels = noise((162, 162), "uint8", 0, 2)
    theirs = overviews(gdal, labels, [3, 9], "MODE")
    for m, ours in enumerate(here.mips(labels, (3, 3), 2)):
        same(theirs[m], ours, f"mip {m + 1}")
    differ(theirs[1], here.plain("--votes", "footprint")(labels, (3, 3), 2), "true modes")


@row("GDAL", "`gdaladdo -r nearest`")
def _(gdal, here):
    for f in (2, 3, 4):
        image = noise((24 * f, 24 * f))
        same(overviews(gdal, image, [f], "NEAREST")[0], here(image, (f, f)), str(f))


@row("GDAL", "`gdal_translate -r nearest`")
def _(gdal, here):
    for f in (2, 3, 4):
        image = noise((24 * f, 24 * f))
        theirs = translate(gdal, image, (f, f), "near")
        differ(theirs, here(image, (f, f)), str(f))
        same(theirs, image[f // 2::f, f // 2::f], f"{f}, the middle")


# ---- ITK

def bin_shrink(program, image, factor, start=0):
    done = subprocess.run([program, str(image.dtype), *map(str, (*image.shape[::-1], *factor[::-1], start))],
                          input=image.tobytes(), capture_output=True, check=True)
    shape = [(start + n) // f + -start // f for n, f in zip(image.shape, factor)]
    return np.frombuffer(done.stdout, image.dtype).reshape(shape)


def on_bins(program, here, dtypes):
    for dtype in dtypes:
        for factor in FACTORS:
            for more in (0, 1):
                image = noise(extents(factor, more=more), dtype)
                whole = inside(image.shape, factor)
                same(bin_shrink(program, image, factor), here(image, factor)[whole], f"{dtype} {image.shape} {factor}")


@row("ITK", "`BinShrinkImageFilter`, integers")
def _(program, here):
    on_bins(program, here, INTEGERS)
    image = halves((7, 14))
    differ(bin_shrink(program, image, (7, 14)), here(image, (7, 14)), "98 voxels", at_most=1)


@row("ITK", "`BinShrinkImageFilter`, float32")
def _(program, here):
    on_bins(program, here, ("float32",))


@row("ITK", "`BinShrinkImageFilter`, a region from index 3")
def _(program, here):
    for f in (2, 4, 5):
        image, skipped = noise((43, 43)), -3 % f
        theirs = bin_shrink(program, image, (f, f), start=3)
        whole = inside((43 - skipped, 43 - skipped), (f, f))
        # `pyramid` has no origin: what it is given begins where a window does.
        same(theirs, here(image[skipped:, skipped:], (f, f))[whole], str(f))


# ---- Pillow

def reduce(pillow, image, factor, mode=None):
    return np.asarray(pillow.fromarray(image, mode).reduce(factor[::-1]))


@row("Pillow", "`reduce`, L")
def _(pillow, here):
    for factor in ((2, 2), (1, 2), (2, 1), (4, 4), (8, 2), (16, 16)):
        for more in (0, 1):
            image = noise(extents(factor, more=more))
            same(reduce(pillow, image, factor), here(image, factor), f"{image.shape} {factor}")
    for factor in ((3, 3), (2, 3), (5, 5), (6, 6)):
        image = noise(extents(factor, 60))
        theirs, ours = reduce(pillow, image, factor), here(image, factor)
        differ(theirs, ours, str(factor), at_most=1)
        share = (theirs != ours).mean()
        assert (theirs <= ours).all() and share < 0.25, share
    image = noise((180, 180))
    theirs, ours = reduce(pillow, image, (3, 3)), here(image, (3, 3))
    wrong = (windows_of(image, (3, 3)).sum(2) + 4) % 9 == 0
    same(theirs, ours - wrong, "3x3: 1 too low where the rounded sum divides by 9")


@row("Pillow", "`reduce`, RGB")
def _(pillow, here):
    for factor in ((2, 2), (4, 4), (1, 8)):
        image = noise((*extents(factor, more=1), 3))
        same(reduce(pillow, image, factor), here(image, (*factor, 1)), str(factor))
    image = noise((40, 40, 4))
    differ(reduce(pillow, image, (2, 2), "RGBA"), here(image, (2, 2, 1)), "RGBA")


@row("Pillow", "`reduce`, I")
def _(pillow, here):
    for factor in FACTORS:
        for more in (0, 1):
            image = noise(extents(factor, more=more), "int32", 0, 1 << 28)
            same(reduce(pillow, image, factor), here(image, factor), f"{image.shape} {factor}")
    image = noise((80, 80), "int32", -300, 0)
    theirs = reduce(pillow, image, (2, 2))
    differ(theirs, here(image, (2, 2)), "negative halves", at_most=1)
    same(theirs, -here(-image, (2, 2)), "negative halves, away from zero")


@row("Pillow", "`reduce`, F")
def _(pillow, here):
    for factor in FACTORS:
        image = noise(extents(factor, more=1), "float32", 0, 4096)
        same(reduce(pillow, image, factor), here(image, factor), f"whole numbers {factor}")
    image = noise((80, 80), "float32")
    differ(reduce(pillow, image, (2, 2)), here(image, (2, 2)), "2x2", at_most=1e-6)


@row("Pillow", "`resize(BOX)`")
def _(pillow, here):
    for factor in ((2, 2), (3, 3), (4, 4)):
        image = noise(extents(factor))
        theirs = np.asarray(pillow.fromarray(image).resize((24, 24), pillow.BOX))
        differ(theirs, here(image, factor), str(factor), at_most=1)


# ---- SciPy

def filtered(function, image, factor, **more):
    whole = function(image, size=factor, origin=[-(f // 2) for f in factor], mode="nearest", **more)
    return whole[tuple(slice(None, None, f) for f in factor)]


def by_filter(function, here, factors=FACTORS, cut=same, **more):
    for dtype in INTEGERS:
        for factor in factors:
            for beyond in (0, 1):
                image = noise(extents(factor, more=beyond), dtype)
                keywords = {name: value(factor) for name, value in more.items()}
                theirs, ours = filtered(function, image, factor, **keywords), here(image, factor)
                whole = inside(image.shape, factor)
                same(theirs[whole], ours[whole], f"{dtype} {image.shape} {factor}")
                if beyond:
                    cut(theirs, ours, f"{dtype} {image.shape} {factor}, cut windows")


@row("SciPy", "`minimum_filter`")
def _(ndimage, here):
    by_filter(ndimage.minimum_filter, here)


@row("SciPy", "`maximum_filter`")
def _(ndimage, here):
    by_filter(ndimage.maximum_filter, here)


@row("SciPy", "`median_filter`")
def _(ndimage, here):
    for factor in ((3, 3), (3, 1), (5, 3)):
        image = noise(extents(factor))
        same(filtered(ndimage.median_filter, image, factor), here(image, factor), str(factor))
    image = noise((40, 40))
    theirs = filtered(ndimage.median_filter, image, (2, 2))
    differ(theirs, here(image, (2, 2)), "2x2")
    same(theirs, np.sort(windows_of(image, (2, 2)))[..., 2], "2x2, the upper")


@row("SciPy", "`rank_filter`, `rank=(size - 1) // 2`")
def _(ndimage, here):
    def rank(factor):
        return (math.prod(factor) - 1) // 2
    for factor in FACTORS:
        image = noise(extents(factor))
        same(filtered(ndimage.rank_filter, image, factor, rank=rank(factor)), here(image, factor), str(factor))
    image = noise((63, 63))
    differ(filtered(ndimage.rank_filter, image, (4, 4), rank=7), here(image, (4, 4)), "cut windows")


@row("SciPy", "`uniform_filter`, float64")
def _(ndimage, here):
    for factor in ((2, 2), (1, 2), (2, 1)):
        for more in (0, 1):
            image = noise(extents(factor, more=more), "float64", 0, 4096)
            same(filtered(ndimage.uniform_filter, image, factor), here(image, factor), f"{image.shape} {factor}")
    image = noise((90, 90), "float64", 0, 4096)
    differ(filtered(ndimage.uniform_filter, image, (3, 3)), here(image, (3, 3)), "3x3", at_most=1e-8)


@row("SciPy", "`uniform_filter`, integers")
def _(ndimage, here):
    image = noise((80, 80))
    differ(filtered(ndimage.uniform_filter, image, (2, 2)), here(image, (2, 2)), "2x2", at_most=1)


# ---- NumPy

def split(image, factor):
    (ny, nx), (fy, fx) = image.shape, factor
    return image.reshape(ny // fy, fy, nx // fx, fx)


@row("NumPy", "`.mean((1, 3))`, integers")
def _(_, here):
    for dtype in INTEGERS:
        for factor in FACTORS:
            image = noise(extents(factor), dtype)
            same(split(image, factor).mean((1, 3)), here(image, factor), f"{dtype} {factor}")


@row("NumPy", "`.mean((1, 3)).astype` of the integer")
def _(_, here):
    for dtype in INTEGERS:
        for factor in FACTORS:
            image = noise(extents(factor), dtype)
            same(split(image, factor).mean((1, 3)).astype(dtype), here(image, factor), f"{dtype} {factor}")
    image = noise((160, 160))
    half = split(image, (2, 2)).mean((1, 3)).astype(np.uint8)
    differ(split(half, (2, 2)).mean((1, 3)).astype(np.uint8), here(image, (2, 2), 2), "two mips")


@row("NumPy", "`.mean((1, 3))`, float32")
def _(_, here):
    for factor in FACTORS:
        image = noise(extents(factor), "float32", 0, 4096)
        same(split(image, factor).mean((1, 3)), here(image, factor), f"whole numbers {factor}")
    image = noise((80, 80), "float32")
    differ(split(image, (2, 2)).mean((1, 3)), here(image, (2, 2)), "2x2", at_most=1e-6)


@row("NumPy", "`.sum((1, 3), dtype=a.dtype) // f**2`")
def _(_, here):
    image = noise((80, 80))
    differ(split(image, (2, 2)).sum((1, 3), dtype=image.dtype) // 4, here(image, (2, 2)))


# ---- all of them

def fault_of(test, tool, call):
    Counts.same = Counts.differ = Counts.voxels = 0
    try:
        test(tool, call)
    except AssertionError as fault:
        return str(fault) or "an assertion"
    except Exception as fault:  # a tool that is called as another version of it wants to be
        return f"{type(fault).__name__}: {fault}"
    return None


def main(wanted):
    (rows, versions), wrong = rows_of_page(), 0
    print(f"seed {seed}")
    for section, there in sorted(set(rows) ^ set(tests)):
        print(f"FAIL  {section}: {there}: only in {'the page' if (section, there) in rows else 'the test'}")
        wrong += 1
    tools = {section: tool_of(section) for section, _ in rows}
    for (section, there), cell in rows.items():
        if (section, there) not in tests or wanted and section not in wanted:
            continue
        if tools[section] is None:
            print(f"skipped: {section}: {there}: no {NEEDS.get(section, 'coming_from_itk')}")
            continue
        call = Call(flags_of(cell), "in `double`" in cell, section == "Python tinybrain")
        fault = fault_of(tests[section, there], tools[section], call)
        if fault is None:
            print(f"ok    {section}: {there}: {Counts.same} comparisons equal, of {Counts.voxels} voxels;"
                  f" {Counts.differ} not, as told")
        elif section in versions and version_of(section, tools[section]) != versions[section]:
            print(f"other {section}: {there}: in {version_of(section, tools[section])}, which the page is not about:"
                  f" {fault}")
        else:
            print(f"FAIL  {section}: {there}: {fault}")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
