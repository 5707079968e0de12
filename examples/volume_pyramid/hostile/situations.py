#!/usr/bin/env python3
"""Some hundred situations that somebody gets into, one by one: situations.py EXAMPLES_OF_A_BUILD WORK [WORD ...]

Each says what has to come out; with WORDs only those whose names have one. Every one, whatever comes out: no crash, no
hang, a line where the status is not 0, and not a byte changed where a command is refused (status 2).
"""
import gzip
import json
import os
import pathlib
import re
import sys

from common import check_end, fresh, noise, npy_header, programs, run, tiff, tree, write_npy

CASES = []
MIP = "$PP v --method average --factor 2,2,1 --mips 1"
FINE = "1_1_1/0-16_0-16_0-8"
COARSE = "2_2_1/0-16_0-16_0-8"
STATE = "v/.volume_pyramid"


def case(name, command, status, words="", prepare=None, after=None, volume=True):
    CASES.append((name, command, status if isinstance(status, tuple) else (status,), words, prepare, after, volume))


def info_with(change):
    """A change to the JSON of v/info, as a preparation."""
    def prepare(here):
        info = json.loads((here / "v/info").read_text())
        change(info)
        (here / "v/info").write_text(json.dumps(info, indent=2))
    return prepare


def scale0(**members):
    def change(info):
        info["scales"][0].update(members)
        for name, value in members.items():
            if value is DROPPED:
                del info["scales"][0][name]
    return info_with(change)


DROPPED = object()


def top(**members):
    return info_with(lambda info: info.update(members))


def info_text(text):
    return lambda here: (here / "v/info").write_bytes(text if isinstance(text, bytes) else text.encode())


def shell(command):
    def prepare(here):
        done = run("set -e; " + command, here, env=ENVIRONMENT)
        assert done.status == 0, done
    return prepare


def both(*steps):
    return lambda here: [step(here) for step in steps]


def exists(name):
    def after(here):
        assert (here / name).exists(), f"{name} is not there"
    return after


def absent(name):
    def after(here):
        assert not os.path.lexists(here / name), f"{name} is there"
    return after


def is_good(here, volume="v"):
    """The mip of v, by a reader of this script's own."""
    voxels = noise(32 * 32 * 8)
    at = lambda x, y, z: voxels[x + 32 * (y + 32 * z)]
    path = here / volume / COARSE
    data = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(path.name + ".gz").read_bytes())
    wanted = bytes((at(2 * x, 2 * y, z) + at(2 * x + 1, 2 * y, z) + at(2 * x, 2 * y + 1, z) +
                    at(2 * x + 1, 2 * y + 1, z)) // 4 for z in range(8) for y in range(16) for x in range(16))
    assert data == wanted, "other voxels"


# ---- info, as others write it, by hand or by program
for name, value in [("null", None), ("a number", 7), ("a text", "x"), ("an object", {})]:
    case(f"scales is {name}", MIP, 2, "scales", top(scales=value))
    case(f"the only scale is {name}", MIP, 2, "info", top(scales=[value]))
    case(f"another scale is {name}", MIP, 0, "", info_with(lambda info, v=value: info["scales"].append(v)), is_good)
case("no scales", MIP, 2, "lists 0 scales", top(scales=[]))
for name, value in [("zero", [0, 32, 8]), ("negative", [-32, 32, 8]), ("texts", ["32", "32", "8"]),
                    ("two numbers", [32, 32]), ("beyond", [2**49, 32, 8]), ("fractions", [32.5, 32, 8]), ("null", None)]:
    case(f"size is {name}", MIP, 2, "size", scale0(size=value))
    case(f"the chunk size is {name}", MIP, 2, "chunk size", scale0(chunk_sizes=[value]))
case("size in floats that are whole", MIP, 0, "", scale0(size=[32.0, 3.2e1, 8]), is_good)
case("a volume of more voxels than an index counts", MIP, 2, "more voxels than an index", scale0(size=[2**48] * 3))
case("chunks beyond all memory", MIP, (1, 2), "", both(scale0(size=[2**20] * 3, chunk_sizes=[[2**20] * 3])))
case("chunk_sizes is one chunk size", MIP, 2, "chunk size", scale0(chunk_sizes=[16, 16, 8]))
case("several chunk_sizes: the first counts", MIP, 0, "", scale0(chunk_sizes=[[16, 16, 8], [64, 64, 64]]), is_good)
case("several chunk_sizes, the files of the second", MIP + " --missing background", 2, "v/1_1_1/",
     scale0(chunk_sizes=[[8, 8, 8], [16, 16, 8]]))
for value in [0, -1, 1.5, "1", 65537, None, 2**64]:
    case(f"num_channels is {value!r}", MIP, 2, "num_channels", top(num_channels=value))
case("channels that the chunks have not", MIP, 1, FINE, top(num_channels=2))
for value in ["float64", "bool", " uint8", "", "u1"]:
    case(f"data_type is {value!r}", MIP, 2, "data_type", top(data_type=value))
case("a data_type that the chunks have not", MIP, 1, FINE, top(data_type="uint16"))
case("type is missing", MIP, 2, "'type'", info_with(lambda info: info.pop("type")))
case("type in capitals", MIP, 0, "", top(type="IMAGE"), is_good)
case("@type is another", MIP, 2, "@type", top(**{"@type": "neuroglancer_legacy_mesh"}))
for name, value in [("zero", [0, 1, 1]), ("negative", [-4, 4, 40]), ("texts", ["4", "4", "40"]), ("two", [4, 4]), ("null", None)]:
    case(f"resolution is {name}", MIP, 2, "resolution", scale0(resolution=value))
case("a resolution near the end of the doubles", MIP, 2, "name", scale0(resolution=[1e308, 1, 1]))
case("a resolution that no double holds", MIP, 2, "no JSON", info_text('{"x": 1e999}'))
case("a resolution of many digits", MIP, 0, "", scale0(resolution=[1.0000000000000002, 1, 1]))
case("voxel_offset is null", MIP, (0, 2), "", scale0(voxel_offset=None))
case("voxel_offset is a fraction", MIP, 2, "voxel_offset", scale0(voxel_offset=[0.5, 0, 0]))
case("voxel_offset of a scale that is not read", MIP, 0, "",
     info_with(lambda info: info["scales"].append({"key": "z", "resolution": [9, 9, 9], "voxel_offset": [0.5]})), is_good)
case("voxel_offset that the names have not", MIP, 1, "is missing", scale0(voxel_offset=[16, 0, 0]))
case("voxel_offset that the names have not, missing as background", MIP + " --missing background", 2, "v/1_1_1/", scale0(voxel_offset=[8, 0, 0]))
for name, value in [("empty", ""), ("up", "../v/1_1_1"), ("a dot", "./1_1_1"), ("a slash at the end", "1_1_1/")]:
    case(f"key is {name}", MIP, (0, 1, 2), "", scale0(key=value))
case("key is a number", MIP, 2, "key", scale0(key=7))
case("key of another scale is the new one's, spelled otherwise", MIP, 2, "there already",
     info_with(lambda info: info["scales"].append(dict(info["scales"][0], key="./2_2_1/", resolution=[99, 99, 99]))))
case("resolution of another scale is the new one's", MIP, 2, "there already",
     info_with(lambda info: info["scales"].append(dict(info["scales"][0], key="other", resolution=[2.0, 2, 1]))))
case("a scale of no known place between others", "$PP v --method average --factor 2,2,1 --mips 1", 0, "",
     info_with(lambda info: info["scales"].extend([{"key": "?"}, dict(info["scales"][0], key="c", resolution=[64, 64, 64])])),
     lambda here: [s["key"] for s in json.loads((here / "v/info").read_text())["scales"]] in
     (["1_1_1", "?", "2_2_1", "c"], ["1_1_1", "2_2_1", "?", "c"]) or 1 / 0)
case("encoding is jpeg, and the chunks are not", MIP, 1, FINE, scale0(encoding="jpeg"))
case("encoding is one that is not read", MIP, 2, "'jxl'", scale0(encoding="jxl"))
case("encoding in capitals", MIP, 0, "", scale0(encoding="RAW"), is_good)
case("encoding is null", MIP, 2, "encoding", scale0(encoding=None))
case("sharding of nothing", MIP, 2, "sharding", scale0(sharding={"@type": "neuroglancer_uint64_sharded_v1"}))
case("sharding is null", MIP, 0, "", scale0(sharding=None), is_good)
case("a byte order mark", MIP, (0, 2), "", lambda here: info_text(b"\xef\xbb\xbf" + (here / "v/info").read_bytes())(here))
case("UTF-16", MIP, 2, "no JSON", lambda here: info_text((here / "v/info").read_text().encode("utf-16"))(here))
case("lines end as on Windows", MIP, 0, "", lambda here: info_text((here / "v/info").read_text().replace("\n", "\r\n"))(here), is_good)
case("a comment", MIP, 2, "no JSON", lambda here: info_text("// mine\n" + (here / "v/info").read_text())(here))
case("text after the end", MIP, 2, "no JSON", lambda here: info_text((here / "v/info").read_text() + "{}")(here))
case("a NUL byte", MIP, 2, "no JSON", lambda here: info_text((here / "v/info").read_bytes() + b"\0")(here))
case("NaN", MIP, 2, "no JSON", info_text('{"type": NaN}'))
case("a surrogate alone", MIP, 2, "no JSON", info_text('{"type": "\\ud800"}'))
case("bytes that are no UTF-8", MIP, 2, "no JSON", info_text(b'{"type": "\xff"}'))
case("scales is there twice", MIP, 2, "twice", lambda here: info_text((here / "v/info").read_text().replace('"scales"', '"scales": [], "scales"'))(here))
case("brackets in texts before scales", MIP, 0, "", top(mesh='a "]}[{" b', z=["}", "\\"]), is_good)
case("scales in another member first", MIP, 0, "",
     lambda here: info_text((here / "v/info").read_text().replace('{', '{"other": {"scales": [1, [2]]}, "list": ["scales", []],', 1))(here), is_good)
case("scales spelled with an escape", MIP, 0, "", lambda here: info_text((here / "v/info").read_text().replace('"scales"', '"sc\\u0061les"'))(here), is_good)
case("nested 99 deep", MIP, 0, "", lambda here: info_text((here / "v/info").read_text().replace('{', '{"deep": ' + "[" * 90 + "]" * 90 + ",", 1))(here), is_good)
case("nested 1000000 deep in objects", MIP, 2, "nested", info_text('{"a":' * 1000000))
case("info is a pipe", MIP, 2, "no regular file", shell("rm v/info; mkfifo v/info"))
case("info is a device", MIP, 2, "no regular file", shell("ln -sf /dev/zero v/info"))
case("info is a link to itself", MIP, 2, "v/info", shell("ln -sf info v/info"))
case("info leads nowhere", MIP, 2, "no file info", shell("ln -sf nowhere v/info"))
case("made_by is a text", MIP + " --resume", 2, "another kind", both(shell(MIP), info_with(lambda info: info["scales"][1].update(made_by="me"))))
case("made_by has another member", MIP + " --resume", 2, "extra", both(shell(MIP), info_with(lambda info: info["scales"][1]["made_by"].update(extra=1))))
case("made_by in another order", MIP + " --resume", 0, "", both(shell(MIP), info_with(lambda info: info["scales"][1].update(made_by=dict(reversed(info["scales"][1]["made_by"].items()))))), is_good)
case("listed twice", MIP + " --resume", 2, "twice", both(shell(MIP), info_with(lambda info: info["scales"].append(info["scales"][1]))))
case("listed, and another of the same key after it", MIP + " --resume", 2, "encoding",
     both(shell(MIP), info_with(lambda info: info["scales"].append(dict(info["scales"][1], encoding="jpeg")))))
case("only the second of two mips is listed", "$PP v --method max --mips 2 --resume", 2, "there already",
     both(shell("$PP v --method max --mips 2"), info_with(lambda info: info["scales"].pop(1))))

# ---- chunks
case("a chunk of no bytes", MIP, 1, FINE, shell(f": >v/{FINE}"))
case("a chunk that is a link to itself", MIP, 1, FINE, shell(f"rm v/{FINE}; ln -s 0-16_0-16_0-8 v/{FINE}"))
case("a chunk that is a link to a chunk elsewhere", MIP, 0, "", shell(f"mv v/{FINE} there; ln -s ../../there v/{FINE}"), is_good)
case("a chunk that is a folder", MIP, 1, "no regular file", shell(f"rm v/{FINE}; mkdir v/{FINE}"))
case("a chunk that is a pipe", MIP, 1, "no regular file", shell(f"rm v/{FINE}; mkfifo v/{FINE}"))
case("a chunk that is a device", MIP, 1, "no regular file", shell(f"ln -sf /dev/zero v/{FINE}"))
case("an empty gzip file", MIP, 1, ".gz: ", shell(f"rm v/{FINE}; : >v/{FINE}.gz"))
case("a gzip file of nothing", MIP, 1, "holds 0 bytes", shell(f"rm v/{FINE}; gzip </dev/null >v/{FINE}.gz"))
case("a gzip file of far too much", MIP, 1, "far more", shell(f"rm v/{FINE}; head -c 100000000 /dev/zero | gzip >v/{FINE}.gz"))
case("a gzip file of nothing before the voxels", MIP, 0, "", shell(f"(gzip </dev/null; gzip <v/{FINE}) >x; rm v/{FINE}; mv x v/{FINE}.gz"), is_good)
case("a gzip file with a name and a comment in it", MIP, 0, "", shell(f"gzip -N v/{FINE}"), is_good)
case("a gzip file cut off in its check sum", MIP, 1, "cut off", shell(f"gzip v/{FINE}; truncate -s -3 v/{FINE}.gz"))
case("a gzip file with rubbish after zeros", MIP, 1, "damaged", shell(f"gzip v/{FINE}; printf '\\0\\0\\0rubbish' >>v/{FINE}.gz"))
case("a gzip file with a megabyte of rubbish", MIP, 1, "far more", shell(f"gzip v/{FINE}; head -c 1000000 /dev/urandom >>v/{FINE}.gz"))
case("a zlib file under a name of gzip", MIP, 1, "damaged", shell(f"python3 -c \"import zlib; d=open('v/{FINE}','rb').read(); open('v/{FINE}.gz','wb').write(zlib.compress(d))\"; rm v/{FINE}"))
case("gzip twice", MIP, 1, "holds", shell(f"gzip <v/{FINE} | gzip >v/{FINE}.gz; rm v/{FINE}"))
case("gzip twice, as a name says", MIP, 1, "is missing", shell(f"gzip <v/{FINE} | gzip >v/{FINE}.gz.gz; rm v/{FINE}"))
case("a chunk that is there twice", MIP, 1, "with .gz and without", shell(f"gzip -k v/{FINE}"))
case("the folder of the source is away", MIP, 1, "is missing", shell("mv v/1_1_1 away"))
case("the folder of the source is away, missing as background", MIP + " --missing background", 2, "1_1_1", shell("mv v/1_1_1 away"))
case("the folder of the source is a file", MIP, 1, "1_1_1", shell("mv v/1_1_1 away; : >v/1_1_1"))
case("names in capitals, missing as background", MIP + " --missing background", 2, ".GZ", shell(f"gzip v/{FINE}; mv v/{FINE}.gz v/{FINE}.GZ"))
case("names with zeros in front, missing as background", MIP + " --missing background", 2, "00-16", shell(f"mv v/{FINE} v/1_1_1/00-16_0-16_0-8"))
case("part of a copy, missing as background", MIP + " --missing background", 2, ".part", shell(f"mv v/{FINE} v/{FINE}.part"))
case("files of others beside the chunks, missing as background", MIP + " --missing background", 0, "", shell("touch v/1_1_1/.DS_Store v/1_1_1/notes.txt; mkdir v/1_1_1/sub"), is_good)
case("a mended mip: a chunk is away", MIP + " --resume", 0, "", both(shell(MIP), shell(f"rm v/{COARSE}")), is_good)
case("a mended mip: a chunk is cut off", MIP + " --resume", 0, "", both(shell(MIP), shell(f"truncate -s 5 v/{COARSE}")), is_good)
case("a mended mip: the folder is away", MIP + " --resume", 0, "", both(shell(MIP), shell("rm -r v/2_2_1")), is_good)
case("a mended mip: a chunk leads nowhere", MIP + " --resume", (0, 1), "", both(shell(MIP), shell(f"ln -sf nowhere v/{COARSE}")))
case("a mended mip: a chunk became gzip", MIP + " --resume", 0, "", both(shell(MIP), shell(f"gzip v/{COARSE}")), is_good)
case("a mended mip: a chunk became broken gzip", MIP + " --resume", 1, "remove it", both(shell(MIP), shell(f"gzip v/{COARSE}; truncate -s 20 v/{COARSE}.gz")))
case("a mended mip: both forms", MIP + " --resume", 1, "with .gz and without", both(shell(MIP), shell(f"gzip -k v/{COARSE}")))
case("a mended mip: both forms, of a gzip volume", MIP + " --resume", 1, "with .gz and without", both(shell(MIP + " --compress gzip:6"), shell(f"gunzip -k v/{COARSE}.gz")))
case("a gzip mip whose files became plain", MIP + " --resume", 0, "found done", both(shell(MIP + " --compress gzip:6"), shell(f"gunzip v/{COARSE}.gz")), is_good)
case("the source was touched: made again", MIP + " --resume", 0, "", both(shell(MIP), shell(f"touch -d 2099-01-01 v/{FINE}")), is_good)
case("mips from before the epoch", MIP + " --resume", 0, "", both(shell(MIP), shell(f"touch -d 1960-01-01 v/{COARSE}")), is_good)
case("the source is away after the mips: nothing to do", MIP + " --resume", 0, "found done", both(shell(MIP), shell("mv v/1_1_1 away")), is_good)
case("the source and a mip are away", MIP + " --resume", 1, "is missing", both(shell(MIP), shell(f"mv v/1_1_1 away; rm v/{COARSE}")))

# ---- encodings, compressions and shards: v stored otherwise is w, and the mip of w, plain again, is in u
def stored(options):
    return shell("$PP v --dest w --method striding --factor 1,1,1 --mips 1 " + options)


def damaged(name, change):
    """w's file, with its bytes changed."""
    def prepare(here):
        path = here / "w/1_1_1" / name
        path.write_bytes(change(path.read_bytes()))
    return prepare


def flipped(at):
    return lambda data: data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


BACK = "$PP w --dest u --method average --factor 2,2,1 --mips 1 --encoding raw --compress none --unsharded --chunk 16,16,8"
is_back = lambda here: is_good(here, "u")
FORMS = {
    "gzip": ("--compress gzip", "0-16_0-16_0-8.gz"), "gzip of level 1": ("--compress gzip:1", "0-16_0-16_0-8.gz"),
    "br": ("--compress br", "0-16_0-16_0-8.br"), "br of level 0": ("--compress br:0", "0-16_0-16_0-8.br"),
    "zstd": ("--compress zstd:19", "0-16_0-16_0-8.zstd"),
    "png": ("--encoding png", "0-16_0-16_0-8"), "PNG": ("--encoding PNG --compress zstd", "0-16_0-16_0-8.zstd"),
    "shards": ("--sharded", "0.shard"), "shards of gzip": ("--sharded --compress gzip", "0.shard"),
    "small shards": ("--sharded --shard-size 2KiB", "0.shard"), "shards of two": ("--sharded --shard-size 4KiB", "0.shard"),
    "shards of png": ("--sharded --encoding png --chunk 8,8,3", "0.shard"),
}
for name, (options, file) in FORMS.items():
    case(f"form {name}: there and back", BACK, 0, "", stored(options), is_back)
    case(f"form {name}: resumed, nothing is to be done", BACK.replace("u ", "w ").replace("--encoding raw --compress none --unsharded --chunk 16,16,8", "--resume"), 0,
         "found done", both(stored(options), shell("$PP w --method average --factor 2,2,1 --mips 1")))
    case(f"form {name}: the chunk cut off", BACK, 1, f"w/1_1_1/{file}", both(stored(options), damaged(file, lambda data: data[: len(data) // 2])), absent("u/info"))
    case(f"form {name}: the chunk of no bytes", BACK, 1, f"w/1_1_1/{file}", both(stored(options), damaged(file, lambda data: b"")), absent("u/info"))
    case(f"form {name}: rubbish in its place", BACK, 1, f"w/1_1_1/{file}", both(stored(options), damaged(file, lambda data: noise(len(data), 9))), absent("u/info"))
    if "shard" not in name:
        case(f"form {name}: bytes behind the end", BACK, 1, f"w/1_1_1/{file}", both(stored(options), damaged(file, lambda data: data + b"x")), absent("u/info"))
        case(f"form {name}: mended", "$PP w --method max --factor 2,2,1 --mips 1 --resume", 0, "",
             both(stored(options), shell("$PP w --method max --factor 2,2,1 --mips 1; cp -r w x; for f in w/2_2_1/*; do truncate -s 9 $f; done")),
             shell("diff -r w x"))
    else:
        case(f"form {name}: the shard is away", BACK, 1, f"w/1_1_1/{file}", both(stored(options), shell(f"rm w/1_1_1/{file}")), absent("u/info"))
        case(f"form {name}: the shard is away, missing as background", BACK + " --missing background", 0, "", both(stored(options), shell(f"rm w/1_1_1/{file}")))
        case(f"form {name}: a flat chunk among shards", BACK + " --missing background", 2, "is no shard of this scale", both(stored(options), shell("touch w/1_1_1/0-16_0-16_0-8")))
        case(f"form {name}: a shard of a longer name", BACK + " --missing background", 2, "is no shard of this scale", both(stored(options), shell("touch w/1_1_1/00ff.shard")))
        case(f"form {name}: the shard is a folder", BACK, 1, "no regular file", both(stored(options), shell(f"rm w/1_1_1/{file}; mkdir w/1_1_1/{file}")))
        case(f"form {name}: mended", "$PP w --method max --factor 2,2,1 --mips 1 --resume", 0, "",
             both(stored(options), shell("$PP w --method max --factor 2,2,1 --mips 1; cp -r w x; for f in w/2_2_1/*; do truncate -s 20 $f; done")), shell("diff -r w x"))
case("form jpeg: there and back", BACK, 0, "", stored("--encoding jpeg --quality 100"), exists("u/2_2_1"))
case("form jpeg: cut off", BACK, 1, "w/1_1_1/0-16_0-16_0-8", both(stored("--encoding jpeg"), damaged("0-16_0-16_0-8", lambda data: data[:-40])))
case("form jpeg: of another size", BACK, 1, "w/1_1_1/0-16_0-16_0-8", both(stored("--encoding jpeg"), shell("$PP v --dest y --method striding --factor 1,1,1 --mips 1 --encoding jpeg --chunk 8,8,8; cp y/1_1_1/0-8_0-8_0-8 w/1_1_1/0-16_0-16_0-8")))
case("jpeg refused for modes", "$PP v --method mode --factor 2,2,1 --mips 1 --encoding jpeg", 2, "labels that are changed")
case("jpeg refused for a segmentation", "$PP v --method max --factor 2,2,1 --mips 1 --encoding jpeg", 2, "labels that are changed", top(type="segmentation"))
case("jpeg of a mip of jpeg: told", "$PP w --method average --mips 1 --from-mip 1", 0, "is jpeg and was made of another", both(stored("--encoding jpeg"), shell("$PP w --method average --mips 1")))
for options, words in [("--encoding jxl", "'jxl'"), ("--encoding jpeg --quality 101", "--quality"), ("--quality 50", "--quality"), ("--block-size 8,8,8", "--block-size"),
                       ("--encoding compressed_segmentation", "uint32"), ("--compress xz", "--compress"), ("--compress gzip:", "--compress"),
                       ("--compress none:1", "--compress"), ("--compress zstd:20", "--compress"), ("--sharded --compress br", "--compress"), ("--sharded --unsharded", "--unsharded"),
                       ("--shard-size 1MiB", "--shard-size"), ("--sharded --shard-size 0", "--shard-size"), ("--encoding jpeg --chunk 16,65536,8", ""),
                       ("--encoding ''", "--encoding"), ("--compress ''", "--compress"), ("--skip-background --missing background --background 7", "--skip-background")]:
    case(f"storage refused: {options}", f"$PP v --method max --factor 2,2,1 --mips 1 {options}", 2 if "65536" not in options else (0, 2), words)
for options, words in [("--encoding png", "encoding"), ("--compress gzip", "compress"), ("--sharded", "sharding"), ("--skip-background", "skip_background")]:
    case(f"storage of a listed mip, mended otherwise: {options}", MIP + " --resume " + options, 2, words, both(shell(MIP), shell(f"rm v/{COARSE}")))
case("storage of an unfinished run, resumed otherwise", MIP + " --resume --sharded", 2, "", shell(f"mv v/1_1_1/16-32_16-32_0-8 x; ! {MIP} --chunk 8,8,8 --threads 1; mv x v/1_1_1/16-32_16-32_0-8; [ -e {STATE}/plan.json ]"))
for change in [dict(minishard_bits=33), dict(shard_bits=-1), dict(hash="sha1"), dict(data_encoding="br"), {"@type": "x"}]:
    case(f"sharding has {change}", "$PP w --method max --mips 1", 2, "sharding",
         both(stored("--sharded"), lambda here, c=change: (lambda p: p.write_text(json.dumps((lambda i: [i["scales"][0]["sharding"].update(c), i][1])(json.loads(p.read_text())))))(here / "w/info")))

# ---- another volume gets the mips, or a part of one
DEST = MIP + " --dest w"
case("--dest: a new volume", DEST, 0, "", None, both(lambda here: is_good(here, "w"), absent("v/2_2_1"), absent("w/.volume_pyramid")))
case("--dest: a source that may not be written to", DEST, 0, "", shell("chmod -R a-w v"), both(lambda here: is_good(here, "w"), shell("chmod -R u+w v")))
case("--dest: deep in folders that are not there", MIP + " --dest a/b/c", 0, "", None, exists("a/b/c/info"))
case("--dest: refused, nothing is made", DEST + " --task 5,5,5", 2, "--task", None, absent("w"))
case("--dest: the same volume", MIP + " --dest ./v/", 0, "", None, is_good)
case("--dest: joins another", "$PP v --method max --factor 4,4,1 --mips 1 --dest w", 0, "", shell(DEST), both(exists("w/4_4_1"), exists("w/2_2_1")))
case("--dest: there already", DEST, 2, "there already", shell(DEST))
case("--dest: mended", DEST + " --resume", 0, "", both(shell(DEST), shell(f"rm w/{COARSE}")), lambda here: is_good(here, "w"))
case("--dest: of another volume", "$PP y --method average --factor 2,2,1 --mips 1 --dest w --resume", 2, "volume is to be", both(shell(DEST), shell("cp -r v y")))
case("--dest: by another spelling", "$PP y/../v/ --method average --factor 2,2,1 --mips 1 --dest w --resume", 0, "found done", both(shell(DEST), shell("mkdir y")))
case("--dest: a volume of another type", DEST, 2, "data_type", shell("cp -r v w; sed -i s/uint8/uint16/ w/info"))
case("--dest: a file", MIP + " --dest s.npy", 1, "s.npy")
case("--dest with --create", "$PP w --create s.npy --dest u --mips 1 --method max", 2, "--dest", None, absent("w"))
case("--dest: a bad chunk, mended", DEST + " --resume", 0, "", shell(f"mv v/{FINE} x; ! {DEST}; mv x v/{FINE}"), lambda here: is_good(here, "w"))
case("--bounds without --dest", MIP + " --bounds 0-16,0-16,0-8", 2, "--dest")
for text in ["0-16,0-16", "0-0,0-16,0-8", "16-0,0-16,0-8", "0-33,0-16,0-8", "-1-16,0-16,0-8", "0-16,0-16,0-8,", "0:16,0:16,0:8", "00-16,0-16,0-8", "0-281474976710657,0-16,0-8"]:
    case(f"--bounds {text}", DEST + f" --bounds {text}", 2, "--bounds", None, absent("w"))


def bounds_are_good(here):
    voxels = noise(32 * 32 * 8)
    at = lambda x, y, z: voxels[x + 32 * (y + 32 * z)]
    data = (here / "w/2_2_1/2-10_1-15_1-6").read_bytes()
    columns = lambda begin, end: [(a, min(a + 2, end)) for a in range(begin, end, 2)]
    wanted = bytes(sum(at(x, y, z) for y in range(*rows) for x in range(*cols)) // ((rows[1] - rows[0]) * (cols[1] - cols[0]))
                   for z in range(1, 6) for rows in columns(3, 31) for cols in columns(5, 20))
    assert data == wanted, "other voxels"


case("--bounds: a part that no chunk fits", DEST + " --bounds 5-20,3-31,1-6", 0, "rounded down", None, bounds_are_good)
case("--bounds: other bounds are another run", DEST + " --bounds 5-20,3-31,1-5 --resume", 2, "", shell(DEST + " --bounds 5-20,3-31,1-6"))

# ---- chunks of background that get no file
EMPTY = "$PP v --method average --factor 2,2,1 --mips 2 --chunk 8,8,8 --skip-background"
empty_corner = shell("head -c 2048 /dev/zero >v/1_1_1/0-16_0-16_0-8")
case("--skip-background: no file for zeros", EMPTY, 0, "", empty_corner, both(absent("v/2_2_1/0-8_0-8_0-8"), exists("v/2_2_1/8-16_0-8_0-8")))
case("--skip-background: the source is as it is", EMPTY, 0, "", empty_corner, exists("v/1_1_1/0-16_0-16_0-8"))
case("--skip-background: mended", EMPTY + " --resume", 0, "", both(empty_corner, shell(EMPTY), shell("cp -r v x; rm v/2_2_1/8-16_0-8_0-8")), shell("diff -r v x"))
case("--skip-background: a file of zeros that was there goes", EMPTY + " --resume", 0, "", both(empty_corner, shell(EMPTY), shell("cp -r v x; rm v/4_4_1/*; head -c 512 /dev/zero >v/2_2_1/0-8_0-8_0-8")), shell("diff -r v x"))
case("--skip-background: resumed after a failure", EMPTY + " --resume", 0, "", both(empty_corner, shell(f"mv v/1_1_1/16-32_16-32_0-8 x; ! {EMPTY}; mv x v/1_1_1/16-32_16-32_0-8")), absent("v/2_2_1/0-8_0-8_0-8"))
case("--skip-background: everything is", EMPTY, 0, "", shell("for f in v/1_1_1/*; do head -c 2048 /dev/zero >$f; done"), shell("[ -z \"$(ls v/2_2_1 v/4_4_1 | grep -v :)\" ]"))
case("--skip-background: in shards", EMPTY + " --sharded --shard-size 1", 0, "", empty_corner, both(absent("v/2_2_1/0.shard"), exists("v/2_2_1/1.shard")))
case("--skip-background: read again", "$PP v --from-mip 1 --method max --factor 4,4,1 --mips 1 --missing background", 0, "", both(empty_corner, shell(EMPTY)))
case("--skip-background: read again, and not said that some are missing", "$PP v --from-mip 1 --method max --factor 4,4,1 --mips 1", 1, "is missing", both(empty_corner, shell(EMPTY)))
case("--skip-background with --create", "$PP w --create s.npy --chunk 8,8,8 --skip-background --sharded && $PP w --create s.npy --chunk 8,8,8 --resume", 0, "found done")

# ---- tasks that any scheduler runs
PREPARE = "$PP v --method average --factor 2,2,1 --mips 1 --chunk 8,8,8 --task 16,16,8 --prepare"
WHOLE = PREPARE.replace(" --prepare", "")
prepared = both(shell("cp -r v x; " + WHOLE.replace("$PP v", "$PP x")), shell(PREPARE))
as_whole = both(shell("diff -r v x"), absent(STATE))
case("tasks: prepared, and nothing else", PREPARE, 0, "4", None, both(exists(STATE + "/plan.json"), lambda here: "2_2_1" not in (here / "v/info").read_text() or 1 / 0))
case("tasks: the number alone on stdout", f"[ $({PREPARE} 2>x) = 4 ] && [ $({PREPARE} --list 2>x | wc -l) = 4 ]", 0)
case("tasks: prepared twice", PREPARE, 0, "4", shell(PREPARE))
case("tasks: prepared otherwise", PREPARE.replace("average", "max"), 2, "method", shell(PREPARE))
case("tasks: prepared with another shape", PREPARE.replace("16,16,8 --prep", "32,16,8 --prep"), 2, "task", shell(PREPARE))
case("tasks: prepared, and a run of other options", WHOLE.replace("average", "max"), 2, "unfinished", shell(PREPARE))
case("tasks: prepared, and resumed by one run", WHOLE + " --resume", 0, "", prepared, as_whole)
case("tasks: parts in any order, one twice", "$PP v --part 2/3 && $PP v --part 3/3 && $PP v --part 2/3 && $PP v --part 1/3 && $PP v --finish", 0, "", prepared, as_whole)
case("tasks: by number", "$PP v --tasks 3 && $PP v --tasks 0..2 && $PP v --finish", 0, "", prepared, as_whole)
case("tasks: more parts than tasks", "for k in 1 2 3 4 5 6 7 8 9; do $PP v --part $k/9 || exit 9; done; $PP v --finish", 0, "", prepared, as_whole)
case("tasks: from another folder", "cd / && $PP $OLDPWD/v --part 1/1 && $PP $OLDPWD/v --finish", 0, "", prepared, as_whole)
case("tasks: all parts twice at once", "for k in 1 2 3 1 2 3; do $PP v --part $k/3 & done; wait; $PP v --finish", 0, "", prepared, as_whole)
case("tasks: some are missing", "$PP v --finish", 1, "2 of 4 tasks miss chunks, or have some that are older than their source: 0, 2;", both(prepared, shell("$PP v --tasks 1; $PP v --tasks 3")),
     lambda here: "2_2_1" not in (here / "v/info").read_text() or 1 / 0)
case("tasks: a chunk is missing", "$PP v --finish", 1, "1 of 4 tasks miss chunks, or have some that are older than their source: 1;", both(prepared, shell("$PP v --part 1/1; rm v/2_2_1/8-16_0-8_0-8")))
case("tasks: a chunk is cut off", "$PP v --finish", 1, "source: 1;", both(prepared, shell("$PP v --part 1/1; truncate -s 9 v/2_2_1/8-16_0-8_0-8")))
case("tasks: the source has changed", "$PP v --finish", 1, "source: 0;", both(prepared, shell(f"$PP v --part 1/1; touch -d 2099-01-01 v/{FINE}")))
case("tasks: a chunk of the source is missing", "$PP v --part 1/1", 1, FINE, both(prepared, shell(f"rm v/{FINE}")))
case("tasks: mended, the part again", "$PP v --part 1/1 && $PP v --finish", 0, "", both(prepared, shell(f"mv v/{FINE} y; ! $PP v --part 1/1; mv y v/{FINE}")), as_whole)
case("tasks: one that was finished", "$PP v --part 1/1", 2, "no tasks that are prepared", both(prepared, shell("$PP v --part 1/1; $PP v --finish")))
case("tasks: nothing is prepared", "$PP v --part 1/1", 2, "no tasks that are prepared")
case("tasks: nothing is prepared, finished", "$PP v --finish", 2, "no tasks that are prepared")
case("tasks: an unfinished run is not prepared", "$PP v --part 1/1", 2, "no tasks that are prepared", shell(f"rm v/1_1_1/16-32_16-32_0-8; ! {MIP} --chunk 8,8,8 --threads 1; [ -e {STATE}/plan.json ]"))
case("tasks: the info has changed", "$PP v --part 1/1", 2, "", both(prepared, info_with(lambda info: info["scales"][0].update(size=[30, 32, 8]))))
case("tasks: somebody has listed the mip", "$PP v --finish", (1, 2), "there already", both(prepared, shell("$PP v --part 1/1"), info_with(lambda info: info["scales"].append(dict(info["scales"][0], key="2_2_1", resolution=[2, 2, 1])))))
case("tasks: the plan is damaged", "$PP v --part 1/1", 2, "damaged", both(prepared, lambda here: (lambda p: p.write_text(p.read_text().replace('"task"', '"ask"')))(here / STATE / "plan.json")))
case("tasks: the plan has other arguments", "$PP v --part 1/1", 2, "method", both(prepared, lambda here: (lambda p: p.write_text(p.read_text().replace('"average",\n      "--factor"', '"max",\n      "--factor"')))(here / STATE / "plan.json")))
case("tasks: into another volume", "$PP w --part 2/2 && $PP w --part 1/2 && $PP w --finish", 0, "", shell(WHOLE + " --dest x; " + PREPARE + " --dest w"), both(shell("diff -r w x"), absent("v/2_2_1")))
case("tasks: into another volume, by the source's name", "$PP v --part 1/1", 2, "no tasks that are prepared", shell(PREPARE + " --dest w"))
case("tasks: that skip background", "$PP v --finish", 1, "source: 1;", both(empty_corner, shell(PREPARE + " --skip-background; $PP v --tasks 0; $PP v --tasks 2..3")))
case("tasks: that skip background, all done", "$PP v --part 1/1 && $PP v --finish", 0, "", both(empty_corner, shell(PREPARE + " --skip-background; $PP v --tasks 0")), absent("v/2_2_1/0-8_0-8_0-8"))
case("tasks: shards", "$PP v --part 2/2 && $PP v --part 2/2 && $PP v --part 1/2 && $PP v --finish", 0, "found done", shell("cp -r v x; " + (WHOLE + " --sharded").replace("$PP v", "$PP x") + "; " + PREPARE + " --sharded"), as_whole)
case("tasks: more parts than tasks, one that has none", "$PP v --part 1/9", 0, "none of the 4 tasks", prepared)
case("tasks: a thousand million parts", "$PP v --part 1000000000/1000000000 && $PP v --tasks 0..2 && $PP v --finish", 0, "", prepared, as_whole)
case("tasks: three are missing", "$PP v --finish", 1, "3 of 4 tasks miss chunks, or have some that are older than their source: 0, 2..3;", both(prepared, shell("$PP v --tasks 1; cp v/info y")), shell("cmp v/info y"))
case("tasks: prepared twice, in other words", "$PP v --threads 2 --prepare --task 16,16,8 --chunk 8,8,8 --mips 1 --factor 2,2,1 --method average && $PP v --part 1/1 && $PP v --finish", 0, "2 threads each", prepared, as_whole)
LOOK = "find v -type f -printf '%p %i %T@\\n' | sort"
case("tasks: a part that was done is not done again", f"$PP v --part 1/1 && {LOOK} | cmp - y", 0, "4 of them found done", both(prepared, shell(f"$PP v --part 1/1; {LOOK} >y")))
case("tasks: a part that was done is not done again, in shards", f"$PP v --part 1/1 && {LOOK} | cmp - y", 0, "4 of them found done", shell(f"{PREPARE} --sharded; $PP v --part 1/1; {LOOK} >y"))
case("tasks: a line for each task", PREPARE + " --from-mip 0 --list 2>x | cmp - y", 0, "", lambda here: (here / "y").write_text("".join(
    '{"task":%d,"box":[[%d,%d],[%d,%d],[0,8]],"bytes":2048}\n' % (i, x, x + 16, y, y + 16) for i, (y, x) in enumerate([(0, 0), (0, 16), (16, 0), (16, 16)]))))
case("tasks: a list that cannot be written", PREPARE + " --list >/dev/full", 1, "stdout")
case("tasks: a list of which the first line was wanted", PREPARE + " --list 2>x | head -n 1 && $PP v --part 1/1 && $PP v --finish", 0, '"task":0', None, absent(STATE))
case("tasks: the source has another type", "$PP v --part 1/1", 2, "data_type", both(prepared, top(data_type="int8")))
case("tasks: the source has another type, finished", "$PP v --finish", 2, "data_type", both(prepared, shell("$PP v --part 1/1"), top(data_type="int8")))
case("tasks: the source is elsewhere and has another type", "$PP w --part 1/1", 2, "data_type", both(shell(PREPARE + " --dest w"), top(data_type="int8")))
case("tasks: the source is elsewhere and in other chunks", "$PP w --part 1/1", 2, "chunk_sizes", both(shell(PREPARE + " --dest w"), scale0(chunk_sizes=[[8, 8, 8]])))
case("tasks: the source is elsewhere, and gone", "$PP w --part 1/1", 2, "v/info", shell(PREPARE + " --dest w; mv v x"))
case("tasks: the source is another number now", "$PP w --part 1/1", 2, "key", both(shell(PREPARE + " --dest w"), info_with(lambda info: info["scales"].insert(0, dict(info["scales"][0], key="f", resolution=[0.5, 0.5, 1])))))
case("tasks: the source has got a member and a mip of others", "$PP w --part 1/1 && $PP w --finish", 0, "", both(shell(PREPARE + " --dest w"), scale0(hidden=True), info_with(lambda info: info["scales"].append(dict(info["scales"][0], key="c", resolution=[64, 64, 64])))))
case("tasks: another plan in the same place", PREPARE.replace("$PP v", "$PP x") + " --dest w", 2, "was begun with other options", shell("cp -r v x; " + PREPARE + " --dest w"))
case("tasks: another plan in the same place, of other mips", PREPARE.replace("2,2,1 --mips 1", "1,1,2 --mips 1").replace("16,16,8 --p", "16,16,16 --p") + " --dest w", 2, "was begun with other options", shell(PREPARE + " --dest w"))
case("tasks: finished, and ended before its end was told", "$PP v --part 1/2 && $PP v --finish", 0, "", both(prepared, shell(f"$PP v --part 1/1; cp -r {STATE} y; $PP v --finish; mv y {STATE}")), as_whole)
case("tasks: finished twice at once", "$PP v --finish & $PP v --finish; a=$?; wait $!; b=$?; [ $a$b = 00 ] || [ $a$b = 02 ] || [ $a$b = 20 ]", 0, "", both(prepared, shell("$PP v --part 1/1")), as_whole)
case("tasks: finished while a part is done again", "for k in 1 2 3 4; do $PP v --part 1/1 & done; $PP v --finish; wait", 0, "", both(prepared, shell("$PP v --part 1/1")), as_whole)
case("tasks: a folder has a chunk's name", "$PP v --finish", 1, "--finish again", both(prepared, shell("$PP v --part 1/1; rm v/2_2_1/8-16_0-8_0-8; mkdir v/2_2_1/8-16_0-8_0-8")), lambda here: "2_2_1" not in (here / "v/info").read_text() or 1 / 0)
case("tasks: that skip background, a chunk was lost", "$PP v --finish", 1, "source: 1;", both(empty_corner, shell(PREPARE + " --skip-background; $PP v --part 1/1; rm v/2_2_1/8-16_0-8_0-8")))
case("tasks: that skip background, the mark is cut off", "$PP v --finish", 1, "source: 0;", both(empty_corner, shell(PREPARE + f" --skip-background; $PP v --part 1/1; : >{STATE}/done-0-0-0-16-16-8")))
for value in ["[-16, 16, 8]", "[0, 0, 0]", "[16, 16]", "[9223372036854775807, 16, 8]", '"x"', "null", "[16.5, 16, 8]", "[24, 16, 8]"]:
    case(f"tasks: the plan's task is {value}", "$PP v --part 1/1", 2, "", both(prepared, lambda here, v=value: (lambda p: p.write_text(re.sub(r'"task": \[[^]]*\]', '"task": ' + v, p.read_text())))(here / STATE / "plan.json")))
for value in ["[]", "[1]", "null", '["v"]', '["--help"]', '["v", "--part", "1/1"]', '["v", "--create", "s.npy"]']:
    case(f"tasks: the plan's arguments are {value}", "$PP v --part 1/1", 2, "", both(prepared, lambda here, v=value: (lambda p: p.write_text(re.sub(r'"arguments": \[[^]]*\]', lambda _: '"arguments": ' + v, p.read_text())))(here / STATE / "plan.json")))
for text in ["--part 0/3", "--part 4/3", "--part 3", "--part /3", "--part 1/", "--part 01/3", "--part 1/3/5", "--part 1/1000000001", "--tasks 4", "--tasks 2..1", "--tasks ..3", "--tasks 1..", "--tasks 0..4",
             "--tasks 1-2", "--part 1/3 --tasks 1", "--part 1/3 --finish", "--part 1/3 --method max", "--finish --resume", "--tasks 1 --chunk 8,8,8", "--part 1/3 --list", "--part ''"]:
    case(f"tasks: refused: {text}", f"$PP v {text}", 2, "--", prepared)
for text in ["--resume", "--dry-run", "--finish", "--part 1/2", "--create s.npy"]:
    case(f"tasks: refused: --prepare {text}", PREPARE + " " + text, 2, "--")

# ---- what stands in the way in the volume's folder
case("the state is a file", MIP, 1, ".volume_pyramid", shell(f": >{STATE}"))
case("the state leads nowhere", MIP, 1, ".volume_pyramid", shell(f"ln -s nowhere {STATE}"))
case("the lock is a folder", MIP, 1, "lock", shell(f"mkdir -p {STATE}/lock"))
case("the plan is a folder", MIP, (1, 2), "plan.json", shell(f"mkdir -p {STATE}/plan.json; touch {STATE}/lock"))
case("the plan is empty", MIP + " --resume", 2, "plan.json", shell(f"mkdir -p {STATE}; touch {STATE}/lock; : >{STATE}/plan.json"))
case("the plan is no JSON", MIP + " --resume", 2, "plan.json", shell(f"mkdir -p {STATE}; touch {STATE}/lock; echo rubbish >{STATE}/plan.json"))
case("the plan is nested deep", MIP + " --resume", 2, "plan.json", shell(f"mkdir -p {STATE}; touch {STATE}/lock; head -c 200000 /dev/zero | tr '\\0' '[' >{STATE}/plan.json"))
case("the plan is of version 0.1", MIP + " --resume", 2, "another version", shell(f"mkdir -p {STATE}; touch {STATE}/lock; echo '{{\"method\": \"average\"}}' >{STATE}/plan.json"))
case("the plan is a list of rubbish", MIP + " --resume", 2, "begun", shell(f"mkdir -p {STATE}; touch {STATE}/lock; echo '{{\"scales\": [1, {{}}]}}' >{STATE}/plan.json"))
case("temporary files of a run that was killed", MIP, 0, "", shell(f"mkdir -p {STATE}/tmp {STATE}/tmp-1; touch {STATE}/tmp/x {STATE}/tmp-1/y {STATE}/lock"), absent(STATE))
case("files in the new scale's folder", MIP, 2, "in the way", shell("mkdir v/2_2_1; touch v/2_2_1/x"))
case("the new scale's folder is there, and empty", MIP, 0, "", shell("mkdir v/2_2_1"), is_good)
case("the new scale's folder is a file", MIP, 2, "in the way", shell(": >v/2_2_1"))
case("the new scale's folder leads nowhere", MIP, 1, "2_2_1", shell("ln -s nowhere v/2_2_1"))
case("the new scale's folder is a link", MIP, 0, "", shell("mkdir far; ln -s ../far v/2_2_1"), is_good)
case("the volume is a file", "$PP s.npy --method max --mips 1", 2, "s.npy")
case("the volume is a file, and to be made", "$PP s.npy --create s.npy", (1, 2), "s.npy")
case("the volume leads nowhere", "ln -s nowhere w && $PP w --create s.npy", (1, 2), "w", after=lambda here: os.remove(here / "w"))
case("the volume is a link", "$PP w --method average --factor 2,2,1 --mips 1", 0, "", shell("ln -s v w"), is_good)
case("the volume is here", "cd v && $PP . --method average --factor 2,2,1 --mips 1", 0, "", None, is_good)
case("the volume by a link and up again", "$PP link/../v --method average --factor 2,2,1 --mips 1", 0, "", shell("mkdir sub; ln -s sub link"), is_good)
case("a name with blanks, quotes and signs of printf", "$PP 'a %s\"%n b' --create s.npy --mips 1 --method max", 0, "", None, exists('a %s"%n b/2_2_1'))
case("a name with a line's end", "$PP 'a\nb' --create s.npy", 0, "", None, exists("a\nb/info"))
case("a volume deep in folders that are not there", "$PP a/b/c --create s.npy", 0, "", None, exists("a/b/c/info"))
case("a volume deep in folders that are not there, refused", "$PP a/b/c --create s.npy --task 5,5,5 --mips 1 --method max", 2, "--task", None, absent("a"))
case("info leads to where it is not yet", "mkdir w far && ln -s ../far/info w/info && $PP w --create s.npy", 0, "", None, exists("far/info"))

# ---- --create
for name, text in [("of no bytes", b""), ("an archive", b"PK\3\4" + noise(99)), ("a header that ends early", npy_header("|u1", (32, 32, 8))[:40]),
                   ("without its last byte", npy_header("|u1", (32, 32, 8)) + noise(32 * 32 * 8 - 1)),
                   ("of no voxels", npy_header("|u1", (32, 0, 8))), ("of one axis", npy_header("|u1", (99,)) + noise(99)),
                   ("of five axes", npy_header("|u1", (1,) * 5) + b"x"), ("of doubles", npy_header("<f8", (1, 1, 1)) + noise(8)),
                   ("of 2^62 voxels", npy_header("|u1", (2**31, 2**31, 1))), ("of -1 voxels", npy_header("|u1", (-1, 1, 1)))]:
    case(f"a .npy {name}", "$PP w --create x.npy", 2, "x.npy" if "doubles" not in name else "float64", lambda here, t=text: (here / "x.npy").write_bytes(t), absent("w"))
for axes in ["xy", "xxy", "xyzcc", "abc", "XYZ", "xyzt", "x,y,z"]:
    case(f"--axes {axes}", f"$PP w --create s.npy --axes {axes}", 2, "--axes", None, absent("w"))
case("--axes of four for three", "$PP w --create s.npy --axes xyzc", 2, "--axes", None, absent("w"))
case("bytes of the other order", "$PP w --create x.npy --chunk 4,4,4", 0, "", lambda here: (here / "x.npy").write_bytes(npy_header(">u2", (2, 1, 1)) + b"\1\2\3\4"),
     lambda here: exists("w/1_1_1/0-2_0-1_0-1")(here) or (here / "w/1_1_1/0-2_0-1_0-1").read_bytes() == b"\2\1\4\3" or 1 / 0)
case("the .npy is a pipe", "mkfifo x.npy && $PP w --create x.npy", 2, "not a regular file", None, None)
case("the .npy is a device", "$PP w --create /dev/zero", 2, "not a regular file", None, absent("w"))
case("the .npy is in the volume to be made", "mkdir -p w/1_1_1 && cp s.npy w/1_1_1 && $PP w --create w/1_1_1/s.npy", 2, "in the way")
case("--create over a volume", "$PP v --create s.npy --chunk 16,16,8", 2, "already")
case("--create --resume over a volume of others", "$PP v --create s.npy --chunk 16,16,8 --resume", 2, "does not tell", scale0(made_by=DROPPED))
case("--create --resume, another resolution", "$PP v --create s.npy --chunk 16,16,8 --resume --resolution 2,2,2", 2, "no scale 2_2_2")
case("--create --resume after a finer scale has joined", "$PP v --create s.npy --chunk 16,16,8 --resume", 2, "not the first",
     info_with(lambda info: info["scales"].insert(0, dict(info["scales"][0], key="f", resolution=[0.5, 0.5, 1], made_by=None))))
case("--create --resume mends and adds mips", "$PP v --create s.npy --chunk 16,16,8 --resume --method average --factor 2,2,1 --mips 1", 0, "", shell(f"rm v/{FINE}"), is_good)
case("--create --resume beside an unfinished run of mips", "$PP v --create s.npy --chunk 16,16,8 --resume", 0, "",
     both(shell(f"mv v/1_1_1/16-32_16-32_0-8 x; ! {MIP} --threads 1; [ -e {STATE}/plan.json ] || exit 0; rm v/{FINE}")), exists("v/1_1_1/16-32_16-32_0-8"))
case("channels in a segmentation", "$PP w --create x.npy --type segmentation", 2, "one channel", lambda here: write_npy(here / "x.npy", (4, 4, 4, 2)), absent("w"))
case("one channel as a fourth axis", "$PP w --create x.npy --type segmentation", 0, "", lambda here: write_npy(here / "x.npy", (4, 4, 4, 1)), exists("w/info"))

# ---- --create of TIFF files
SLICES = [noise(32 * 32 * 8)[z * 1024:][:1024] for z in range(8)]
TIFF = "$PP w --create {} --chunk 16,16,8"


def file_of(content, name="x.tif"):
    def prepare(here):
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_bytes(content)
    return prepare


def folder_of(*files):
    return both(*(file_of(content, "s/" + name) for name, content in files))


def is_v(here):
    assert tree(here / "w/1_1_1") == tree(here / "v/1_1_1"), "other voxels than of the .npy"


NUMBERED = [(f"z{z}.tif", tiff([SLICES[z]], 32)) for z in range(8)]
for packed in (False, True):
    case(f"TIFF: a file{', packed' if packed else ''}", TIFF.format("x.tif"), 0, "", file_of(tiff(SLICES, 32, packed)), is_v)
    whole = tiff(SLICES, 32, packed)
    for end in range(1, len(whole), 997):
        case(f"TIFF: cut off after {end} bytes, {packed}", TIFF.format("x.tif"), 2, "x.tif", file_of(whole[:end]), absent("w"))
case("TIFF: a folder, its numbers in order", TIFF.format("s"), 0, "8 of the 8 files in it, z0.tif to z7.tif", folder_of(*NUMBERED), is_v)
case("TIFF: numbers of two lengths", TIFF.format("s"), 0, "s9.tif to s16.tif", folder_of(*((f"s{9 + z}.tif", NUMBERED[z][1]) for z in range(8))), is_v)
case("TIFF: capitals, and zeros in front", TIFF.format("s"), 0, "", folder_of(*((f"Z_{z:03}.TIFF", NUMBERED[z][1]) for z in range(8))), is_v)
case("TIFF: other files beside", TIFF.format("s"), 0, "8 of the 10 files", folder_of(*NUMBERED, ("notes.txt", b"x"), ("._z0.tif", b"x")), is_v)
case("TIFF: a slice is missing", TIFF.format("s"), 0, "s/z3.tif is followed by z5.tif", folder_of(*NUMBERED[:4], *NUMBERED[5:]), exists("w/info"))
case("TIFF: a smaller slice", TIFF.format("s"), 2, "s/z9.tif: page 0 is 16 x 64", folder_of(*NUMBERED, ("z9.tif", tiff([SLICES[0]], 16))), absent("w"))
case("TIFF: a file of no bytes among them", TIFF.format("s"), 2, "s/z9.tif: an empty file", folder_of(*NUMBERED, ("z9.tif", b"")), absent("w"))
case("TIFF: a folder among them", TIFF.format("s"), 2, "s/z9.tif", both(folder_of(*NUMBERED), lambda here: (here / "s/z9.tif").mkdir()), absent("w"))
case("TIFF: an empty folder", TIFF.format("s"), 2, "without a .tif", lambda here: (here / "s").mkdir(), absent("w"))
case("TIFF: --axes", TIFF.format("x.tif") + " --axes zyx", 2, "its pages are z", file_of(tiff(SLICES, 32)), absent("w"))
case("TIFF: pages that go in a circle", TIFF.format("x.tif"), 2, "x.tif", file_of(tiff(SLICES, 32)[:-4] + b"\x0c\4\0\0"), absent("w"))
for tag, value, words in [(258, 12, "12 bits"), (258, 1, "1 bits"), (259, 34712, "compression is 34712"), (262, 0, "0 is white"), (262, 5, "photometric"),
                          (274, 3, "orientation is 3"), (254, 1, "smaller copy"), (339, 6, "neither"), (256, 0, ""), (257, 2**31, ""), (277, 3, ""), (256, 2**32 - 1, "x.tif"),
                          (273, 2**32 - 1, "strip 0"), (278, 1, "strip")]:
    case(f"TIFF: tag {tag} is {value}", TIFF.format("x.tif"), 2, words, file_of(tiff(SLICES, 32, tags=[(tag, value)])), absent("w"))
for value in (0, 2**32 - 1):  # what libtiff knows better
    case(f"TIFF: tag 279 is {value}", TIFF.format("x.tif"), 0, "", file_of(tiff(SLICES, 32, tags=[(279, value)])), is_v)
case("TIFF: damaged, and packed", TIFF.format("x.tif"), 1, "x.tif, page 0: row", file_of(tiff(SLICES, 32, True)[:30] + b"\xff" * 500 + tiff(SLICES, 32, True)[530:]), absent("w/info"))
case("TIFF: resumed from a file of another name", "cp x.tif y.tif && $PP w --create x.tif --chunk 16,16,8 && rm w/1_1_1/16-32_0-16_0-8 && $PP w --create y.tif --chunk 16,16,8 --resume", 0, "", file_of(tiff(SLICES, 32)), is_v)
case("TIFF: resumed from another file", "$PP w --create x.tif --chunk 16,16,8 && $PP w --create y.tif --chunk 16,16,8 --resume", 2, "made otherwise: tiff",
     both(file_of(tiff(SLICES, 32)), file_of(tiff(SLICES[::-1], 32), "y.tif")), is_v)

# ---- options
for text in ["--mips 41", "--mips 0", "--mips", "--mips 1 --mips 2", "--mip 1", "--nonsense", "--mips 1 --from-mip 1", "--factor 1,1,1 --mips 1",
             "--factor '2,2,1;1,1,1'", "--factor ';;;' --mips 1", "--factor '2,2,1;' --mips 2", "--mips 1 other", "--mips 1 --compress gzip:10",
             "--mips 1 --background 1", "--mips 1 --sparse --background nan", "--mips 1 --ties first", "--mips 1 --votes footprint",
             "--mips 1 --isotropic --factor 2,2,1", "--mips 1 --offset 1,1,1", "--mips 1 --axes xyz", "--mips 1 --resolution 1,1,1", "--mips 2 --factor '2,2,1;2,2,1;2,2,1'",
             "--mips 1 --missing nothing", "--mips 1 --chunk 16,16", "--mips 1 --chunk 0,16,16", "--mips 1 --task 32,32,7", "--mips 1 --memory 1",
             "--mips 1 --factor 281474976710656,1,1 --chunk 281474976710656,1,1 --task 1,1,1", "--mips 40 --factor 4,1,1", "--mips 1 --threads 4097", "--mips 1 --edges replicate --factor 4,1,1"]:
    case(f"refused: {text}", f"$PP v --method average {text}", 2)
case("an option of 100000 digits", "$PP v --method average --mips $(head -c 100000 /dev/zero | tr '\\0' 1)", 2, "--mips")
case("a background of 100000 digits", "$PP v --method average --mips 1 --sparse --background $(head -c 100000 /dev/zero | tr '\\0' 1)", 2, "--background")
case("a memory of 100000 digits", "$PP v --method average --mips 1 --memory $(head -c 100000 /dev/zero | tr '\\0' 1)", 2, "--memory")
case("20000 factors", "$PP v --method average --factor $(yes '2,2,1;' | head -20000 | tr -d '\\n')2,2,1", 2, "--factor")
case("the largest chunk and factor", "$PP v --method average --mips 1 --factor 281474976710656,281474976710656,1 --chunk 281474976710656,281474976710656,1", 0, "")
case("40 mips of a small volume", "$PP v --method average --mips 40", 0, "", None, is_good)
case("offsets below zero", "$PP w --create s.npy --offset -5,-6,-7 --mips 1 --method max", 0, "rounded down", None, exists("w/1_1_1/-5-27_-6-26_-7-1"))
case("offsets below zero, the grid is theirs", "$PP w --create s.npy --offset -5,-6,-7 --mips 1 --method max --grid global", 0, "", None, exists("w/2_2_1/-3-14_-3-13_-7-1"))
case("--grid is neither", MIP + " --grid local", 2, "--grid", None, absent("v/2_2_1"))
case("--grid without mips", "$PP w --create s.npy --grid global", 2, "--grid has a meaning only with --mips", None, absent("w"))
case("--grid of a volume at the origin", MIP + " --grid global", 0, "", None, is_good)
case("--grid is another when resumed", "$PP v --method average --factor 2,2,1 --mips 1 --resume", 2, "grid is to be not there", shell(MIP + " --grid global"))
for mips in (8, 40):
    case(f"--grid at offsets near the end of the numbers, {mips} mips", f"$PP w --create s.npy --offset 281474976710653,-281474976710655,5 --chunk 16,16,8 --mips {mips} --factor 2,2,2 --method max --grid global",
         0, "", None, exists("w/1_1_1/281474976710653-281474976710669_-281474976710655--281474976710639_5-13"))
case("--grid with 40 mips of an axis from -1 to 1", "$PP w --create x.npy --offset -1,-1,-1 --mips 40 --method max --grid global --isotropic", 0, "", lambda here: write_npy(here / "x.npy", (2, 2, 2)), None)
case("--help with a wrong option", "$PP --help --nonsense", (0, 2))
case("no arguments", "$PP", 2, "volume")
case("4096 threads", MIP + " --threads 4096", 0, "", None, is_good)
case("a German locale", "LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 " + MIP + " --sparse --background 0", 0)
case("the environment of another MPI", "OMPI_COMM_WORLD_SIZE=rubbish " + MIP, (0, 1, 2))
case("few files open", "ulimit -n 12; " + MIP, (0, 1), "")
case("hardly any files open", "ulimit -n 4; " + MIP, (1, 2), "open")
case("little address space", "ulimit -v 60000; " + MIP, 0, "", None, is_good)
case("a folder that was removed", "mkdir gone; cd gone; rmdir ../gone; $PP ../v --method average --mips 1", (0, 1, 2), "")
case("--resume with nothing begun", MIP + " --resume", 0, "", None, is_good)
case("--resume twice", f"{MIP} && {MIP} --resume && {MIP} --resume", 0, "found done", None, is_good)
case("--dry-run of what is there already", f"{MIP} && {MIP} --dry-run", 2, "there already")
case("--dry-run --create of what is not there", "$PP w --create nope.npy --dry-run", 2, "nope.npy", None, absent("w"))
case("other --task, --threads and --memory are the same run", f"{MIP} && {MIP} --resume --task 32,32,8 --threads 2 --memory 1GiB", 0, "found done", None, is_good)
case("a run begun with other options is told by what differs", f"$PP v --method max --mips 1 --resume", 2, "method is to be",
     shell(f"mv v/1_1_1/16-32_16-32_0-8 x; ! {MIP} --chunk 8,8,8 --threads 1; mv x v/1_1_1/16-32_16-32_0-8; [ -e {STATE}/plan.json ]"))
case("what was begun is finished", MIP + " --chunk 8,8,8 --resume", 0, "",
     shell(f"mv v/1_1_1/16-32_16-32_0-8 x; ! {MIP} --chunk 8,8,8 --threads 1; mv x v/1_1_1/16-32_16-32_0-8"), absent(STATE))

# ---- pyramid
OUT = "$P s.npy --factor 2,2,1 --mips 2 --method max --out o"
case("P: the folder is a file", "$P s.npy --mips 1 --out s.npy", 1, "s.npy", volume=False)
case("P: the folder is below a file", "$P s.npy --mips 1 --out s.npy/o", 1, "s.npy", volume=False)
case("P: the folder has a name of 300 letters", "$P s.npy --mips 1 --out " + "o" * 300, 1, "too long", volume=False)
case("P: the file has a name of 250 letters", f"$P {'x' * 246}.npy --mips 1 --out o", 1, "too long", lambda here: write_npy(here / ("x" * 246 + ".npy"), (4, 4, 4)), absent("o"), volume=False)
case("P: the folder leads nowhere", "ln -s nowhere o; " + OUT, 1, "o", volume=False)
case("P: the folder is a link", "mkdir far; ln -s far o; " + OUT, 0, "", None, exists("far/s_mip2.npy"), volume=False)
case("P: a result's name is a pipe", "mkdir o; mkfifo o/s_mip2.npy; " + OUT, 1, "no regular file", None, absent("o/s_mip1.npy"), volume=False)
case("P: a result's name leads nowhere", "mkdir o; ln -s new o/s_mip2.npy; " + OUT, 0, "", None, exists("o/new"), volume=False)
case("P: a result's name leads into nowhere", "mkdir o; ln -s no/where o/s_mip2.npy; " + OUT, 1, "no/where", None, absent("o/s_mip1.npy"), volume=False)
case("P: a result's name is a link to itself", "mkdir o; ln -s s_mip2.npy o/s_mip2.npy; " + OUT, 1, "s_mip2", None, absent("o/s_mip1.npy"), volume=False)
case("P: fewer mips than before", OUT + "; $P s.npy --factor 2,2,1 --mips 1 --method min --out o", 0, "o/s_mip2.npy is of an earlier run", volume=False)
case("P: no name before the ending", "cp s.npy .npy; $P .npy --mips 1 --out o", 0, "", volume=False)
case("P: signs of printf in names", "cp s.npy '%s%n.npy'; $P '%s%n.npy' --mips 1 --out '%d'", 0, "", None, exists("%d/%s%n_mip1.npy"), volume=False)
case("P: a name that is no UTF-8", "cp s.npy $(printf '\\377').npy; $P $(printf '\\377').npy --mips 1 --out o", 0, volume=False)
case("P: a file that is a folder", "$P . --factor 2", 2, "not a regular file", volume=False)
case("P: a file with a slash at the end", "$P s.npy/ --mips 1", 2, "s.npy/: Not a directory", volume=False)
case("P: the largest factors", "$P s.npy --factor 281474976710656,281474976710656,281474976710656 --mips 62 --method max --out o", 0, "", volume=False)
case("P: 62 mips of one axis", "$P x.npy --factor 2 --mips 62 --out o", 0, "", lambda here: write_npy(here / "x.npy", (1000,)), volume=False)
case("P: a line of ten million voxels", "$P x.npy --factor 2 --mips 3 --out o", 0, "", lambda here: write_npy(here / "x.npy", (10**7,)), volume=False)
case("P: voxels of nan and infinity", "$P x.npy --factor 2,2,1 --mips 2 --out o", 0, "", lambda here: (here / "x.npy").write_bytes(npy_header("<f4", (4, 4, 4)) + b"\0\0\xc0\x7f\0\0\x80\x7f" * 32), volume=False)
case("P: no voxels", "$P x.npy --factor 2,2,1 --mips 2 --out o", 0, "", lambda here: (here / "x.npy").write_bytes(npy_header("<f4", (4, 0, 4))), volume=False)
case("P: little address space", "ulimit -v 30000; $P x.npy --factor 2,2,1 --mips 2 --out o", (1, 2), "memory", lambda here: write_npy(here / "x.npy", (400, 400, 100)), absent("o"), volume=False)
case("P: 4096 threads and little address space", "ulimit -v 200000; " + OUT + " --threads 4096", 0, "", volume=False)
case("P: few files open", "ulimit -n 4; " + OUT, (0, 1), "", volume=False)
case("P: a disk of 20 KiB", "ulimit -f 40; $P x.npy --mips 2 --out o/p", 1, "cannot be written", lambda here: write_npy(here / "x.npy", (200, 200, 9)), absent("o"), volume=False)
case("P: built-in volumes of too many voxels", "$P --size 281474976710656,281474976710656,2 --out o", 2, "", None, absent("o"), volume=False)
case("P: built-in volumes that no memory holds", "$P --size 1000000,1000000,1000 --out o", (1, 2), "", None, absent("o"), volume=False)
case("P: built-in volumes of one voxel", "$P --size 1,1,1 --out o", 0, "", None, exists("o/labels_mip5.npy"), volume=False)
for text in ["--mips 63", "--mips 1 --mips 2", "--factor 2,2", "--factor '2,2,1;2,2' ", "--method MODE", "--sparse --method stride", "--background 1", "--size 4,4,4",
             "--compress gzip:6", "--edges replicate --factor 3,1,1", "--rounding half_up --method mode", "--threads 0", "other.npy", "--mips=", "--sparse=1"]:
    case(f"P: refused: {text}", f"$P s.npy --out o {text}", 2, "", None, absent("o"), volume=False)
case("P: two runs into one new folder, one of which fails", "$P s.npy --mips 1 --method max --out o & $P s.npy --mips 1 --out o/s_mip1.npy >/dev/null 2>&1; wait $!", (0, 1), "", volume=False)


def main():
    global ENVIRONMENT
    here = pathlib.Path(sys.argv[2]).resolve()
    ENVIRONMENT = dict(os.environ, **programs(sys.argv[1]))
    words = sys.argv[3:]
    base = fresh(here / "base")
    write_npy(base / "s.npy", (32, 32, 8))
    made = run("$PP v --create s.npy --chunk 16,16,8", base, env=ENVIRONMENT)
    assert made.status == 0, made
    failures = count = 0
    for name, command, statuses, text, prepare, after, volume in CASES:
        if words and not any(word in name for word in words):
            continue
        count += 1
        place = fresh(here / "case")
        run(f"cp -a ../base/s.npy . {'&& cp -a ../base/v .' if volume else ''}", place)
        try:
            if prepare:
                prepare(place)
            alone = "&&" not in command and ";" not in command and "&" not in command
            # Pipes and devices have no end to be read to.
            before = tree(place) if alone else None
            outcome = run(command, place, env=ENVIRONMENT)
            check_end(outcome)
            assert outcome.status in statuses, outcome
            assert text in outcome.text, f"no word of '{text}'\n{outcome}"
            if alone and outcome.status == 2:
                assert tree(place) == before, f"refused, but something has changed\n{outcome}"
            if after:
                after(place)
        except Exception as problem:
            failures += 1
            print(f"FAIL  {name}: {command[:200]}\n      {type(problem).__name__}: {str(problem)[:1500]}")
    print(f"{count} situations, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
