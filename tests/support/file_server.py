"""A server for tests of downloads: it serves ranges, and does on demand what servers do to downloads.

Runs in a thread of the test. `files` are what it has; what happens to the next request is set before it:
`server.once = Once(cut_after=1000)`.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Request:
    path: str
    range: str | None
    if_range: str | None
    headers: dict[str, str]
    sent: int = 0  # bytes of the body


@dataclass
class Once:
    """What happens to the next request alone."""

    status: int | None = None  # answers with that and a page of HTML
    location: str | None = None  # redirects there
    cut_after: int | None = None  # closes the connection after so many bytes of the body
    stall_after: int | None = None  # sends nothing more after so many
    announced: int | None = None  # Content-Length, instead of the truth
    no_length: bool = False
    no_ranges: bool = False  # sends all of the file, whatever was asked for
    headers: dict[str, str] = field(default_factory=dict)
    stays: bool = False  # to all requests that follow, too


class FileServer:
    def __init__(self, certificate: str | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.etags: dict[str, str | None] = {}  # an entry replaces the ETag; None: neither ETag nor date
        self.requests: list[Request] = []
        self.once = Once()
        self.seconds_per_block = 0.0  # slows every body down
        self.stopping = threading.Event()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/{path}"

    def etag_of(self, path: str) -> str | None:
        return self.etags.get(path, '"' + hashlib.sha256(self.files[path]).hexdigest()[:16] + '"')

    def close(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: FileServer
    protocol_version = "HTTP/1.1"
    block = 16384

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        server = self.owner
        once = server.once
        if not once.stays:
            server.once = Once()
        path = self.path.split("?")[0].lstrip("/")
        request = Request(path, self.headers.get("Range"), self.headers.get("If-Range"), dict(self.headers))
        server.requests.append(request)
        self.close_connection = True
        if once.location is not None:
            self._answer(302, b"Found", {"Location": once.location})
        elif once.status is not None or path not in server.files:
            self._answer(once.status or 404, b"<!DOCTYPE html><p>Sorry.", {"Content-Type": "text/html"})
        else:
            self._send_file(path, once, request)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _send_file(self, path: str, once: Once, request: Request) -> None:
        content = self.owner.files[path]
        etag = self.owner.etag_of(path)
        first = 0
        asked = re.fullmatch(r"bytes=(\d+)-", request.range or "")
        is_same = request.if_range is None or request.if_range == etag
        if asked and is_same and not once.no_ranges:
            first = int(asked.group(1))
            if first >= len(content):
                self._answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
        body = content[first:]
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if etag is not None:
            self.send_header("ETag", etag)
        for name, value in once.headers.items():
            self.send_header(name, value)
        if not once.no_length:
            self.send_header("Content-Length", str(len(body) if once.announced is None else once.announced))
        self.send_header("Connection", "close")
        self.end_headers()
        self._send_body(body, once, request)

    def _send_body(self, body: bytes, once: Once, request: Request) -> None:
        end = min([len(body)] + [n for n in (once.cut_after, once.stall_after) if n is not None])
        try:
            while request.sent < end and not self.owner.stopping.is_set():
                piece = body[request.sent : min(request.sent + self.block, end)]
                self.wfile.write(piece)
                request.sent += len(piece)
                if self.owner.seconds_per_block:
                    time.sleep(self.owner.seconds_per_block)
            if once.stall_after is not None:
                self.owner.stopping.wait(60)
        except OSError:
            pass  # the other end has had enough
