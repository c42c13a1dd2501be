"""Small images of plain colours, rated by people of planted taste."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.evaluation.handcrafted import FEATURES, describe_files
from piaa_tf.evaluation.system import Training
from piaa_tf.ratings import RatingRange

NUM_IMAGES = 80
RANGE = RatingRange(1, 5)


@dataclasses.dataclass
class Planted:
    """Images on disk, and what their taste is made of."""

    photos: object
    images: list
    attributes: np.ndarray

    def attribute(self, name):
        return self.attributes[:, list(FEATURES).index(name)]

    def ratings(self, tastes, rows=slice(None)):
        """Ratings 1..5 of users, each a function of all images' rows -> [N]."""
        rows = np.arange(NUM_IMAGES)[rows]
        images = [self.images[row] for row in rows] * len(tastes)
        users = np.repeat(list(tastes), len(rows)).tolist()
        given = np.concatenate([np.clip(t, 1, 5)[rows] for t in tastes.values()])
        return PersonalRatings(self.photos, images, users, given, RANGE)


@pytest.fixture(scope="session")
def planted(tmp_path_factory):
    photos = tmp_path_factory.mktemp("planted")
    generator = np.random.default_rng(0)
    images = [f"{i}.png" for i in range(NUM_IMAGES)]
    for image in images:
        colour = generator.integers(30, 226, 3)
        grain = generator.integers(-25, 26, [16, 16, 3]) * generator.random()
        Image.fromarray((colour + grain).astype(np.uint8)).save(photos / image)
    raw = describe_files([photos / image for image in images])
    spread = np.maximum(raw.std(axis=0), 1e-6)
    return Planted(photos, images, (raw - raw.mean(axis=0)) / spread)


@pytest.fixture(scope="session")
def prior(tiny_prior):
    """The prior of average scores that all trainings here are given."""
    from piaa_tf.models.prior import load_prior

    return load_prior(tiny_prior)


@pytest.fixture
def training(tmp_path, tiny_prior):
    """Makes a `Training` of ratings, or of other samples by their kind."""

    def make(*train, validation=(), **changes):
        return Training(
            {type(samples): samples for samples in train},
            {type(samples): samples for samples in validation},
            tmp_path,
            **{"num_images": (40,), "priors": {"average": tiny_prior}, **changes},
        )

    return make
