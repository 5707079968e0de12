# SPDX-License-Identifier: BSL-1.0
"""The six ways to downsample."""

from typing import Any, List, Literal, Optional, Sequence, TypeVar, Union

import numpy
from numpy.typing import NDArray

from . import _core
from ._arrays import background_of, outputs_of, volume_of
from ._numbers import Factor, factors_of, origin_of, real, switch, whole

Voxel = TypeVar("Voxel", bound=numpy.generic)
Out = Union[NDArray[Voxel], Sequence[NDArray[Voxel]]]


def mips_of(
    method: str,
    img: Any,
    factor: Any,
    num_mips: Any,
    sparse: Any,
    background: Any,
    least_coverage: Any,
    threads: Any,
    origin: Any,
    out: Any,
    **choices: str,
) -> List[NDArray[Any]]:
    """Checks the types of what a caller gave, and hands it to the compiled part, which checks the rest."""
    image = volume_of("img", img)
    factors, same_factor, number = factors_of(factor, image.ndim, "num_mips", num_mips)
    outputs = outputs_of(out)
    if outputs is not None and len(outputs) != number:
        raise ValueError(f"tinybrain: out has {len(outputs)} arrays for {number} mips, but each mip needs one")
    mips = _core.downsample(
        method,
        image,
        factors,
        same_factor,
        number,
        outputs,
        origin_of(origin, image.ndim),
        switch("sparse", sparse),
        background_of(background, image.dtype),
        real("least_coverage", least_coverage),
        whole("threads", threads),
        **choices,
    )
    if outputs is None:
        return mips
    return [out] if isinstance(out, numpy.ndarray) else list(out)


def downsample_with_averaging(
    img: NDArray[Voxel],
    factor: Factor,
    num_mips: int = 1,
    sparse: bool = False,
    *,
    background: float = 0,
    least_coverage: float = 0.0,
    rounding: Literal["toward_zero", "half_up", "half_even"] = "toward_zero",
    edges: Literal["clip", "replicate"] = "clip",
    threads: int = 1,
    origin: Optional[Sequence[int]] = None,
    out: Optional[Out[Voxel]] = None,
) -> List[NDArray[Voxel]]:
    """Mips of an image, each voxel the exact mean of its footprint at mip 0, rounded once.

    No mip is computed from a rounded one, so that truncation does not add up, and no sum wraps or overflows. NaN and
    infinities follow IEEE. The mean of bools is that of 0 and 1: truncated, True where all voxels are.

    :param img: an array of 1 to 6 axes, of any strides, read where it lies: bool, integers of 8 to 64 bits, float32 or
        float64.
    :param factor: how many voxels of each axis become one, each at least 1, for every mip: a tuple, shorter than the
        axes where the rest is 1. Or a list of such tuples: the factor of each mip, from the mip before.
    :param num_mips: 0 to 1024; 0 gives an empty list. Left out where there is a list of factors.
    :param sparse: leave voxels equal to `background` out; where there is nothing else, there is background.
    :param background: a number that the dtype holds; NaN is every NaN.
    :param least_coverage: from 0 to 1, with sparse: a voxel is background where less than this share of the voxels
        under it is left.
    :param rounding: of means of integers: "toward_zero" drops the fraction; "half_up" is floor(mean + 1/2);
        "half_even" goes to the nearest, a half to the even neighbour.
    :param edges: where a window of factor 2 finds one voxel along an axis, "clip" counts it once, "replicate" twice.
    :param threads: how many do the work; 0 for as many as the machine has. Other threads of Python run meanwhile.
    :param origin: where the first voxel lies on the grid of windows, an index for each axis, shorter where the rest is
        0: windows begin at its multiples of the factor. None: at the first voxel.
    :param out: arrays to write to, one for each mip, of the shapes that mip_shape() tells, of the dtype of `img`, of
        any strides; they are returned, in a list. None: fresh arrays, in the memory order of `img`.
    :return: the mips, mip 1 first, of the dtype of `img`. Mip m has shape ceil(n / factor**m) along each axis.
    :raises TypeError: for what is no array of such a dtype, and for keywords of a wrong type.
    :raises ValueError: for a factor below 1, a negative num_mips, an `out` of another shape, read-only or overlapping
        `img`, for edges="replicate" with a factor above 2.
    :raises MemoryError: where memory runs out.

    >>> img = numpy.array([[0, 255], [255, 255]], dtype=numpy.uint8)
    >>> tinybrain.downsample_with_averaging(img, (2, 2))
    [array([[191]], dtype=uint8)]
    >>> tinybrain.downsample_with_averaging(img, (2, 2), sparse=True)
    [array([[255]], dtype=uint8)]
    """
    return mips_of(
        "average", img, factor, num_mips, sparse, background, least_coverage, threads, origin, out,
        rounding=rounding, edges=edges,
    )


def downsample_segmentation(
    img: NDArray[Voxel],
    factor: Factor,
    num_mips: int = 1,
    sparse: bool = False,
    *,
    background: float = 0,
    least_coverage: float = 0.0,
    ties: Literal["countless", "first", "lowest"] = "countless",
    votes: Literal["previous_mip", "footprint"] = "previous_mip",
    threads: int = 1,
    origin: Optional[Sequence[int]] = None,
    out: Optional[Out[Voxel]] = None,
) -> List[NDArray[Voxel]]:
    """Mips of a segmentation, each voxel the most frequent label among its voters.

    Voters are the labels of its window at the mip before, a mode of modes, or all voxels of mip 0 under it, the true
    mode of every mip. Only voxels that exist vote. A NaN equals no label, itself included.

    :param img: an array of 1 to 6 axes, of any strides, read where it lies: bool, integers of 8 to 64 bits, float32 or
        float64.
    :param factor: how many voxels of each axis become one, each at least 1, for every mip: a tuple, shorter than the
        axes where the rest is 1. Or a list of such tuples: the factor of each mip, from the mip before.
    :param num_mips: 0 to 1024; 0 gives an empty list. Left out where there is a list of factors.
    :param sparse: labels equal to `background` do not vote; where there is nothing else, there is background.
    :param background: a number that the dtype holds; NaN is every NaN.
    :param least_coverage: from 0 to 1, with sparse: a voxel is background where less than this share of its voters is
        left.
    :param ties: of several most frequent labels, "first" takes the one seen first, axis 0 fastest, and "lowest" the
        smallest. "countless" is as "first" but for a full window of 2x2 labels a b c d, axis 0 fastest (factor 2 on two
        axes, 1 on the rest): it gives a if a == b or a == c, else b if b == c, else d. With sparse, background is equal
        to nothing, and the rule ends with the first of d, a, c, b that is not background.
    :param votes: "previous_mip" for the labels of the window at the mip before, "footprint" for all voxels of mip 0.
    :param threads: how many do the work; 0 for as many as the machine has. Other threads of Python run meanwhile.
    :param origin: where the first voxel lies on the grid of windows, an index for each axis, shorter where the rest is
        0: windows begin at its multiples of the factor. None: at the first voxel.
    :param out: arrays to write to, one for each mip, of the shapes that mip_shape() tells, of the dtype of `img`, of
        any strides; they are returned, in a list. None: fresh arrays, in the memory order of `img`.
    :return: the mips, mip 1 first, of the dtype of `img`. Mip m has shape ceil(n / factor**m) along each axis.
    :raises TypeError: for what is no array of such a dtype, and for keywords of a wrong type.
    :raises ValueError: for a factor below 1, a negative num_mips, an `out` of another shape, read-only or overlapping
        `img`.
    :raises MemoryError: where memory runs out.

    >>> labels = numpy.array([[7, 7, 0, 0], [0, 5, 0, 9]], dtype=numpy.uint64)
    >>> tinybrain.downsample_segmentation(labels, (2, 2))
    [array([[7, 0]], dtype=uint64)]
    >>> tinybrain.downsample_segmentation(labels, (2, 2), sparse=True)
    [array([[7, 9]], dtype=uint64)]
    """
    return mips_of(
        "mode", img, factor, num_mips, sparse, background, least_coverage, threads, origin, out,
        ties=ties, votes=votes,
    )


def downsample_with_min_pooling(
    img: NDArray[Voxel],
    factor: Factor,
    num_mips: int = 1,
    sparse: bool = False,
    *,
    background: float = 0,
    least_coverage: float = 0.0,
    threads: int = 1,
    origin: Optional[Sequence[int]] = None,
    out: Optional[Out[Voxel]] = None,
) -> List[NDArray[Voxel]]:
    """Mips of an image, each voxel the smallest of its footprint at mip 0.

    A NaN in the footprint gives NaN; -0.0 is below 0.0.

    :param img: an array of 1 to 6 axes, of any strides, read where it lies: bool, integers of 8 to 64 bits, float32 or
        float64.
    :param factor: how many voxels of each axis become one, each at least 1, for every mip: a tuple, shorter than the
        axes where the rest is 1. Or a list of such tuples: the factor of each mip, from the mip before.
    :param num_mips: 0 to 1024; 0 gives an empty list. Left out where there is a list of factors.
    :param sparse: leave voxels equal to `background` out; where there is nothing else, there is background.
    :param background: a number that the dtype holds; NaN is every NaN.
    :param least_coverage: from 0 to 1, with sparse: a voxel is background where less than this share of the voxels
        under it is left.
    :param threads: how many do the work; 0 for as many as the machine has. Other threads of Python run meanwhile.
    :param origin: where the first voxel lies on the grid of windows, an index for each axis, shorter where the rest is
        0: windows begin at its multiples of the factor. None: at the first voxel.
    :param out: arrays to write to, one for each mip, of the shapes that mip_shape() tells, of the dtype of `img`, of
        any strides; they are returned, in a list. None: fresh arrays, in the memory order of `img`.
    :return: the mips, mip 1 first, of the dtype of `img`. Mip m has shape ceil(n / factor**m) along each axis.
    :raises TypeError: for what is no array of such a dtype, and for keywords of a wrong type.
    :raises ValueError: for a factor below 1, a negative num_mips, an `out` of another shape, read-only or overlapping
        `img`.
    :raises MemoryError: where memory runs out.

    >>> img = numpy.array([[0, 3], [4, 5]], dtype=numpy.int16)
    >>> tinybrain.downsample_with_min_pooling(img, (2, 2))
    [array([[0]], dtype=int16)]
    >>> tinybrain.downsample_with_min_pooling(img, (2, 2), sparse=True)
    [array([[3]], dtype=int16)]
    """
    return mips_of("min", img, factor, num_mips, sparse, background, least_coverage, threads, origin, out)


def downsample_with_max_pooling(
    img: NDArray[Voxel],
    factor: Factor,
    num_mips: int = 1,
    sparse: bool = False,
    *,
    background: float = 0,
    least_coverage: float = 0.0,
    threads: int = 1,
    origin: Optional[Sequence[int]] = None,
    out: Optional[Out[Voxel]] = None,
) -> List[NDArray[Voxel]]:
    """Mips of an image, each voxel the largest of its footprint at mip 0.

    A NaN in the footprint gives NaN; -0.0 is below 0.0.

    :param img: an array of 1 to 6 axes, of any strides, read where it lies: bool, integers of 8 to 64 bits, float32 or
        float64.
    :param factor: how many voxels of each axis become one, each at least 1, for every mip: a tuple, shorter than the
        axes where the rest is 1. Or a list of such tuples: the factor of each mip, from the mip before.
    :param num_mips: 0 to 1024; 0 gives an empty list. Left out where there is a list of factors.
    :param sparse: leave voxels equal to `background` out; where there is nothing else, there is background.
    :param background: a number that the dtype holds; NaN is every NaN.
    :param least_coverage: from 0 to 1, with sparse: a voxel is background where less than this share of the voxels
        under it is left.
    :param threads: how many do the work; 0 for as many as the machine has. Other threads of Python run meanwhile.
    :param origin: where the first voxel lies on the grid of windows, an index for each axis, shorter where the rest is
        0: windows begin at its multiples of the factor. None: at the first voxel.
    :param out: arrays to write to, one for each mip, of the shapes that mip_shape() tells, of the dtype of `img`, of
        any strides; they are returned, in a list. None: fresh arrays, in the memory order of `img`.
    :return: the mips, mip 1 first, of the dtype of `img`. Mip m has shape ceil(n / factor**m) along each axis.
    :raises TypeError: for what is no array of such a dtype, and for keywords of a wrong type.
    :raises ValueError: for a factor below 1, a negative num_mips, an `out` of another shape, read-only or overlapping
        `img`.
    :raises MemoryError: where memory runs out.

    >>> img = numpy.array([[0, 3], [4, 5]], dtype=numpy.int16)
    >>> tinybrain.downsample_with_max_pooling(img, (2, 2))
    [array([[5]], dtype=int16)]
    >>> tinybrain.downsample_with_max_pooling(img, (2, 2), sparse=True)
    [array([[5]], dtype=int16)]
    """
    return mips_of("max", img, factor, num_mips, sparse, background, least_coverage, threads, origin, out)


def downsample_with_median_pooling(
    img: NDArray[Voxel],
    factor: Factor,
    num_mips: int = 1,
    sparse: bool = False,
    *,
    background: float = 0,
    least_coverage: float = 0.0,
    threads: int = 1,
    origin: Optional[Sequence[int]] = None,
    out: Optional[Out[Voxel]] = None,
) -> List[NDArray[Voxel]]:
    """Mips of an image, each voxel the lower median of its footprint at mip 0.

    Of n voxels in order the one at (n - 1) // 2. Each mip is computed from mip 0, not from the mip before. A NaN in the
    footprint gives NaN; -0.0 is below 0.0.

    :param img: an array of 1 to 6 axes, of any strides, read where it lies: bool, integers of 8 to 64 bits, float32 or
        float64.
    :param factor: how many voxels of each axis become one, each at least 1, for every mip: a tuple, shorter than the
        axes where the rest is 1. Or a list of such tuples: the factor of each mip, from the mip before.
    :param num_mips: 0 to 1024; 0 gives an empty list. Left out where there is a list of factors.
    :param sparse: leave voxels equal to `background` out; where there is nothing else, there is background.
    :param background: a number that the dtype holds; NaN is every NaN.
    :param least_coverage: from 0 to 1, with sparse: a voxel is background where less than this share of the voxels
        under it is left.
    :param threads: how many do the work; 0 for as many as the machine has. Other threads of Python run meanwhile.
    :param origin: where the first voxel lies on the grid of windows, an index for each axis, shorter where the rest is
        0: windows begin at its multiples of the factor. None: at the first voxel.
    :param out: arrays to write to, one for each mip, of the shapes that mip_shape() tells, of the dtype of `img`, of
        any strides; they are returned, in a list. None: fresh arrays, in the memory order of `img`.
    :return: the mips, mip 1 first, of the dtype of `img`. Mip m has shape ceil(n / factor**m) along each axis.
    :raises TypeError: for what is no array of such a dtype, and for keywords of a wrong type.
    :raises ValueError: for a factor below 1, a negative num_mips, an `out` of another shape, read-only or overlapping
        `img`.
    :raises MemoryError: where memory runs out.

    >>> img = numpy.array([[0, 3], [4, 5]], dtype=numpy.int16)
    >>> tinybrain.downsample_with_median_pooling(img, (2, 2))
    [array([[3]], dtype=int16)]
    >>> tinybrain.downsample_with_median_pooling(img, (2, 2), sparse=True)
    [array([[4]], dtype=int16)]
    """
    return mips_of("median", img, factor, num_mips, sparse, background, least_coverage, threads, origin, out)


def downsample_with_striding(
    img: NDArray[Voxel],
    factor: Factor,
    num_mips: int = 1,
    sparse: bool = False,
    *,
    threads: int = 1,
    origin: Optional[Sequence[int]] = None,
    out: Optional[Out[Voxel]] = None,
) -> List[NDArray[Voxel]]:
    """Mips of an image, each voxel the first of its footprint at mip 0, along every axis.

    Bits are copied, whatever they mean.

    :param img: an array of 1 to 6 axes, of any strides, read where it lies: bool, integers of 8 to 64 bits, float32 or
        float64.
    :param factor: how many voxels of each axis become one, each at least 1, for every mip: a tuple, shorter than the
        axes where the rest is 1. Or a list of such tuples: the factor of each mip, from the mip before.
    :param num_mips: 0 to 1024; 0 gives an empty list. Left out where there is a list of factors.
    :param sparse: changes nothing, as one voxel leaves none out; there for calls written alike for all methods.
    :param threads: how many do the work; 0 for as many as the machine has. Other threads of Python run meanwhile.
    :param origin: where the first voxel lies on the grid of windows, an index for each axis, shorter where the rest is
        0: windows begin at its multiples of the factor. None: at the first voxel.
    :param out: arrays to write to, one for each mip, of the shapes that mip_shape() tells, of the dtype of `img`, of
        any strides; they are returned, in a list. None: fresh arrays, in the memory order of `img`.
    :return: the mips, mip 1 first, of the dtype of `img`. Mip m has shape ceil(n / factor**m) along each axis.
    :raises TypeError: for what is no array of such a dtype, and for keywords of a wrong type.
    :raises ValueError: for a factor below 1, a negative num_mips, an `out` of another shape, read-only or overlapping
        `img`.
    :raises MemoryError: where memory runs out.

    >>> img = numpy.arange(12, dtype=numpy.float32).reshape(3, 4)
    >>> tinybrain.downsample_with_striding(img, (2, 3))
    [array([[ 0.,  3.],
           [ 8., 11.]], dtype=float32)]
    """
    return mips_of("stride", img, factor, num_mips, sparse, 0, 0.0, threads, origin, out)
