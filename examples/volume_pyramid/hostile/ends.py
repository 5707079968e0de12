#!/usr/bin/env python3
"""Ends that nobody asked for, and what a later --resume makes of them:

  ends.py kills       EXAMPLES_OF_A_BUILD WORK [N]   N (24) runs killed at random moments, one in four by a signal that
                                                     asks, and resumed; with mpirun where MPIRUN says so
  ends.py parts       EXAMPLES_OF_A_BUILD WORK [N]   N (20) parts of prepared tasks killed at random moments, two at a time;
                                                     then all parts again, and --finish while some are
  ends.py calls       EXAMPLES_OF_A_BUILD WORK       killed at chosen system calls (where there is strace), resumed
  ends.py disks       EXAMPLES_OF_A_BUILD WORK [N]   disks full at N (13) sizes (as root: a tmpfs), then made larger
  ends.py concurrent  EXAMPLES_OF_A_BUILD WORK [N]   N (30) rounds of several runs at once into one volume or folder
  ends.py mutations   EXAMPLES_OF_A_BUILD WORK [N]   N (300) headers and infos with some bytes changed

Status 0 only if every one came out right. SEED repeats a round; it is printed.
"""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

from common import check_end, fresh, programs, run, tree, write_npy

CREATE = "$PP {} --create {}/e.npy --chunk 16,16,8 --compress gzip:4 --mips 2 --method average --threads 2"


def prepare(here):
    write_npy(here / "e.npy", (150, 70, 37))
    done = run(CREATE.format("good", here), here, env=ENVIRONMENT)
    assert done.status == 0, done
    return tree(here / "good")


def start(command, here):
    return subprocess.Popen(["/bin/sh", "-c", "exec " + command], cwd=here, env=ENVIRONMENT,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def resumed(command, here, wanted):
    done = run(command + " --resume", here, env=ENVIRONMENT)
    assert done.status == 0, done
    assert tree(here / "v") == wanted, "another tree"


def parts(here, count):
    write_npy(here / "e.npy", (200, 150, 70))
    storage = random.choice(["", "--sharded --shard-size 32KiB", "--compress gzip:9", "--encoding png --sharded"])
    made = run(f"$PP v --create {here}/e.npy --chunk 16,16,16 && cp -r v good && "
               f"$PP good --mips 2 --method average --task 64,64,64 {storage}", here, env=ENVIRONMENT)
    assert made.status == 0, made
    shutil.copytree(here / "v", here / "source")
    wanted = tree(here / "good")
    killed = 0
    for i in range(count):
        if i % 5 == 0:
            shutil.rmtree(here / "v")
            shutil.copytree(here / "source", here / "v")
            done = run(f"$PP v --mips 2 --method average --task 64,64,64 {storage} --prepare", here, env=ENVIRONMENT)
            assert done.status == 0, done
        victims = [start(f"$PP v --part {random.randint(1, 3)}/3 --threads 2", here) for _ in range(2)]
        time.sleep(random.uniform(0, 0.05))
        for victim in victims:
            killed += victim.poll() is None
            victim.send_signal(random.choice([9, 9, 15]))
            victim.wait()
        if i % 5 == 4:
            order = [1, 2, 3, random.randint(1, 3)]
            random.shuffle(order)
            for k in order:
                done = run(f"$PP v --part {k}/3", here, env=ENVIRONMENT)
                assert done.status == 0, done
            # While parts are done again, by whoever does not know that all are.
            twins = [start(f"$PP v --part {random.randint(1, 3)}/3", here) for _ in range(4)]
            time.sleep(random.uniform(0, 0.02))
            done = run("$PP v --finish", here, env=ENVIRONMENT)
            assert done.status == 0, done
            for twin in twins:
                assert twin.wait() in (0, 2), "a part of a run that was finished failed"
            assert tree(here / "v") == wanted, "another tree"
    print(f"{killed} of {2 * count} parts killed ({storage or 'raw'}); done again and finished: the same tree")


def kills(here, count):
    wanted = prepare(here)
    launcher = os.environ.get("MPIRUN", "")
    command = launcher + " " + CREATE.format("v", here)
    began = time.monotonic()
    shutil.rmtree(here / "v", ignore_errors=True)
    run(command, here, env=ENVIRONMENT)
    whole = time.monotonic() - began
    for i in range(count):
        shutil.rmtree(here / "v", ignore_errors=True)
        victim = start(command + " --resume", here)
        time.sleep(random.uniform(0, whole))
        signal = random.choice([9, 9, 9, 15])
        try:
            (os.killpg if random.random() < 0.5 else os.kill)(victim.pid, signal)
        except ProcessLookupError:
            pass
        victim.wait()
        resumed(CREATE.format("v", here), here, wanted)
    print(f"{count} kills in runs of {whole:.2f} s, all resumed to the same tree")


def calls(here, _):
    if run("strace -f -qq -o /dev/null true", here).status != 0:
        print("no strace, or it may not trace: nothing was tried")
        return
    wanted = prepare(here)
    count = 0
    for call in ["rename", "fsync", "syncfs", "mkdir", "unlink,unlinkat,rmdir", "flock"]:
        for number in [1, 2, 3, 7, 200]:
            shutil.rmtree(here / "v", ignore_errors=True)
            run(f"strace -f -qq -o /dev/null -e trace={call} -e inject={call}:signal=KILL:when={number} "
                + CREATE.format("v", here), here, env=ENVIRONMENT)
            resumed(CREATE.format("v", here), here, wanted)
            count += 1
            for error in ["EIO", "ENOSPC"]:
                shutil.rmtree(here / "v", ignore_errors=True)
                ended = run(f"strace -f -qq -o /dev/null -e trace={call} -e inject={call}:error={error}:when={number} "
                            + CREATE.format("v", here), here, env=ENVIRONMENT)
                check_end(ended)
                if ended.status == 0:
                    left = {n: t for n, t in tree(here / "v").items() if not n.startswith(".volume_pyramid")}
                    assert left == wanted, f"{call} {number} {error}: status 0, and another tree"
                resumed(CREATE.format("v", here), here, wanted)
                count += 1
    print(f"{count} ends at chosen system calls, all resumed to the same tree")


def disks(here, count):
    if os.geteuid() != 0:
        print("not root: nothing was tried")
        return
    wanted = prepare(here)
    disk = fresh(here / "disk")
    for i in range(count):
        size = 4096 * (3 + i * (900 // count))
        mounted = run(f"mount -t tmpfs -o size={size},nr_inodes={20000 if i % 3 else 20 + 60 * i} tmpfs disk", here)
        if mounted.status != 0:
            print("no tmpfs can be mounted: nothing was tried")
            return
        try:
            ended = run(CREATE.format("disk/v", here), here, env=ENVIRONMENT)
            check_end(ended)
            assert ended.status in (0, 1), ended
            if ended.status == 1:
                assert "No space left" in ended.text, ended
                run("mount -o remount,size=64m,nr_inodes=20000 disk", here)
                ended = run(CREATE.format("disk/v", here) + " --resume", here, env=ENVIRONMENT)
                assert ended.status == 0, ended
            assert tree(disk / "v") == wanted, f"{size} bytes: another tree"
        finally:
            run("umount disk", here)
    print(f"{count} full disks, all resumed to the same tree")


def concurrent(here, count):
    wanted = prepare(here)
    create = CREATE.format("v", here)
    run(f"cp -r good source && $PP source --method max --factor 8,8,1 --mips 1", here, env=ENVIRONMENT)
    for i in range(count):
        shutil.rmtree(here / "v", ignore_errors=True)
        shutil.rmtree(here / "o", ignore_errors=True)
        if i % 3 == 0:  # the same run, several times
            runs = [start(create + " --resume", here) for _ in range(3)]
        elif i % 3 == 1:  # runs that exclude each other
            runs = [start(create + " --resume", here), start(create.replace("average", "max") + " --resume", here)]
        else:  # pyramid, with results of the same names
            runs = [start(f"$P e.npy --factor 2,2,1 --mips 4 --method {m} --out o/p", here) for m in ("min", "max")]
            runs.append(start("sh -c 'ulimit -f 1; $P e.npy --factor 2,2,1 --mips 4 --out o/p'", here))
        statuses = [r.wait(timeout=120) for r in runs]
        if i % 3 == 0:
            assert statuses == [0, 0, 0] and tree(here / "v") == wanted, statuses
        elif i % 3 == 1:
            assert statuses.count(0) == 1, statuses
            method = "average" if statuses[0] == 0 else "max"
            again = run(create.replace("average", method) + " --resume", here, env=ENVIRONMENT)
            assert again.status == 0 and "of them found done" in again.text, again
        else:
            assert statuses[:2] == [0, 0] and statuses[2] == 1, statuses
            alone = {}
            for method in ("min", "max"):
                run(f"rm -rf alone; $P e.npy --factor 2,2,1 --mips 4 --method {method} --out alone", here, env=ENVIRONMENT)
                alone[method] = {n: t for n, t in tree(here / "alone").items() if n.endswith(".npy")}
            there = {n: t for n, t in tree(here / "o/p").items() if n.endswith(".npy") and t != "folder"}
            assert there in alone.values(), f"mips of two methods, or not all: {sorted(there)}"
    print(f"{count} rounds of concurrent runs: whole results, each of one run")


def mutated(text):
    changed = bytearray(text)
    for _ in range(random.choice([1, 1, 1, 2, 5])):
        at = random.randrange(len(changed))
        kind = random.randrange(4)
        if kind == 0:
            changed[at] = random.randrange(256)
        elif kind == 1:
            changed[at] ^= 1 << random.randrange(8)
        elif kind == 2:
            del changed[at:at + random.randrange(1, 9)]
        else:
            changed[at:at] = random.choice([b"9", b"-", b"0", b'"', b"[", b"]", b",", b"e9", b".5", b"null", b"\0", b"99999999999999999999"])
        if not changed:
            changed = bytearray(b" ")
    return bytes(changed)


def mutations(here, count):
    write_npy(here / "s.npy", (32, 32, 8))
    run("$PP v --create s.npy --chunk 16,16,8 --mips 1 --method average", here, env=ENVIRONMENT)
    info, npy = (here / "v/info").read_bytes(), (here / "s.npy").read_bytes()
    wanted, ends = tree(here / "v"), {}
    commands = ["$PP v --method average --mips 1 --from-mip 1 --threads 1", "$PP v --method average --mips 1 --resume",
                "$PP v --create s.npy --chunk 16,16,8 --resume", "$PP w --create m.npy --threads 1", "$P m.npy --mips 2 --out w"]
    limit = "ulimit -v 3000000; "
    for i in range(count):
        command = commands[i % len(commands)]
        shutil.rmtree(here / "w", ignore_errors=True)
        (here / "v/info").write_bytes(mutated(info) if " v " in command else info)
        (here / "m.npy").write_bytes(mutated(npy[:128]) + npy[128:])
        before = tree(here / "v")
        ended = run(limit + command, here, env=ENVIRONMENT)
        check_end(ended)
        ends[ended.status] = ends.get(ended.status, 0) + 1
        if ended.status == 2:
            assert tree(here / "v") == before and not (here / "w").exists(), f"refused, but written to\n{ended}"
        for name in before:  # whatever was there is what it was
            if name != "info":
                assert tree(here / "v").get(name) == wanted[name], f"{name} has changed\n{command}\n{ended}"
        for name in set(tree(here / "v")) - set(wanted):
            path = here / "v" / name
            shutil.rmtree(path) if path.is_dir() else path.exists() and path.unlink()
    print(f"{count} mutations, no crash and no loss; statuses " + ", ".join(f"{s}: {n}" for s, n in sorted(ends.items())))


def main():
    global ENVIRONMENT
    step, examples, work = sys.argv[1:4]
    ENVIRONMENT = dict(os.environ, **programs(examples))
    seed = int(os.environ.get("SEED", time.time_ns() % 10**9))
    random.seed(seed)
    print(f"SEED={seed}", flush=True)
    usual = {"kills": 24, "parts": 20, "calls": 0, "disks": 13, "concurrent": 30, "mutations": 300}
    count = int(sys.argv[4]) if len(sys.argv) > 4 else usual[step]
    globals()[step](fresh(pathlib.Path(work).resolve() / step), count)


if __name__ == "__main__":
    main()
