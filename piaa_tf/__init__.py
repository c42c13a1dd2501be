"""Personalized image aesthetics assessment: a prior from many, a taste from ten.

Importing this package loads no TensorFlow. It only looks at the installed versions, and
switches `tf.keras` to Keras 2: a Keras 3 would fail later and obscurely.
"""

from piaa_tf import compatibility as _compatibility
from piaa_tf.version import __version__

_compatibility.use_keras_2_here()

del _compatibility

__all__ = ["__version__"]
