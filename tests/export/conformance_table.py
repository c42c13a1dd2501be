"""What is exported (the rows) and by what it is run (the columns).

A row is a prior with users whose weights differ; a column turns a row's files into a
function `ask(signature, inputs) -> outputs`. `Library` gives the answers that are
expected of every column, from Keras and the library's own functions alone.
"""

import io
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import tensorflow as tf
from PIL import Image

from export.saved_model.private_networks import publish_networks, publish_prior
from export.saved_model.save import Export, save_export
from export.saved_model.user_table import UserRows
from export.saved_model.version_folder import newest
from piaa_tf.adaptation.adapt import InnerLoop, adapt_supports, score_users
from piaa_tf.adaptation.scopes import personal_score
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.adaptation.user_network import UserNetwork
from piaa_tf.contract.manifest import MANIFEST_NAME, Adaptation, Manifest
from piaa_tf.contract.user_ids import PRIOR_MODEL, private_model
from piaa_tf.data.decode import resize
from piaa_tf.models.config import BlgPiaaConfig, PaIaaConfig
from piaa_tf.models.prior import build_prior, load_prior, save_prior
from piaa_tf.photos.seen import seen_pixels
from piaa_tf.ratings import RatingRange

ROOT = Path(__file__).parents[2]
STARS = RatingRange(1, 5)
ADAPTATION = Adaptation(steps=5, rate=0.02, max_support=6)
USERS = ("anna", "bert b", "\N{SNOWMAN}'s")
SMALL = {"backbone": "compact", "image_size": 48, "head_sizes": (8,)}


@dataclass(frozen=True)
class Row:
    """A prior and how its users differ from it."""

    kind: str
    scope: str
    config: dict
    keep_aspect: bool = False


ROWS = {
    "pa_iaa-fusion": Row("pa_iaa", "fusion", SMALL),
    "pa_iaa-fusion-network": Row(
        "pa_iaa", "fusion", {**SMALL, "fusion": "network", "fusion_sizes": (4,)}, True
    ),
    "pa_iaa-head": Row("pa_iaa", "head", {**SMALL, "tasks": ("distribution",)}),
    "pa_iaa-all": Row("pa_iaa", "all", SMALL),
    "blg_piaa-head": Row("blg_piaa", "head", {**SMALL, "link": "linear"}),
    "blg_piaa-all": Row("blg_piaa", "all", SMALL),
}


def moved(prior, generator, amount):
    """Writes other values, of similar size, into every trained variable."""
    for variable in prior.model.trainable_variables:
        noise = generator.normal(0, amount, variable.shape)
        variable.assign_add(noise.astype(np.float32))
    return prior


class World:
    """One row on disk: prior, tastes, networks, and what was exported of them."""

    def __init__(self, row, directory):
        self.row, self.directory = row, directory
        tf.keras.utils.set_random_seed(3)
        config = {"pa_iaa": PaIaaConfig, "blg_piaa": BlgPiaaConfig}[row.kind]
        training = {"keep_aspect": row.keep_aspect}
        built = build_prior(row.kind, config(**row.config), training=training)
        generator = np.random.default_rng(3)
        save_prior(moved(built, generator, 0.05), directory / "prior")
        self.prior = load_prior(directory / "prior")
        self.personal = personal_score(self.prior, row.scope, STARS)
        self.users = USERS if row.scope != "all" else USERS[:2]
        shape = [len(self.users), self.personal.prior_weights.size]
        self.tastes = Tastes(
            user_ids=self.users,
            weights=(
                self.personal.prior_weights + generator.normal(0, 0.3, shape)
            ).astype(np.float32),
            num_ratings=np.full(len(self.users), 10),
            scope=row.scope,
            adapted_by="chance",
            rating_range=STARS,
            prior_checksum=self.prior.checksum(),
            networks={
                user: UserNetwork(directory / "networks" / str(i))
                for i, user in enumerate(self.users if row.scope == "all" else ())
            },
        )
        self.networks = {}
        self.export(generator)

    def export(self, generator):
        export = Export(self.prior, self.row.scope, STARS, ADAPTATION)
        base = self.directory / "written"
        # The suite asks more than the check does; test_next_version has the check.
        with mock.patch("export.saved_model.next_version.check_export"):
            self._write(export, base, generator)
        # Nothing in an export may lead back to where it was written.
        self.base = base.rename(self.directory / "moved")

    def _write(self, export, base, generator):
        if self.row.scope != "all":
            base.mkdir()
            save_export(export, UserRows.of_tastes(self.tastes), base)
        else:
            publish_prior(export, base)
            for user in self.users:
                network = moved(load_prior(self.directory / "prior"), generator, 0.02)
                self.networks[user] = network
                save_prior(network, self.tastes.networks[user].directory)
            publish_networks(self.tastes, base)

    def model_of(self, user):
        """The SavedModel that is asked about a user; None where nobody is named."""
        if self.row.scope != "all":
            return self.base
        known = user in self.users
        return newest(self.base / (private_model(user) if known else PRIOR_MODEL))

    @property
    def manifest(self):
        return Manifest.load(self.model_of(None) / MANIFEST_NAME)


class Library:
    """The answers expected: Keras' network, the library's score and inner loop."""

    def __init__(self, world):
        self.world = world
        self.known = {}
        self.answers = {}

    def ask(self, signature, inputs):
        # The columns of a row ask the same, and the answers cost a network's run.
        question = pickle.dumps((signature, inputs))
        if question not in self.answers:
            self.answers[question] = getattr(self, signature)(**inputs)
        return dict(self.answers[question])

    def images(self, image_bytes):
        config = self.world.prior.config
        return np.stack(
            [
                resize(
                    seen_pixels(Image.open(io.BytesIO(content))),
                    config.image_size,
                    self.world.row.keep_aspect,
                )
                for content in image_bytes
            ]
        )

    def predicted(self, image_bytes, user=None):
        found = [self.of_photo(content, user) for content in image_bytes]
        return {n: np.concatenate([one[n] for one in found]) for n in found[0]}

    def of_photo(self, content, user):
        network = user if user in self.world.networks else None
        if (content, network) not in self.known:
            prior = self.world.networks.get(network, self.world.prior)
            outputs = prior.one_image()(self.images([content]), training=False)
            self.known[content, network] = {n: v.numpy() for n, v in outputs.items()}
        return self.known[content, network]

    def weights(self, user):
        row = self.world.tastes.rows([user])[0]
        known = self.world.tastes.weights[row]
        return known if row >= 0 else self.world.personal.prior_weights

    def score(self, image_bytes, user_id):
        scores = [
            score_users(
                self.world.personal,
                self.weights(user)[np.newaxis],
                self.predicted([content], user)["embedding"],
            )[0, 0]
            for content, user in zip(image_bytes, user_id)
        ]
        return {
            "score": np.array(scores),
            "known_user": np.array([user in self.world.users for user in user_id]),
            "image_ok": np.ones(len(scores), bool),
        }

    def generic(self, image_bytes):
        predicted = self.predicted(image_bytes)
        start = self.world.personal.prior_weights[np.newaxis]
        scores = score_users(self.world.personal, start, predicted["embedding"])[0]
        answer = {"mean_score": scores, "image_ok": np.ones(len(scores), bool)}
        if "distribution" in predicted:
            answer["distribution"] = predicted["distribution"]
        return answer

    def personality(self, image_bytes):
        traits = self.predicted(image_bytes)["traits"]
        return {"traits": traits, "image_ok": np.ones(len(traits), bool)}

    def embed(self, image_bytes):
        embedding = self.predicted(image_bytes)["embedding"]
        return {"embedding": embedding, "image_ok": np.ones(len(embedding), bool)}

    def adapt(self, support_embedding, support_rating, support_count):
        supports = [
            (embedding[:count], rating[:count])
            for embedding, rating, count in zip(
                support_embedding, support_rating, support_count
            )
        ]
        loop = InnerLoop(ADAPTATION.steps, ADAPTATION.rate)
        weights = adapt_supports(self.world.personal, supports, loop)
        return {"user_weights": weights, "support_ok": np.ones(len(supports), bool)}

    def score_with_weights(self, embedding, user_weights):
        scores = [
            score_users(self.world.personal, row[np.newaxis], one[np.newaxis])[0, 0]
            for one, row in zip(embedding, user_weights)
        ]
        return {"score": np.array(scores)}

    def explain(self, image_bytes, user_id):
        maps = []
        for content, user in zip(image_bytes, user_id):
            image = tf.constant(self.images([content]))
            model = self.world.networks.get(user, self.world.prior).one_image()
            with tf.GradientTape() as tape:
                tape.watch(image)
                embedding = model(image, training=False)["embedding"]
                score = self.world.personal.score(
                    tf.constant(self.weights(user))[tf.newaxis], embedding[tf.newaxis]
                )
            gradient = tape.gradient(score, image).numpy()[0]
            maps.append(np.abs(gradient).max(axis=-1))
        return {"saliency": np.stack(maps), "image_ok": np.ones(len(maps), bool)}


Ask = Callable[[str, dict], dict]


@dataclass(frozen=True)
class Column:
    """A way to run exports.

    Attributes:
        open: from a `World` to its `ask`.
        tolerance: of scores and other outputs, in shares of their range.
        rows: those it takes part in.
    """

    open: Callable[[World], Ask]
    tolerance: float
    rows: tuple[str, ...] = tuple(ROWS)


def by_model(world, run):
    """Makes `ask` of run(directory, signature, inputs): each user's rows to a model."""

    def ask(signature, inputs):
        users = inputs.get("user_id", [None] * len(next(iter(inputs.values()))))
        models = np.array([os.fspath(world.model_of(user)) for user in users])
        outputs = {}
        for model in dict.fromkeys(models):
            rows = np.flatnonzero(models == model)
            asked = {
                name: _strings(np.asarray(value, object)[rows])
                if name in ("image_bytes", "user_id", "support_image_bytes")
                else value[rows]
                for name, value in inputs.items()
            }
            for name, value in run(model, signature, asked).items():
                whole = np.zeros([len(models), *value.shape[1:]], value.dtype)
                outputs.setdefault(name, whole)[rows] = value
        return outputs

    return ask


def _strings(texts):
    encoded = [t.encode() if isinstance(t, str) else t for t in texts.reshape(-1)]
    return np.array(encoded, object).reshape(texts.shape)


def open_in_tensorflow(world):
    loaded = {}

    def run(model, signature, inputs):
        if model not in loaded:
            loaded[model] = tf.saved_model.load(model)
        asked = {
            name: tf.constant(value.tolist(), tf.string)
            if value.dtype == object
            else tf.constant(value)
            for name, value in inputs.items()
        }
        answer = loaded[model].signatures[signature](**asked)
        return {name: value.numpy() for name, value in answer.items()}

    return by_model(world, run)


class CApiProcess:
    """A process that loads exports as a model server does."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("c_api_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.fspath(ROOT)},
        )

    def run(self, model, signature, inputs):
        pickle.dump((os.fspath(model), signature, inputs), self.process.stdin)
        self.process.stdin.flush()
        answer = pickle.load(self.process.stdout)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
