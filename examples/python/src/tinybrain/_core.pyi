# The compiled part, as the other files of the package call it.
from typing import Any, Optional, Sequence, Tuple

from numpy.typing import NDArray

version: Tuple[int, int, int]

def downsample(
    method: str,
    img: NDArray[Any],
    factors: Sequence[Sequence[int]],
    same_factor: bool,
    num_mips: int,
    out: Optional[Sequence[NDArray[Any]]],
    origin: Sequence[int],
    sparse: bool,
    background: float,
    least_coverage: float,
    threads: int,
    rounding: str = ...,
    edges: str = ...,
    ties: str = ...,
    votes: str = ...,
) -> list[NDArray[Any]]: ...
def mip_shape(
    shape: Sequence[int], factors: Sequence[Sequence[int]], same_factor: bool, mip: int, origin: Sequence[int]
) -> Tuple[int, ...]: ...
def mip_origin(
    origin: Sequence[int], factors: Sequence[Sequence[int]], same_factor: bool, mip: int
) -> Tuple[int, ...]: ...
def num_mips_to_fit(shape: Sequence[int], factor: Sequence[int], largest: int) -> int: ...
def near_isotropic_factors(
    voxel_size: Sequence[float], num_mips: int, shape: Optional[Sequence[int]]
) -> list[Tuple[int, ...]]: ...

class Grid:
    def __init__(
        self,
        shape: Sequence[int],
        chunk: Sequence[int],
        factors: Sequence[Sequence[int]],
        same_factor: bool,
        num_mips: int,
        origin: Sequence[int],
    ) -> None: ...
    def size(self) -> int: ...
    def shape(self) -> Tuple[int, ...]: ...
    def num_mips(self) -> int: ...
    def source(self, chunk: int) -> Tuple[slice, ...]: ...
    def mip(self, chunk: int, m: int) -> Tuple[slice, ...]: ...
