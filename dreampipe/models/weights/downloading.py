"""One file over HTTP, however often the connection is cut: `download(address, part)`.

A later try, of this process or another, asks the server for the rest of the very file that a part is of (RFC 9110:
Range and If-Range); where the server has another one by now, or knows no ranges, it begins anew. Nothing is believed
here of what came but its length.
"""

from __future__ import annotations

import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from dreampipe.errors import ModelError
from dreampipe.models.weights.parts import Journal, Part

OnProgress = Callable[[int, int | None], None]
"""Called with the bytes that are there, and how many there will be where that is known."""

_BLOCK = 1 << 16
_SLACK = 16 << 20  # bytes by which a file may be larger than expected, in addition to a quarter of it
_MOST = 8 << 30  # bytes of a file of which nothing is expected
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Patience:
    """The times to wait for a server.

    Attributes:
        tries: how many that bring nothing are made, one after another.
        pause: seconds before the second of them, doubled from each to the next.
        timeout: seconds for a connection, and for each silence within it.
    """

    tries: int = 4
    pause: float = 1.0
    timeout: float = 30.0


PATIENCE = Patience()


class Missed(ModelError):
    """A file did not come; the text says why, as part of a sentence."""


class Cut(Missed):
    """A download stopped before its end, and may be continued."""


def download(
    address: str,
    part: Part,
    expected: int | None = None,
    patience: Patience = PATIENCE,
    on_progress: OnProgress | None = None,
) -> None:
    """Bring a file; whatever of it has come stays in the part, however this ends.

    Args:
        expected: about how many bytes it has; a server that sends far more is stopped.

    Raises:
        Missed: why it did not come; a Cut where another try may bring it.
        ModelError: the disk has no room for it.
        OSError: the part cannot be written.
    """
    if urlsplit(address).scheme not in ("https", "http"):
        raise Missed("an address that begins with https:// is expected")
    fruitless, most = 0, part.length
    while True:
        try:
            return _try(address, part, expected, patience.timeout, on_progress)
        except Cut:
            # Held against the most that has ever been there: who begins anew for ever brings nothing.
            fruitless = 0 if part.length >= most + _BLOCK else fruitless + 1
            most = max(most, part.length)
            if fruitless == patience.tries:
                raise
        time.sleep(patience.pause * 2 ** max(fruitless - 1, 0))


def _try(address: str, part: Part, expected: int | None, timeout: float, on_progress: OnProgress | None) -> None:
    """From where the part ends, as far as the connection lasts."""
    journal = part.journal(address)
    start = part.length if journal else 0
    if journal and start == journal.total:
        return
    asked = {"Range": f"bytes={start}-", "If-Range": journal.validator} if journal else {}
    with _open(Request(address, headers={"User-Agent": "dreampipe", **asked}), part, timeout) as response:
        if journal and response.status == 206:
            _check_range(response.headers, journal, start, part)
        else:
            start, journal = 0, Journal(address, _validator(response.headers), _announced_size(response))
        _check_size(journal.total or 0, expected)
        check_room(part.path.parent, (journal.total or expected or 0) - start)
        if not start:
            part.begin(journal)
        with part.open() as file:
            file.seek(start)
            come = start
            for block in _blocks(response, start, journal.total):
                come += len(block)
                _check_size(come, expected)
                file.write(block)
                if on_progress:
                    on_progress(come, journal.total)


def _blocks(response: HTTPResponse, come: int, total: int | None) -> Iterator[bytes]:
    """Yield what the server sends, up to the announced end; raises Cut before that."""
    while come != total:
        try:
            block = response.read1(_BLOCK if total is None else min(_BLOCK, total - come))
        except (OSError, HTTPException) as problem:
            raise Cut(f"the connection was cut: {_reason(problem)}") from None
        if not block and total is None:
            return
        if not block:
            raise Cut(f"the connection was cut after {come:,} of {total:,} bytes")
        come += len(block)
        yield block


@contextmanager
def _open(request: Request, part: Part, timeout: float) -> Iterator[HTTPResponse]:
    try:
        response = _opener().open(request, timeout=timeout)
    except HTTPError as answer:
        with answer:
            raise _explain_refusal(answer, part) from None
    except (HTTPException, OSError) as problem:
        raise _explain_failure(problem, part) from None
    with response:
        yield response


def _explain_refusal(answer: HTTPError, part: Part) -> Missed:
    if answer.code == 416:  # what is there is longer than the file is by now
        part.forget()
        return Cut("the server has another file by now")
    kind = Cut if answer.code in _PASSING else Missed
    return kind(f"the server answers {answer.code} {answer.reason}")


def _explain_failure(problem: Exception, part: Part) -> Missed:
    reason = problem.reason if isinstance(problem, URLError) else problem
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Missed(f"the server's certificate cannot be verified: {reason.verify_message}")
    # A connection that never was says that there is no network; one that was may come back.
    kind = Missed if isinstance(problem, URLError) and not part.length else Cut
    return kind(f"the server cannot be reached: {_reason(reason)}")


def _reason(problem: Any) -> str:
    return getattr(problem, "strerror", None) or str(problem) or type(problem).__name__


class _Secure(HTTPRedirectHandler):
    """Follows no address that leaves HTTPS, nor one that leaves HTTP for anything else, such as FTP."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> Request | None:
        if urlsplit(newurl).scheme not in (("https",) if req.type == "https" else ("https", "http")):
            raise HTTPError(req.full_url, code, f"and leads from {req.type.upper()} to {newurl}", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _opener() -> OpenerDirector:
    return build_opener(HTTPSHandler(context=ssl.create_default_context()), _Secure())


def _announced_size(response: HTTPResponse) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() and not response.chunked else None


def _validator(headers: Message) -> str:
    """Return the validator of a file for If-Range: a strong ETag, or its time; empty without either."""
    etag = headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")


def _check_range(headers: Message, journal: Journal, start: int, part: Part) -> None:
    """Forget the part and raise Cut where what comes does not go on from it."""
    span, _, total = headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    same = _validator(headers) in ("", journal.validator) and total in ("*", str(journal.total or "*"))
    if not same or not span.startswith(f"{start}-"):
        part.forget()
        raise Cut("the server has another file by now")


def check_room(folder: Path, need: int) -> None:
    """Raise ModelError where a folder has less room than so many bytes."""
    free = shutil.disk_usage(folder).free
    if free < need:
        raise ModelError(
            f"{folder} has {free:,} bytes free, but {need:,} are needed there for weights: make room there, or choose "
            "another (KERAS_HOME says where the store lies)."
        )


def _check_size(size: int, expected: int | None) -> None:
    most = expected * 5 // 4 + _SLACK if expected else _MOST
    if size > most:
        about = f"about {expected:,}" if expected else f"at most {_MOST:,}"
        raise Missed(f"the server sends {size:,} bytes, but {about} are expected")
