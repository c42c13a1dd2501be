"""Systems that adapt every weight: a private network for each user."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from piaa_tf.adaptation.adapt import InnerLoop
from piaa_tf.adaptation.private_network import PrivateNetwork
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.data.streams import PixelCache
from piaa_tf.evaluation.baselines.priors import find_prior
from piaa_tf.evaluation.baselines.tuning import choose_settings, nearest
from piaa_tf.evaluation.system import Training
from piaa_tf.models.prior import Prior

LOOPS = (
    InnerLoop(5, 1e-4),
    InnerLoop(5, 3e-5),
    InnerLoop(10, 1e-4),
    InnerLoop(10, 3e-4),
)
"""To choose from on validation users; the first where there are none."""

SCORED_AT_ONCE = 64
PIXEL_BYTES = 2**30


@dataclasses.dataclass(frozen=True)
class NetworkModel:
    """The scores of a network as it stands; good until it meets the next user."""

    system: WholeNetwork
    num_weights: int

    def predict(self, images: Sequence[str]) -> np.ndarray:
        """Scores images by their names, [N]."""
        return self.system.scores(images)


class WholeNetwork:
    """A prior whose every weight takes a few Adam steps on a user's ratings."""

    def __init__(
        self, name: str, role: str, loops: Sequence[InnerLoop] = LOOPS
    ) -> None:
        """Takes its name in the tables, its prior's role, and what to choose from."""
        self.name, self._role, self._loops = name, role, loops
        self._row: dict[str, int] = {}

    def fit(self, training: Training) -> None:
        """Finds or trains the prior, and chooses steps and rate."""
        prior = self.find(training)
        held_out = training.samples(PersonalRatings, self.name, "validation")
        self._network = PrivateNetwork(prior, held_out.rating_range, self._loops[0])
        self.prepare(held_out)
        self._chosen = choose_settings(
            self._adapted,
            self._loops[:1] if training.is_quick else self._loops,
            training,
            system=self.name,
            max_users=8,
            repeats=1,
        )

    def find(self, training: Training) -> Prior:
        """Gives the prior that users start from."""
        return find_prior(self._role, training, self.name)

    def prepare(self, ratings: PersonalRatings) -> None:
        """Notes where the pictures are; each is decoded once, as memory allows."""
        names = list(dict.fromkeys(ratings.images))
        self._row = {name: i for i, name in enumerate(names)}
        prior = self._network.prior
        self._pixels = PixelCache(
            [ratings.photos / name for name in names],
            prior.config.image_size,
            keep_aspect=prior.keep_aspect,
            max_bytes=PIXEL_BYTES,
        )

    def prior(self) -> NetworkModel:
        """Returns the network as it was before any user."""
        self._network.forget()
        return NetworkModel(self, 0)

    def adapt(self, support: PersonalRatings) -> NetworkModel:
        """Adapts the network, from the prior, to one user."""
        return self._adapted(support, nearest(self._chosen, len(support)))

    def _adapted(self, support: PersonalRatings, loop: InnerLoop) -> NetworkModel:
        self._network.loop = loop
        self._network.adapt(self._images(support.images), support.ratings)
        return NetworkModel(self, self._network.num_weights)

    def scores(self, images: Sequence[str]) -> np.ndarray:
        """Scores images by the network as it stands."""
        return np.concatenate(
            [
                self._network.score(self._images(images[i : i + SCORED_AT_ONCE]))
                for i in range(0, len(images), SCORED_AT_ONCE)
            ]
        )

    def _images(self, names: Sequence[str]) -> np.ndarray:
        rows = np.array([self._row[name] for name in names])
        return np.stack(self._pixels.pixels(rows)).astype(np.float32)
