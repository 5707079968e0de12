"""A reader of precomputed volumes that shares nothing with the code here.

numpy reads raw, compressed_segmentation and shards; Pillow jpeg and png, brotli and zstandard what is packed so, where
they are there; else Skipped is raised.
"""
import gzip
import io
import struct

import numpy as np

MASK32, MASK64 = 2**32 - 1, 2**64 - 1


class Skipped(Exception):
    pass


# ---- shards


def rotl(value, bits):
    return ((value << bits) | (value >> (32 - bits))) & MASK32


def fmix(h):
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & MASK32
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & MASK32
    return h ^ (h >> 16)


def murmurhash3_x86_128(data, seed=0):
    """The whole algorithm, for bytes of any length; returns the 16 bytes of the hash."""
    c = [0x239B961B, 0xAB0E9789, 0x38B34AE5, 0xA1E38B93]
    h = [seed] * 4
    for at in range(0, len(data) // 16 * 16, 16):
        k = struct.unpack_from("<4I", data, at)
        for i, (r, s, add) in enumerate([(15, 19, 0x561CCD1B), (16, 17, 0x0BCAA747), (17, 15, 0x96CD1C35), (18, 13, 0x32AC3B17)]):
            h[i] ^= rotl(k[i] * c[i] & MASK32, r) * c[(i + 1) % 4] & MASK32
            h[i] = ((rotl(h[i], s) + h[(i + 1) % 4]) * 5 + add) & MASK32
    tail = data[len(data) // 16 * 16 :]
    for i, r in enumerate([15, 16, 17, 18]):
        part = tail[4 * i : 4 * i + 4]
        if part:
            k = int.from_bytes(part, "little")
            h[i] ^= rotl(k * c[i] & MASK32, r) * c[(i + 1) % 4] & MASK32
    h = [value ^ len(data) for value in h]
    h[0] = sum(h) & MASK32
    h[1:] = [(value + h[0]) & MASK32 for value in h[1:]]
    h = [fmix(value) for value in h]
    h[0] = sum(h) & MASK32
    h[1:] = [(value + h[0]) & MASK32 for value in h[1:]]
    return struct.pack("<4I", *h)


def chunk_number(place, grid):
    number, shift = 0, 0
    for bit in range(64):
        for axis in range(3):
            if 2**bit < grid[axis]:
                number |= (place[axis] >> bit & 1) << shift
                shift += 1
    return number


def unpacked(data, encoding):
    return gzip.decompress(data) if encoding == "gzip" else data


def minishard_index(file, number, spec):
    first = 16 << spec["minishard_bits"]
    start, end = struct.unpack_from("<QQ", file, 16 * number)
    if start == end:
        return {}
    index = np.frombuffer(unpacked(file[first + start : first + end], spec["minishard_index_encoding"]), "<u8")
    ids, offsets, sizes = (list(map(int, part)) for part in index.reshape(3, -1))
    found, last, at = {}, 0, 0
    for i, o, s in zip(ids, offsets, sizes):
        last, at = (last + i) & MASK64, (at + o) & MASK64
        assert last not in found
        found[last] = (first + at, s)
        at += s
    return found


class Shards:
    def __init__(self, folder, scale, grid):
        self.folder, self.spec, self.grid, self.seen = folder, scale["sharding"], grid, set()

    def __call__(self, place, _):
        number, spec = chunk_number(place, self.grid), self.spec
        value = number >> spec["preshift_bits"]
        if spec["hash"] != "identity":
            value = int.from_bytes(murmurhash3_x86_128(struct.pack("<Q", value))[:8], "little")
        minishard = value & (2 ** spec["minishard_bits"] - 1)
        shard = value >> spec["minishard_bits"] & (2 ** spec["shard_bits"] - 1)
        digits = max(1, -(-spec["shard_bits"] // 4))
        path = self.folder / f"{shard:0{digits}x}.shard"
        self.seen.add(path.name)
        file = path.read_bytes()
        at, size = minishard_index(file, minishard, spec)[number]
        return unpacked(file[at : at + size], spec["data_encoding"])


# ---- files of one chunk each


def unbrotli(data):
    try:
        import brotli
    except ImportError:
        raise Skipped("the Python module brotli is not there")
    return brotli.decompress(data)


def unzstd(data):
    try:
        import zstandard
    except ImportError:
        raise Skipped("the Python module zstandard is not there")
    return zstandard.ZstdDecompressor().decompress(data)


class Files:
    def __init__(self, folder):
        self.folder, self.seen = folder, set()

    def __call__(self, _, name):
        for suffix, unpack in {"": bytes, ".gz": gzip.decompress, ".br": unbrotli, ".zstd": unzstd}.items():
            path = self.folder / (name + suffix)
            if path.exists():
                self.seen.add(path.name)
                return unpack(path.read_bytes())
        raise FileNotFoundError(self.folder / name)


# ---- encodings: bytes to an array of x, y, z, channel


def raw(data, shape, dtype, _):
    return np.frombuffer(data, dtype).reshape(shape, order="F")


def segmentation_block(words, block, bits, values, table, dtype):
    n = int(np.prod(block))
    if bits == 0:
        index = np.zeros(n, np.int64)
    else:
        position = np.arange(n, dtype=np.int64) * bits
        index = words[values + position // 32].astype(np.int64) >> (position % 32) & (2**bits - 1)
    if dtype.itemsize == 4:
        labels = words[table + index]
    else:
        labels = words[table + 2 * index].astype(np.uint64) | words[table + 2 * index + 1].astype(np.uint64) << np.uint64(32)
    return labels.astype(dtype).reshape(block, order="F")


def compressed_segmentation(data, shape, dtype, scale):
    block = scale["compressed_segmentation_block_size"]
    file = np.frombuffer(data, "<u4")
    grid = [-(-n // b) for n, b in zip(shape, block)]
    out = np.zeros(shape, dtype, order="F")
    for channel in range(shape[3]):
        words = file[file[channel] :]
        for number, place in enumerate(np.ndindex(*grid[::-1])):
            i, j, k = place[::-1]
            a, b = int(words[2 * number]), int(words[2 * number + 1])
            voxels = segmentation_block(words, block, a >> 24, b, a & 0xFFFFFF, dtype)
            begin = [p * s for p, s in zip((i, j, k), block)]
            inside = [min(s, n - o) for s, n, o in zip(block, shape, begin)]
            x, y, z = (slice(o, o + n) for o, n in zip(begin, inside))
            out[x, y, z, channel] = voxels[: inside[0], : inside[1], : inside[2]]
    return out


def picture(data, shape, dtype, _):
    try:
        from PIL import Image
    except ImportError:
        raise Skipped("Pillow is not there")
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    assert (pixels.shape[1], pixels.shape[0]) == (shape[0], shape[1] * shape[2])
    assert (pixels.shape[2] if pixels.ndim == 3 else 1) == shape[3]
    rows = pixels.reshape(shape[2], shape[1], shape[0], shape[3])
    return rows.transpose(2, 1, 0, 3).astype(dtype)


ENCODINGS = {"raw": raw, "compressed_segmentation": compressed_segmentation, "jpeg": picture, "png": picture}


def read_scale(volume, info, scale, holes=False):
    """An array of x, y, z and channel, and the names of files that hold it. holes: chunks that are not there are 0."""
    dtype = np.dtype(info["data_type"].lower()).newbyteorder("<")
    size, step, offset = scale["size"], scale["chunk_sizes"][0], scale.get("voxel_offset", [0, 0, 0])
    grid = [-(-n // s) for n, s in zip(size, step)]
    chunks = Shards(volume / scale["key"], scale, grid) if scale.get("sharding") else Files(volume / scale["key"])
    whole = np.zeros([*size, info["num_channels"]], dtype, order="F")
    for place in np.ndindex(*grid):
        begin = [p * s for p, s in zip(place, step)]
        end = [min(b + s, n) for b, s, n in zip(begin, step, size)]
        name = "_".join(f"{o + b}-{o + e}" for o, b, e in zip(offset, begin, end))
        shape = [e - b for b, e in zip(begin, end)] + [info["num_channels"]]
        try:
            data = chunks(place, name)
        except (FileNotFoundError, KeyError):
            if not holes:
                raise
            continue
        x, y, z = (slice(b, e) for b, e in zip(begin, end))
        whole[x, y, z] = ENCODINGS[scale["encoding"].lower()](data, shape, dtype, scale)
    return whole, chunks.seen
