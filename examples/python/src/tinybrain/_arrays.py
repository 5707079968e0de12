# SPDX-License-Identifier: BSL-1.0
"""Which arrays are volumes, and what would do instead of those that are not."""

import math
from typing import Any, List, Optional, Union

import numpy
from numpy.typing import NDArray

from ._numbers import real

MOST_AXES = 6

#: The dtypes of voxels, by numpy's letters, in the byte order of the machine.
LETTERS = frozenset("?bBhHiIlLqQfd")


def volume_of(name: str, value: Any) -> NDArray[Any]:
    """The array itself, or a view of one of a class derived from it: TypeError for what is no volume."""
    array = value if type(value) is numpy.ndarray else plain(name, value)
    if array.dtype.char not in LETTERS or not array.dtype.isnative:
        raise TypeError(f"tinybrain: {name} is of dtype {array.dtype}, but must be {instead_of(name, array.dtype)}")
    if not 1 <= array.ndim <= MOST_AXES:
        raise TypeError(f"tinybrain: {name} has {array.ndim} axes, but must have 1 to {MOST_AXES}")
    return array


def plain(name: str, value: Any) -> NDArray[Any]:
    if isinstance(value, numpy.ma.MaskedArray):
        raise TypeError(
            f"tinybrain: {name} is a masked array, and its mask would be lost; pass {name}.filled(0) and sparse=True "
            "(0, or what background says, is then left out), or numpy.asarray() of it if nothing is masked"
        )
    if isinstance(value, numpy.ndarray):
        return value.view(numpy.ndarray)
    raise TypeError(
        f"tinybrain: {name} is a {type(value).__name__}, but must be a numpy array; "
        f"numpy.asarray({name}) may make one of it"
    )


def instead_of(name: str, dtype: "numpy.dtype[Any]") -> str:
    """What would do instead of a dtype."""
    dtypes = "bool, an integer of 8 to 64 bits, float32 or float64"
    if dtype.kind in "bui" or dtype.kind == "f" and dtype.itemsize in (4, 8):
        return f'in the byte order of this machine: {name}.astype({name}.dtype.newbyteorder("="))'
    if dtype.kind == "f":
        return f"{dtypes}: {name}.astype(numpy.{'float32' if dtype.itemsize < 4 else 'float64'})"
    if dtype.kind == "c":
        return f"{dtypes}: {name}.real and {name}.imag, each by itself, or numpy.abs({name})"
    if dtype.kind in "mM":
        return f"{dtypes}: {name}.view(numpy.int64)"
    if dtype.names is not None:
        return f"{dtypes}: one field, {name}[{dtype.names[0]!r}]"
    return f"{dtypes}: {name}.astype(numpy.float32), or another of these that holds what is in it"


def outputs_of(out: Any) -> Optional[List[NDArray[Any]]]:
    """The arrays of the caller; one alone stands for a list of one."""
    if out is None:
        return None
    if isinstance(out, numpy.ndarray):
        out = [out]
    if not isinstance(out, (list, tuple)):
        raise TypeError(f"tinybrain: out is a {type(out).__name__}, but must be a list of arrays, one for each mip")
    return [volume_of(f"out[{i}]", array) for i, array in enumerate(out)]


def background_of(value: Any, dtype: "numpy.dtype[Any]") -> Union[int, float]:
    """A number that the dtype holds: the nearest where it is a float, itself where it is an integer."""
    if type(value) is int and value == 0:
        return 0
    if dtype.kind == "f":
        return float_background(value, dtype)
    number = value if isinstance(value, (int, numpy.integer)) else real("background", value)
    least, most = (0, 1) if dtype.kind == "b" else (int(numpy.iinfo(dtype).min), int(numpy.iinfo(dtype).max))
    if not math.isfinite(number) or int(number) != number or not least <= int(number) <= most:
        raise ValueError(f"tinybrain: background is {value!r}, which no voxel of dtype {dtype} is")
    return int(number)


def float_background(value: Any, dtype: "numpy.dtype[Any]") -> float:
    number = real("background", value)
    if math.isfinite(number) and abs(number) > numpy.finfo(dtype).max:
        raise ValueError(f"tinybrain: background is {value!r}, which no voxel of dtype {dtype} is")
    return number
