"""The one error that a person can cause and correct."""


class InputError(ValueError):
    """What a person gave does not fit; the message says what must hold.

    Programs end with this sentence and exit code 1; any other exception is a bug
    and keeps its traceback.
    """
