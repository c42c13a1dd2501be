"""Where in an image a score comes from: gradients with respect to the pixels.

Pure functions of a score function and images. Each returns a derivative, or a mean of
derivatives, for every channel of every pixel; `to_map` makes a map to look at.

- `pixel_gradients`: the gradient itself (Simonyan et al. 2014, arXiv:1312.6034), what
  the slides of BLG-PIAA show as a user's gradient map.
- `smooth_gradients`: its mean over noisy copies (SmoothGrad, Smilkov et al. 2017,
  arXiv:1706.03825), in which the speckle of single gradients cancels.
- `integrated_gradients`: its mean along the line from a baseline image, times the
  difference of the two (Sundararajan et al. 2017, arXiv:1703.01365): shares that sum to
  what the image scores above the baseline.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

ScoreFunction = Callable[[tf.Tensor], tf.Tensor]
"""image [N, H, W, 3] in 0..255 -> scores [N], each of one image alone."""

PIXEL_RANGE = 255.0


def pixel_gradients(score: ScoreFunction, image: tf.Tensor) -> tf.Tensor:
    """Differentiates each image's score with respect to its pixels.

    Args:
        score: differentiable.
        image: float32 [N, H, W, 3], 0..255.

    Returns:
        Score per grey level, of the shape of `image`.

    Raises:
        ValueError: The score does not depend on the image.
    """
    image = tf.convert_to_tensor(image)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(image)
        scores = score(image)
    gradients = tape.gradient(scores, image)
    if gradients is None:
        raise ValueError(
            "A score must depend on the pixels, through operations that can be "
            "differentiated. Got no gradient. Score tensors, not arrays."
        )
    return gradients


def smooth_gradients(
    score: ScoreFunction,
    image: tf.Tensor,
    *,
    num_samples: int = 32,
    noise: float = 0.1,
    seed: int = 0,
) -> tf.Tensor:
    """Averages the gradient over copies of the image with Gaussian noise.

    Args:
        score: differentiable.
        image: float32 [N, H, W, 3], 0..255.
        num_samples: n, at least 1; the paper sees little change beyond 50.
        noise: sigma as a share of 255; the paper advises .1 to .2 of the range.
        seed: of the noise.

    Returns:
        Score per grey level, of the shape of `image`.
    """
    image = tf.convert_to_tensor(image)
    total = tf.zeros_like(image)
    for sample in range(num_samples):
        grain = tf.random.stateless_normal(tf.shape(image), [seed, sample])
        total += pixel_gradients(score, image + noise * PIXEL_RANGE * grain)
    return total / num_samples


def integrated_gradients(
    score: ScoreFunction,
    image: tf.Tensor,
    *,
    baseline: tf.Tensor | None = None,
    num_steps: int = 32,
) -> tf.Tensor:
    """Distributes what an image scores above a baseline over its pixels.

    Args:
        score: differentiable.
        image: float32 [N, H, W, 3], 0..255.
        baseline: an image to compare with, of a shape that broadcasts to `image`'s;
            by default each image's mean colour, which has no structure and, unlike
            black, does not hide what is dark.
        num_steps: points of the midpoint rule on the line between them.

    Returns:
        Shares of the score, of the shape of `image`; an image's sum is
        score(image) - score(baseline), up to the error of the midpoint rule.
    """
    image = tf.convert_to_tensor(image)
    if baseline is None:
        baseline = tf.reduce_mean(image, axis=[1, 2], keepdims=True)
    way = image - baseline
    total = tf.zeros_like(image)
    for step in range(num_steps):
        share = (step + 0.5) / num_steps
        total += pixel_gradients(score, baseline + share * way)
    return way * total / num_steps


def to_map(gradients: tf.Tensor) -> np.ndarray:
    """Takes the largest absolute value over the channels, as on the slides.

    Args:
        gradients: [N, H, W, 3].

    Returns:
        float32 [N, H, W], at least 0.
    """
    return tf.reduce_max(tf.abs(gradients), axis=-1).numpy()


METHODS: dict[str, Callable[..., tf.Tensor]] = {
    "smooth": smooth_gradients,
    "integrated": integrated_gradients,
    "plain": pixel_gradients,
}
"""By their names in a flag; all are called as (score, image)."""


def concentration(maps: np.ndarray, share: float = 0.1) -> np.ndarray:
    """Measures how much of a map lies in the few pixels where it is strongest.

    >>> concentration(np.array([[[1.0, 1.0], [1.0, 1.0]]]), share=0.25)
    array([0.25])
    >>> concentration(np.array([[[0.0, 5.0], [0.0, 0.0]]]), share=0.25)
    array([1.])

    Args:
        maps: [N, H, W], at least 0.
        share: of the pixels, how many count as few.

    Returns:
        [N], from `share` (an even map) to 1; NaN for a map of zeros.
    """
    flat = np.sort(maps.reshape(len(maps), -1).astype(np.float64), axis=1)
    num_few = max(1, round(share * flat.shape[1]))
    with np.errstate(invalid="ignore"):
        return flat[:, -num_few:].sum(axis=1) / flat.sum(axis=1)
