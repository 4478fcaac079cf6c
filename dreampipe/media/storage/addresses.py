"""Addresses of objects, such as `s3://bucket/photos/a.jpg`, and their paths in a mirror on this disk."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from dreampipe.errors import MediaError, brief, printable

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)  # one letter is a drive of Windows
_ON_DISK = ("file", "local")
_WEB = ("http", "https")
_SIGNATURE = re.compile(r"[?&](?:sig|[\w-]*signature|[\w-]*token)=", re.IGNORECASE)
FOLDER = "dreampipe-stores"
"""The name of the folder of all mirrors."""
LAZY = "-lazy"
"""The end of the name of a mirror whose objects an engine brings and sends one by one."""
_RUN = re.compile(rf"(?:[0-9a-f]{{16}}|run-[0-9]+-[0-9a-f]{{8}})(?:{LAZY})?")
"""The name of a mirror: a hash of its output, or the process that works in it."""


@dataclass(frozen=True)
class Address:
    """The address of an object or a folder in a store.

    Attributes:
        scheme: in lower case, such as `s3`.
        host: the bucket, container or server.
        key: the rest, without a slash at its ends; empty for all of the host.
        query: what follows a question mark on the web. It may be a signature, so nothing shows it.
    """

    scheme: str
    host: str
    key: str
    query: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address; raises MediaError."""
        found = _ADDRESS.fullmatch(text)
        if found is None:
            raise MediaError(f"{shorten(text)} is no address, but one such as s3://bucket/folder is expected.")
        scheme, rest = found[1].lower(), found[2]
        query = ""
        if scheme in _WEB:
            rest, _, query = rest.partition("#")[0].partition("?")
        host, _, key = rest.lstrip("/").partition("/") if scheme == "memory" else rest.partition("/")
        key = key.removesuffix("/")
        if fault := _find_fault(scheme, host, key):
            raise MediaError(f"{shorten(f'{scheme}://{_without_secrets(rest)}')} {fault}.")
        return cls(scheme, host, key, query)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}/{self.key}" if self.key else f"{self.scheme}://{self.host}"

    @property
    def name(self) -> str:
        """The last part of the key, or the host."""
        return self.key.rpartition("/")[2] or self.host

    @property
    def folder(self) -> Address:
        """The folder that it is in; of a host itself."""
        return replace(self, key=self.key.rpartition("/")[0], query="")

    def below(self, name: str) -> Address:
        """Return the address of something in this folder."""
        return replace(self, key=f"{self.key}/{name}" if self.key else name, query="")

    def path(self, mirror: Path) -> Path:
        """Return its path in a mirror."""
        return mirror.joinpath(self.scheme, self.host, *filter(None, self.key.split("/")))


def _find_fault(scheme: str, host: str, key: str) -> str:
    """Say what is wrong with an address; empty if nothing is."""
    user, at, _ = host.rpartition("@")
    if at and (":" in user or scheme in _WEB):
        return (
            "holds a password, but credentials come from the environment or a profile, as for other tools of that "
            "store: leave it out"
        )
    if _SIGNATURE.search(f"{host}/{key}"):
        return (
            "is followed by a signature, but credentials come from the environment or a profile, as for other tools of "
            "that store: leave out what follows the question mark"
        )
    if not host or not is_mirrored(host):
        return "names no bucket, but SCHEME://BUCKET/NAME is expected: name one"
    if "::" in host or "://" in key:
        return "is a chain of addresses, but one address is expected: unpack it first"
    if key and not is_mirrored(key):
        return "has an empty part, a dot or a very long part between its slashes, which no file can have: name another"
    return ""


def is_mirrored(key: str) -> bool:
    """Say whether a key can be a path on this disk."""
    parts = key.split("/")
    return not ({"", ".", ".."} & {*parts}) and "\0" not in key and max(len(os.fsencode(part)) for part in parts) < 200


def _without_secrets(rest: str) -> str:
    """Leave out a user and password, and what follows a question mark if it is a signature."""
    host, slash, key = rest.partition("/")
    shown = f"{host.rpartition('@')[2]}{slash}{key}"
    return re.split("[?&]", shown)[0] if _SIGNATURE.search(shown) else shown


def shorten(text: str) -> str:
    """An address that came, for a sentence."""
    return printable(brief(text, 200))


def is_address(text: str) -> bool:
    """Say whether a text is an address, and no path on this disk."""
    return _ADDRESS.fullmatch(text) is not None


def disk_path(text: str) -> str | None:
    """Return the path in an address of a file on this disk, with its last slash; None for any other address."""
    found = _ADDRESS.fullmatch(text)
    if found is None or found[1].lower() not in _ON_DISK:
        return None
    path = found[2].removeprefix("localhost") if found[2].startswith("localhost/") else found[2]
    if not path.startswith("/"):
        raise MediaError(f"{shorten(text)} is no path from the root, but file:///FOLDER/NAME is expected: write it so.")
    return path


def mirrors() -> Path:
    """Return the folder of all mirrors, whether it is there or not; raises MediaError where there is no home."""
    home = os.environ.get("KERAS_HOME")
    try:
        return Path(os.path.realpath(Path(home).expanduser() if home else Path.home() / ".keras")) / FOLDER
    except RuntimeError:
        raise MediaError("There is no home folder for copies of objects: set KERAS_HOME to a folder.") from None


def address_of(path: Path) -> Address | None:
    """Return the address of a path in a mirror, also of another machine's; None for any other path."""
    mirror = mirror_of(path)
    if mirror is None:
        return None
    parts = Path(os.path.abspath(path)).relative_to(mirror).parts
    return Address(parts[0], parts[1], "/".join(parts[2:])) if len(parts) > 1 else None


def lasting_name(name: str) -> str:
    """Return the address of a path in a mirror, which the next run has elsewhere; any other path as it is."""
    address = address_of(Path(name)) if FOLDER in name else None
    return str(address) if address else name


def mirror_of(path: Path) -> Path | None:
    """Return the mirror that a path is in; None for any other path."""
    parts = Path(os.path.abspath(path)).parts
    if FOLDER not in parts:
        return None
    at = parts.index(FOLDER) + 1
    return Path(*parts[: at + 1]) if at < len(parts) and _RUN.fullmatch(parts[at]) else None


def is_lazy(path: Path) -> bool:
    """Say whether a path is in a mirror whose objects an engine brings and sends one by one."""
    mirror = mirror_of(path)
    return mirror is not None and mirror.name.endswith(LAZY)


def show_addresses(text: str) -> str:
    """Write the addresses in place of the paths of mirrors in a text for people or programs."""
    if FOLDER not in text:
        return text
    root = re.escape(str(mirrors()))
    return re.sub(rf"{root}/[^/\s]+/([a-z][a-z0-9+.-]+)/", r"\1://", text)
