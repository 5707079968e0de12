"""A server of files that can be told to fail, for over_http.py. Python alone."""
import collections
import gzip
import http.server
import pathlib
import re
import socket
import struct
import threading
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    """Gives files, whole and in parts, unless the server's fault(handler, path, count) has answered: count is the
    number of the request for this path, from 1."""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # which, over connections that stay, holds each answer up by 40 ms

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        path = urllib.parse.unquote(self.path)
        with self.server.lock:
            self.server.counts[path] += 1
            self.server.agents.add(self.headers.get("User-Agent", ""))
            count = self.server.counts[path]
        if not self.server.fault(self, path, count):
            self.give(path)

    def time_of(self, path):
        file = pathlib.Path(str(self.server.root) + path)
        return {"Last-Modified": self.date_time_string(file.stat().st_mtime)} if file.is_file() else {}

    def bytes_of(self, path):
        file = pathlib.Path(str(self.server.root) + path)
        return file.read_bytes() if file.is_file() else None

    def give(self, path, ranges=True):
        data = self.bytes_of(path)
        if data is None:
            return self.reply(404, b"nothing there")
        part = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")) if ranges else None
        if not part:
            return self.reply(200, data, self.time_of(path))
        begin, end = int(part[1]), min(int(part[2]) + 1, len(data))
        if begin >= len(data):
            return self.reply(416, b"", {"Content-Range": f"bytes */{len(data)}"})
        self.reply(206, data[begin:end],
                   {"Content-Range": f"bytes {begin}-{end - 1}/{len(data)}", **self.time_of(path)})

    def reply(self, status, body, headers=None, length=None, sent=None):
        """length: what Content-Length says; sent: how many bytes go out before the connection is closed."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if sent is None else body[:sent])
        if length is not None or sent is not None:
            self.close_connection = True

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def hang(self):
        self.server.released.wait()
        self.close_connection = True

    def give_packed(self, path, encoding="gzip"):
        data = self.bytes_of(path)
        if data is None:
            return self.reply(404, b"")
        self.reply(200, gzip.compress(data, mtime=0), {"Content-Encoding": encoding})

    def log_message(self, *args):
        pass

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ValueError):  # the other side has gone; or a reset has closed all
            pass

    def finish(self):
        try:
            super().finish()
        except (ConnectionError, ValueError, OSError):
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, root, fault=lambda handler, path, count: False):
        super().__init__(("127.0.0.1", 0), Handler)
        self.root, self.fault = root, fault
        self.counts, self.agents = collections.Counter(), set()
        self.lock, self.released = threading.Lock(), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *args):
        self.released.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass
