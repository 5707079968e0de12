# SPDX-License-Identifier: BSL-1.0
"""All methods, dtypes, orders, strides and options against the oracle, alone and from many threads."""

import concurrent.futures
import warnings

import numpy
from conftest import CASES, ONE, SEED
from random_case import Case


def memory_order(array):
    """Axes by their strides; those that have none worth the name are left out."""
    axes = [axis for axis, n in enumerate(array.shape) if n > 1 and array.strides[axis] != 0]
    return sorted(axes, key=lambda axis: abs(array.strides[axis]))


def check(number):
    case = Case(SEED, number)
    told = f"TINYBRAIN_PYTHON_SEED={SEED} TINYBRAIN_PYTHON_CASE={number}\n{case}"
    expected = case.expected()
    out = case.outputs(expected) if case.chance(0.3) else None
    got = case.mips(out)
    assert out is None or all(a is b for a, b in zip(got, out)), told
    assert len(got) == len(expected), told
    for mip, right in zip(got, expected):
        assert type(mip) is numpy.ndarray and mip.dtype == case.img.dtype and mip.shape == right.shape, told
        assert numpy.array_equal(mip, right, equal_nan=mip.dtype.kind == "f"), f"{told}\n{mip!r}\nis not\n{right!r}"
        if out is None and mip.size:
            assert mip.flags.writeable and mip.nbytes == dense_bytes(mip), told
            shared = [axis for axis in memory_order(case.img) if mip.shape[axis] > 1]
            assert [axis for axis in memory_order(mip) if axis in shared] == shared, told


def dense_bytes(array):
    """From the first byte to the last."""
    return array.itemsize + sum((n - 1) * abs(stride) for n, stride in zip(array.shape, array.strides))


def numbers():
    return [int(ONE)] if ONE is not None else range(CASES)


def test_random_cases():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in numbers():
            check(number)


def test_eight_threads_give_the_same():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(check, list(numbers())[:400]))
