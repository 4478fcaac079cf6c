"""Colour profiles (ICC.1:2022, "ICC"): numbers to sRGB where a file cannot hold their profile, grey ones as RGB, and
profiles of what a file says in other words.

A profile of three curves and a matrix, as of cameras and screens, is computed here in float32, so that a deep film
loses nothing to it; one of tables is left to Little CMS, which takes 8 bits.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.errors import MediaError
from dreampipe.frames import Array, quantize
from dreampipe.media.colour import BT709, PRIMARIES, Chromaticities, Meaning, adaptation, xyz_matrix

_HEADER, _ENTRY, _MOST_TAGS = 128, 12, 200
_MATRIX, _CURVES = ("rXYZ", "gXYZ", "bXYZ"), ("rTRC", "gTRC", "bTRC")
# sRGB's primaries as columns of X, Y, Z under D50, as every profile states them (IEC 61966-2-1, Bradford).
_SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
D50 = (0.9642, 1.0, 0.8249)

_MOST_POINTS = 4096  # of a curve; Little CMS refuses profiles with 32,768 and more
_NEAR_ENDS = 0.003  # of chromaticities, which profiles round
_PARAMETRIC, _CODED = b"para\0\0\0\0", b"cicp\0\0\0\0"
# sRGB's curve in the standard's form for it: gamma, a, b, c, d.
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)

Curve = Callable[[Array], Array]


def to_srgb(pixels: Array, icc: bytes | None) -> Array:
    """Pixels (height, width, 3) of an RGB profile as sRGB, in [0, 1]; colours beyond it are clipped.

    They stay as they are if there is no profile, or if it is sRGB to half a step of 8 bits.

    Raises:
        MediaError: the profile is damaged.
    """
    if icc is None:
        return pixels
    try:
        lattice = (np.indices((9, 9, 9)).reshape(3, 27, 27).transpose(1, 2, 0) / 8).astype(np.float32)
        same = np.abs(convert(lattice, icc) - lattice).max() < 0.5 / 255
        return pixels if same else convert(pixels, icc)
    except ValueError as problem:
        raise MediaError(
            f"Colours came with a profile that cannot be read ({problem}), to be written where no profile can stand: "
            "write to another format, such as .png or .tiff."
        ) from None


def convert(pixels: Array, icc: bytes) -> Array:
    """Pixels (height, width, 3) of an RGB profile as sRGB, in [0, 1]; raises ValueError where it is damaged."""
    tags = _tags(icc)
    if not {*_MATRIX, *_CURVES} <= tags.keys():
        return _by_tables(pixels, icc)
    linear = np.stack([_curve(tags[name])(pixels[..., at]) for at, name in enumerate(_CURVES)], axis=2)
    columns = np.array([_xyz(tags[name]) for name in _MATRIX]).T
    mixed = np.clip(linear @ (np.linalg.inv(_SRGB) @ columns).T.astype(np.float32), 0, 1)
    return np.asarray(np.where(mixed <= 0.0031308, 12.92 * mixed, 1.055 * mixed ** (1 / 2.4) - 0.055), np.float32)


def tones(greys: Array, icc: bytes) -> Array | None:
    """The light of greys, by the curves of an RGB profile; None where it has none, or they are damaged."""
    try:
        tags = _tags(icc)
        if not {*_MATRIX, *_CURVES} <= tags.keys():
            return None
        return np.asarray(np.mean([_curve(tags[name])(greys) for name in _CURVES], axis=0), np.float32)
    except ValueError:
        return None


def primaries_in(icc: bytes) -> int | Chromaticities:
    """Return the primaries of a profile of curves and a matrix: a code point if they are near one, else chromaticities.

    Raises:
        ValueError: they are damaged.
    """
    tags = _tags(icc)
    d65 = xyz_matrix(BT709).sum(axis=1)
    columns = adaptation(D50, d65) @ np.array([_xyz(tags[name]) for name in _MATRIX]).T
    points = np.vstack([columns.T, d65])
    red_x, red_y, green_x, green_y, blue_x, blue_y, x, y = (points[:, :2] / points.sum(axis=1, keepdims=True)).ravel()
    ends = (red_x, red_y, green_x, green_y, blue_x, blue_y, x, y)
    near = (code for code, known in PRIMARIES.items() if np.allclose(ends, known, rtol=0, atol=_NEAR_ENDS))
    return next(near, ends)


def from_d50() -> npt.NDArray[np.float64]:
    """Return the matrix from CIE XYZ under D50 to linear sRGB."""
    return np.asarray(np.linalg.inv(_SRGB), np.float64)


def code_points(icc: bytes) -> tuple[int, int] | None:
    """The primaries and the transfer function of a profile's cicp tag (ICC 9.2.17); None where it has none."""
    try:
        tag = _tags(icc).get("cicp", b"")
    except ValueError:
        return None
    return (tag[8], tag[9]) if len(tag) >= 12 and tag.startswith(_CODED) else None


def own_code_points(icc: bytes) -> tuple[int, int] | None:
    """The primaries and the transfer function that `profile_of` made this profile of; None for any other profile."""
    coded = code_points(icc)
    return coded if coded and icc == profile_of(Meaning(coded[1], coded[0])) else None


def profile_of(meaning: Meaning) -> bytes:
    """An RGB profile for numbers of a meaning: its primaries, its gamma or sRGB's curve, and its code points if any.

    Raises:
        ValueError: the primaries are no colours that could be mixed.
    """
    columns = xyz_matrix(meaning.primaries)
    columns = adaptation(columns.sum(axis=1), D50) @ columns
    gamma = 2.2 if meaning.transfer == 4 else meaning.gamma  # a code point for that very number
    kind, values = (3, _SRGB_CURVE) if gamma is None else (0, (gamma,))
    curve = _PARAMETRIC + struct.pack(">HH", kind, 0) + b"".join(map(_pack_fixed, values))
    coded = b""
    if meaning.gamma is None and isinstance(meaning.primaries, int):
        coded = _CODED + bytes([meaning.primaries, meaning.transfer, 0, 1])
    return _rgb(str(meaning), columns, [curve] * 3, coded)


def profile_of_tables(curves: npt.NDArray[Any], primaries: int | Chromaticities) -> bytes:
    """Return an RGB profile of curves (3, values), light of 0 to 65,535, and primaries; raises ValueError as above."""
    columns = xyz_matrix(primaries)
    columns = adaptation(columns.sum(axis=1), D50) @ columns
    count = min(curves.shape[1], _MOST_POINTS)
    places = np.linspace(0, 1, curves.shape[1])
    points = (np.rint(np.interp(np.linspace(0, 1, count), places, one)).astype(">u2") for one in curves)
    tables = [b"curv\0\0\0\0" + struct.pack(">I", count) + one.tobytes() for one in points]
    return _rgb("its curves", columns, tables)


def _by_tables(pixels: Array, icc: bytes) -> Array:
    from io import BytesIO

    from PIL import Image, ImageCms

    samples = quantize(pixels)
    try:
        profile, srgb = ImageCms.ImageCmsProfile(BytesIO(icc)), ImageCms.createProfile("sRGB")
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC  # which curves and a matrix follow, too
        image = ImageCms.profileToProfile(Image.fromarray(samples), profile, srgb, intent)
    except (ImageCms.PyCMSError, OSError) as problem:
        raise ValueError(" ".join(str(problem).split())) from None
    unit: Array = np.divide(np.asarray(image), np.float32(255), dtype=np.float32)
    return unit


def from_inks(samples: npt.NDArray[Any], icc: bytes | None) -> npt.NDArray[Any] | None:
    """Samples (height, width, 4) of cyan, magenta, yellow and black as those of sRGB, of the same type.

    They are exact to 8 bits. None where the profile is none for such inks, or is damaged.
    """
    from io import BytesIO

    from PIL import Image, ImageCms

    if icc is None or icc[16:20] != b"CMYK":
        return None
    top = 1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max
    image = Image.fromarray(np.rint(samples * (255 / top)).astype(np.uint8), "CMYK")
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    try:
        profile, srgb = ImageCms.ImageCmsProfile(BytesIO(icc)), ImageCms.createProfile("sRGB")
        shown = ImageCms.profileToProfile(image, profile, srgb, intent, outputMode="RGB", flags=flags)
    except (ImageCms.PyCMSError, OSError):
        return None
    return np.asarray(np.asarray(shown) * (top / 255), samples.dtype)


def grey_as_rgb(icc: bytes) -> bytes | None:
    """An RGB profile in which equal numbers of red, green and blue show the greys of a grey profile; None for others.

    It has sRGB's primaries and the grey profile's own curve.
    """
    try:
        curve = _tags(icc).get("kTRC") if icc[16:20] == b"GRAY" else None
    except ValueError:
        return None
    if curve is None:
        return None
    return _rgb("Grey", _SRGB, [curve] * 3)


def _rgb(name: str, columns: npt.NDArray[np.float64], curves: Sequence[bytes], coded: bytes = b"") -> bytes:
    """Return a profile of the curves and the XYZ, under D50, of red, green and blue, and perhaps of a cicp tag.

    The XYZ are the columns.
    """
    text = name.encode("utf-16-be")
    said = b"mluc" + struct.pack(">III4sII", 0, 1, 12, b"enUS", len(text), 28) + text
    white = _as_xyz(D50)
    named = {name: _as_xyz(column) for name, column in zip(_MATRIX, columns.T.tolist(), strict=True)}
    code_points = {"cicp": coded} if coded else {}
    return _profile(
        {"desc": said, "cprt": said, "wtpt": white, **code_points, **named, **dict(zip(_CURVES, curves, strict=True))}
    )


def _profile(tags: Mapping[str, bytes]) -> bytes:
    at = _HEADER + 4 + _ENTRY * len(tags)
    table, body, places = struct.pack(">I", len(tags)), b"", dict[bytes, int]()
    for name, data in tags.items():
        if data not in places:  # curves that are one are kept once
            places[data] = at + len(body)
            body += data.ljust(-(-len(data) // 4) * 4, b"\0")
        table += name.encode() + struct.pack(">II", places[data], len(data))
    white = b"".join(map(_pack_fixed, D50))
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"", 0x04300000, b"mntr", b"RGB ", b"XYZ ").ljust(36, b"\0")
    head = (head + b"acsp").ljust(68, b"\0") + white
    return head.ljust(_HEADER, b"\0") + table + body


def _tags(icc: bytes) -> dict[str, bytes]:
    """The tags of a profile by their names; raises ValueError."""
    try:
        (count,) = struct.unpack_from(">I", icc, _HEADER)
        entries = [struct.unpack_from(">4sII", icc, _HEADER + 4 + _ENTRY * at) for at in range(min(count, _MOST_TAGS))]
    except struct.error:
        raise ValueError("it is cut short") from None
    return {name.decode("latin-1"): icc[at : at + length] for name, at, length in entries}


def _xyz(tag: bytes) -> list[float]:
    if len(tag) < 20:
        raise ValueError("a colour in it is damaged")
    return [value / 65_536 for value in struct.unpack_from(">3i", tag, 8)]


def _as_xyz(values: npt.ArrayLike) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_pack_fixed, np.asarray(values).tolist()))


def _pack_fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65_536))


def _curve(tag: bytes) -> Curve:
    """Return the function from a channel's numbers to light; raises ValueError."""
    try:
        if tag[:4] == b"curv":
            return _table(tag)
        if tag[:4] == b"para":
            return _parametric(tag)
    except struct.error:
        pass
    raise ValueError("a curve in it is damaged")


def _table(tag: bytes) -> Curve:
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return lambda values: values
    points = np.frombuffer(tag, ">u2", offset=12, count=min(count, (len(tag) - 12) // 2))
    if len(points) < count:
        raise struct.error
    if count == 1:
        return lambda values: np.asarray(np.clip(values, 0, 1) ** (points[0] / 256), np.float32)
    places, heights = np.linspace(0, 1, count), points / 65_535
    return lambda values: np.asarray(np.interp(values, places, heights), np.float32)


def _parametric(tag: bytes) -> Curve:
    """Evaluate the standard's five forms: (a x + b)^gamma + e from d on, c x + f below."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    counts = (1, 3, 4, 5, 7)
    if kind >= len(counts):
        raise struct.error
    said = [value / 65_536 for value in struct.unpack_from(f">{counts[kind]}i", tag, 12)]
    gamma, a, b, c, d, e, f = said + [1.0, 0.0, 0.0, 0.0, 0.0, 0.0][len(said) - 1 :]
    if kind in (1, 2):
        d = -b / a if a else 0.0
        e = f = c if kind == 2 else 0.0
        c = 0.0

    def light(values: Array) -> Array:
        above = np.maximum(a * values + b, 0) ** gamma + e
        return np.asarray(np.where(values >= d, above, c * values + f), np.float32)

    return light
