"""How a photo becomes the network's square; part of what a prior is."""

from __future__ import annotations

from dataclasses import dataclass

from piaa_tf.errors import InputError


@dataclass(frozen=True)
class Framing:
    """A square of pixels from a photo of any size.

    Attributes:
        size: S, pixels of the square's side; at least 1.
        keep_aspect: whether the centre square is cut out first; otherwise the whole
            photo is squeezed into the square, as in the released code of PA_IAA.
        antialias: whether shrinking averages over what a pixel covers, so that a photo
            scores alike at any resolution. Priors trained before it
            existed do without it and keep their scores.
    """

    size: int
    keep_aspect: bool = False
    antialias: bool = True

    def __post_init__(self) -> None:
        """Checks the size."""
        if self.size < 1:
            raise InputError(f"image_size must be >= 1. Got {self.size}.")

    @property
    def min_side(self) -> int:
        """Pixels of the shorter side that a decoder must leave; 0 for all there are.

        Twice the square's: what a JPEG decoder averages by itself up to there cannot be
        told from what `antialias` averages.
        """
        return 2 * self.size if self.antialias else 0
