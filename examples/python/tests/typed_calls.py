# SPDX-License-Identifier: BSL-1.0
"""Calls for mypy, never run: those that are right, and, marked, those that are not."""

from typing import List, Tuple

import numpy
from numpy.typing import NDArray

import tinybrain

img: NDArray[numpy.uint8] = numpy.zeros((8, 8), numpy.uint8)
mips: List[NDArray[numpy.uint8]] = tinybrain.downsample_with_averaging(img, (2, 2), 5, True, rounding="half_up")
tinybrain.downsample_with_averaging(img, [(2, 2), (2, 1)], edges="replicate", origin=(1, 1), out=mips)
tinybrain.downsample_segmentation(img, (2, 2), num_mips=3, ties="lowest", votes="footprint", threads=0)
tinybrain.downsample_with_median_pooling(img, tinybrain.near_isotropic_factors((4, 40), 3), least_coverage=0.5)
slices: Tuple[slice, ...] = tinybrain.chunk_grid((8, 8), (4, 4), (2, 2)).source(0)
shape: Tuple[int, ...] = tinybrain.mip_shape(img.shape, (2, 2), 3)

wrong: List[NDArray[numpy.int8]] = tinybrain.downsample_with_averaging(img, (2, 2))  # type: ignore
tinybrain.downsample_with_averaging(img, 2)  # type: ignore
tinybrain.downsample_with_averaging(img, (2, 2), rounding="up")  # type: ignore
tinybrain.downsample_segmentation(img, (2, 2), edges="clip")  # type: ignore
tinybrain.downsample_with_striding([[1, 2]], (2, 2))  # type: ignore
