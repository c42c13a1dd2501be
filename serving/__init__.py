"""Requests in: a client of TensorFlow Serving, and a server of its protocol."""

import piaa_tf  # noqa: F401 - before TensorFlow, whose Keras it chooses
