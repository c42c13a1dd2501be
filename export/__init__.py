"""A prior and its tastes become files: versions of a SavedModel, phone files."""

import piaa_tf  # noqa: F401 - before TensorFlow, whose Keras it chooses
