"""A store of objects with the interface of S3, on loopback; it can fail some of its requests, and look at each."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Print nothing."""


@dataclass
class Server:
    """The server.

    Attributes:
        share: the share of requests that fail with status 503, in [0, 1].
        failed: the number of requests that failed so.
        watch: called before each request, with its method and path.
        refuse: says of a method and a path whether nobody may use it: status 403.
        answer: gives the status and the body in which other software answers a method, a path and a query; None where
            this store answers.
    """

    share: float = 0.0
    failed: int = 0
    watch: Callable[[str, str], None] = lambda method, path: None
    refuse: Callable[[str, str], bool] = lambda method, path: False
    answer: Callable[[str, str, str], tuple[str, str] | None] = lambda method, path, query: None
    _random: random.Random = field(default_factory=lambda: random.Random(7))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_Quiet)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.watch(method, path)
        with self._lock:
            fails = self._random.random() < self.share
            self.failed += fails
        if fails or self.refuse(method, path):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            code = "SlowDown" if fails else "AccessDenied"
            start_response("503 Slow Down" if fails else "403 Forbidden", [("Content-Type", "application/xml")])
            return [f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()]
        if other := self.answer(method, path, environ["QUERY_STRING"]):
            start_response(other[0], [("Content-Type", "application/xml")])
            return [other[1].encode()]
        return self._app(environ, start_response)  # type: ignore[no-any-return]

    def reset(self) -> None:
        """Fail no requests, and look at none."""
        self.share, self.failed = 0.0, 0
        self.watch, self.refuse = lambda method, path: None, lambda method, path: False
        self.answer = lambda method, path, query: None

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
