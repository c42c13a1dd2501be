"""Tastes on a model server: how a prior and its users are exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from export.saved_model.save import Export
from piaa_tf.library.methods import graph_adaptation

if TYPE_CHECKING:
    from piaa_tf.library.tastes import Tastes


def served_export(
    tastes: Tastes,
    *,
    steps: int | None,
    rate: float | None,
    max_support: int,
    precision: str = "float32",
    one_signature_per_user: bool = False,
) -> Export:
    """Describes the export of a prior for the users of some tastes.

    Args:
        tastes: the prior, and the tastes of its users, or of nobody.
        steps: of adam in the graph; None for the scope's.
        rate: of adam in the graph; None for the scope's.
        max_support: the most ratings that a request may adapt to.
        precision: in which the prior was loaded.
        one_signature_per_user: whether each user also gets a signature of their own.

    Returns:
        The export.

    Raises:
        InputError: A number is not above 0.
    """
    adapted = tastes.adapted
    return Export(
        tastes.prior.trained,
        adapted.scope,
        adapted.rating_range,
        graph_adaptation(
            adapted.scope, steps=steps, rate=rate, max_support=max_support
        ),
        adapted_by=adapted.adapted_by,
        precision=precision,
        one_signature_per_user=one_signature_per_user,
    )
