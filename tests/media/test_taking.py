"""`Frame.of`, `dream`, `explain` and `attack`: pictures in every usual form, given back as they came."""

from __future__ import annotations

import array
import io
import tracemalloc
from pathlib import Path
from typing import Any

import cv2
import hypothesis
import hypothesis.extra.numpy
import numpy as np
import pytest
from hypothesis import strategies as st
from PIL import Image

import dreampipe
from dreampipe import Frame, Recipe
from dreampipe.errors import MediaError
from dreampipe.media.arrays import array_of, frames_of
from dreampipe.media.taking import take

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(5)
BYTES = RNG.integers(0, 256, (20, 26, 4), np.uint8)
RGB, GREY = BYTES[..., :3], BYTES[..., 0]
UNIT = (RGB / 255).astype(np.float32)


@pytest.fixture
def recipe(tiny_model: Path) -> Recipe:
    return Recipe.of(model=str(tiny_model), scaling="unit", objective="second", octaves=1, steps=1, jitter=0)


def tf() -> Any:
    import tensorflow

    return tensorflow


def png(values: Array) -> bytes:
    held = io.BytesIO()
    Image.fromarray(values).save(held, "png")
    return held.getvalue()


class Dlpack:
    """A tensor of a library that nobody knows."""

    def __init__(self, values: Array) -> None:
        self.values = values

    def __dlpack__(self, **how: Any) -> Any:
        return self.values.__dlpack__(**how)

    def __dlpack_device__(self) -> Any:
        return self.values.__dlpack_device__()


class Standard(Dlpack):
    """An array of a library that follows the standard of arrays."""

    device = "cpu"

    def __array_namespace__(self, **how: Any) -> Any:
        return np


FORMS = {
    "uint8": lambda: RGB,
    "uint16": lambda: RGB.astype(np.uint16) * 257,
    "big-endian": lambda: (RGB.astype(np.uint16) * 257).astype(">u2"),
    "float32": lambda: UNIT,
    "float64": lambda: RGB / 255,
    "channels first": lambda: RGB.transpose(2, 0, 1),
    "batch": lambda: RGB[None],
    "batch, channels first": lambda: np.ascontiguousarray(RGB.transpose(2, 0, 1))[None],
    "PIL": lambda: Image.fromarray(RGB),
    "PNG": lambda: png(RGB),
    "bytearray": lambda: bytearray(png(RGB)),
    "view of a PNG": lambda: memoryview(png(RGB)),
    "file": lambda: io.BytesIO(png(RGB)),
    "memoryview": lambda: memoryview(np.ascontiguousarray(RGB)),
    "dlpack": lambda: Dlpack(np.ascontiguousarray(RGB)),
    "standard": lambda: Standard(np.ascontiguousarray(RGB)),
    "tensorflow": lambda: tf().convert_to_tensor(RGB),
    "tensorflow variable": lambda: tf().Variable(UNIT),
    "frame": lambda: Frame(UNIT),
}


@pytest.mark.smoke
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_picture(form: str) -> None:
    np.testing.assert_allclose(Frame.of(FORMS[form]()).pixels, UNIT, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    "values",
    [RGB, BYTES, RGB.astype(np.uint16) * 200, UNIT, UNIT.astype(np.float16), RGB / 255, np.stack([BYTES, BYTES[::-1]])],
    ids=lambda values: f"{values.dtype} {values.shape}",
)
@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize("first", [False, True])
def test_an_undreamed_array_comes_back_as_it_was(recipe: Recipe, values: Array, order: Any, first: bool) -> None:
    given = np.moveaxis(values, -1, -3) if first else values
    out = dreampipe.dream(given, recipe, order=order, steps=0)
    assert isinstance(out, np.ndarray) and (out.dtype, out.shape) == (given.dtype, given.shape)
    np.testing.assert_allclose(out, given, rtol=0, atol=1e-7 if values.dtype == np.float64 else 0)


@hypothesis.given(
    hypothesis.extra.numpy.arrays(
        st.sampled_from([np.uint8, np.uint16]),
        st.tuples(st.integers(1, 3), st.integers(5, 7), st.integers(5, 7), st.sampled_from([3, 4])),
    ),
    st.sampled_from(["rgb", "bgr"]),
    st.sampled_from(["hwc", "chw"]),
    st.booleans(),
)
def test_reading_and_writing_an_array_change_nothing(values: Array, order: Any, layout: Any, batch: bool) -> None:
    values = values if batch else values[0]
    given = np.moveaxis(values, -1, -3) if layout == "chw" else values
    frames, form = frames_of(given, order, layout)
    assert form.layout == layout and form.batch == batch and len(frames) == (len(values) if batch else 1)
    assert np.array_equal(array_of(frames, form), given)


def test_a_batch_is_dreamed_picture_by_picture(recipe: Recipe) -> None:
    batch = np.stack([RGB, RGB[::-1]])
    out = dreampipe.dream(batch, recipe)
    assert out.shape == batch.shape and not np.array_equal(out, batch)
    for one, made in zip(batch, out, strict=True):
        assert np.array_equal(dreampipe.dream(one, recipe), made)


def objects(pictures: list[Any]) -> Array:
    """An array of objects, in which Ray has pictures of different sizes."""
    held = np.empty(len(pictures), object)
    for at, one in enumerate(pictures):
        held[at] = one
    return held


@pytest.mark.parametrize("hold", [list, tuple, objects])
def test_pictures_of_any_sizes_and_forms_come_back_in_what_held_them(recipe: Recipe, hold: Any, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(RGB[4:]))
    given = [RGB, UNIT[:9], png(RGB[:, :9]), Frame(UNIT, 7), tmp_path / "a.png"]
    out = dreampipe.dream(hold(given), recipe)
    assert type(out) is type(hold(given)) and len(out) == len(given)
    for one, made in zip(given, out, strict=True):
        alone = dreampipe.dream(one, recipe)
        assert type(made) is type(alone)
        if isinstance(made, Frame):
            assert made.index == alone.index == 7
            made, alone = made.pixels, alone.pixels
        assert made.dtype == alone.dtype and np.array_equal(made, alone)
    alike = dreampipe.dream(hold([RGB, RGB[::-1]]), recipe)
    assert all(map(np.array_equal, alike, dreampipe.dream(np.stack([RGB, RGB[::-1]]), recipe)))


def test_a_batch_is_never_all_floats() -> None:
    """Of a batch only the result is held, and what stacks it; the floats of one picture are a quarter of this batch."""
    batch = RNG.integers(0, 256, (64, 64, 64, 3), np.uint8)
    tracemalloc.start()
    try:
        assert np.array_equal(array_of(*frames_of(batch)), batch)
        assert tracemalloc.get_traced_memory()[1] < 3 * batch.nbytes
    finally:
        tracemalloc.stop()


def test_frames_of_a_batch_know_their_places() -> None:
    frames = take(np.stack([RGB, RGB[::-1], RGB]), "dream").frames
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert [frame.index for frame in frames[::-2]] == [2, 0] and frames[-1].index == 2
    with pytest.raises(IndexError):
        frames[3]


def test_blue_comes_first_where_opencv_reads(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(RGB))
    blue_first = cv2.imread(str(tmp_path / "a.png"))
    assert np.array_equal(Frame.of(blue_first, order="bgr").pixels, Frame.of(tmp_path / "a.png").pixels)
    out = dreampipe.dream(blue_first, recipe, order="bgr")
    assert np.array_equal(out[..., ::-1], dreampipe.dream(RGB, recipe))


def test_a_tensor_of_tensorflow_comes_back_as_one(recipe: Recipe) -> None:
    for dtype in ("uint8", "float32", "bfloat16"):
        given = tf().convert_to_tensor(RGB) if dtype == "uint8" else tf().cast(UNIT, dtype)
        out = dreampipe.dream(given, recipe, steps=0)
        assert tf().is_tensor(out) and (out.dtype, out.device) == (given.dtype, given.device)
        assert np.array_equal(out.numpy(), given.numpy())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "F", "I", "I;16"])
def test_a_picture_of_pil_comes_back_as_one(recipe: Recipe, mode: str) -> None:
    deep = {
        "F": GREY.astype(np.float32) / 255,
        "I": GREY.astype(np.int32) * 257,
        "I;16": GREY.astype(np.uint16) * 257,
    }
    given = Image.fromarray(deep[mode]) if mode in deep else Image.fromarray(RGB).convert(mode)
    assert given.mode == mode
    out = dreampipe.dream(given, recipe, steps=0)
    assert isinstance(out, Image.Image) and (out.mode, out.size) == ("RGBA" if "A" in mode else "RGB", given.size)
    expected = Image.fromarray(GREY).convert("RGB") if mode in deep else given.convert(out.mode)
    assert np.array_equal(np.asarray(out), np.asarray(expected))


def test_what_pil_knows_of_a_picture_stays(recipe: Recipe, tmp_path: Path, wide_profile: bytes) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RGB).save(tmp_path / "a.png", exif=exif, icc_profile=wide_profile, dpi=(72, 72))
    with Image.open(tmp_path / "a.png") as given:
        out = dreampipe.dream(given, recipe, steps=0)
    assert np.array_equal(np.asarray(out), RGB)
    assert out.info["icc_profile"] == wide_profile and out.getexif()[0x0112] == 6


def test_a_palette_with_a_transparent_colour_has_alpha() -> None:
    held = Image.fromarray(RGB).convert("P")
    held.info["transparency"] = int(np.asarray(held)[0, 0])
    frame = Frame.of(held)
    assert frame.alpha is not None and frame.alpha[0, 0] == 0 and frame.alpha.max() == 1


@pytest.mark.parametrize("mode", ["La", "RGBa"])
def test_alpha_that_is_multiplied_is_taken_apart(mode: str) -> None:
    grey = Image.fromarray(np.dstack([GREY, np.full_like(GREY, 128)])).convert("LA")
    frame = Frame.of(grey.convert(mode) if mode == "La" else grey.convert("RGBA").convert(mode))
    assert frame.alpha is not None and np.array_equal(frame.alpha, np.full(GREY.shape, np.float32(128 / 255)))
    np.testing.assert_allclose(frame.pixels[..., 1], GREY / 255, atol=2 / 255)


def test_bool_is_black_and_white(recipe: Recipe) -> None:
    mask = GREY > 127
    assert np.array_equal(Frame.of(mask).pixels[..., 0], mask)
    out = dreampipe.dream(mask, recipe, steps=0)
    assert out.dtype == np.uint8 and np.array_equal(out[..., 2], mask * 255)


@pytest.mark.parametrize(
    "shape, layout, height",
    [
        ((3, 3, 3), None, "last"),
        ((3, 3, 3), "chw", "first"),
        ((3, 9, 4), None, "last"),
        ((3, 9, 4), "chw", "first"),
        ((4, 9, 7), None, "first"),
        ((1, 9, 7), None, "first"),
        ((9, 7, 1), None, "last"),
    ],
)
def test_the_rule_for_shapes_that_fit_twice(shape: tuple[int, ...], layout: Any, height: str) -> None:
    frame = Frame.of(RNG.integers(0, 256, shape, np.uint8), layout=layout)
    assert (frame.height, frame.width) == (shape[:2] if height == "last" else shape[1:])


@pytest.mark.parametrize(
    "values, told",
    [
        (UNIT * 255, r"from 0 to 255: values / 255 makes them of \[0, 255\]"),
        (UNIT * 2 - 1, r"from -1 to 1: \(values \+ 1\) / 2 makes them of \[-1, 1\]"),
        (UNIT * 60000, "divide by the value of white"),
        (UNIT - 9, "scale them first"),
        (np.full_like(UNIT, np.nan), "no numbers: replace NaN and infinity"),
        (RGB.astype(np.int64), "convert it by astype"),
        (RGB[..., :2], "reshape it, or leave out what is no colour"),
        (array.array("B", [1, 2, 3]), r"came as uint8 \(3,\)"),
        (np.stack([RGB, RGB]), "A batch of 2 came, but Frame.of takes one picture: call it for each"),
        ([], "A list without pictures came, but Frame.of takes one or more"),
        ([RGB, RGB], "A batch of 2 came, but Frame.of takes one picture: call it for each"),
        ([[RGB, RGB]], "came as list"),
        (np.array([1, "a"], object), "came as int, but a path"),
        ([1, 2], "came as list, but a path, a file, a PIL picture, an array or a tensor is expected"),
        (None, "came as NoneType"),
        (Image.fromarray(np.full((8, 8), -1, np.int32)), r"mode I has values outside of \[0, 65535\]"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, str) else "",
)
def test_what_is_no_picture_is_one_sentence(values: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        Frame.of(values)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_wrong_words_are_one_sentence() -> None:
    with pytest.raises(ValueError, match="order='grb', layout=None came, but rgb or bgr"):
        Frame.of(RGB, order="grb")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="layout='nhwc' came"):
        Frame.of(RGB, layout="nhwc")  # type: ignore[arg-type]


def test_a_symbolic_tensor_has_no_values() -> None:
    told: list[str] = []

    @tf().function  # type: ignore[untyped-decorator]
    def graph(image: Any) -> Any:
        with pytest.raises(ValueError, match="whose values cannot be read here") as caught:
            Frame.of(image)
        told.append(str(caught.value))
        return image

    graph(tf().convert_to_tensor(UNIT))
    assert told and "\n" not in told[0]


@pytest.mark.parametrize(
    "data, told",
    [
        (b"", "The data that came is empty"),
        (b"not a picture", "The data that came does not hold a picture"),
        (png(RGB)[:200], "The data that came is a damaged, cut short or unusual png file"),
        (io.StringIO("text"), "is open as text, but the bytes of a picture are expected: open it in mode 'rb'"),
    ],
    ids=["empty", "text", "cut", "text file"],
)
def test_data_that_is_no_picture_is_one_sentence(data: Any, told: str) -> None:
    with pytest.raises(MediaError, match=told):
        Frame.of(data)


def test_a_closed_file_and_a_cut_picture_of_pil_are_one_sentence() -> None:
    closed = io.BytesIO(png(RGB))
    closed.close()
    with pytest.raises(MediaError, match=r"The file that came cannot be read .*: open it anew"):
        Frame.of(closed)
    with Image.open(io.BytesIO(png(RGB)[:-600])) as cut, pytest.raises(MediaError, match="cannot be decoded"):
        Frame.of(cut)


def test_files_and_their_bytes_are_read_alike(recipe: Recipe, tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    deep = RGB.astype(np.uint16) * 200
    path.write_bytes(cv2.imencode(".png", deep[..., ::-1])[1].tobytes())
    with path.open("rb") as file:
        outs = [dreampipe.dream(given, recipe) for given in (path, path.read_bytes(), file)]
    assert all(out.dtype == np.uint16 and np.array_equal(out, outs[0]) for out in outs)


def test_explain_and_attack_take_the_same_forms(tiny_model: Path) -> None:
    how: dict[str, Any] = {"model": tiny_model, "scaling": "unit"}
    maps = [
        dreampipe.explain(given, "logit(1)", "gradient", **how).map
        for given in (RGB, Image.fromarray(RGB), png(RGB), RGB.transpose(2, 0, 1)[None])
    ]
    assert all(np.array_equal(one, maps[0]) for one in maps)
    reversed_ = dreampipe.explain(RGB[..., ::-1], "logit(1)", "gradient", order="bgr", **how)
    assert np.array_equal(reversed_.map, maps[0])
    found = [dreampipe.attack(one, "fgsm", **how) for one in (RGB, Image.fromarray(RGB), tf().convert_to_tensor(RGB))]
    assert all(np.array_equal(one.pixels, found[0].pixels) for one in found)
    for call in (dreampipe.explain, dreampipe.attack):
        with pytest.raises(ValueError, match=r"A batch of 2 came, but .* takes one picture"):
            call(np.stack([RGB, RGB]), **how)


class TestTorch:
    """With PyTorch, where it is installed; dreampipe itself never imports it."""

    def test_a_tensor_comes_back_as_it_was(self, recipe: Recipe) -> None:
        torch = pytest.importorskip("torch")
        first = torch.from_numpy(np.ascontiguousarray(RGB.transpose(2, 0, 1)))
        forms = [
            first,
            first[None],
            first / 255,
            (first / 255).half(),
            (first / 255).bfloat16(),
            (first / 255).double(),
        ]
        forms += [torch.from_numpy(np.ascontiguousarray(RGB)), torch.nn.Parameter(first / 255)]
        for given in forms:
            out = dreampipe.dream(given, recipe, steps=0)
            assert torch.is_tensor(out) and not out.requires_grad
            assert (out.dtype, out.shape, out.device) == (given.dtype, given.shape, given.device)
            torch.testing.assert_close(out, given.detach(), rtol=0, atol=1e-7)
        assert np.array_equal(dreampipe.dream(first, recipe).numpy().transpose(1, 2, 0), dreampipe.dream(RGB, recipe))

    def test_channels_come_first_where_both_fit(self) -> None:
        torch = pytest.importorskip("torch")
        values = RNG.integers(0, 256, (3, 9, 4), np.uint8)
        assert Frame.of(torch.from_numpy(values)).height == 9
        assert Frame.of(torch.from_numpy(values), layout="hwc").height == 3
        assert Frame.of(torch.from_numpy(GREY > 9)).pixels.max() == 1
        assert take(torch.from_numpy(GREY > 9), "take").back([Frame(UNIT)]).dtype == torch.uint8

    def test_a_tensor_without_values_is_one_sentence(self) -> None:
        torch = pytest.importorskip("torch")
        with pytest.raises(ValueError, match="came as Tensor, whose values cannot be read here"):
            Frame.of(torch.empty((3, 8, 8), device="meta"))


class TestShowing:
    def test_a_result_shows_itself_as_a_png(self, recipe: Recipe, tiny_model: Path) -> None:
        how: dict[str, Any] = {"model": tiny_model, "scaling": "unit"}
        dreamed = dreampipe.dream(RGB, recipe)
        drawn = dreampipe.visualize("first[2]", steps=1, size=16, count=2, **how)
        explained = dreampipe.explain(RGB, "logit(1)", "gradient", **how)
        attacked = dreampipe.attack(RGB, "fgsm", **how)
        frame = Frame.of(BYTES)
        for shown, expected in [
            (dreamed, np.asarray(dreamed)),
            (drawn, np.concatenate(list(drawn), axis=1)),
            (explained, np.rint(explained.overlay() * 255)),
            (attacked, np.rint(attacked.pixels * 255)),
            (frame, BYTES),
            (Frame.of(RGB), RGB),
        ]:
            with Image.open(io.BytesIO(shown._repr_png_())) as image:
                assert np.array_equal(np.asarray(image), expected)

    def test_what_is_computed_of_a_result_is_a_plain_array(self, recipe: Recipe) -> None:
        out = dreampipe.dream(RGB, recipe)
        assert type(out / 2) is np.ndarray and type(out == out) is np.ndarray
        assert isinstance(out.mean(), float) and out[0]._repr_png_() is not None
        assert out[:, :, 0, None, None, None]._repr_png_() is None and out.astype(np.int64)._repr_png_() is None
