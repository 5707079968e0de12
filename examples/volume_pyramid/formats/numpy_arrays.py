"""Reads and writes arrays of Zarr 3, and shares nothing with the code here: numpy, and numcodecs for zstd and blosc."""
import gzip
import itertools
import json
import struct

import numcodecs
import numpy as np

ABSENT = 2**64 - 1


def crc32c(data):
    table = []
    for b in range(256):
        for _ in range(8):
            b = b >> 1 ^ (0x82F63B78 if b & 1 else 0)
        table.append(b)
    rest = 0xFFFFFFFF
    for b in data:
        rest = rest >> 8 ^ table[(rest ^ b) & 255]
    return rest ^ 0xFFFFFFFF


def bytes_codec(endian):
    return {"name": "bytes", "configuration": {"endian": endian}}


def name_of(codec):
    return codec if isinstance(codec, str) else codec["name"]


def options_of(codec):
    return {} if isinstance(codec, str) else codec.get("configuration", {})


def checked(data):
    assert struct.pack("<I", crc32c(data[:-4])) == data[-4:], "the crc32c is wrong"
    return data[:-4]


UNPACK = {
    "gzip": gzip.decompress,
    "zstd": lambda data: bytes(numcodecs.Zstd().decode(data)),
    "blosc": lambda data: bytes(numcodecs.Blosc().decode(data)),
    "crc32c": checked,
}


def pack(codec, data):
    name, options = name_of(codec), options_of(codec)
    if name == "gzip":
        return gzip.compress(data, 1)
    if name == "zstd":
        return bytes(numcodecs.Zstd(3).encode(data))
    if name == "crc32c":
        return data + struct.pack("<I", crc32c(data))
    assert name == "blosc"
    shuffle = ["noshuffle", "shuffle", "bitshuffle"].index(options["shuffle"])
    samples = np.frombuffer(data, f"V{options['typesize']}" if len(data) % options["typesize"] == 0 else "u1")
    return bytes(numcodecs.Blosc(options["cname"], options["clevel"], shuffle).encode(samples))


def parted(codecs):
    """Orders of transpose, the byte order, and what packs bytes."""
    names = [name_of(c) for c in codecs]
    at = names.index("bytes")
    endian = {"big": ">", "little": "<"}[options_of(codecs[at]).get("endian", "little")]
    return [options_of(c)["order"] for c in codecs[:at]], endian, codecs[at + 1 :]


def decode(data, shape, dtype, codecs):
    orders, endian, packers = parted(codecs)
    for codec in reversed(packers):
        data = UNPACK[name_of(codec)](data)
    for order in orders:
        shape = [shape[axis] for axis in order]
    array = np.frombuffer(data, dtype.newbyteorder(endian)).reshape(shape)
    for order in reversed(orders):
        array = array.transpose(np.argsort(order))
    return array


def encode(array, codecs):
    orders, endian, packers = parted(codecs)
    for order in orders:
        array = array.transpose(order)
    data = np.ascontiguousarray(array.astype(array.dtype.newbyteorder(endian))).tobytes()
    for codec in packers:
        data = pack(codec, data)
    return data


def path_of(folder, encoding, place):
    options = options_of(encoding)
    words = [str(i) for i in place]
    if name_of(encoding) == "v2":
        return folder / options.get("separator", ".").join(words)
    return folder / options.get("separator", "/").join(["c", *words])


def places(shape, chunks):
    return np.ndindex(*[-(-n // c) for n, c in zip(shape, chunks)])


def box_of(place, chunks):
    return tuple(slice(p * c, (p + 1) * c) for p, c in zip(place, chunks))


def read_shard(data, shape, dtype, fill, options):
    inner = options["chunk_shape"]
    count = [s // c for s, c in zip(shape, inner)]
    has_crc = len(options["index_codecs"]) == 2
    size = 16 * int(np.prod(count)) + (4 if has_crc else 0)
    index = data[:size] if options.get("index_location", "end") == "start" else data[-size:]
    index = np.frombuffer(checked(index) if has_crc else index, "<u8").reshape([*count, 2])
    whole = np.full(shape, fill, dtype)
    for place in np.ndindex(*count):
        begin, size = map(int, index[place])
        if (begin, size) != (ABSENT, ABSENT):
            whole[box_of(place, inner)] = decode(data[begin : begin + size], inner, dtype, options["codecs"])
    return whole


def read(folder):
    meta = json.loads((folder / "zarr.json").read_text())
    dtype = np.dtype(meta["data_type"])
    chunks = meta["chunk_grid"]["configuration"]["chunk_shape"]
    fill = dtype.type(meta["fill_value"])
    whole = np.full([-(-n // c) * c for n, c in zip(meta["shape"], chunks)], fill, dtype)
    for place in places(meta["shape"], chunks):
        path = path_of(folder, meta["chunk_key_encoding"], place)
        if not path.exists():
            continue
        first = meta["codecs"][0]
        if name_of(first) == "sharding_indexed":
            chunk = read_shard(path.read_bytes(), chunks, dtype, fill, options_of(first))
        else:
            chunk = decode(path.read_bytes(), chunks, dtype, meta["codecs"])
        whole[box_of(place, chunks)] = chunk
    return whole[tuple(slice(0, n) for n in meta["shape"])]


def write(folder, whole, chunks, codecs, shard=None, index_location="end"):
    """Shards have their chunks in reverse order, with a gap between them: readers go by the index."""
    little = bytes_codec("little")
    meta = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": whole.shape,
        "data_type": whole.dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shard or chunks}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": codecs,
        "attributes": {},
    }
    if shard:
        options = {"chunk_shape": chunks, "codecs": codecs, "index_codecs": [little, "crc32c"], "index_location": index_location}
        meta["codecs"] = [{"name": "sharding_indexed", "configuration": options}]
    folder.mkdir(parents=True)
    (folder / "zarr.json").write_text(json.dumps(meta))
    outer = shard or chunks
    padded = np.pad(whole, [(0, -n % o) for n, o in zip(whole.shape, outer)], constant_values=9)
    for place in places(whole.shape, outer):
        part = padded[box_of(place, outer)]
        data = shard_of(part, chunks, codecs, index_location) if shard else encode(part, codecs)
        path = path_of(folder, meta["chunk_key_encoding"], place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def shard_of(part, chunks, codecs, index_location):
    count = [s // c for s, c in zip(part.shape, chunks)]
    index = np.full([*count, 2], ABSENT, "<u8")
    at_start = index_location == "start"
    data = b"gap" if not at_start else bytes(index.nbytes + 4)
    for place in reversed(list(itertools.product(*map(range, count)))):
        encoded = encode(part[box_of(place, chunks)], codecs)
        index[place] = len(data), len(encoded)
        data += encoded + b"gap"
    index = index.tobytes()
    index += struct.pack("<I", crc32c(index))
    return index + data[len(index) :] if at_start else data + index
