#!/usr/bin/env python3
"""Labels that readers get wrong: label_cases.py LABELS.npy LARGE.npy COUNTS.npy

LARGE: the same labels as uint64, nearly all of them above 2^53. COUNTS: seven boxes of 64 x 64 x 20 along z, of 1, 2, 3,
5, 17, 257 and 65536 labels. (Of 65537 labels the values take 32 bits, which Neuroglancer 2.41 reads wrongly: its
`1 << 32` is 1. formats/tests/write_volumes has such a block, for numpy.)
"""
import sys

import numpy as np


def large(labels):
    # An odd factor makes different labels of different ones.
    return labels.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def counted(shape, count, random):
    numbers = random.integers(0, count, np.prod(shape), np.uint64)
    numbers[:count] = np.arange(count)
    return large(random.permutation(numbers) + np.uint64(1)).reshape(shape)


def main():
    labels, to_large, to_counts = sys.argv[1:]
    np.save(to_large, np.asfortranarray(large(np.load(labels))))
    random = np.random.default_rng(18)
    boxes = [counted((64, 64, 20), count, random) for count in (1, 2, 3, 5, 17, 257, 65536)]
    np.save(to_counts, np.asfortranarray(np.concatenate(boxes, axis=2)))


if __name__ == "__main__":
    main()
