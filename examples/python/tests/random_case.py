# SPDX-License-Identifier: BSL-1.0
"""Random calls of the module, and the oracle's answer to each."""

import numpy
import oracle

import tinybrain

FUNCTIONS = {
    "average": tinybrain.downsample_with_averaging,
    "mode": tinybrain.downsample_segmentation,
    "min": tinybrain.downsample_with_min_pooling,
    "max": tinybrain.downsample_with_max_pooling,
    "median": tinybrain.downsample_with_median_pooling,
    "stride": tinybrain.downsample_with_striding,
}
DTYPES = ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float32", "float64"]


class Case:
    """Everything follows from two numbers."""

    def __init__(self, seed, number):
        self.rng = numpy.random.default_rng([seed, number])
        self.method = self.pick(list(FUNCTIONS))
        self.dtype = numpy.dtype(self.pick(DTYPES))
        self.axes = int(self.rng.integers(1, 7))
        self.img = self.laid_out(self.values(self.shape()))
        self.options = self.some_options()
        self.arguments = self.some_factors()

    def pick(self, of):
        return of[int(self.rng.integers(len(of)))]

    def chance(self, share):
        return self.rng.random() < share

    def shape(self):
        """At most 200 voxels or so, now and then none."""
        shape, left = [1] * self.axes, 200
        for axis in self.rng.permutation(self.axes):
            shape[axis] = int(self.rng.integers(1, min(left, self.pick([3, 8, 20])) + 1))
            left //= shape[axis]
        if self.chance(0.02):
            shape[int(self.rng.integers(self.axes))] = 0
        return shape

    def values(self, shape):
        """Few different ones, for ties, or any that the dtype holds; of floats, multiples of 1/8 and what is none."""
        if self.dtype.kind == "b":
            return self.rng.random(shape) < 0.5
        if self.dtype.kind == "f":
            values = self.rng.integers(-20, 20, shape) / 8
            if self.chance(0.3):
                odd = self.rng.random(shape) < 0.1
                values = numpy.where(odd, self.rng.choice([numpy.nan, numpy.inf, -numpy.inf], size=shape), values)
            return values.astype(self.dtype)
        if self.chance(0.5):
            return self.rng.integers(0, 4, shape).astype(self.dtype)
        info = numpy.iinfo(self.dtype)
        return self.rng.integers(info.min, info.max, shape, self.dtype, endpoint=True)

    def laid_out(self, values):
        """The same values in C order, in Fortran order, or with any strides."""
        how = self.pick(["C", "F", "strided", "strided", "flat"])
        if how in "CF":
            result = values.copy(order=how)
        elif how == "flat":
            one = tuple(slice(0, 1) if self.chance(0.4) else slice(None) for _ in values.shape)
            return numpy.broadcast_to(values[one], values.shape)
        else:
            result = self.strided(values.shape)
            result[...] = values
        result.flags.writeable = self.chance(0.5)
        return result

    def strided(self, shape):
        """Memory for a shape: axes in any order, gaps between voxels, backward."""
        order = self.rng.permutation(len(shape))
        steps = [int(self.rng.choice([-3, -2, -1, 1, 1, 1, 2])) for _ in shape]
        memory = numpy.zeros([shape[axis] * abs(steps[axis]) + 1 for axis in order], self.dtype)
        whole = memory.transpose(numpy.argsort(order))
        return whole[tuple(slice(-1 if s < 0 else 0, n * s - 1 if s < 0 else n * s, s) for n, s in zip(shape, steps))]

    def some_factors(self):
        replicate = self.options.get("edges") == "replicate"
        one = [int(self.rng.choice([1, 2, 2, 2] if replicate else [1, 1, 2, 2, 2, 3, 4, 7])) for _ in range(self.axes)]
        if self.chance(0.3):
            two = self.rng.choice(self.axes, min(2, self.axes), False)
            one = [2 if axis in two else 1 for axis in range(self.axes)]
        mips = int(self.rng.integers(0, 5))
        if self.chance(0.25):
            self.factors = [[one[int(self.rng.integers(self.axes))] for _ in one] for _ in range(mips)]
            return {"factor": [tuple(factor) for factor in self.factors]}
        self.factors = [one] * mips
        said = max((axis + 1 for axis in range(self.axes) if one[axis] != 1), default=0)
        return {"factor": tuple(one[:int(self.rng.integers(said, self.axes + 1))]), "num_mips": mips}

    def some_options(self):
        options = {"sparse": self.chance(0.5)}
        if self.method != "stride":
            if self.chance(0.6):
                voxels = self.img.ravel()
                options["background"] = self.pick(voxels).item() if voxels.size else 0
            if options["sparse"] and self.chance(0.4):
                options["least_coverage"] = self.pick([0.25, 0.3, 0.5, 0.7, 1.0])
        if self.method == "average":
            options["rounding"] = self.pick(["toward_zero", "half_up", "half_even"])
            options["edges"] = self.pick(["clip", "clip", "replicate"])
        if self.method == "mode":
            options["ties"] = self.pick(["countless", "first", "lowest"])
            options["votes"] = self.pick(["previous_mip", "footprint"])
        if self.chance(0.3):
            options["origin"] = tuple(int(a) for a in self.rng.integers(-9, 9, self.axes))
        return options

    def expected(self):
        options = dict(self.options)
        if self.method == "stride":
            options["sparse"] = False
        return oracle.pyramid(self.method, self.img, self.factors, **options)

    def mips(self, out=None):
        threads = self.pick([1, 1, 1, 2, 0])
        return FUNCTIONS[self.method](self.img, **self.arguments, **self.options, threads=threads, out=out)

    def outputs(self, expected):
        """Memory of the caller's for the mips."""
        return [self.strided(mip.shape) for mip in expected]

    def __str__(self):
        return (f"{FUNCTIONS[self.method].__name__} of {self.dtype} {self.img.shape}, strides {self.img.strides}: "
                f"{self.arguments}, {self.options}\n{self.img!r}")
