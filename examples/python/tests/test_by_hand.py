# SPDX-License-Identifier: BSL-1.0
"""What a script of the Python tinybrain types, and cases that can be worked out on paper."""

import numpy
import pytest

import tinybrain

INTEGERS = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"]


def load_image():
    return numpy.random.default_rng(1).integers(0, 256, (512, 480, 40), numpy.uint8)


def load_labels():
    blocks = numpy.random.default_rng(2).integers(1, 2**60, (64, 60, 10), numpy.uint64)
    return blocks.repeat(8, 0).repeat(8, 1).repeat(4, 2)


def test_the_two_calls_everybody_types():
    img = load_image()
    labels = load_labels()
    img_pyramid = tinybrain.downsample_with_averaging(img, factor=(2,2,1), num_mips=5, sparse=False)
    label_pyramid = tinybrain.downsample_segmentation(labels, factor=(2,2,1), num_mips=5, sparse=False)

    for mip, result in enumerate(img_pyramid, 1):
        f = 2**mip
        sums = img.reshape(512 // f, f, 480 // f, f, 40).sum(axis=(1, 3), dtype=numpy.uint64)
        assert (result == sums // (f * f)).all()
    for mip, result in enumerate(label_pyramid[:3], 1):
        assert (result == labels[::2**mip, ::2**mip]).all()
    assert [mip.shape for mip in label_pyramid] == [(512 >> m, 480 >> m, 40) for m in range(1, 6)]


@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 3), (9, 7, 3, 2)])
@pytest.mark.parametrize("factor", [(2, 2), (2, 2, 1), [2, 2, 1], numpy.array([2, 2, 1])])
def test_its_ways_to_call(shape, factor):
    """2 to 4 axes, num_mips and sparse by place too."""
    img = numpy.arange(numpy.prod(shape), dtype=numpy.uint16).reshape(shape)
    full = (2, 2, 1, 1)[:len(shape)]
    for function in (tinybrain.downsample_with_averaging, tinybrain.downsample_segmentation):
        for got, right in zip(function(img, factor, 2, True), function(img, full, num_mips=2, sparse=True)):
            assert (got == right).all() and got.shape[:2] in [(5, 4), (3, 2)]


@pytest.mark.parametrize("options, right", [
    ({}, [[3, 5, 6], [13, 15, 16], [20, 22, 24]]),
    ({"rounding": "half_up"}, [[3, 5, 7], [13, 15, 17], [21, 23, 24]]),
    ({"rounding": "half_even"}, [[3, 5, 6], [13, 15, 16], [20, 22, 24]]),
    ({"sparse": True}, [[4, 5, 6], [13, 15, 16], [20, 22, 24]]),
])
def test_a_ramp(options, right):
    ramp = numpy.arange(25, dtype=numpy.uint8).reshape(5, 5)
    assert tinybrain.downsample_with_averaging(ramp, (2, 2), **options)[0].tolist() == right


def test_replicated_edges():
    """The lone 4 counts twice at mip 1, and so in the exact mean of mip 2: (0 + 0 + 4 + 4) / 4."""
    img = numpy.array([0, 0, 4], numpy.uint8)
    for edges, right in ("clip", [[0, 4], [1]]), ("replicate", [[0, 4], [2]]):
        assert [mip.tolist() for mip in tinybrain.downsample_with_averaging(img, (2,), 2, edges=edges)] == right


@pytest.mark.parametrize("labels, sparse, right", [
    ([[1, 2], [3, 4]], False, (4, 1, 1)),
    ([[0, 2], [3, 0]], True, (3, 2, 2)),
    ([[1, 2], [3, 0]], True, (1, 1, 1)),
    ([[1, 1], [2, 2]], False, (1, 1, 1)),
    ([[1, 2], [2, 1]], False, (2, 1, 1)),
    ([[0, 0], [5, 5]], True, (5, 5, 5)),
])
def test_ties(labels, sparse, right):
    """x across, which is axis 0."""
    array = numpy.array(labels, numpy.int32).T
    for ties, label in zip(("countless", "first", "lowest"), right):
        assert tinybrain.downsample_segmentation(array, (2, 2), sparse=sparse, ties=ties)[0].item() == label


@pytest.mark.parametrize("dtype", INTEGERS)
def test_sums_do_not_wrap(dtype):
    for value in (numpy.iinfo(dtype).min, numpy.iinfo(dtype).max):
        img = numpy.full((64, 64), value, dtype)
        for mip in tinybrain.downsample_with_averaging(img, (2, 2), 6):
            assert (mip == value).all()


def test_the_mode_is_the_same_in_c_order():
    """A window of 2x2x2, in which the label at the front of memory would lose."""
    labels = numpy.random.default_rng(4).integers(0, 3, (10, 12, 14), numpy.uint32)
    for a, b in zip(tinybrain.downsample_segmentation(labels, (2, 2, 2), 2),
                    tinybrain.downsample_segmentation(numpy.asfortranarray(labels), (2, 2, 2), 2)):
        assert (a == b).all() and a.flags.c_contiguous and b.flags.f_contiguous


@pytest.mark.parametrize("value", [0, -1, 255, 0.0, numpy.uint8(7), numpy.float64(3), True, numpy.int64(-5)])
def test_background_is_any_number_that_the_dtype_holds(value):
    img = numpy.array([value, value, 9], numpy.int16)
    assert tinybrain.downsample_with_averaging(img, (3,), sparse=True, background=value)[0].tolist() == [9]


def test_a_background_of_nan_is_every_nan():
    img = numpy.array([numpy.nan, 4, numpy.nan, numpy.nan], numpy.float32)
    got = tinybrain.downsample_with_averaging(img, (2,), sparse=True, background=numpy.nan)[0]
    assert got[0] == 4 and numpy.isnan(got[1])


def test_a_float_background_is_the_nearest_of_the_dtype():
    img = numpy.array([0.1, 2], numpy.float32)
    assert tinybrain.downsample_with_averaging(img, (2,), sparse=True, background=0.1)[0] == 2


def test_bools_have_means_too():
    img = numpy.array([[True, True], [True, False]])
    assert tinybrain.downsample_with_averaging(img, (2, 2))[0].tolist() == [[False]]
    assert tinybrain.downsample_with_averaging(img, (2, 2), rounding="half_up")[0].tolist() == [[True]]
    assert tinybrain.downsample_with_max_pooling(img, (2, 2))[0].dtype == bool


class Cutout(numpy.ndarray):
    """As CloudVolume hands out."""


@pytest.mark.parametrize("kind", [Cutout, numpy.memmap])
def test_classes_derived_from_arrays_are_arrays(kind, tmp_path):
    img = numpy.arange(16, dtype=numpy.uint8).reshape(4, 4)
    if kind is numpy.memmap:
        img.tofile(tmp_path / "img")
        derived = numpy.memmap(tmp_path / "img", numpy.uint8, "r", shape=(4, 4))
    else:
        derived = img.view(kind)
    got = tinybrain.downsample_with_averaging(derived, (2, 2))[0]
    assert type(got) is numpy.ndarray and got.tolist() == [[2, 4], [10, 12]]


def test_out_may_be_a_memmap_or_one_array_alone(tmp_path):
    img = numpy.arange(16, dtype=numpy.uint8).reshape(4, 4)
    file = numpy.memmap(tmp_path / "out", numpy.uint8, "w+", shape=(2, 2))
    assert tinybrain.downsample_with_averaging(img, (2, 2), out=[file])[0] is file and file[1, 1] == 12
    alone = numpy.zeros((2, 2), numpy.uint8)
    assert tinybrain.downsample_with_averaging(img, (2, 2), out=alone)[0] is alone and alone[1, 1] == 12


def test_mips_outlive_everything_else():
    mips = tinybrain.downsample_with_averaging(numpy.full((64, 64), 7, numpy.uint8), (2, 2), 3)
    last = mips[2][1:, ::-1]
    del mips
    assert (last == 7).all()


def test_a_list_of_factors():
    img = numpy.random.default_rng(5).integers(0, 256, (40, 40, 10), numpy.uint8)
    factors = tinybrain.near_isotropic_factors((4, 4, 40), 5)
    mips = tinybrain.downsample_with_averaging(img, factors)
    assert [mip.shape for mip in mips] == [tinybrain.mip_shape(img.shape, factors[:m]) for m in range(1, 6)]
    assert tinybrain.downsample_with_averaging(img, []) == [] == tinybrain.downsample_with_averaging(img, (2, 2), 0)
    assert tinybrain.downsample_with_averaging(img, ())[0].tolist() == img.tolist()
