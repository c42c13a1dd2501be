"""What two versions of TensorFlow exchange; run by the Python of either.

versions_worker.py write GALLERY FILES         a prior, tastes, a SavedModel, a phone
versions_worker.py score GALLERY FILES ANSWERS.npz    what they answer here
versions_worker.py train RUN EPOCHS WEIGHTS.npz       trains, or goes on training
"""

# ruff: noqa: I001 - piaa_tf comes before TensorFlow, whose Keras it chooses.
import dataclasses
import sys
from pathlib import Path

import piaa_tf  # noqa: F401

import numpy as np
import tensorflow as tf

from export.tflite import save
from export.tflite.phone_export import PhoneExport
from export.tflite.phone_scores import phone_scores
from piaa_tf.adaptation.adapt import score_users
from piaa_tf.adaptation.scopes import personal_score
from piaa_tf.adaptation.taste import Tastes
from piaa_tf.data.decode import read_image, resize
from piaa_tf.models.prior import load_prior
from piaa_tf.training.run_folder import RunFolder

sys.path.append(str(Path(__file__).parents[1] / "training" / "supervised"))

from conformance_table import ADAPTATION, ROWS, STARS, World
from test_supervised_fit import OPTIONS, run_fit

ROW = "pa_iaa-fusion"


def write(gallery, files):
    world = World(ROWS[ROW], Path(files))
    world.tastes.save(world.directory / "tastes.npz")
    export = PhoneExport(
        world.prior,
        world.row.scope,
        STARS,
        ADAPTATION,
        user_id=world.users[0],
        user_weights=world.tastes.weights[0],
    )
    representative = squares(photos(gallery), world.prior)
    formats = ["fp32", "full_int8", "on_phone"]
    save.save_phone_files(export, formats, world.directory / "phone", representative)


def photos(gallery):
    return sorted(Path(gallery, "photos").rglob("*.jpg"))[:6]


def squares(paths, prior):
    size = prior.config.image_size
    image = [resize(read_image(path), size, prior.keep_aspect) for path in paths]
    return np.stack(image).astype(np.float32)


def score(gallery, files, answers):
    files, paths = Path(files), photos(gallery)
    prior, tastes = load_prior(files / "prior"), Tastes.load(files / "tastes.npz")
    image = squares(paths, prior)
    outputs = prior.one_image().predict(image, verbose=0)
    personal = personal_score(prior, tastes.scope, STARS)
    found = {
        "prior/traits": outputs["traits"],
        "prior/scores": score_users(personal, tastes.weights, outputs["embedding"]),
    }
    signatures = tf.saved_model.load(files / "moved").signatures
    for user in tastes.user_ids:
        answer = signatures["score"](
            image_bytes=tf.constant([path.read_bytes() for path in paths]),
            user_id=tf.constant([user] * len(paths)),
        )
        assert answer["known_user"].numpy().all()
        found[f"saved_model/{user}"] = answer["score"].numpy()
    adapted = signatures["adapt"](
        support_embedding=tf.constant(outputs["embedding"][np.newaxis]),
        support_rating=tf.constant([[1.0, 5.0, 2.0, 4.0, 3.0, 3.0]]),
        support_count=tf.constant([len(paths)]),
    )
    found["saved_model/adapted"] = adapted["user_weights"].numpy()
    for folder in sorted((files / "phone").iterdir()):
        found[f"phone/{folder.name}"] = phone_scores(
            folder, image, tastes.weights[0], "tensorflow"
        )
    np.savez(answers, **found)


def train(run, epochs, weights):
    options = dataclasses.replace(OPTIONS, epochs=int(epochs))
    prior = run_fit(options=options, run=RunFolder(Path(run), {}))
    np.savez(weights, **prior.weights())


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"write": write, "score": score, "train": train}[command](*arguments)
