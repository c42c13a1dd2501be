"""Colours of a photo as sRGB: by its ICC profile, or by what a PNG says about itself.

About one public photo in seven carries a wide-gamut profile (Adobe RGB, Display P3),
and so does every photo of an iPhone; read as sRGB it looks dull. What is sRGB already
stays as it is, to the bit.
"""

from __future__ import annotations

import functools
import hashlib
import io
import logging

import numpy as np
from PIL import Image, ImageCms

_MODES = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}
"""Colour space of a profile -> the mode of the pixels that it describes."""

_SAME = 2
"""Of 255: how far a profile may move a colour and still count as sRGB's own."""

_SRGB_GAMMA = 0.45455
_SRGB_POINTS = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
"""White, red, green and blue as x, y: PNG's cHRM of sRGB."""

_GAMMA_SLACK, _POINT_SLACK = 0.05, 0.002
_XYZ_TO_SRGB = np.linalg.inv(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
"""IEC 61966-2-1, white at D65."""

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
"""Cone responses between which white points are adapted (Lam 1985)."""


def to_srgb(image: Image.Image, info: dict) -> Image.Image:
    """Converts colours to sRGB, perceptually, by the file's own description.

    Args:
        image: loaded, of mode L, RGB or CMYK; alpha apart.
        info: of the file that it comes from, as Pillow reads it.

    Returns:
        The same image where nothing says otherwise, or what it says is sRGB already, or
        is broken (which is logged once for each profile); an RGB image else.
    """
    profile = info.get("icc_profile")
    if profile:
        transform = _transform(profile, image.mode)
        return image if transform is None else transform.apply(image)
    if info.get("srgb") is None and image.mode != "CMYK":
        gamma, points = info.get("gamma"), info.get("chromaticity")
        if gamma and not _is_srgb(gamma, points):
            return _by_gamma(image.convert("RGB"), gamma, points or _SRGB_POINTS)
    return image


def is_other_than_srgb(image: Image.Image) -> bool:
    """Checks whether `to_srgb` would change the colours of an opened image.

    Args:
        image: as `Image.open` gives it; its pixels are not read.
    """
    profile = image.info.get("icc_profile")
    if profile:
        return _transform(profile, base_mode(image)) is not None
    gamma = image.info.get("gamma")
    return bool(
        gamma
        and image.info.get("srgb") is None
        and not _is_srgb(gamma, image.info.get("chromaticity"))
    )


def base_mode(image: Image.Image) -> str:
    """Returns the mode of the colours alone: L, RGB or CMYK."""
    if image.mode in ("CMYK", "RGB"):
        return image.mode
    return "L" if image.mode[0] in "1LI" else "RGB"


@functools.lru_cache(maxsize=64)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Makes a transform to sRGB; None where it would change nothing or is broken."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if _MODES.get(source.profile.xcolor_space) != mode:
            raise ValueError(f"of {source.profile.xcolor_space.strip()}, not of {mode}")
        transform = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, "RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        logging.getLogger("absl").warning(
            "A colour profile (%d bytes, %s) is broken: %s. Photos are read as sRGB.",
            len(profile),
            hashlib.sha256(profile).hexdigest()[:8],
            error,
        )
        return None
    if mode == "CMYK":
        return transform
    samples = _samples(mode)
    moved = np.asarray(transform.apply(samples), np.int16)
    far = np.abs(moved - np.asarray(samples.convert("RGB"), np.int16)).max()
    return None if far <= _SAME else transform


def _samples(mode: str) -> Image.Image:
    """Returns a grid of colours, or all greys."""
    if mode == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8)[np.newaxis])
    steps = np.arange(0, 256, 17, dtype=np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1)
    return Image.fromarray(grid.reshape(len(steps), -1, 3))


def _is_srgb(gamma: float, points: tuple[float, ...] | None) -> bool:
    return abs(gamma / _SRGB_GAMMA - 1) <= _GAMMA_SLACK and (
        points is None or np.allclose(points, _SRGB_POINTS, atol=_POINT_SLACK)
    )


def _by_gamma(
    image: Image.Image, gamma: float, points: tuple[float, ...]
) -> Image.Image:
    """Converts by PNG's gAMA and cHRM (PNG, third edition, 11.3.2)."""
    linear = (np.arange(256) / 255) ** (1 / gamma)
    pixels = linear.astype(np.float32)[np.asarray(image)]
    pixels = pixels @ _to_linear_srgb(points).T.astype(np.float32)
    pixels = np.clip(pixels, 0, 1)
    encoded = np.where(
        pixels <= 0.0031308, 12.92 * pixels, 1.055 * pixels ** (1 / 2.4) - 0.055
    )
    return Image.fromarray(np.rint(255 * encoded).astype(np.uint8))


def _to_linear_srgb(points: tuple[float, ...]) -> np.ndarray:
    """Returns the matrix from linear colours of some primaries to linear sRGB."""
    white, *primaries = np.reshape(points, (4, 2))
    columns = np.stack([_xyz(primary) for primary in primaries], axis=1)
    to_xyz = columns * np.linalg.solve(columns, _xyz(white))
    cones = (_BRADFORD @ _xyz(np.array(_SRGB_POINTS[:2]))) / (_BRADFORD @ _xyz(white))
    adapt = np.linalg.solve(_BRADFORD, cones[:, np.newaxis] * _BRADFORD)
    return _XYZ_TO_SRGB @ adapt @ to_xyz


def _xyz(point: np.ndarray) -> np.ndarray:
    x, y = point
    return np.array([x / y, 1, (1 - x - y) / y])
