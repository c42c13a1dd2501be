"""The one shape of every console program: a config, flags that take its defaults, run.

A program is a frozen dataclass whose fields carry their help, and a function
`run(config)`; its `main` hands both to `start`.
"""

from __future__ import annotations

import dataclasses
import importlib
import logging as std_logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from absl import app, flags, logging

from piaa_tf.errors import InputError
from piaa_tf.tensorflow_log import tensorflow_notes_hidden


def option(default: Any, text: str, choices: Sequence[str] | None = None) -> Any:
    """Declares a config field: its default, its help, its choices."""
    return dataclasses.field(
        default=default, metadata={"help": text, "choices": choices}
    )


def required(text: str, choices: Sequence[str] | None = None) -> Any:
    """Declares a config field that a user has to give: a string, empty until then."""
    return dataclasses.field(
        default="", metadata={"help": text, "choices": choices, "required": True}
    )


def repeated(text: str) -> Any:
    """Declares a config field of texts whose flag may be given several times."""
    return dataclasses.field(
        default=(), metadata={"help": text, "choices": None, "repeated": True}
    )


def define_flags(config_class: type) -> None:
    """Defines one absl flag per field of a config, with its default.

    Tuples become comma-separated lists, and a list of one kind of numbers is read back
    as numbers. Not called on import: two programs in one process would collide.
    """
    for field in dataclasses.fields(config_class):
        text, choices = field.metadata["help"], field.metadata["choices"]
        if choices is not None:
            default = field.default or None
            flags.DEFINE_enum(field.name, default, list(choices), text)
        elif isinstance(field.default, bool):
            flags.DEFINE_boolean(field.name, field.default, text)
        elif isinstance(field.default, int):
            flags.DEFINE_integer(field.name, field.default, text)
        elif isinstance(field.default, float):
            flags.DEFINE_float(field.name, field.default, text)
        elif field.metadata.get("repeated"):
            flags.DEFINE_multi_string(field.name, [], text)
        elif isinstance(field.default, tuple):
            flags.DEFINE_list(field.name, [str(x) for x in field.default], text)
        else:
            flags.DEFINE_string(field.name, field.default or None, text)
        # --help shows the flags of the main module, which is not this one.
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flags.FLAGS[field.name])
        if field.metadata.get("required"):
            flags.mark_flag_as_required(field.name)


def config_from_flags(config_class: type) -> Any:
    """Builds the config from the parsed flags."""
    values = {}
    for field in dataclasses.fields(config_class):
        value = flags.FLAGS[field.name].value
        if isinstance(field.default, tuple):
            values[field.name] = _tuple_like(field, value)
        else:
            values[field.name] = field.default if value is None else value
    return config_class(**values)


def _tuple_like(field: dataclasses.Field, texts: Sequence[str]) -> tuple:
    """Reads a list flag in the type of its default's entries."""
    kind = type(field.default[0]) if field.default else str
    try:
        return tuple(kind(text) for text in texts)
    except ValueError as error:
        raise InputError(
            f"--{field.name} takes {kind.__name__}s with commas between. "
            f"Got {','.join(texts)}."
        ) from error


def start(
    config_class: type,
    run: Callable[[Any], None],
    usage: str,
    *,
    loads_tensorflow: bool = True,
) -> None:
    """Parses the flags and runs the program; the `main` of every program.

    A user's mistake ends in one sentence and exit code 1, a bug in its traceback.

    Args:
        config_class: the program's frozen config dataclass.
        run: the program.
        usage: the program's module docstring, shown by --help.
        loads_tensorflow: whether the program needs it; its notes at loading, which
            heed no log level, are dropped.
    """
    define_flags(config_class)
    sys.modules["__main__"].__doc__ = usage
    if "--help" in sys.argv[1:]:
        # absl would exit with 1, as after a mistake.
        app.usage(shorthelp=True, writeto_stdout=True, exitcode=0)

    def main(arguments: list[str]) -> None:
        set_up_logging()
        try:
            if arguments[1:]:
                raise InputError(
                    f"Only flags are taken. Got {' '.join(arguments[1:])}. See --help."
                )
            config = config_from_flags(config_class)
            if loads_tensorflow:
                with tensorflow_notes_hidden():
                    importlib.import_module("tensorflow")
            run(config)
        except InputError as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(1)

    app.run(main)


def set_up_logging() -> None:
    """Logs plain lines with the time of day, and keeps TensorFlow's own notes away."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    std_logging.getLogger("tensorflow").setLevel(std_logging.ERROR)
    logging.use_absl_handler()
    logging.set_verbosity(logging.INFO)
    logging.get_absl_handler().setFormatter(
        std_logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S")
    )
