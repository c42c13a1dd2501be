"""Colour harmony: how well an image's hues fit one of the harmonic templates."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from piaa_tf.evaluation.handcrafted.maps import Maps

_NUM_HUES = 72
# Mean chroma below which colour is an artefact of the file's compression.
_GREY = 1 / 255
# Widths and centres of the sectors, in degrees: Matsuda's hue templates as in Cohen-Or
# et al. 2006 ("Color harmonization", SIGGRAPH), fig. 2. Without T, which covers half of
# the hue circle, and N, which is grey.
_TEMPLATES = {
    "i": ((18.0, 0.0),),
    "V": ((93.6, 0.0),),
    "L": ((18.0, 0.0), (79.2, 90.0)),
    "I": ((18.0, 0.0), (18.0, 180.0)),
    "Y": ((93.6, 0.0), (18.0, 180.0)),
    "X": ((93.6, 0.0), (93.6, 180.0)),
}


def harmony(maps: Maps) -> float:
    """Measures how close the hues are to the best harmonic template, 0 to 1 (in it).

    Cohen-Or et al. 2006, eq. 1 to 3: the mean distance on the hue circle to the
    nearest sector, for the best of all templates and rotations; here weighted by
    chroma, and relative to evenly spread hues. Grey counts as harmonious.

    >>> green = np.zeros([8, 8, 3], np.uint8)
    >>> green[..., 1] = 200
    >>> harmony(Maps(green / np.float32(255)))
    1.0
    """
    red, green, blue = np.moveaxis(maps.rgb, -1, 0)
    chroma = maps.rgb.max(axis=-1) - maps.rgb.min(axis=-1)
    if chroma.mean() < _GREY:
        return 1.0
    hue = np.arctan2(np.sqrt(np.float32(3)) * (green - blue), 2 * red - green - blue)
    bins = np.floor(hue * np.float32(_NUM_HUES / (2 * np.pi))).astype(np.int64)
    sums = np.bincount(bins.ravel() % _NUM_HUES, chroma.ravel(), _NUM_HUES)
    hues = sums / sums.sum()
    distances = _distances()
    off, evenly = (distances @ hues).min(), distances.mean(axis=1).min()
    return float(max(0.0, 1 - off / evenly))


@lru_cache(maxsize=1)
def _distances() -> np.ndarray:
    """Computes degrees to the nearest sector: [templates x rotations, hues]."""
    hues = np.arange(_NUM_HUES) * (360 / _NUM_HUES)
    rows = []
    for sectors in _TEMPLATES.values():
        for turn in hues:
            to_sectors = [
                np.maximum(_arc(hues - turn - centre) - width / 2, 0)
                for width, centre in sectors
            ]
            rows.append(np.min(to_sectors, axis=0))
    return np.array(rows)


def _arc(degrees: np.ndarray) -> np.ndarray:
    """Returns the shorter way around the circle, 0 to 180."""
    return np.abs((degrees + 180) % 360 - 180)
