"""Writes a phone's files: one user's adapted model, or what adapts on the phone itself.

    OUT/fp32/           score.tflite resize.tflite manifest.json
    OUT/fp16/           the same, weights in float16: half the size
    OUT/dynamic_int8/   weights in int8: a quarter of it
    OUT/full_int8/      weights and activations in int8, for hardware that has no other
    OUT/on_phone/       embed.tflite (float16), head.tflite (float32), resize.tflite,
                        manifest.json: ratings never leave the phone

TFLite's own operators suffice for all of them. What each file takes and gives is
`signatures.PHONE_FILES`.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from export.tflite.phone_export import (
    FORMATS,
    PhoneExport,
    files_of,
    signatures_of,
    sizes_of,
)
from piaa_tf.contract.manifest import MANIFEST_NAME, checksums
from piaa_tf.errors import InputError
from piaa_tf.files.atomic_files import atomic_folder
from piaa_tf.tensorflow_log import tensorflow_notes_hidden


def check_formats(formats: Sequence[str], has_representative: bool) -> None:
    """Refuses formats that are unknown, and int8 activations without photos.

    Args:
        formats: to be written.
        has_representative: whether there are representative photos.

    Raises:
        InputError: A format is unknown, there is none, or one lacks the photos.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise InputError(
            f"formats must be some of {', '.join(FORMATS)}. "
            f"Got {', '.join(unknown) or 'none'}."
        )
    if "full_int8" in formats and not has_representative:
        raise InputError(
            "full_int8 needs representative photos, which show how large each "
            "activation gets. Got none. Pass --photos, or leave full_int8 out."
        )


def save_phone_files(
    export: PhoneExport,
    formats: Sequence[str],
    out: str | os.PathLike[str],
    representative: Collection[np.ndarray] = (),
) -> None:
    """Writes a folder for each format; it appears, or is replaced, as a whole.

    Args:
        export: what.
        formats: keys of `FORMATS`.
        out: folder of the folders.
        representative: images like those to come, for full_int8, float32 [n, S, S, 3]
            in 0..255.

    Raises:
        InputError: As of `check_formats` and `PhoneExport.functions`.
    """
    check_formats(formats, len(representative) > 0)
    with tempfile.TemporaryDirectory() as scratch:
        for name in formats:
            # One graph serves the files of all formats but on_phone, whose network
            # may be another.
            graphs = Path(scratch, "everybody" if name == "on_phone" else "own")
            with atomic_folder(Path(out) / name, replace=True) as folder:
                for file, precision in files_of(name).items():
                    if not (graphs / file).exists():
                        save_graph(export, name, file, graphs / file)
                    content = convert(graphs / file, precision, representative)
                    (folder / file).write_bytes(content)
                manifest = export.manifest(name)
                counted = dataclasses.replace(manifest, files=checksums(folder))
                counted.save(folder / MANIFEST_NAME)


def save_graph(
    export: PhoneExport, format_name: str, file: str, directory: Path
) -> None:
    """Writes the SavedModel that a file is converted from.

    Args:
        export: what.
        format_name: a key of `FORMATS`.
        file: one of `files_of` it.
        directory: to be made.
    """
    manifest = export.manifest(format_name)
    functions = export.functions(format_name)
    typed = functions.functions(file, signatures_of(file, manifest), sizes_of(manifest))
    with tensorflow_notes_hidden():
        tf.saved_model.save(functions, os.fspath(directory), signatures=typed)


def convert(
    saved_model: str | os.PathLike[str],
    precision: str,
    representative: Collection[np.ndarray] = (),
) -> bytes:
    """Converts a SavedModel with all its signatures to one TFLite file.

    Args:
        saved_model: its folder.
        precision: a value of `FORMATS`.
        representative: for int8, images for the one signature's `image`, float32
            [n, S, S, 3].

    Returns:
        The file's content; TFLite's own operators alone are in it.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(os.fspath(saved_model))
    operators = tf.lite.OpsSet.TFLITE_BUILTINS
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        operators = tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        converter.representative_dataset = lambda: (
            {"image": image[np.newaxis]} for image in representative
        )
    converter.target_spec.supported_ops = [operators]
    with tensorflow_notes_hidden():
        return converter.convert()
