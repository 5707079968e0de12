#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""This module against what else halves a stack of slices from Python: a Markdown table.

Whole calls as a user makes them, from an array to a fresh array, one mip of 2x2x1, one thread; the contenders take
turns, and the median of each is told. All look at the same memory: slices of rows, one after another, which is
img[x, y, z] of Fortran order here, and img.T[z, y, x] of C order for the others. Contenders that are not there are
left out, and those that would take minutes are given a few of the slices.

  benchmark.py                      the table
  benchmark.py --check LIBRARY      what a call may cost, against the same call from C++ (the target
                                    tinybrain_python_call_in_cpp makes LIBRARY); ends with 1 where it costs more
"""

import argparse
import ctypes
import importlib
import os
import platform
import statistics
import sys
import time

import numpy


def other_tinybrain(folder):
    """The Python tinybrain, which goes by the name of this module, from a folder of its own."""
    if folder is None:
        return None
    sys.path.insert(0, folder)
    module = importlib.import_module("tinybrain")
    sys.path.pop(0)
    for name in [name for name in sys.modules if name.partition(".")[0] == "tinybrain"]:
        del sys.modules[name]
    return module


def optional(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


class Contender:
    """A call of slices[z, y, x] or, where `by_x` is set, of img[x, y, z]; the result has the same order."""

    def __init__(self, name, call, by_x=False, slices=None):
        self.name, self.call, self.by_x, self.slices = name, call, by_x, slices

    def argument(self, stack):
        part = stack[:self.slices]
        return part.T if self.by_x else part

    def result(self, stack):
        result = numpy.asarray(self.call(self.argument(stack)))
        return result.T if self.by_x else result

    def run(self, stack):
        part = self.argument(stack)
        begin = time.perf_counter()
        self.call(part)
        return (time.perf_counter() - begin) * len(stack) / len(stack[:self.slices])


def quarter(stack):
    """The four voxels of each window."""
    return stack[:, ::2, ::2], stack[:, ::2, 1::2], stack[:, 1::2, ::2], stack[:, 1::2, 1::2]


def numpy_sum(stack):
    a, b, c, d = quarter(stack)
    result = a.astype(numpy.uint16)
    for other in (b, c, d):
        result += other
    return (result >> 2).astype(numpy.uint8)


def numpy_mean(stack):
    z, y, x = stack.shape
    return stack.reshape(z, y // 2, 2, x // 2, 2).mean(axis=(2, 4)).astype(numpy.uint8)


def numpy_mode(stack):
    """The label of two voxels that are alike, else the last."""
    a, b, c, d = quarter(stack)
    return numpy.where((a == b) | (a == c), a, numpy.where(b == c, b, d))


def image_contenders(tinybrain, other):
    average = tinybrain.downsample_with_averaging
    yield Contender("**this module**", lambda img: average(img, (2, 2, 1))[0], True)
    yield Contender("this module, all processors", lambda img: average(img, (2, 2, 1), threads=0)[0], True)
    if other:
        yield Contender("tinybrain of Python", lambda img: other.downsample_with_averaging(img, (2, 2, 1))[0], True)
    yield from opencv_contenders(optional("cv2"))
    yield from pillow_contenders(optional("PIL.Image"))
    yield from skimage_contenders(optional("skimage.transform"), optional("skimage.measure"))
    yield Contender("numpy, sum of four strided views", numpy_sum)
    yield Contender("numpy, reshape and mean", numpy_mean)


def opencv_contenders(cv2):
    if cv2 is None:
        return
    cv2.setNumThreads(1)

    def resize(stack):
        size = (stack.shape[2] // 2, stack.shape[1] // 2)
        return numpy.stack([cv2.resize(slice, size, interpolation=cv2.INTER_AREA) for slice in stack])

    yield Contender("OpenCV, resize, INTER_AREA", resize)


def pillow_contenders(image):
    if image is None:
        return

    def resize(stack):
        size = (stack.shape[2] // 2, stack.shape[1] // 2)
        return numpy.stack([image.fromarray(slice).resize(size, image.BOX) for slice in stack])

    yield Contender("Pillow, resize, BOX", resize)
    yield Contender("Pillow, reduce", lambda stack: numpy.stack([image.fromarray(slice).reduce(2) for slice in stack]))


def skimage_contenders(transform, measure):
    if transform is None or measure is None:
        return
    yield Contender("scikit-image, downscale_local_mean",
                    lambda stack: transform.downscale_local_mean(stack, (1, 2, 2)).astype(numpy.uint8))
    yield Contender("scikit-image, block_reduce, mean",
                    lambda stack: measure.block_reduce(stack, (1, 2, 2), numpy.mean).astype(numpy.uint8))


def label_contenders(tinybrain, other):
    mode = tinybrain.downsample_segmentation
    yield Contender("**this module**", lambda img: mode(img, (2, 2, 1))[0], True)
    yield Contender("this module, all processors", lambda img: mode(img, (2, 2, 1), threads=0)[0], True)
    if other:
        yield Contender("tinybrain of Python", lambda img: other.downsample_segmentation(img, (2, 2, 1))[0], True)
    yield Contender("numpy, where two are alike", numpy_mode)
    stats = optional("scipy.stats")
    if stats:
        def scipy_mode(stack):
            return stats.mode(numpy.stack(quarter(stack)), axis=0, keepdims=False).mode
        yield Contender("scipy, stats.mode", scipy_mode, slices=1)


def medians(contenders, stack, rounds):
    """Of rounds in which each runs once, so that what else the machine does slows all alike."""
    for contender in contenders:
        contender.run(stack[:1])
    times = [[contender.run(stack) for contender in contenders] for _ in range(rounds)]
    return dict(zip(contenders, map(statistics.median, zip(*times))))


def image_result(tinybrain, contender, stack):
    """Which exact mean a contender gives."""
    got = contender.result(stack)
    for rounding in ("toward_zero", "half_up", "half_even"):
        right = tinybrain.downsample_with_averaging(stack[:contender.slices], (1, 2, 2), rounding=rounding)[0]
        if numpy.array_equal(got, right):
            return f"exact, {rounding}"
    return "not exact"


def label_result(tinybrain, contender, stack):
    got = contender.result(stack)
    for ties in ("countless", "first", "lowest"):
        right = tinybrain.downsample_segmentation(stack[:contender.slices].T, (2, 2, 1), ties=ties)[0].T
        if numpy.array_equal(got, right):
            return f"mode, ties {ties}"
    return "other labels"


def print_table(title, contenders, stack, rounds, result):
    taken = medians(contenders, stack, rounds)
    ours = taken[contenders[0]]
    print(f"\n| {title} | ms | MVx/s | times ours | gives |\n|-|-:|-:|-:|-|")
    for contender in contenders:
        t = taken[contender]
        speed = stack.size / t / 1e6
        print(f"| {contender.name} | {1000 * t:.1f} | {speed:,.{0 if speed > 10 else 2}f} | {t / ours:.1f} | {result(contender)} |")


def machine():
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            name = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), name)
    versions = [f"Python {platform.python_version()}"]
    for module in ("numpy", "cv2", "PIL", "skimage", "scipy"):
        found = optional(module)
        if found:
            versions.append(f"{module} {found.__version__}")
    return f"{name}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start; {', '.join(versions)}."


def table(tinybrain, chosen):
    x, y, z = chosen.shape
    print(machine())
    rng = numpy.random.default_rng(1)
    stack = rng.integers(0, 256, (z, y, x), numpy.uint8)
    contenders = list(image_contenders(tinybrain, chosen.other))
    print_table(f"average, {x}x{y}x{z} uint8", contenders, stack, chosen.rounds,
                lambda contender: image_result(tinybrain, contender, stack))
    labels = rng.integers(1, 2**31, (z, -(-y // 13), -(-x // 13)), numpy.uint32)
    labels = numpy.ascontiguousarray(labels.repeat(13, 1).repeat(13, 2)[:, :y, :x])
    contenders = list(label_contenders(tinybrain, chosen.other))
    print_table(f"mode, {x}x{y}x{z} uint32", contenders, labels, chosen.rounds,
                lambda contender: label_result(tinybrain, contender, labels))
    print(f"\nMedians of {chosen.rounds} rounds. scipy's time is that of one slice, times {z}.")


def check(tinybrain, chosen):
    """What a call may cost. Each ratio is of medians of runs in turns."""
    average = tinybrain.downsample_with_averaging
    print(machine())
    small = Contender("small", lambda img: average(img, (2, 2, 1)), True)
    stack = numpy.zeros((64, 64, 64), numpy.uint8)
    took = statistics.median(small.run(stack) for _ in range(5000))
    good = report("a call on 64x64x64 uint8", took * 1e6, "us", took < 40e-6)

    cpp = ctypes.CDLL(chosen.check).average_in_cpp
    cpp.argtypes = [ctypes.c_void_p] + [ctypes.c_ssize_t] * 3
    in_cpp = Contender("C++", lambda img: cpp(img.ctypes.data, *img.shape), True)
    fortran = Contender("Fortran order", lambda img: average(img, (2, 2, 1)), True)
    c_order = Contender("C order", lambda stack: average(stack, (1, 2, 2)))
    stack = numpy.random.default_rng(1).integers(0, 256, (64, 2048, 2048), numpy.uint8)
    taken = medians([in_cpp, fortran, c_order], stack, 101)
    print(", ".join(f"{c.name} {1000 * t:.1f} ms" for c, t in taken.items()) + ", 256 MiB")
    of_cpp, of_fortran = taken[in_cpp] / taken[fortran], taken[fortran] / taken[c_order]
    good &= report("256 MiB: speed, as a share of the C++ call's", of_cpp, "", of_cpp > 0.9)
    good &= report("256 MiB: speed of C order, as a share of Fortran's", of_fortran, "", of_fortran > 0.9)
    return good


def report(what, value, unit, good):
    print(f"{'ok  ' if good else 'FAIL'} {what}: {value:.3g} {unit}".rstrip())
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", type=int, nargs=3, default=(1024, 1024, 100), metavar=("X", "Y", "Z"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--other", metavar="FOLDER", help="where the tinybrain of Python is installed")
    parser.add_argument("--check", metavar="LIBRARY")
    chosen = parser.parse_args()
    chosen.other = other_tinybrain(chosen.other)
    import tinybrain
    if chosen.check:
        sys.exit(0 if check(tinybrain, chosen) else 1)
    table(tinybrain, chosen)


if __name__ == "__main__":
    main()
