r"""Scores a folder of photos at a model server.

    piaa-score --address=localhost:8500 --model_name=aesthetics --user_id=anna \
        --photos=album --out=runs/anna/scores.csv

The server is TensorFlow Serving, or piaa-serve, with an export of piaa-export. Writes a
line per photo: image,score,known_user,image_ok; JSON lines where --out ends in
.jsonl. The file appears when all are answered. A photo that cannot be read gets
image_ok false and no score, and the rest go on. A user without a taste in the export
gets the prior's scores, with a warning. As fast as the server.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from piaa_tf.programs.shared import program
from piaa_tf.programs.shared.program import option, required
from serving.client.request_limits import RequestLimits

if TYPE_CHECKING:
    from serving.client.uploads import Recoding

SIGNATURES = ("score", "generic", "personality", "embed")


@dataclasses.dataclass(frozen=True)
class ScoreConfig:
    """What scores of a folder depend on.

    Attributes: every field is a flag and carries its help.
    """

    photos: str = required("Folder of photos; sub-folders count.")
    address: str = option("localhost:8500", "HOST:PORT of gRPC, or unix:PATH.")
    model_name: str = option("default", "Name of the model at the server.")
    model_version: int = option(0, "Its version; 0 for the newest that is loaded.")
    model_label: str = option("", "A label of the server's config instead.")
    signature: str = option("score", "What to ask.", choices=SIGNATURES)
    user_id: str = option("", "Whose taste; empty for the prior's.")
    out: str = option("scores.csv", "The table to write: .csv or .jsonl.")
    format: str = option(
        "", "Of --out; by default what its name says.", choices=("csv", "jsonl")
    )
    recoding: Recoding = option(
        "png",
        "How photos are sent that a server cannot read as they are (turned ones, "
        "WebP, CMYK): png keeps every pixel, jpeg is smaller.",
        choices=("png", "jpeg"),
    )
    wait_s: float = option(0.0, "Wait this long for the server to serve the model.")
    timeout_s: float = option(RequestLimits.timeout_s, "Deadline of a request.")
    max_request_bytes: int = option(
        RequestLimits.max_request_bytes,
        "Of the photos in a request; a larger one goes alone.",
    )
    max_rows: int = option(
        RequestLimits.max_rows,
        "Photos in a request; at most the server's max_batch_size.",
    )
    max_in_flight: int = option(
        RequestLimits.max_in_flight, "Requests under way at the same time."
    )
    use_tls: bool = option(False, "Encrypt; implied by the certificates.")
    root_cert: str = option("", "PEM file of who signs the server's certificate.")
    client_cert: str = option("", "PEM file of the client's certificate.")
    client_key: str = option("", "PEM file of its key.")
    tls_server_name: str = option(
        "", "Name in the server's certificate, if not that of --address."
    )
    metadata: tuple[str, ...] = option(
        (), "KEY=VALUE for each call, with commas between; VALUE may be @FILE."
    )


def run(config: ScoreConfig) -> None:
    """Sends every photo and writes the table of answers."""
    from absl import logging

    from piaa_tf.contract.user_ids import check_user_ids
    from piaa_tf.data.folder import list_photos
    from piaa_tf.errors import InputError
    from serving.client.answer_table import make_room, table_format, write_answers

    table = config.format or table_format(config.out)
    make_room(config.out)
    images = list_photos(config.photos)
    if config.user_id:
        check_user_ids([config.user_id])
    if config.user_id and config.signature != "score":
        raise InputError(
            f"{config.signature} is the same for every user. Got --user_id="
            f"{config.user_id}. Drop it, or ask --signature=score."
        )
    result = ask(config, images)
    write_answers(config.out, table, images, result)
    if config.signature == "score" and not result.known_user.any():
        logging.warning(
            "no taste of user %r is known: these are the prior's scores",
            config.user_id,
        )
    broken = [image for image, ok in zip(images, result.image_ok) if not ok]
    if broken:
        logging.warning("%d cannot be read, such as %s", len(broken), broken[0])
    logging.info("%d photos: %s", len(images), config.out)


def ask(config: ScoreConfig, images: list[str]) -> Any:
    """Asks for every photo; returns a dataclass of `serving.client.results`."""
    from absl import logging

    from piaa_tf.files.progress import Progress
    from serving.client import Client, Connection
    from serving.client.results import joined

    connection = Connection(
        address=config.address,
        use_tls=config.use_tls,
        root_cert=config.root_cert,
        client_cert=config.client_cert,
        client_key=config.client_key,
        tls_server_name=config.tls_server_name,
        metadata=config.metadata,
    )
    limits = RequestLimits(
        timeout_s=config.timeout_s,
        max_request_bytes=config.max_request_bytes,
        max_rows=config.max_rows,
        max_in_flight=config.max_in_flight,
    )
    with Client(
        connection,
        config.model_name,
        model_version=config.model_version,
        model_label=config.model_label,
        limits=limits,
    ) as client:
        if config.wait_s:
            client.wait_until_served(config.wait_s)
        served = client.served()
        logging.info(
            "%d photos to version %d of %s",
            len(images),
            served.version,
            served.description,
        )
        progress, answers = Progress(len(images)), []
        for answer in client.stream(config.signature, rows(config, images)):
            progress.step(len(answer.image_ok))
            answers.append(answer)
        return joined(answers)


def rows(config: ScoreConfig, images: list[str]) -> Iterator[dict[str, bytes]]:
    """Yields the inputs of each photo, reading a few ahead in threads."""
    import os
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

    from serving.client.in_order import in_order
    from serving.client.uploads import upload_bytes

    user = {"user_id": config.user_id.encode()} if config.signature == "score" else {}
    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        for _, content in in_order(
            (Path(config.photos, image) for image in images),
            lambda path: pool.submit(upload_bytes, path, config.recoding),
            2 * threads,
        ):
            yield {"image_bytes": content.result(), **user}


def main() -> None:
    """Runs the console program."""
    program.start(ScoreConfig, run, __doc__)


if __name__ == "__main__":
    main()
