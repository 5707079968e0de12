#!/usr/bin/env python3
"""Serves the bundled page, and a folder of precomputed volumes under /volumes/, to this machine.

  serve.py FOLDER [PORT]      then open http://127.0.0.1:PORT/?em=NAME&labels=NAME
"""
import functools
import http.server
import pathlib
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
        return super().send_head()

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
