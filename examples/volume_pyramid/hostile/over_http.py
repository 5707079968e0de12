#!/usr/bin/env python3
"""Volumes that are read from a server: the same mips as from the folder it serves, or an error that says why.

  over_http.py VOLUME_PYRAMID FOLDER_TO_WORK_IN [NAME...]    cases of these names; all of them without
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from common import check_end, fresh, run, tree, write_npy
from failing_server import Server

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
WORK = pathlib.Path(sys.argv[2]).resolve()
MIPS = "--factor 2,2,1 --mips 2 --threads 8"
FORMS = {
    "raw": "--method average", "gzip": "--method average", "br": "--method average", "zstd": "--method average",
    "jpeg": "--method average", "shards": "--method average", "packed_shards": "--method average",
    "labels": "--method mode --ties first",
}
MADE = {
    "raw": "", "gzip": "--compress gzip", "br": "--compress br", "zstd": "--compress zstd",
    "jpeg": "--encoding jpeg", "shards": "--sharded --shard-size 20KiB",
    "packed_shards": "--sharded --shard-size 20KiB --compress gzip",
    "labels": "--encoding compressed_segmentation --compress gzip --type segmentation",
}
CASES = []


def case(function):
    CASES.append(function)
    return function


def program(arguments, **more):
    return run(f"'{PROGRAM}' {arguments}", WORK, **more)


def works(arguments):
    outcome = program(arguments)
    assert outcome.status == 0, f"{arguments}\n{outcome}"
    return outcome


def fails(arguments, status, *words, **more):
    outcome = program(arguments, **more)
    check_end(outcome)
    assert outcome.status == status, f"{arguments}\n{outcome}"
    for word in words:
        assert word in outcome.text, f"'{word}' is not in\n{outcome}"
    return outcome


def mips(source, dest, form="raw", more=""):
    return f"{source} --dest {dest} {MIPS} {FORMS[form]} {more}"


def made(dest):
    """The tree without the name of the source, in which a folder and a url differ."""
    files = tree(WORK / dest)
    whole = json.loads(files["info"])
    for scale in whole["scales"]:
        del scale["made_by"]["volume"]
    files["info"] = whole
    return files


def not_begun(dest):
    assert not (WORK / dest / "info").exists(), "an info was written"


def local(form, more=""):
    """The folder of mips that were made of the folder of this form."""
    dest = "local_" + "".join(c if c.isalnum() else "_" for c in form + more)
    if not (WORK / dest).exists():
        works(mips(f"served/{form}", dest, form, more))
    return made(dest)


def same(server, form="raw", more="", source=None, like=None):
    shutil.rmtree(WORK / "d", ignore_errors=True)
    outcome = works(mips(f"{server.url}/{source or form}", "d", form, more))
    assert made("d") == (like or local(form, more)), f"{form}: other mips than those of the folder"
    return outcome


def refused(server, status, *words, form="raw", more="", source=None):
    shutil.rmtree(WORK / "d", ignore_errors=True)
    outcome = fails(mips(f"{server.url}/{source or form}", "d", form, more), status, *words)
    not_begun("d")
    return outcome


def is_chunk(path):
    return "_" in pathlib.PurePath(path).name or path.endswith(".shard")


def for_chunks(fault, times=1):
    """The fault for the first requests of each chunk."""
    def chunk_fault(handler, path, count):
        if not is_chunk(path) or count > times:
            return False
        fault(handler, path)
        return True
    return chunk_fault


ALWAYS = 10**9


def prepare():
    fresh(WORK)
    (WORK / "served").mkdir()
    write_npy(WORK / "e.npy", (70, 40, 20))
    write_npy(WORK / "l.npy", (70, 40, 20), "<u4")
    for form, how in MADE.items():
        array = "l.npy" if form == "labels" else "e.npy"
        works(f"served/{form} --create {array} --chunk 32,32,16 --offset -16,3,5 --resolution 4,4,40 {how}")


@case
def every_form_is_read_as_from_the_folder():
    with Server(WORK / "served") as server:
        for form in FORMS:
            same(server, form)
            same(server, form, "--bounds 0-40,10-30,5-20")
        assert all(agent.startswith("tinybrain-volume_pyramid/") for agent in server.agents), server.agents


@case
def other_spellings_of_the_url():
    with Server(WORK / "served") as server:
        like = local("raw")
        shutil.rmtree(WORK / "d", ignore_errors=True)
        works(mips(f"precomputed://{server.url}/raw//", "d"))
        assert made("d") == like
        info = json.loads((WORK / "d/info").read_text())
        assert info["scales"][0]["made_by"]["volume"] == f"{server.url}/raw", info
        works(mips(f"{server.url}/raw", "d", more="--resume"))  # however it is spelled


@case
def buckets():
    # Nobody listens there, so that nothing goes out: what would be asked for is named.
    nowhere = {**os.environ, "https_proxy": "http://127.0.0.1:1", "no_proxy": "", "NO_PROXY": ""}
    for url, asked in [("gs://bucket/a/b", "https://storage.googleapis.com/bucket/a/b/info"),
                       ("precomputed://gs://bucket/a", "https://storage.googleapis.com/bucket/a/info"),
                       ("s3://bucket/a/b/", "https://bucket.s3.amazonaws.com/a/b/info"),
                       ("s3://my.bucket/a", "https://s3.amazonaws.com/my.bucket/a/info"),
                       ("'gs://bucket/a b'", "https://storage.googleapis.com/bucket/a%20b/info")]:
        fails(mips(url, "d", more="--http-retries 0"), 1, f"{asked}: cannot be read", env=nowhere)


@case
def keys_with_signs_that_urls_do_not_hold():
    source = WORK / "served/signs"
    shutil.copytree(WORK / "served/raw", source)
    info = json.loads((source / "info").read_text())
    info["scales"][0]["key"] = "../signs/a b#%41?ä"
    (source / "4_4_40").rename(source / "a b#%41?ä")
    (source / "info").write_text(json.dumps(info))
    with Server(WORK / "served") as server:
        same(server, source="signs", like=of_folder("signs"))


def of_folder(name):
    works(mips(f"served/{name}", f"local_{name}"))
    return made(f"local_{name}")


@case
def a_server_without_parts():
    def whole(handler, path, count):
        handler.give(path, ranges=False)
        return True
    with Server(WORK / "served", whole) as server:
        same(server)
        refused(server, 1, "no Range requests", f"{server.url}/shards/4_4_40/", form="shards")


@case
def other_parts_than_were_asked_for():
    def other(handler, path):
        data = handler.bytes_of(path) or b""
        handler.reply(206, data[1:2], {"Content-Range": f"bytes 1-1/{len(data)}"})
    with Server(WORK / "served", for_chunks(other, ALWAYS)) as server:
        refused(server, 1, "another part", form="shards")
        refused(server, 1, "status 206")


@case
def what_can_pass_passes():
    statuses = [503, 429, 500, 502, 504, 408]

    def passing(handler, path, count):
        if count <= 2:
            handler.reply(statuses[(count + len(path)) % len(statuses)], b"later")
        return count <= 2
    for form in ["raw", "shards"]:
        with Server(WORK / "served", passing) as server:
            same(server, form)

    def slow_down(handler, path, count):
        if path.endswith("/info") and count == 1:
            return handler.reply(429, b"", {"Retry-After": "3"}) or True
        return False
    with Server(WORK / "served", slow_down) as server:
        begin = time.monotonic()
        same(server)
        assert time.monotonic() - begin >= 3, "the server had asked for 3 seconds"


@case
def what_does_not_pass_is_told_and_resumed():
    with Server(WORK / "served", for_chunks(lambda h, p: h.reply(503, b""), ALWAYS)) as server:
        refused(server, 1, "status 503, 2 times", f"{server.url}/raw/4_4_40/", more="--http-retries 1")

    def one_is_bad(handler, path, count):
        bad = path.endswith("/-16-16_3-35_5-21") and handler.command == "GET"
        if bad:
            handler.reply(500, b"")
        return bad
    shutil.rmtree(WORK / "d", ignore_errors=True)
    with Server(WORK / "served", one_is_bad) as server:
        fails(mips(f"{server.url}/raw", "d", more="--http-retries 0"), 1, "status 500", "-16-16_3-35_5-21",
              "with --resume")
        not_begun("d")
        server.fault = lambda *_: False
        works(mips(f"{server.url}/raw", "d", more="--resume"))
        assert made("d") == local("raw")


@case
def bodies_that_are_cut():
    def cut(handler, path):
        data = handler.bytes_of(path) or b"?"
        part = handler.headers.get("Range")
        headers = {"Content-Range": f"bytes {part[6:]}/{len(data)}"} if part else {}
        handler.reply(206 if part else 200, data, headers, length=len(data), sent=len(data) // 2)
    with Server(WORK / "served", for_chunks(cut)) as server:
        same(server)
    with Server(WORK / "served", for_chunks(cut, ALWAYS)) as server:
        refused(server, 1, "transfer closed", "2 times", f"{server.url}/raw/4_4_40/", more="--http-retries 1")

    def reset(handler, path):
        handler.reset()
    for form in ["raw", "shards"]:
        with Server(WORK / "served", for_chunks(reset)) as server:
            same(server, form)


@case
def parts_that_are_cut():
    def cut(handler, path, count):
        part = handler.headers.get("Range", "")
        if count % 2 == 0 or not part or part == "bytes=0-0":
            return False
        data = handler.bytes_of(path)
        begin, end = (int(n) for n in part[6:].split("-"))
        # HTTP/1.0's way: without a length, the end of the connection is the end of the answer.
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {begin}-{end}/{len(data)}")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(data[begin:(begin + end) // 2])
        handler.close_connection = True
        return True
    with Server(WORK / "served", cut) as server:
        same(server, "shards")


@case
def servers_that_hang():
    def hang(handler, path):
        handler.hang()
    with Server(WORK / "served", for_chunks(hang)) as server:
        same(server, more="--http-timeout 1", like=local("raw"))
    with Server(WORK / "served", for_chunks(hang, ALWAYS)) as server:
        refused(server, 1, "/raw/4_4_40/", "2 times", more="--http-timeout 1 --http-retries 1")


@case
def an_interruption_ends_what_hangs():
    for command in ["HEAD", "GET"]:  # before the work begins, and while it goes on
        interrupt(lambda h, p, n: h.command == command and is_chunk(p) and (h.hang() or True))


def interrupt(fault):
    with Server(WORK / "served", fault) as server:
        shutil.rmtree(WORK / "d", ignore_errors=True)
        going = subprocess.Popen([PROGRAM, *mips(f"{server.url}/raw", "d").split()], cwd=WORK,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        time.sleep(1.5)
        assert going.poll() is None, going.communicate()[0].decode()
        begin = time.monotonic()
        going.send_signal(signal.SIGTERM)
        text = going.communicate()[0].decode()
        assert going.returncode == -signal.SIGTERM, text
        assert time.monotonic() - begin < 10 and "interrupted: Terminated" in text, text
        not_begun("d")


@case
def nobody_listens():
    with Server(WORK / "served") as server:
        pass
    refused(server, 1, f"{server.url}/raw/info", "2 times", more="--http-retries 1")


@case
def what_is_forbidden_is_not_missing():
    with Server(WORK / "served", for_chunks(lambda h, p: h.reply(403, b""), ALWAYS)) as server:
        for more in ["", "--missing background"]:
            for form in ["raw", "shards"]:
                refused(server, 1, "status 403", f"{server.url}/{form}/4_4_40/", "not taken for missing",
                        form=form, more=more)
        assert max(server.counts.values()) < 20, "it was asked again and again"
    for status in [400, 401, 405, 410, 451, 204, 505]:
        with Server(WORK / "served", for_chunks(lambda h, p: h.reply(status, b""), ALWAYS)) as server:
            refused(server, 1, f"status {status}", more="--missing background")


@case
def missing_chunks():
    for form, gone in [("raw", "-16-16_3-35_5-21"), ("gzip", "16-48_3-35_5-21.gz"), ("shards", None)]:
        source = WORK / f"served/holes_{form}"
        shutil.copytree(WORK / f"served/{form}", source)
        (source / "4_4_40" / (gone or sorted(os.listdir(source / "4_4_40"))[0])).unlink()
        with Server(WORK / "served") as server:
            refused(server, 1, "is missing", f"{server.url}/holes_{form}/4_4_40/", form=form, source=f"holes_{form}")
            works(mips(f"served/holes_{form}", f"local_holes_{form}", form, "--missing background"))
            same(server, form, "--missing background", source=f"holes_{form}", like=made(f"local_holes_{form}"))


@case
def nothing_but_missing_chunks():
    for form in ["raw", "shards"]:
        source = WORK / f"served/none_{form}"
        shutil.copytree(WORK / f"served/{form}", source)
        shutil.rmtree(source / "4_4_40")
        with Server(WORK / "served") as server:
            refused(server, 2, "nothing but background", form=form, source=f"none_{form}",
                    more="--missing background")


@case
def lengths_that_are_wrong():
    def short(handler, path):
        data = handler.bytes_of(path) or b"?"
        handler.reply(200, data, length=len(data) - 1)
        handler.close_connection = True  # or what is left over is taken for the next answer, of another chunk

    def long(handler, path):
        data = handler.bytes_of(path) or b"?"
        handler.reply(200, data, length=len(data) + 1)
    with Server(WORK / "served", for_chunks(short, ALWAYS)) as server:
        refused(server, 1, " bytes, but the chunk has ", f"{server.url}/raw/4_4_40/", more="--http-retries 0")
        refused(server, 1, f"{server.url}/jpeg/4_4_40/", form="jpeg", more="--http-retries 0")
    with Server(WORK / "served", for_chunks(long, ALWAYS)) as server:
        refused(server, 1, "transfer closed", f"{server.url}/raw/4_4_40/", more="--http-retries 1")


@case
def far_too_much():
    def endless(handler, path):
        handler.reply(200, bytes(50_000_000))
    with Server(WORK / "served", for_chunks(endless, ALWAYS)) as server:
        refused(server, 1, "far more than the chunk can need", f"{server.url}/raw/4_4_40/")


@case
def content_encodings():
    def packed(handler, path):
        handler.give_packed(path)
    # By the server, on the way: the mips follow what lies there as far as anybody can tell.
    with Server(WORK / "served", for_chunks(packed, ALWAYS)) as server:
        same(server, more="--compress none")
        same(server, "jpeg", more="--compress none")
        same(server, "gzip")  # packed twice

    def packed_part(handler, path):
        part = handler.headers.get("Range", "")[6:]
        handler.reply(206, b"?", {"Content-Encoding": "gzip", "Content-Range": f"bytes {part}/1000"})
    with Server(WORK / "served", for_chunks(packed_part, ALWAYS)) as server:
        refused(server, 1, "Content-Encoding is gzip", "parts of what", form="shards")

    # As buckets do it: the plain name, and the bytes of NAME.gz or NAME.br.
    def stored(suffix, encoding):
        def give(handler, path, count):
            data = handler.bytes_of(path + suffix)
            if data is not None:
                handler.reply(200, data, {"Content-Encoding": encoding})
            return data is not None
        return give
    for form, suffix, encoding in [("gzip", ".gz", "gzip"), ("gzip", ".gz", "x-gzip"), ("labels", ".gz", "GZIP"),
                                   ("br", ".br", "br"), ("zstd", ".zstd", "zstd")]:
        with Server(WORK / "served", stored(suffix, encoding)) as server:
            same(server, form)
            assert not any(path.endswith(suffix) for path in server.counts), "other names were asked for in vain"

    # As web servers do it: NAME.gz, and a header that says so.
    def named(handler, path, count):
        data = handler.bytes_of(path)
        if data is None or not path.endswith((".gz", ".br")):
            return False
        handler.reply(200, data, {"Content-Encoding": "gzip" if path.endswith(".gz") else "br"})
        return True
    with Server(WORK / "served", named) as server:
        same(server, "gzip")
        same(server, "br")

    def wrong(encoding):
        return lambda handler, path: handler.reply(200, handler.bytes_of(path) or b"", {"Content-Encoding": encoding})
    for encoding in ["gzip", "deflate", "gzip, gzip"]:
        with Server(WORK / "served", for_chunks(wrong(encoding), ALWAYS)) as server:
            refused(server, 1, "Content-Encoding", f"{server.url}/raw/4_4_40/")


@case
def two_forms_of_a_chunk():
    source = WORK / "served/twice"
    shutil.copytree(WORK / "served/gzip", source)
    for file in list((source / "4_4_40").iterdir()):
        shutil.copy(file, file.with_suffix(".br"))
    with Server(WORK / "served") as server:
        refused(server, 1, "is there with .gz and with .br", source="twice", more="--compress none")


@case
def forms_that_are_not_read():
    source = WORK / "served/xz"
    shutil.copytree(WORK / "served/raw", source)
    for file in list((source / "4_4_40").iterdir()):
        file.rename(str(file) + ".xz")
    with Server(WORK / "served") as server:
        refused(server, 1, ".xz: is in a form that is not read", source="xz")
        refused(server, 2, "nothing but background", source="xz", more="--missing background")


@case
def redirects():
    def elsewhere(target):
        def moved(handler, path, count):
            if not path.startswith("/moved"):
                return False
            handler.reply(302, b"over there", {"Location": target(path)})
            return True
        return moved
    with Server(WORK / "served", elsewhere(lambda path: path.removeprefix("/moved"))) as server:
        same(server, source="moved/raw")
        same(server, "shards", source="moved/shards")
    with Server(WORK / "served", elsewhere(lambda path: f"file://{WORK}/served{path[6:]}")) as server:
        refused(server, 1, "/moved/raw/info: cannot be read", "rotocol", source="moved/raw")
    with Server(WORK / "served", elsewhere(lambda path: path)) as server:
        refused(server, 1, "/moved/raw/info: cannot be read", "redirects", source="moved/raw")


@case
def pages_in_place_of_files():
    page = b"<html>This network wants you to log in.</html>"
    with Server(WORK / "served", lambda h, p, n: h.reply(200, page) or True) as server:
        refused(server, 2, "info: no JSON")
    with Server(WORK / "served", for_chunks(lambda h, p: h.reply(200, page), ALWAYS)) as server:
        for form in ["raw", "jpeg"]:
            refused(server, 1, f"{server.url}/{form}/4_4_40/", form=form)


@case
def infos():
    with Server(WORK / "served", lambda h, p, n: False) as server:
        refused(server, 2, "is no precomputed volume", f"{server.url}/nothing/info", source="nothing")
    with Server(WORK / "served", lambda h, p, n: h.reply(500, b"") or True) as server:
        refused(server, 1, f"{server.url}/raw/info", "status 500", more="--http-retries 0")
    with Server(WORK / "served", lambda h, p, n: p.endswith("info") and (h.give_packed(p) or True)) as server:
        same(server)


@case
def an_info_that_changes_meanwhile():
    def changing(handler, path, count):
        if not path.endswith("/info") or count <= 2:
            return False
        handler.reply(200, handler.bytes_of(path).replace(b'"uint8"', b'"int8"'))
        return True
    with Server(WORK / "served", changing) as server:
        refused(server, 1, "data_type or num_channels were changed meanwhile")


@case
def a_source_that_changes_before_a_run_is_resumed():
    for form in ["raw", "shards"]:
        source = WORK / f"served/changing_{form}"
        shutil.copytree(WORK / f"served/{form}", source)
        for file in (source / "4_4_40").iterdir():
            os.utime(file, (10**9, 10**9))
        first, other = (source / "4_4_40" / name for name in
                        (["-16-16_3-35_5-21", "-16-16_3-35_21-25"] if form == "raw" else ["0.shard", "4.shard"]))

        def half_done(handler, path, count):
            bad = path.endswith("/" + other.name) and handler.command == "GET"
            if bad:
                handler.reply(500, b"")
            return bad

        def resumed(between):
            """What a run of two tasks tells that has done one of them before."""
            shutil.rmtree(WORK / "d", ignore_errors=True)
            with Server(WORK / "served", half_done) as server:
                asked = mips(f"{server.url}/{source.name}", "d", form,
                             "--task 128,128,16 --unsharded --http-retries 0 --resume")
                fails(asked, 1, "status 500", "1 of 2 tasks")
                between()
                server.fault = lambda *_: False
                return works(asked).text

        assert "1 of them found done" in resumed(lambda: None)
        # As others see it: another file, and a later time.
        text = resumed(lambda: first.write_bytes(bytes(32 * 32 * 16) if form == "raw" else first.read_bytes()))
        assert "found done" not in text, text
        works(mips(f"served/{source.name}", f"local_{source.name}", form, "--unsharded"))
        assert made("d") == made(f"local_{source.name}")


@case
def a_shard_that_changes_meanwhile():
    def growing(handler, path, count):
        part = handler.headers.get("Range", "")
        if not path.endswith(".shard") or part == "bytes=0-0":
            return False
        data = handler.bytes_of(path)
        begin, end = (int(n) for n in part[6:].split("-"))
        handler.reply(206, data[begin:end + 1], {"Content-Range": f"bytes {begin}-{end}/{len(data) + 1}"})
        return True
    with Server(WORK / "served", growing) as server:
        refused(server, 1, "it changed while it was read", form="shards")


@case
def what_is_asked_wrongly():
    options = f"--dest d {MIPS} --method average"
    for url, word in [("ftp://host/v", "is no folder and no http://"), ("http://", "names no server"),
                      ("http:///v", "names no server"), ("https://host/v?token=1", "can have no ?"),
                      ("https://me:secret@host/v", "names and passwords are not sent"),
                      ("'http://host/a b'", "%20")]:
        fails(f"{url} {options}", 2, word)
    fails(f"http://127.0.0.1:1/v {MIPS} --method average", 2, "--dest names the folder")
    fails(f"served/raw --dest s3://bucket/v {MIPS} --method average", 2, "--dest is a url", "README.md")
    fails(f"http://127.0.0.1:1/v --dest http://127.0.0.1:1/w {MIPS} --method average", 2, "--dest is a url")
    fails("gs://bucket/v --create e.npy", 2, "--create makes a folder")
    fails(f"served/raw {options} --http-timeout 3", 2, "--http-timeout has a meaning only with")
    fails(f"http://127.0.0.1:1/v {options} --http-timeout 0", 2, "--http-timeout")
    not_begun("d")


def main():
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "*"
    WORK.mkdir(parents=True, exist_ok=True)
    if "built without libcurl" in program(f"http://127.0.0.1:1/v --dest d {MIPS} --method average").text:
        fails(f"http://127.0.0.1:1/v --dest d {MIPS} --method average", 2, "apt-get install libcurl4-openssl-dev")
        print("skipped: volume_pyramid is built without libcurl, and says so")
        return 77
    prepare()
    bad = 0
    for function in CASES:
        if sys.argv[3:] and not any(name in function.__name__ for name in sys.argv[3:]):
            continue
        shutil.rmtree(WORK / "d", ignore_errors=True)
        begin = time.monotonic()
        try:
            function()
            print(f"good  {function.__name__}  {time.monotonic() - begin:.1f} s", flush=True)
        except AssertionError as problem:
            bad += 1
            print(f"BAD   {function.__name__}: {problem}", flush=True)
    print(f"{bad} bad" if bad else "all good")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
