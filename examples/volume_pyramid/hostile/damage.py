#!/usr/bin/env python3
"""Damages chunks and shards of every form, one file at a time, and makes mips of them:

  damage.py EXAMPLES WORKFOLDER [COUNT]     EXAMPLES: the folder of the built programs; COUNT: of each form, 30

No run crashes or hangs. One that refuses has status 1, names the file, and lists no scale. What is cut off, or has
bytes behind its end, is always refused. SEED= repeats a round. Python alone.
"""
import json
import os
import pathlib
import random
import shutil
import sys
import time

from common import check_end, fresh, programs, run, write_npy

IMAGE, LABELS = "--method average", "--method mode"
FORMS = [
    ("raw gzip", "|u1", "--encoding raw --compress gzip", IMAGE),
    ("raw br", "|u1", "--encoding raw --compress br", IMAGE),
    ("raw zstd", "|u1", "--encoding raw --compress zstd", IMAGE),
    ("jpeg", "|u1", "--encoding jpeg", IMAGE),
    ("png", "<u2", "--encoding png", IMAGE),
    ("labels", "<u4", "--encoding compressed_segmentation", LABELS),
    ("labels gzip", "<u8", "--encoding compressed_segmentation --compress gzip", LABELS),
    ("raw in shards", "|u1", "--encoding raw --sharded", IMAGE),
    ("jpeg in shards", "|u1", "--encoding jpeg --sharded", IMAGE),
    ("labels in shards", "<u8", "--encoding compressed_segmentation --compress gzip --sharded", LABELS),
]


def bits_flipped(file):
    changed = bytearray(file)
    for _ in range(random.choice([1, 1, 2, 8])):
        # Headers and tables are at the ends; most bytes are values.
        near_end = random.randrange(min(64, len(file)))
        at = random.choice([random.randrange(len(file)), near_end, -1 - near_end])
        changed[at] ^= 1 << random.randrange(8)
    return bytes(changed)


def damaged(file, in_shard):
    """Other bytes than these, and whether they have to be refused."""
    kind = random.randrange(4)
    if kind == 0:
        return file[: random.randrange(len(file))], True
    if kind == 1:  # of a shard that is a gap, and legal
        return file + bytes([random.randrange(1, 256)] * random.randrange(1, 9)), not in_shard
    return bits_flipped(file), False


def check_form(here, environment, form, count):
    name, sample, storage, method = form
    write_npy(here / "s.npy", (32, 32, 16), sample)
    made = run(f"$PP v --create s.npy --chunk 16,16,16 {storage}", here, env=environment)
    assert made.status == 0, str(made)
    files = sorted(p for p in (here / "v").rglob("*") if p.is_file() and p.name != "info")
    refused = 0
    for _ in range(count):
        victim = random.choice(files)
        whole = victim.read_bytes()
        bytes_now, must_refuse = damaged(whole, "shards" in name)
        victim.write_bytes(bytes_now)
        ended = run(f"ulimit -v 3000000; $PP v --dest d --mips 1 {method} --threads 1", here, env=environment)
        check_end(ended)
        assert ended.status in (0, 1), f"{name}\n{ended}"
        if ended.status == 1:
            refused += 1
            assert victim.name in ended.text, f"{name}: {victim.name} is not named\n{ended}"
            info = here / "d/info"
            assert not info.exists() or not json.loads(info.read_text())["scales"], f"{name}: listed\n{ended}"
        sizes = f"{len(whole)} bytes were, {len(bytes_now)} are"
        assert ended.status == 1 or not must_refuse, f"{name}: taken for whole, {sizes}"
        victim.write_bytes(whole)
        shutil.rmtree(here / "d", ignore_errors=True)
    print(f"{name}: {refused} of {count} refused")


def main():
    environment = dict(os.environ, **programs(sys.argv[1]))
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 30
    seed = int(os.environ.get("SEED", time.time_ns() % 10**9))
    random.seed(seed)
    print(f"SEED={seed}", flush=True)
    for form in FORMS:
        check_form(fresh(pathlib.Path(sys.argv[2]).resolve() / "damage"), environment, form, count)


if __name__ == "__main__":
    main()
