# SPDX-License-Identifier: BSL-1.0
"""No copy of what is handed in, and little beside what is handed out.

Each figure comes from a process of its own: the most memory a process ever had (VmHWM) never falls again.
"""

import subprocess
import sys
import threading
import time
import tracemalloc

import numpy
import pytest

import tinybrain

MIB = 2**20
MEASURE = """
import numpy, tinybrain
def most():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) // 1024
def grown(img, method, **options):
    tinybrain.downsample_with_averaging(img[:8, :8], (2, 2), 5)  # what the first call ever takes
    before = most()
    mips = getattr(tinybrain, method)(img, (2, 2), 5, **options)
    print(most() - before, sum(mip.nbytes for mip in mips) // 2**20)
memory = numpy.ones((8192, 16384), numpy.uint8)
memory.flags.writeable = False
"""
LAYOUTS = {
    "C order": "memory",
    "Fortran order": "memory.T",
    "gaps": "memory[:, ::2]",
    "backward": "memory[::-1, ::-1]",
    "three axes": "memory.reshape(8192, 128, 128).transpose(0, 2, 1)",
    "stride 0": "numpy.broadcast_to(memory[:1], memory.shape)",
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="VmHWM is Linux's")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("method", ["downsample_with_averaging", "downsample_segmentation"])
def test_a_call_takes_the_memory_of_its_mips(layout, method):
    """128 MiB are looked at, 43 come back; large pages round each mip up to 2 MiB."""
    program = f"{MEASURE}\ngrown({LAYOUTS[layout]}, {method!r})"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    grown, returned = map(int, said.split())
    assert grown <= returned + 14, f"{grown} MiB more, for {returned} MiB of mips"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_numpy_allocates_nothing(layout):
    memory = numpy.ones((8192, 16384), numpy.uint8)
    img = eval(LAYOUTS[layout], {"memory": memory, "numpy": numpy})
    half = tinybrain.mip_shape(img.shape, (2, 2))
    out = [numpy.empty(half, numpy.uint8)]
    tracemalloc.start()
    tinybrain.downsample_with_averaging(img, (2, 2), out=out)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 64 * 1024


def test_memory_is_given_back():
    img = numpy.ones((1024, 1024), numpy.uint8)
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096
    if not sys.platform.startswith("linux"):
        pytest.skip("/proc is Linux's")
    for _ in range(20):
        tinybrain.downsample_with_averaging(img, (2, 2), 3)
    before = resident()
    for _ in range(300):
        tinybrain.downsample_with_averaging(img, (2, 2), 3)
        with pytest.raises(ValueError):
            tinybrain.downsample_with_averaging(img, (0, 2))
    assert resident() - before < 8 * MIB


def test_other_threads_run_meanwhile():
    """A counter in Python goes on while a call that takes a while works."""
    img = numpy.random.default_rng(1).integers(0, 2**60, (400, 400, 40), numpy.uint64)
    working, counts = threading.Event(), [0]

    def count():
        working.wait()
        while working.is_set():
            counts[0] += 1
            time.sleep(0.0002)

    other = threading.Thread(target=count)
    other.start()
    working.set()
    begin = time.perf_counter()
    tinybrain.downsample_segmentation(img, (4, 4, 4), 3, votes="footprint")
    took = time.perf_counter() - begin
    seen = counts[0]
    working.clear()
    other.join()
    assert took < 0.02 or seen > 3, f"{seen} steps in {took} s"
