"""Ridge: the closed form beside the inner loop, shrunk to the prior.

The score is taken as linear in the weights around the prior's, which it is for W_b as a
vector and nearly is for a head that moves little. With J the scores' derivatives on the
support set and r the ratings minus the prior's scores,

    w = w_prior + argmin_d |r - J d - c|^2 + strength s |d|^2

where c is the user's offset from the prior. It is fitted so that the weights need not
imitate it, and then dropped, because it moves all of a user's scores equally. s is the
mean square of the rows of J around their mean, so that the strength is a pure number
with the same meaning for few weights and many, for small embeddings and large: the
variance of a rating's noise over the variance that tastes give a score. This is one
Gauss-Newton step with Tikhonov's penalty; there is no step count and no rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import Ridge

from piaa_tf.adaptation.jacobian import score_jacobian
from piaa_tf.adaptation.scopes import PersonalScore
from piaa_tf.errors import InputError

STRENGTH = 10.0
"""Chosen on the validation users of the simulated gallery, with five pairs of prior and
scope: ten ratings lose at most .006 of SROCC, and a hundred gain on all."""


@dataclass(frozen=True)
class RidgeFit:
    """How strongly weights are held at the prior's.

    Attributes:
        strength: above 0; large values leave the prior as it is.
    """

    strength: float = STRENGTH

    def __post_init__(self) -> None:
        """Checks the number."""
        if not self.strength > 0:
            raise InputError(f"strength must be > 0. Got {self.strength}.")

    def __str__(self) -> str:
        """Returns the method in words, as it is kept with the tastes."""
        return f"ridge of strength {self.strength:g}"


def penalty(deviation: np.ndarray, strength: float) -> float:
    """Computes the weight of |d|^2, `strength` times s; above 0 even if J is constant.

    Args:
        deviation: the rows of J around their mean, [n, P].
        strength: of ridge.
    """
    mean_square = float(np.vdot(deviation, deviation)) / len(deviation)
    return strength * max(mean_square, 1e-12)


def ridge_supports(
    personal: PersonalScore,
    supports: list[tuple[np.ndarray, np.ndarray]],
    fit: RidgeFit,
) -> np.ndarray:
    """Adapts the prior's weights to each of many support sets.

    Args:
        personal: the scope's score.
        supports: embedding [n, D] and rating [n] of each; n may differ.
        fit: the strength.

    Returns:
        Adapted weights, float32 [len(supports), P].
    """
    rows = []
    for embedding, rating in supports:
        scores, jacobian = score_jacobian(personal, embedding)
        residual = np.asarray(rating, np.float64) - scores
        held = penalty(jacobian - jacobian.mean(axis=0), fit.strength)
        ridge = Ridge(alpha=held).fit(jacobian, residual)
        rows.append(personal.prior_weights + ridge.coef_.astype(np.float32))
    return np.stack(rows)
