"""Versions of a SavedModel for TensorFlow Serving: one graph, any number of users."""
