#!/usr/bin/env python3
"""Makes a precomputed volume for the long checks, chunk by chunk: synthetic.py FOLDER X Y Z [labels]

An image of uint8, or labels of uint64, above 2^53 nearly all of them.
"""
import json
import pathlib
import sys

import numpy as np


def labels_at(x, y, z):
    """Bricks whose borders wave."""
    brick = (x + y % 7) // 20 + 1000 * ((y + z % 5) // 20) + 1000000 * (z // 10) + 1
    return brick.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def main():
    folder, size = pathlib.Path(sys.argv[1]), [int(n) for n in sys.argv[2:5]]
    labels = sys.argv[5:] == ["labels"]
    (folder / "4_4_40").mkdir(parents=True)
    # Smooth with some noise, as images are: it compresses a little.
    random = np.random.default_rng(1)
    noise = random.integers(0, 24, 64**3 + 4096, np.uint8)
    x, y, z = np.meshgrid(*[np.arange(64)] * 3, indexing="ij")
    for cz in range(0, size[2], 64):
        for cy in range(0, size[1], 64):
            for cx in range(0, size[0], 64):
                n = [min(64, s - c) for s, c in zip(size, (cx, cy, cz))]
                wave = 100 + 60 * np.sin((x + cx) / 9) * np.cos((y + cy + 3 * cz) / 13) + (z % 8)
                start = (cx * 7 + cy * 13 + cz * 29) % 4096
                chunk = wave.astype(np.uint8) + noise[start : start + 64**3].reshape(64, 64, 64)
                if labels:
                    chunk = labels_at(x + cx, y + cy, z + cz)
                name = "_".join(f"{c}-{c + m}" for c, m in zip((cx, cy, cz), n))
                (folder / "4_4_40" / name).write_bytes(chunk[: n[0], : n[1], : n[2]].tobytes(order="F"))
    scale = {"key": "4_4_40", "size": size, "resolution": [4, 4, 40], "voxel_offset": [0, 0, 0],
             "chunk_sizes": [[64, 64, 64]], "encoding": "raw"}
    kind, of = ("segmentation", "uint64") if labels else ("image", "uint8")
    info = {"type": kind, "data_type": of, "num_channels": 1, "scales": [scale]}
    (folder / "info").write_text(json.dumps(info))


if __name__ == "__main__":
    main()
