#!/usr/bin/env python3
"""Serves the bundled page, and a folder of precomputed volumes under /volumes/, to this machine.

  serve.py FOLDER [PORT]      then open http://127.0.0.1:PORT/?em=NAME&labels=NAME
"""
import functools
import http.server
import io
import pathlib
import re
import sys

PAGE = pathlib.Path(__file__).resolve().parent / "dist"


class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args, volumes, **kwargs):
        self.volumes = volumes
        super().__init__(*args, directory=str(PAGE), **kwargs)

    def translate_path(self, path):
        prefix = "/volumes/"
        if not path.startswith(prefix):
            return super().translate_path(path)
        page, self.directory = self.directory, str(self.volumes)
        found = super().translate_path(path[len(prefix) - 1 :])
        self.directory = page
        # A chunk NAME may be on the disk as NAME.gz: it goes out as it is, and the browser unpacks it.
        self.packed = not pathlib.Path(found).exists() and pathlib.Path(found + ".gz").exists()
        return found + ".gz" if self.packed else found

    def send_head(self):
        self.packed = False
        path = pathlib.Path(self.translate_path(self.path))
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if asked and any(asked.groups()) and not self.packed and path.is_file():
            return self.send_range(path, *asked.groups())
        return super().send_head()

    def send_range(self, path, first, last):
        """Of shards the viewer reads parts: bytes `first` to `last`, to the end, or the `last` bytes."""
        size = path.stat().st_size
        begin = int(first) if first else max(size - int(last), 0)
        end = min(int(last) + 1, size) if first and last else size
        if begin >= end:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        with path.open("rb") as file:
            file.seek(begin)
            part = file.read(end - begin)
        self.send_response(206)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        return io.BytesIO(part)

    def guess_type(self, path):
        return "application/octet-stream" if self.packed else super().guess_type(path)

    def end_headers(self):
        if self.packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, form, *args):
        if "404" in str(args):
            super().log_message(form, *args)


def main():
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 8080
    handler = functools.partial(Handler, volumes=pathlib.Path(sys.argv[1]).resolve())
    print(f"http://127.0.0.1:{port}/", flush=True)
    http.server.ThreadingHTTPServer(("127.0.0.1", port), handler).serve_forever()


if __name__ == "__main__":
    main()
