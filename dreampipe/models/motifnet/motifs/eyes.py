"""The eye: the example of how a motif is written."""

from __future__ import annotations

import numpy as np

from dreampipe.models.motifnet.motifs.drawing import Array, Rng, fill, inside, mix, rgb, shade, smoothstep, tint


def eye(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """An open eye between two lids: white, ringed iris, dark pupil, one highlight."""
    opening = rng.uniform(0.5, 0.75)
    lids = np.abs(v) - opening * np.sqrt(np.clip(1 - u * u, 0, 1))
    look = rng.uniform(-0.15, 0.15)
    radius = opening * rng.uniform(0.78, 0.95)
    d = np.hypot(u - look, v)
    angle = np.arctan2(v, u - look)

    picture = fill(u, rgb(rng.uniform(0, 0.15), 0.06, rng.uniform(0.85, 1)))
    picture = shade(picture, 1 - 0.35 * smoothstep(-0.3, 0.0, lids))
    rays = 0.5 + 0.5 * np.sin(angle * int(rng.integers(16, 28)) + rng.uniform(0, 6))
    hue = rng.choice([0.08, 0.28, 0.55, 0.6])
    iris = mix(tint(rng, hue, 0.8, 0.35), tint(rng, hue, 0.6, 0.85), np.clip(d / radius * 0.7 + 0.3 * rays, 0, 1))
    picture = mix(picture, iris, inside(d - radius))
    ink = np.zeros(3, np.float32)
    picture = mix(picture, ink, 0.9 * smoothstep(0.07, 0.02, np.abs(d - radius)))
    pupil = radius * rng.uniform(0.38, 0.55)
    picture = mix(picture, ink, inside(d - pupil))
    glint = np.hypot(u - look - 0.3 * radius, v + 0.35 * radius)
    picture = mix(picture, np.ones(3, np.float32), inside(glint - 0.2 * radius))
    picture = mix(picture, tint(rng, 0.05, 0.5, 0.2), smoothstep(-0.06, 0.0, lids))
    return picture, inside(lids - 0.1) * (np.abs(u) < 1.08)
