# SPDX-License-Identifier: BSL-1.0
"""Shapes, origins, chunks and factors."""

import numpy
import pytest

import tinybrain


def test_shapes():
    assert tinybrain.mip_shape((100, 70, 4), (2, 2, 1), 3) == (13, 9, 4)
    assert tinybrain.mip_shape((100, 70, 4), (2, 2), 0) == (100, 70, 4)
    assert tinybrain.mip_shape((10,), (4,), origin=(3,)) == (4,)
    assert tinybrain.mip_shape((10,), [(4,)], origin=(3,)) == (4,)
    assert tinybrain.mip_shape(numpy.array([9, 0]), [(2, 2), (3, 1)]) == (2, 0)
    assert tinybrain.mip_origin((-1, 5), (2, 2), 2) == (-1, 1)
    assert tinybrain.mip_origin((-1, 5), [(2, 1), (2, 5)]) == (-1, 1)


def test_factors():
    assert tinybrain.near_isotropic_factors((10.0, 10.0, 1.0), 2, (64, 48, 1)) == [(2, 2, 1)] * 2
    assert tinybrain.near_isotropic_factors((1, 1), 0) == []
    assert tinybrain.num_mips_to_fit((1000, 700, 400), (2, 2), 64) == 4


@pytest.mark.parametrize("origin", [None, (5, -3, 2)])
@pytest.mark.parametrize("factor", [(2, 2, 1), [(2, 2, 1), (1, 2, 2)]])
def test_chunks_put_together_are_the_whole(origin, factor):
    volume = numpy.random.default_rng(6).integers(0, 256, (50, 45, 9), numpy.uint8)
    mips = 2 if isinstance(factor, tuple) else 1
    whole = tinybrain.downsample_with_averaging(volume, factor, mips, origin=origin)
    together = [numpy.full_like(mip, 99) for mip in whole]
    grid = tinybrain.chunk_grid(volume.shape, (16, 8, 4), factor, mips, origin=origin)
    assert len(grid) == numpy.prod(grid.shape) and grid.num_mips == len(whole)
    for i in range(len(grid)):
        source = grid.source(i)
        at = tuple(s.start + a for s, a in zip(source, origin or (0, 0, 0)))
        for m, mip in enumerate(tinybrain.downsample_with_averaging(volume[source], factor, mips, origin=at), 1):
            together[m - 1][grid.mip(i, m)] = mip
    for a, b in zip(whole, together):
        assert (a == b).all()


@pytest.mark.parametrize("call, error, words", [
    (lambda: tinybrain.mip_shape((-1,), (2,)), ValueError, "no extent may be negative"),
    (lambda: tinybrain.mip_shape((8,), (0,)), ValueError, "every factor must be at least 1"),
    (lambda: tinybrain.mip_shape((8,), (2,), -1), ValueError, "mip is -1"),
    (lambda: tinybrain.mip_shape((2**40, 2**40), (2,)), ValueError, "more voxels than an index"),
    (lambda: tinybrain.mip_shape((8.0,), (2,)), TypeError, "must be an integer"),
    (lambda: tinybrain.mip_shape(8, (2,)), TypeError, "must be a tuple"),
    (lambda: tinybrain.mip_shape((), ()), TypeError, "1 to 6 axes"),
    (lambda: tinybrain.mip_shape((1,) * 7, (2,)), TypeError, "1 to 6 axes"),
    (lambda: tinybrain.mip_origin((1,), (2, 2)), ValueError, "more axes than the 1"),
    (lambda: tinybrain.num_mips_to_fit((8,), (2,), 0), ValueError, "largest is 0"),
    (lambda: tinybrain.near_isotropic_factors((1, -1), 2), ValueError, "finite and above 0"),
    (lambda: tinybrain.near_isotropic_factors((1, "2"), 2), TypeError, "must be a number"),
    (lambda: tinybrain.near_isotropic_factors(4, 2), TypeError, "voxel_size is 4"),
    (lambda: tinybrain.near_isotropic_factors((1, 1), 2, (4,)), ValueError, "voxel_size has 2 axes"),
    (lambda: tinybrain.near_isotropic_factors((1, 1), 2**40), ValueError, "no more than 1024"),
    (lambda: tinybrain.chunk_grid((64, 64), (10, 16), (2, 2), 3), ValueError, "the nearest that is: (8, 16)"),
    (lambda: tinybrain.chunk_grid((64, 64), (16,), (2, 2)), ValueError, "for each of 2 axes"),
    (lambda: tinybrain.chunk_grid((64,), (16,), [(2,), (2,)], 3), ValueError, "leave it out"),
    (lambda: tinybrain.chunk_grid((64,), (16,), (2,)).source(4), ValueError, "less than 4"),
    (lambda: tinybrain.chunk_grid((64,), (16,), (2,)).source(-1), ValueError, "chunk is -1"),
    (lambda: tinybrain.chunk_grid((64,), (16,), (2,)).mip(0, 2), ValueError, "m is 2"),
])
def test_refusals(call, error, words):
    with pytest.raises(error) as refused:
        call()
    assert words in str(refused.value) and str(refused.value).startswith("tinybrain: ")
