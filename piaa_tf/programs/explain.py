r"""Shows where in a photo a score comes from: the prior's, and users' own.

    piaa-explain --prior=runs/multitask/prior --tastes=runs/tastes.npz \
        --user_id=anna --user_id=bert --image=album/beach.jpg --out=runs/beach

Writes maps.png into --out, the photo with what the prior and each user respond to, and
maps.csv with their scores and how concentrated each map is. Takes seconds; with a large
backbone on a CPU a few more for each user.
"""

from __future__ import annotations

import dataclasses

from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, repeated, required
from piaa_tf.programs.shared.scorer_config import ScorerConfig, open_tastes


@dataclasses.dataclass(frozen=True)
class ExplainConfig(ScorerConfig):
    """What an explanation depends on.

    Attributes: every field is a flag and carries its help.
    """

    image: str = required("The photo.")
    user_id: tuple[str, ...] = repeated("Whose taste, beside the prior's; repeatable.")
    method: str = option(
        "integrated",
        "integrated: shares of what the photo scores above its mean colour; smooth: "
        "gradients averaged over noise; plain: the gradient, as on the slides.",
        choices=("integrated", "smooth", "plain"),
    )
    out: str = option("explanation", "Folder of the results.")


def run(config: ExplainConfig) -> None:
    """Differentiates each score and draws the maps."""
    from absl import logging

    from piaa_tf.library.explanation import save_explanations

    users = list(dict.fromkeys(config.user_id))
    tastes = open_tastes(config, user_id=next(iter(users), ""))
    explanations = [
        tastes.explain(config.image, user_id=user, method=config.method)
        for user in ("", *users)
    ]
    for one in explanations:
        logging.info(
            "%-24s score %.2f  concentration %.3f",
            one.viewer,
            one.score,
            one.concentration,
        )
    save_explanations(explanations, config.out)
    logging.info("maps: %s/maps.png", config.out)


def main() -> None:
    """Runs the console program."""
    program.start(ExplainConfig, run, __doc__)


if __name__ == "__main__":
    main()
