# SPDX-License-Identifier: BSL-1.0
"""A second opinion on every result: the contract's words as plain loops, one voxel after the other.

Shares nothing with the module. Integers are exact fractions; floats too, so that the tests give them values of which
sums are exact in double precision. Where the contract is silent, a NaN among the voters of a mode is a label of its
own with one vote, and "lowest" prefers any number to it.
"""

import itertools
import math
from collections import namedtuple
from fractions import Fraction

import numpy

#: A voxel and how often it counts.
Counted = namedtuple("Counted", "value times")


class Axis:
    """One axis through all mips: which voxels are under a voxel of mip m, 0 for mip 0 itself."""

    def __init__(self, extent, origin, factors):
        self.extent, self.origin, self.factors = extent, origin, factors

    def _product(self, m):
        return math.prod(self.factors[:m])

    def extent_of(self, m):
        if self.extent == 0:
            return 0
        f = self._product(m)
        return (self.origin + self.extent - 1) // f - self.origin // f + 1

    def footprint(self, m, o):
        """Indices at mip 0."""
        f = self._product(m)
        return [i for i in range(self.extent) if (self.origin + i) // f == self.origin // f + o]

    def window(self, m, o):
        """Indices at mip m - 1."""
        before = Axis(self.extent_of(m - 1), self.origin // self._product(m - 1), [self.factors[m - 1]])
        return before.footprint(1, o)

    def times(self, m, i):
        """How often voxel i of mip 0 counts at mip m where lone voxels of windows of 2 are counted twice."""
        result = 1
        for n in range(1, m + 1):
            o = (self.origin + i) // self._product(n) - self.origin // self._product(n)
            result *= 2 if self.factors[n - 1] == 2 and len(self.window(n, o)) == 1 else 1
        return result


def pyramid(method, img, factors, *, sparse=False, background=0, least_coverage=0.0, rounding="toward_zero",
            edges="clip", ties="countless", votes="previous_mip", origin=None):
    """All mips of an array, `factors` having a number for each axis and mip."""
    origin = origin or (0,) * img.ndim
    axes = [Axis(n, a, [f[i] for f in factors]) for i, (n, a) in enumerate(zip(img.shape, origin))]
    is_background = background_test(background)
    mips = [img]
    for m in range(1, len(factors) + 1):
        result = numpy.zeros([axis.extent_of(m) for axis in axes], img.dtype)
        for o in numpy.ndindex(*result.shape):
            if method == "mode" and votes == "previous_mip":
                voxels = under(mips[-1], [axis.window(m, i) for axis, i in zip(axes, o)])
            else:
                voxels = under(img, [axis.footprint(m, i) for axis, i in zip(axes, o)],
                               axes if method == "average" and edges == "replicate" else None, m)
            left = [v for v in voxels if not is_background(v.value)] if sparse else voxels
            if not left or times(left) < Fraction(least_coverage) * times(voxels):
                result[o] = background
            elif method == "mode":
                flat = sorted(factors[m - 1])[-2:] == [2, 2] and sorted(factors[m - 1])[:-2] == [1] * (img.ndim - 2)
                by_rule = ties == "countless" and flat and len(voxels) == 4 and (votes == "previous_mip" or m == 1)
                labels = [v.value for v in voxels]
                result[o] = (countless(labels, is_background if sparse else lambda _: False) if by_rule
                             else mode([v.value for v in left], ties))
            else:
                result[o] = POOLINGS[method](left, rounding)
        mips.append(result)
    return mips[1:]


def background_test(background):
    if background != background:
        return lambda value: value != value
    return lambda value: value == background


def under(img, indices, counting_axes=None, m=0):
    """The voxels at all those indices, axis 0 fastest."""
    result = []
    for index in itertools.product(*reversed(indices)):
        index = index[::-1]
        count = math.prod(a.times(m, i) for a, i in zip(counting_axes, index)) if counting_axes else 1
        result.append(Counted(img[index].item(), count))
    return result


def times(voxels):
    return sum(v.times for v in voxels)


def average(voxels, rounding):
    if isinstance(voxels[0].value, float):
        return float_average(voxels)
    mean = Fraction(sum(v.value * v.times for v in voxels), times(voxels))
    if rounding == "toward_zero":
        return math.trunc(mean)
    return math.floor(mean + Fraction(1, 2)) if rounding == "half_up" else round(mean)


def float_average(voxels):
    special = [v.value for v in voxels if not math.isfinite(v.value)]
    if special:
        return sum(special)
    return float(sum(Fraction(v.value) * v.times for v in voxels) / times(voxels))


def ordered(choose):
    def of(voxels, _):
        values = [v.value for v in voxels]
        nan = [value for value in values if value != value]
        return nan[0] if nan else choose(sorted(values))
    return of


POOLINGS = {
    "average": average,
    "min": ordered(lambda values: values[0]),
    "max": ordered(lambda values: values[-1]),
    "median": ordered(lambda values: values[(len(values) - 1) // 2]),
    "stride": lambda voxels, _: voxels[0].value,
}


def mode(labels, ties):
    votes = [max(1, sum(other == label for other in labels)) for label in labels]
    most = [label for label, n in zip(labels, votes) if n == max(votes)]
    return min(most, key=lambda label: (label != label, label)) if ties == "lowest" else most[0]


def countless(labels, is_background):
    a, b, c, d = labels

    def same(x, y):
        return x == y and not is_background(x)

    if same(a, b) or same(a, c):
        return a
    if same(b, c):
        return b
    return next(label for label in (d, a, c, b) if not is_background(label))
