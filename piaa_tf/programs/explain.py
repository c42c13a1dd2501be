r"""Shows where in a photograph a score comes from: the prior's, and users' own.

    piaa-explain --prior=runs/multitask/prior --tastes=runs/tastes.npz \
        --user_id=anna --user_id=bert --image=album/beach.jpg --out=runs/beach

Writes maps.png into --out, the photograph and on it what the prior and each user
respond to, and maps.csv with their scores and how concentrated each map is. Seconds;
with a large backbone on a CPU some more for each user.
"""

from __future__ import annotations

import dataclasses

from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, repeated, required
from piaa_tf.programs.shared.scorer_config import ScorerConfig, open_scorers


@dataclasses.dataclass(frozen=True)
class ExplainConfig(ScorerConfig):
    """What an explanation depends on.

    Attributes: every field is a flag and carries its help.
    """

    image: str = required("The photograph.")
    user_id: tuple[str, ...] = repeated("Whose taste, beside the prior's; repeatable.")
    method: str = option(
        "integrated",
        "integrated: shares of what the picture scores above its mean colour; smooth: "
        "gradients averaged over noise; plain: the gradient, as on the slides.",
        choices=("integrated", "smooth", "plain"),
    )
    out: str = option("explanation", "Folder of the results.")


def run(config: ExplainConfig) -> None:
    """Differentiates each score and draws the maps."""
    from pathlib import Path

    import numpy as np
    from absl import logging

    from piaa_tf.data.csv_table import write_table
    from piaa_tf.data.images import read_image, resize
    from piaa_tf.explain.gradients import METHODS, concentration, to_map
    from piaa_tf.explain.overlay import Viewer, draw_viewers

    photo = read_image(config.image)
    users = list(dict.fromkeys(config.user_id))
    prior, scorers = open_scorers(config, users or [""])
    image = resize(photo, prior.config.image_size, prior.keep_aspect)[np.newaxis]
    explained = [("", "the prior", False, scorers[0].score_function(is_generic=True))]
    for user, scorer in zip(users, scorers):
        name = user if scorer.is_known_user else f"{user}: no taste known"
        explained.append((user, name, scorer.is_known_user, scorer.score_function()))
    viewers, rows = [], []
    for user, name, is_known, score in explained:
        own_map = to_map(METHODS[config.method](score, image))
        value, few = score(image).numpy()[0], concentration(own_map)[0]
        viewers.append(Viewer(name, f"score {value:.2f}", own_map[0]))
        rows.append([user, f"{value:.6g}", str(is_known).lower(), f"{few:.4f}"])
        logging.info("%-24s score %.2f  concentration %.3f", name, value, few)
    out = Path(config.out)
    columns = ["user_id", "score", "known_user", "concentration"]
    write_table(out / "maps.csv", columns, rows)
    low, high = dataclasses.astuple(scorers[0].rating_range)
    draw_viewers(
        photo,
        viewers,
        out / "maps.png",
        title=Path(config.image).name,
        caption=f"scores from {low:g} to {high:g}",
        keep_aspect=prior.keep_aspect,
    )
    logging.info("maps: %s", out / "maps.png")


def main() -> None:
    """Runs the console program."""
    program.start(ExplainConfig, run, __doc__)


if __name__ == "__main__":
    main()
