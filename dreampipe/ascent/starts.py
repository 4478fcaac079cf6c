"""Where an ascent starts from when there is no picture."""

from __future__ import annotations

import numpy as np

from dreampipe.frames import Array


def noise(
    seed: int, size: tuple[int, int], *, mean: float = 0.45, deviation: float = 0.1, falloff: float = 1.0
) -> Array:
    """Coloured noise (height, width, 3) float32 in [0, 1] whose amplitude falls as 1 / frequency ** falloff.

    The default is about the spectrum of natural pictures (Field 1987, "Relations between the statistics of natural
    images and the response properties of cortical cells"); `falloff` 0 is white.
    """
    height, width = size
    spectrum = np.fft.rfft2(np.random.default_rng(seed).standard_normal((3, height, width)))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None] * height, np.fft.rfftfreq(width)[None] * width)
    frequency[0, 0] = 1
    planes = np.fft.irfft2(spectrum / frequency**falloff, s=size).transpose(1, 2, 0)
    planes *= deviation / planes.std()
    return np.asarray(np.clip(planes + mean, 0, 1), np.float32)
