"""Loads an export as a model server does and answers its warm-up requests.

A SavedModel that was half written may load and then fail every request; a server would
make it available and unload the good one. So a version is checked, in a process of its
own, before it gets its number.

    python -m export.saved_model.check BASE/VERSION

ends silently where all is well.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from piaa_tf.contract.manifest import MANIFEST_NAME, Manifest
from piaa_tf.contract.signatures import PRIMARY_SIGNATURE, SERVING_DEFAULT, Signature
from piaa_tf.errors import InputError

_KNOWN_GRAPH = "--known_graph"


def check_export(
    directory: str | os.PathLike[str], *, is_new_graph: bool = True
) -> None:
    """Checks an export in a process of its own.

    Args:
        directory: of a whole version, with warm-up requests and manifest.
        is_new_graph: whether its graph has never been checked. If it has, TensorFlow
            does not optimise it again, which takes half of the time.

    Raises:
        InputError: It does not load, does not keep the contract, or cannot answer.
    """
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "export.saved_model.check",
            os.path.abspath(directory),
            *([] if is_new_graph else [_KNOWN_GRAPH]),
        ],
        # Where `export` is this package, whatever the caller's folder holds.
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    if result.returncode != 0:
        reason = result.stderr.strip().splitlines() or [f"exit {result.returncode}"]
        raise InputError(
            "An export must load in the C++ loader and answer its warm-up requests. "
            f"Got: {reason[-1]}. Nothing was published."
        )


def answer_warm_up(directory: str | os.PathLike[str], *, is_new_graph: bool) -> None:
    """Does what `check_export` describes, in this process.

    Raises:
        InputError: A file or an answer is not what the manifest and contract say.
        RuntimeError: The loader or a session fails.
    """
    manifest = Manifest.load(Path(directory) / MANIFEST_NAME)
    manifest.check_files(directory)

    from export.saved_model.warm_up import read_warm_up
    from piaa_tf.c_api.session import (
        INIT_SIGNATURE,
        SavedModelSession,
        unoptimized_config,
    )

    config = None if is_new_graph else unoptimized_config()
    session = SavedModelSession(directory, config=config)
    expected = {*manifest.signatures, SERVING_DEFAULT}
    found = set(session.signatures) - {INIT_SIGNATURE}
    if found != expected:
        raise InputError(
            f"The manifest names the signatures {sorted(expected)}. "
            f"Got {sorted(found)}."
        )
    for key, inputs in read_warm_up(directory):
        answer = session.answer(key, inputs)
        name = PRIMARY_SIGNATURE if key == SERVING_DEFAULT else key
        if name in manifest.served():
            _check_answer(manifest.served()[name], answer)
        for told in ("image_ok", "support_ok", "known_user"):
            if told == "known_user" and manifest.num_users == 0:
                continue
            if told in answer and not answer[told].all():
                raise InputError(f"{key} must answer {told}. Got {answer[told]}.")
    session.close()


def _check_answer(signature: Signature, answer: dict) -> None:
    found = {name: (value.dtype.name, value.ndim) for name, value in answer.items()}
    wanted = {
        output.name: (output.dtype, len(output.shape)) for output in signature.outputs
    }
    if found != wanted:
        raise InputError(f"{signature.name} answers {wanted}. Got {found}.")


def main(arguments: list[str]) -> None:
    """Checks the folder that is named."""
    try:
        answer_warm_up(arguments[0], is_new_graph=_KNOWN_GRAPH not in arguments)
    except (InputError, RuntimeError) as error:
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
