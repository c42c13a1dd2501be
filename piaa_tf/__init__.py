"""Personalized image aesthetics assessment: a prior from many, a taste from ten.

Importing this package loads no TensorFlow. It only looks at the installed versions,
because a Keras 3 would fail later and obscurely.
"""

from piaa_tf import keras_guard as _keras_guard
from piaa_tf.version import __version__

_keras_guard.check_installed()

del _keras_guard

__all__ = ["__version__"]
