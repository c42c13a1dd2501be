"""How tastes are adapted: by the papers' loop, a closed form, or inside an export."""

from __future__ import annotations

from piaa_tf.adaptation.adapt import InnerLoop
from piaa_tf.adaptation.ridge import STRENGTH, RidgeFit
from piaa_tf.adaptation.scopes import check_scope
from piaa_tf.adaptation.users import LOOPS
from piaa_tf.contract.manifest import Adaptation
from piaa_tf.errors import InputError


def adaptation_method(
    method: str,
    scope: str,
    *,
    steps: int | None,
    rate: float | None,
    strength: float | None,
) -> InnerLoop | RidgeFit:
    """Chooses a method and its numbers.

    >>> str(adaptation_method("adam", "fusion", steps=5, rate=None, strength=None))
    'adam, 5 steps of 0.02'

    Args:
        method: adam or ridge.
        scope: one of `scopes.SCOPES`.
        steps: of adam; None for the scope's.
        rate: of adam; None for the scope's.
        strength: of ridge; None for the default.

    Returns:
        The method.

    Raises:
        InputError: Method or scope is unknown, or a number is not above 0.
    """
    check_scope(scope)
    if method == "ridge":
        return RidgeFit(STRENGTH if strength is None else strength)
    if method != "adam":
        raise InputError(f"method must be adam or ridge. Got {method!r}.")
    default = LOOPS[scope]
    return InnerLoop(
        default.steps if steps is None else steps,
        default.rate if rate is None else rate,
    )


def graph_adaptation(
    scope: str, *, steps: int | None, rate: float | None, max_support: int
) -> Adaptation:
    """Describes the loop inside an export, where the network is fixed.

    Args:
        scope: one of `scopes.SCOPES`; with `all`, the head adapts.
        steps: of adam; None for the scope's.
        rate: of adam; None for the scope's.
        max_support: the most ratings that a request may adapt to.

    Returns:
        The loop.

    Raises:
        InputError: The scope is unknown, or a number is not above 0.
    """
    check_scope(scope)
    default = LOOPS["head" if scope == "all" else scope]
    return Adaptation(
        default.steps if steps is None else steps,
        default.rate if rate is None else rate,
        max_support,
    )
