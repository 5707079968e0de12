# SPDX-License-Identifier: BSL-1.0
"""Image pyramids (mip levels) of numpy arrays, exact and fast.

Averages for microscopy images, modes for segmentation labels, and min, max, median and striding, of volumes of 1 to 6
axes and of any memory layout, without a copy of them:

>>> import numpy, tinybrain
>>> img = numpy.arange(64, dtype=numpy.uint8).reshape(8, 8, 1)
>>> half, quarter = tinybrain.downsample_with_averaging(img, factor=(2, 2, 1), num_mips=2)
>>> half.shape, quarter.shape
((4, 4, 1), (2, 2, 1))

Every voxel of every mip is computed from the voxels of mip 0 under it and rounded once.
"""

from ._chunks import chunk_grid
from ._core import version as _version
from ._downsample import (
    downsample_segmentation,
    downsample_with_averaging,
    downsample_with_max_pooling,
    downsample_with_median_pooling,
    downsample_with_min_pooling,
    downsample_with_striding,
)
from ._geometry import mip_origin, mip_shape, near_isotropic_factors, num_mips_to_fit

__version__ = ".".join(map(str, _version))

__all__ = [
    "chunk_grid",
    "downsample_segmentation",
    "downsample_with_averaging",
    "downsample_with_max_pooling",
    "downsample_with_median_pooling",
    "downsample_with_min_pooling",
    "downsample_with_striding",
    "mip_origin",
    "mip_shape",
    "near_isotropic_factors",
    "num_mips_to_fit",
]
