"""Banks of random textures and ridge lines that repeat without a seam.

They are sums of waves with random phases whose strength falls with frequency, as in
natural images (Field 1987, J. Opt. Soc. Am. A 4). A bank for another size is made of
the same waves, so that an image looks alike at every size. Values are rounded to
1/256, which takes away the last-digit differences between machines.
"""

from __future__ import annotations

from functools import cache

import numpy as np

_PERIOD = 256
_NUM_TEXTURES = 8
_NUM_RIDGES = 64
_BANK_SEED = 12345
# How fast the amplitude falls with frequency: the larger, the smoother.
_FALLOFF = {"fine": 0.9, "rough": 1.4, "cloud": 1.9}


@cache
def texture_bank(kind: str, size: int) -> np.ndarray:
    """Returns the textures of one kind, for images of one size.

    Args:
        kind: "fine" (grass, leaves), "rough" (rock, bark) or "cloud".
        size: side of the image in pixels.

    Returns:
        float32 [8, size, size], mean 0, variance 1 before the waves too short for
        the size are left out. Read-only, shared by all callers.
    """
    bank = np.stack(
        [_from_waves(waves, size) for waves in _texture_waves(kind)]
    ).astype(np.float32)
    bank.flags.writeable = False
    return bank


@cache
def ridge_bank(size: int) -> np.ndarray:
    """Returns the ridge lines for images of one size.

    Args:
        size: side of the image in pixels.

    Returns:
        float32 [64, size], mean 0, variance about 1. Read-only.
    """
    rng = np.random.default_rng((_BANK_SEED, 1))
    half = _PERIOD // 2
    kept = min(size, _PERIOD) // 2
    strength = np.arange(1, half) ** -1.55
    strength[0] = 0.0
    waves = np.zeros((_NUM_RIDGES, half), complex)
    waves[:, 1:] = strength * _complex_normal(rng, (_NUM_RIDGES, half - 1))
    spread = np.fft.irfft(waves, _PERIOD).std(axis=1, keepdims=True)
    cut = np.zeros((_NUM_RIDGES, size // 2 + 1), complex)
    cut[:, :kept] = waves[:, :kept]
    bank = _rounded(np.fft.irfft(cut, size) * (size / _PERIOD) / spread)
    bank = bank.astype(np.float32)
    bank.flags.writeable = False
    return bank


@cache
def _texture_waves(kind: str) -> np.ndarray:
    """Returns the spectra of a kind's textures, scaled to variance 1."""
    rng = np.random.default_rng((_BANK_SEED, 2, sorted(_FALLOFF).index(kind)))
    rows = np.fft.fftfreq(_PERIOD)[:, None] * _PERIOD
    columns = np.fft.rfftfreq(_PERIOD)[None] * _PERIOD
    frequency = np.sqrt(rows**2 + columns**2)
    # Waves as long as the image would be a second, unlabelled composition.
    frequency[frequency < 2.5] = np.inf
    shape = (_NUM_TEXTURES, *frequency.shape)
    waves = _complex_normal(rng, shape) / frequency ** _FALLOFF[kind]
    spread = np.fft.irfft2(waves, (_PERIOD, _PERIOD)).std(axis=(1, 2), keepdims=True)
    return waves / spread


def _from_waves(waves: np.ndarray, size: int) -> np.ndarray:
    """Sums the waves that an image of this size can show."""
    kept = min(size, _PERIOD) // 2
    cut = np.zeros((size, size // 2 + 1), complex)
    cut[:kept, :kept] = waves[:kept, :kept]
    cut[1 - kept :, :kept] = waves[1 - kept :, :kept]
    return _rounded(np.fft.irfft2(cut, (size, size)) * (size / _PERIOD) ** 2)


def _complex_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.round(values * 256) / 256
