"""The errors of stores: which of a library's pass, and the sentence for each, without credentials."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from dreampipe.errors import MediaError
from dreampipe.media.storage.addresses import Address

EXTRAS = {
    **dict.fromkeys(("s3", "s3a"), "s3"),
    **dict.fromkeys(("gs", "gcs"), "gcs"),
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), "azure"),
}
"""The extra of dreampipe that installs what a scheme needs; these are stores of objects."""
_TRANSIENT = {
    errno.EBUSY,
    errno.EIO,
    getattr(errno, "EREMOTEIO", errno.EIO),
    errno.ETIMEDOUT,
    errno.EAGAIN,
    errno.ECONNRESET,
    errno.ECONNREFUSED,
    errno.ECONNABORTED,
    errno.EPIPE,
}
_TRANSIENT_STATUS = (408, 429, 500, 502, 503, 504)
TAKEN = (409, 412)
"""The statuses of a put that is to replace nothing, where something is."""
_LIBRARIES = ("botocore.", "aiobotocore.", "aiohttp.", "azure.core.", "google.auth.", "requests.")
_TRANSIENT_NAMES = ("Timeout", "Connect", "IncompleteRead", "Payload", "Disconnected", "ResponseParser", "HTTPClient")


class Unreachable(MediaError):
    """The store does not answer, or fails for a moment, after all tries."""


class Absent(MediaError):
    """There is no such object or host."""


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    while problem is not None:
        yield problem
        problem = problem.__cause__


def status_of(problem: BaseException) -> int | None:
    """Return the status of HTTP in an error of a library; None if it has none."""
    for cause in _causes(problem):
        response = getattr(cause, "response", None)
        if isinstance(response, dict):
            return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) or None
        for name in ("status_code", "status", "code"):
            if isinstance(found := getattr(cause, name, None), int):
                return found
    return None


def is_transient(problem: BaseException) -> bool:
    if (status := status_of(problem)) is not None:
        return status in _TRANSIENT_STATUS
    if isinstance(problem, TimeoutError | ConnectionError):
        return True
    for cause in _causes(problem):
        kind = type(cause)
        if kind.__module__.startswith(_LIBRARIES) and any(name in kind.__name__ for name in _TRANSIENT_NAMES):
            return True
    return isinstance(problem, OSError) and problem.errno in _TRANSIENT


def describe(problem: BaseException) -> str:
    """Say what an error is without its text, which may hold an address with its signature."""
    if (status := status_of(problem)) is not None:
        return f"{type(problem).__name__}, status {status}"
    if isinstance(problem, OSError) and problem.errno:
        return os.strerror(problem.errno)
    return type(problem).__name__


def sentence(address: Address, problem: BaseException) -> MediaError:
    """Write the sentence for an error of a library."""
    status = status_of(problem)
    if isinstance(problem, FileNotFoundError) or status == 404:
        if any("NoSuchBucket" in str(cause) or "specified bucket" in str(cause) for cause in _causes(problem)):
            return MediaError(
                f"{address.scheme}://{address.host} does not exist, but a bucket is expected: check its name, and "
                "whose account the credentials are of."
            )
        return Absent(f"{address} does not exist, but an object or a folder of objects is expected: check its name.")
    if any("Credentials" in type(cause).__name__ for cause in _causes(problem)):
        return MediaError(
            f"{address} needs credentials, but there are none in the environment or in a profile: set them as for "
            "other tools of that store."
        )
    if isinstance(problem, PermissionError) or status in (401, 403):
        return MediaError(
            f"{address} is not open to these credentials, but the right to read or write there is expected: choose "
            "another profile or another place."
        )
    if is_transient(problem):
        return Unreachable(
            f"{address} cannot be reached ({describe(problem)}), also after several tries: check the network and the "
            "address of the store, and start again."
        )
    return MediaError(f"{address} cannot be used ({describe(problem)}): check the address.")


def missing(scheme: str, package: str) -> str:
    extra = EXTRAS.get(scheme)
    how = f"pip install 'dreampipe[{extra}]'" if extra else f"pip install {package}"
    return f"Addresses of {scheme}:// need the package {package}, which is not installed: {how}."
