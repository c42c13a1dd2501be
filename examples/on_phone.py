"""What a phone does with its files: it adapts to ratings that never leave it.

    piaa-export-tflite --prior=runs/quickstart/multitask/prior --formats=on_phone \
        --out=runs/phone
    python examples/on_phone.py --model=runs/phone/on_phone --photos=album \
        --ratings=ratings.csv --out=runs/anna

1. Embed each photo once, and keep the embedding.
2. Adapt to the ratings.
3. Keep the weights, a few numbers.
4. Score the album.

Each step is the one call that an app makes, by the names in `contract/`. No TensorFlow
is loaded after `pip install ai-edge-litert`, the runtime of phones. Writes weights.npy,
embeddings.npz and scores.csv into --out; called again with more ratings, it embeds only
new photos.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
from absl import logging
from PIL import Image, ImageOps

from export.tflite.phone_runtime import PhoneFile
from piaa_tf.contract.manifest import MANIFEST_NAME, Manifest
from piaa_tf.data.csv_table import write_table
from piaa_tf.data.folder import list_photos
from piaa_tf.data.own_ratings import read_own_ratings
from piaa_tf.errors import InputError
from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, required


@dataclasses.dataclass(frozen=True)
class OnPhoneConfig:
    """What the phone has.

    Attributes: every field is a flag and carries its help.
    """

    model: str = required("Folder on_phone that piaa-export-tflite wrote.")
    photos: str = required("The album; the rated photos are in it.")
    ratings: str = required("CSV with the columns user_id,image,rating, of one user.")
    out: str = option("runs/phone/kept", "Folder of what the phone keeps.")


class Phone:
    """The three files, loaded, and the calls of an app.

    Attributes:
        manifest: what the files are.
    """

    def __init__(self, model: str | os.PathLike[str]) -> None:
        """Loads the files and checks that they are complete."""
        folder = Path(model)
        self.manifest = Manifest.load(folder / MANIFEST_NAME)
        if "adapt" not in self.manifest.signatures:
            raise InputError(
                f"--model must be a folder of the format on_phone. Got {folder} of "
                f"the form {self.manifest.form}. Export with --formats=on_phone."
            )
        self.manifest.check_files(folder)
        self._resize = PhoneFile(folder / "resize.tflite")
        self._embed = PhoneFile(folder / "embed.tflite")
        self._head = PhoneFile(folder / "head.tflite")

    def embed(self, photo: str | os.PathLike[str]) -> np.ndarray:
        """Embeds a photo, float32 [D]; a phone decodes and rotates it itself."""
        try:
            with Image.open(photo) as image:
                pixels = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
        except OSError as error:
            raise InputError(
                f"{photo} must be a whole image. Got: {error}. Remove it."
            ) from error
        square = self._resize("resize", pixels=pixels[np.newaxis])
        return self._embed("embed", **square)["embedding"][0]

    def adapt(self, embedding: np.ndarray, rating: np.ndarray) -> np.ndarray:
        """Adapts to ratings: [n, D] and [n] -> the user's weights, float32 [P]."""
        places = self.manifest.adaptation.max_support
        count = len(rating)
        support = np.zeros([1, places, self.manifest.embedding_size], np.float32)
        support[0, :count] = embedding
        padded = np.zeros([1, places], np.float32)
        padded[0, :count] = rating
        adapted = self._head(
            "adapt",
            support_embedding=support,
            support_rating=padded,
            support_count=np.array([count], np.int32),
        )
        if not adapted["support_ok"][0]:
            raise InputError(
                f"A phone adapts to 1 to {places} ratings in "
                f"{self.manifest.rating_range.minimum:g}.."
                f"{self.manifest.rating_range.maximum:g}. Got {count} others."
            )
        return adapted["user_weights"][0]

    def score(self, embedding: np.ndarray, weights: np.ndarray) -> float:
        """Scores an embedded photo by the user's weights."""
        answer = self._head(
            "score",
            embedding=embedding[np.newaxis],
            user_weights=weights[np.newaxis],
        )
        return float(answer["score"][0])


def run(config: OnPhoneConfig) -> None:
    """Embeds what is new, adapts, keeps, scores."""
    phone = Phone(config.model)
    photos, kept = Path(config.photos), Path(config.out)
    ratings = read_own_ratings(
        config.ratings, photos, phone.manifest.rating_range
    ).samples
    if len(ratings.user_ids()) != 1:
        raise InputError(
            "A phone has one user. Got ratings of "
            f"{len(ratings.user_ids())}: {', '.join(ratings.user_ids()[:5])}."
        )
    album = list_photos(photos)
    kept.mkdir(parents=True, exist_ok=True)
    needed = sorted({*album, *ratings.images})
    embeddings = embed_new(phone, photos, needed, kept / "embeddings.npz")
    newest = ratings.select(slice(-phone.manifest.adaptation.max_support, None))
    support = np.stack([embeddings[image] for image in newest.images])
    weights = phone.adapt(support, newest.ratings)
    np.save(kept / "weights.npy", weights)
    logging.info("adapted to %d ratings, weights: %d", len(newest), weights.size)
    scores = {image: phone.score(embeddings[image], weights) for image in album}
    ranked = sorted(scores, key=scores.get, reverse=True)
    rows = ([image, f"{scores[image]:.4f}"] for image in ranked)
    write_table(kept / "scores.csv", ["image", "score"], rows)
    for image in ranked[:3]:
        logging.info("%.2f  %s", scores[image], image)
    logging.info("%d photos: %s/scores.csv", len(ranked), kept)


def embed_new(
    phone: Phone, photos: Path, images: list[str], path: Path
) -> dict[str, np.ndarray]:
    """Embeds the photos that have no embedding yet, and keeps all of them.

    Args:
        phone: embeds.
        photos: folder of the images.
        images: to be embedded.
        path: of the kept embeddings; they go with the prior that made them.

    Returns:
        Image -> embedding, float32 [D].
    """
    checksum = phone.manifest.prior_checksum
    known: dict[str, np.ndarray] = {}
    if path.exists():
        with np.load(path, allow_pickle=False) as file:
            if str(file["prior_checksum"]) == checksum:
                known = dict(zip(file["images"].tolist(), file["embeddings"]))
    new = [image for image in images if image not in known]
    known.update((image, phone.embed(photos / image)) for image in new)
    logging.info("embedded %d new photos of %d", len(new), len(images))
    np.savez(
        path,
        images=np.array(images),
        embeddings=np.stack([known[image] for image in images]),
        prior_checksum=checksum,
    )
    return known


def main() -> None:
    """Runs the phone's twin."""
    program.start(OnPhoneConfig, run, __doc__, loads_tensorflow=False)


if __name__ == "__main__":
    main()
