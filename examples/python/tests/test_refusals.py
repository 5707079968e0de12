# SPDX-License-Identifier: BSL-1.0
"""Whatever is handed in, there are mips or an error that says what would do; nothing is written, nothing crashes."""

import numpy
import pytest
from random_case import FUNCTIONS

import tinybrain

IMG = numpy.arange(64, dtype=numpy.uint8).reshape(8, 8)
OUT = numpy.zeros((4, 4), numpy.uint8)
#: Voxels of 4 bytes that begin 5 bytes apart, and voxels that begin at an odd address.
APART = numpy.zeros(8, [("a", "i4"), ("b", "u1")])["a"]
ODD = numpy.zeros(33, numpy.uint8)[1:].view(numpy.uint32)

NO_VOLUMES = [
    (IMG.astype(">u2"), 'img.astype(img.dtype.newbyteorder("="))'),
    (IMG.astype(">f8"), "in the byte order of this machine"),
    (IMG.astype(object), "img.astype(numpy.float32)"),
    (IMG.astype("float16"), "img.astype(numpy.float32)"),
    (IMG.astype("longdouble"), "img.astype(numpy.float64)"),
    (IMG.astype("complex64"), "numpy.abs(img)"),
    (IMG.astype("datetime64[s]"), "img.view(numpy.int64)"),
    (IMG.astype("timedelta64[s]"), "img.view(numpy.int64)"),
    (IMG.astype("S4"), "img.astype("),
    (IMG.astype("U4"), "img.astype("),
    (numpy.zeros(4, [("a", "i4"), ("b", "u1")]), "img['a']"),
    (numpy.zeros((4, 4), "V3"), "img.astype("),
    (APART, 'img.copy(order="K")'),
    (ODD, 'img.copy(order="K")'),
    (numpy.ma.masked_array(IMG, IMG > 9), "img.filled(0)"),
    (numpy.array(3, numpy.uint8), "img has 0 axes, but must have 1 to 6"),
    (numpy.zeros((1,) * 7, numpy.uint8), "img has 7 axes"),
    (numpy.uint8(3), "numpy.asarray(img)"),
    (IMG.tolist(), "img is a list"),
    (bytes(IMG), "img is a bytes"),
    (memoryview(IMG), "img is a memoryview"),
    (None, "img is a NoneType"),
    ("img", "img is a str"),
    (3, "img is a int"),
    (numpy.ndarray, "img is a type"),
]


@pytest.mark.parametrize("function", FUNCTIONS.values())
@pytest.mark.parametrize("img, words", NO_VOLUMES)
def test_no_volumes(function, img, words):
    with pytest.raises(TypeError) as refused:
        function(img, (2,))
    assert words in str(refused.value) and str(refused.value).startswith("tinybrain: ")


def test_what_is_said_would_do_does():
    for img in (APART, ODD):
        assert tinybrain.downsample_with_averaging(img.copy(order="K"), (2,))[0].tolist() == [0] * 4
    big = IMG.astype(">u2")
    assert tinybrain.downsample_with_striding(big.astype(big.dtype.newbyteorder("=")), (2, 2))[0][1, 1] == 18
    masked = numpy.ma.masked_array(IMG, IMG > 9)
    assert tinybrain.downsample_with_max_pooling(masked.filled(0), (8, 8), sparse=True)[0].item() == 9


HOSTILE = [
    ({"factor": (0, 2)}, ValueError, "the factor is (0, 2), but every factor must be at least 1"),
    ({"factor": (2, -2)}, ValueError, "the factor is (2, -2)"),
    ({"factor": (2, 2, 2)}, ValueError, "for more axes than the 2 there are"),
    ({"factor": (2**70, 2)}, ValueError, "must be no more than"),
    ({"factor": (2.0, 2)}, TypeError, "factor is 2.0, but must be an integer"),
    ({"factor": (None, 2)}, TypeError, "factor is None"),
    ({"factor": 2}, TypeError, "factor is 2, but must be a tuple"),
    ({"factor": "22"}, TypeError, "factor is '22'"),
    ({"factor": {2: 2}}, TypeError, "must be a tuple"),
    ({"factor": (n for n in (2, 2))}, TypeError, "must be a tuple"),
    ({"factor": numpy.array(2)}, TypeError, "must be a tuple"),
    ({"factor": numpy.array([2.0, 2.0])}, TypeError, "must be an integer"),
    ({"factor": [(2, 2), 2]}, TypeError, "must be a tuple"),
    ({"factor": [[(2, 2)]]}, TypeError, "must be an integer"),
    ({"factor": [(2, 2), (2, 0)]}, ValueError, "the factor is (2, 0)"),
    ({"factor": [(2, 2)] * 2, "num_mips": 3}, ValueError, "num_mips is 3, but there are 2 factors"),
    ({"factor": [(1, 1)] * 1025}, ValueError, "no more than 1024"),
    ({"num_mips": -1}, ValueError, "num_mips is -1, but must be 0 or more"),
    ({"num_mips": 10**6}, ValueError, "num_mips is 1000000, but must be no more than 1024"),
    ({"num_mips": 2**80}, ValueError, "must be no more than 1024"),
    ({"num_mips": 1.5}, TypeError, "num_mips is 1.5"),
    ({"num_mips": None}, TypeError, "num_mips is None"),
    ({"sparse": "False"}, TypeError, "sparse is 'False', but must be True or False"),
    ({"sparse": 2}, TypeError, "sparse is 2, but must be True or False"),
    ({"sparse": None}, TypeError, "sparse is None"),
    ({"sparse": IMG}, TypeError, "must be True or False"),
    ({"threads": -1}, ValueError, "threads was asked for -1"),
    ({"threads": 2**70}, ValueError, "threads is"),
    ({"threads": 1.5}, TypeError, "threads is 1.5"),
    ({"threads": None}, TypeError, "threads is None"),
    ({"origin": 3}, TypeError, "origin is 3"),
    ({"origin": (0, 0, 1)}, ValueError, "for more axes"),
    ({"origin": (0.5, 0)}, TypeError, "origin is 0.5"),
    ({"origin": (2**64, 0)}, ValueError, "must be no more than"),
    ({"out": 3}, TypeError, "out is a int"),
    ({"out": [None]}, TypeError, "out[0] is a NoneType"),
    ({"out": []}, ValueError, "out has 0 arrays for 1 mips"),
    ({"out": [OUT] * 2}, ValueError, "out has 2 arrays for 1 mips"),
    ({"out": [OUT] * 2, "factor": [(2, 2), (1, 1)]}, ValueError, "overlaps the output of mip 1"),
    ({"out": [numpy.zeros((4, 4), numpy.int8)]}, TypeError, "out[0] is of dtype int8"),
    ({"out": [numpy.zeros((4, 4), bool)]}, TypeError, "out[0] is of dtype bool"),
    ({"out": [numpy.zeros((4, 5), numpy.uint8)]}, ValueError, "the output of mip 1 has shape (4, 5)"),
    ({"out": [numpy.zeros((4, 4, 1), numpy.uint8)]}, ValueError, "out[0] has 3 axes"),
    ({"out": [numpy.ma.zeros((4, 4), numpy.uint8)]}, TypeError, "masked array"),
    ({"out": [numpy.broadcast_to(numpy.zeros(4, numpy.uint8), (4, 4))]}, ValueError, "out[0] is read-only"),
    ({"out": [IMG[:4, :4]]}, ValueError, "overlaps the image"),
    ({"out": [IMG[::2, ::2]]}, ValueError, "overlaps the image"),
    ({"unknown": 1}, TypeError, "unknown"),
]
SPARSE = [
    ({"background": 256}, ValueError, "background is 256, which no voxel of dtype uint8 is"),
    ({"background": -1}, ValueError, "background is -1"),
    ({"background": 0.5}, ValueError, "background is 0.5"),
    ({"background": numpy.nan}, ValueError, "background is nan"),
    ({"background": 2**70}, ValueError, "which no voxel"),
    ({"background": "0"}, TypeError, "background is '0'"),
    ({"background": None}, TypeError, "background is None"),
    ({"background": 1j}, TypeError, "must be a number"),
    ({"background": IMG}, TypeError, "must be a number"),
    ({"least_coverage": 1.5, "sparse": True}, ValueError, "least_coverage is 1.5"),
    ({"least_coverage": -0.1, "sparse": True}, ValueError, "from 0 to 1"),
    ({"least_coverage": numpy.nan, "sparse": True}, ValueError, "least_coverage is nan"),
    ({"least_coverage": 0.5}, ValueError, "set sparse"),
    ({"least_coverage": "0.5"}, TypeError, "least_coverage is '0.5'"),
]


def refused_with(function, options, error, words):
    before = IMG.copy()
    with pytest.raises(error) as refused:
        function(IMG, **{"factor": (2, 2), **options})
    assert words in str(refused.value)
    assert (IMG == before).all()


@pytest.mark.parametrize("function", FUNCTIONS.values())
@pytest.mark.parametrize("options, error, words", HOSTILE)
def test_hostile(function, options, error, words):
    refused_with(function, options, error, words)


@pytest.mark.parametrize("name", ["average", "mode", "min", "max", "median"])
@pytest.mark.parametrize("options, error, words", SPARSE)
def test_sparse(name, options, error, words):
    refused_with(FUNCTIONS[name], options, error, words)


@pytest.mark.parametrize("keyword", ["rounding", "edges", "ties", "votes"])
def test_choices(keyword):
    name = "average" if keyword in ("rounding", "edges") else "mode"
    refused_with(FUNCTIONS[name], {keyword: "best"}, ValueError, f'{keyword} is \'best\', but must be one of "')
    refused_with(FUNCTIONS[name], {keyword: 1}, TypeError, f"{keyword} is 1, but must be one of")
    refused_with(FUNCTIONS[name], {keyword: "\ud800"}, ValueError, "must be one of")


def test_choices_of_other_methods_are_none():
    for name in ("mode", "min", "max", "median", "stride"):
        refused_with(FUNCTIONS[name], {"rounding": "half_up"}, TypeError, "rounding")
    refused_with(FUNCTIONS["average"], {"edges": "replicate", "factor": (3, 2)}, ValueError, "takes no factor above 2")


@pytest.mark.parametrize("dtype, value", [
    ("float32", 1e39), ("float64", 10**400), ("bool", 2), ("uint64", -1), ("int64", 2**63),
])
def test_backgrounds_out_of_range(dtype, value):
    with pytest.raises(ValueError, match="tinybrain: background is"):
        tinybrain.downsample_with_averaging(numpy.zeros(4, dtype), (2,), sparse=True, background=value)


def test_out_that_overlaps_itself():
    memory = numpy.zeros(16, numpy.uint8)
    twice = numpy.lib.stride_tricks.as_strided(memory, (4, 4), (2, 1))
    refused_with(tinybrain.downsample_with_averaging, {"out": [twice]}, ValueError, "overlaps itself")
    flat = numpy.lib.stride_tricks.as_strided(memory, (4, 4), (0, 1))
    refused_with(tinybrain.downsample_with_averaging, {"out": [flat]}, ValueError, "stride 0")


@pytest.mark.parametrize("function", FUNCTIONS.values())
def test_huge_numbers_that_are_none(function):
    largest = 2**63 - 1
    assert function(IMG, (largest, largest))[0].shape == (1, 1)
    assert function(IMG, (2, 2), 1024)[-1].shape == (1, 1)
    assert function(IMG, (2, 2), threads=largest)[0].shape == (4, 4)
    assert function(IMG[:0], (2, 2), 3)[-1].shape == (0, 1)
    with pytest.raises(ValueError):
        function(IMG, (2, 2), origin=(largest + 1, 0))
    endless = numpy.broadcast_to(IMG[:1, :1], (2**31, 2**31))
    with pytest.raises((ValueError, MemoryError)):
        function(endless, (1, 1))
