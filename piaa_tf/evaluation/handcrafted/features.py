"""Photography's rules, measured on an image's pixels.

The handcrafted features of the slides: colourfulness, contrast, brightness; low depth
of field, salient object, rule of thirds, symmetry; colour harmony; and further ones of
Datta et al. (ECCV 2006) and Ke et al. (CVPR 2006). Each is one number computed from an
image's `Maps`, a pure function of pixels, without training. None of them recognises
what the image shows.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy import ndimage

from piaa_tf.data.decode import read_image
from piaa_tf.evaluation.handcrafted.harmony import harmony
from piaa_tf.evaluation.handcrafted.maps import Maps, maps_of

# How near to a crossing of the thirds counts, as a share of the image's sides.
_THIRDS_WIDTH = 0.12
_EMPHASIS_WIDTH = 0.25
# Images with deviations below one grey level of 255 count as flat.
_FLAT = 1 / 255


def colourfulness(maps: Maps) -> float:
    """Measures how lively the colours are; 0 for grey.

    Hasler and Suesstrunk 2003 ("Measuring colourfulness in natural images"), M^(3),
    on 0..1 instead of 0..255: deviation and mean in the plane of red-green and
    yellow-blue.

    >>> colourfulness(maps_of(np.full([8, 8, 3], 90, np.uint8)))
    0.0
    """
    planes = maps.opponents.reshape(-1, 2)
    spread = np.hypot(*planes.std(axis=0))
    return float(spread + 0.3 * np.hypot(*planes.mean(axis=0)))


def contrast(maps: Maps) -> float:
    """Measures the deviation of the luminance: root-mean-square contrast, 0 to 0.5.

    >>> stripes = np.zeros([8, 8, 3], np.uint8)
    >>> stripes[::2] = 255
    >>> round(contrast(maps_of(stripes)), 6)
    0.5
    """
    return float(maps.luminance.std())


def brightness(maps: Maps) -> float:
    """Measures the mean luminance, 0 (black) to 1 (white).

    >>> round(brightness(maps_of(np.full([8, 8, 3], 51, np.uint8))), 6)
    0.2
    """
    return float(maps.luminance.mean())


def saturation(maps: Maps) -> float:
    """Measures the mean saturation of HSV, 0 (grey) to 1; f3 of Datta et al. 2006."""
    return float(maps.saturation.mean())


def warmth(maps: Maps) -> float:
    """Measures red over blue light, -1 to 1: Datta's mean hue without its jump.

    >>> red = np.zeros([8, 8, 3], np.uint8)
    >>> red[..., 0] = 255
    >>> warmth(maps_of(red))
    1.0
    """
    return float((maps.rgb[..., 0] - maps.rgb[..., 2]).mean())


def thirds(maps: Maps) -> float:
    """Measures how much of the subject lies at a crossing of the thirds, 0 to 1.

    The share of the salience near the four crossings; a pixel counts less the farther
    it is from the nearest one.
    """
    y, x = maps.grid
    squares = (np.abs(x - 0.5) - 1 / 6) ** 2 + (np.abs(y - 0.5) - 1 / 6) ** 2
    near = np.exp(-squares / (2 * _THIRDS_WIDTH**2))
    return float((near * maps.salience).sum())


def symmetry(maps: Maps) -> float:
    """Measures how alike the left and right halves are, -1 to 1 (mirrored).

    The correlation of the image with its mirror image, after each row has lost its
    mean, so that a horizon is not taken for symmetry. Flat rows count as mirrored.
    """
    rows = maps.smooth - maps.smooth.mean(axis=1, keepdims=True)
    flat = _FLAT**2
    alike = (rows * rows[:, ::-1]).mean() + flat
    return float(alike / ((rows**2).mean() + flat))


def depth_of_field(maps: Maps) -> float:
    """Measures how much sharper the subject is than the rest, -1 to 1.

    High where the depth of field is low: a sharp subject before a blurred background.
    Datta et al. 2006 compare the middle of the frame with the whole; here the salient
    part is compared with the rest, wherever it lies.
    """
    subject = maps.salience / maps.salience.max()
    inside = (maps.detail * subject).sum() / subject.sum()
    outside = (maps.detail * (1 - subject)).sum() / max((1 - subject).sum(), 1e-6)
    return float((inside - outside) / (inside + outside + _FLAT))


def sharpness(maps: Maps) -> float:
    """Measures how much variation between neighbours a blur takes away, 0 to 1.

    One minus the blur metric of Crete et al. 2007 ("The blur effect"): what is already
    blurred loses little by another blur. 0 for a flat image.
    """
    kept = []
    for axis in (0, 1):
        blurred = ndimage.uniform_filter1d(maps.luminance, 9, axis=axis)
        before = np.abs(np.diff(maps.luminance, axis=axis))
        lost = np.maximum(before - np.abs(np.diff(blurred, axis=axis)), 0)
        kept.append(lost.sum() / before.sum() if before.any() else 0.0)
    return float(min(kept))


def noise(maps: Maps) -> float:
    """Estimates the deviation of the noise, 0 to 1, from what smooth edges lack.

    Immerkaer 1996 ("Fast noise variance estimation"): the mean absolute response of the
    difference of two Laplacians, scaled to the deviation of Gaussian noise.
    """
    second = np.array([1.0, -2.0, 1.0])
    response = maps.luminance
    for axis in (0, 1):
        response = ndimage.correlate1d(response, second, axis=axis)
    return float(np.sqrt(np.pi / 2) / 6 * np.abs(response[1:-1, 1:-1]).mean())


def emphasis(maps: Maps) -> float:
    """Measures how concentrated the salience is around its centre, 0 to 1.

    The slides' "salient object": whether one thing stands out.
    """
    variance = sum(
        (((axis - (axis * maps.salience).sum()) ** 2) * maps.salience).sum()
        for axis in maps.grid
    )
    return float(np.exp(-variance / _EMPHASIS_WIDTH**2))


def simplicity(maps: Maps) -> float:
    """Measures how small the share of pixels with detail is, 0 to 1 (flat).

    Ke et al. 2006 measure the area that edges spread over; snapshots are cluttered.
    """
    return float((maps.detail < 4 * _FLAT).mean())


FEATURES = {
    "colourfulness": colourfulness,
    "contrast": contrast,
    "brightness": brightness,
    "saturation": saturation,
    "warmth": warmth,
    "thirds": thirds,
    "symmetry": symmetry,
    "depth_of_field": depth_of_field,
    "harmony": harmony,
    "sharpness": sharpness,
    "noise": noise,
    "emphasis": emphasis,
    "simplicity": simplicity,
}
"""Name -> measure, in the order of every `handcrafted` array."""


def describe(image: np.ndarray) -> np.ndarray:
    """Measures all features of an image.

    Args:
        image: uint8 [height, width, 3], RGB, of any size.

    Returns:
        float32 [features], in the order of `FEATURES`.

    Raises:
        InputError: It is not such an array, or a side has fewer than 8 pixels.
    """
    maps = maps_of(image)
    return np.array([measure(maps) for measure in FEATURES.values()], np.float32)


def describe_files(paths: Sequence[str | os.PathLike[str]]) -> np.ndarray:
    """Measures all features of images on disk.

    Args:
        paths: [N].

    Returns:
        float32 [N, features], in the order of `FEATURES`.

    Raises:
        InputError: An image cannot be read; the first in the order of `paths`.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = pool.map(lambda path: describe(read_image(path)), paths)
        return np.stack(list(rows))
