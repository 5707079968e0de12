# SPDX-License-Identifier: BSL-1.0
"""Shapes and factors of without any voxels."""

from typing import List, Optional, Sequence, Tuple

from . import _core
from ._numbers import MOST_MIPS, Factor, factors_of, for_axes, integers, is_sequence, origin_of, real, whole


def mip_shape(
    shape: Sequence[int], factor: Factor, mip: int = 1, *, origin: Optional[Sequence[int]] = None
) -> Tuple[int, ...]:
    """The shape of a mip of a volume: ceil(n / factor**mip) along each axis.

    :param shape: of the volume: 1 to 6 extents in voxels, each 0 or more.
    :param factor: how many voxels of each axis become one, each at least 1; shorter than the axes, the rest is 1. Or a
        list of the factors of several mips: the shape is that of the last mip, and `mip` is left out.
    :param mip: 0 for the volume itself, up to 1024.
    :param origin: where the first voxel lies on the grid of windows; None for 0 along each axis.
    :raises TypeError: for what is no sequence of integers.
    :raises ValueError: for a negative extent or mip, a factor below 1, or more voxels than an index counts.

    >>> tinybrain.mip_shape((100, 70, 4), (2, 2, 1), 3)
    (13, 9, 4)
    >>> tinybrain.mip_shape((100, 70, 4), (2, 2), origin=(1, 0, 0))
    (51, 35, 4)
    """
    extents = integers("shape", shape)
    factors, same, number = factors_of(factor, len(extents), "mip", mip)
    return _core.mip_shape(extents, factors, same, number, origin_of(origin, len(extents)))


def mip_origin(origin: Sequence[int], factor: Factor, mip: int = 1) -> Tuple[int, ...]:
    """The origin of a mip of a volume at an origin: floor(origin / factor**mip) along each axis.

    :param origin: where the first voxel lies on the grid of windows, 1 to 6 indices, negative too.
    :param factor: as of mip_shape().
    :param mip: 0 for the volume itself, up to 1024.
    :raises TypeError: for what is no sequence of integers.
    :raises ValueError: for a negative mip or a factor below 1.

    >>> tinybrain.mip_origin((100, -1, 4), (2, 2, 1), 3)
    (12, -1, 4)
    """
    at = integers("origin", origin)
    return _core.mip_origin(at, *factors_of(factor, len(at), "mip", mip))


def num_mips_to_fit(shape: Sequence[int], factor: Sequence[int], largest: int) -> int:
    """The fewest mips after which no axis that the factor reduces is longer than `largest` voxels.

    :param shape: of the volume: 1 to 6 extents in voxels, each 0 or more.
    :param factor: how many voxels of each axis become one, each at least 1; shorter than the axes, the rest is 1.
    :param largest: in voxels, at least 1.
    :raises TypeError: for what is no integer, or no sequence of them.
    :raises ValueError: for a negative extent, or a factor or `largest` below 1.

    >>> tinybrain.num_mips_to_fit((1000, 700, 400), (2, 2, 1), 64)
    4
    """
    extents = integers("shape", shape)
    return _core.num_mips_to_fit(extents, for_axes("factor", factor, len(extents), 1), whole("largest", largest))


def near_isotropic_factors(
    voxel_size: Sequence[float], num_mips: int, shape: Optional[Sequence[int]] = None
) -> List[Tuple[int, ...]]:
    """Factors of 1 and 2 for each mip that bring voxels as near to cubes as powers of two can.

    :param voxel_size: the 1 to 6 edges of a voxel of mip 0, in any one unit, each finite and above 0.
    :param num_mips: 0 to 1024.
    :param shape: of the volume, if an axis that has reached one voxel is to be left alone, and hold no other up.
    :return: the factor of each mip, from the mip before: what the downsampling functions take as `factor`.
    :raises TypeError: for what is no sequence of numbers.
    :raises ValueError: for an edge that is not finite or not above 0, a negative num_mips or extent.

    >>> tinybrain.near_isotropic_factors((4, 4, 40), 4)
    [(2, 2, 1), (2, 2, 1), (2, 2, 1), (2, 2, 2)]
    """
    if not is_sequence(voxel_size):
        raise TypeError(f"tinybrain: voxel_size is {voxel_size!r}, but must be a tuple with a number for each axis")
    edges = [real("voxel_size", edge) for edge in voxel_size]
    extents = None if shape is None else integers("shape", shape)
    if extents is not None and len(extents) != len(edges):
        raise ValueError(f"tinybrain: shape is {extents}, but voxel_size has {len(edges)} axes")
    return _core.near_isotropic_factors(edges, whole("num_mips", num_mips, MOST_MIPS), extents)
