"""The shape of every console program: a config, flags with its defaults, `run`.

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
from typing import TYPE_CHECKING, Any, TypeVar

from absl import app, flags, logging

from piaa_tf.errors import InputError
from piaa_tf.tensorflow_log import tensorflow_notes_hidden

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Options = TypeVar("Options", bound="DataclassInstance")


def option(default: Any, text: str, choices: Sequence[str] | None = None) -> Any:
    """Declares a config field: its default, its help, its choices."""
    return dataclasses.field(
        default=default, metadata={"help": text, "choices": choices}
    )


def required(text: str, choices: Sequence[str] | None = None) -> Any:
    """Declares a config field that a user must give: a string, empty until then."""
    return dataclasses.field(
        default="", metadata={"help": text, "choices": choices, "required": True}
    )


def repeated(text: str) -> Any:
    """Declares a config field of texts whose flag may be given several times."""
    return dataclasses.field(
        default=(), metadata={"help": text, "choices": None, "repeated": True}
    )


def define_flags(
    config_class: type, flag_values: flags.FlagValues = flags.FLAGS
) -> None:
    """Defines one absl flag per field of a config, with its default.

    Tuples become comma-separated lists, and a list of one kind of numbers is read back
    as numbers. Not called on import: two programs in one process would collide.

    Args:
        config_class: the program's frozen config dataclass.
        flag_values: where the flags are kept.
    """
    for field in dataclasses.fields(config_class):
        define, default, arguments = _flag_of(field)
        define(
            field.name,
            default,
            *arguments,
            help=field.metadata["help"],
            flag_values=flag_values,
            required=field.metadata.get("required", False),
        )
        # --help shows the flags of the main module, which is not this one.
        flag_values.register_key_flag_for_module(sys.argv[0], flag_values[field.name])


def _flag_of(field: dataclasses.Field) -> tuple[Callable, Any, tuple]:
    """Chooses absl's function for a field, the default, and what else it takes."""
    default, choices = field.default, field.metadata["choices"]
    if choices is not None:
        return flags.DEFINE_enum, default or None, (list(choices),)
    if field.metadata.get("repeated"):
        return flags.DEFINE_multi_string, [], ()
    if isinstance(default, tuple):
        return flags.DEFINE_list, [str(x) for x in default], ()
    for kind, define in (
        (bool, flags.DEFINE_boolean),
        (int, flags.DEFINE_integer),
        (float, flags.DEFINE_float),
    ):
        if isinstance(default, kind):
            return define, default, ()
    return flags.DEFINE_string, default or None, ()


def config_from_flags(
    config_class: type, flag_values: flags.FlagValues = flags.FLAGS
) -> Any:
    """Builds the config from the parsed flags.

    Args:
        config_class: as in `define_flags`.
        flag_values: as in `define_flags`.

    Returns:
        An instance of the class.

    Raises:
        InputError: A list holds something else than numbers, or the config refuses
            its values.
    """
    values: dict[str, Any] = {}
    for field in dataclasses.fields(config_class):
        value: Any = flag_values[field.name].value
        if isinstance(field.default, tuple):
            values[field.name] = _tuple_like(field.default, field.name, value)
        else:
            values[field.name] = field.default if value is None else value
    return config_class(**values)


def options_of(config: Any, options_class: type[Options]) -> Options:
    """Builds options from the flags of the same names.

    Args:
        config: of a program.
        options_class: a dataclass from which the flags took their defaults.

    Returns:
        The options; those that are no flags keep their defaults.
    """
    names = {field.name for field in dataclasses.fields(config)}
    return options_class(
        **{
            field.name: getattr(config, field.name)
            for field in dataclasses.fields(options_class)
            if field.name in names
        }
    )


def _tuple_like(default: tuple, name: str, texts: Sequence[str]) -> tuple:
    """Reads a list flag in the type of its default's entries."""
    kind = type(default[0]) if default else str
    try:
        return tuple(kind(text) for text in texts)
    except ValueError as error:
        raise InputError(
            f"--{name} takes {kind.__name__}s separated by commas. "
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
            ignore the log level, are dropped.
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
    """Logs plain lines with the time of day, and hides TensorFlow's own notes."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    std_logging.getLogger("tensorflow").setLevel(std_logging.ERROR)
    logging.use_absl_handler()
    logging.set_verbosity(logging.INFO)
    logging.get_absl_handler().setFormatter(
        std_logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S")
    )
