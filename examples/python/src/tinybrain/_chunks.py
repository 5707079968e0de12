# SPDX-License-Identifier: BSL-1.0
"""Chunks that can be downsampled apart."""

from typing import Optional, Sequence, Tuple

from . import _core
from ._numbers import MOST_MIPS, Factor, factors_of, integers, origin_of, whole


class chunk_grid:
    """A volume cut into chunks that can be downsampled apart, in any order and on any machine.

    Mips 1 to num_mips of `volume[grid.source(i)]` are, voxel for voxel, what the mips of the whole volume have at
    `grid.mip(i, m)`. Chunks are numbered from 0, axis 0 fastest; those at the faces are clipped to the volume. With an
    origin they begin at multiples of `chunk` on the grid of windows, and the downsampling functions are to be told the
    origin of the chunk: the volume's, plus the start of each slice of source(i).

    :param shape: of the volume: 1 to 6 extents in voxels, each 0 or more.
    :param chunk: the extents of a chunk, along each axis a multiple of factor**num_mips.
    :param factor: how many voxels of each axis become one, each at least 1; shorter than the axes, the rest is 1. Or a
        list with the factor of each mip.
    :param num_mips: 0 to 1024; left out where there is a list of factors.
    :param origin: where the first voxel lies on the grid of windows; None for 0 along each axis.
    :raises TypeError: for what is no integer, or no sequence of them.
    :raises ValueError: for a chunk that is no such multiple (the message says the nearest that is), a negative extent
        or num_mips, or a factor below 1.

    >>> volume = numpy.arange(1000 * 6, dtype=numpy.uint32).reshape(1000, 6)
    >>> grid = tinybrain.chunk_grid(volume.shape, (64, 4), (2, 2), num_mips=2)
    >>> len(grid), grid.shape, grid.source(1), grid.mip(1, 2)
    (32, (16, 2), (slice(64, 128, 1), slice(0, 4, 1)), (slice(16, 32, 1), slice(0, 1, 1)))
    >>> whole = tinybrain.downsample_with_averaging(volume, (2, 2), 2)
    >>> for i in range(len(grid)):
    ...     part = tinybrain.downsample_with_averaging(volume[grid.source(i)], (2, 2), 2)
    ...     assert (part[1] == whole[1][grid.mip(i, 2)]).all()
    """

    __slots__ = ("_grid",)

    def __init__(
        self,
        shape: Sequence[int],
        chunk: Sequence[int],
        factor: Factor,
        num_mips: int = 1,
        *,
        origin: Optional[Sequence[int]] = None,
    ) -> None:
        extents = integers("shape", shape)
        axes = len(extents)
        of_chunk = integers("chunk", chunk)
        if len(of_chunk) != axes:
            raise ValueError(f"tinybrain: chunk is {of_chunk}, but must have an extent for each of {axes} axes")
        factors = factors_of(factor, axes, "num_mips", num_mips)
        self._grid = _core.Grid(extents, of_chunk, *factors, origin_of(origin, axes))

    def __len__(self) -> int:
        """The number of chunks."""
        return self._grid.size()

    @property
    def shape(self) -> Tuple[int, ...]:
        """How many chunks there are along each axis."""
        return self._grid.shape()

    @property
    def num_mips(self) -> int:
        """The number of mips."""
        return self._grid.num_mips()

    def source(self, chunk: int) -> Tuple[slice, ...]:
        """The voxels of mip 0 to load for a chunk, as a slice for each axis.

        :raises ValueError: where there is no such chunk.
        """
        return self._grid.source(whole("chunk", chunk))

    def mip(self, chunk: int, m: int) -> Tuple[slice, ...]:
        """Where mip `m` of a chunk belongs in that of the volume, 1 <= m <= num_mips, as a slice for each axis.

        :raises ValueError: where there is no such chunk or mip.
        """
        return self._grid.mip(whole("chunk", chunk), whole("m", m, MOST_MIPS))
