"""The light on a body: a key light with soft shadows, a sky, a ground that reflects, and highlights."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dreampipe.models.motifnet.second.bank import Array, Rng, floats
from dreampipe.models.motifnet.second.bodies import EMPTY, Body


@dataclass(frozen=True, eq=False)
class Light:
    """The light of a scene.

    Attributes:
        towards: (3,) unit vector to the key light: right, down, to the viewer.
        key, sky, ground: RGB of the key light, and of what comes from above and from below.
    """

    towards: Array
    key: Array
    sky: Array
    ground: Array


def draw_light(rng: Rng) -> Light:
    """Draw a light: mostly from above and from one side, warm in a cool sky, or as soft as under clouds."""
    angle = rng.choice([-1, 1]) * rng.uniform(0.15, 1.15)
    front = rng.uniform(0.45, 1.0)
    towards = floats([np.sin(angle), -np.cos(angle) * rng.uniform(0.4, 1.0), front])
    strong, warm = rng.uniform(0.5, 1.0), rng.normal(0.06, 0.06)
    key = floats([1 + warm, 1, 1 - 1.3 * warm]) * np.float32(0.95 * strong)
    fill = np.float32(0.36 + 0.42 * (1 - strong))
    sky = floats([1 - 0.7 * warm, 1, 1 + warm]) * fill
    ground = floats([1 + warm, 1, 1 - 1.5 * warm]) * fill * np.float32(rng.uniform(0.3, 0.7))
    return Light(towards / np.linalg.norm(towards), key, sky, ground)


def shade(body: Body, light: Light, soften: float = 0.0) -> tuple[Array, Array]:
    """Light a body: its picture (n, n, 3) in [0, 1] and its mask (n, n); `soften` blurs the normals, in pixels."""
    mask = body.mask.astype(np.float32)
    normal = body.normal
    if soften:
        normal = np.asarray(cv2.GaussianBlur(normal * mask[..., None], (0, 0), soften), np.float32)
    if body.bump.any():
        down, right = np.gradient(body.bump * np.float32(0.011 / body.step))
        normal = normal - np.stack([right, down, np.zeros_like(down)], -1)
    normal = normal / (np.sqrt(np.einsum("ijk,ijk->ij", normal, normal))[..., None] + np.float32(1e-6))
    facing = normal @ light.towards
    lit = np.clip((facing + np.float32(0.2)) / np.float32(1.2), 0, 1) * _unshadowed(body, light)
    up = np.clip(0.5 - 0.5 * normal[..., 1] + 0.15 * normal[..., 2], 0, 1)
    open_sky = _openness(body, mask)
    ambient = (light.ground + up[..., None] * (light.sky - light.ground)) * open_sky[..., None]
    picture = body.colour * (ambient + light.key * lit[..., None])
    halfway = light.towards + floats([0, 0, 1])
    shine = np.clip(normal @ (halfway / np.linalg.norm(halfway)), 0, 1)
    sharp = np.exp((shine - 1) * (12 + 160 * body.gloss)) * body.gloss * (0.3 + lit)
    rim = np.clip(1 - normal[..., 2], 0, 1) ** 3 * up * np.float32(0.22)
    picture += sharp[..., None] * (light.key * np.float32(0.8)) + (rim * open_sky)[..., None] * light.sky
    return np.clip(picture, 0, 1), mask


def _unshadowed(body: Body, light: Light) -> Array:
    """How much of the key light reaches each pixel past what is in front of it, in [0, 1]."""
    x, y, rise = (float(c) for c in light.towards)
    flat = float(np.hypot(x, y)) + 1e-6
    height = np.maximum(body.z, -1.2)
    blocked = np.zeros_like(height)
    for distance in (0.05, 0.11, 0.2, 0.33, 0.5):
        columns, rows = (round(distance * c / flat / body.step) for c in (x, y))
        there = _shifted(height, rows, columns)
        excess = there - height - np.float32(distance * rise / flat)
        np.maximum(blocked, np.clip(excess * np.float32(1 / (0.04 + 0.25 * distance)), 0, 1), out=blocked)
    blur = max(0.6, 0.018 / body.step)
    return np.asarray(1 - 0.85 * cv2.GaussianBlur(blocked, (0, 0), blur), np.float32)


def _shifted(x: Array, rows: int, columns: int) -> Array:
    """The value `rows` further down and `columns` further right; the border's beyond it."""
    n, m = x.shape
    return np.asarray(
        x[np.clip(np.arange(n) + rows, 0, n - 1)[:, None], np.clip(np.arange(m) + columns, 0, m - 1)[None, :]],
        np.float32,
    )


def _openness(body: Body, mask: Array) -> Array:
    """How much of the sky each pixel sees: less in hollows and where parts meet, in [0.25, 1]."""
    height = np.where(mask > 0, body.z, EMPTY)
    total = np.ones_like(height)
    for sigma, weight in ((0.03, 1.6), (0.1, 0.9)):
        pixels = sigma / body.step
        share = cv2.GaussianBlur(mask, (0, 0), pixels) + 1e-3
        around = cv2.GaussianBlur(np.where(mask > 0, height, 0), (0, 0), pixels) / share
        total -= np.float32(weight) * np.clip(around - height, 0, 0.5)
    return np.clip(total, 0.25, 1)
