"""A server of weights, over real sockets, that behaves as well or as badly as a test asks."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import Event, Thread

from dreampipe.models.weights.store import Weights

BLOCK = 1 << 16


@dataclass(frozen=True)
class Answer:
    """How one request is answered.

    Attributes:
        status: other than 200 where the request is refused.
        stop: bytes of the body after which the connection is closed; None sends all.
        hold: whether the rest is sent only once the server's `go` is set, after `stop` bytes.
        announce: Content-Length, where it is not the truth; "chunked" for none.
        to: where the answer sends on to.
    """

    status: int = 200
    stop: int | None = None
    hold: bool = False
    announce: int | str | None = None
    to: str = ""


@dataclass
class Server:
    """What is served, how, and what was asked.

    Attributes:
        files: bytes by name.
        etag: of all of them; None for none.
        ranges: whether a part can be asked for.
        believes: whether If-Range is compared, as it must be.
        answers: for each request in turn; those after them are answered well.
        asked: (name, Range) of each request, the latter empty where none came.
        sent: bytes of all bodies.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    etag: str | None = '"one"'
    ranges: bool = True
    believes: bool = True
    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    sent: int = 0
    go: Event = field(default_factory=Event)
    address: str = ""

    def weights(self, file: str = "tiny.h5", content: bytes | None = None, known: bool = True) -> Weights:
        """Weights of this name that are served here; `known` says whether their MD5 is."""
        if content is not None:
            self.files[file] = content
        data = self.files[file]
        return Weights(file, f"{self.address}/{file}", len(data), md5(data).hexdigest() if known else None)


@contextmanager
def serving(server: Server, certificate: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve during the block, on a free port of this machine."""
    with _Listening(("127.0.0.1", 0), _handler(server)) as listening:
        listening.certificate = certificate
        server.address = f"http{'s' if certificate else ''}://127.0.0.1:{listening.server_port}"
        thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.go.set()
            listening.shutdown()
            thread.join()


class _Listening(ThreadingHTTPServer):
    certificate: ssl.SSLContext | None = None

    def finish_request(self, request: socket, client_address: tuple[str, int]) -> None:
        if self.certificate is None:
            return super().finish_request(request, client_address)
        with self.certificate.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away, or trust no one, are what is tested."""


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            server.asked.append((name, self.headers.get("Range", "")))
            answer = server.answers.pop(0) if server.answers else Answer()
            if answer.status == 200 and name not in server.files:
                answer = Answer(404)
            if answer.status != 200:
                self.refuse(answer)
            else:
                self.send(server.files[name], answer)

        def refuse(self, answer: Answer) -> None:
            self.send_response(answer.status)
            if answer.to:
                self.send_header("Location", answer.to)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def send(self, data: bytes, answer: Answer) -> None:
            start = self.start()
            if start and start >= len(data):
                return self.refuse(Answer(416))
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            if server.etag:
                self.send_header("ETag", server.etag)
            if answer.announce != "chunked":
                self.send_header("Content-Length", str(answer.announce or len(data) - start))
            self.end_headers()
            self.send_body(data[start:], answer)

        def start(self) -> int:
            """Where the range begins that is asked for, and may be sent."""
            same = not server.believes or self.headers.get("If-Range") == server.etag
            asked = self.headers.get("Range", "") if server.ranges and same else ""
            return int(asked.removeprefix("bytes=").rstrip("-") or 0)

        def send_body(self, body: bytes, answer: Answer) -> None:
            stop = len(body) if answer.stop is None else answer.stop
            self.send_bytes(body[:stop])
            if answer.hold:
                server.go.wait()
                self.send_bytes(body[stop:])

        def send_bytes(self, data: bytes) -> None:
            for begin in range(0, len(data), BLOCK):
                self.wfile.write(data[begin : begin + BLOCK])
                server.sent += len(data[begin : begin + BLOCK])
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
