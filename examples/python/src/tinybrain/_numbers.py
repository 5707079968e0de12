# SPDX-License-Identifier: BSL-1.0
"""What callers give as numbers: factors, shapes, origins, counts.

Here is said what is no number, or one that no index holds. Which numbers make sense, the library says.
"""

import collections.abc
from operator import index
from typing import Any, List, Sequence, Tuple, Union

import numpy

#: One factor for all mips, shorter than the axes where the rest is 1; or the factor of each mip.
Factor = Union[Sequence[int], Sequence[Sequence[int]]]

LARGEST = 2**63 - 1
#: Of any volume one voxel is left after 63 halvings.
MOST_MIPS = 1024


def whole(name: str, value: Any, largest: int = LARGEST) -> int:
    """An integer, no farther from 0 than `largest`."""
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"tinybrain: {name} is {value!r}, but must be an integer") from None
    if not -largest <= number <= largest:
        raise ValueError(f"tinybrain: {name} is {value!r}, but must be no more than {largest}")
    return number


def is_sequence(value: Any) -> bool:
    if isinstance(value, numpy.ndarray):
        return value.ndim > 0
    return isinstance(value, collections.abc.Sequence) and not isinstance(value, (str, bytes))


def integers(name: str, value: Any) -> Tuple[int, ...]:
    """A tuple of integers from any sequence of them."""
    if not is_sequence(value):
        raise TypeError(f"tinybrain: {name} is {value!r}, but must be a tuple with an integer for each axis")
    return tuple([whole(name, number) for number in value])


def for_axes(name: str, value: Any, axes: int, rest: int) -> Tuple[int, ...]:
    """As many integers as axes. The last that are not said are `rest`, which may be said of axes too many."""
    numbers = integers(name, value)
    if any(number != rest for number in numbers[axes:]):
        raise ValueError(f"tinybrain: {name} is {numbers}, for more axes than the {axes} there are")
    return numbers[:axes] + (rest,) * (axes - len(numbers))


def factors_of(factor: Any, axes: int, name: str, mips: Any) -> Tuple[List[Tuple[int, ...]], bool, int]:
    """Factors with a number for each axis, whether there is one for all mips, and how many mips (or which) there are.

    An empty list is one of no mips, as near_isotropic_factors() makes it; an empty tuple a factor of 1 everywhere.
    `name` is what the caller gave as `mips`, which may be 1, as if not said, where the list is longer.
    """
    number = whole(name, mips, MOST_MIPS)
    is_list = isinstance(factor, list) and not factor or is_sequence(factor) and any(map(is_sequence, factor))
    if not is_list:
        return [for_axes("factor", factor, axes, 1)], True, number
    if len(factor) > MOST_MIPS:
        raise ValueError(f"tinybrain: there are {len(factor)} factors, but must be no more than {MOST_MIPS}")
    if number not in (1, len(factor)):
        raise ValueError(f"tinybrain: {name} is {number}, but there are {len(factor)} factors; leave it out")
    return [for_axes("factor", one, axes, 1) for one in factor], False, len(factor)


def origin_of(origin: Any, axes: int) -> Tuple[int, ...]:
    return (0,) * axes if origin is None else for_axes("origin", origin, axes, 0)


def real(name: str, value: Any) -> float:
    """A number that a double holds, NaN and infinities too."""
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return float(value)
    except TypeError:
        raise TypeError(f"tinybrain: {name} is {value!r}, but must be a number") from None
    except OverflowError:
        raise ValueError(f"tinybrain: {name} is {value!r}, more than a float holds") from None


def switch(name: str, value: Any) -> bool:
    """True or False, of Python or of numpy, or the 1 and 0 that stand for them."""
    if isinstance(value, (bool, numpy.bool_)) or isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise TypeError(f"tinybrain: {name} is {value!r}, but must be True or False")
