"""What the hostile scripts share: files made by hand, programs run with a limit, trees compared. Python alone."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import zlib


def programs(folder):
    folder = pathlib.Path(folder).resolve()
    return {"P": str(folder / "pyramid"), "PP": str(folder / "volume_pyramid" / "volume_pyramid")}


def npy_header(descr, shape, fortran=True):
    text = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (descr, fortran, tuple(shape))
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()


def noise(count, seed=1):
    """Bytes that are not all alike, the same each time."""
    block = b"".join(hashlib.sha256(b"%d %d" % (seed, i)).digest() for i in range(64))
    return (block * (count // len(block) + 1))[:count]


def write_npy(path, shape, descr="|u1", seed=1):
    count = int(descr[2:])
    for extent in shape:
        count *= extent
    path.write_bytes(npy_header(descr, shape) + noise(count, seed))


def tiff(pages, width, packed=False, tags=()):
    """A TIFF of 8 bit pages, a strip each; tags: more of them, number and value."""
    data, links = b"II*\0" + b"\0" * 4, [4]
    for page in pages:
        strip = zlib.compress(page) if packed else page
        entries = {256: width, 257: len(page) // width, 258: 8, 259: 8 if packed else 1, 262: 1, 277: 1,
                   278: len(page) // width, 279: len(strip), 273: len(data), **dict(tags)}
        data += strip + b"\0" * (len(strip) % 2)
        links.append(len(data))
        data += struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
        links.append(len(data))
        data += b"\0" * 4  # where the next page is
    whole = bytearray(data)
    for place, page in zip(links[::2], links[1::2]):
        struct.pack_into("<I", whole, place, page)
    return bytes(whole)


class Outcome:
    def __init__(self, status, text):
        self.status, self.text = status, text

    def __str__(self):
        return f"status {self.status}\n{self.text}"


def run(command, cwd, limit=120, **more):
    """Status as a shell tells it; None where it did not end."""
    try:
        done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit,
                              shell=isinstance(command, str), stdin=subprocess.DEVNULL, **more)
    except subprocess.TimeoutExpired as late:
        return Outcome(None, (late.stdout or b"").decode(errors="replace"))
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return Outcome(status, done.stdout.decode(errors="replace"))


def tree(folder):
    """Every name, with the contents or what else it is."""
    found = {}
    for at, folders, files in os.walk(folder):
        for name in folders + files:
            path = pathlib.Path(at, name)
            what = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else "folder"
            found[str(path.relative_to(folder))] = what
    return found


def fresh(path):
    if path.exists():
        shutil.rmtree(path)
    path.mkdir(parents=True)
    return path


CRASHES = {128 + s for s in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)}


def check_end(outcome):
    """What holds for every end: no crash, no hang, and a line where the status is not 0."""
    assert outcome.status is not None, "it hangs"
    assert outcome.status not in CRASHES, f"crash\n{outcome}"
    assert "json.exception" not in outcome.text and "terminate called" not in outcome.text, str(outcome)
    if outcome.status != 0:
        assert any(line.startswith(("pyramid: ", "volume_pyramid: ")) for line in outcome.text.splitlines()), \
            f"no line says why\n{outcome}"
